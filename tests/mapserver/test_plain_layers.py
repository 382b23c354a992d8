"""Layers of an ordinary mapfile beside those of the archive, and what their failures tell."""

from pathlib import Path

import numpy as np
import psycopg
import pytest
from map_requests import (
    DEAD_DATABASE,
    LONLAT,
    ONLINE_RESOURCE,
    UTM,
    colours,
    draw,
    expected_colours,
    get_map,
    package_server,
    unhurried,
)
from mapfiles import COLOUR, archive_layer, plain_layer, write_mapfile

from function.errors import LayerUnavailableError, RenderError
from function.grid import Grid
from function.mapserver.server import MapServer
from function.settings import PACKAGE_MAPFILE

GRID_CELLS = "GRID_CELLS"

# The western half of UTM, edges on the edges of pixels.
WESTERN_HALF = "499000 5799000 499000 5801000 500240 5801000 500240 5799000 499000 5799000"

RED = (200, 10, 20, 255)


@pytest.fixture
def server(tmp_path: Path) -> MapServer:
    layers = (archive_layer(COLOUR), plain_layer("half", WESTERN_HALF))
    return MapServer(write_mapfile(tmp_path, *layers), DEAD_DATABASE)


def test_a_plain_layer_is_drawn_alone(server: MapServer) -> None:
    drawn = draw(server, get_map(UTM, "half"), {})
    np.testing.assert_array_equal(drawn[:, :23], np.broadcast_to(RED, (32, 23, 4)))
    assert not drawn[:, 25:].any()


def test_a_plain_layer_lies_over_and_under_the_archive(server: MapServer) -> None:
    raster = colours(UTM)
    picture = expected_colours(raster)
    over = draw(server, get_map(UTM, "ARCHIVE,half"), {"ARCHIVE": raster})
    np.testing.assert_array_equal(over[:, :23], np.broadcast_to(RED, (32, 23, 4)))
    np.testing.assert_array_equal(over[:, 25:], picture[:, 25:])
    under = draw(server, get_map(UTM, "half,ARCHIVE"), {"ARCHIVE": raster})
    shown = np.where(raster.valid[..., None], picture, RED)
    np.testing.assert_array_equal(under[:, :23], shown[:, :23])
    np.testing.assert_array_equal(under[:, 25:], picture[:, 25:])


def test_a_plain_layer_is_projected_to_the_request(server: MapServer) -> None:
    grid = Grid.from_bounds("EPSG:4326", (-9.02, 52.335, -8.98, 52.355), 40, 20)
    # Zone 29 has its middle at 9° west, easting 500000; the edge lies 240 m east of it, 0.0035°.
    drawn = draw(server, get_map(grid, "half"), {})
    assert drawn[10, 21, 3] == 255
    assert drawn[10, 25, 3] == 0


def test_a_database_that_is_away_is_an_error_without_secrets() -> None:
    with pytest.raises(LayerUnavailableError) as caught:
        draw(package_server(), get_map(UTM, GRID_CELLS), {})
    assert str(caught.value).startswith(f"layer {GRID_CELLS} could not be drawn: its database")
    told = " ".join([str(caught.value), *caught.value.__notes__])
    assert "connection failed" in told
    assert not any(secret in told for secret in ("s3cret", "keeper", "127.0.0.1", "msPostGIS"))


def test_capabilities_and_legends_need_no_database() -> None:
    for request in (
        {"VERSION": "1.3.0", "REQUEST": "GetCapabilities"},
        {
            "VERSION": "1.1.1",
            "REQUEST": "GetLegendGraphic",
            "LAYER": GRID_CELLS,
            "FORMAT": "image/png",
        },
    ):
        parameters = [("SERVICE", "WMS"), *request.items()]
        assert package_server().answer(parameters, {}, {}, ONLINE_RESOURCE, {}, unhurried()).body


def test_grid_cells_come_from_the_catalogue(catalogue_url: str) -> None:
    server = MapServer(PACKAGE_MAPFILE, catalogue_url)
    assert not draw(server, get_map(LONLAT, GRID_CELLS), {}).any()

    west, south, _, north = LONLAT.bounds
    middle = west + LONLAT.transform.a * 24.5
    with psycopg.connect(catalogue_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO grid_cells (cell, footprint)"
            " VALUES ('29UNU', ST_Multi(ST_MakeEnvelope(%s, %s, %s, %s, 4326)))",
            (west - 1, south - 1, middle, north + 1),
        )
    drawn = draw(server, get_map(LONLAT, GRID_CELLS), {})
    np.testing.assert_array_equal(drawn[:, 24], np.broadcast_to((255, 140, 0, 255), (32, 4)))
    assert not drawn[:, :22].any()
    assert not drawn[:, 27:].any()


def test_a_layer_whose_table_is_missing_is_an_error(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION postgis")
    with pytest.raises(RenderError) as caught:
        draw(MapServer(PACKAGE_MAPFILE, database_url), get_map(LONLAT, GRID_CELLS), {})
    assert str(caught.value) == f"layer {GRID_CELLS} could not be drawn"


def test_a_database_that_restarts_between_maps_breaks_none(catalogue_url: str) -> None:
    server = MapServer(PACKAGE_MAPFILE, catalogue_url)
    draw(server, get_map(LONLAT, GRID_CELLS), {})
    with psycopg.connect(catalogue_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert not draw(server, get_map(LONLAT, GRID_CELLS), {}).any()
