"""The demo's own passes over a smaller ground, for tests that need not the whole of it."""

from dataclasses import replace
from pathlib import Path

from affine import Affine

from function.demo.footprint import SwathEdge, valid_ring
from function.demo.itinerary import AUTUMN_PASS, LANDSCAPE_SEED, SPRING_PASS, Pass
from function.demo.landscape import Landscape, make_landscape
from function.demo.observation import Observation, observe
from function.demo.painting import ObservationPainter
from function.demo.product import Product
from function.demo.safe_writer import write_product
from function.grid import Grid

GROUND = Grid("EPSG:32632", Affine(10.0, 0.0, 600000.0, 0.0, -10.0, 5985000.0), 432, 390)
# The products leave out the ground's first rows and columns, and its last.
GRID = Grid("EPSG:32632", Affine(10.0, 0.0, 600300.0, 0.0, -10.0, 5984760.0), 366, 342)
EDGE = SwathEdge(x=603000.0, y=5983000.0, slope=0.287)
SPRING = SPRING_PASS
AUTUMN = replace(AUTUMN_PASS, edge=EDGE)


def landscape() -> Landscape:
    return make_landscape(LANDSCAPE_SEED, GROUND.shape)


def product_of(flight: Pass) -> Product:
    return replace(flight.product("32UPE"), grid=GRID, outline=valid_ring(GRID, flight.edge))


def observation_of(flight: Pass) -> Observation:
    # Half of so small a ground lies under cloud where the demo's own sky is drawn on it.
    sky = replace(flight.sky, amount=flight.sky.amount + 0.3)
    return observe(landscape(), flight.season, sky)


def painter_of(flight: Pass, observation: Observation) -> ObservationPainter:
    return ObservationPainter(product_of(flight), GROUND, observation, flight.edge, 1)


def write(parent: Path, flight: Pass) -> Path:
    """Write one small product; gives its directory."""
    painter = painter_of(flight, observation_of(flight))
    return write_product(parent, product_of(flight), painter, lambda _: None)
