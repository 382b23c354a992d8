"""Reads a Sentinel-1 GRD product, in SAFE or bucket layout, into a scene."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from function.ingest.errors import NoImagesError, NotASafeProductError
from function.ingest.footprint import footprint_of
from function.ingest.metadata_files import MANIFEST, find_metadata, listed_files
from function.ingest.product_files import ProductFiles
from function.ingest.product_info import NAME, ProductInfo, read_product_info
from function.ingest.reading import IMAGES, Flaws, ReadProduct, ReadShape
from function.ingest.sentinel1_images import RadarImages
from function.ingest.sentinel1_manifest import AcquisitionMetadata, read_acquisition
from function.ingest.sentinel1_name import Sentinel1Name, read_name
from function.scene import RadarAcquisition, RadarImage, Scene

COLLECTION = "sentinel-1-grd"
PRODUCT_INFO = PurePosixPath(NAME)
PREFIX = "S1"


def is_sentinel1(files: ProductFiles) -> bool:
    """Tell by the name of its directory whether a product is of Sentinel-1."""
    return files.name.startswith(PREFIX)


def read_sentinel1(files: ProductFiles, read_shape: ReadShape) -> ReadProduct:
    """Read a product, as ``products.read_product`` says.

    The manifest is believed; without one, what productInfo.json tells is all that is known. Where
    there are both, the footprint is that of productInfo.json, which follows the swath's edges
    where the manifest has its corners alone.
    """
    content = files.read(PRODUCT_INFO)
    info = None if content is None else read_product_info(content)
    name = read_name(files.name if info is None else info.name)
    manifest = find_metadata(files, MANIFEST)
    warnings = [] if manifest is not None else [f"{MANIFEST.name} is missing"]
    if manifest is not None:
        acquisition = read_acquisition(manifest)
    elif info is not None:
        acquisition = info.acquisition()
    else:
        raise NotASafeProductError(f"there is neither {MANIFEST.name} nor {NAME}")
    if info is not None and info.outlines:
        acquisition = replace(acquisition, outlines=info.outlines)
    flaws = Flaws()
    images = RadarImages(files, _listed(listed_files(manifest), info), name.polarisations)
    read = tuple(images.read(read_shape, flaws))
    if not read:
        raise NoImagesError(f"all images of {', '.join(name.polarisations)} are {flaws.of(IMAGES)}")
    if acquisition.orbit_direction is None:
        acquisition = replace(acquisition, orbit_direction=images.orbit_direction)
    return ReadProduct(_scene(name, acquisition, read), (*warnings, *flaws.warnings()))


def _listed(
    manifest: Mapping[PurePosixPath, int | None], info: ProductInfo | None
) -> Mapping[PurePosixPath, int | None]:
    """Name files as they are called where they lie."""
    if info is None:
        return manifest
    if not manifest:
        return dict.fromkeys(info.files.values())
    return {info.files.get(path, path): size for path, size in manifest.items()}


def _scene(
    name: Sentinel1Name, acquisition: AcquisitionMetadata, images: tuple[RadarImage, ...]
) -> Scene:
    return Scene(
        collection=COLLECTION,
        name=name.name,
        acquired=acquisition.started,
        generated=acquisition.generated,
        platform=f"Sentinel-{name.mission[1:]}",
        baseline=acquisition.baseline,
        datatake=name.acquisition,
        relative_orbit=acquisition.relative_orbit,
        cell="",
        cloud_cover=None,
        footprint=footprint_of(acquisition.outlines),
        assets=(),
        radar=RadarAcquisition(
            mode=name.mode,
            resolution_class=name.resolution_class,
            ended=acquisition.ended,
            absolute_orbit=name.absolute_orbit,
            orbit_direction=acquisition.orbit_direction,
            slice_number=acquisition.slice_number,
            slices=acquisition.slices,
            timeliness=acquisition.timeliness,
            images=images,
        ),
    )
