"""Requests of WCS as XML in the body of a POST, turned into the keys that a GET has."""

from collections.abc import Callable

from lxml import etree

from function.errors import InvalidParameterError
from function.untrusted_xml import RefusedXmlError, parse_untrusted_xml

Pairs = list[tuple[str, str]]

# A GetCoverage of WCS 2.0 that names thirteen bands and cuts and scales every axis has some 90.
# What is looked for in what it stands in takes time by the square of them.
MOST_ELEMENTS = 500


def read_xml(body: bytes) -> tuple[tuple[str, str], ...]:
    """Read the GetCapabilities, DescribeCoverage or GetCoverage of WCS 1.0, 1.1 or 2.0.

    (OGC 03-065r6, 07-067r5 and 09-148r1.) Raises InvalidParameterError for what is none of them.
    """
    root = _parse(body)
    operation = _name(root)
    pairs: Pairs = [("SERVICE", root.get("service", "WCS")), ("REQUEST", operation)]
    version = root.get("version")
    if version:
        pairs.append(("VERSION", version))
    readers: dict[str, Callable[[etree._Element], Pairs]] = {
        "GetCapabilities": _read_capabilities,
        "DescribeCoverage": _read_description,
        "GetCoverage": _read_coverage_20
        if (version or "").startswith("2")
        else _read_coverage_11
        if (version or "").startswith("1.1")
        else _read_coverage_10,
    }
    if operation not in readers:
        raise InvalidParameterError(f"the body is a {operation}: none of {', '.join(readers)}")
    return tuple(pairs + readers[operation](root))


def _parse(body: bytes) -> etree._Element:
    try:
        root = parse_untrusted_xml(body, "the body")
    except RefusedXmlError as error:
        raise InvalidParameterError(str(error)) from error
    elements = sum(1 for _ in root.iter())
    if elements > MOST_ELEMENTS:
        raise InvalidParameterError(
            f"the body has {elements} elements, at most {MOST_ELEMENTS} allowed"
        )
    return root


def _read_capabilities(root: etree._Element) -> Pairs:
    versions = [_text(each) for each in _all(root, "Version")]
    pairs = [("ACCEPTVERSIONS", ",".join(versions))] if versions else []
    sections = [_text(each) for each in _all(root, "Section")]
    if sections:
        pairs.append(("SECTIONS", ",".join(sections)))
    section = _first(root, "section")
    if section is not None:
        pairs.append(("SECTION", _text(section)))
    return pairs


def _read_description(root: etree._Element) -> Pairs:
    keys = {"Coverage": "COVERAGE", "Identifier": "IDENTIFIERS", "CoverageId": "COVERAGEID"}
    pairs = []
    for name, key in keys.items():
        found = [_text(each) for each in _all(root, name)]
        if found:
            pairs.append((key, ",".join(found)))
    return pairs


def _read_coverage_10(root: etree._Element) -> Pairs:
    pairs = _taken(root, {"sourceCoverage": "COVERAGE", "interpolationMethod": "INTERPOLATION"})
    envelope = _first(root, "Envelope", "EnvelopeWithTimePeriod")
    if envelope is not None:
        corners = [_text(each) for each in _all(envelope, "pos")]
        pairs.append(("BBOX", ",".join(" ".join(corners).split())))
        pairs.append(("CRS", envelope.get("srsName", "")))
    limits = [_text(each).split() for each in (*_all(root, "low"), *_all(root, "high"))]
    if len(limits) == 2 and len(limits[0]) == len(limits[1]) == 2:  # noqa: PLR2004
        for key, low, high in zip(("WIDTH", "HEIGHT"), *limits, strict=True):
            pairs.append((key, str(_whole(high) - _whole(low) + 1)))
    offsets = [_text(each).split() for each in _all(root, "offsetVector")]
    if not limits and len(offsets) == 2:  # noqa: PLR2004
        pairs += [("RESX", offsets[0][0]), ("RESY", offsets[-1][-1].lstrip("-"))]
    times = [_text(each) for each in _all(root, "timePosition")]
    if times:
        pairs.append(("TIME", ",".join(times)))
    bands = [_text(each) for each in _all(root, "singleValue")]
    if bands:
        pairs.append(("BANDS", ",".join(bands)))
    return pairs + _taken(_first(root, "output"), {"crs": "RESPONSE_CRS", "format": "FORMAT"})


def _read_coverage_11(root: etree._Element) -> Pairs:
    identifier = next((each for each in root if _name(each) == "Identifier"), None)
    pairs = [] if identifier is None else [("IDENTIFIER", _text(identifier))]
    box = _first(root, "BoundingBox")
    if box is not None:
        corners = " ".join(_text(each) for each in _each(box, "LowerCorner", "UpperCorner"))
        parts = [*corners.split(), box.get("crs", "")]
        pairs.append(("BOUNDINGBOX", ",".join(part for part in parts if part)))
    times = [_text(each) for each in _all(root, "TimePosition")]
    periods = [
        "/".join(_text(each) for each in _each(period, "BeginPosition", "EndPosition"))
        for period in _all(root, "TimePeriod")
    ]
    if times or periods:
        pairs.append(("TIMESEQUENCE", ",".join(times + periods)))
    field = _first(root, "FieldSubset")
    if field is not None:
        pairs.append(("RANGESUBSET", _field(field)))
    output = _first(root, "Output")
    if output is not None and output.get("format"):
        pairs.append(("FORMAT", output.get("format", "")))
    names = {"GridBaseCRS": "GRIDBASECRS", "GridOffsets": "GRIDOFFSETS", "GridOrigin": "GRIDORIGIN"}
    return pairs + [(key, ",".join(value.split())) for key, value in _taken(root, names)]


def _field(field: etree._Element) -> str:
    identifier = _first(field, "Identifier")
    method = _first(field, "InterpolationType")
    keys = [_text(each) for each in _all(field, "Key")]
    axis = _first(field, "AxisSubset")
    text = "" if identifier is None else _text(identifier)
    if method is not None:
        text += f":{_text(method)}"
    if keys:
        named = None if axis is None else _first(axis, "Identifier")
        text += f"[{'bands' if named is None else _text(named)}[{','.join(keys)}]]"
    return text


def _read_coverage_20(root: etree._Element) -> Pairs:
    names = {
        "CoverageId": "COVERAGEID",
        "format": "FORMAT",
        "mediaType": "MEDIATYPE",
        "subsettingCrs": "SUBSETTINGCRS",
        "outputCrs": "OUTPUTCRS",
        "scaleFactor": "SCALEFACTOR",
        "globalInterpolation": "INTERPOLATION",
    }
    if _first(root, "ScaleAxesByFactor") is not None:
        del names["scaleFactor"]
    pairs = _taken(root, names)
    for trim in _each(root, "DimensionTrim", "DimensionSlice"):
        values = [
            each.text or "*"
            for name in ("TrimLow", "TrimHigh", "SlicePoint")
            for each in _all(trim, name)
        ]
        if _name(trim) == "DimensionTrim" and _first(trim, "TrimHigh") is None:
            values.append("*")
        if _name(trim) == "DimensionTrim" and _first(trim, "TrimLow") is None:
            values.insert(0, "*")
        dimension = _first(trim, "Dimension")
        label = "" if dimension is None else _text(dimension)
        pairs.append(("SUBSET", f"{label}({','.join(value.strip() for value in values)})"))
    bands = [
        ":".join(_text(each) for each in _each(item, "startComponent", "endComponent"))
        or ":".join(_text(each) for each in _all(item, "RangeComponent"))
        for item in _all(root, "RangeItem")
    ]
    if bands:
        pairs.append(("RANGESUBSET", ",".join(bands)))
    return pairs + _read_scaling(root)


def _read_scaling(root: etree._Element) -> Pairs:
    """The scaling of OGC 12-039, 8: axis by axis."""
    forms = {
        "ScaleAxis": ("SCALEAXES", ("scaleFactor",)),
        "TargetAxisSize": ("SCALESIZE", ("targetSize",)),
        "TargetAxisExtent": ("SCALEEXTENT", ("low", "high")),
    }
    pairs = []
    for element, (key, names) in forms.items():
        axes = [
            f"{''.join(_text(each) for each in _all(item, 'axis'))}"
            f"({':'.join(_text(each) for each in _each(item, *names))})"
            for item in _all(root, element)
        ]
        if axes:
            pairs.append((key, ",".join(axes)))
    return pairs


def _taken(root: etree._Element | None, names: dict[str, str]) -> Pairs:
    """The text of the first element of each name, as the value of a key."""
    pairs = []
    for name, key in names.items():
        element = None if root is None else _first(root, name)
        if element is not None and _text(element):
            pairs.append((key, _text(element)))
    return pairs


def _whole(text: str) -> int:
    if not text.lstrip("-").isdigit() or len(text) > 10:  # noqa: PLR2004
        raise InvalidParameterError("the limits of a grid are whole numbers")
    return int(text)


def _each(root: etree._Element, *names: str) -> list[etree._Element]:
    """Elements of any of ``names``, in the order of the document."""
    return [element for element in root.iter() if _name(element) in names]


def _all(root: etree._Element, name: str) -> list[etree._Element]:
    return _each(root, name)


def _first(root: etree._Element, *names: str) -> etree._Element | None:
    return next(iter(_each(root, *names)), None)


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()
