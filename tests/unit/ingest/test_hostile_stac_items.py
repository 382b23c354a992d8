"""STAC items that are refused with a reason, or read without what is flawed."""

import json
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stac_items import NAME, item
from stac_reading import BASE, CLOSED, no_directory, read

from function.errors import SceneUnreadableError
from function.ingest.errors import (
    BrokenMetadataError,
    NoImagesError,
    ProductRefusedError,
    UnsupportedProductError,
)
from function.ingest.readers import Readers
from function.ingest.reading import Header
from function.ingest.stac.item import read_item
from function.ingest.stac.json_object import MAX_BYTES


def edited(edit: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    content = item()
    edit(content)
    return content


@pytest.mark.parametrize(
    ("edit", "error", "reason"),
    [
        (lambda i: i.update(type="Collection"), UnsupportedProductError, "its type is not Feature"),
        (lambda i: i.update(type=7), BrokenMetadataError, "type is no text"),
        (lambda i: i.update(properties=[]), BrokenMetadataError, "properties is no object"),
        (lambda i: i.update(assets=[]), BrokenMetadataError, "assets is no object"),
        (lambda i: i.update(assets={"red": 1}), BrokenMetadataError, r"assets\.red is no object"),
        (lambda i: i.update(assets={}), NoImagesError, "no image that can be used"),
        (lambda i: i.update(geometry=None), BrokenMetadataError, "geometry is no polygon"),
        (lambda i: i["geometry"].update(coordinates=7), BrokenMetadataError, "is no list"),
        (lambda i: i["geometry"].update(coordinates=[7]), BrokenMetadataError, "without a ring"),
        (lambda i: i["geometry"].update(coordinates=[]), BrokenMetadataError, "without a ring"),
        (
            lambda i: i["geometry"].update(coordinates=[[["a", 1]]]),
            BrokenMetadataError,
            "a position that is none",
        ),
        (
            lambda i: i["geometry"].update(coordinates=[[[0, 1e300], [1, 1], [1, 2]]]),
            BrokenMetadataError,
            "leaves the Earth",
        ),
        (
            lambda i: i["properties"].update({"eo:cloud_cover": 10**400}),
            BrokenMetadataError,
            "no JSON|no finite number|no percentage",
        ),
        (
            lambda i: i["properties"].update({"eo:cloud_cover": "12"}),
            BrokenMetadataError,
            "eo:cloud_cover is no number",
        ),
        (
            lambda i: i["properties"].update({"eo:cloud_cover": 101}),
            BrokenMetadataError,
            "no percentage",
        ),
        (
            lambda i: i["properties"].update({"s2:product_uri": NAME.replace("T11", "T99")}),
            BrokenMetadataError,
            "holds no time",
        ),
        (
            lambda i: i["properties"].update({"s2:generation_time": "yesterday"}),
            BrokenMetadataError,
            "no time",
        ),
    ],
)
def test_hostile_items_are_refused(
    edit: Callable[[dict[str, Any]], object], error: type[ProductRefusedError], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        read(edited(edit))


@pytest.mark.parametrize(
    ("changes", "flaw"),
    [
        ({"proj:transform": [10, 0, 0]}, "of the wrong length"),
        ({"proj:transform": [10, 1, 0, 0, -10, 0]}, "not north-up"),
        ({"proj:transform": [10, 0, 0, 0, "x", 0]}, "proj:transform is no number"),
        ({"proj:shape": [10980.5, 10980]}, "of an impossible size"),
        ({"proj:shape": [10**9, 10980]}, "of an impossible size"),
        ({"raster:bands": [{"scale": 0}]}, "a scale that is not positive"),
        ({"raster:bands": [{"nodata": 0.5}]}, "a nodata value that is no sample"),
        ({"raster:bands": {"scale": 1}}, "raster:bands is no list"),
        ({"href": None}, "without an address"),
        ({"href": "http://[::1/B04.tif"}, "behind an address that is not read"),
        ({"href": "https://ho{st/B04.tif"}, "behind an address that is not read"),
        ({"href": "s3://buck et/B04.tif"}, "behind an address that is not read"),
        ({"href": "//[::1/B04.tif"}, "behind an address that is not read"),
    ],
)
def test_a_flawed_image_is_left_out(changes: dict[str, object], flaw: str) -> None:
    content = item()
    content["assets"]["red"].update(changes)
    product = read(content)
    assert [asset.band for asset in product.scene.assets] == ["SCL"]
    (warning,) = product.warnings
    assert warning.startswith("1 image is left out: red: ")
    assert flaw in warning


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"a":' * 100_000, "no JSON"),
        (b'{"type": NaN}', "no JSON"),
        (b'{"type": "\xff"}', "no JSON"),
        (b'{"type": "\\ud800"}', "no JSON"),
        (b"[]", "no object"),
        (b" " * (MAX_BYTES + 1), "longer than"),
    ],
)
def test_what_is_no_json_object_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(BrokenMetadataError, match=reason):
        read_item(raw, BASE, CLOSED)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False).filter(math.isfinite)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["href", "type", "scale", "coordinates", "red", "proj:shape"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(data=st.data(), value=values)
def test_no_member_breaks_the_reader(data: st.DataObject, value: object) -> None:
    content: Any = item()
    place = content
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if isinstance(place[key], dict) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = value
        break

    def read_header(href: str) -> Header:
        raise SceneUnreadableError(href)

    with suppress(ProductRefusedError):
        read_item(json.dumps(content).encode(), BASE, Readers(read_header, no_directory))
