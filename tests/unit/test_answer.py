"""The request path with stand-ins: what each stage is asked, in which order, and when it stops."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from publications import COLLECTION
from request_path import make_scene
from traced_path import ADDRESS, Path

from function.answer import Answer
from function.errors import (
    CatalogueUnavailableError,
    DeadlineExceededError,
    InvalidTimeError,
    LimitExceededError,
    OwsError,
    UnknownLayerError,
)
from function.search import Search
from function.settings import Settings


@pytest.fixture
def path() -> Iterator[Path]:
    path = Path()
    yield path
    path.telemetry.close()


def test_a_map_goes_through_every_stage(path: Path) -> None:
    answer = path.answer({"CLOUDMASK": "on"})
    assert replace(answer, validity=None) == Answer("image/png", b"a picture", ("one", "two"), ())
    (search,) = path.catalogue.searches
    assert search[0] == COLLECTION
    assert search[1].shape == (3, 4)
    assert search[2] == Search()
    assert path.reader.reads == [("TRUE_COLOUR", ("one", "two"), True)]
    ((parameters, rasters, address),) = path.renderer.asked
    assert parameters["BBOX"] == "0.0,0.0,400.0,300.0"
    assert rasters["TRUE_COLOUR"].bands.tolist() == [[[2] * 4] * 3]
    assert address == ADDRESS
    assert [span.name for span in path.spans()] == ["parse", "search", "search", "read", "render"]
    figures = {span.name: dict(span.attributes or {}) for span in path.spans()}
    assert figures["parse"]["sentinel_ows.pixels"] == 12
    assert figures["search"]["sentinel_ows.scenes"] == 2
    assert figures["read"]["sentinel_ows.scenes"] == 2
    assert figures["render"]["sentinel_ows.bytes"] == 9
    remaining = figures["render"]["sentinel_ows.remaining_ms"]
    assert isinstance(remaining, int)
    assert 0 < remaining < 60_000


def test_what_needs_no_pixels_is_not_read(path: Path) -> None:
    assert path.answer({"REQUEST": "GetCapabilities"}).scenes == ()
    path.answer({"LAYERS": "outlines"})
    assert path.catalogue.searches == []
    assert path.reader.reads == []
    assert [rasters for _, rasters, _ in path.renderer.asked] == [{}, {}]


def test_layers_that_ask_the_same_share_one_search(path: Path) -> None:
    answer = path.answer({"LAYERS": "VEGETATION,RADAR,outlines,TRUE_COLOUR", "STYLES": ""})
    assert [search[0] for search in path.catalogue.searches] == [COLLECTION, "sentinel-1-grd"]
    assert [name for name, _, _ in path.reader.reads] == ["VEGETATION", "RADAR", "TRUE_COLOUR"]
    assert [masked for _, _, masked in path.reader.reads] == [True, False, False]
    assert answer.scenes == ("one", "two")
    assert path.renderer.asked[0][1].keys() == {"VEGETATION", "RADAR", "TRUE_COLOUR"}


@pytest.mark.parametrize(
    ("layers", "coverings"),
    [("TRUE_COLOUR", 2), ("VEGETATION", None), ("TRUE_COLOUR,VEGETATION", None)],
)
def test_what_lies_below_is_searched_where_a_mask_may_show_it(
    path: Path, layers: str, coverings: int | None
) -> None:
    path.answer({"LAYERS": layers, "STYLES": ""})
    ((_, _, search, _),) = path.catalogue.searches
    assert search == Search(coverings=coverings)


def test_a_composite_is_made_of_all_scenes(path: Path) -> None:
    path.catalogue.scenes = tuple(make_scene(str(number)) for number in range(70))
    path.answer({"LAYERS": "TRUE_COLOUR,LAND", "STYLES": ",", "COMPOSITE": "median"})
    assert [search.coverings for _, _, search, _ in path.catalogue.searches] == [None, 2]
    assert [len(names) for _, names, _ in path.reader.reads] == [70, 64]


def test_a_composite_of_too_much_is_refused_with_its_number(path: Path) -> None:
    path.settings = Settings(max_composite_scenes=9, max_composite_pixels=25)
    path.catalogue.scenes = tuple(make_scene(str(number)) for number in range(10))
    with pytest.raises(LimitExceededError, match="would take 10 scenes or more, at most 9"):
        path.answer({"COMPOSITE": "mean"})
    path.catalogue.scenes = path.catalogue.scenes[:3]
    with pytest.raises(LimitExceededError, match="3 scenes of 4 x 3 pixels, 36 in all, at most 25"):
        path.answer({"COMPOSITE": "mean"})
    assert path.reader.reads == []
    path.catalogue.scenes = path.catalogue.scenes[:2]
    path.answer({"COMPOSITE": "mean"})
    path.catalogue.scenes = path.catalogue.scenes * 5
    path.answer({"COMPOSITE": "first"})


@pytest.mark.parametrize(
    "time",
    [
        "2026-05-01",
        "2026-06-30T10:30:15Z",
        "2026-05-15",
        "2025/2027",
        "2026-06-30/",
        "/2026-05-01",
        "2030,2026-06",
        "current",
    ],
)
def test_a_time_that_meets_the_extent_is_answered(path: Path, time: str) -> None:
    assert path.answer({"TIME": time}).scenes == ("one", "two")


@pytest.mark.parametrize(
    "time",
    [
        "2026-04-30",
        "2026-07-01",
        "2026-06-30T10:30:16Z/",
        "/2026-05-01T10:30:14Z",
        "2025,2027",
    ],
)
def test_a_time_outside_the_extent_is_refused_with_the_extent(path: Path, time: str) -> None:
    with pytest.raises(InvalidTimeError, match="2026-05-01T10:30:15Z/2026-06-30T10:30:15Z"):
        path.answer({"TIME": time})
    assert path.catalogue.searches == []


def test_a_collection_without_scenes_has_no_time_to_lie_outside_of(path: Path) -> None:
    path.catalogue.scenes = ()
    assert path.answer({"LAYERS": "RADAR", "TIME": "1999"}).scenes == ()


def test_an_unreadable_scene_is_a_warning_where_another_gives_pixels(path: Path) -> None:
    path.reader.warnings = ("B04 of one cannot be read",)
    path.reader.used = lambda scenes: scenes[1:]
    answer = path.answer()
    assert answer.scenes == ("two",)
    assert answer.warnings == ("B04 of one cannot be read",)
    (read,) = [span for span in path.spans() if span.name == "read"]
    assert [event.name for event in read.events] == ["warning"]


def test_scenes_beyond_the_limit_are_told_where_pixels_are_missing(path: Path) -> None:
    path.settings = replace(Settings(), max_scenes=3)
    path.catalogue.scenes = tuple(make_scene(str(number)) for number in range(9))
    assert path.answer().warnings == ()
    path.reader.filled = False
    answer = path.answer()
    assert answer.scenes == ("0", "1", "2")
    assert ["best 3 scenes" in warning for warning in answer.warnings] == [True]
    path.catalogue.scenes = path.catalogue.scenes[:3]
    assert path.answer().warnings == ()


def test_a_wrong_request_goes_no_further(path: Path) -> None:
    with pytest.raises(UnknownLayerError):
        path.answer({"LAYERS": "nothing"})
    assert [span.name for span in path.spans()] == ["parse"]
    assert path.catalogue.states_asked == 0


def test_a_catalogue_that_is_away_ends_the_request(path: Path) -> None:
    path.catalogue.failure = CatalogueUnavailableError("away")
    with pytest.raises(CatalogueUnavailableError):
        path.answer()
    assert path.reader.reads == []
    parse, search = path.spans()
    assert (parse.name, search.name) == ("parse", "search")
    assert [event.name for event in search.events] == ["exception"]


def test_capabilities_have_a_search(path: Path) -> None:
    path.answer({"REQUEST": "GetCapabilities"})
    assert [span.name for span in path.spans()] == ["parse", "search", "render"]


@pytest.mark.parametrize(
    "changes",
    [
        {"REQUEST": "GetLegendGraphic", "LAYER": "TRUE_COLOUR"},
        {"REQUEST": "GetStyles"},
        {"REQUEST": "DescribeLayer"},
    ],
)
def test_what_is_of_the_mapfile_alone_is_told_while_the_catalogue_is_away(
    path: Path, changes: dict[str, str]
) -> None:
    path.catalogue.failure = CatalogueUnavailableError("away")
    answer = path.answer(changes)
    assert answer.body == b"a picture"
    assert [span.name for span in path.spans()] == ["parse", "render"]


@pytest.mark.parametrize(
    ("changes", "service", "operation"),
    [
        ({"LAYERS": "nothing"}, "WMS", "GetMap"),
        ({"map": "/etc/passwd"}, "WMS", "GetMap"),
        ({"VERSION": "one"}, "WMS", "GetMap"),
        ({"REQUEST": "getlegendgraphic"}, "WMS", "GetLegendGraphic"),
        ({"REQUEST": "GetTea"}, None, None),
        ({"SERVICE": "WFS"}, None, None),
    ],
)
def test_a_wrong_request_is_counted_as_what_it_asks_for(
    path: Path, changes: dict[str, str], service: str | None, operation: str | None
) -> None:
    with pytest.raises(OwsError):
        path.answer(changes)
    (root,) = [span for span in path.exporter.get_finished_spans() if span.name == "GET"]
    attributes = dict(root.attributes or {})
    assert attributes.get("sentinel_ows.service") == service
    assert attributes.get("sentinel_ows.operation") == operation


def test_a_deadline_that_has_passed_stops_the_work(path: Path) -> None:
    with pytest.raises(DeadlineExceededError, match="parse"):
        path.answer(seconds=0)
    assert path.catalogue.searches == []
