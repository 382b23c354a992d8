"""The images of a scene that a layer is made of."""

from function.errors import ImageLackingError
from function.layer import ArchiveLayer, LayerKind
from function.scene import Asset, Scene
from function.scenes.choice import TOLERANCE, Choice, choose, choose_unreduced, is_same


def choose_images(
    layer: ArchiveLayer, scene: Scene, resolution: float
) -> tuple[Choice | None, ...]:
    """Choose the images of ``scene`` that ``layer`` needs on a grid of ``resolution``.

    One for each of the layer's bands, in order, or its visual image alone, which goes before the
    bands unless it would blur where they do not. Raises ImageLackingError where the scene lacks a
    band and its substitute; of values, each of which stands by itself, only where it lacks all, and
    a band that it lacks is None.
    """
    visual = choose(_named(scene, layer.visual), resolution) if layer.visual else None
    if visual is not None and visual.spacing <= resolution * TOLERANCE:
        return (visual,)
    bands = [_choose_band(layer, scene, band, resolution) for band in layer.bands]
    present = tuple(band for band in bands if band is not None)
    if layer.kind is LayerKind.VALUES and present:
        return tuple(bands)
    if len(present) == len(bands):
        blurs = visual is None or visual.spacing > max(band.spacing for band in present)
        if blurs:
            return present
    if visual is not None:
        return (visual,)
    raise ImageLackingError(f"the scene has no {', '.join(lacking_bands(layer, scene))}")


def lacking_bands(layer: ArchiveLayer, scene: Scene) -> tuple[str, ...]:
    """Name the bands of ``layer`` that ``scene`` lacks, with their substitutes."""
    return tuple(band for band in layer.bands if not _images_of(layer, scene, band))


def _choose_band(layer: ArchiveLayer, scene: Scene, band: str, resolution: float) -> Choice | None:
    assets = _images_of(layer, scene, band)
    if layer.kind is LayerKind.CLASSES:
        return choose_unreduced(assets, resolution)
    if layer.kind is LayerKind.VALUES:
        # What the product holds goes before what a reduction would make of something finer.
        measured = [asset for asset in assets if is_same(asset.resolution, resolution)]
        if measured:
            return Choice(measured[0], 0)
    return choose(assets, resolution)


def _images_of(layer: ArchiveLayer, scene: Scene, band: str) -> list[Asset]:
    return _named(scene, band) or _named(scene, dict(layer.substitutes).get(band))


def _named(scene: Scene, band: str | None) -> list[Asset]:
    return [asset for asset in scene.assets if asset.band == band]
