"""MapServer's answers to DescribeLayer, held to their schema (OGC 05-078r4, 11)."""

from collections.abc import Set

from lxml import etree

SE = "http://www.opengis.net/se"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"


def correct_layers(body: bytes, coverages: Set[str], online_resource: str) -> bytes:
    """Name coverages as SE 1.1 does, and give the address of those that WCS offers.

    The document of 1.1.1, which names layers alone, stays as it is.
    """
    parser = etree.XMLParser(no_network=True, load_dtd=False, resolve_entities=False)
    root = etree.fromstring(body, parser)
    for name in list(root.iter(f"{{{SE}}}CoverageTypeName")):
        name.tag = f"{{{SE}}}CoverageName"
    for address in list(root.iter(f"{{{SE}}}OnlineResource")):
        description = address.getparent()
        names = () if description is None else description.iter(f"{{{SE}}}CoverageName")
        if {name.text for name in names} & coverages:
            address.set(XLINK_HREF, online_resource)
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")
