"""GetLegendGraphic: a picture of every style, as large as the capabilities say."""

import numpy as np
import pytest
from map_requests import NDVI, ONLINE_RESOURCE, SCL, TRUE_COLOUR, decode, package_server, unhurried
from numpy.typing import NDArray
from pictures import SCL_COLOURS
from xml_documents import find

from function.errors import InvalidParameterError

STYLES = [
    (layer, style)
    for layer, styles in package_server().publication.styles.items()
    for style in sorted(styles)
]


def legend(
    layer: str, style: str = "", version: str = "1.3.0", **parameters: str
) -> NDArray[np.uint8]:
    request = {
        "SERVICE": "WMS",
        "VERSION": version,
        "REQUEST": "GetLegendGraphic",
        "LAYER": layer,
        "STYLE": style,
        "FORMAT": "image/png",
    }
    if version == "1.3.0":
        request["SLD_VERSION"] = "1.1.0"
    request |= parameters
    answer = package_server().answer(
        list(request.items()), {}, {}, ONLINE_RESOURCE, {}, unhurried()
    )
    assert answer.content_type == "image/png"
    return decode(answer)


def colours_of(picture: NDArray[np.uint8]) -> set[tuple[int, ...]]:
    return {tuple(map(int, colour)) for colour in np.unique(picture.reshape(-1, 3), axis=0)}


def test_every_layer_has_a_style() -> None:
    assert {layer for layer, _ in STYLES} == set(package_server().publication.layers)


@pytest.mark.parametrize(("layer", "style"), STYLES)
@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_the_legend_has_the_size_that_the_capabilities_state(
    layer: str, style: str, version: str
) -> None:
    request = [("SERVICE", "WMS"), ("VERSION", version), ("REQUEST", "GetCapabilities")]
    body = package_server().answer(request, {}, {}, ONLINE_RESOURCE, {}, unhurried()).body
    stated = find(body, f"//Layer[Name='{layer}']/Style[Name='{style}']/LegendURL")
    height, width = legend(layer, style, version).shape[:2]
    assert [(link.get("width"), link.get("height")) for link in stated] == [
        (str(width), str(height))
    ]


def test_the_legend_of_classes_shows_each_colour() -> None:
    assert set(SCL_COLOURS.values()) <= colours_of(legend(SCL))


def test_the_legend_of_a_ramp_shows_both_ends() -> None:
    shown = colours_of(legend(NDVI, "grey"))
    assert (0, 0, 0) in shown
    assert len({colour for colour in shown if len(set(colour)) == 1}) > 20


def test_a_rule_of_the_legend_can_be_asked_alone() -> None:
    assert legend(SCL, RULE="Water").shape[0] < legend(SCL).shape[0]
    with pytest.raises(InvalidParameterError, match=r"RULE is none of the legend's: .*Water"):
        legend(SCL, RULE="Lava")


def test_the_default_legend_is_that_of_the_default_style() -> None:
    np.testing.assert_array_equal(legend(NDVI), legend(NDVI, "ndvi"))
    np.testing.assert_array_equal(legend(TRUE_COLOUR), legend(TRUE_COLOUR, "true-colour"))
