"""MapServer's capabilities documents, held to what the service answers."""

from collections.abc import Mapping, Set
from copy import deepcopy
from dataclasses import dataclass

from lxml import etree

from function.mapserver.elements import drop, find_all, has_name, text_of

XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
SLD = "http://www.opengis.net/sld"

# MapServer's own requests: its additions to the schemas, and ISO metadata of a layer.
SCHEMA_REQUEST = "request=GetSchemaExtension"
METADATA_REQUEST = "request=GetMetadata"

XML_FORMATS = ("text/xml",)
STYLE_FORMATS = ("application/vnd.ogc.sld+xml",)

# TIME takes a list of values, and ``current`` for an open end (OGC 06-042, table C.1).
TIME_ABILITIES = ("multipleValues", "current")


@dataclass(frozen=True, slots=True)
class Legends:
    """The formats that legends are drawn in, and (width, height) by layer and style."""

    formats: tuple[str, ...]
    sizes: Mapping[tuple[str, str], tuple[int, int]]


def hold_to_the_service(body: bytes, timed: Set[str], legends: Legends) -> bytes:
    """A WMS capabilities document, 1.1.1 or 1.3.0, that states what is answered and no more.

    Gone are requests that MapServer refers to and nobody answers, CRS:84 where it is called SRS,
    and comments. New are DescribeLayer and GetLegendGraphic among the requests, which
    MapServer tells of together with SLD alone, the sizes of legends, and what the TIME of
    the layers named in ``timed`` takes (1.3.0; the DTD of 1.1.1 has no place for it).
    """
    parser = etree.XMLParser(
        no_network=True, load_dtd=False, resolve_entities=False, remove_comments=True
    )
    root = etree.fromstring(body, parser)
    _drop_unanswered(root)
    requests = {"DescribeLayer": XML_FORMATS, "GetLegendGraphic": legends.formats}
    if root.get("version") != "1.3.0":
        # The schema of 1.3.0 has no place for it.
        requests["GetStyles"] = STYLE_FORMATS
    _add_requests(root, requests)
    _correct_legend_sizes(root, legends.sizes)
    if root.get("version") == "1.3.0":
        _tell_time_abilities(root, timed)
    else:
        drop(element for element in find_all(root, "SRS") if text_of(element).startswith("CRS:"))
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")


def _drop_unanswered(root: etree._Element) -> None:
    drop(
        link
        for link in find_all(root, "MetadataURL")
        if any(METADATA_REQUEST in part.get(XLINK_HREF, "") for part in link.iter())
    )
    words = root.get(SCHEMA_LOCATION, "").split()
    pairs = zip(words[::2], words[1::2], strict=False)
    kept = [word for pair in pairs if SCHEMA_REQUEST not in pair[1] for word in pair]
    if kept:
        root.set(SCHEMA_LOCATION, " ".join(kept))


def _add_requests(root: etree._Element, requests: Mapping[str, tuple[str, ...]]) -> None:
    """Add requests by name, with their formats and the addresses of GetMap (OGC 05-078r4; DTD)."""
    get_map = find_all(root, "GetMap")[0]
    # They come after GetFeatureInfo, which not every mapfile has.
    before = [*find_all(root, "GetFeatureInfo"), get_map][0]
    for name, formats in requests.items():
        request = deepcopy(get_map)
        request.tag = f"{{{SLD}}}{name}" if root.get("version") == "1.3.0" else name
        template = find_all(request, "Format")[0]
        offered = []
        for media_type in formats:
            offered.append(deepcopy(template))
            offered[-1].text = media_type
        drop(find_all(request, "Format"))
        request[:0] = offered
        before.addnext(request)
        before = request


def _tell_time_abilities(root: etree._Element, timed: Set[str]) -> None:
    for dimension in find_all(root, "Dimension"):
        if dimension.get("name") == "time" and _name_of(dimension.getparent()) in timed:
            for ability in TIME_ABILITIES:
                dimension.set(ability, "1")


def _correct_legend_sizes(
    root: etree._Element, sizes: Mapping[tuple[str, str], tuple[int, int]]
) -> None:
    for link in find_all(root, "LegendURL"):
        style = link.getparent()
        layer = None if style is None else style.getparent()
        size = sizes.get((_name_of(layer), _name_of(style)))
        if size is not None:
            link.set("width", str(size[0]))
            link.set("height", str(size[1]))


def _name_of(element: etree._Element | None) -> str:
    """The text of the Name of a layer or a style; empty where it has none."""
    names = [] if element is None else [part for part in element if has_name(part, "Name")]
    return text_of(names[0]) if names else ""
