"""Item searches as sent, by GET and POST."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.errors import InvalidParameterError, LimitExceededError, OwsError
from function.item_search import ItemSearch, PagePosition
from function.parse.stac.area import MAX_POSITIONS, read_bbox, read_geometry
from function.parse.stac.moments import read_moments
from function.parse.stac.request import (
    MAX_NAMES,
    check_plain,
    read_get_search,
    read_item,
    read_items,
    read_post_search,
)
from function.parse.stac.token import read_token, write_token


def moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


POINT = "%7B%22type%22:%22Point%22,%22coordinates%22:[1,2]%7D"
BOX = read_bbox([1, 2, 3, 4])
WHOLE = ItemSearch(
    limit=5,
    collections=("a", "b"),
    names=("one", "two"),
    area=BOX,
    first=moment(2026, 6, 1),
    last=None,
    after=PagePosition(moment(2026, 6, 2, 10, 30, 15, 24_000), "one"),
)
TOKEN = write_token(WHOLE.after) if WHOLE.after else ""
QUERY = {
    "limit": "5", "collections": "a,b", "ids": "one,two", "bbox": "1,2,3,4",
    "datetime": "2026-06-01T00:00:00Z/..", "token": TOKEN,
}  # fmt: skip
DOCUMENT = {
    "limit": 5, "collections": ["a", "b"], "ids": ["one", "two"], "bbox": [1, 2, 3, 4],
    "datetime": "2026-06-01T00:00:00Z/..", "token": TOKEN, "intersects": None,
}  # fmt: skip


def test_get_and_post_ask_the_same() -> None:
    got = read_get_search(urlencode(QUERY))
    posted = read_post_search(orjson.dumps(DOCUMENT))
    assert got.search == posted.search == WHOLE
    assert dict(got.parameters) == {key: QUERY[key] for key in QUERY if key != "token"}
    assert posted.document is not None
    assert orjson.loads(posted.document) == {
        key: value for key, value in DOCUMENT.items() if key not in {"token", "intersects"}
    }


@pytest.mark.parametrize("query", ["", "limit=&bbox=&ids=&f=json"])
def test_nothing_said_narrows_nothing(query: str) -> None:
    assert read_get_search(query).search == ItemSearch(limit=10)
    assert read_post_search(b"").search == ItemSearch(limit=10)
    assert read_post_search(b'{"ids": [], "bbox": null}').search == ItemSearch(limit=10)


def test_a_limit_beyond_the_most_is_the_most() -> None:
    assert read_get_search("limit=10000").search.limit == 100
    assert read_post_search(b'{"limit": 101}').search.limit == 100


def test_the_items_of_a_collection_are_of_it_alone() -> None:
    assert read_items("", "a").search.collections == ("a",)
    assert read_items("collections=b,a", "a").search.collections == ("a",)
    assert read_items("collections=b", "a").search.collections == ()
    assert read_item("", "a", "one").search == ItemSearch(1, ("a",), ("one",))


def test_what_no_text_of_the_database_holds_names_nothing() -> None:
    assert read_item("", "a", "o\0ne").search.names == ()
    assert read_post_search(orjson.dumps({"ids": ["\0", "one"]})).search.names == ("one",)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("sortby=datetime", "sortby is not a parameter"),
        ("filter=a", "filter is not a parameter"),
        ("limit=0", "whole number"),
        ("limit=-3", "whole number"),
        ("limit=many", "whole number"),
        ("limit=1&limit=2", "more than once"),
        ("bbox=1,2,3", "3 numbers"),
        ("bbox=1,2,3,4,5", "5 numbers"),
        ("bbox=1,2,3,x", "four or six numbers"),
        ("bbox=1,2,3,nan", "four or six numbers"),
        ("bbox=1,2,3,1e999", "list of numbers"),
        ("bbox=1,5,3,4", "south above"),
        ("bbox=1,2,3,91", "leaves the Earth"),
        ("bbox=-181,2,3,4", "leaves the Earth"),
        ("intersects=%7B", "not JSON"),
        ("intersects=5", "not a GeoJSON geometry"),
        (f"bbox=1,2,3,4&intersects={POINT}", "together"),
        ("datetime=2026-06", "RFC 3339"),
        ("datetime=/", "RFC 3339"),
        ("datetime=../..", "RFC 3339"),
        ("datetime=2026-06-01T00:00:00Z/2026-05-01T00:00:00Z", "ends before"),
        ("datetime=2026-02-30T00:00:00Z", "calendar"),
        ("token=nonsense", "token"),
        ("token=%C3%A9", "token"),
        ("f=xml", "f=xml"),
    ],
)
def test_what_cannot_be_read_is_told(query: str, message: str) -> None:
    with pytest.raises(OwsError, match=message):
        read_get_search(query)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"\xff", "not JSON"),
        (b"[" * 5000, "not JSON"),
        (b'{"query": {}}', "query is not a parameter"),
        (b'{"limit": "5"}', "whole number"),
        (b'{"limit": true}', "whole number"),
        (b'{"limit": 1.5}', "whole number"),
        (b'{"ids": "one"}', "list of texts"),
        (b'{"ids": [1]}', "list of texts"),
        (b'{"collections": {}}', "list of texts"),
        (b'{"bbox": "1,2,3,4"}', "list of numbers"),
        (b'{"bbox": [1, 2, 3, true]}', "list of numbers"),
        (b'{"datetime": 5}', "not a text"),
        (b'{"token": 5}', "token"),
    ],
)
def test_what_cannot_be_read_of_a_document_is_told(body: bytes, message: str) -> None:
    with pytest.raises(OwsError, match=message):
        read_post_search(body)


def test_too_many_names_are_refused() -> None:
    with pytest.raises(LimitExceededError, match=str(MAX_NAMES)):
        read_post_search(orjson.dumps({"ids": ["a"] * (MAX_NAMES + 1)}))


def test_a_resource_without_parameters_takes_none_but_the_format() -> None:
    check_plain("f=json")
    with pytest.raises(OwsError, match="limit"):
        check_plain("limit=1")


@given(
    st.one_of(st.binary(), st.text().map(str.encode), st.binary().map(lambda b: b'{"bbox":' + b))
)
def test_any_body_is_read_or_refused(body: bytes) -> None:
    try:
        stated = read_post_search(body)
    except OwsError:
        return
    assert 1 <= stated.search.limit <= 100


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers(-500, 500) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "coordinates", "geometries"]),
            inner | st.sampled_from(["Point", "Polygon", "MultiPolygon", "GeometryCollection"]),
        )
    ),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_any_value_is_a_geometry_or_refused(value: Any) -> None:
    try:
        written = orjson.loads(read_geometry(value))
    except OwsError:
        return
    assert written["type"] == value["type"]


SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        ({"type": "Circle", "coordinates": [0, 0]}, "not a GeoJSON geometry"),
        ({"type": "Point", "coordinates": [0]}, "two or three"),
        ({"type": "Point", "coordinates": [0, 0, 0, 0]}, "two or three"),
        ({"type": "Point", "coordinates": ["0", "0"]}, "two or three"),
        ({"type": "Point", "coordinates": [181, 0]}, "leaves the Earth"),
        ({"type": "Point"}, "no list"),
        ({"type": "LineString", "coordinates": [[0, 0]]}, "fewer than 2"),
        ({"type": "Polygon", "coordinates": [SQUARE[:3]]}, "fewer than 4"),
        ({"type": "Polygon", "coordinates": [SQUARE[:4]]}, "not closed"),
        ({"type": "Polygon", "coordinates": []}, "no list"),
        ({"type": "Feature", "geometry": {}}, "not a GeoJSON geometry"),
        ({"type": "GeometryCollection", "geometries": []}, "no list of geometries"),
        (
            {
                "type": "GeometryCollection",
                "geometries": [{"type": "GeometryCollection", "geometries": []}],
            },
            "not a GeoJSON geometry",
        ),
    ],
)
def test_what_is_no_geometry_is_told(geometry: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        read_geometry(geometry)


def test_a_geometry_is_written_without_heights_and_strangers() -> None:
    given_geometry = {"type": "Point", "coordinates": [1, 2, 300], "crs": "anything"}
    assert orjson.loads(read_geometry(given_geometry)) == {"type": "Point", "coordinates": [1, 2]}


def test_positions_are_counted_in_all() -> None:
    points = {"type": "MultiPoint", "coordinates": [[0, 0]] * (MAX_POSITIONS // 2)}
    read_geometry({"type": "GeometryCollection", "geometries": [points, points]})
    with pytest.raises(LimitExceededError, match=str(MAX_POSITIONS)):
        read_geometry({"type": "GeometryCollection", "geometries": [points, points, points]})


@pytest.mark.parametrize(
    ("box", "spans"),
    [
        ([1, 2, 3, 4], [(1, 2, 3, 4)]),
        ([1, 2, -100, 3, 4, 9000], [(1, 2, 3, 4)]),
        ([170, -20, -170, -10], [(170, -20, 180, -10), (-180, -20, -170, -10)]),
        ([-180, -90, 180, 90], [(-180, -90, 180, 90)]),
    ],
)
def test_a_box_is_its_parts(
    box: list[float], spans: list[tuple[float, float, float, float]]
) -> None:
    parts = orjson.loads(read_bbox(box))["coordinates"]
    assert [(*part[0][0], *part[0][2]) for part in parts] == spans


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-06-01T10:30:15Z", moment(2026, 6, 1, 10, 30, 15), moment(2026, 6, 1, 10, 30, 15)),
        ("2026-06-01T10:30:15.024z/..", moment(2026, 6, 1, 10, 30, 15, 24_000), None),
        ("2026-06-01t10:30:15+02:30/", moment(2026, 6, 1, 8, 0, 15), None),
        ("../2026-06-01T10:30:15-02:30", None, moment(2026, 6, 1, 13, 0, 15)),
        ("/2026-06-01T10:30:15.1234567Z", None, moment(2026, 6, 1, 10, 30, 15, 123_456)),
        ("2016-12-31T23:59:60Z/..", moment(2017, 1, 1), None),
    ],
)
def test_moments_of_rfc_3339(text: str, first: datetime | None, last: datetime | None) -> None:
    assert read_moments(text) == (first, last)


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
        min_size=1,
        max_size=100,
    ),
)
def test_a_token_is_read_as_it_was_written(acquired: datetime, name: str) -> None:
    position = PagePosition(acquired, name)
    assert read_token(write_token(position)) == position


@given(st.text())
def test_any_token_is_read_or_refused(text: str) -> None:
    try:
        position = read_token(text)
    except InvalidParameterError:
        return
    assert position.acquired.tzinfo


def test_a_moment_is_kept_to_the_microsecond() -> None:
    start, end = read_moments("2026-06-01T00:00:00.000001Z/2026-06-01T00:00:00.000002Z")
    assert start
    assert end
    assert end - start == timedelta(microseconds=1)
