"""manifest.safe: the package's table of contents (Sentinel-SAFE, CCSDS 661.0-B-1 XFDU)."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from lxml import etree

from function.demo.footprint import lat_lon_list
from function.demo.product import Product
from function.demo.product_metadata import generation_timestamp, timestamp
from function.demo.xml_document import element, serialised

XFDU = "urn:ccsds:schema:xfdu:1"
SAFE = "http://www.esa.int/safe/sentinel/1.1"
GML = "http://www.opengis.net/gml"
VERSION = "esa/safe/sentinel/1.1/sentinel-2/msi/archive_{}_user_product"
MEDIA_TYPES = {".xml": "text/xml", ".jp2": "application/octet-stream"}


def manifest(product: Product, directory: Path) -> bytes:
    """List every file under ``directory`` with its size and checksum."""
    files = sorted(path for path in directory.rglob("*") if path.suffix in MEDIA_TYPES)
    names = {path: path.relative_to(directory).as_posix() for path in files}
    document = etree.Element(
        f"{{{XFDU}}}XFDU",
        {"version": VERSION.format(product.level.lower())},
        nsmap={"gml": GML, "safe": SAFE, "xfdu": XFDU},
    )
    document.append(
        element("informationPackageMap", _package(product, (names[path] for path in files))),
    )
    document.append(element("metadataSection", *_metadata(product)))
    document.append(
        element("dataObjectSection", *(_data_object(path, names[path]) for path in files))
    )
    return serialised(document)


def _identifier(name: str) -> str:
    return name.replace("/", "_")


def _package(product: Product, names: Iterable[str]) -> etree._Element:
    unit = f"{{{XFDU}}}contentUnit"
    return element(
        unit,
        *(
            element(
                unit,
                element("dataObjectPointer", attributes={"dataObjectID": _identifier(name)}),
                attributes={"ID": f"{_identifier(name)}_Unit", "unitType": _unit_type(name)},
            )
            for name in names
        ),
        attributes={
            "dmdID": "acquisitionPeriod platform",
            "pdiID": "processing",
            "textInfo": f"SENTINEL-2 MSI {product.level_name} User Product",
            "unitType": f"Product_{product.level_name}",
        },
    )


def _unit_type(name: str) -> str:
    return "Metadata Unit" if name.endswith(".xml") else "Measurement Data Unit"


def _metadata(product: Product) -> Iterable[etree._Element]:
    number = f"{product.relative_orbit:03}"
    yield _wrapped(
        "acquisitionPeriod",
        "Acquisition Period",
        _safe("acquisitionPeriod", _safe("startTime", timestamp(product.acquired))),
    )
    yield _wrapped(
        "measurementOrbitReference",
        "Orbit Reference",
        _safe(
            "orbitReference",
            _safe(
                "orbitNumber",
                f"{product.absolute_orbit:06}",
                type="start",
                groundTrackDirection="descending",
            ),
            _safe("relativeOrbitNumber", number, type="start"),
        ),
    )
    yield _wrapped(
        "platform",
        "Platform Description",
        _safe(
            "platform",
            _safe("familyName", "SENTINEL"),
            _safe("number", product.platform[1:]),
            _safe(
                "instrument",
                _safe("familyName", "Multi-Spectral Instrument", abbreviation="MSI"),
            ),
        ),
    )
    yield _wrapped(
        "processing",
        "Processing",
        _safe(
            "processing",
            name=f"Generation of {product.level_name} User Product",
            start=generation_timestamp(product.generated),
        ),
        category="PDI",
        classification="PROVENANCE",
    )
    yield _wrapped("measurementFrameSet", "Frame Set", _frame_set(product))


def _frame_set(product: Product) -> etree._Element:
    return _safe(
        "frameSet",
        _safe(
            "footPrint",
            element(f"{{{GML}}}coordinates", lat_lon_list(product)),
            srsName="http://www.opengis.net/gml/srs/epsg.xml#4326",
        ),
    )


def _safe(tag: str, *content: etree._Element | str, **attributes: str) -> etree._Element:
    return element(f"{{{SAFE}}}{tag}", *content, attributes=attributes)


def _wrapped(
    identifier: str,
    title: str,
    content: etree._Element,
    category: str = "DMD",
    classification: str = "DESCRIPTION",
) -> etree._Element:
    return element(
        "metadataObject",
        element(
            "metadataWrap",
            element("xmlData", content),
            attributes={
                "mimeType": "text/xml",
                "textInfo": title,
                "vocabularyName": "Sentinel-SAFE",
            },
        ),
        attributes={"ID": identifier, "category": category, "classification": classification},
    )


def _data_object(path: Path, name: str) -> etree._Element:
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha3_256").hexdigest()
    return element(
        "dataObject",
        element(
            "byteStream",
            element("fileLocation", attributes={"href": f"./{name}", "locatorType": "URL"}),
            element("checksum", checksum, attributes={"checksumName": "SHA3-256"}),
            attributes={
                "mimeType": MEDIA_TYPES[path.suffix],
                "size": str(path.stat().st_size),
            },
        ),
        attributes={"ID": _identifier(name)},
    )
