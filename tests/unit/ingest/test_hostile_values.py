"""Whatever one value of the metadata says, a product is read or refused by name."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from radar_products import METADATA, write_strip_map
from safe_products import GRANULE, header_reader, read_local, write_product

from function.catalogue.asset_document import asset_document
from function.ingest.errors import ProductRefusedError
from function.scene import Scene

HEADERS = header_reader("EPSG:32629", 499980.0, 5900040.0)
# Each has been or may be the undoing of a reader: numbers that are none or too large, paths that
# lead elsewhere, times that overflow, outlines that are none.
VALUES = st.sampled_from(
    [
        "", " ", "-1", "0", "1e999", "nan", "-inf", "9" * 5000, "१२", "1_0", "+7", "0x10",
        "2147483648", "9223372036854775808", "..", "/", "../../../etc/passwd", "a" * 5000,
        "measurement/iw-vv-/../../../../etc/passwd.tiff", "file:///etc/passwd", "s3://a/b",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2024-02-30T00:00:00Z",
        "0 0 0 0 0 0", "90 0 90 90 90 180 90 -90", "0,0 0,1", "1 2 3", "0 " * 30_000,
        "80 0 80 90 80 180 80 -90", "EPSG:0", "EPSG:" + "1" * 100, "GRD", "S2MSI1C", "\u202e",
    ]
)  # fmt: skip
TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=30)


def places(xml: bytes) -> list[tuple[int, str | None]]:
    """Every element by its number, with None for its text or the name of an attribute."""
    return [
        (number, name)
        for number, element in enumerate(etree.fromstring(xml).iter("*"))
        for name in (None, *map(str, element.attrib))
    ]


def with_value(xml: bytes, place: tuple[int, str | None], value: str) -> bytes:
    """Put ``value`` into one place."""
    root = etree.fromstring(xml)
    number, name = place
    element = list(root.iter("*"))[number]
    if name is None:
        element.text = value
    else:
        element.set(name, value)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def check(product: Path) -> None:
    """Read or refuse; what is read can be handed to the catalogue, and lies in the product."""
    try:
        scene = read_local(product, HEADERS).scene
    except ProductRefusedError as refused:
        assert str(refused)  # noqa: PT017 either is right
    else:
        orjson.dumps(asset_document(scene.assets, scene.vector_masks, scene.radar))
        orjson.dumps([scene.acquired, scene.generated, scene.relative_orbit, scene.name])
        for href in hrefs(scene):
            assert Path(href).resolve().is_relative_to(product.resolve())


def hrefs(scene: Scene) -> list[str]:
    document = asset_document(scene.assets, scene.vector_masks, scene.radar)
    radar: Any = document.get("radar", {})
    images = radar.get("images", [])
    found = [asset.href for asset in scene.assets] + [mask.href for mask in scene.vector_masks]
    return found + [
        f"{document['root']}{image[key]}"
        for image in images
        for key in ("path", "annotation", "calibration", "noise")
        if image[key] is not None
    ]


@pytest.mark.parametrize(
    ("write", "path"),
    [
        (write_product, "MTD_MSIL2A.xml"),
        (write_product, f"{GRANULE}/MTD_TL.xml"),
        (write_product, "manifest.safe"),
        (write_strip_map, "manifest.safe"),
        (write_strip_map, METADATA["annotation", "vv"]),
    ],
)
def test_any_value(write: Callable[[Path], Path], path: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        product = write(Path(directory))
        original = (product / path).read_bytes()

        @given(place=st.sampled_from(places(original)), value=VALUES | TEXTS)
        @settings(max_examples=200)
        def replace_one(place: tuple[int, str | None], value: str) -> None:
            (product / path).write_bytes(with_value(original, place, value))
            check(product)

        replace_one()
