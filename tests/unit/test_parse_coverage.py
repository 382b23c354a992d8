"""GetCoverage as it is read: the area, and documents that take too long to read."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from publications import COLLECTION, PUBLICATION

from function.errors import InvalidParameterError, InvalidSubsettingError
from function.grid import Grid
from function.parse.coverage.query import CoverageRequest
from function.parse.coverage.xml_request import MOST_ELEMENTS, read_xml
from function.parse.request import read_opening, read_query
from function.search import CollectionExtent
from function.settings import Settings

OFFERING = replace(
    PUBLICATION,
    coverages=("VEGETATION",),
    crs_codes=PUBLICATION.crs_codes | {"EPSG:32601", "EPSG:32660"},
)


def read_grid(*pairs: tuple[str, str], version: str = "2.0.1") -> Grid:
    name = {"1.0.0": "COVERAGE"}.get(version, "COVERAGEID")
    opening = (("SERVICE", "WCS"), ("VERSION", version), ("REQUEST", "GetCoverage"))
    asked = read_opening((*opening, (name, "VEGETATION"), *pairs))
    query = read_query(asked, OFFERING, Settings())
    assert isinstance(query, CoverageRequest)
    return query.grid


def read_open(
    *pairs: tuple[str, str], extents: Mapping[str, CollectionExtent] = MappingProxyType({})
) -> Grid:
    """The grid of a request of WCS 2.0 of which the sides may be open."""
    opening = (("SERVICE", "WCS"), ("VERSION", "2.0.1"), ("REQUEST", "GetCoverage"))
    asked = read_opening((*opening, ("COVERAGEID", "VEGETATION"), *pairs))
    query = read_query(asked, OFFERING, Settings(), lambda: extents)
    assert isinstance(query, CoverageRequest)
    return query.grid


def cut(east: str, north: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("SUBSET", f"x{east}"), ("SUBSET", f"y{north}")


@pytest.mark.parametrize("target", ["EPSG:3857", "EPSG:32660"])
@pytest.mark.parametrize("version", ["1.0.0", "2.0.1"])
def test_an_area_across_the_antimeridian_goes_where_that_is_no_edge(
    target: str, version: str
) -> None:
    keys = {
        "1.0.0": [
            ("CRS", "EPSG:4326"),
            ("BBOX", "179.9,50,180.1,50.1"),
            ("RESPONSE_CRS", target),
            ("WIDTH", "20"),
            ("HEIGHT", "20"),
        ],
        "2.0.1": [
            *cut("(179.9,180.1)", "(50,50.1)"),
            ("OUTPUTCRS", target),
            ("SCALESIZE", "x(20),y(20)"),
        ],
    }[version]
    if target == "EPSG:3857":
        with pytest.raises(InvalidSubsettingError, match="antimeridian"):
            read_grid(*keys, version=version)
        return
    west, _, east, _ = read_grid(*keys, version=version).bounds
    # 0.2 degrees at 50 degrees north, and what its corners stand out by.
    assert 14_300 < east - west < 14_900


def test_an_area_of_utm_across_the_antimeridian_is_none_of_mercator() -> None:
    # The zone begins at 180 degrees, here some 212 km west of its middle meridian.
    keys = (*cut("(280000,295000)", "(5600000,5610000)"), ("SUBSETTINGCRS", "EPSG:32601"))
    with pytest.raises(InvalidSubsettingError, match="antimeridian"):
        read_grid(*keys, ("OUTPUTCRS", "EPSG:3857"), ("SCALESIZE", "x(20),y(20)"))


def test_the_whole_world_crosses_nothing() -> None:
    keys = (*cut("(-180,180)", "(-80,80)"), ("OUTPUTCRS", "EPSG:3857"))
    west, _, east, _ = read_grid(*keys, ("SCALESIZE", "x(20),y(20)")).bounds
    assert east == -west == pytest.approx(20_037_508.34, abs=1)


def test_an_area_lies_in_one_reference_system() -> None:
    mixed = cut(",EPSG:32629(500000,500100)", ",EPSG:4326(53.9,53.905)")
    with pytest.raises(InvalidSubsettingError, match=r"EPSG:32629 and in EPSG:4326"):
        read_grid(*mixed)
    same = cut(",EPSG:32629(500000,500100)", ",EPSG:32629(5900000,5900050)")
    assert read_grid(*same).shape == (5, 10)
    assert read_grid(*same, ("SUBSETTINGCRS", "EPSG:32629")).shape == (5, 10)
    with pytest.raises(InvalidSubsettingError, match="use one CRS"):
        read_grid(*same, ("SUBSETTINGCRS", "EPSG:4326"))


def test_no_pixel_is_larger_than_the_earth() -> None:
    area = cut("(10.5,10.51)", "(53.9,53.905)")
    with pytest.raises(InvalidSubsettingError, match="larger than the Earth"):
        read_grid(*area, ("SCALEFACTOR", "1e-300"))


@pytest.mark.parametrize("element", ["DimensionTrim", "RangeItem", "ScaleAxis", "TimePeriod"])
def test_a_document_of_many_elements_is_refused_at_once(element: str) -> None:
    depth = 250
    leaves = (64_000 - depth * (2 * len(element) + 5)) // 4
    body = f"<{element}>" * depth + "<a/>" * leaves + f"</{element}>" * depth
    document = f'<GetCoverage service="WCS" version="2.0.1">{body}</GetCoverage>'
    with pytest.raises(InvalidParameterError, match=f"at most {MOST_ELEMENTS}"):
        read_xml(document.encode())


def test_as_many_elements_as_may_be_are_read() -> None:
    bands = "".join(
        f"<RangeItem><RangeComponent>B{number:02}</RangeComponent></RangeItem>"
        for number in range(1, 14)
    )
    document = f'<GetCoverage service="WCS" version="2.0.1">{bands}</GetCoverage>'
    assert ("RANGESUBSET", ",".join(f"B{number:02}" for number in range(1, 14))) in read_xml(
        document.encode()
    )


FAR = datetime(2026, 1, 1, tzinfo=UTC)
HELD = {
    COLLECTION: CollectionExtent(
        COLLECTION, -9.5, 53.8, -9.4, 54.0, datetime(2020, 1, 1, tzinfo=UTC), FAR, 3
    )
}


@pytest.mark.parametrize(
    ("subsets", "bounds"),
    [
        ([], (-9.5, 53.8, -9.4, 54.0)),
        ([("SUBSET", "Lat(53.9,53.95)")], (-9.5, 53.9, -9.4, 53.95)),
        ([("SUBSET", "Lat(53.9,*)"), ("SUBSET", "Long(*,-9.45)")], (-9.5, 53.9, -9.45, 54.0)),
        # A side that is stated may lie beyond.
        ([("SUBSET", "Lat(50,54)")], (-9.5, 50.0, -9.4, 54.0)),
    ],
)
def test_a_side_that_is_not_cut_is_the_coverages_own(
    subsets: list[tuple[str, str]], bounds: tuple[float, ...]
) -> None:
    grid = read_open(*subsets, extents=HELD)
    assert grid.bounds == pytest.approx(bounds, abs=1e-9)
    assert (grid.transform.a, grid.transform.e) == pytest.approx((0.0001, -0.0001))


def test_a_side_that_is_not_cut_lies_in_the_crs_of_the_others() -> None:
    grid = read_open(
        ("SUBSETTINGCRS", "EPSG:32629"), ("SUBSET", "N(5970000,5970100)"), extents=HELD
    )
    assert grid.height == 10
    # 0.1 degrees at 54 degrees north are 6.56 km, and what lies between two parallels leans.
    assert 6_500 < grid.width * 10 < 6_800


def test_sides_of_a_coverage_that_holds_nothing_are_those_of_the_world() -> None:
    grid = read_open(("SCALESIZE", "x(36),y(18)"))
    assert grid.bounds == (-180, -90, 180, 90)


def test_what_begins_beyond_the_coverage_ends_before_it_begins() -> None:
    with pytest.raises(InvalidSubsettingError, match="must rise"):
        read_open(("SUBSET", "Lat(60,*)"), extents=HELD)
