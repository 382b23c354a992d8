"""The whole service over an archive on S3 and on a web server: maps as of local files."""

import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest
from archive_server import ArchiveServer, Fault, serving_files
from s3_server import KEY, REGION, SECRET, make_bucket, serving_s3
from serving import Reply, Served, run_command, serve

BUCKET = "eodata"
PREFIX = "Sentinel-2/MSI/L2A"
MOVE = """
UPDATE scenes
SET assets = jsonb_set(
    assets::jsonb,
    '{root}',
    to_jsonb(regexp_replace(assets::jsonb ->> 'root', '^.*/(?=[^/]+[.]SAFE/)', %s))
)::text
"""
# Longer than a client takes from one read to the next of the same round: usually, and on a machine
# that is ever busier with other tests.
QUIET_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0)

# A place in both grid cells, whose border runs through it.
BORDER = "606000,5974000,611120,5979120"
WEST = "592000,5972000,594560,5974560"
MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "CRS": "EPSG:32632",
    "FORMAT": "image/png",
}
MAPS = [
    {"LAYERS": layer, "BBOX": box, "WIDTH": size, "HEIGHT": size, "CLOUDMASK": mask}
    for layer in ("S2_L2A_TRUE_COLOR", "S2_L2A_FALSE_COLOR", "S2_L2A_NDVI", "S2_L2A_SCL")
    for box, size in ((BORDER, "512"), (BORDER, "60"), (WEST, "256"))
    for mask in ("on", "off")
]

# Two neighbours of one date; the same and those of an older one, through clouds; one scene.
FRESH = [
    MAPS[1],
    MAPS[0] | {"LAYERS": "S2_L2A_NDVI"},
    MAPS[5] | {"LAYERS": "S2_L2A_FALSE_COLOR"},
]


@pytest.fixture(scope="module")
def endpoint(
    demo_products: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The endpoint of a store that holds the demo's products."""
    with serving_s3(tmp_path_factory.mktemp("s3") / "log") as endpoint:
        client = make_bucket(endpoint, BUCKET)
        for product in demo_products:
            for path in product.rglob("*.jp2"):
                key = f"{PREFIX}/{path.relative_to(product.parent).as_posix()}"
                client.upload_file(str(path), BUCKET, key)
        yield endpoint


@pytest.fixture(scope="module")
def moved(module_catalogue_url: str, demo_products: tuple[Path, ...]) -> Callable[[str], str]:
    """Moves a catalogue of the demo's products to another address; gives its URL."""
    run_command("ingest", *map(str, demo_products), SENTINEL_OWS_DATABASE_URL=module_catalogue_url)

    def move(address: str) -> str:
        with psycopg.connect(module_catalogue_url) as connection:
            connection.execute(MOVE, (address,))
        return module_catalogue_url

    return move


@contextmanager
def over_http(
    moved: Callable[[str], str], products: tuple[Path, ...], log: Path
) -> Iterator[tuple[Served, ArchiveServer]]:
    with (
        serving_files(products[0].parent) as server,
        serve(moved(f"{server.url}/"), log, SENTINEL_OWS_ARCHIVE_TRIES="2") as service,
    ):
        yield service, server


def picture(service: Served, request: dict[str, str]) -> bytes:
    reply = service.ows(MAP | request)
    assert reply.status == 200, reply.body
    assert reply.content_type == "image/png"
    assert "x-sentinel-ows-warning" not in reply.headers
    return reply.body


def test_maps_over_s3_are_those_of_local_files(
    demo_service: Served, moved: Callable[[str], str], endpoint: str, tmp_path: Path
) -> None:
    url = moved(f"s3://{BUCKET}/{PREFIX}/")
    with serve(
        url,
        tmp_path / "log",
        AWS_ENDPOINT_URL=endpoint,
        AWS_REGION=REGION,
        AWS_ACCESS_KEY_ID=KEY,
        AWS_SECRET_ACCESS_KEY=SECRET,
    ) as service:
        for request in MAPS:
            assert picture(service, request) == picture(demo_service, request), request


def test_a_signature_is_needed_and_given(
    moved: Callable[[str], str], endpoint: str, tmp_path: Path
) -> None:
    url = moved(f"s3://{BUCKET}/{PREFIX}/")
    with serve(
        url, tmp_path / "log", AWS_ENDPOINT_URL=endpoint, AWS_SKIP_SIGNATURE="true"
    ) as service:
        check_failure(service.ows(MAP | MAPS[0]), 502, "the archive does not let")


def check_failure(reply: Reply, status: int, message: str) -> None:
    assert reply.status == status
    text = reply.body.decode()
    assert "ServiceException" in text
    assert message in text
    assert "127.0.0.1" not in text


def test_maps_over_http_are_those_of_local_files_in_few_rounds(
    demo_service: Served,
    demo_products: tuple[Path, ...],
    moved: Callable[[str], str],
    tmp_path: Path,
) -> None:
    with serving_files(demo_products[0].parent) as server:
        url = moved(f"{server.url}/")
        with serve(url, tmp_path / "log") as service:
            # The files have moved: their indexes are made anew, once.
            for request in MAPS:
                assert picture(service, request) == picture(demo_service, request), request
        for request in FRESH:
            check_rounds(server, url, tmp_path / "other", request)


def check_rounds(server: ArchiveServer, url: str, log: Path, request: dict[str, str]) -> None:
    """Check that a map takes no more than a round for each of its scenes, two with a mask.

    Each time it is a new process that is asked, which knows nothing but what the catalogue holds.
    If it is slow to ask for all of a round, that seems to be more rounds than it is, never fewer:
    once is proof.
    """
    found = []
    for quiet in QUIET_SECONDS:
        with serve(url, log) as service:
            reply, rounds = count_rounds(server, partial(service.ows, MAP | request), quiet)
        assert reply.status == 200
        scenes = len(reply.headers["x-sentinel-ows-scenes"].split("; "))
        found.append((rounds, scenes))
        if 0 < rounds <= scenes * (2 if request["CLOUDMASK"] == "on" else 1):
            return
    raise AssertionError(f"(rounds, scenes) of {request}: {found}")


def count_rounds(
    server: ArchiveServer, ask: Callable[[], Reply], quiet: float
) -> tuple[Reply, int]:
    """Ask, answering the reads when none comes for ``quiet`` seconds; tell how often that was."""
    server.gather(sys.maxsize)
    rounds = 0
    with ThreadPoolExecutor(1) as caller:
        reply = caller.submit(ask)
        seen, since = 0, time.monotonic()
        while not reply.done():
            waiting = server.at_once
            if waiting != seen:
                seen, since = waiting, time.monotonic()
            elif waiting and time.monotonic() - since > quiet:
                rounds += 1
                server.release(hold_next=True)
            time.sleep(0.005)
    server.release()
    return reply.result(), rounds


def test_an_archive_that_fails_is_named_and_found_again(
    demo_service: Served,
    demo_products: tuple[Path, ...],
    moved: Callable[[str], str],
    tmp_path: Path,
) -> None:
    request = MAPS[0]
    with over_http(moved, demo_products, tmp_path / "log") as (service, server):
        for fault, status, message in (
            (Fault.SLOW_DOWN, 503, "allows no more reads for now"),
            (Fault.INTERNAL_ERROR, 502, "answered with status 500"),
            (Fault.RESET, 502, "cannot be reached"),
            (Fault.FORBIDDEN, 502, "does not let"),
        ):
            server.always = fault
            check_failure(service.ows(MAP | request), status, message)
        server.always = None
        assert picture(service, request) == picture(demo_service, request)
        # What clients are not told, see check_failure, is in the log.
        host = server.url.removeprefix("http://")
        told = {line["message"] for line in service.log_lines()}
        assert {f"{host}: SlowDown", f"{host}: Connection reset by peer"} <= told


def test_what_can_be_read_is_shown_with_a_warning(
    demo_products: tuple[Path, ...], moved: Callable[[str], str], tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    shutil.copytree(demo_products[0].parent, archive, copy_function=os.link)
    recent = sorted(archive.glob("S2B_*.SAFE"))
    for path in (path for product in recent for path in product.rglob("*_B04_10m.jp2")):
        path.unlink()
    with over_http(moved, tuple(recent), tmp_path / "log") as (service, _):
        reply = service.ows(
            MAP | {"LAYERS": "S2_L2A_NDVI", "BBOX": WEST, "WIDTH": "256", "HEIGHT": "256"}
        )
    assert reply.status == 200
    assert "B04_10m.jp2 is not in the archive" in reply.headers["x-sentinel-ows-warning"]
    assert "S2A_" in reply.headers["x-sentinel-ows-scenes"]


def test_a_scene_whose_black_may_be_water_is_left_out_with_a_warning_and_not_kept(
    demo_products: tuple[Path, ...], moved: Callable[[str], str], tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    shutil.copytree(demo_products[0].parent, archive, copy_function=os.link)
    (half_seen,) = archive.glob("S2A_*_T32UPE_*.SAFE")
    for band in ("SCL", "B02", "B03", "B04"):
        for path in half_seen.rglob(f"*_{band}_*.jp2"):
            path.unlink()
    # The edge of its swath, and some of its neighbour.
    request = {"LAYERS": "S2_L2A_TRUE_COLOR", "BBOX": "606000,5970000,618000,5982000"}
    size = {"WIDTH": "600", "HEIGHT": "600", "TIME": "2020-09-21", "CLOUDMASK": "off"}
    with over_http(moved, (half_seen,), tmp_path / "log") as (service, _):
        reply = service.ows(MAP | request | size)
    assert reply.status == 200
    assert re.match(
        rf"{half_seen.stem}: \w+_(SCL|B0[234])_\d0m\.jp2 is not in the archive",
        reply.headers["x-sentinel-ows-warning"],
    )
    assert "_T32UNE_" in reply.headers["x-sentinel-ows-scenes"]
    assert half_seen.stem not in reply.headers["x-sentinel-ows-scenes"]
    assert reply.headers["cache-control"] == "no-store"
