"""Answers that clients have already, that caches keep, that are compressed, and that are shared."""

import gzip
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import psycopg
import pytest
from serving import Reply, Served

MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "LAYERS": "S2_L2A_NDVI",
    "STYLES": "",
    "CRS": "EPSG:3857",
    "BBOX": "1170000,7152000,1175100,7158800",
    "WIDTH": "60",
    "HEIGHT": "80",
    "FORMAT": "image/png",
}
CAPABILITIES = {"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetCapabilities"}
ROUNDS = 10


def origin_of(service: Served, reply: Reply) -> str:
    """Where the service's log says that an answer comes from."""
    trace = reply.headers["traceresponse"].split("-")[1]
    (line,) = [line for line in service.log_lines() if line.get("trace_id") == trace]
    return str(line["origin"])


@pytest.mark.parametrize("asked", [MAP, CAPABILITIES], ids=["map", "capabilities"])
def test_what_a_client_has_is_not_sent_again(demo_service: Served, asked: dict[str, str]) -> None:
    first = demo_service.ows(asked)
    assert first.status == 200
    tag = first.headers["etag"]
    for method in ("GET", "HEAD"):
        again = demo_service.ows(asked, headers={"If-None-Match": tag}, method=method)
        assert again.status == 304
        assert again.body == b""
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == first.headers["cache-control"]
        assert origin_of(demo_service, again) == "held"
    other = demo_service.ows(asked, headers={"If-None-Match": 'W/"another"'})
    assert (other.status, other.body) == (200, first.body)
    assert origin_of(demo_service, other) == "made"


@pytest.mark.parametrize(
    ("changes", "cached"),
    [
        ({}, "public, max-age=60"),
        ({"TIME": "2025-05-10"}, "public, max-age=86400"),
        ({"TIME": "2025-05-10/.."}, "public, max-age=60"),
        ({"LAYERS": "GRID_CELLS"}, "public, max-age=60"),
        ({"TIME": "1999"}, "no-store"),
    ],
)
def test_caches_are_told_how_long_an_answer_holds(
    demo_service: Served, changes: dict[str, str], cached: str
) -> None:
    reply = demo_service.ows(MAP | changes)
    assert reply.headers["cache-control"] == cached


def test_another_question_has_another_tag(demo_service: Served) -> None:
    asked = [MAP, MAP | {"WIDTH": "61"}, MAP | {"CLOUDMASK": "on"}, MAP | {"TIME": "2025"}]
    tags = {demo_service.ows(each).headers["etag"] for each in asked}
    assert len(tags) == len(asked)
    # Nobody tells when what a plain layer shows changes.
    assert "etag" not in demo_service.ows(MAP | {"LAYERS": "GRID_CELLS"}).headers


def test_text_is_compressed_for_who_takes_it(demo_service: Served) -> None:
    plain = demo_service.ows(CAPABILITIES)
    assert "content-encoding" not in plain.headers
    packed = demo_service.ows(CAPABILITIES, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(packed.body) < len(plain.body) / 5
    assert gzip.decompress(packed.body) == plain.body
    for reply in (plain, packed):
        assert "Accept-Encoding" in reply.headers["vary"]
        assert reply.headers["etag"] == plain.headers["etag"]
    refused = demo_service.ows(CAPABILITIES, headers={"Accept-Encoding": "gzip;q=0"})
    assert refused.body == plain.body


def test_pictures_are_not_compressed_again(demo_service: Served) -> None:
    reply = demo_service.ows(MAP, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in reply.headers
    assert reply.body == demo_service.ows(MAP).body


def test_what_several_want_at_once_is_made_once(demo_service: Served, demo_catalogue: str) -> None:
    """The first is held back in its search; the longer it is, the surer the second has come."""
    for number in range(ROUNDS):
        path = f"/ows?{urlencode(MAP | {'WIDTH': str(70 + number)})}"
        with ThreadPoolExecutor(2) as clients:
            with psycopg.connect(demo_catalogue) as holding:
                holding.execute("LOCK TABLE scenes IN ACCESS EXCLUSIVE MODE")
                first = clients.submit(demo_service.ask, path)
                await_search(demo_catalogue)
                second = clients.submit(demo_service.ask, path)
                time.sleep(0.02 * 2**number)
            replies = [first.result(), second.result()]
        assert [reply.status for reply in replies] == [200, 200]
        assert replies[0].body == replies[1].body
        origins = [origin_of(demo_service, reply) for reply in replies]
        assert origins[0] == "made"
        if origins[1] == "shared":
            return
    pytest.fail("no request was answered together with another")


def await_search(url: str) -> None:
    """Wait until a search waits for the lock."""
    waiting = (
        "SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock' AND query LIKE '%search_scenes%'"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        while not connection.execute(waiting).fetchall():
            pass
