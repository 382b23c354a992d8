"""A publication for tests of the request path's ends: archive layers, a plain one, groups."""

from function.colour_ramp import ColourRamp
from function.layer import ArchiveLayer, LayerKind, Publication

COLLECTION = "sentinel-2-l2a"

TRUE_COLOUR = ArchiveLayer("TRUE_COLOUR", COLLECTION, LayerKind.COLOUR, ("B04", "B03", "B02"))
VEGETATION = ArchiveLayer(
    "VEGETATION", COLLECTION, LayerKind.INDEX, ("B08", "B04"), masked_by_default=True
)
FORMULA = ArchiveLayer(
    "FORMULA",
    COLLECTION,
    LayerKind.INDEX,
    ("B04", "B08"),
    expression="B08-B04",
    expression_bands=("B02", "B04", "B08", "B11"),
    ramp=ColourRamp("viridis", -1.0, 1.0),
)
LAND = ArchiveLayer("LAND", COLLECTION, LayerKind.CLASSES, ("SCL",))
MASKED = ArchiveLayer(
    "MASKED",
    COLLECTION,
    LayerKind.COLOUR,
    ("B04", "B03", "B02"),
    masked_classes=frozenset({0, 3, 8, 9, 10}),
)
RADAR = ArchiveLayer("RADAR", "sentinel-1-grd", LayerKind.INDEX, ("VV",))

PUBLICATION = Publication(
    layers=("TRUE_COLOUR", "VEGETATION", "RADAR", "outlines", "FORMULA", "LAND", "MASKED"),
    archive_layers={
        layer.name: layer for layer in (TRUE_COLOUR, VEGETATION, RADAR, FORMULA, LAND, MASKED)
    },
    groups={
        "optical": ("TRUE_COLOUR", "VEGETATION"),
        "everything": ("TRUE_COLOUR", "VEGETATION", "RADAR", "outlines"),
    },
    styles={
        "TRUE_COLOUR": frozenset(),
        "VEGETATION": frozenset({"green", "grey"}),
        "RADAR": frozenset({"grey"}),
        "FORMULA": frozenset({"ramp"}),
        "LAND": frozenset(),
        "MASKED": frozenset(),
        "outlines": frozenset({"default"}),
    },
    crs_codes=frozenset({"EPSG:4326", "CRS:84", "EPSG:3857", "EPSG:32629", "EPSG:3035"}),
    map_formats=frozenset({"image/png", "image/jpeg", "image/png; mode=8bit"}),
    max_size=4096,
)
