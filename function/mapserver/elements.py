"""Elements of the documents that MapServer writes, by their local names."""

from collections.abc import Iterable

from lxml import etree


def find_all(root: etree._Element, name: str) -> list[etree._Element]:
    """``root`` and all below it that have this local name, in the document's order."""
    return [element for element in root.iter() if has_name(element, name)]


def has_name(element: etree._Element, name: str) -> bool:
    return etree.QName(element).localname == name


def text_of(element: etree._Element) -> str:
    return element.text or ""


def drop(elements: Iterable[etree._Element]) -> None:
    """Take elements out of their parents."""
    for element in list(elements):
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
