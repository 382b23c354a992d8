"""Cloud-optimised GeoTIFF copies of the images that MapServer shows: the figure to chase."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import rasterio
import rasterio.shutil

# Lossless, as public archives of Sentinel-2 in this format are; overviews down to one block, each
# pixel the mean of four.
CREATION_OPTIONS = {
    "COMPRESS": "DEFLATE",
    "PREDICTOR": "2",
    "BLOCKSIZE": "512",
    "OVERVIEW_RESAMPLING": "AVERAGE",
    "NUM_THREADS": "2",
}


def convert(image: Path, directory: Path) -> Path:
    """Convert ``image`` below ``directory``, once for all hard links to it."""
    status = image.stat()
    converted = directory / f"{status.st_ino}-{status.st_mtime_ns}.tif"
    if not converted.exists():
        unfinished = converted.with_suffix(".unfinished")
        # By way of memory, which drops NBITS=15: DEFLATE's predictor wants whole 16 bit.
        with rasterio.Env(GDAL_PAM_ENABLED="NO"), rasterio.open(image) as source:
            profile = {**source.profile, "driver": "MEM", "photometric": None}
            with rasterio.open(converted.name, "w", **profile) as copy:
                copy.write(source.read())
                copy.colorinterp = source.colorinterp
                rasterio.shutil.copy(copy, unfinished, driver="COG", **CREATION_OPTIONS)
        unfinished.rename(converted)
    return converted


def convert_all(images: list[Path], directory: Path) -> dict[Path, Path]:
    """Convert ``images``; each gets a name of its own, as it has in the archive."""
    directory.mkdir(parents=True, exist_ok=True)
    names: dict[Path, Path] = {}
    unique = {image.stat().st_ino: image for image in images}
    with ThreadPoolExecutor(2) as workers:
        list(workers.map(lambda image: convert(image, directory), unique.values()))
    for image in images:
        copy = directory / f"{image.parents[4].stem}_{image.stem}.tif"
        copy.unlink(missing_ok=True)
        os.link(convert(image, directory), copy)
        names[image] = copy
    return names
