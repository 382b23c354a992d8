"""The images of a Sentinel-1 product with what goes with each, as far as they are there."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from function.errors import SceneUnreadableError
from function.ingest.metadata import Metadata
from function.ingest.metadata_files import find_metadata
from function.ingest.product_files import ProductFiles
from function.ingest.reading import IMAGES, Flaws, Kind, ReadShape
from function.ingest.remote_files import UNREACHABLE
from function.scene import RadarImage

# s1a-iw-grd-vv-20210809t173953-…-001.tiff, and iw-vv.tiff in a bucket; each kind of file has a
# directory or a prefix of its own.
MEASUREMENT, ANNOTATION, CALIBRATION, NOISE = "measurement", "annotation", "calibration", "noise"
NAME = r"(?:s1[a-z]-)?(?:iw|ew|s[1-6])-(?:grd-)?(?P<polarisation>[a-z]{2})(?:-[^/]*)?"
KINDS = {
    MEASUREMENT: re.compile(rf"measurement/{NAME}\.tiff?"),
    ANNOTATION: re.compile(rf"annotation/{NAME}\.xml"),
    CALIBRATION: re.compile(rf"annotation/calibration/calibration-{NAME}\.xml"),
    NOISE: re.compile(rf"annotation/calibration/noise-{NAME}\.xml"),
}
# "16 bit Unsigned Integer" of outputPixels; all detected products are so.
BITS = 16


class RadarImages:
    """The images of ``polarisations``; ``listed`` are the product's files by size."""

    def __init__(
        self,
        files: ProductFiles,
        listed: Mapping[PurePosixPath, int | None],
        polarisations: tuple[str, ...],
    ) -> None:
        self._files = files
        self._listed = listed
        self._polarisations = polarisations
        self._paths = {
            (kind, match["polarisation"].upper()): path
            for path in listed
            for kind, name in KINDS.items()
            if (match := name.fullmatch(str(path)))
        }
        self.orbit_direction: str | None = None

    def read(self, read_shape: ReadShape, flaws: Flaws) -> Iterator[RadarImage]:
        """Give those that can be read; what is missing of each is told to ``flaws``.

        Raises:
            BrokenMetadataError: an annotation does not parse, or lacks the size of its image.
            ArchiveDeniedError, ArchiveThrottledError, ArchiveUnavailableError: the archive
                that holds them cannot be read now.
        """
        for polarisation in self._polarisations:
            measurement = self._there(MEASUREMENT, polarisation, flaws)
            annotation = self._there(ANNOTATION, polarisation, flaws)
            calibration = self._there(CALIBRATION, polarisation, flaws)
            noise = self._there(NOISE, polarisation, flaws)
            if measurement is None:
                continue
            try:
                width, height, bits = self._shape(measurement, annotation, read_shape)
            except UNREACHABLE:
                raise
            except SceneUnreadableError:
                flaws.add(IMAGES, "unreadable", measurement.name)
                continue
            yield RadarImage(
                polarisation,
                self._files.href(measurement),
                width,
                height,
                bits,
                self._href(annotation),
                self._href(calibration),
                self._href(noise),
            )

    def _there(self, kind: str, polarisation: str, flaws: Flaws) -> PurePosixPath | None:
        path = self._paths.get((kind, polarisation))
        told = IMAGES if kind == MEASUREMENT else Kind(f"file of {kind}", f"files of {kind}")
        if path is None:
            flaws.add(told, "not listed", polarisation)
            return None
        flaw = self._files.flaw(path, self._listed[path])
        if flaw is not None:
            flaws.add(told, flaw, path.name)
            return None
        return path

    def _shape(
        self, measurement: PurePosixPath, annotation: PurePosixPath | None, read_shape: ReadShape
    ) -> tuple[int, int, int]:
        """The annotation tells it for less than the image, whose header may lie at its end."""
        found = None if annotation is None else find_metadata(self._files, annotation)
        if found is None:
            shape = read_shape(self._files.href(measurement))
            return shape.width, shape.height, shape.bits
        self.orbit_direction = self.orbit_direction or _direction(found)
        image = found.need("imageInformation")
        return image.need("numberOfSamples").count, image.need("numberOfLines").count, BITS

    def _href(self, path: PurePosixPath | None) -> str | None:
        return None if path is None else self._files.href(path)


def _direction(annotation: Metadata) -> str | None:
    found = annotation.find("pass")
    return None if found is None else found.text.lower()
