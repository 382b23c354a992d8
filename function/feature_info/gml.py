"""Features as the GML 2 that MapServer answers with, and clients know: msGMLOutput.

Each layer is an element ``<name>_layer`` with elements ``<name>_feature`` in it. There is no schema
of it; the geometry is that of GML 2.1.2 (OGC 02-069).
"""

import re
from collections.abc import Sequence
from itertools import groupby

from lxml import etree

from function.feature import Feature, Place
from function.feature_info.facts import facts_of

GML = "http://www.opengis.net/gml"

# What an XML name may not have, as far as ASCII goes, and how one may not begin.
_OUTSIDE_NAMES = re.compile(r"[^A-Za-z0-9_.\-]", re.ASCII)
_NO_START = re.compile(r"[^A-Za-z_]", re.ASCII)
# XML 1.0 has no way to write these (section 2.2).
_UNWRITABLE = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_gml(features: Sequence[Feature], place: Place) -> bytes:
    root = etree.Element("msGMLOutput", nsmap={"gml": GML})
    for layer, members in groupby(features, lambda feature: feature.layer):
        collection = etree.SubElement(root, f"{_name(layer)}_layer")
        etree.SubElement(collection, f"{{{GML}}}name").text = _text(layer)
        for member in members:
            _add(etree.SubElement(collection, f"{_name(layer)}_feature"), member, place)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _add(element: etree._Element, feature: Feature, place: Place) -> None:
    if feature.sources:
        bounds = etree.SubElement(element, f"{{{GML}}}boundedBy")
        box = etree.SubElement(bounds, f"{{{GML}}}Box", srsName=place.crs)
        point = f"{place.x!r},{place.y!r}"
        etree.SubElement(box, f"{{{GML}}}coordinates").text = f"{point} {point}"
    for name, value in facts_of(feature):
        fact = etree.SubElement(element, _name(name))
        fact.text = None if value is None else _text(str(value))


def _name(text: str) -> str:
    """``text`` as the name of an element."""
    name = _OUTSIDE_NAMES.sub("_", text)
    return f"_{name}" if not name or _NO_START.match(name) else name


def _text(text: str) -> str:
    return _UNWRITABLE.sub("?", text)
