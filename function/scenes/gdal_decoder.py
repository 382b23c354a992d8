"""Decoding through GDAL: JPEG 2000 by Kakadu's driver where present, else OpenJPEG's; GeoTIFF."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from rasterio.errors import RasterioError
from rasterio.io import DatasetReader

from function.deadline import Deadline
from function.errors import SceneUnreadableError
from function.scene import Asset
from function.scenes.access.address import is_remote, local_path
from function.scenes.access.archive import PATIENCE_SECONDS, Archive
from function.scenes.allowance import Allowance
from function.scenes.dataset_pool import DatasetPool
from function.scenes.decoder import Decode, PixelWindow, Samples, Wanted
from function.scenes.gdal import file_name, gdal_environment
from function.scenes.geotiff.reduction import choose_level, read_reduced
from function.scenes.jpeg2000.boxes import read_origin
from function.scenes.jpeg2000.byte_source import ByteSource, ForwardReader, LocalByteSource
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.errors import CodestreamError, UnfitCodestreamError
from function.scenes.jpeg2000.gdal_windows import GdalWindows, read_window
from function.scenes.lower_levels import decode_at, levels_from_corner
from function.scenes.stages import completed
from function.scenes.whole_files import Lend, WholeFiles

JPEG2000_DRIVERS = frozenset({"JP2KAK", "JP2OpenJPEG"})


class GdalDecoder:
    """A Decoder over GDAL.

    ``open_files`` bounds the files kept open for the next read: 64 are the bands of a few scenes
    at two resolutions, far below the usual limit of 1024 file descriptors. Remote files are read
    whole, by ``archive``.
    """

    def __init__(self, archive: Archive, open_files: int = 64) -> None:
        self._pool = DatasetPool(open_files)
        self._whole_files = WholeFiles(archive)
        self._windows = GdalWindows()

    def prepare(
        self,
        wanted: Sequence[Wanted],
        deadline: Deadline,
        counts: DecodingCounts | None = None,
        ahead: Allowance | None = None,  # noqa: ARG002
    ) -> "list[Future[Decode]]":
        """Do nothing yet: what GDAL needs of a file, it reads as it opens it."""
        return [
            completed(
                partial(self._decode, item.asset, item.window, item.reduction, deadline, counts)
            )
            for item in wanted
        ]

    def decode(
        self,
        asset: Asset,
        window: PixelWindow,
        reduction: int,
        counts: DecodingCounts | None = None,
    ) -> Samples:
        """Decode as the Decoder protocol says.

        JPEG 2000 is decoded at its own lower resolutions. What has none of them (GeoTIFF) is
        averaged over blocks of 2**reduction samples, from its overviews where those are so placed.
        """
        return self._decode(asset, window, reduction, Deadline.after(PATIENCE_SECONDS), counts)

    def _decode(
        self,
        asset: Asset,
        window: PixelWindow,
        reduction: int,
        deadline: Deadline,
        counts: DecodingCounts | None,
    ) -> Samples:
        try:
            with gdal_environment():
                if is_remote(asset.href):
                    with self._whole_files.open(asset.href, deadline, counts) as (lend, file):
                        return self._read(lend, partial(_origin, file), asset, window, reduction)
                path = local_path(asset.href)
                borrow = partial(self._pool.borrow, str(path))
                return self._read(borrow, partial(_local_origin, path), asset, window, reduction)
        except CodestreamError as error:
            name = file_name(asset.href)
            raise SceneUnreadableError(f"{name} cannot be decoded: {error}") from error
        except (RasterioError, UnfitCodestreamError) as error:
            raise _failure(asset.href, error) from error

    def close(self) -> None:
        """Close every file that is kept open."""
        self._pool.close()

    def _read(
        self,
        lend: Lend,
        find_origin: Callable[[], tuple[int, int]],
        asset: Asset,
        window: PixelWindow,
        reduction: int,
    ) -> Samples:
        with lend(0) as dataset:
            if (dataset.count, *dataset.shape) != (asset.components, *asset.grid.shape):
                name = file_name(asset.href)
                raise SceneUnreadableError(f"{name} is another image than the one catalogued")
            jpeg2000 = dataset.driver in JPEG2000_DRIVERS
            if reduction == 0:
                read = self._windows.read if jpeg2000 else read_window
                return read(dataset, window)
            if not jpeg2000:
                return _read_reduced(lend, dataset, asset, window, reduction)
            levels = levels_from_corner(*find_origin(), len(dataset.overviews(1)))
        # GDAL offers no level below one of 128 samples a side, nor where a tile's size turns odd.
        return decode_at(partial(self._read_level, lend), asset, window, reduction, levels)

    def _read_level(self, lend: Lend, window: PixelWindow, reduction: int) -> Samples:
        with lend(reduction) as dataset:
            return self._windows.read(dataset, window)


def _failure(href: str, error: Exception) -> SceneUnreadableError:
    """Name what failed; what GDAL says of it, with the file's path, is for operators alone.

    Raises SceneUnreadableError by itself for a local file that cannot be opened.
    """
    if not is_remote(href):
        with LocalByteSource(local_path(href)) as file:
            if file.size() == 0:
                return SceneUnreadableError(f"{file_name(href)} is empty")
    failed = SceneUnreadableError(f"{file_name(href)} cannot be decoded")
    failed.add_note(f"GDAL says: {error.__cause__ or error}")
    return failed


def _origin(file: ByteSource) -> tuple[int, int]:
    return read_origin(ForwardReader(file))


def _local_origin(path: Path) -> tuple[int, int]:
    with LocalByteSource(path) as file:
        return _origin(file)


def _read_reduced(
    lend: Lend, dataset: DatasetReader, asset: Asset, window: PixelWindow, reduction: int
) -> Samples:
    """Average a window of what has no resolution levels of its own, from its overviews."""
    shapes = []
    for number, times in enumerate(dataset.overviews(1), 1):
        if times > 2 << reduction:
            # By a power of two, it is of a higher one; and it need not be opened.
            shapes.append((0, 0))
            continue
        with lend(number) as overview:
            alike = (overview.count, overview.dtypes) == (dataset.count, dataset.dtypes)
            shapes.append(overview.shape if alike else (0, 0))
    number, level = choose_level(dataset.shape, shapes, reduction)
    with nullcontext(dataset) if number == 0 else lend(number) as chosen:
        return read_reduced(
            partial(read_window, chosen), chosen.shape, window, reduction - level, asset.nodata
        )
