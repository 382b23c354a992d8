"""Maps over HTTP, pixel by pixel against images that GDAL decoded whole."""

import numpy as np
import pytest
import rasterio
from demo_images import DemoProduct
from demo_maps import AUTUMN, PRODUCTS, SPRING, WEST, draw, inside
from numpy.typing import NDArray
from pictures import SCL_COLOURS, decode_picture
from rasterio.warp import Resampling, reproject
from serving import Served

QUANTIFICATION = 10_000


# White in the layer S2_L2A_FALSE_COLOR, as its mapfile says.
FALSE_COLOUR_WHITE = 0.4


@pytest.mark.parametrize("key", PRODUCTS)
def test_true_colour_on_the_products_own_grid_is_its_own_image(
    demo_service: Served, products: dict[tuple[str, str], DemoProduct], key: tuple[str, str]
) -> None:
    product = products[key]
    window = inside(product)
    colours, opacity = draw(demo_service, window, "S2_L2A_TRUE_COLOR", TIME=product.day)
    expected, measured = product.true_colour(window)
    assert measured.mean() > 0.2
    np.testing.assert_array_equal(opacity, np.where(measured, 255, 0))
    np.testing.assert_array_equal(colours[:, measured], expected[:, measured])


@pytest.mark.parametrize(("column", "row", "width", "height"), [(3, 5, 7, 300), (0, 0, 513, 2)])
def test_any_window_of_the_grid_comes_out_exactly(
    demo_service: Served,
    products: dict[tuple[str, str], DemoProduct],
    column: int,
    row: int,
    width: int,
    height: int,
) -> None:
    product = products[SPRING, WEST]
    window = product.window(column, row, width, height)
    colours, opacity = draw(demo_service, window, "S2_L2A_TRUE_COLOR", TIME=SPRING)
    np.testing.assert_array_equal(colours, window.cut(product.image("TCI")))
    assert (opacity == 255).all()


@pytest.mark.parametrize("key", PRODUCTS)
def test_reflectance_has_the_products_own_offset(
    demo_service: Served, products: dict[tuple[str, str], DemoProduct], key: tuple[str, str]
) -> None:
    product = products[key]
    assert product.offset == (0 if product.day == AUTUMN else -1000)
    window = inside(product)
    colours, opacity = draw(demo_service, window, "S2_L2A_FALSE_COLOR", TIME=product.day)
    digital = np.concatenate([window.cut(product.image(band)) for band in ("B08", "B04", "B03")])
    reflectance = (digital + product.offset) / QUANTIFICATION
    expected = np.clip(reflectance / FALSE_COLOUR_WHITE, 0, 1) * 255
    measured = (digital > 0).all(axis=0)
    assert measured.mean() > 0.2
    np.testing.assert_array_equal(opacity, np.where(measured, 255, 0))
    # A level is a whole number: wherever it is rounded, it is less than one away.
    assert np.abs(colours - expected)[:, measured].max() < 1
    assert len(np.unique(colours[:, measured])) > 100


@pytest.mark.parametrize("key", PRODUCTS)
def test_each_colour_of_the_index_stands_for_a_short_span_of_its_values(
    demo_service: Served, products: dict[tuple[str, str], DemoProduct], key: tuple[str, str]
) -> None:
    product = products[key]
    window = inside(product)
    colours, opacity = draw(demo_service, window, "S2_L2A_NDVI", TIME=product.day)
    near, red = (window.cut(product.image(band))[0] + product.offset for band in ("B08", "B04"))
    measured = (window.cut(product.image("B08"))[0] > 0) & (near + red > 0)
    index = (near - red)[measured] / (near + red)[measured]
    assert (opacity[measured] == 255).all()
    drawn = colours[:, measured]
    codes = (drawn[0] << 16) + (drawn[1] << 8) + drawn[2]
    found = np.unique(codes)
    assert len(found) > 50
    inside_range = np.abs(index) <= 1
    for code in found:
        values = index[(codes == code) & inside_range]
        # Of 400 steps from -1 to 1, and two where neighbours have the same colour.
        assert values.max() - values.min() < 0.011


@pytest.mark.parametrize("key", PRODUCTS)
def test_classes_have_the_colours_of_esa(
    demo_service: Served, products: dict[tuple[str, str], DemoProduct], key: tuple[str, str]
) -> None:
    product = products[key]
    window = inside(product)
    colours, opacity = draw(demo_service, window, "S2_L2A_SCL", TIME=product.day)
    classes = product.classes(window)
    assert len(np.unique(classes)) >= 3
    assert (opacity[classes == 0] == 0).all()
    for code in np.unique(classes[classes > 0]):
        assert (opacity[classes == code] == 255).all()
        drawn = np.unique(colours[:, classes == code], axis=1).T.tolist()
        assert drawn == [list(SCL_COLOURS[int(code)])]


def reprojected(
    product: DemoProduct, crs: str, bounds: tuple[float, ...], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """The true colour image as GDAL's warper draws it on a grid."""
    height, width = shape
    west, south, east, north = bounds
    colours = np.zeros((3, *shape), np.float32)
    left, top = product.origin()
    reproject(
        product.image("TCI").astype(np.float32),
        colours,
        src_crs="EPSG:32632",
        src_transform=rasterio.Affine(10, 0, left, 0, -10, top),
        dst_crs=crs,
        dst_transform=rasterio.Affine(
            (east - west) / width, 0, west, 0, (south - north) / height, north
        ),
        resampling=Resampling.bilinear,
        tolerance=0.0,
    )
    return colours


# Web Mercator stretches by 1.7 at this latitude: 17 m are 10 m on the ground.
OTHER_GRIDS = [
    ("EPSG:3857", (1_170_000.0, 7_152_000.0, 1_175_100.0, 7_158_800.0), (400, 300)),
    ("CRS:84", (10.5, 53.9, 10.53, 53.92), (220, 200)),
    ("EPSG:32633", (205_000.0, 5_983_000.0, 208_000.0, 5_985_000.0), (200, 300)),
]


@pytest.mark.parametrize(("crs", "bounds", "shape"), OTHER_GRIDS)
def test_other_reference_systems_are_within_interpolation_of_gdals_warper(
    demo_service: Served,
    products: dict[tuple[str, str], DemoProduct],
    crs: str,
    bounds: tuple[float, float, float, float],
    shape: tuple[int, int],
) -> None:
    product = products[SPRING, WEST]
    reply = demo_service.ows(
        inside(product).request("S2_L2A_TRUE_COLOR")
        | {
            "CRS": crs,
            "BBOX": ",".join(map(str, bounds)),
            "HEIGHT": str(shape[0]),
            "WIDTH": str(shape[1]),
            "TIME": SPRING,
        }
    )
    colours, opacity = decode_picture(reply.body)
    expected = reprojected(product, crs.replace("CRS:84", "EPSG:4326"), bounds, shape)
    assert (opacity == 255).all()
    assert (expected > 0).all()
    difference = np.abs(colours - expected)
    # An eighth of a source pixel, the bound on positions, at the contrast of neighbours here.
    assert difference.mean() < 1.5
    assert np.quantile(difference, 0.99) < 12


def test_both_axis_orders_and_both_versions_draw_the_same(demo_service: Served) -> None:
    common = {
        "SERVICE": "WMS",
        "REQUEST": "GetMap",
        "LAYERS": "S2_L2A_TRUE_COLOR",
        "STYLES": "",
        "WIDTH": "300",
        "HEIGHT": "200",
        "FORMAT": "image/png",
        "TRANSPARENT": "TRUE",
    }
    latitude_first = "53.85,10.45,53.95,10.75"
    longitude_first = "10.45,53.85,10.75,53.95"
    bodies = {
        demo_service.ows(common | spelling).body
        for spelling in (
            {"VERSION": "1.3.0", "CRS": "EPSG:4326", "BBOX": latitude_first},
            {"VERSION": "1.3.0", "CRS": "CRS:84", "BBOX": longitude_first},
            {"VERSION": "1.1.1", "SRS": "EPSG:4326", "BBOX": longitude_first},
        )
    }
    assert len(bodies) == 1
    _, opacity = decode_picture(bodies.pop())
    assert (opacity == 255).mean() > 0.9


EMPTY = [
    {"TIME": "2022"},
    {"TIME": "2021-01-01/2025-05-09"},
    {"BBOX": "400000,5800000,405000,5805000"},
    {"CRS": "EPSG:4326", "BBOX": "-20,-100,-15,-95"},
    {"CRS": "EPSG:3857", "BBOX": "-10000,-10000,10000,10000"},
    {"CRS": "EPSG:32601", "BBOX": "400000,5800000,405000,5805000"},
]


@pytest.mark.parametrize("where", EMPTY)
def test_nothing_there_is_a_transparent_map(
    demo_service: Served, products: dict[tuple[str, str], DemoProduct], where: dict[str, str]
) -> None:
    window = inside(products[SPRING, WEST])
    _, opacity = draw(demo_service, window, "S2_L2A_TRUE_COLOR", **where)
    assert opacity.shape == (320, 320)
    assert (opacity == 0).all()


@pytest.mark.parametrize("picture_format", ["image/png", "image/jpeg"])
def test_without_transparency_nothing_is_background(
    demo_service: Served, products: dict[tuple[str, str], DemoProduct], picture_format: str
) -> None:
    window = inside(products[SPRING, WEST])
    empty = {"TIME": "2022", "TRANSPARENT": "FALSE", "FORMAT": picture_format}
    white, opacity = draw(demo_service, window, "S2_L2A_TRUE_COLOR", **empty)
    assert (white == 255).all()
    assert (opacity == 255).all()
    green, _ = draw(demo_service, window, "S2_L2A_TRUE_COLOR", BGCOLOR="0x208040", **empty)
    assert np.abs(green - np.array([0x20, 0x80, 0x40])[:, None, None]).max() <= 2


def test_jpeg_is_close_to_png(
    demo_service: Served, products: dict[tuple[str, str], DemoProduct]
) -> None:
    window = inside(products[SPRING, WEST])
    exact, _ = draw(demo_service, window, "S2_L2A_TRUE_COLOR", TIME=SPRING)
    lossy, _ = draw(demo_service, window, "S2_L2A_TRUE_COLOR", TIME=SPRING, FORMAT="image/jpeg")
    assert 0 < np.abs(exact - lossy).mean() < 6


def test_a_plain_layer_is_drawn_alone_and_over_ours(
    demo_service: Served, products: dict[tuple[str, str], DemoProduct]
) -> None:
    # The border of the west cell runs through the overlap.
    window = products[SPRING, WEST].window(1730, 800, 200, 200)
    outline, opacity = draw(demo_service, window, "GRID_CELLS")
    line = opacity == 255
    assert 0.003 < line.mean() < 0.1
    assert len(np.unique(outline[:, line], axis=1).T) == 1
    ours, _ = draw(demo_service, window, "S2_L2A_TRUE_COLOR", TIME=SPRING)
    both, _ = draw(demo_service, window, "S2_L2A_TRUE_COLOR,GRID_CELLS", STYLES=",", TIME=SPRING)
    np.testing.assert_array_equal(both[:, line], outline[:, line])
    untouched = opacity == 0
    np.testing.assert_array_equal(both[:, untouched], ours[:, untouched])
