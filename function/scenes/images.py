"""The images of a scene that a layer is made of."""

from function.errors import SceneUnreadableError
from function.layer import ArchiveLayer, LayerKind
from function.scene import Asset, Scene
from function.scenes.choice import TOLERANCE, Choice, choose, choose_unreduced, is_same


def choose_images(layer: ArchiveLayer, scene: Scene, resolution: float) -> tuple[Choice, ...]:
    """Choose the images of ``scene`` that ``layer`` needs on a grid of ``resolution``.

    One for each of the layer's bands, in order, or its visual image alone, which goes before the
    bands unless it would blur where they do not. Raises SceneUnreadableError where the scene
    lacks a band and its substitute.
    """
    visual = choose(_named(scene, layer.visual), resolution) if layer.visual else None
    if visual is not None and visual.spacing <= resolution * TOLERANCE:
        return (visual,)
    bands = [_choose_band(layer, scene, band, resolution) for band in layer.bands]
    present = tuple(band for band in bands if band is not None)
    if len(present) == len(bands):
        blurs = visual is None or visual.spacing > max(band.spacing for band in present)
        if blurs:
            return present
    if visual is not None:
        return (visual,)
    lacking = next(band for band, choice in zip(layer.bands, bands, strict=True) if choice is None)
    raise SceneUnreadableError(f"the scene has no {lacking}")


def _choose_band(layer: ArchiveLayer, scene: Scene, band: str, resolution: float) -> Choice | None:
    assets = _named(scene, band) or _named(scene, dict(layer.substitutes).get(band))
    if layer.kind is LayerKind.CLASSES:
        return choose_unreduced(assets, resolution)
    if layer.kind is LayerKind.VALUES:
        # What the product holds goes before what a reduction would make of something finer.
        measured = [asset for asset in assets if is_same(asset.resolution, resolution)]
        if measured:
            return Choice(measured[0], 0)
    return choose(assets, resolution)


def _named(scene: Scene, band: str | None) -> list[Asset]:
    return [asset for asset in scene.assets if asset.band == band]
