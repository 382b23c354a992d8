"""The mapfile: what it publishes, and what is wrong with one."""

from pathlib import Path

import pytest
from map_requests import DEAD_DATABASE, NDVI, SCL, TRUE_COLOUR, package_server
from mapfiles import CLASSES, COLOUR, INDEX, archive_layer, plain_layer, write_mapfile

from function.colour_ramp import ColourRamp
from function.layer import ArchiveLayer, Composite, LayerKind, Publication, Resampling
from function.mapserver.catalogue_connection import bounded_connection
from function.mapserver.layer_metadata import MapfileError
from function.mapserver.server import MapServer

RAMP = {"sentinel_ows_colormap": "jet", "sentinel_ows_colorrange": "0,1"}
SQUARE = "0 0 0 1 1 1 1 0 0 0"


def publish(path: Path) -> Publication:
    return MapServer(path, DEAD_DATABASE).publication


def read_layer(directory: Path, metadata: dict[str, str]) -> ArchiveLayer:
    publication = publish(write_mapfile(directory, archive_layer(metadata)))
    return publication.archive_layers["ARCHIVE"]


def test_the_package_publishes_its_layers() -> None:
    publication = package_server().publication
    assert publication.layers == (
        "S2_L2A_TRUE_COLOR",
        "S2_L2A_FALSE_COLOR",
        "S2_L2A_SWIR",
        "S2_L2A_NDVI",
        "S2_L2A_NDWI",
        "S2_L2A_NDMI",
        "S2_L2A_NBR",
        "S2_L2A_INDEX",
        "S2_L2A_SCL",
        "S2_L1C_TRUE_COLOR",
        "S2_L1C_FALSE_COLOR",
        "S2_L1C_NDVI",
        "GRID_CELLS",
    )
    drawn = set(publication.layers) - {"GRID_CELLS"}
    assert set(publication.archive_layers) == drawn | {"S2_L2A", "S2_L1C"}
    assert set(publication.coverages) == {
        "S2_L2A_NDVI",
        "S2_L2A_NDWI",
        "S2_L2A_NDMI",
        "S2_L2A_NBR",
        "S2_L2A_INDEX",
        "S2_L2A_SCL",
        "S2_L1C_NDVI",
        "S2_L2A",
        "S2_L1C",
    }
    assert publication.map_formats == {
        "image/png",
        "image/png; mode=8bit",
        "image/jpeg",
        "image/webp",
        "image/tiff",
        "image/geotiff",
    }
    assert publication.groups == {}
    assert publication.styles[NDVI] == {"ndvi", "grey"}
    assert len(publication.crs_codes) == 123
    assert publication.archive_layers[TRUE_COLOUR] == ArchiveLayer(
        name=TRUE_COLOUR,
        collection="sentinel-2-l2a",
        kind=LayerKind.COLOUR,
        bands=("B04", "B03", "B02"),
        visual="TCI",
        stretch=(0.0, 0.25),
        masked_classes=frozenset({0, 1, 3, 8, 9, 10}),
    )
    assert publication.archive_layers[NDVI].substitutes == (("B08", "B8A"),)
    assert publication.archive_layers[SCL].resampling is Resampling.NEAREST


def test_every_key_is_read(tmp_path: Path) -> None:
    metadata = INDEX | {
        "sentinel_ows_substitutes": "B08=B8A, B04=B05",
        "sentinel_ows_resampling": "cubic",
        "sentinel_ows_masked_classes": "3, 8,9",
        "sentinel_ows_cloudmask": "on",
        "sentinel_ows_expression_bands": "B02, B04,B08",
        "sentinel_ows_colormap": "RdYlGn_r",
        "sentinel_ows_colorrange": "-0.5, 1",
        "sentinel_ows_composite": "median",
        "sentinel_ows_masked_probability": "60",
        "sentinel_ows_masked_clouds": "opaque, cirrus",
    }
    assert read_layer(tmp_path, metadata) == ArchiveLayer(
        name="ARCHIVE",
        collection="sentinel-2-l2a",
        kind=LayerKind.INDEX,
        bands=("B08", "B04"),
        substitutes=(("B08", "B8A"), ("B04", "B05")),
        expression="(B08-B04)/(B08+B04)",
        resampling=Resampling.CUBIC,
        masked_classes=frozenset({3, 8, 9}),
        masked_by_default=True,
        expression_bands=("B02", "B04", "B08"),
        ramp=ColourRamp("RdYlGn_r", -0.5, 1.0),
        composite=Composite.MEDIAN,
        masked_probability=60.0,
        masked_clouds=frozenset({"opaque", "cirrus"}),
    )


@pytest.mark.parametrize(
    ("metadata", "key", "reason"),
    [
        (INDEX | {"sentinel_ows_band": "B04"}, "band", "is no key"),
        (INDEX | {"SENTINEL_OWS_Colour": "x"}, "colour", "is no key"),
        ({"sentinel_ows_kind": "classes", "sentinel_ows_bands": "SCL"}, "collection", "missing"),
        (INDEX | {"sentinel_ows_collection": ""}, "collection", "missing"),
        (INDEX | {"sentinel_ows_kind": "ratio"}, "kind", "'ratio' is none of colour, index"),
        (INDEX | {"sentinel_ows_bands": "B08,"}, "bands", "'' is no name"),
        (INDEX | {"sentinel_ows_bands": "B08,B08"}, "bands", "twice"),
        (INDEX | {"sentinel_ows_expression": ""}, "expression", "missing"),
        (INDEX | {"sentinel_ows_expression": "B08 +"}, "expression", "ends where more"),
        (INDEX | {"sentinel_ows_expression": "B08/B03"}, "expression", "B03"),
        (INDEX | {"sentinel_ows_expression": "B08.real"}, "expression", "the expression"),
        (INDEX | {"sentinel_ows_visual": "TCI"}, "visual", "no meaning for a layer of kind index"),
        (INDEX | {"sentinel_ows_stretch": "0,1"}, "stretch", "no meaning"),
        (INDEX | {"sentinel_ows_substitutes": "B8A"}, "substitutes", "no pair"),
        (INDEX | {"sentinel_ows_substitutes": "B02=B03"}, "substitutes", "not among"),
        (INDEX | {"sentinel_ows_resampling": "lanczos"}, "resampling", "nearest, bilinear"),
        (INDEX | {"sentinel_ows_masked_classes": "3,256"}, "masked_classes", "'256' is no class"),
        (INDEX | {"sentinel_ows_masked_classes": "-1"}, "masked_classes", "'-1' is no class"),
        (INDEX | {"sentinel_ows_masked_probability": "0"}, "masked_probability", "1 to 100"),
        (INDEX | {"sentinel_ows_masked_probability": "0.4"}, "masked_probability", "1 to 100"),
        (INDEX | {"sentinel_ows_masked_clouds": "fog"}, "masked_clouds", "'fog' is none of opaque"),
        (INDEX | {"sentinel_ows_cloudmask": "yes"}, "cloudmask", "'yes' is none of on, off"),
        (INDEX | {"sentinel_ows_expression_bands": "B4,B 8"}, "expression_bands", "no name of"),
        (INDEX | {"sentinel_ows_colorrange": "0,1"}, "colormap", "is missing"),
        (INDEX | {"sentinel_ows_colormap": "jet"}, "colorrange", "no pair of numbers"),
        (INDEX | RAMP | {"sentinel_ows_colormap": "teal"}, "colormap", "'teal' is no colour map"),
        (INDEX | RAMP | {"sentinel_ows_colorrange": "1,0"}, "colorrange", "must rise"),
        (INDEX | {"sentinel_ows_composite": "mode"}, "composite", "first, median, max, mean"),
        (CLASSES | {"sentinel_ows_composite": "mean"}, "composite", "'mean' is none of first"),
        (COLOUR | RAMP, "colormap", "no meaning"),
        (COLOUR | {"sentinel_ows_bands": "B04"}, "bands", "a colour layer needs"),
        (COLOUR | {"sentinel_ows_expression": "B04"}, "expression", "no meaning"),
        (COLOUR | {"sentinel_ows_stretch": "0"}, "stretch", "no pair"),
        (COLOUR | {"sentinel_ows_stretch": "0,high"}, "stretch", "no pair"),
        (COLOUR | {"sentinel_ows_stretch": "0.3,0.1"}, "stretch", "must rise"),
        (COLOUR | {"sentinel_ows_stretch": "0,nan"}, "stretch", "must rise"),
        (COLOUR | {"sentinel_ows_visual": "T C I"}, "visual", "no name of a band"),
        (CLASSES | {"sentinel_ows_bands": "SCL,CLD"}, "bands", "a layer of classes needs one"),
        (CLASSES | {"sentinel_ows_resampling": "cubic"}, "resampling", "none of nearest"),
    ],
)
def test_wrong_metadata_is_told_with_file_layer_and_key(
    tmp_path: Path, metadata: dict[str, str], key: str, reason: str
) -> None:
    path = write_mapfile(tmp_path, archive_layer(metadata))
    with pytest.raises(MapfileError, match=reason) as caught:
        publish(path)
    assert str(caught.value).startswith(f"{path}: layer ARCHIVE: sentinel_ows_{key}: ")


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    wrong = {
        "sentinel_ows_colour": "red",
        "sentinel_ows_stretch": "0,1",
        "sentinel_ows_expression": "(B08",
        "sentinel_ows_resampling": "lanczos",
        "sentinel_ows_masked_clouds": "fog",
    }
    path = write_mapfile(
        tmp_path,
        archive_layer(INDEX | wrong, "first"),
        archive_layer(INDEX, "good"),
        archive_layer({"sentinel_ows_kind": "ratio", "sentinel_ows_bands": "B04"}, "second"),
        archive_layer(INDEX | {"sentinel_ows_bands": "B4 B8"}, "GOOD"),
    )
    with pytest.raises(MapfileError) as caught:
        publish(path)
    places = [problem.split(": ")[1:3] for problem in str(caught.value).splitlines()]
    assert places == [
        ["layer GOOD", "the NAME is taken"],
        ["layer first", "sentinel_ows_colour"],
        ["layer first", "sentinel_ows_stretch"],
        ["layer first", "sentinel_ows_expression"],
        ["layer first", "sentinel_ows_resampling"],
        ["layer first", "sentinel_ows_masked_clouds"],
        ["layer second", "sentinel_ows_kind"],
        ["layer GOOD", "sentinel_ows_bands"],
    ]
    assert all(problem.startswith(f"{path}: ") for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (archive_layer(INDEX, kind="POLYGON"), "not of TYPE RASTER"),
        (archive_layer(INDEX, more='STATUS OFF DATA "scene.tif"'), "with DATA"),
        (archive_layer(INDEX, more="STATUS DEFAULT"), "STATUS DEFAULT"),
        (archive_layer(INDEX, name=""), "without a NAME"),
        (archive_layer(INDEX, more='STATUS OFF PROCESSING "SCALE=1"'), "SCALE is no pair"),
        (archive_layer(INDEX, more='STATUS OFF PROCESSING "SCALE=1,0"'), "SCALE is no pair"),
        (archive_layer(INDEX | RAMP, more="STATUS OFF CLASS END"), "in a layer with a CLASS"),
        (
            archive_layer(
                INDEX, more='STATUS OFF CLASS EXPRESSION ([pixel]<0) END CLASS NAME "rest" END'
            ),
            "CLASS 'rest' needs an EXPRESSION",
        ),
    ],
)
def test_a_layer_that_cannot_be_fed_is_refused(tmp_path: Path, layer: str, reason: str) -> None:
    with pytest.raises(MapfileError, match=reason):
        publish(write_mapfile(tmp_path, layer))


def test_names_differ_by_more_than_case(tmp_path: Path) -> None:
    path = write_mapfile(tmp_path, archive_layer(INDEX, "ndvi"), archive_layer(INDEX, "NDVI"))
    with pytest.raises(MapfileError, match="layer NDVI: the NAME is taken"):
        publish(path)


def test_a_file_that_mapserver_cannot_read_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.map"
    broken.write_text("MAP LAYER TYPE SPIRAL END END")
    for path in (broken, tmp_path / "absent.map"):
        with pytest.raises(MapfileError, match=path.name):
            publish(path)


def test_groups_stand_for_their_layers(tmp_path: Path) -> None:
    path = write_mapfile(
        tmp_path,
        plain_layer("roads", SQUARE, 'GROUP "base"'),
        plain_layer("base", SQUARE),
        archive_layer(INDEX | {"wms_layer_group": "/land/green"}, "ndvi"),
    )
    assert publish(path).groups == {
        "base": ("roads", "base"),
        "land": ("ndvi",),
        "green": ("ndvi",),
        "test": ("roads", "base", "ndvi"),
    }


def test_a_layer_that_is_switched_off_is_not_published(tmp_path: Path) -> None:
    path = write_mapfile(
        tmp_path,
        archive_layer(INDEX | {"ows_enable_request": "!*"}, "hidden"),
        archive_layer(INDEX | {"wms_enable_request": "* !GetMap"}, "coverage"),
        archive_layer(INDEX | {"ows_enable_request": "!* GetMap"}, "drawn"),
    )
    publication = publish(path)
    assert publication.layers == ("drawn",)
    assert publication.coverages == ("coverage",)
    assert set(publication.archive_layers) == {"coverage", "drawn"}


def test_formats_are_the_declared_ones_that_draw_pixels_where_none_are_listed(
    tmp_path: Path,
) -> None:
    head = """
      OUTPUTFORMAT NAME "photo" DRIVER "AGG/JPEG" MIMETYPE "image/jpeg" END
      OUTPUTFORMAT NAME "vector" DRIVER "KML" MIMETYPE "application/vnd.google-earth.kml+xml" END
    """
    formats = publish(write_mapfile(tmp_path, archive_layer(INDEX), head=head)).map_formats
    assert formats == {"image/png", "image/jpeg"}


def test_a_mapfile_needs_reference_systems_and_layers(tmp_path: Path) -> None:
    with pytest.raises(MapfileError, match="no LAYER"):
        publish(write_mapfile(tmp_path))
    path = write_mapfile(tmp_path, archive_layer(INDEX))
    path.write_text(path.read_text().replace("ows_srs", "ows_abstract"))
    with pytest.raises(MapfileError, match="wms_srs is missing"):
        publish(path)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://host/db",
            "postgresql://host/db?connect_timeout=3&options=-c%20statement_timeout%3D8000",
        ),
        (
            "postgresql:///db?host=/run/pg&connect_timeout=9",
            "postgresql:///db?host=/run/pg&connect_timeout=9&options=-c%20statement_timeout%3D8000",
        ),
        (
            "postgresql:///db?connect_timeout=9&options=-c%20jit%3Doff",
            "postgresql:///db?connect_timeout=9&options=-c%20jit%3Doff",
        ),
    ],
)
def test_plain_layers_wait_for_the_database_within_limits(url: str, expected: str) -> None:
    assert bounded_connection(url) == expected
