"""An ArchiveLayer read from a layer's ``sentinel_ows_*`` metadata."""

import math
from collections.abc import Set

from function.colour_ramp import ColourRamp, check_colour_map
from function.errors import InvalidParameterError
from function.layer import CLOUD_KINDS, ArchiveLayer, Composite, LayerKind, Resampling
from function.mapserver.layer_metadata import LayerMetadata
from function.scenes.expression import Expression

COMMON_KEYS = frozenset(
    {
        "collection",
        "kind",
        "bands",
        "substitutes",
        "resampling",
        "resolution",
        "masked_classes",
        "cloudmask",
        "masked_probability",
        "masked_clouds",
        "composite",
    }
)
KIND_KEYS = {
    LayerKind.COLOUR: frozenset({"visual", "stretch"}),
    LayerKind.INDEX: frozenset({"expression", "expression_bands", "colormap", "colorrange"}),
    LayerKind.CLASSES: frozenset[str](),
    LayerKind.VALUES: frozenset[str](),
}

# Red, green and blue; a class code.
COLOUR_BANDS = 3
CLASS_BANDS = 1

# Metres a pixel of the finest bands of Sentinel-2.
FINEST = 10.0

# The scene classification is an 8-bit image.
LARGEST_CLASS = 255
NO_BANDS: tuple[str, ...] = ()
# Percent.
MOST_PROBABLE = 100


def read_archive_layer(keys: LayerMetadata) -> ArchiveLayer:
    """Read a layer's recipe.

    Raises MapfileError with every key that is unknown, missing or of another kind of layer, and
    every value that does not parse.
    """
    every_key = COMMON_KEYS.union(*KIND_KEYS.values())
    keys.check_known(every_key)
    kind = keys.attempt(lambda: LayerKind(keys.choose("kind", tuple(LayerKind))), None)
    if kind is None:
        raise keys.settled()
    fitting = COMMON_KEYS | KIND_KEYS[kind]
    keys.check_fitting(every_key - fitting, kind)
    layer = _read_recipe(keys, kind)
    faults = keys.settled()
    if faults.problems:
        raise faults
    return layer


def _read_recipe(keys: LayerMetadata, kind: LayerKind) -> ArchiveLayer:
    """Read all keys, and keep every fault for later."""
    attempt = keys.attempt
    bands = attempt(lambda: _read_bands(keys, kind), NO_BANDS)
    expression_bands = attempt(lambda: _read_expression_bands(keys), NO_BANDS)
    named = {*bands, *expression_bands}
    index = kind is LayerKind.INDEX
    cloud_mask = attempt(lambda: keys.choose("cloudmask", ("on", "off"), default="off"), "off")
    return ArchiveLayer(
        name=keys.layer,
        collection=attempt(lambda: keys.require("collection"), ""),
        kind=kind,
        bands=bands,
        # Where the bands are wrong, whatever names them would be, too.
        substitutes=attempt(lambda: _read_substitutes(keys, named), ()) if bands else (),
        expression=attempt(lambda: _read_expression(keys, bands), "") if index and bands else None,
        expression_bands=expression_bands,
        ramp=attempt(lambda: _read_ramp(keys), None),
        visual=attempt(lambda: _read_visual(keys), None),
        stretch=attempt(lambda: _read_stretch(keys), (0.0, 1.0)),
        resampling=attempt(lambda: _read_resampling(keys, kind), Resampling.NEAREST),
        masked_classes=attempt(lambda: _read_masked_classes(keys), frozenset()),
        masked_by_default=cloud_mask == "on",
        resolution=attempt(lambda: _read_resolution(keys), FINEST),
        masked_probability=attempt(lambda: _read_masked_probability(keys), None),
        masked_clouds=attempt(lambda: _read_masked_clouds(keys), frozenset()),
        composite=attempt(lambda: _read_composite(keys, kind), Composite.FIRST),
    )


def _read_bands(keys: LayerMetadata, kind: LayerKind) -> tuple[str, ...]:
    keys.require("bands")
    bands = tuple(keys.read_band("bands", name) for name in keys.read_list("bands"))
    if kind is LayerKind.COLOUR and len(bands) != COLOUR_BANDS:
        raise keys.fault("bands", f"has {len(bands)} names; a colour layer needs red,green,blue")
    if kind is LayerKind.CLASSES and len(bands) != CLASS_BANDS:
        raise keys.fault("bands", f"has {len(bands)} names; a layer of classes needs one")
    if kind in {LayerKind.INDEX, LayerKind.VALUES} and len(set(bands)) != len(bands):
        raise keys.fault("bands", "names a band twice")
    return bands


def _read_expression_bands(keys: LayerMetadata) -> tuple[str, ...]:
    names = keys.read_list("expression_bands")
    return tuple(dict.fromkeys(keys.read_band("expression_bands", name) for name in names))


def _read_substitutes(keys: LayerMetadata, bands: Set[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in keys.read_list("substitutes"):
        band, equals, substitute = text.partition("=")
        if not equals:
            raise keys.fault("substitutes", f"{text!r} is no pair; use B08=B8A")
        if band not in bands:
            raise keys.fault("substitutes", f"{band!r} is not among the layer's bands")
        pairs.append((band, keys.read_band("substitutes", substitute)))
    return tuple(pairs)


def _read_expression(keys: LayerMetadata, bands: tuple[str, ...]) -> str:
    text = keys.require("expression")
    try:
        Expression(text, bands)
    except InvalidParameterError as error:
        raise keys.fault("expression", str(error)) from error
    return text


def _read_ramp(keys: LayerMetadata) -> ColourRamp | None:
    if keys.find("colormap") is None and keys.find("colorrange") is None:
        return None
    try:
        colour_map = check_colour_map(keys.require("colormap"))
    except InvalidParameterError as error:
        raise keys.fault("colormap", str(error)) from error
    lowest, highest = keys.read_rising_pair("colorrange", "-1,1")
    return ColourRamp(colour_map, lowest, highest)


def _read_composite(keys: LayerMetadata, kind: LayerKind) -> Composite:
    # Between two classes lies no class.
    offered = (Composite.FIRST,) if kind is LayerKind.CLASSES else tuple(Composite)
    return Composite(keys.choose("composite", offered, default=Composite.FIRST))


def _read_visual(keys: LayerMetadata) -> str | None:
    visual = keys.find("visual")
    return None if visual is None else keys.read_band("visual", visual)


def _read_stretch(keys: LayerMetadata) -> tuple[float, float]:
    if keys.find("stretch") is None:
        return 0.0, 1.0
    return keys.read_rising_pair("stretch", "0,0.25")


def _read_resampling(keys: LayerMetadata, kind: LayerKind) -> Resampling:
    if kind is LayerKind.CLASSES:
        # Between two classes lies no class.
        keys.choose("resampling", (Resampling.NEAREST,), default=Resampling.NEAREST)
        return Resampling.NEAREST
    default = Resampling.NEAREST if kind is LayerKind.VALUES else Resampling.BILINEAR
    return Resampling(keys.choose("resampling", tuple(Resampling), default=default))


def _read_resolution(keys: LayerMetadata) -> float:
    text = keys.find("resolution")
    if text is None:
        return FINEST
    try:
        metres = float(text)
    except ValueError as error:
        raise keys.fault("resolution", f"{text!r} is no number of metres") from error
    if not (math.isfinite(metres) and metres > 0):
        raise keys.fault("resolution", "must be above 0")
    return metres


def _read_masked_classes(keys: LayerMetadata) -> frozenset[int]:
    classes = set()
    for text in keys.read_list("masked_classes"):
        if not (text.isascii() and text.isdigit() and int(text) <= LARGEST_CLASS):
            raise keys.fault("masked_classes", f"{text!r} is no class, 0 to {LARGEST_CLASS}")
        classes.add(int(text))
    return frozenset(classes)


def _read_masked_probability(keys: LayerMetadata) -> float | None:
    text = keys.find("masked_probability")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_PROBABLE):
        raise keys.fault("masked_probability", f"{text!r} is no percentage, 1 to {MOST_PROBABLE}")
    return float(text)


def _read_masked_clouds(keys: LayerMetadata) -> frozenset[str]:
    kinds = keys.read_list("masked_clouds")
    for kind in kinds:
        if kind not in CLOUD_KINDS:
            raise keys.fault("masked_clouds", f"{kind!r} is none of {', '.join(CLOUD_KINDS)}")
    return frozenset(kinds)
