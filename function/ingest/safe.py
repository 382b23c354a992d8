"""Reads a Sentinel-2 L2A product in SAFE format into a scene."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from function.errors import SceneUnreadableError
from function.grid import Grid
from function.ingest.errors import (
    NoImagesError,
    NotASafeProductError,
    UnsupportedProductError,
)
from function.ingest.footprint import footprint_of
from function.ingest.granule_metadata import GranuleMetadata, read_granule_metadata
from function.ingest.manifest import read_manifest
from function.ingest.metadata import Metadata
from function.ingest.product_files import ProductFiles
from function.ingest.product_metadata import ProductMetadata, read_product_metadata
from function.ingest.spectral_bands import BANDS
from function.scene import Asset, Scene, VectorMask

COLLECTION = "sentinel-2-l2a"
PRODUCT_METADATA = "MTD_MSIL2A.xml"
GRANULE_METADATA = "MTD_TL.xml"
MANIFEST = "manifest.safe"
GRANULE_DEPTH = 2  # GRANULE/L2A_T29UNU_…/
IMAGE_NAME = re.compile(r".*_(?P<band>[A-Z0-9]{3})_(?P<resolution>\d\d)m")
MASK_RESOLUTION = re.compile(r".*_(?P<resolution>\d\d)m")
# Probabilities, for which 0 is a figure, and MSK_CLASSI, whose 0 means that nothing was found.
WITHOUT_NODATA = frozenset({"CLDPRB", "SNWPRB", "MSK_CLASSI"})


class Header(Protocol):
    """What an image file says of itself."""

    @property
    def grid(self) -> Grid: ...

    @property
    def components(self) -> int: ...

    @property
    def bits(self) -> int: ...


ReadHeader = Callable[[str], Header]


@dataclass(frozen=True, slots=True)
class ReadProduct:
    """A product as a scene; ``warnings`` tell what of it is missing or contradicts itself."""

    scene: Scene
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Image:
    """An image that the metadata name; ``grid`` is None where they do not say which."""

    band: str
    path: PurePosixPath
    grid: Grid | None


def read_product(path: Path, read_header: ReadHeader) -> ReadProduct:
    """Read the SAFE directory ``path``; ``read_header`` reads an image's header by its path.

    Images that the metadata name but that are missing, cut short or unreadable are left out
    with a warning. Where an image's header contradicts the metadata, the header is believed.

    Raises:
        NotASafeProductError: ``path`` is no directory with a product's metadata.
        UnsupportedProductError: it is a product of another kind.
        BrokenMetadataError: the metadata lack what is needed or do not parse.
        NoImagesError: none of the images can be read.
    """
    root = path.resolve()
    product = read_product_metadata(Metadata.read(_product_metadata_path(root)))
    warnings: list[str] = []
    files = ProductFiles(root, _manifest(root, warnings))
    granule = read_granule_metadata(Metadata.read(root / _granule_path(product, files)))
    images = list(_images(product, granule, files, warnings))
    assets = tuple(_assets(images, product, files, read_header, warnings))
    if not assets:
        raise NoImagesError(f"none of the {len(images)} images that it lists can be read")
    masks = tuple(_vector_masks(granule, files, warnings))
    return ReadProduct(_scene(root, product, assets, masks), tuple(warnings))


def _product_metadata_path(root: Path) -> Path:
    path = root / PRODUCT_METADATA
    if path.is_file():
        return path
    if not root.is_dir():
        raise NotASafeProductError("there is no such directory")
    others = sorted(root.glob("MTD_*.xml")) or sorted(root.glob(MANIFEST))
    if others:
        raise UnsupportedProductError(
            f"it has {others[0].name} but no {PRODUCT_METADATA}: it is no Sentinel-2 L2A product"
        )
    raise NotASafeProductError(f"there is no {PRODUCT_METADATA}: it is no SAFE product")


def _manifest(root: Path, warnings: list[str]) -> dict[PurePosixPath, int | None]:
    path = root / MANIFEST
    if not path.exists():
        warnings.append(f"{MANIFEST} is missing")
        return {}
    return dict(read_manifest(Metadata.read(path)))


def _granule_path(product: ProductMetadata, files: ProductFiles) -> PurePosixPath:
    """GRANULE/<the granule's directory>, as the paths of its images begin."""
    for image in product.images:
        parts = files.inside(image).parts
        if len(parts) > GRANULE_DEPTH:
            return PurePosixPath(*parts[:GRANULE_DEPTH], GRANULE_METADATA)
    raise NoImagesError("it lists no images")


def _images(
    product: ProductMetadata, granule: GranuleMetadata, files: ProductFiles, warnings: list[str]
) -> Iterator[_Image]:
    for name in dict.fromkeys(product.images):
        match = IMAGE_NAME.fullmatch(name)
        if match is None:
            warnings.append(f"{PurePosixPath(name).name} is named as no band is")
            continue
        path = files.with_extension(name, product.image_extension)
        yield _Image(match["band"], path, granule.grids.get(int(match["resolution"])))
    for mask in granule.image_masks:
        path = files.inside(mask.path)
        match = MASK_RESOLUTION.fullmatch(path.stem)
        yield _Image(
            mask.band, path, granule.grids.get(int(match["resolution"])) if match else None
        )


def _assets(
    images: Iterable[_Image],
    product: ProductMetadata,
    files: ProductFiles,
    read_header: ReadHeader,
    warnings: list[str],
) -> Iterator[Asset]:
    flawed: dict[str, list[str]] = {}
    for image in images:
        flaw = files.flaw(image.path)
        if flaw is None:
            href = str(files.root / image.path)
            try:
                header = read_header(href)
            except SceneUnreadableError:
                flaw = "unreadable"
            else:
                if image.grid is not None and header.grid != image.grid:
                    warnings.append(f"{image.path.name} lies on another grid than the metadata say")
                yield _asset(image.band, href, header, product)
        if flaw is not None:
            flawed.setdefault(flaw, []).append(image.path.name)
    warnings.extend(
        f"{len(names)} images are {flaw}: {', '.join(names)}" for flaw, names in flawed.items()
    )


def _vector_masks(
    granule: GranuleMetadata, files: ProductFiles, warnings: list[str]
) -> Iterator[VectorMask]:
    flawed: dict[str, list[str]] = {}
    for mask in granule.polygon_masks:
        path = files.inside(mask.path)
        flaw = files.flaw(path)
        if flaw is None:
            yield VectorMask(mask.kind, str(files.root / path), mask.band)
        else:
            flawed.setdefault(flaw, []).append(path.name)
    warnings.extend(
        f"{len(names)} vector masks are {flaw}: {', '.join(names)}"
        for flaw, names in flawed.items()
    )


def _asset(band: str, href: str, header: Header, product: ProductMetadata) -> Asset:
    kind = "BOA" if band in BANDS else band
    return Asset(
        band=band,
        href=href,
        grid=header.grid,
        components=header.components,
        bits=header.bits,
        offset=product.offsets.get(band, 0.0),
        quantification=product.quantifications.get(kind, 1.0),
        nodata=None if band in WITHOUT_NODATA else product.nodata,
    )


def _scene(
    root: Path, product: ProductMetadata, assets: tuple[Asset, ...], masks: tuple[VectorMask, ...]
) -> Scene:
    return Scene(
        collection=COLLECTION,
        name=product.name or root.name.removesuffix(".SAFE"),
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
        vector_masks=masks,
    )
