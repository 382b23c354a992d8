"""EXPRESSION, COLORMAP, COLORRANGE and COMPOSITE: which layers they change, and how."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from publications import FORMULA, LAND, MASKED, PUBLICATION, TRUE_COLOUR, VEGETATION

from function.colour_ramp import ColourRamp
from function.errors import InvalidParameterError
from function.layer import ArchiveLayer, Composite
from function.parse.query import MapRequest, OwsQuery
from function.parse.request import read_opening, read_query
from function.settings import Settings

MAP = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "LAYERS": "FORMULA",
    "STYLES": "",
    "CRS": "EPSG:3857",
    "BBOX": "-1000,2000,1000,6000",
    "WIDTH": "200",
    "HEIGHT": "400",
}
LEGEND = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetLegendGraphic",
    "LAYER": "FORMULA",
    "FORMAT": "image/png",
}


def read(parameters: Mapping[str, str], settings: Settings | None = None) -> OwsQuery:
    opening = read_opening(tuple(parameters.items()))
    return read_query(opening, PUBLICATION, settings or Settings())


def changed(layers: str = "FORMULA", **parameters: str) -> Mapping[str, ArchiveLayer]:
    styles = "," * layers.count(",")
    query = read({**MAP, "LAYERS": layers, "STYLES": styles, **parameters})
    assert isinstance(query, MapRequest)
    for selection in query.layers:
        original = PUBLICATION.archive_layers[selection.name]
        assert selection.recipe == query.changed_layers.get(selection.name, original)
    assert not set(parameters) & {key for key, _ in query.parameters}
    return query.changed_layers


def test_a_request_without_them_changes_nothing() -> None:
    assert changed() == {}
    assert changed(EXPRESSION="", COLORMAP="", COLORRANGE="", COMPOSITE="") == {}
    assert changed("TRUE_COLOUR,LAND", COMPOSITE="first") == {}


def test_an_expression_reads_the_bands_that_it_names() -> None:
    text = "where(B11 > 0.1, B02 / B11, 0)"
    assert changed(EXPRESSION=text) == {
        "FORMULA": replace(FORMULA, expression=text, bands=("B11", "B02"))
    }
    assert set(changed("TRUE_COLOUR,FORMULA,outlines", EXPRESSION=text)) == {"FORMULA"}


def test_colours_change_the_ramp() -> None:
    cases: dict[tuple[tuple[str, str], ...], ColourRamp] = {
        (("COLORMAP", "Magma_r"),): ColourRamp("Magma_r", -1.0, 1.0),
        (("COLORRANGE", "0, 2.5e-1"),): ColourRamp("viridis", 0.0, 0.25),
        (("COLORRANGE", "-3,-1"), ("COLORMAP", "jet")): ColourRamp("jet", -3.0, -1.0),
    }
    for parameters, ramp in cases.items():
        assert changed(**dict(parameters)) == {"FORMULA": replace(FORMULA, ramp=ramp)}
        query = read({**LEGEND, **dict(parameters)})
        assert query.changed_layers == {"FORMULA": replace(FORMULA, ramp=ramp)}


def test_a_composite_is_of_every_layer_but_classes() -> None:
    layers = (TRUE_COLOUR, VEGETATION)
    names = ",".join(layer.name for layer in (*layers, LAND))
    assert changed(names, COMPOSITE="Median") == {
        layer.name: replace(layer, composite=Composite.MEDIAN) for layer in layers
    }


def test_a_probability_stands_in_for_the_classes_of_it() -> None:
    assert changed("MASKED,LAND", CLOUDPROBABILITY="30") == {
        "MASKED": replace(MASKED, masked_probability=30.0, masked_classes=frozenset({0, 3, 10}))
    }


def test_all_at_once() -> None:
    expected = replace(
        FORMULA,
        expression="B11*2",
        bands=("B11",),
        ramp=ColourRamp("hot", 0.0, 1.0),
        composite=Composite.MAX,
    )
    parameters = {"EXPRESSION": "B11*2", "COLORMAP": "hot", "COLORRANGE": "0,1", "COMPOSITE": "max"}
    assert changed(**parameters) == {"FORMULA": expected}


@pytest.mark.parametrize(
    ("layers", "parameters", "message"),
    [
        ("FORMULA", {"EXPRESSION": "B99"}, "EXPRESSION of layer FORMULA: the expression names B99"),
        ("FORMULA", {"EXPRESSION": "B08.__class__"}, r"'\.' at character 4"),
        ("TRUE_COLOUR", {"EXPRESSION": "B04"}, "EXPRESSION is not for the layers"),
        ("outlines", {"EXPRESSION": "B04"}, "EXPRESSION is not for the layers"),
        ("VEGETATION", {"EXPRESSION": "B04"}, "EXPRESSION is not for the layers"),
        ("FORMULA", {"COLORMAP": "nothing"}, "'nothing' is no colour map"),
        ("VEGETATION", {"COLORMAP": "jet"}, "COLORMAP is not for the layers"),
        ("VEGETATION", {"COLORRANGE": "0,1"}, "COLORRANGE is not for the layers"),
        ("FORMULA", {"COLORRANGE": "0"}, "not two numbers"),
        ("FORMULA", {"COLORRANGE": "0,1,2"}, "not two numbers"),
        ("FORMULA", {"COLORRANGE": "low,high"}, "not two numbers"),
        ("FORMULA", {"COLORRANGE": "nan,1"}, "not two numbers"),
        ("FORMULA", {"COLORRANGE": "1,1"}, "must rise"),
        ("FORMULA", {"COLORRANGE": "0,1e7"}, "must rise from min to max, within 1e[+]06"),
        ("MASKED", {"CLOUDPROBABILITY": "0"}, "CLOUDPROBABILITY=0 is no percentage, 1 to 100"),
        ("MASKED", {"CLOUDPROBABILITY": "101"}, "no percentage"),
        ("MASKED", {"CLOUDPROBABILITY": "4e1"}, "no percentage"),
        ("LAND", {"CLOUDPROBABILITY": "40"}, "CLOUDPROBABILITY is not for the layers"),
        ("FORMULA", {"COMPOSITE": "mode"}, "COMPOSITE=mode is none of first, median, max, mean"),
        ("LAND", {"COMPOSITE": "mean"}, "COMPOSITE=mean is not for the layers"),
    ],
)
def test_what_does_not_fit_is_refused(
    layers: str, parameters: dict[str, str], message: str
) -> None:
    with pytest.raises(InvalidParameterError, match=message):
        changed(layers, **parameters)


def test_the_limits_are_settings() -> None:
    request = {**MAP, "EXPRESSION": "B02+B04"}
    for settings, number in (
        (Settings(max_expression_length=6), 6),
        (Settings(max_expression_terms=2), 2),
        (Settings(max_expression_bands=1), 1),
    ):
        with pytest.raises(InvalidParameterError, match=f"at most {number}"):
            read(request, settings)
