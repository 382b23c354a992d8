"""Make full-size (10980 × 10980) L2A products to measure the service on.

    python -m bench.full_size_products [--dates 3] [--directory .cache/bench]

Several dates over one grid cell and one date over its neighbour: 10 m bands and TCI, B11 and SCL
at 20 m, and every image at 60 m, all with ESA's own encoding. What is finished is kept; run it
again to go on.
"""

import argparse
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from bench.land import MirroredLand, best_land
from function.demo.classification import SceneClass
from function.demo.footprint import valid_ring
from function.demo.itinerary import CRS, SPRING_PASS
from function.demo.materials import BANDS, CLOUD
from function.demo.noise import Field, bell, enlarge
from function.demo.painting import TRUE_COLOUR, stretched
from function.demo.product import QUANTIFICATION, Image, Product
from function.demo.safe_writer import Samples, write_product
from function.demo.weather import Sky, Weather, make_weather
from function.grid import Grid

SIZE = 10980
NORTH = 6000000.0
CELLS = {"32UNE": 499980.0, "32UPE": 600000.0}
WEST = min(CELLS.values())
REPEAT_DAYS, REPEAT_ORBITS = 10, 143  # how soon a satellite flies the same track again
COARSE = 60
# Ten-thousandths of reflectance. About twice an instrument's noise: 8 to 8.5 bit a pixel, where
# real bands have 7.3 to 7.7, so that what is measured is the harder case.
NOISE_FLOOR, NOISE_PER_ROOT = 28.0, 0.5
# Shares of one deviation: what changes from pixel to pixel changes almost alike in all bands, or
# TCI would take half as many bits again as the 9 a pixel of real ones.
IN_COMMON, APART = np.float32(0.98), np.float32(0.2)
STRIP = 1020  # rows painted at once: a multiple of 6, and memory for a tenth of an image
WANTED = frozenset(
    {
        *(Image(name, 10) for name in ("B02", "B03", "B04", "B08", "TCI")),
        Image("B11", 20),
        Image("SCL", 20),
    }
)


class FullSizePainter:
    """Paints one product: land, clouds of the date, noise."""

    def __init__(self, product: Product, land: MirroredLand, weather: Weather, seed: int) -> None:
        """Take ``weather`` at 60 m from the western cell's corner on."""
        self._product = product
        self._land = land
        self._weather = weather
        self._seed = seed

    def paint(self, image: Image) -> Samples:
        """Give the image's samples, (components, height, width)."""
        if image.name in {"TCI", "PVI"}:
            shown = [self._shown(band, image.resolution) for band in TRUE_COLOUR]
            return np.stack(shown)
        if image.name == "SCL":
            return self._classes(image.resolution)[np.newaxis]
        grid = self._product.grid_at(image.resolution)
        samples = np.empty((1, *grid.shape), np.uint16)
        for row in range(0, grid.height, STRIP):
            strip = self._strip(image.name, image.resolution, row)
            counts = np.rint(strip * QUANTIFICATION) - np.float32(self._product.offset)
            samples[0, row : row + STRIP] = np.clip(counts, 1, 2**15 - 1)
        return samples

    def _shown(self, band: str, resolution: int) -> NDArray[np.uint8]:
        if resolution not in {10, 20, COARSE}:
            # The preview is as coarse as 320 m: every fifth pixel of 60 m is near enough.
            height, width = self._product.grid_at(resolution).shape
            coarse = self._shown(band, COARSE)
            rows = np.arange(height) * resolution // COARSE
            columns = np.arange(width) * resolution // COARSE
            return coarse[rows][:, columns]
        height, width = self._product.grid_at(resolution).shape
        shown = np.empty((height, width), np.uint8)
        for row in range(0, height, STRIP):
            shown[row : row + STRIP] = stretched(self._strip(band, resolution, row))
        return shown

    def _strip(self, band: str, resolution: int, row: int) -> Field:
        """Reflectance of up to STRIP rows from ``row`` on."""
        ground, shape = self._ground(band, resolution, row)
        infrared = BANDS.index(band) >= BANDS.index("B06")
        shadow = self._sky(self._weather.shadow, resolution, row, shape)
        ground *= 1 - np.float32(0.75 if infrared else 0.58) * shadow
        cloud = self._sky(self._weather.cloud, resolution, row, shape)
        ground += cloud * (np.float32(CLOUD[BANDS.index(band)]) - ground)
        deviation = NOISE_FLOOR + NOISE_PER_ROOT * np.sqrt(ground * QUANTIFICATION)
        seed = ((self._seed * 64 + resolution) * SIZE + row) * 16
        noise = IN_COMMON * bell(seed + 15, shape) + APART * bell(seed + BANDS.index(band), shape)
        noise *= deviation
        return np.asarray(np.maximum(ground + noise * np.float32(1e-4), 0), np.float32)

    def _ground(self, band: str, resolution: int, row: int) -> tuple[Field, tuple[int, int]]:
        grid = self._product.grid_at(resolution)
        shape = (min(STRIP, grid.height - row), grid.width)
        column = round((grid.transform.c - WEST) / resolution)
        return self._land.window(band, resolution, (row, column), shape), shape

    def _sky(self, field: Field, resolution: int, row: int, shape: tuple[int, int]) -> Field:
        """Bring a field of the weather from 60 m to a strip of the image."""
        factor = COARSE // resolution
        column = round((self._product.grid.transform.c - WEST) / COARSE)
        rows = np.arange(row // factor - 1, (row + shape[0]) // factor + 3)
        columns = np.arange(column - 1, column + shape[1] // factor + 3)
        nodes = field[np.clip(rows, 0, field.shape[0] - 1)]
        nodes = nodes[:, np.clip(columns, 0, field.shape[1] - 1)]
        return enlarge(nodes, (factor, factor), shape)

    def _classes(self, resolution: int) -> NDArray[np.uint8]:
        height, width = self._product.grid_at(resolution).shape
        classes = np.empty((height, width), np.uint8)
        for row in range(0, height, STRIP):
            near, shape = self._ground("B08", resolution, row)
            red, _ = self._ground("B04", resolution, row)
            strip = np.where(
                near > 2 * red, SceneClass.VEGETATION, SceneClass.NOT_VEGETATED
            ).astype(np.uint8)
            strip[near < red] = SceneClass.WATER
            shadow = self._sky(self._weather.shadow, resolution, row, shape)
            cloud = self._sky(self._weather.cloud, resolution, row, shape)
            strip[shadow > 0.4] = SceneClass.CLOUD_SHADOW
            strip[cloud > 0.15] = SceneClass.MEDIUM_PROBA_CLOUDS
            strip[cloud > 0.6] = SceneClass.HIGH_PROBA_CLOUDS
            classes[row : row + STRIP] = strip
        return classes


def make_products(directory: Path, dates: int, size: int) -> list[Path]:
    """Write what is missing and tell the time that each product took."""
    land = MirroredLand(best_land())
    wanted = [(date, "32UNE") for date in range(dates)] + [(0, "32UPE")]
    made = []
    for date, cell in wanted:
        product = product_of(date, cell, size)
        started = time.monotonic()
        if not (directory / f"{product.name}.SAFE").exists():
            painter = FullSizePainter(product, land, _weather(date, size), date + 1)
            write_product(directory, product, painter, _tell_image)
        made.append(directory / f"{product.name}.SAFE")
        _tell_product(made[-1], time.monotonic() - started)
    return made


def product_of(date: int, cell: str, size: int) -> Product:
    """Describe the product of one date: the demo's spring pass, flown again and again."""
    cycles = date + 1  # the demo's own date stays the demo's
    later = timedelta(days=REPEAT_DAYS * cycles)
    flight = replace(
        SPRING_PASS,
        acquired=SPRING_PASS.acquired + later,
        datastrip=SPRING_PASS.datastrip + later,
        sensed=SPRING_PASS.sensed + later,
        generated=SPRING_PASS.generated + later,
        absolute_orbit=SPRING_PASS.absolute_orbit + REPEAT_ORBITS * cycles,
    )
    grid = Grid(CRS, Affine(10.0, 0.0, CELLS[cell], 0.0, -10.0, NORTH), size, size)
    complete = replace(flight.product(cell), grid=grid, outline=valid_ring(grid, None))
    images = (*complete.bands, *complete.masks)
    left_out = {image for image in images if image not in WANTED and not _is_coarse_land(image)}
    return replace(complete, left_out=frozenset(left_out))


def _is_coarse_land(image: Image) -> bool:
    return image.resolution == COARSE and (image.name in {*BANDS, "SCL", "TCI"})


def _weather(date: int, size: int) -> Weather:
    """Clouds at 60 m over both cells; every second date is mostly clear."""
    sky = Sky(
        seed=900 + date,
        amount=0.75 if date % 2 else 0.35,
        cells=(120, 60, 30, 15, 7),
        towards_east=0.0,
        towards_south=0.0,
        base=1500.0 * 10 / COARSE,  # the sky counts pixels of 10 m, these are of 60 m
        cirrus=0.0,
        sun_zenith=SPRING_PASS.sky.sun_zenith,
        sun_azimuth=SPRING_PASS.sky.sun_azimuth,
    )
    across = round((max(CELLS.values()) - WEST) / COARSE) + size * 10 // COARSE
    return make_weather(sky, (size * 10 // COARSE, across))


def _tell_image(name: str) -> None:
    print(f"  {name}", flush=True)


def _tell_product(product: Path, seconds: float) -> None:
    print(f"{product.name}: {seconds:.0f} s", flush=True)
    for path in sorted(product.glob("GRANULE/*/IMG_DATA/R10m/*.jp2")):
        with rasterio.open(path) as image:
            bits = path.stat().st_size * 8 / (image.width * image.height)
        print(f"  {path.name}: {bits:.2f} bit a pixel", flush=True)


def main() -> None:
    """Parse the command line and make the products."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=Path, default=Path(".cache/bench"))
    parser.add_argument("--dates", type=int, default=3)
    parser.add_argument("--size", type=int, default=SIZE, help="pixels of 10 m, a multiple of 6")
    arguments = parser.parse_args()
    started = time.monotonic()
    make_products(arguments.directory, arguments.dates, arguments.size)
    print(f"{time.monotonic() - started:.0f} s in all")


if __name__ == "__main__":
    main()
