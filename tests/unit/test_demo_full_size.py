"""The benchmark's products, made small: what the script writes can be catalogued."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import rasterio
from safe_products import read_local

from function.scenes.image_header import read_image_header

SIZE = 366


def test_products_for_the_benchmark_are_read_without_a_warning(
    repository: Path, tmp_path: Path
) -> None:
    run(repository, tmp_path)

    products = sorted(tmp_path.iterdir())
    assert [product.name[33:44] for product in products] == ["R065_T32UNE", "R065_T32UPE"]
    for product in products:
        read = read_local(product, read_image_header)
        assert read.warnings == ()
        fine = {asset.band for asset in read.scene.assets if asset.resolution == 10}
        assert fine == {"B02", "B03", "B04", "B08", "TCI"}
        coarse = {asset.band for asset in read.scene.assets if asset.resolution == 60}
        assert len(coarse) == 13
        (near,) = product.glob("GRANULE/*/IMG_DATA/R10m/*_B08_10m.jp2")
        with rasterio.open(near) as image:
            samples = image.read(1)
        assert samples.shape == (SIZE, SIZE)
        assert 2000 < np.median(samples) < 9000

    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    run(repository, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def run(repository: Path, directory: Path) -> None:
    options = ["--directory", str(directory), "--dates", "1", "--size", str(SIZE)]
    command = [sys.executable, "-m", "bench.full_size_products", *options]
    subprocess.run(command, cwd=repository, check=True, capture_output=True)
