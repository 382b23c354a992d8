"""GetCoverage as it is read: the area, and documents that take too long to read."""

from dataclasses import replace

import pytest
from publications import PUBLICATION

from function.errors import InvalidParameterError, InvalidSubsettingError
from function.grid import Grid
from function.parse.coverage.query import CoverageRequest
from function.parse.coverage.xml_request import MOST_ELEMENTS, read_xml
from function.parse.request import read_opening, read_query
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
