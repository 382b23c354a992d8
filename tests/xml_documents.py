"""XML documents searched without namespaces, and validated by OGC's schemas beside the checkout."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

FOLDERS = {
    "schemas.opengis.net": "ogc",
    "www.w3.org": "w3c",
    "inspire.ec.europa.eu/schemas": "inspire",
}
_ADDRESS = re.compile("https?://(" + "|".join(map(re.escape, FOLDERS)) + ")/")

# The core schema alone knows no GetLegendGraphic: the entry point adds that of SLD.
WMS_130_CAPABILITIES = "mapserver/wms_1_3_0_mapserver.xsd"


class _Local(etree.Resolver):
    """Hands out the local bytes under the public address, which relative imports then refer to."""

    def __init__(self, schemas: Path) -> None:
        super().__init__()
        self._schemas = schemas

    def resolve(self, system_url: str, *about: Any) -> Any:
        """``about`` is the public identifier and the context that the answer is made for."""
        file = _ADDRESS.sub(lambda match: f"{self._schemas}/{FOLDERS[match[1]]}/", system_url)
        return self.resolve_string(Path(file).read_bytes(), about[-1], base_url=system_url)


def find(document: bytes, path: str) -> list[Any]:
    """What an XPath finds in which names stand without their namespaces."""
    root = etree.fromstring(document)
    for element in root.iter("*"):
        element.tag = etree.QName(element).localname
    found: Any = root.xpath(path)
    return list(found)


def validate_by_schema(document: bytes, schemas: Path, entry: str) -> None:
    """Raise etree.DocumentInvalid for what is no valid instance of the XSD ``entry``."""
    _schema(schemas, entry).assertValid(etree.fromstring(document))


@cache
def _schema(schemas: Path, entry: str) -> etree.XMLSchema:
    """Those on GML take a second to load."""
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Local(schemas))
    return etree.XMLSchema(etree.parse(schemas / entry, parser))


def validate_by_dtd(document: bytes, schemas: Path) -> None:
    """Raise etree.XMLSyntaxError for what is not valid by the DTD that the document names."""
    parser = etree.XMLParser(no_network=True, load_dtd=True, dtd_validation=True)
    parser.resolvers.add(_Local(schemas))
    etree.fromstring(document, parser)
