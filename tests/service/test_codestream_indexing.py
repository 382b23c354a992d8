"""Codestream indexes from ingest to map: made once, kept, found, and made where missing."""

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
import psycopg
import pytest
from collector import Collector, collecting
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pictures import decode_picture
from serving import Served, run_command, serve

from function.scenes.jpeg2000.index import VERSION

NDVI = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "LAYERS": "S2_L2A_NDVI",
    "CRS": "EPSG:32632",
    "WIDTH": "256",
    "HEIGHT": "256",
    "FORMAT": "image/png",
}
NDVI_FILES = 2  # B04 and B08
EXPORT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Site:
    """A catalogue of one product of the demo, a service over it, and what it exports."""

    product: Path
    database_url: str
    service: Served
    collector: Collector

    def read(self, **changes: str) -> Mapping[str, int]:
        """Ask for a map and give the figures of its stage read."""
        trace = uuid4().hex
        reply = self.service.ows(
            NDVI | {"BBOX": "600000,5975000,602560,5977560"} | changes,
            headers={"traceparent": f"00-{trace}-{'1' * 16}-01"},
        )
        assert reply.status == 200, reply.body
        return self._figures(trace)

    def _figures(self, trace: str) -> Mapping[str, int]:
        end = time.monotonic() + EXPORT_SECONDS
        while time.monotonic() < end:
            for body in self.collector.bodies("/v1/traces"):
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for scope in resource.scope_spans:
                        for span in scope.spans:
                            if span.trace_id.hex() == trace and span.name == "read":
                                return {
                                    pair.key.removeprefix("sentinel_ows."): pair.value.int_value
                                    for pair in span.attributes
                                }
            time.sleep(0.05)
        raise AssertionError("no span of the stage read was exported")

    def rows(self) -> Mapping[str, tuple[int, int, int, bytes | None, str | None]]:
        """What is held of each file, by its href: version, size, stamp, packets, unfit."""
        with psycopg.connect(self.database_url) as connection:
            found = connection.execute(
                "SELECT href, version, file_size, file_stamp::bigint, packets, unfit"
                " FROM codestream_indexes JOIN assets USING (scene_id, asset)"
            )
            return {href: tuple(row) for href, *row in found}

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture
def site(catalogue_url: str, demo_products: tuple[Path, ...], tmp_path: Path) -> Iterator[Site]:
    """A site of the demo's first product, of which the test may change every file."""
    product = tmp_path / demo_products[0].name
    shutil.copytree(demo_products[0], product)
    run_command("ingest", str(product), SENTINEL_OWS_DATABASE_URL=catalogue_url)
    with _served(product, catalogue_url) as site:
        yield site


@contextmanager
def _served(product: Path, database_url: str) -> Iterator[Site]:
    with (
        collecting() as collector,
        serve(
            database_url,
            product.with_name(f"{uuid4().hex}.log"),
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_METRICS_EXPORTER="none",
            OTEL_BSP_SCHEDULE_DELAY="50",
        ) as service,
    ):
        yield Site(product, database_url, service, collector)


def test_ingest_indexes_every_image_and_maps_make_no_index(site: Site) -> None:
    held = site.rows()
    images = {str(path): path.stat() for path in site.product.rglob("*.jp2")}
    assert set(held) == {href for href in images if not href.endswith("_PVI.jp2")}
    for href, (version, size, stamp, packets, unfit) in held.items():
        assert version == VERSION
        assert (size, stamp) == (images[href].st_size, images[href].st_mtime_ns)
        assert packets
        assert unfit is None
    first = site.read()
    assert first["windows"] == NDVI_FILES
    assert first["indexes_built"] == first["windows_unfit"] == first["tiles_kept"] == 0
    assert first["tiles_decoded"] >= NDVI_FILES
    assert first["fetches"] == NDVI_FILES
    whole = sum(images[href].st_size for href in held if "_B04_10m" in href or "_B08_10m" in href)
    assert 0 < first["bytes_fetched"] < whole / 4
    again = site.read()
    assert (again["tiles_decoded"], again["fetches"], again["bytes_fetched"]) == (0, 0, 0)
    assert again["tiles_kept"] == first["tiles_decoded"]


def test_a_missing_index_is_made_once_and_kept(site: Site) -> None:
    before = site.rows()
    site.execute("DELETE FROM codestream_indexes")
    # Each another map: one that several ask for at once is read for one of them.
    widths = [str(256 + number) for number in range(8)]
    with ThreadPoolExecutor(8) as clients:
        figures = list(clients.map(lambda width: site.read(WIDTH=width), widths))
    assert sum(figure["indexes_built"] for figure in figures) == NDVI_FILES
    after = site.rows()
    assert len(after) == NDVI_FILES
    assert after == {href: before[href] for href in after}
    with _served(site.product, site.database_url) as another:
        assert another.read()["indexes_built"] == 0


def ingest(site: Site) -> str:
    return run_command("ingest", str(site.product), SENTINEL_OWS_DATABASE_URL=site.database_url)


def test_a_replaced_image_is_shown_as_it_is_now(site: Site) -> None:
    """Where red lies in the place of infrared, false colour shows red and green alike."""
    site.read()
    (red,) = site.product.rglob("*_B04_10m.jp2")
    (infrared,) = site.product.rglob("*_B08_10m.jp2")
    shutil.copy(red, infrared)
    os.utime(infrared, (1, 1))
    figures = site.read(LAYERS="S2_L2A_FALSE_COLOR")
    assert figures["indexes_built"] == 1
    held = site.rows()
    assert held[str(infrared)][1:3] == (red.stat().st_size, 10**9)
    assert held[str(infrared)][3] == held[str(red)][3]
    reply = site.service.ows(
        NDVI | {"BBOX": "600000,5975000,602560,5977560", "LAYERS": "S2_L2A_FALSE_COLOR"}
    )
    drawn, _ = decode_picture(reply.body)
    np.testing.assert_array_equal(drawn[0], drawn[1])


def test_ingest_makes_anew_only_what_does_not_hold(site: Site) -> None:
    before = site.rows()
    assert '"indexed"' not in ingest(site).splitlines()[0]
    assert site.rows() == before
    (red,) = site.product.rglob("*_B04_10m.jp2")
    os.utime(red, (5, 5))
    site.execute("UPDATE codestream_indexes SET version = version - 1 WHERE asset = 0")
    assert '"indexed": 2' in ingest(site)
    after = site.rows()
    assert {href for href in after if after[href] != before[href]} == {str(red)}
    assert after[str(red)] == (*before[str(red)][:2], 5 * 10**9, *before[str(red)][3:])
