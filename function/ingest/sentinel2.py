"""Reads a Sentinel-2 product, L1C or L2A, into a scene."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from function.ingest.errors import NoImagesError
from function.ingest.footprint import footprint_of
from function.ingest.granule_metadata import GranuleMetadata, read_granule_metadata
from function.ingest.metadata import Metadata
from function.ingest.metadata_files import MANIFEST, find_metadata, listed_files, need_metadata
from function.ingest.product_files import ProductFiles, inside
from function.ingest.product_metadata import ProductMetadata, read_product_metadata
from function.ingest.reading import IMAGES, Flaws, Kind, ReadHeader, ReadProduct
from function.ingest.sentinel2_images import Images
from function.scene import Asset, Scene, VectorMask

VECTOR_MASKS = Kind("vector mask", "vector masks")
COMPACT_METADATA = ("MTD_MSIL2A.xml", "MTD_MSIL1C.xml")


def find_product_metadata(files: ProductFiles) -> Metadata | None:
    """Read the product's own metadata, which tell that it is one; None where there are none.

    Raises what ``find_metadata`` does.
    """
    names = (*COMPACT_METADATA, f"{_before_compact(files.name)}.xml")
    return next(
        (found for name in names if (found := find_metadata(files, PurePosixPath(name)))), None
    )


def _before_compact(name: str) -> str:
    """S2A_OPER_PRD_MSIL1C_… has S2A_OPER_MTD_SAFL1C_….xml."""
    return name.removesuffix(".SAFE").replace("_PRD_MSI", "_MTD_SAF", 1)


def read_sentinel2(
    files: ProductFiles, product_metadata: Metadata, read_header: ReadHeader
) -> ReadProduct:
    """Read a product of any baseline, as ``products.read_product`` says."""
    product = read_product_metadata(product_metadata)
    manifest = find_metadata(files, MANIFEST)
    warnings = [] if manifest is not None else [f"{MANIFEST.name} is missing"]
    listed = listed_files(manifest)
    granule = read_granule_metadata(need_metadata(files, product.granule))
    flaws = Flaws()
    images = Images(files, listed, product, granule)
    assets = tuple(images.read(read_header, flaws))
    if not assets:
        raise NoImagesError(f"all {images.count} images that it lists are {flaws.of(IMAGES)}")
    masks = tuple(_vector_masks(files, product, granule, flaws))
    return ReadProduct(
        _scene(files.name, product, assets, masks),
        (*warnings, *images.warnings, *flaws.warnings()),
    )


def _vector_masks(
    files: ProductFiles, product: ProductMetadata, granule: GranuleMetadata, flaws: Flaws
) -> Iterator[VectorMask]:
    for mask in granule.polygon_masks:
        path = inside(mask.path_in(product.granule.parent))
        flaw = files.flaw(path, None)
        if flaw is None:
            yield VectorMask(mask.kind, files.href(path), mask.band)
        else:
            flaws.add(VECTOR_MASKS, flaw, path.name)


def _scene(
    directory: str,
    product: ProductMetadata,
    assets: tuple[Asset, ...],
    vector_masks: tuple[VectorMask, ...],
) -> Scene:
    return Scene(
        collection=product.collection,
        name=product.name or directory.removesuffix(".SAFE"),
        acquired=product.acquired,
        generated=product.generated,
        platform=product.platform,
        baseline=product.baseline,
        datatake=product.datatake,
        relative_orbit=product.relative_orbit,
        cell=product.cell,
        cloud_cover=product.cloud_cover,
        footprint=footprint_of(product.position_lists),
        assets=assets,
        vector_masks=vector_masks,
    )
