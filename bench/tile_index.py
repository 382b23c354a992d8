"""MapServer's own raster path over the archive: a VRT a scene, and a tile index of them in PostGIS.

As an operator of MapServer would set it up: true colour and NDVI are VRTs over the bands, which
GDAL computes as it reads (NDVI by its pixel functions), the ready-made true colour image stands
for itself. Footprints are the images' outlines, in the images' own CRS.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import psycopg
import rasterio
from affine import Affine

from bench.cloud_optimised import convert_all

BANDS = ("B02", "B03", "B04", "B08", "TCI")
SRID = 32632
OFFSET = -1000  # of the bench's products: reflectance is (sample + OFFSET) / 10000
TABLES = """
DROP TABLE IF EXISTS {name};
CREATE TABLE {name} (
    scene integer PRIMARY KEY,
    acquired timestamp NOT NULL,
    bands text NOT NULL,
    ndvi text NOT NULL,
    tci text NOT NULL,
    footprint geometry (POLYGON, {srid}) NOT NULL
);
CREATE INDEX ON {name} USING gist (footprint);
"""
INSERT = "INSERT INTO {name} VALUES (%s, %s, %s, %s, %s, ST_MakeEnvelope(%s, %s, %s, %s, {srid}))"


@dataclass(frozen=True, slots=True)
class Images:
    """The 10 m images of one product, by band; all lie on one grid."""

    name: str
    paths: Mapping[str, Path]
    transform: Affine
    width: int
    height: int

    @property
    def acquired(self) -> datetime:
        return datetime.strptime(self.name.split("_")[2], "%Y%m%dT%H%M%S")  # noqa: DTZ007

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north."""
        west, north = self.transform @ (0.0, 0.0)
        east, south = self.transform @ (float(self.width), float(self.height))
        return west, south, east, north


def find_images(product: Path) -> Images:
    """Find the 10 m images of a SAFE directory."""
    paths = {}
    for band in BANDS:
        (paths[band],) = product.glob(f"GRANULE/*/IMG_DATA/R10m/*_{band}_10m.jp2")
    with rasterio.open(paths["B04"]) as image:
        return Images(product.stem, paths, image.transform, image.width, image.height)


def converted(products: Sequence[Images], directory: Path) -> list[Images]:
    """Give the same products as cloud-optimised GeoTIFFs, converted where they are not yet."""
    every = [path for images in products for path in images.paths.values()]
    copies = convert_all(every, directory)
    return [
        Images(
            images.name,
            {band: copies[path] for band, path in images.paths.items()},
            images.transform,
            images.width,
            images.height,
        )
        for images in products
    ]


def fill_tile_index(url: str, name: str, products: Sequence[Images], directory: Path) -> None:
    """Make the table ``name`` anew, with a VRT a scene and composition below ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    with psycopg.connect(url) as connection:
        connection.execute(TABLES.format(name=name, srid=SRID))
        for number, images in enumerate(sorted(products, key=lambda each: each.acquired)):
            bands, terms, ndvi = (
                directory / f"{images.name}_{what}.vrt" for what in ("bands", "terms", "ndvi")
            )
            bands.write_bytes(ET.tostring(_bands(images)))
            terms.write_bytes(ET.tostring(_terms(images)))
            ndvi.write_bytes(ET.tostring(_ndvi(images, terms)))
            row = (number, images.acquired, str(bands), str(ndvi), str(images.paths["TCI"]))
            connection.execute(INSERT.format(name=name, srid=SRID), (*row, *images.bounds))
        connection.execute(f"ANALYZE {name}")


def _bands(images: Images) -> ET.Element:
    dataset = _dataset(images)
    for number, name in enumerate(("B04", "B03", "B02"), start=1):
        band = ET.SubElement(dataset, "VRTRasterBand", dataType="UInt16", band=str(number))
        ET.SubElement(band, "NoDataValue").text = "0"
        _source(band, "SimpleSource", images, name)
    return dataset


def _terms(images: Images) -> ET.Element:
    """B08 - B04 and B08 + B04 of reflectance: GDAL 3.6 has no function for all of the index."""
    dataset = _dataset(images)
    for number, function in enumerate(("diff", "sum"), start=1):
        band = _derived(dataset, number, function)
        for name in ("B08", "B04"):
            source = _source(band, "ComplexSource", images, name)
            ET.SubElement(source, "ScaleOffset").text = str(OFFSET)
            ET.SubElement(source, "ScaleRatio").text = "1"
    return dataset


def _ndvi(images: Images, terms: Path) -> ET.Element:
    dataset = _dataset(images)
    band = _derived(dataset, 1, "div")
    for number in (1, 2):
        source = ET.SubElement(band, "SimpleSource")
        ET.SubElement(source, "SourceFilename", relativeToVRT="0").text = str(terms)
        ET.SubElement(source, "SourceBand").text = str(number)
        _rectangles(source, images)
    return dataset


def _derived(dataset: ET.Element, number: int, function: str) -> ET.Element:
    band = ET.SubElement(
        dataset,
        "VRTRasterBand",
        dataType="Float32",
        band=str(number),
        subClass="VRTDerivedRasterBand",
    )
    ET.SubElement(band, "PixelFunctionType").text = function
    ET.SubElement(band, "SourceTransferType").text = "Float32"
    return band


def _dataset(images: Images) -> ET.Element:
    width, height = str(images.width), str(images.height)
    dataset = ET.Element("VRTDataset", rasterXSize=width, rasterYSize=height)
    ET.SubElement(dataset, "SRS").text = f"EPSG:{SRID}"
    ET.SubElement(dataset, "GeoTransform").text = ", ".join(
        str(number) for number in images.transform.to_gdal()
    )
    return dataset


def _source(band: ET.Element, kind: str, images: Images, name: str) -> ET.Element:
    source = ET.SubElement(band, kind)
    path = images.paths[name]
    ET.SubElement(source, "SourceFilename", relativeToVRT="0").text = str(path)
    ET.SubElement(source, "SourceBand").text = "1"
    with rasterio.open(path) as image:
        rows, columns = image.block_shapes[0]
    width, height = str(images.width), str(images.height)
    # So that GDAL need not open a band's file before it reads from it.
    ET.SubElement(
        source,
        "SourceProperties",
        RasterXSize=width,
        RasterYSize=height,
        DataType="UInt16",
        BlockXSize=str(columns),
        BlockYSize=str(rows),
    )
    _rectangles(source, images)
    return source


def _rectangles(source: ET.Element, images: Images) -> None:
    width, height = str(images.width), str(images.height)
    for rectangle in ("SrcRect", "DstRect"):
        ET.SubElement(source, rectangle, xOff="0", yOff="0", xSize=width, ySize=height)
