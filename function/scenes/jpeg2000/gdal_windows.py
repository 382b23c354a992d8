"""Reading windows of whole JPEG 2000 files through GDAL, which only warns of much damage."""

import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from function.scenes.decoder import PixelWindow, Samples
from function.scenes.gdal import GdalWarnings
from function.scenes.jpeg2000.errors import decoding_failed

# What OpenJPEG warns of though the samples are right. It tests predictable termination by bounds
# that sound files exceed where a rate cut them short. An empty tile-part, as Pleiades products
# have, holds nothing; GDAL passes that on only once in a process.
HARMLESS = ("PTERM check failure", "Empty SOT marker detected")


class GdalWindows:
    """Reads windows of datasets of GDAL's JPEG 2000 drivers.

    Whatever they warn of while they decode counts as damage, except what is said of the main
    header as well when the file is opened: they parse that anew for every block.
    """

    def __init__(self) -> None:
        self._warnings = GdalWarnings()

    def read(self, dataset: DatasetReader, window: PixelWindow) -> Samples:
        """Give the samples of ``window``, (components, height, width).

        Raises CodestreamError for damage that the driver warned of, after which ``dataset`` keeps
        wrong blocks and has to be closed; RasterioError for what else it cannot read.
        """
        with self._warnings.listen() as messages:
            try:
                samples = read_window(dataset, window)
            except RasterioError as error:
                if messages:
                    raise decoding_failed(messages) from error
                raise
        suspicious = [text for text in messages if not text.startswith(HARMLESS)]
        if suspicious:
            header = self._said_at_opening(dataset)
            damage = [text for text in suspicious if text not in header]
            if damage:
                raise decoding_failed(damage)
        return samples

    def _said_at_opening(self, dataset: DatasetReader) -> list[str]:
        with (
            self._warnings.listen() as messages,
            rasterio.open(dataset.name, driver=dataset.driver),
        ):
            return messages


def read_window(dataset: DatasetReader, window: PixelWindow) -> Samples:
    """Read ``window`` of a dataset of any driver, (components, height, width)."""
    samples: Samples = dataset.read(
        window=Window(window.column, window.row, window.width, window.height)
    )
    return samples
