"""sentinel-ows over the archive: a catalogue that is filled anew, and the service as it runs."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from bench.running import Server, free_port, running
from function.database.cluster import PrivateCluster
from function.settings import PACKAGE_MAPFILE

PROGRAM = Path(sys.executable).with_name("sentinel-ows")
DATABASE = "bench"
# The true colour layer without its ready-made image: read from the bands.
BANDS_LAYER = """
  LAYER
    NAME "S2_L2A_TRUE_COLOR_BANDS"
    TYPE RASTER
    STATUS OFF
    PROJECTION
      "init=epsg:4326"
    END
    METADATA
      "wms_title" "True colour from the bands"
      "sentinel_ows_collection" "sentinel-2-l2a"
      "sentinel_ows_kind" "colour"
      "sentinel_ows_bands" "B04,B03,B02"
      "sentinel_ows_stretch" "0,0.25"
    END
  END
"""


@contextmanager
def empty_database(directory: Path) -> Iterator[str]:
    """Run a cluster in ``directory`` and give the URL of an empty database in it."""
    cluster = PrivateCluster(directory)
    started = cluster.start()
    try:
        with psycopg.connect(cluster.url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {DATABASE}")
        url = urlunsplit(urlsplit(cluster.url)._replace(path=f"/{DATABASE}"))
        with psycopg.connect(url) as connection:
            connection.execute("CREATE EXTENSION postgis")
        yield url
    finally:
        if started:
            cluster.stop()


def fill_catalogue(url: str, products: tuple[Path, ...]) -> None:
    """Catalogue ``products`` by the command, as an operator does."""
    environment = {**os.environ, "SENTINEL_OWS_DATABASE_URL": url}
    for arguments in (["migrate"], ["ingest", *map(str, products)]):
        done = subprocess.run(
            [PROGRAM, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{arguments[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def write_mapfile(directory: Path) -> Path:
    """Write the published mapfile with a layer more, and give its path."""
    directory.mkdir(parents=True, exist_ok=True)
    for included in PACKAGE_MAPFILE.parent.glob("*.map"):
        (directory / included.name).write_text(included.read_text())
    mapfile = directory / PACKAGE_MAPFILE.name
    head, end, tail = mapfile.read_text().rpartition("\nEND")
    mapfile.write_text(head + BANDS_LAYER + end + tail)
    return mapfile


@contextmanager
def sentinel_ows(directory: Path, url: str, settings: Mapping[str, str]) -> Iterator[Server]:
    """Serve the catalogue at ``url`` on /ows with the defaults, but for ``settings``."""
    port = free_port()
    environment = {
        "SENTINEL_OWS_DATABASE_URL": url,
        "SENTINEL_OWS_MAPFILE": str(write_mapfile(directory / "maps")),
        "PORT": str(port),
        **settings,
    }
    with running(
        [str(PROGRAM), "serve"], port, environment, directory / "sentinel-ows.log"
    ) as server:
        yield server
