"""OGC's schemas from the folder beside the checkout, asked for by their public addresses."""

import re
from pathlib import Path

from lxml import etree

FOLDERS = {
    "schemas.opengis.net": "ogc",
    "www.w3.org": "w3c",
    "inspire.ec.europa.eu/schemas": "inspire",
}
EXCEPTIONS_130 = "http://schemas.opengis.net/wms/1.3.0/exceptions_1_3_0.xsd"


class LocalSchemas(etree.Resolver):
    """Hands out the local bytes of a public address, keeping the address for relative imports."""

    def __init__(self, schemas: Path) -> None:
        super().__init__()
        self._schemas = schemas

    def resolve(  # type: ignore[override]  # the stubs lack the context
        self,
        system_url: str,
        public_id: str,  # noqa: ARG002
        context: object,
    ) -> object:
        local = re.sub(
            f"https?://({'|'.join(map(re.escape, FOLDERS))})/",
            lambda match: f"{self._schemas}/{FOLDERS[match[1]]}/",
            system_url,
        )
        found: object = self.resolve_string(Path(local).read_bytes(), context, base_url=system_url)
        return found


def assert_valid_by_dtd(document: bytes, schemas: Path) -> etree._Element:
    """Parse ``document`` against the DTD that it names itself."""
    parser = etree.XMLParser(no_network=True, dtd_validation=True, load_dtd=True)
    parser.resolvers.add(LocalSchemas(schemas))
    return etree.fromstring(document, parser)


def assert_valid_by_xsd(document: bytes, schema: str, schemas: Path) -> etree._Element:
    """Parse ``document`` and hold it against the schema at an address or a path."""
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(LocalSchemas(schemas))
    root = etree.fromstring(document)
    etree.XMLSchema(etree.parse(schema, parser)).assertValid(root)
    return root
