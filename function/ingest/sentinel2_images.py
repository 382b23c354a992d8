"""The images of a Sentinel-2 product, as far as they are there."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from function.errors import SceneUnreadableError
from function.grid import Grid
from function.ingest.granule_metadata import GranuleMetadata
from function.ingest.product_files import ProductFiles, inside
from function.ingest.product_metadata import ProductMetadata
from function.ingest.reading import IMAGES, Flaws, Header, ReadHeader
from function.ingest.remote_files import UNREACHABLE
from function.ingest.spectral_bands import BANDS, NATIVE_RESOLUTIONS
from function.scene import Asset
from function.scenes.access.failures import FileMissingError

EXTENSIONS = (".jp2", ".tif")
# L1C has a file a band, whose name tells no resolution.
IMAGE_NAME = re.compile(r".*_(?P<band>[A-Z0-9]{3})(?:_(?P<resolution>\d\d)m)?")
MASK_RESOLUTION = re.compile(r".*_(?P<resolution>\d\d)m")
# Probabilities, for which 0 is a figure, and MSK_CLASSI, whose 0 means that nothing was found.
WITHOUT_NODATA = frozenset({"CLDPRB", "SNWPRB", "MSK_CLASSI"})


@dataclass(frozen=True, slots=True)
class _Image:
    """An image that the metadata name; ``grid`` is None where they do not say which."""

    band: str
    path: PurePosixPath
    grid: Grid | None


class Images:
    """The images that a product's metadata name; ``listed`` are the manifest's files by size."""

    def __init__(
        self,
        files: ProductFiles,
        listed: Mapping[PurePosixPath, int | None],
        product: ProductMetadata,
        granule: GranuleMetadata,
    ) -> None:
        self._files = files
        self._listed = listed
        self._product = product
        self._granule = granule
        self._warnings: list[str] = []
        self._images = [*self._bands(), *self._masks()]

    @property
    def count(self) -> int:
        """How many there should be."""
        return len(self._images)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What about the images is odd."""
        return tuple(self._warnings)

    def read(self, read_header: ReadHeader, flaws: Flaws) -> Iterator[Asset]:
        """Give those that can be read; the others are told to ``flaws``.

        Raises:
            ArchiveDeniedError, ArchiveThrottledError, ArchiveUnavailableError: the archive
                that holds them cannot be read now.
        """
        for image in self._images:
            flaw = self._files.flaw(image.path, self._listed.get(image.path))
            if flaw is None:
                href = self._files.href(image.path)
                try:
                    header = read_header(href)
                except UNREACHABLE:
                    raise
                except FileMissingError:
                    flaw = "missing"
                except SceneUnreadableError:
                    flaw = "unreadable"
                else:
                    self._compare(image, header)
                    yield self._asset(image.band, href, header)
            if flaw is not None:
                flaws.add(IMAGES, flaw, image.path.name)

    def _bands(self) -> Iterator[_Image]:
        for name in self._product.images:
            path = inside(name)
            match = IMAGE_NAME.fullmatch(path.name)
            if match is None:
                self._warnings.append(f"{path.name} is named as no band is")
                continue
            band = match["band"]
            resolution = match["resolution"] or NATIVE_RESOLUTIONS.get(band, 0)
            yield _Image(band, self._with_extension(path), self._granule.grids.get(int(resolution)))

    def _masks(self) -> Iterator[_Image]:
        for mask in self._granule.image_masks:
            path = inside(mask.path_in(self._product.granule.parent))
            match = MASK_RESOLUTION.fullmatch(path.stem)
            grid = self._granule.grids.get(int(match["resolution"])) if match else None
            yield _Image(mask.band, path, grid)

    def _with_extension(self, path: PurePosixPath) -> PurePosixPath:
        """Complete an image's path, given without its extension, by what is there."""
        if path.suffix in EXTENSIONS:
            return path
        extensions = dict.fromkeys((self._product.image_extension, *EXTENSIONS))
        candidates = [path.with_name(path.name + suffix) for suffix in extensions]
        listed = [path for path in candidates if path in self._listed]
        there = (path for path in candidates if self._files.flaw(path, None) is None)
        return next(there, next(iter(listed), candidates[0]))

    def _compare(self, image: _Image, header: Header) -> None:
        if image.grid is not None and header.grid != image.grid:
            self._warnings.append(f"{image.path.name} lies on another grid than the metadata say")

    def _asset(self, band: str, href: str, header: Header) -> Asset:
        kind = "reflectance" if band in BANDS else band
        return Asset(
            band=band,
            href=href,
            grid=header.grid,
            components=header.components,
            bits=header.bits,
            offset=self._product.offsets.get(band, 0.0),
            quantification=self._product.quantifications.get(kind, 1.0),
            nodata=None if band in WITHOUT_NODATA else self._product.nodata,
        )
