"""Build the metadata documents of a product."""

from collections.abc import Mapping

from lxml import etree

XSI = "http://www.w3.org/2001/XMLSchema-instance"


def element(
    name: str, *content: etree._Element | str, attributes: Mapping[str, str] | None = None
) -> etree._Element:
    """Make an element holding ``content``: child elements, or one text."""
    made = etree.Element(name, dict(attributes or {}))
    for part in content:
        if isinstance(part, str):
            made.text = part
        else:
            made.append(part)
    return made


def root(schema: str, name: str, *content: etree._Element) -> etree._Element:
    """Make a root element in the namespace ``schema``."""
    made = etree.Element(f"{{{schema}}}{name}", nsmap={"n1": schema, "xsi": XSI})
    made.set(f"{{{XSI}}}schemaLocation", schema)
    made.extend(content)
    return made


def serialised(document: etree._Element) -> bytes:
    etree.indent(document, space="  ")
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8", standalone=False)
