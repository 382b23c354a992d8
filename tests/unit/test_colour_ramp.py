"""Colour maps by name, cut into sections."""

import pytest

from function.colour_ramp import ColourRamp, Section, check_colour_map
from function.errors import InvalidParameterError

USUAL = (
    "viridis magma inferno plasma cividis turbo jet gray greys Greys rdylgn RdYlGn spectral"
    " Spectral terrain ylgn YlGn blues Blues Reds Greens YlOrRd PuOr BrBG RdBu RdYlBu hot cool"
    " coolwarm seismic hsv twilight cubehelix gist_earth ocean rainbow tab10 Set1 Paired"
)


def test_sections_meet_at_their_ends() -> None:
    assert ColourRamp("gray", -1.0, 3.0).sections(2) == (
        Section(-1.0, 1.0, (0, 0, 0), (128, 128, 128)),
        Section(1.0, 3.0, (128, 128, 128), (255, 255, 255)),
    )
    assert ColourRamp("GRAY_R", 0.0, 1.0).sections(1) == (
        Section(0.0, 1.0, (255, 255, 255), (0, 0, 0)),
    )


def test_single_colours_are_not_mixed() -> None:
    sections = ColourRamp("Set1_3", 0.0, 3.0).sections(8)
    assert [(each.lowest, each.highest) for each in sections] == [(0, 1), (1, 2), (2, 3)]
    assert all(each.first == each.last for each in sections)
    assert len({each.first for each in sections}) == 3


@pytest.mark.parametrize("name", USUAL.split())
def test_usual_names_are_known(name: str, caplog: pytest.LogCaptureFixture) -> None:
    assert check_colour_map(name) == name
    forward, backward = (ColourRamp(each, 0.0, 1.0).sections(4) for each in (name, name + "_r"))
    assert [each.first for each in backward] == [each.last for each in reversed(forward)]
    assert not caplog.records


@pytest.mark.parametrize(
    "name",
    ["teal-ish", "viridis_r_r", "../viridis", "__class__", "#ff0000", "['red', 'blue']", "_r"],
)
def test_others_are_refused(name: str) -> None:
    with pytest.raises(InvalidParameterError, match="is no colour map; there are viridis"):
        check_colour_map(name)
