"""XML from outside, parsed in bounded memory: no entities, no document types, no surprises."""

import re

from lxml import etree

from function.errors import SceneUnreadableError

# The longest that a reader asks for is a Sentinel-1 annotation: real ones have up to 3 MB, but the
# vector masks of a tile full of small clouds come to tens of them.
MAX_BYTES = 32 * 1024 * 1024
# Each opening or closing tag and each attribute; libxml2 takes some 100 bytes for one of either,
# while its text can be four. The longest real annotation has 41 000, a tile of 20 000 clouds in
# polygons of their own 400 000.
MAX_MARKUP = 1_000_000
# Markup is counted byte by byte, which holds for what these encode alone. Products are in UTF-8.
ENCODINGS = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})
DECLARED_ENCODING = re.compile(rb"""(?:\xef\xbb\xbf)?<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)""")


class RefusedXmlError(SceneUnreadableError):
    """A file is not XML as products have it; the message says why, beginning with its name."""


def parse_untrusted_xml(content: bytes, name: str) -> etree._Element:
    """Parse the UTF-8 text ``content`` of the file ``name``; nothing else is ever opened.

    Comments and processing instructions are dropped.

    Raises:
        RefusedXmlError: it is longer than MAX_BYTES, has more tags and attributes than
            MAX_MARKUP, is nested deeper than libxml2's 256, is in another encoding than UTF-8, has
            a document type, or is not well-formed.
    """
    if len(content) > MAX_BYTES:
        raise RefusedXmlError(f"{name} is larger than {MAX_BYTES} bytes")
    _check_encoding(content, name)
    if content.count(b"<") + content.count(b"=") > MAX_MARKUP:
        raise RefusedXmlError(f"{name} has more than {MAX_MARKUP} tags and attributes")
    if b"<!DOCTYPE" in content:
        raise RefusedXmlError(f"{name} has a document type, which is refused")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise RefusedXmlError(f"{name} is no well-formed XML: {error.msg}") from error


def _check_encoding(content: bytes, name: str) -> None:
    declared = DECLARED_ENCODING.match(content)
    if declared is not None and declared[1].lower() not in ENCODINGS:
        raise RefusedXmlError(f"{name} declares another encoding than UTF-8")
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise RefusedXmlError(f"{name} is not in UTF-8: {error.reason}") from error
