"""Scenes that cover others and cannot be read: what lies below is searched for, and only then."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from publications import PUBLICATION
from request_path import make_scene
from traced_path import Path

from function.errors import (
    ArchiveDeniedError,
    ArchiveThrottledError,
    ArchiveUnavailableError,
    CatalogueUnavailableError,
    DeadlineExceededError,
    OwsError,
    SceneUnreadableError,
)
from function.raster import Raster, ReadCounts
from function.settings import Settings

BROKEN = SceneUnreadableError("the scene has no B08")
AWAY = ArchiveUnavailableError("the archive does not answer")
NAMES = ("0", "1", "2", "3", "4", "5")
POINT = {
    "REQUEST": "GetFeatureInfo",
    "QUERY_LAYERS": "TRUE_COLOUR",
    "INFO_FORMAT": "application/json",
    "I": "1",
    "J": "2",
}
COVERAGE = {
    "SERVICE": "WCS",
    "VERSION": "1.0.0",
    "REQUEST": "GetCoverage",
    "COVERAGE": "LAND",
    "CRS": "EPSG:3857",
    "FORMAT": "GeoTIFF",
}


@pytest.fixture
def path() -> Iterator[Path]:
    """Six scenes, each of which covers all; the first two cannot be read."""
    path = Path()
    path.catalogue.scenes = tuple(map(make_scene, NAMES))
    path.catalogue.covering = True
    path.reader.broken = path.pixels.broken = {"0": BROKEN, "1": BROKEN}
    path.renderer.publication = replace(
        PUBLICATION, queryable=frozenset({"TRUE_COLOUR"}), coverages=("LAND",)
    )
    yield path
    path.telemetry.close()


def coverings(path: Path) -> list[int | None]:
    """What was searched for."""
    return [search.coverings for _, _, search, _ in path.catalogue.searches]


def scenes_read(path: Path) -> list[tuple[str, ...]]:
    return [names for _, names, _ in path.reader.reads]


def test_the_rest_of_a_map_is_filled_from_below(path: Path) -> None:
    answer = path.answer()
    assert answer.scenes == ("2", "3", "4", "5")
    assert answer.warnings == ("0: the scene has no B08", "1: the scene has no B08")
    assert answer.validity is None
    assert coverings(path) == [2, None]
    assert scenes_read(path) == [("0", "1"), ("2", "3", "4", "5")]
    before, upper = path.reader.upon
    assert before is None
    assert isinstance(upper, Raster)
    assert not upper.valid.any()
    names = [span.name for span in path.spans()]
    assert names == ["parse", "search", "search", "read", "search", "read", "render"]
    events = [[event.name for event in span.events] for span in path.spans() if span.name == "read"]
    assert events == [["warning", "warning"], []]


@pytest.mark.parametrize("broken", [{}, {"0": BROKEN}, {"0": AWAY}])
def test_a_map_that_is_filled_takes_one_search(
    path: Path, broken: dict[str, SceneUnreadableError]
) -> None:
    path.reader.broken = broken
    path.answer()
    assert coverings(path) == [2]
    assert scenes_read(path) == [("0", "1")]


def test_an_empty_map_that_all_scenes_were_read_for_takes_one_search(path: Path) -> None:
    path.reader.broken = {}
    path.reader.filled = False
    path.answer()
    assert coverings(path) == [2]


@pytest.mark.parametrize("changes", [{"SCENE": "0"}, {"COMPOSITE": "mean"}])
def test_where_nothing_was_left_out_nothing_is_searched_below(
    path: Path, changes: dict[str, str]
) -> None:
    path.reader.broken = dict.fromkeys(NAMES, BROKEN)
    with pytest.raises(SceneUnreadableError, match="none of 6 scenes of layer TRUE_COLOUR could"):
        path.answer(changes)
    assert len(path.catalogue.searches) == 1


def test_what_a_mask_shows_was_searched_for_at_once(path: Path) -> None:
    path.answer({"LAYERS": "MASKED", "CLOUDMASK": "on"})
    assert coverings(path) == [None]


def test_layers_that_ask_the_same_share_the_search_below(path: Path) -> None:
    path.answer({"LAYERS": "TRUE_COLOUR,LAND", "STYLES": ","})
    assert coverings(path) == [2, None]
    assert scenes_read(path) == [NAMES[:2], NAMES[:2], NAMES[2:], NAMES[2:]]


def test_the_limit_of_scenes_holds_below_too(path: Path) -> None:
    path.settings = Settings(max_scenes=4)
    path.reader.broken = dict.fromkeys(NAMES[:3], BROKEN)
    assert path.answer().scenes == ("3",)
    path.reader.broken = dict.fromkeys(NAMES[:3], BROKEN)
    path.reader.filled = False
    warnings = path.answer().warnings
    assert ["best 4 scenes" in warning for warning in warnings] == [False, False, False, True]


def test_where_none_can_be_read_it_is_told_of_how_many(path: Path) -> None:
    path.reader.broken = dict.fromkeys(NAMES, BROKEN)
    with pytest.raises(SceneUnreadableError, match=r"none of 6 scenes .* first: 0: the scene"):
        path.answer()
    assert scenes_read(path) == [("0", "1"), ("2", "3", "4", "5")]
    assert [span.name for span in path.spans()][-1] == "read"


def test_an_archive_that_is_away_is_not_asked_for_more(path: Path) -> None:
    """Nor is one that throttles or denies access: other scenes would fail in the same way."""
    throttled = ArchiveThrottledError("the archive asks for fewer reads")
    path.reader.broken = {"0": throttled, "1": AWAY}
    with pytest.raises(SceneUnreadableError, match="none of 2 scenes"):
        path.answer()
    path.reader.broken = {"0": throttled, "1": throttled}
    with pytest.raises(ArchiveThrottledError, match="none of 2 scenes"):
        path.answer()
    assert coverings(path) == [2, 2]
    denied = ArchiveDeniedError("there are no credentials to read it with")
    path.reader.broken = dict.fromkeys(NAMES, denied)
    with pytest.raises(ArchiveDeniedError, match="none of 2 scenes"):
        path.answer()
    assert coverings(path) == [2, 2, 2]
    path.reader.broken = {"0": throttled, "1": BROKEN}
    assert path.answer().scenes == ("2", "3", "4", "5")


def test_a_pixel_is_told_of_by_the_scene_below(path: Path) -> None:
    answer = path.answer(POINT)
    assert answer.scenes == ("2",)
    assert answer.warnings == ("0: the scene has no B08", "1: the scene has no B08")
    assert isinstance(answer.body, bytes)
    (feature,) = json.loads(answer.body)["features"]
    assert feature["properties"]["value"] == 0.25
    assert coverings(path) == [2, None]
    path.pixels.broken = dict.fromkeys(NAMES, BROKEN)
    with pytest.raises(SceneUnreadableError, match="none of 6 scenes"):
        path.answer(POINT)


LATE = (
    "layer TRUE_COLOUR may lack what lies below scenes that could not be read: time ran out",
    "layer LAND may lack what lies below scenes that could not be read: time ran out",
)
FAILURES = [CatalogueUnavailableError("it is gone"), DeadlineExceededError("it took too long")]


def test_what_is_drawn_is_sent_where_time_runs_out_below(path: Path) -> None:
    """So what lies below is given no more than half of the time."""
    path.reader.broken = {"0": BROKEN}
    path.reader.filled = False
    path.reader.slow = frozenset({"3"})
    answer = path.answer({"LAYERS": "TRUE_COLOUR,LAND", "STYLES": ","})
    assert answer.scenes == ("1", "2")
    assert answer.warnings == ("0: the scene has no B08", *LATE)
    assert answer.validity is None
    events = [len(span.events) for span in path.spans() if span.name == "read"]
    assert events == [2, 2]
    searched = [deadline.moment for deadline in path.catalogue.deadlines]
    read = [deadline.moment for deadline in path.reader.deadlines]
    assert read[0] == read[1] == searched[0]
    assert all(moment < searched[0] for moment in (searched[1], *read[2:]))


@pytest.mark.parametrize("failure", FAILURES)
def test_what_is_drawn_is_sent_where_nothing_can_be_searched_below(
    path: Path, failure: OwsError
) -> None:
    path.reader.broken = {"0": BROKEN}
    path.reader.filled = False
    path.catalogue.failure_below = failure
    answer = path.answer()
    assert answer.scenes == ("1",)
    assert answer.warnings == (
        "0: the scene has no B08",
        LATE[0].replace("time ran out", str(failure)),
    )
    assert answer.validity is None
    assert scenes_read(path) == [("0", "1")]
    assert "sentinel_ows_warnings_total{} 2" in path.telemetry.metrics_text()


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("changes", [{}, POINT])
def test_where_nothing_is_drawn_it_is_told_what_failed_below(
    path: Path, failure: OwsError, changes: dict[str, str]
) -> None:
    path.catalogue.failure_below = failure
    with pytest.raises(type(failure), match=str(failure)):
        path.answer(changes)


def test_a_layer_without_a_pixel_is_not_left_out(path: Path) -> None:
    path.reader.broken = {"0": BROKEN}
    path.reader.filled = False
    gives = iter([True, False])
    path.reader.used = lambda scenes: scenes if next(gives) else ()
    path.catalogue.failure_below = FAILURES[0]
    with pytest.raises(CatalogueUnavailableError):
        path.answer({"LAYERS": "TRUE_COLOUR,LAND", "STYLES": ","})


@pytest.mark.parametrize("changes", [{}, POINT])
@pytest.mark.parametrize("slow", ["0", "3"])
def test_what_was_read_until_time_ran_out_is_counted(
    path: Path, changes: dict[str, str], slow: str
) -> None:
    path.reader.broken = path.pixels.broken = {"0": BROKEN, "1": BROKEN, "2": BROKEN}
    path.reader.slow = path.pixels.slow = frozenset({slow})
    path.reader.counts = path.pixels.counts = ReadCounts(fetches=5, retries=2)
    with pytest.raises(DeadlineExceededError, match="stage read"):
        path.answer(changes)
    reads = 1 if slow == "0" else 2
    assert f"sentinel_ows_archive_reads_total{{}} {5 * reads}\n" in path.telemetry.metrics_text()
    assert f"sentinel_ows_archive_retries_total{{}} {2 * reads}\n" in path.telemetry.metrics_text()
    assert {deadline.moment for deadline in path.reader.deadlines} <= {
        deadline.moment for deadline in path.catalogue.deadlines
    }
    assert len({deadline.moment for deadline in path.catalogue.deadlines}) == 1


def test_a_coverage_has_what_was_read_in_time(path: Path) -> None:
    path.reader.broken = {"0": BROKEN}
    path.reader.filled = False
    path.reader.slow = frozenset({"3"})
    answer = path.answer(COVERAGE | {"BBOX": "0,0,400,300", "WIDTH": "4", "HEIGHT": "3"})
    assert answer.warnings == ("0: the scene has no B08", LATE[1])
    assert not isinstance(answer.body, bytes)
    with answer.body.file as file:
        assert file.read() == f"LAND {list(NAMES)} {('1', '2')}".encode()


def test_a_coverage_names_the_scenes_below(path: Path) -> None:
    size = {"BBOX": "0,0,400,300", "WIDTH": "4", "HEIGHT": "3"}
    answer = path.answer(COVERAGE | size)
    assert not isinstance(answer.body, bytes)
    with answer.body.file as file:
        assert file.read() == f"LAND {list(NAMES)} {NAMES[2:]}".encode()
