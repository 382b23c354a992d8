"""SAFE directories to ingest: a small written one, and real metadata with empty images."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from affine import Affine
from lxml import etree

from function.errors import SceneUnreadableError
from function.grid import Grid
from function.ingest.local_files import LocalFiles
from function.ingest.products import read_product
from function.ingest.reading import ReadHeader, ReadProduct, ReadShape

NAME = "S2A_MSIL2A_20240601T114351_N0510_R123_T29UNU_20240601T170000"
GRANULE = "GRANULE/L2A_T29UNU_A046720_20240601T114350"
STEM = "T29UNU_20240601T114351"

PRODUCT_XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<n1:Level-2A_User_Product xmlns:n1="https://psd-15.sentinel2.eo.esa.int/PSD/User_Product.xsd">
<n1:General_Info><Product_Info>
<PRODUCT_START_TIME>2024-06-01T11:43:51.024Z</PRODUCT_START_TIME>
<PRODUCT_URI>{NAME}.SAFE</PRODUCT_URI>
<PRODUCT_TYPE>S2MSI2A</PRODUCT_TYPE>
<PROCESSING_BASELINE>05.10</PROCESSING_BASELINE>
<GENERATION_TIME>2024-06-01T17:00:00.000000Z</GENERATION_TIME>
<Datatake datatakeIdentifier="GS2A_20240601T114351_046720_N05.10">
<SPACECRAFT_NAME>Sentinel-2A</SPACECRAFT_NAME>
<SENSING_ORBIT_NUMBER>123</SENSING_ORBIT_NUMBER>
</Datatake>
<Product_Organisation><Granule_List>
<Granule granuleIdentifier="S2A_OPER_MSI_L2A_TL_2APS_20240601T170000_A046720_T29UNU_N05.10"
 imageFormat="JPEG2000">
<IMAGE_FILE>{GRANULE}/IMG_DATA/R10m/{STEM}_B04_10m</IMAGE_FILE>
<IMAGE_FILE>{GRANULE}/IMG_DATA/R20m/{STEM}_SCL_20m</IMAGE_FILE>
</Granule>
</Granule_List></Product_Organisation>
</Product_Info>
<Product_Image_Characteristics>
<QUANTIFICATION_VALUES_LIST>
<BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>
</QUANTIFICATION_VALUES_LIST>
<BOA_ADD_OFFSET_VALUES_LIST>
<BOA_ADD_OFFSET band_id="3">-1000</BOA_ADD_OFFSET>
</BOA_ADD_OFFSET_VALUES_LIST>
</Product_Image_Characteristics></n1:General_Info>
<n1:Geometric_Info><Product_Footprint><Product_Footprint><Global_Footprint>
<EXT_POS_LIST>53 -9 53 -8.99 52.99 -8.99 52.99 -9 53 -9 </EXT_POS_LIST>
</Global_Footprint></Product_Footprint></Product_Footprint></n1:Geometric_Info>
<n1:Quality_Indicators_Info>
<Cloud_Coverage_Assessment>12.5</Cloud_Coverage_Assessment>
</n1:Quality_Indicators_Info>
</n1:Level-2A_User_Product>
"""
GRANULE_XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<n1:Level-2A_Tile_ID xmlns:n1="https://psd-15.sentinel2.eo.esa.int/PSD/Tile_Metadata.xsd">
<n1:Geometric_Info><Tile_Geocoding>
<HORIZONTAL_CS_CODE>EPSG:32629</HORIZONTAL_CS_CODE>
<Size resolution="10"><NROWS>10980</NROWS><NCOLS>10980</NCOLS></Size>
<Size resolution="20"><NROWS>5490</NROWS><NCOLS>5490</NCOLS></Size>
<Size resolution="60"><NROWS>1830</NROWS><NCOLS>1830</NCOLS></Size>
<Geoposition resolution="10"><ULX>499980</ULX><ULY>5900040</ULY><XDIM>10</XDIM><YDIM>-10</YDIM>
</Geoposition>
<Geoposition resolution="20"><ULX>499980</ULX><ULY>5900040</ULY><XDIM>20</XDIM><YDIM>-20</YDIM>
</Geoposition>
<Geoposition resolution="60"><ULX>499980</ULX><ULY>5900040</ULY><XDIM>60</XDIM><YDIM>-60</YDIM>
</Geoposition>
</Tile_Geocoding></n1:Geometric_Info>
<n1:Quality_Indicators_Info><Pixel_Level_QI>
<MASK_FILENAME type="MSK_CLASSI">{GRANULE}/QI_DATA/MSK_CLASSI_B00.jp2</MASK_FILENAME>
<MASK_FILENAME bandId="0" type="MSK_DETFOO">{GRANULE}/QI_DATA/MSK_DETFOO_B01.jp2</MASK_FILENAME>
</Pixel_Level_QI></n1:Quality_Indicators_Info>
</n1:Level-2A_Tile_ID>
"""
MANIFEST_XML = f"""<?xml version="1.0" encoding="UTF-8"?>
<xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1"><dataObjectSection>
<dataObject><byteStream size="4">
<fileLocation href="./{GRANULE}/IMG_DATA/R10m/{STEM}_B04_10m.jp2"/>
</byteStream></dataObject>
</dataObjectSection></xfdu:XFDU>
"""
IMAGES = (
    f"{GRANULE}/IMG_DATA/R10m/{STEM}_B04_10m.jp2",
    f"{GRANULE}/IMG_DATA/R20m/{STEM}_SCL_20m.jp2",
    f"{GRANULE}/QI_DATA/MSK_CLASSI_B00.jp2",
)
NO_EDITS: Mapping[str, str] = MappingProxyType({})


class Header(NamedTuple):
    grid: Grid
    components: int
    bits: int


class Shape(NamedTuple):
    width: int
    height: int
    bits: int


def no_shape(href: str) -> Shape:
    """Read the header of an image on no grid, where there is none."""
    raise SceneUnreadableError(f"{href} is no image")


def read_local(
    product: Path, read_header: ReadHeader, read_shape: ReadShape = no_shape
) -> ReadProduct:
    """Read a product on disk."""
    return read_product(LocalFiles(product), read_header, read_shape)


def write_product(directory: Path, edits: Mapping[str, str] = NO_EDITS) -> Path:
    """Write the product with texts of its XML replaced, and images of four bytes."""
    root = directory / f"{NAME}.SAFE"
    for path, xml in (
        ("MTD_MSIL2A.xml", PRODUCT_XML),
        (f"{GRANULE}/MTD_TL.xml", GRANULE_XML),
        ("manifest.safe", MANIFEST_XML),
    ):
        text = xml
        for old, new in edits.items():
            text = text.replace(old, new)
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    for image in IMAGES:
        (root / image).parent.mkdir(parents=True, exist_ok=True)
        (root / image).write_bytes(b"jp2k")
    return root


def header_reader(crs: str, ulx: float, uly: float) -> Callable[[str], Header]:
    """Read a header from an image's name alone: a whole grid cell with this corner."""

    def read_header(href: str) -> Header:
        name = Path(href).stem
        step = {"10m": 10, "20m": 20}.get(name[-3:], 60)
        colours = 3 if "TCI" in name or "CLASSI" in name else 1
        grid = Grid(
            crs,
            Affine(float(step), 0.0, ulx, 0.0, float(-step), uly),
            109800 // step,
            109800 // step,
        )
        return Header(grid, colours, 8 if colours == 3 else 15)

    return read_header


def with_images(product: Path, directory: Path) -> Path:
    """Copy a product of which only the XML is at hand, its images as empty files.

    Which files those are is what the XML itself says: manifests of converted products lack the
    masks, and so names come with the granule's.
    """
    copy = Path(shutil.copytree(product, directory / product.name))
    for path in (copy, *copy.rglob("*")):  # the originals are read-only
        path.chmod(0o755 if path.is_dir() else 0o644)
    manifest = etree.parse(copy / "manifest.safe").getroot()
    streams = list(manifest.iter("byteStream"))
    paths = [stream.find("fileLocation").get("href") for stream in streams]
    (granule,) = copy.glob("GRANULE/*/MTD_TL.xml")
    paths += [mask.text for mask in etree.parse(granule).getroot().iter("MASK_FILENAME")]
    for path in paths:
        if Path(path).suffix in {".jp2", ".tif", ".gml"}:
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).touch()
    for stream in streams:
        del stream.attrib["size"]
    manifest.getroottree().write(copy / "manifest.safe")
    return copy
