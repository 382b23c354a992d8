"""SLD_BODY: colours over the values of an index, and nothing from elsewhere."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publications import PUBLICATION
from xml_documents import validate_by_schema

from function.colour_ramp import ColourStops
from function.errors import InvalidParameterError, OwsError, RefusedParameterError
from function.parse.parameters import Parameters, decode_form
from function.parse.query import MapRequest
from function.parse.request import read_opening, read_query
from function.parse.styled_layers import FARTHEST, MOST_COLOURS, read_styled_layers
from function.settings import Settings

HEAD_100 = (
    '<StyledLayerDescriptor version="1.0.0" xmlns="http://www.opengis.net/sld"'
    ' xmlns:ogc="http://www.opengis.net/ogc">'
)
RAMP = """
<ColorMapEntry color="#d7191c" quantity="-0.5" label="low"/>
<ColorMapEntry color="#ffffbf" quantity="0"/>
<ColorMapEntry color="#1A9641" quantity="1.5e0" opacity="1.0"/>
"""
STOPS = ((-0.5, (215, 25, 28)), (0.0, (255, 255, 191)), (1.5, (26, 150, 65)))
MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "LAYERS": "VEGETATION,TRUE_COLOUR",
    "STYLES": "green,",
    "CRS": "EPSG:32629",
    "BBOX": "500000,5800000,501000,5800500",
    "WIDTH": "200",
    "HEIGHT": "100",
}


def sld(entries: str, kind: str = "", layer: str = "VEGETATION") -> str:
    return (
        f"{HEAD_100}<NamedLayer><Name>{layer}</Name><UserStyle><FeatureTypeStyle><Rule>"
        f"<RasterSymbolizer><ColorMap{kind}>{entries}</ColorMap></RasterSymbolizer>"
        "</Rule></FeatureTypeStyle></UserStyle></NamedLayer></StyledLayerDescriptor>"
    )


def read(text: str) -> dict[str, ColourStops]:
    return dict(read_styled_layers(Parameters([("SLD_BODY", text)])))


def test_a_ramp_has_a_colour_for_each_value(shared: Path) -> None:
    validate_by_schema(
        sld(RAMP.replace(' opacity="1.0"', "")).encode(),
        shared / "schemas",
        "ogc/sld/1.0.0/StyledLayerDescriptor.xsd",
    )
    assert read(sld(RAMP)) == {"VEGETATION": ColourStops(STOPS, stepped=False)}


def test_intervals_hold_below_their_quantity() -> None:
    colours = [colour for _, colour in STOPS]
    expected = tuple(zip((-FARTHEST, -0.5, 0.0), colours, strict=True))
    assert read(sld(RAMP, ' type="intervals"'))["VEGETATION"] == ColourStops(expected, True)


def test_version_1_1_0_interpolates_and_categorizes() -> None:
    se = '<{0} xmlns="http://www.opengis.net/se" fallbackValue="#000000">{1}</{0}>'
    points = "".join(
        f"<InterpolationPoint><Data>{value}</Data><Value>{colour}</Value></InterpolationPoint>"
        for value, colour in ((-0.5, "#d7191c"), (0, "#ffffbf"), (1.5, "#1a9641"))
    )
    lookup = "<LookupValue>Rasterdata</LookupValue>"
    assert read(sld(se.format("Interpolate", lookup + points)))["VEGETATION"].stops == STOPS
    steps = lookup + "<Value>#d7191c</Value><Threshold>0.2</Threshold><Value>#1a9641</Value>"
    assert read(sld(se.format("Categorize", steps)))["VEGETATION"] == ColourStops(
        ((-FARTHEST, (215, 25, 28)), (0.2, (26, 150, 65))), stepped=True
    )


def test_it_changes_the_index_and_goes_before_styles_with_names() -> None:
    pairs = [*MAP.items(), ("SLD_BODY", sld(RAMP))]
    query = read_query(read_opening(pairs), PUBLICATION, Settings())
    assert isinstance(query, MapRequest)
    (changed,) = query.changed_layers.values()
    assert (changed.name, changed.ramp) == ("VEGETATION", ColourStops(STOPS, stepped=False))
    passed = dict(query.parameters)
    assert passed["STYLES"] == ","
    assert not any("SLD" in key for key in passed)


def test_a_document_in_lines_is_one() -> None:
    ((_, text),) = decode_form("SLD_BODY=%3Ca%3E%0D%0A%3C%2Fa%3E")
    assert text == "<a> </a>"


OUTSIDE = '<a xmlns:x="http://www.w3.org/1999/xlink" x:href="http://127.0.0.1/"/>'
WRONG: list[tuple[str, type[OwsError]]] = [
    ("<a>", InvalidParameterError),
    ("plain text", InvalidParameterError),
    ("<StyledLayerDescriptor><NamedLayer/></StyledLayerDescriptor>", InvalidParameterError),
    ('<!DOCTYPE a SYSTEM "file:///etc/passwd">' + sld(RAMP), InvalidParameterError),
    (sld(RAMP + OUTSIDE), RefusedParameterError),
    (sld(RAMP + "<ExternalGraphic/>"), RefusedParameterError),
    (sld(RAMP).replace("NamedLayer", "UserLayer"), RefusedParameterError),
    (sld(RAMP, ' type="values"'), InvalidParameterError),
    (sld(RAMP.replace("0.5", "1.5e99")), InvalidParameterError),
    (sld(RAMP.replace("-0.5", "nan")), InvalidParameterError),
    (sld(RAMP.replace("-0.5", "2")), InvalidParameterError),
    (sld(RAMP.replace("#ffffbf", "red")), InvalidParameterError),
    (sld(RAMP.replace("1.0", "0.5")), InvalidParameterError),
    (sld('<ColorMapEntry color="#000000" quantity="1"/>'), InvalidParameterError),
    (
        sld("".join(f'<ColorMapEntry color="#000000" quantity="{n}"/>' for n in range(65))),
        InvalidParameterError,
    ),
]


@pytest.mark.parametrize(("text", "kind"), WRONG)
def test_all_else_is_refused(text: str, kind: type[OwsError]) -> None:
    with pytest.raises(OwsError, match="SLD_BODY") as raised:
        read(text)
    assert type(raised.value) is kind


def test_a_style_of_no_index_that_is_asked_for_is_refused() -> None:
    for layer in ("TRUE_COLOUR", "FORMULA"):
        pairs = [*MAP.items(), ("SLD_BODY", sld(RAMP, layer=layer))]
        with pytest.raises(InvalidParameterError, match="SLD_BODY is not for the layers"):
            read_query(read_opening(pairs), PUBLICATION, Settings())


def test_documents_elsewhere_are_refused() -> None:
    with pytest.raises(RefusedParameterError, match="SLD is refused"):
        read_query(read_opening([*MAP.items(), ("SLD", "http://a/")]), PUBLICATION, Settings())
    coverage = [("SERVICE", "WCS"), ("REQUEST", "GetCapabilities"), ("SLD_BODY", sld(RAMP))]
    with pytest.raises(RefusedParameterError, match="SLD_BODY is refused"):
        read_query(read_opening(coverage), PUBLICATION, Settings())


@given(st.lists(st.tuples(st.floats(), st.integers(0, 0xFFFFFF)), max_size=70))
def test_what_is_read_is_bounded_and_rises(entries: list[tuple[float, int]]) -> None:
    written = "".join(
        f'<ColorMapEntry color="#{colour:06x}" quantity="{value!r}"/>' for value, colour in entries
    )
    try:
        stops = read(sld(written))["VEGETATION"]
    except InvalidParameterError:
        return
    assert 2 <= len(stops.sections(0)) + 1 <= MOST_COLOURS
    borders = [section.lowest for section in stops.sections(0)] + [stops.highest]
    assert borders == sorted(set(borders))
    assert all(abs(border) <= FARTHEST for border in borders)
