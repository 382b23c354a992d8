"""Sentinel-1 GRD products to ingest: a written strip map, and real metadata with empty images."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from lxml import etree

NAME = "S1A_S3_GRDH_1SDV_20240601T055211_20240601T055234_054126_069518_1A2B"
FILES = "s1a-s3-grd-{}-20240601t055211-20240601t055234-054126-069518-00{}"
IMAGES = (
    f"measurement/{FILES.format('vv', 1)}.tiff",
    f"measurement/{FILES.format('vh', 2)}.tiff",
)
NO_EDITS: Mapping[str, str] = MappingProxyType({})


def _file(directory: str, prefix: str, polarisation: str, number: int) -> str:
    return f"{directory}/{prefix}{FILES.format(polarisation, number)}.xml"


METADATA = {
    (kind, polarisation): _file(directory, prefix, polarisation, number)
    for polarisation, number in (("vv", 1), ("vh", 2))
    for kind, directory, prefix in (
        ("annotation", "annotation", ""),
        ("calibration", "annotation/calibration", "calibration-"),
        ("noise", "annotation/calibration", "noise-"),
    )
}
OBJECTS = "".join(
    f'<dataObject><byteStream size="4"><fileLocation href="./{path}"/></byteStream></dataObject>'
    for path in (*IMAGES, *METADATA.values())
)
MANIFEST = f"""<?xml version="1.0" encoding="UTF-8"?>
<xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1" xmlns:safe="http://www.esa.int/safe/sentinel-1.0"
 xmlns:s1="http://www.esa.int/safe/sentinel-1.0/sentinel-1" xmlns:gml="http://www.opengis.net/gml">
<metadataSection>
<safe:processing name="GRD Post Processing" stop="2024-06-01T07:00:00.5"><safe:facility>
<safe:software name="Sentinel-1 IPF" version="003.71"/></safe:facility>
<safe:resource><safe:processing stop="2024-06-01T06:30:00"><safe:facility>
<safe:software name="Sentinel-1 IPF" version="003.70"/>
</safe:facility></safe:processing></safe:resource></safe:processing>
<safe:orbitReference><safe:orbitNumber type="start">54126</safe:orbitNumber>
<safe:relativeOrbitNumber type="start">154</safe:relativeOrbitNumber>
<s1:pass>DESCENDING</s1:pass></safe:orbitReference>
<s1:productType>GRD</s1:productType>
<s1:productTimelinessCategory>Fast-24h</s1:productTimelinessCategory>
<safe:acquisitionPeriod><safe:startTime>2024-06-01T05:52:11.123456</safe:startTime>
<safe:stopTime>2024-06-01T05:52:34.5</safe:stopTime></safe:acquisitionPeriod>
<safe:footPrint>
<gml:coordinates>-17.5,179.5 -17.4,-179.7 -18.9,-179.4 -19.0,179.8</gml:coordinates>
</safe:footPrint>
</metadataSection>
<dataObjectSection>{OBJECTS}</dataObjectSection>
</xfdu:XFDU>
"""
ANNOTATION = """<?xml version="1.0" encoding="UTF-8"?>
<product><generalAnnotation><pass>Descending</pass></generalAnnotation>
<imageAnnotation><imageInformation>
<numberOfSamples>8000</numberOfSamples><numberOfLines>17000</numberOfLines>
</imageInformation></imageAnnotation></product>
"""


def write_strip_map(
    directory: Path, manifest: Mapping[str, str] = NO_EDITS, annotation: str = ANNOTATION
) -> Path:
    """Write the product with texts of its manifest replaced, and images of four bytes."""
    root = directory / f"{NAME}.SAFE"
    text = MANIFEST
    for old, new in manifest.items():
        text = text.replace(old, new)
    contents = {"manifest.safe": text.encode()}
    contents |= dict.fromkeys(IMAGES, b"tiff")
    for (kind, _), path in METADATA.items():
        contents[path] = annotation.encode() if kind == "annotation" else b"<a/>"
    for path, content in contents.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def with_measurements(product: Path, directory: Path, names: Mapping[str, str] = NO_EDITS) -> Path:
    """Copy a real product whose images are absent; they are sparse files of the size they had.

    ``names`` are those that its files have where they are not as the manifest calls them.
    """
    copy = Path(shutil.copytree(product, directory / product.name))
    for path in (copy, *copy.rglob("*")):  # the originals are read-only
        path.chmod(0o755 if path.is_dir() else 0o644)
    for stream in etree.parse(copy / "manifest.safe").getroot().iter("byteStream"):
        location = stream.find("fileLocation")
        assert location is not None
        listed = str(location.get("href")).removeprefix("./")
        if listed.endswith(".tiff"):
            image = copy / names.get(listed, listed)
            image.parent.mkdir(exist_ok=True)
            with image.open("wb") as file:
                file.truncate(int(str(stream.get("size"))))
    return copy
