"""Masks of polygons on a real web server: fetched together and ahead of their time, drawn alike."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from affine import Affine
from archive_server import serving_files

from function.deadline import Deadline
from function.grid import Grid
from function.scene import Asset
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.decoder import Need, PixelWindow, Wanted
from function.scenes.decoding import Decoding
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.polygon_masks import KEPT, PolygonMasks

GRID = Grid("EPSG:32632", Affine(60, 0, 600_000, 0, -60, 6_000_000), 100, 100)
MASK = (
    "<m:Mask xmlns:m='m' xmlns:g='g'><m:MaskFeature><m:maskType>OPAQUE</m:maskType><g:Polygon>"
    "<g:posList>{0} 6000000 {1} 6000000 {1} 5999000 {0} 5999000 {0} 6000000</g:posList>"
    "</g:Polygon></m:MaskFeature></m:Mask>"
)
COUNT = KEPT + 2


def test_polygons_come_together_and_are_not_read_again(tmp_path: Path) -> None:
    for number in range(COUNT):
        west = 600_000 + 300 * number
        (tmp_path / f"MSK_{number}.gml").write_text(MASK.format(west, west + 600))
    archive = Archive(AccessLimits(16, 60.0, 1, 0))
    with serving_files(tmp_path) as server, ThreadPoolExecutor(2) as workers:
        assets = [
            Asset(
                "MSK_CLASSI", server.href(tmp_path / f"MSK_{number}.gml"), GRID, 3, 8, nodata=None
            )
            for number in range(COUNT)
        ]
        decoding = Decoding(
            PolygonMasks(GdalDecoder(archive), archive), workers, Deadline.after(60.0)
        )
        whole, narrow = PixelWindow(0, 0, 100, 100), PixelWindow(0, 0, 60, 30)
        # None is answered before all that are kept have come.
        server.gather(KEPT)
        decoding.fetch([Wanted(asset, whole, 0, Need.PERHAPS) for asset in assets])
        drawn = decoding.decode([[Wanted(asset, narrow, 0)] for asset in assets[:KEPT]])
        assert len(server.take_asked()) == KEPT
        for number, found in enumerate(drawn):
            assert isinstance(found, list)
            left, right = 5 * number, 5 * number + 10
            expected = np.zeros((30, 60), np.uint8)
            expected[: 1000 // 60 + 1, left : right + 1] = 1
            np.testing.assert_array_equal(found[0][0], expected)
        # The others are fetched when they are wanted.
        server.gather(COUNT - KEPT)
        decoding.decode([[Wanted(asset, narrow, 0)] for asset in assets[KEPT:]])
        assert len(server.take_asked()) == COUNT - KEPT
    archive.close()
