"""What MapServer's own query tells of plain layers: its GML, read."""

from collections.abc import Iterator, Mapping

from lxml import etree

from function.feature import Feature
from function.feature_info.gml import GML

LAYER, FEATURE = "_layer", "_feature"


def read_plain_features(document: bytes) -> Mapping[str, tuple[Feature, ...]]:
    """The features in an msGMLOutput, by the name of their layer.

    Geometries are left out: the place is known.
    """
    parser = etree.XMLParser(
        no_network=True, load_dtd=False, resolve_entities=False, remove_comments=True
    )
    root = etree.fromstring(document, parser)
    found: dict[str, tuple[Feature, ...]] = {}
    for collection in root:
        name = etree.QName(collection).localname.removesuffix(LAYER)
        members = [part for part in collection if etree.QName(part).localname.endswith(FEATURE)]
        found[name] = tuple(Feature(name, tuple(_values(member))) for member in members)
    return found


def _values(member: etree._Element) -> Iterator[tuple[str, str | None]]:
    for part in member:
        name = etree.QName(part)
        if name.namespace != GML and not len(part):
            yield name.localname, part.text
