"""Clouds, cirrus and the shadows that clouds cast."""

import math
from dataclasses import dataclass

import numpy as np

from function.demo.noise import Field, blur, fractal, ramp, smooth

PIXEL = 10.0  # metres


@dataclass(frozen=True, slots=True)
class Sky:
    """What the weather of one pass is made of.

    ``amount`` 0…1 moves the threshold of cumulus; ``cells`` are the sizes of its features in
    pixels. ``towards_east`` and ``towards_south`` shift clouds to one side of the ground.
    ``base`` is the height of the clouds in metres. ``cirrus`` 0…1 is the strength of high veils.
    Sun angles are in degrees, azimuth clockwise from north.
    """

    seed: int
    amount: float
    cells: tuple[int, ...]
    towards_east: float
    towards_south: float
    base: float
    cirrus: float
    sun_zenith: float
    sun_azimuth: float

    @property
    def sun(self) -> tuple[float, float, float]:
        """Unit vector to the sun: east, north, up; to six decimals on every platform."""
        zenith, azimuth = math.radians(self.sun_zenith), math.radians(self.sun_azimuth)
        across = math.sin(zenith)
        east, north = across * math.sin(azimuth), across * math.cos(azimuth)
        return round(east, 6), round(north, 6), round(math.cos(zenith), 6)


@dataclass(frozen=True, slots=True)
class Weather:
    """Fields on the ground's pixels, all 0…1.

    ``cloud`` and ``veil`` are opacities, ``shadow`` the share of direct sun taken away,
    ``light`` the relative brightness of the cloud's top.
    """

    cloud: Field
    veil: Field
    shadow: Field
    light: Field


def make_weather(sky: Sky, shape: tuple[int, int]) -> Weather:
    """Let clouds form; their shadows fall away from the sun by base · tan(zenith)."""
    east, north, up = sky.sun
    down_shift = round(sky.base * north / up / PIXEL)
    right_shift = round(-sky.base * east / up / PIXEL)
    margin = max(abs(down_shift), abs(right_shift)) + 8
    wide = (shape[0] + 2 * margin, shape[1] + 2 * margin)
    thickness = _thickness(sky, wide)
    cloud = ramp(thickness, 0.0, 0.34)
    lit = _shifted(blur(thickness, 2), round(6 * north), round(-6 * east))
    light = np.clip(0.92 + 0.55 * (thickness - lit) + 0.25 * thickness, 0.62, 1.3)
    shadow = blur(_shifted(cloud, down_shift, right_shift), 3)
    inner = (slice(margin, -margin), slice(margin, -margin))
    veil = sky.cirrus * ramp(fractal(sky.seed + 9, shape, (70, 35, 18), 0.6, stretch=3), 0.12, 0.9)
    return Weather(
        cloud=cloud[inner],
        veil=np.asarray(veil, np.float32),
        shadow=shadow[inner],
        light=light[inner].astype(np.float32),
    )


def _thickness(sky: Sky, shape: tuple[int, int]) -> Field:
    """Heap noise into clouds: positive where there is one."""
    billows = fractal(sky.seed, shape, sky.cells, 0.6)
    weather_front = 0.5 * smooth(sky.seed + 5, shape, 500)
    east = np.linspace(-0.5, 0.5, shape[1], dtype=np.float32)[None, :]
    south = np.linspace(-0.5, 0.5, shape[0], dtype=np.float32)[:, None]
    side = np.float32(sky.towards_east) * east + np.float32(sky.towards_south) * south
    return np.asarray(billows + weather_front + side + sky.amount - 1, np.float32)


def _shifted(values: Field, down: int, right: int) -> Field:
    return np.roll(np.roll(values, down, 0), right, 1)
