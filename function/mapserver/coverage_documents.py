"""MapServer's descriptions of coverages, held to the schemas and to what the service answers."""

from collections.abc import Callable, Iterable, Sequence

from lxml import etree

from function.layer import ArchiveLayer, LayerKind, Publication, Resampling
from function.mapserver.elements import drop, find_all, has_name, text_of
from function.parse.coverage.get_coverage import band_names, formats_of
from function.parse.coverage.query import CoverageFormat
from function.parse.map_grid import CRS_84

# WCS 1.0 lists formats as words, in which a media type with parameters does not fit.
WORDS = {
    CoverageFormat.GEOTIFF: "GeoTIFF",
    CoverageFormat.COG: "COG",
    CoverageFormat.NETCDF: "NetCDF",
    CoverageFormat.JPEG2000: "JPEG2000",
    CoverageFormat.PNG: "PNG",
}
# What 1.0, 1.1 and 2.0 call the members of Resampling, in their order.
METHODS_100 = ("nearest neighbor", "bilinear", "bicubic")
METHODS_111 = ("nearest", "linear", "cubic")
METHODS_201 = tuple(
    f"http://www.opengis.net/def/interpolation/OGC/1/{method}"
    for method in ("nearest-neighbor", "linear", "cubic")
)
# Files alone are sent: no GML, nor a file within GML.
UNANSWERED_PROFILES = ("GMLCOV/1.0/conf/gml-coverage", "GMLCOV/1.0/conf/multipart")
METADATA_REQUEST = "request=GetMetadata"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
# A code of ISO 19115, as WCS 1.0 wants constraints told, where the words stand in the mapfile.
RESTRICTED = "otherRestrictions"


def correct_description(body: bytes, publication: Publication) -> bytes:
    """Correct a capabilities document or a description of coverages of WCS 1.0.0, 1.1 or 2.0.

    It then states the formats, reference systems, bands and interpolations that are answered and
    no others, and is valid by the schemas.
    """
    parser = etree.XMLParser(
        no_network=True, load_dtd=False, resolve_entities=False, remove_comments=True
    )
    root = etree.fromstring(body, parser)
    correct: dict[str, Callable[[etree._Element, Publication], None]] = {
        "http://www.opengis.net/wcs": _correct_100,
        "http://www.opengis.net/wcs/1.1": _correct_111,
        "http://www.opengis.net/wcs/2.0": _correct_201,
    }
    correct[etree.QName(root).namespace or ""](root, publication)
    etree.indent(root)
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")


def _correct_100(root: etree._Element, publication: Publication) -> None:
    for link in find_all(root, "metadataLink"):
        if METADATA_REQUEST in link.get(XLINK_HREF, ""):
            drop([link])
    _correct_domains_100(root)
    codes = " ".join(_codes(publication))
    for systems in find_all(root, "requestResponseCRSs"):
        systems.text = codes
    for offering in find_all(root, "CoverageOffering"):
        layer = _layer_of(offering, "name", publication)
        for formats in find_all(offering, "supportedFormats"):
            formats.attrib.pop("nativeFormat", "")
            _refill(formats, "formats", [WORDS[choice] for choice in formats_of(layer)])
        for methods in find_all(offering, "supportedInterpolations"):
            _refill(methods, "interpolationMethod", _methods(METHODS_100, layer))
            methods.set("default", _default(METHODS_100, layer))


def _correct_domains_100(root: etree._Element) -> None:
    for constraints in find_all(root, "accessConstraints"):
        if (constraints.text or "").strip().upper() != "NONE":
            constraints.text = RESTRICTED
    for position in find_all(root, "timePosition"):
        _part_in_two(position)
    for grid in find_all(root, "RectifiedGrid"):
        _centre(grid)


def _centre(grid: etree._Element) -> None:
    """Put the origin into the centre of the first pixel, where the points of a grid are.

    In 1.0 MapServer states its corner, by which GDAL lays the coverage half a pixel off.
    """
    (position,) = find_all(find_all(grid, "origin")[0], "pos")
    steps = [
        float(text) for each in find_all(grid, "offsetVector") for text in text_of(each).split()
    ]
    east, north = (float(text) for text in text_of(position).split())
    position.text = f"{round(east + steps[0] / 2, 11)!r} {round(north + steps[3] / 2, 11)!r}"


def _part_in_two(position: etree._Element) -> None:
    """Tell an interval as GML does: two positions of an envelope, or a period."""
    first, slash, last = (position.text or "").partition("/")
    parent = position.getparent()
    if not slash or parent is None:
        return
    if has_name(parent, "temporalDomain"):
        period = _new(parent, "timePeriod")
        for name, moment in (("beginPosition", first), ("endPosition", last)):
            part = etree.SubElement(period, etree.QName(etree.QName(parent).namespace, name))
            part.text = moment
        parent.replace(position, period)
        return
    position.text = first
    position.addnext(_copy(position, last))


def _correct_111(root: etree._Element, publication: Publication) -> None:
    systems = [f"urn:ogc:def:crs:EPSG::{code.partition(':')[2]}" for code in _codes(publication)]
    for parameter in find_all(root, "Parameter"):
        values = {
            "InterpolationType": METHODS_111,
            "format": [choice.value for choice in CoverageFormat],
            "GridBaseCRS": systems,
        }.get(parameter.get("name", ""))
        allowed = find_all(parameter, "AllowedValues")
        if values is not None and allowed:
            _refill(allowed[0], "Value", values)
    for coverage in (*find_all(root, "CoverageSummary"), *find_all(root, "CoverageDescription")):
        layer = _layer_of(coverage, "Identifier", publication)
        _replace(coverage, "SupportedCRS", systems)
        _replace(coverage, "SupportedFormat", [choice.value for choice in formats_of(layer)])
        for methods in find_all(coverage, "InterpolationMethods"):
            default = find_all(methods, "Default")
            _replace(methods, "InterpolationMethod", _methods(METHODS_111, layer))
            for each in default:
                each.text = _default(METHODS_111, layer)
        for keys in find_all(coverage, "AvailableKeys"):
            _refill(keys, "Key", band_names(layer))


def _correct_201(root: etree._Element, publication: Publication) -> None:
    for profile in find_all(root, "Profile"):
        if (profile.text or "").endswith(UNANSWERED_PROFILES):
            drop([profile])
    for metadata in find_all(root, "ServiceMetadata"):
        drop(find_all(metadata, "formatSupported"))
        for choice in reversed(CoverageFormat):
            supported = etree.Element(
                etree.QName(etree.QName(metadata).namespace, "formatSupported")
            )
            supported.text = choice.value
            metadata.insert(0, supported)
    for methods in find_all(root, "InterpolationMetadata"):
        _refill(methods, "InterpolationSupported", METHODS_201)
    for systems in find_all(root, "CrsMetadata"):
        _refill(
            systems,
            "crsSupported",
            [
                f"http://www.opengis.net/def/crs/EPSG/0/{code.partition(':')[2]}"
                for code in _codes(publication)
            ],
        )
    for native in find_all(root, "nativeFormat"):
        native.text = CoverageFormat.GEOTIFF.value


def _methods(names: Sequence[str], layer: ArchiveLayer) -> Sequence[str]:
    """Between classes there are no values."""
    return names[:1] if layer.kind is LayerKind.CLASSES else names


def _default(names: Sequence[str], layer: ArchiveLayer) -> str:
    """The method by which a coverage is resampled where a request names none."""
    return names[list(Resampling).index(layer.resampling)]


def _codes(publication: Publication) -> list[str]:
    return sorted(publication.crs_codes - {CRS_84}, key=lambda code: (len(code), code))


def _layer_of(element: etree._Element, name: str, publication: Publication) -> ArchiveLayer:
    found = next(child for child in element if has_name(child, name))
    return publication.archive_layers[found.text or ""]


def _refill(parent: etree._Element, name: str, texts: Iterable[str]) -> None:
    """Leave ``parent`` with a child of ``name`` for each of ``texts``, and no others."""
    namespace = etree.QName(parent[0] if len(parent) else parent).namespace
    del parent[:]
    for text in texts:
        etree.SubElement(parent, etree.QName(namespace, name)).text = text


def _replace(parent: etree._Element, name: str, texts: Sequence[str]) -> None:
    """Put a child of ``name`` for each of ``texts`` where there is one."""
    old = [child for child in parent if has_name(child, name)]
    for text in reversed(texts):
        old[-1].addnext(_copy(old[-1], text))
    drop(old)


def _copy(element: etree._Element, text: str) -> etree._Element:
    copied = etree.Element(element.tag)
    copied.text = text
    return copied


def _new(parent: etree._Element, name: str) -> etree._Element:
    return etree.Element(etree.QName(etree.QName(parent).namespace, name))
