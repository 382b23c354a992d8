"""Coverages over HTTP, value by value against images that GDAL decoded whole."""

from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import rasterio
from coverage_requests import CRS, VERSIONS, expected, get_coverage, parts_of, read_coverage
from demo_images import DemoProduct, Window
from demo_maps import AUTUMN, EAST, SPRING, WEST
from serving import Reply, Served
from xml_documents import find, validate_by_schema

LIMIT = 268_435_456

Products = dict[tuple[str, str], DemoProduct]


def ask(service: Served, request: dict[str, str]) -> Reply:
    """Ask for a coverage; a value may go on with further keys."""
    query = "&".join(f"{key}={quote(value, safe='=&')}" for key, value in request.items())
    return service.ask(f"/ows?{query}")


def inside(product: DemoProduct) -> Window:
    """A part that the neighbouring cell does not cover, on lines of 60 m of the product."""
    return product.window(24 if product.cell == WEST else 1152, 900, 300, 240)


def time_of(version: str, day: str) -> dict[str, str]:
    return {"TIMESEQUENCE" if version == "1.1.1" else "TIME": day}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("day", [AUTUMN, SPRING])
def test_bands_on_the_products_own_grid_are_its_samples_and_the_offset(
    demo_service: Served, products: Products, version: str, day: str
) -> None:
    product = products[day, WEST]
    window = inside(product)
    request = get_coverage(window, "B08,B02", version) | time_of(version, day)
    coverage = read_coverage(ask(demo_service, request))
    assert coverage.pixels.dtype == np.int16
    assert coverage.crs == CRS
    assert coverage.bounds == window.bounds
    assert coverage.nodata == -32768
    assert coverage.scales == (0.0001, 0.0001)
    assert coverage.bands == ("B08", "B02")
    assert coverage.tags["SCENES"] == product.name
    assert coverage.tags["ACQUIRED"].startswith(day)
    for pixels, band in zip(coverage.pixels, ("B08", "B02"), strict=True):
        samples = window.cut(product.image(band))[0]
        np.testing.assert_array_equal(pixels, expected(samples, product.offset))
    assert (product.offset < 0) == (day == SPRING)


@pytest.mark.parametrize(
    ("band", "resolution"), [("B05", 20), ("B02", 20), ("B8A", 60), ("B01", 60), ("B04", 60)]
)
def test_every_resolution_of_a_product_comes_out_as_it_is(
    demo_service: Served, products: Products, band: str, resolution: int
) -> None:
    product = products[SPRING, WEST]
    window = inside(product)
    request = get_coverage(window, band, "2.0.1", resolution=resolution) | {"TIME": SPRING}
    coverage = read_coverage(ask(demo_service, request))
    samples = window.cut(product.image(band, resolution), resolution // 10)[0]
    np.testing.assert_array_equal(coverage.pixels[0], expected(samples, product.offset))


def test_coarse_bands_stand_beside_fine_ones(demo_service: Served, products: Products) -> None:
    product = products[SPRING, WEST]
    window = inside(product)
    request = get_coverage(window, "B02,B05,B09", "2.0.1") | {"TIME": SPRING}
    pixels = read_coverage(ask(demo_service, request)).pixels
    for band, values, step in zip(("B02", "B05", "B09"), pixels, (1, 2, 6), strict=True):
        samples = window.cut(product.image(band, 10 * step), step)[0]
        fine = samples.repeat(step, axis=0).repeat(step, axis=1)
        np.testing.assert_array_equal(values, expected(fine, product.offset))


def test_all_bands_come_in_the_order_of_the_description(
    demo_service: Served, products: Products
) -> None:
    request = get_coverage(inside(products[SPRING, WEST]), "", "2.0.1", resolution=60)
    del request["RANGESUBSET"]
    coverage = read_coverage(ask(demo_service, request))
    names = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"]
    assert coverage.bands == tuple(names)


def test_pixels_without_a_scene_are_no_data(demo_service: Served, products: Products) -> None:
    window = products[SPRING, WEST].window(-600, 900, 120, 60)
    coverage = read_coverage(ask(demo_service, get_coverage(window, "B02", "2.0.1")))
    assert (coverage.pixels == -32768).all()
    assert "SCENES" not in coverage.tags


@pytest.mark.parametrize("version", VERSIONS)
def test_an_index_is_a_coverage_of_its_own(
    demo_service: Served, products: Products, version: str
) -> None:
    product = products[SPRING, WEST]
    window = inside(product)
    request = get_coverage(window, "1", version, "S2_L2A_NDVI") | time_of(version, SPRING)
    coverage = read_coverage(ask(demo_service, request))
    red, infrared = (
        (window.cut(product.image(band))[0] + product.offset) / 10_000 for band in ("B04", "B08")
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        index = (infrared - red) / (infrared + red)
    assert coverage.pixels.dtype == np.float32
    valid = np.isfinite(coverage.pixels[0])
    assert valid.mean() > 0.9
    np.testing.assert_allclose(coverage.pixels[0][valid], index[valid], atol=2e-4)


def test_classes_are_a_coverage_of_their_own(demo_service: Served, products: Products) -> None:
    product = products[SPRING, WEST]
    window = inside(product)
    request = get_coverage(window, "1", "2.0.1", "S2_L2A_SCL", 20) | {"TIME": SPRING}
    coverage = read_coverage(ask(demo_service, request))
    assert coverage.pixels.dtype == np.uint8
    samples = window.cut(product.image("SCL", 20), 2)[0]
    np.testing.assert_array_equal(coverage.pixels[0], samples)


@pytest.mark.parametrize(
    ("media_type", "driver"),
    [
        ("image/tiff; application=geotiff; profile=cloud-optimized", "COG"),
        ("application/netcdf", "netCDF"),
        ("image/jp2", "JP2OpenJPEG"),
        ("image/png", "PNG"),
    ],
)
def test_every_format_holds_the_same_values(
    demo_service: Served, products: Products, media_type: str, driver: str, tmp_path: Path
) -> None:
    window = inside(products[SPRING, WEST])
    request = get_coverage(window, "B04", "2.0.1") | {"TIME": SPRING}
    plain = read_coverage(ask(demo_service, request)).pixels
    if driver == "PNG":
        plain = np.where(plain == -32768, 0, np.maximum(plain, 1))
    reply = ask(demo_service, request | {"FORMAT": media_type})
    assert reply.content_type == media_type
    if driver == "netCDF":
        # GDAL reads it from a file only.
        path = tmp_path / "coverage.nc"
        path.write_bytes(reply.body)
        with rasterio.open(path) as image:
            np.testing.assert_array_equal(image.read(), plain)
            assert image.tags(1)["NETCDF_VARNAME"] == "B04"
        return
    np.testing.assert_array_equal(read_coverage(reply).pixels, plain)


def test_a_file_has_a_name_and_a_length(demo_service: Served, products: Products) -> None:
    request = get_coverage(inside(products[SPRING, WEST]), "B04", "2.0.1")
    reply = ask(demo_service, request)
    assert reply.headers["content-disposition"] == 'attachment; filename="S2_L2A.tif"'
    assert int(reply.headers["content-length"]) == len(reply.body)
    assert reply.headers["x-sentinel-ows-scenes"]


def test_wcs_1_1_answers_a_document_and_the_file(
    demo_service: Served, products: Products, shared: Path
) -> None:
    request = get_coverage(inside(products[SPRING, WEST]), "B04", "1.1.1")
    reply = ask(demo_service, request)
    (document_type, document), (file_type, _) = parts_of(reply)
    assert (document_type, file_type) == ("text/xml", "image/tiff")
    validate_by_schema(document, shared / "schemas", "ogc/wcs/1.1/wcsAll.xsd")
    assert find(document, "//Identifier/text()") == ["S2_L2A"]


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ("600000,5970000,605000,5975000", "names no CRS at its end"),
        ("600000,5970000,605000,5975000,urn:ogc:def:crs:OGC:1.3:CRS84", "outside of the CRS"),
    ],
)
def test_wcs_1_1_refuses_metres_that_are_taken_for_degrees(
    demo_service: Served, products: Products, box: str, message: str
) -> None:
    request = get_coverage(inside(products[SPRING, WEST]), "B04", "1.1.1")
    reply = ask(demo_service, request | {"BOUNDINGBOX": box})
    assert reply.status == 400
    assert find(reply.body, "//Exception/@exceptionCode") == ["InvalidParameterValue"]
    assert message in reply.body.decode()


def test_a_mosaic_over_two_cells_is_put_together(demo_service: Served, products: Products) -> None:
    west, east = products[SPRING, WEST], products[SPRING, EAST]
    start = round((east.origin()[0] - west.origin()[0]) / 10) - 100
    window = west.window(start, 900, 1200, 60)
    coverage = read_coverage(
        ask(demo_service, get_coverage(window, "B04", "2.0.1") | {"TIME": SPRING})
    )
    assert set(coverage.tags["SCENES"].split(",")) == {west.name, east.name}
    assert (coverage.pixels != -32768).mean() > 0.9


@pytest.mark.parametrize(
    ("changes", "shape"),
    [
        ({"SCALESIZE": "E(50),N(40)"}, (40, 50)),
        ({"SCALEAXES": "E(0.5),N(0.25)"}, (60, 150)),
        ({"SCALEEXTENT": "E(0:99),N(0:79)"}, (80, 100)),
        ({"RESOLUTION": "E(20)&RESOLUTION=N(30)"}, (80, 150)),
        ({"OUTPUTCRS": "EPSG:3857", "SCALESIZE": "X(70),Y(30)"}, (30, 70)),
    ],
)
def test_wcs_2_0_scales(
    demo_service: Served, products: Products, changes: dict[str, str], shape: tuple[int, int]
) -> None:
    request = get_coverage(inside(products[SPRING, WEST]), "B04", "2.0.1")
    del request["SCALEFACTOR"]
    coverage = read_coverage(ask(demo_service, request | changes))
    assert coverage.pixels.shape[1:] == shape


def test_time_is_cut_as_an_axis(demo_service: Served, products: Products) -> None:
    request = get_coverage(inside(products[SPRING, WEST]), "B04", "2.0.1")
    request["SUBSET"] += f'&SUBSET=time("{AUTUMN}","{AUTUMN}T23:59:59Z")'
    coverage = read_coverage(ask(demo_service, request))
    assert coverage.tags["SCENES"] == products[AUTUMN, WEST].name


@pytest.mark.parametrize(
    ("changes", "status", "code", "message"),
    [
        ({"COVERAGEID": "S2"}, 404, "NoSuchCoverage", "there are S2_L2A"),
        ({"COVERAGEID": "S2_L2A_TRUE_COLOR"}, 404, "NoSuchCoverage", "not published"),
        ({"RANGESUBSET": "B10"}, 404, "NoSuchField", "is no band"),
        ({"SUBSET": "q(1,2)"}, 404, "InvalidAxisLabel", "is no axis"),
        ({"SUBSET": "E(600000,590000)"}, 404, "InvalidSubsetting", "SUBSET"),
        ({"SUBSETTINGCRS": "EPSG:1"}, 400, "InvalidParameterValue", "not offered"),
        ({"FORMAT": "image/gif"}, 400, "InvalidParameterValue", "not offered"),
        ({"INTERPOLATION": "magic"}, 404, "InterpolationMethodNotSupported", "not offered"),
        ({"SCALEFACTOR": "100"}, 400, "InvalidParameterValue", f"at most {LIMIT}"),
        (
            {"SCALEFACTOR": "100", "FORMAT": "image/jp2"},
            400,
            "InvalidParameterValue",
            "at most 87500000 are allowed as image/jp2",
        ),
        ({"TIME": "yesterday"}, 400, "InvalidSubsetting", "is no time"),
        ({"REQUEST": "GetMap"}, 400, "OperationNotSupported", "GetCoverage"),
        ({"EXPRESSION": "B04"}, 400, "InvalidParameterValue", "EXPRESSION"),
    ],
)
def test_what_is_wrong_is_told_by_its_code(
    demo_service: Served,
    products: Products,
    shared: Path,
    changes: dict[str, str],
    status: int,
    code: str,
    message: str,
) -> None:
    request = get_coverage(inside(products[SPRING, WEST]), "B04", "2.0.1") | changes
    reply = ask(demo_service, request)
    assert reply.status == status
    validate_by_schema(reply.body, shared / "schemas", "ogc/ows/2.0/owsAll.xsd")
    assert find(reply.body, "//Exception/@exceptionCode") == [code]
    assert message in reply.body.decode()


@pytest.mark.parametrize(
    ("version", "schema", "status", "code"),
    [
        ("1.0.0", "ogc/wcs/1.0.0/OGC-exception.xsd", 404, "CoverageNotDefined"),
        ("1.1.1", "ogc/ows/1.1.0/owsAll.xsd", 400, "InvalidParameterValue"),
        ("2.0.1", "ogc/ows/2.0/owsAll.xsd", 404, "NoSuchCoverage"),
    ],
)
def test_each_version_has_its_own_exceptions(
    demo_service: Served,
    products: Products,
    shared: Path,
    version: str,
    schema: str,
    status: int,
    code: str,
) -> None:
    request = get_coverage(inside(products[SPRING, WEST]), "B04", version, "nothing")
    reply = ask(demo_service, request)
    assert reply.status == status
    validate_by_schema(reply.body, shared / "schemas", schema)
    assert code in reply.body.decode()


@pytest.mark.parametrize(
    ("version", "status", "code"),
    [
        ("1.0.0", 400, "InvalidParameterValue"),
        ("1.1.1", 400, "InvalidParameterValue"),
        ("2.0.1", 404, "NoSuchField"),
    ],
)
def test_what_is_404_in_wcs_20_is_a_bad_request_before(
    demo_service: Served, products: Products, version: str, status: int, code: str
) -> None:
    reply = ask(demo_service, get_coverage(inside(products[SPRING, WEST]), "B99", version))
    assert reply.status == status
    assert code in reply.body.decode()


@pytest.mark.parametrize(
    ("name", "methods"),
    [("S2_L2A", ("nearest neighbor", "nearest")), ("S2_L2A_NDVI", ("bilinear", "linear"))],
)
def test_descriptions_tell_the_method_that_is_used_by_default(
    demo_service: Served, name: str, methods: tuple[str, str]
) -> None:
    asked = {"SERVICE": "WCS", "REQUEST": "DescribeCoverage"}
    oldest = demo_service.ows(asked | {"VERSION": "1.0.0", "COVERAGE": name}).body
    assert find(oldest, "//supportedInterpolations/@default") == [methods[0]]
    older = demo_service.ows(asked | {"VERSION": "1.1.1", "IDENTIFIERS": name}).body
    assert find(older, "//InterpolationMethods/Default/text()") == [methods[1]]


def test_a_coverage_of_which_nothing_is_cut_is_the_one_that_is_described(
    demo_service: Served,
) -> None:
    asked = {"SERVICE": "WCS", "VERSION": "2.0.1", "COVERAGEID": "S2_L2A_SCL"}
    described = demo_service.ows(asked | {"REQUEST": "DescribeCoverage"}).body
    (high,) = find(described, "//GridEnvelope/high/text()")
    reply = demo_service.ows(asked | {"REQUEST": "GetCoverage"})
    width, height = (int(number) + 1 for number in high.split())
    assert read_coverage(reply).pixels.shape == (1, height, width)
