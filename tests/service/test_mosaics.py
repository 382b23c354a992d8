"""Maps of several scenes over HTTP: which lies on top, and what fills the rest."""

import numpy as np
import pytest
from demo_images import DemoProduct, Window
from demo_maps import AUTUMN, EAST, SPRING, WEST, draw, inside
from serving import Served

# What CLOUDMASK takes out, as the mapfile says.
MASKED = (0, 1, 3, 8, 9, 10)


def autumn_edge(products: dict[tuple[str, str], DemoProduct]) -> Window:
    """A part of the east cell where the swath of autumn ends; spring has all of it."""
    product = products[AUTUMN, EAST]
    window = product.window(1200, 700, 500, 500)
    assert 0.1 < product.true_colour(window)[1].mean() < 0.9
    return window


@pytest.mark.parametrize(
    ("priority", "top", "below"),
    [({}, SPRING, AUTUMN), ({"PRIORITY": "leastRecent"}, AUTUMN, SPRING)],
)
def test_the_best_scene_lies_on_top_and_the_next_fills_what_it_lacks(
    demo_service: Served,
    products: dict[tuple[str, str], DemoProduct],
    priority: dict[str, str],
    top: str,
    below: str,
) -> None:
    window = autumn_edge(products)
    colours, opacity = draw(demo_service, window, "S2_L2A_TRUE_COLOR", **priority)
    upper, measured = products[top, EAST].true_colour(window)
    lower, _ = products[below, EAST].true_colour(window)
    np.testing.assert_array_equal(colours, np.where(measured, upper, lower))
    assert (opacity == 255).all()


def test_the_least_cloudy_scene_lies_on_top(
    demo_service: Served, products: dict[tuple[str, str], DemoProduct]
) -> None:
    pair = [products[day, WEST] for day in (AUTUMN, SPRING)]
    clearest = min(pair, key=lambda product: product.cloud_cover)
    window = inside(clearest)
    colours, _ = draw(demo_service, window, "S2_L2A_TRUE_COLOR", PRIORITY="leastCC")
    np.testing.assert_array_equal(colours, window.cut(clearest.image("TCI")))


def test_maxcc_leaves_cloudier_products_out(
    demo_service: Served, products: dict[tuple[str, str], DemoProduct]
) -> None:
    clear, cloudy = sorted(
        (products[day, WEST] for day in (AUTUMN, SPRING)), key=lambda product: product.cloud_cover
    )
    assert cloudy.cloud_cover - clear.cloud_cover > 1
    window = inside(clear)
    between = str((clear.cloud_cover + cloudy.cloud_cover) / 2)
    for priority in ("mostRecent", "leastRecent"):
        colours, _ = draw(
            demo_service, window, "S2_L2A_TRUE_COLOR", MAXCC=between, PRIORITY=priority
        )
        np.testing.assert_array_equal(colours, window.cut(clear.image("TCI")))
    _, opacity = draw(
        demo_service, window, "S2_L2A_TRUE_COLOR", MAXCC=str(clear.cloud_cover - 0.01)
    )
    assert (opacity == 0).all()


def test_masked_clouds_fall_through_to_the_next_scene(
    demo_service: Served, products: dict[tuple[str, str], DemoProduct]
) -> None:
    top, below = products[SPRING, WEST], products[AUTUMN, WEST]
    window = top.window(0, 400, 800, 1000)
    colours, opacity = draw(demo_service, window, "S2_L2A_TRUE_COLOR", CLOUDMASK="on")
    clear = [~np.isin(product.classes(window), MASKED) for product in (top, below)]
    upper, lower = (window.cut(product.image("TCI")) for product in (top, below))
    through = ~clear[0] & clear[1]
    neither = ~clear[0] & ~clear[1]
    for part in (clear[0], through, neither):
        assert part.mean() > 0.005
    np.testing.assert_array_equal(opacity, np.where(neither, 0, 255))
    np.testing.assert_array_equal(colours[:, clear[0]], upper[:, clear[0]])
    np.testing.assert_array_equal(colours[:, through], lower[:, through])


def test_neighbouring_cells_make_one_map(
    demo_service: Served, products: dict[tuple[str, str], DemoProduct]
) -> None:
    west, east = products[SPRING, WEST], products[SPRING, EAST]
    window = west.window(500, 800, 1700, 100)
    colours, opacity = draw(demo_service, window, "S2_L2A_TRUE_COLOR", TIME=SPRING)
    assert (opacity == 255).all()
    shift = round((east.origin()[0] - west.origin()[0]) / 10) - 500
    only_west = west.image("TCI")[:, 800:900, 500 : 500 + shift]
    only_east = east.image("TCI")[:, 800:900, 1830 - 500 - shift : 1700 - shift]
    np.testing.assert_array_equal(colours[:, :, :shift], only_west)
    np.testing.assert_array_equal(colours[:, :, 1830 - 500 :], only_east)


def test_the_upper_of_two_archive_layers_hides_the_lower(
    demo_service: Served, products: dict[tuple[str, str], DemoProduct]
) -> None:
    window = inside(products[SPRING, WEST])
    both = {"STYLES": ",", "TIME": SPRING}
    alone, _ = draw(demo_service, window, "S2_L2A_NDVI", TIME=SPRING)
    over, _ = draw(demo_service, window, "S2_L2A_TRUE_COLOR,S2_L2A_NDVI", **both)
    np.testing.assert_array_equal(over, alone)
    under, _ = draw(demo_service, window, "S2_L2A_NDVI,S2_L2A_TRUE_COLOR", **both)
    np.testing.assert_array_equal(under, window.cut(products[SPRING, WEST].image("TCI")))
