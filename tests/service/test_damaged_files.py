"""Files that are damaged after ingest: the map is served without them, and says so."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
import psycopg
import pytest
from collector import Collector, collecting
from demo_images import DemoProduct, Window
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pictures import decode_picture
from serving import Reply, Served, run_command, serve

SPRING = "2025-05-10"
EXPORT_SECONDS = 30
# Of the window below, in pixels: where the east cell begins, and where the west cell ends.
WIDTH, HEIGHT, FIRST = 1700, 100, 500
CELL = 1830

GIVE_INDEX = """
UPDATE codestream_indexes AS held SET packets = other.packets
FROM codestream_indexes AS other
WHERE
    (held.scene_id, held.asset) IN (SELECT scene_id, asset FROM assets WHERE href = %s)
    AND (other.scene_id, other.asset) IN (SELECT scene_id, asset FROM assets WHERE href = %s)
"""
GIVE_STATE = """
UPDATE codestream_indexes SET file_size = %s, file_stamp = %s
WHERE (scene_id, asset) IN (SELECT scene_id, asset FROM assets WHERE href = %s)
"""


@dataclass(frozen=True, slots=True)
class Site:
    """A copy of two neighbouring products, catalogued and served."""

    west: DemoProduct
    east: DemoProduct
    service: Served
    collector: Collector

    @property
    def window(self) -> Window:
        """Part of both cells."""
        return self.west.window(FIRST, 800, WIDTH, HEIGHT)

    @property
    def shift(self) -> int:
        """The window's column at which the east cell begins; the west cell goes on."""
        return round((self.east.origin()[0] - self.west.origin()[0]) / 10) - FIRST

    def ask(self, layer: str) -> tuple[Reply, str]:
        """Ask for the window; give the answer, and the id of its trace."""
        trace = uuid4().hex
        headers = {"traceparent": f"00-{trace}-{'1' * 16}-01"}
        return self.service.ows(
            self.window.request(layer) | {"TIME": SPRING}, headers=headers
        ), trace

    def events(self, trace: str) -> list[str]:
        """What the stage read of a trace says that it passed over."""
        end = time.monotonic() + EXPORT_SECONDS
        while time.monotonic() < end:
            for body in self.collector.bodies("/v1/traces"):
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for scope in resource.scope_spans:
                        for span in scope.spans:
                            if span.trace_id.hex() == trace and span.name == "read":
                                return [
                                    event.attributes[0].value.string_value
                                    for event in span.events
                                    if event.name == "warning"
                                ]
            time.sleep(0.05)
        raise AssertionError("no span of the stage read was exported")


def file_of(product: DemoProduct, band: str) -> Path:
    (path,) = product.path.glob(f"GRANULE/*/IMG_DATA/R10m/*_{band}_10m.jp2")
    return path


@pytest.fixture(scope="module", params=["openjpeg", "gdal"])
def decoder(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def site(
    decoder: str,
    module_catalogue_url: str,
    demo_products: tuple[Path, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """Whose catalogue holds of two files of the east cell what is not true of them.

    The index of B04 is that of another image, and the file of B03 ends before its packets do.
    """
    directory = tmp_path_factory.mktemp("site")
    copies = []
    for product in map(DemoProduct, demo_products):
        if product.day == SPRING:
            shutil.copytree(product.path, directory / product.path.name)
            copies.append(DemoProduct(directory / product.path.name))
    west, east = sorted(copies, key=lambda product: product.cell)
    url = module_catalogue_url
    run_command("ingest", str(directory), SENTINEL_OWS_DATABASE_URL=url)
    short = file_of(east, "B03")
    os.truncate(short, short.stat().st_size // 3)
    with psycopg.connect(url, autocommit=True) as connection:
        exchanged = connection.execute(GIVE_INDEX, [str(file_of(c, "B04")) for c in (east, west)])
        state = [short.stat().st_size, str(short.stat().st_mtime_ns)]
        shortened = connection.execute(GIVE_STATE, [*state, str(short)])
        assert exchanged.rowcount == shortened.rowcount == 1
    with (
        collecting() as collector,
        serve(
            url,
            directory / "service.log",
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_METRICS_EXPORTER="none",
            OTEL_BSP_SCHEDULE_DELAY="50",
            SENTINEL_OWS_JPEG2000_DECODER=decoder,
            # Nothing is drawn from tiles that were decoded before the damage.
            SENTINEL_OWS_TILE_CACHE_BYTES="1",
        ) as service,
    ):
        yield Site(west, east, service, collector)


def truncate(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flip_bits(data: bytes) -> bytes:
    """A bit in every hundred bytes: in the headers of packets, and in what they hold."""
    changed = np.frombuffer(data, np.uint8).copy()
    changed[len(data) // 10 :: 100] ^= 0x10
    return changed.tobytes()


def blank(data: bytes) -> bytes:
    """As a disk that loses its pages leaves a file."""
    return data[: len(data) // 10] + bytes(len(data) - len(data) // 10)


def swap_halves(data: bytes) -> bytes:
    """Every marker of the second half stands where another one should."""
    head, middle = len(data) // 10, len(data) // 2
    return data[:head] + data[middle:] + data[head:middle]


def replace_with_text(_data: bytes) -> bytes:
    return b"<html>503 Service Unavailable</html>"


DAMAGES = [truncate, flip_bits, blank, swap_halves, replace_with_text]


def assert_told(site: Site, reply: Reply, trace: str, file: Path) -> None:
    """The header, the log and the trace name the scene and the file, and no more of its path.

    The log also has what GDAL says, if it was GDAL that failed.
    """
    warning = reply.headers["x-sentinel-ows-warning"]
    assert site.east.name in warning
    assert file.name in warning
    assert str(file.parent) not in warning
    assert reply.headers["x-sentinel-ows-scenes"] == site.west.name
    (event,) = site.events(trace)
    assert file.name in event
    lines = [line for line in site.service.log_lines() if line.get("trace_id") == trace]
    told, *notes = [line for line in lines if line["logger"] == "sentinel_ows.stage"]
    assert all(note["message"].startswith("GDAL says: ") for note in notes)
    assert told["level"] == "WARNING"
    assert told["message"] == event
    (done,) = [line for line in lines if line["logger"] == "sentinel_ows.request"]
    assert done["status"] == 200


def assert_exact(site: Site, reply: Reply, both: bool) -> None:
    """The west cell is as its image has it; of the rest all is drawn, or nothing."""
    colours, opacity = decode_picture(reply.body)
    west_end = CELL - FIRST
    alone = site.shift if both else west_end
    image = site.west.image("TCI")[:, 800 : 800 + HEIGHT, FIRST : FIRST + alone]
    np.testing.assert_array_equal(colours[:, :, :alone], image)
    assert (opacity[:, :west_end] == 255).all()
    assert (opacity[:, west_end:] == (255 if both else 0)).all()


@pytest.mark.parametrize("keep_state", [False, True], ids=["noticed", "unnoticed"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_the_rest_of_the_map_is_served_without_a_damaged_file(
    site: Site, damage: Callable[[bytes], bytes], keep_state: bool
) -> None:
    """Also where size and time of the file are still those of its index, as far as can be."""
    file = file_of(site.east, "TCI")
    sound, status = file.read_bytes(), file.stat()
    file.write_bytes(damage(sound))
    if keep_state:
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    try:
        reply, trace = site.ask("S2_L2A_TRUE_COLOR")
    finally:
        file.write_bytes(sound)
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert reply.status == 200, reply.body
    assert_told(site, reply, trace, file)
    assert_exact(site, reply, both=False)
    mended, _ = site.ask("S2_L2A_TRUE_COLOR")
    assert "x-sentinel-ows-warning" not in mended.headers
    assert_exact(site, mended, both=True)


def test_the_rest_of_the_map_is_served_without_a_missing_file(site: Site) -> None:
    file = file_of(site.east, "TCI")
    aside = file.rename(file.with_suffix(".aside"))
    try:
        reply, trace = site.ask("S2_L2A_TRUE_COLOR")
    finally:
        aside.rename(file)
    assert reply.status == 200, reply.body
    assert_told(site, reply, trace, file)
    assert_exact(site, reply, both=False)


def test_the_start_and_the_trace_name_the_decoder(site: Site, decoder: str) -> None:
    opening = "JPEG 2000 is decoded by "
    messages = [line["message"] for line in site.service.log_lines()]
    (name,) = [text.removeprefix(opening) for text in messages if text.startswith(opening)]
    assert name.startswith({"openjpeg": "OpenJPEG 2.", "gdal": "JP2OpenJPEG of GDAL 3."}[decoder])
    _, trace = site.ask("S2_L2A_TRUE_COLOR")
    site.events(trace)
    named = {
        pair.value.string_value
        for body in site.collector.bodies("/v1/traces")
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for pair in resource.resource.attributes
        if pair.key == "sentinel_ows.jpeg2000_decoder"
    }
    assert named == {name}


def test_packets_beyond_the_end_of_a_file_are_a_warning(site: Site, demo_service: Served) -> None:
    reply, trace = site.ask("S2_L2A_FALSE_COLOR")
    assert reply.status == 200, reply.body
    assert_told(site, reply, trace, file_of(site.east, "B03"))
    colours, opacity = decode_picture(reply.body)
    whole, _ = decode_picture(sound_map(site, demo_service, "S2_L2A_FALSE_COLOR"))
    np.testing.assert_array_equal(colours[:, :, : site.shift], whole[:, :, : site.shift])
    assert (opacity[:, : CELL - FIRST] == 255).all()
    assert (opacity[:, CELL - FIRST :] == 0).all()


def test_the_index_of_another_image_is_not_believed(site: Site, demo_service: Served) -> None:
    reply, _ = site.ask("S2_L2A_NDVI")
    assert reply.status == 200, reply.body
    assert "x-sentinel-ows-warning" not in reply.headers
    expected = decode_picture(sound_map(site, demo_service, "S2_L2A_NDVI"))
    for found, whole in zip(decode_picture(reply.body), expected, strict=True):
        np.testing.assert_array_equal(found, whole)


def sound_map(site: Site, service: Served, layer: str) -> bytes:
    reply = service.ows(site.window.request(layer) | {"TIME": SPRING})
    assert reply.status == 200, reply.body
    assert "x-sentinel-ows-warning" not in reply.headers
    body: bytes = reply.body
    return body
