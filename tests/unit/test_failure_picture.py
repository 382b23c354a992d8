"""EXCEPTIONS=INIMAGE and BLANK: which picture a failure becomes, whatever else is wrong."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publications import PUBLICATION

from function.parse.failure_picture import read_failure_picture
from function.picture import FailurePicture

MAP = {
    "SERVICE": "WMS",
    "REQUEST": "GetMap",
    "EXCEPTIONS": "INIMAGE",
    "WIDTH": "300",
    "HEIGHT": "200",
    "FORMAT": "image/jpeg",
    "TRANSPARENT": "true",
    "BGCOLOR": "0x102030",
}


def read(**changes: str) -> FailurePicture | None:
    return read_failure_picture([urlencode(MAP | changes)], PUBLICATION, 1_000_000)


@pytest.mark.parametrize(
    ("name", "blank"),
    [
        ("INIMAGE", False),
        ("inimage", False),
        ("application/vnd.ogc.se_inimage", False),
        ("BLANK", True),
        ("application/vnd.ogc.se_blank", True),
    ],
)
def test_names_of_both_versions_are_known(name: str, blank: bool) -> None:
    assert read(EXCEPTIONS=name) == FailurePicture(300, 200, "image/jpeg", True, "0x102030", blank)


@pytest.mark.parametrize(
    "changes",
    [
        {"EXCEPTIONS": "XML"},
        {"EXCEPTIONS": ""},
        {"EXCEPTIONS": "application/vnd.ogc.se_xml"},
        {"EXCEPTIONS": "application/json"},
        {"REQUEST": "GetCapabilities"},
        {"REQUEST": "GetFeatureInfo"},
        {"SERVICE": "WCS"},
    ],
)
def test_all_else_is_told_in_xml(changes: dict[str, str]) -> None:
    assert read(**changes) is None


def test_what_is_wrong_has_the_usual_stand_in() -> None:
    usual = FailurePicture(512, 512, "image/png", False, "0xFFFFFF", False)
    wrong = {"WIDTH": "9999", "HEIGHT": "x", "FORMAT": "image/gif", "TRANSPARENT": "perhaps"}
    assert read(**wrong, BGCOLOR="red") == usual
    assert read(**wrong, BGCOLOR="") == usual
    assert read(WIDTH="4000", HEIGHT="4000") == FailurePicture(
        512, 512, "image/jpeg", True, "0x102030", False
    )
    twice = urlencode([*MAP.items(), ("WIDTH", "1"), ("FORMAT", "image/png")])
    picture = read_failure_picture([twice], PUBLICATION, 1_000_000)
    assert picture == FailurePicture(512, 200, "image/png", True, "0x102030", False)


@given(st.dictionaries(st.sampled_from(list(MAP)), st.text(max_size=12)))
def test_nothing_that_is_sent_fails_again(changes: dict[str, str]) -> None:
    picture = read_failure_picture([urlencode(MAP | changes)], PUBLICATION, 1_000_000)
    if picture is not None:
        assert 2 <= picture.width <= PUBLICATION.max_size
        assert picture.format in PUBLICATION.map_formats


def test_bytes_that_are_no_text_are_told_in_xml() -> None:
    assert read_failure_picture(["EXCEPTIONS=INIMAGE&REQUEST=%ff"], PUBLICATION, 1) is None
