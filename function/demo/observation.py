"""What the instrument sees of the landscape on one pass."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from function.demo.classification import SceneClass
from function.demo.landscape import Landscape
from function.demo.materials import (
    ASPHALT,
    BANDS,
    BROADLEAF_AUTUMN,
    CIRRUS,
    CLOUD,
    LAKE,
    Cover,
    Mix,
    Season,
)
from function.demo.noise import Field, bell, blur, box_sum
from function.demo.weather import Sky, Weather, make_weather

SKYLIGHT = 0.42  # of the light on the ground, what a cloud's shadow leaves in the visible
NOISE = 0.00005  # reflectance: a tenth of the instrument's, which keeps the files small
WATERY, LEAFY = 0.5, 0.36  # shares of water, and NDVI, at which the classification turns
CLOUD_SURE, CLOUD_LIKELY, SHADOWED, VEILED = 0.62, 0.16, 0.42, 0.07


@dataclass(frozen=True, slots=True)
class Observation:
    """Pixels of the whole ground.

    ``reflectance`` holds surface reflectance times 10000 of every band at 10 m, ``classes`` the
    scene classification at 20 m, ``cloud_probability`` 0…100 at 20 m.
    """

    reflectance: dict[str, NDArray[np.uint16]]
    classes: NDArray[np.uint8]
    cloud_probability: NDArray[np.uint8]


def observe(landscape: Landscape, season: Season, sky: Sky) -> Observation:
    """Light the landscape, look at it through the weather, and classify what is seen."""
    weather = make_weather(sky, landscape.shape)
    relief = _relief(landscape, sky)
    ground = _ground(landscape, season)
    noise = np.float32(NOISE) * bell(sky.seed, landscape.shape)

    def measure(index: int) -> NDArray[np.uint16]:
        exact = blur(_through(weather, ground.reflectance(index) * relief, index))
        exact += np.roll(noise, 101 * (index + 1))  # no two bands show the same noise
        return np.asarray(np.rint(np.maximum(exact, 0) * 10000), np.uint16)

    with ThreadPoolExecutor() as pool:
        seen = dict(zip(BANDS, pool.map(measure, range(len(BANDS))), strict=True))
    red, infrared = (ground.reflectance(BANDS.index(band)) for band in ("B04", "B08"))
    return Observation(seen, _classify(landscape, weather, red, infrared), _probability(weather))


def box_mean(values: Field, factor: int) -> Field:
    """Average blocks of ``factor`` × ``factor`` pixels."""
    return np.asarray(box_sum(values, factor) * np.float32(1 / factor**2), np.float32)


def _relief(landscape: Landscape, sky: Sky) -> Field:
    """Scale light by the cosine of incidence, softened by the diffuse share of it."""
    east, north, up = sky.sun
    steepness = np.float32(2.2)  # the relief is gentle: without exaggeration it would not show
    tilt_east, tilt_north = landscape.slope_east * steepness, landscape.slope_north * steepness
    length = np.sqrt(tilt_east * tilt_east + tilt_north * tilt_north + 1)
    incidence = (up - east * tilt_east - north * tilt_north) / (length * np.float32(up))
    return np.asarray(np.clip(0.35 + 0.65 * incidence, 0.5, 1.5), np.float32)


@dataclass(frozen=True, slots=True)
class _Ground:
    """The landscape in one season: which mix of materials each pixel holds, and how much of it.

    ``code`` indexes ``mixes``; ``part`` is the share of the mix's upper material.
    """

    landscape: Landscape
    mixes: tuple[Mix, ...]
    code: NDArray[np.uint8]
    part: Field

    def reflectance(self, index: int) -> Field:
        """Reflectance in one band under an even light."""
        under = np.array([mix.under[index] for mix in self.mixes], np.float32)
        over = np.array([mix.over[index] for mix in self.mixes], np.float32)
        mixed = under[self.code] + self.part * (over - under)[self.code]
        mixed *= self.landscape.tone
        for coverage, material in (
            (self.landscape.hedge, BROADLEAF_AUTUMN),
            (self.landscape.road, ASPHALT),
            (self.landscape.river, LAKE),
        ):
            mixed += coverage * (np.float32(material[index]) - mixed)
        return np.asarray(mixed, np.float32)


def _ground(landscape: Landscape, season: Season) -> _Ground:
    others = {**season.usual, **season.other}
    mixes = tuple(kinds[cover] for kinds in (season.usual, others) for cover in Cover)
    code = landscape.cover + np.uint8(len(Cover)) * landscape.other
    share = np.array([mix.share for mix in mixes], np.float32)
    part = np.clip(share[code] + landscape.vigour, 0, 1)
    part = np.where(landscape.cover == Cover.SEA, landscape.shoal, part)
    return _Ground(landscape, mixes, code, part)


def _through(weather: Weather, lit: Field, index: int) -> Field:
    """Shade the ground, then lay cirrus and clouds over it."""
    infrared = index >= BANDS.index("B06")
    skylight = SKYLIGHT * (0.6 if infrared else 1.0)
    seen = lit * (1 - np.float32(1 - skylight) * weather.shadow)
    seen += weather.veil * (np.float32(CIRRUS[index]) - seen)
    seen += weather.cloud * (np.float32(CLOUD[index]) * weather.light - seen)
    return np.asarray(seen, np.float32)


def _classify(
    landscape: Landscape, weather: Weather, red: Field, infrared: Field
) -> NDArray[np.uint8]:
    """Classify blocks of 2 × 2 pixels by what lies there, topmost first."""
    water = np.maximum(landscape.river, landscape.cover <= Cover.LAKE)
    red, infrared = box_mean(red, 2), box_mean(infrared, 2)
    leafy = infrared - red > np.float32(LEAFY) * (infrared + red)
    classes = np.where(leafy, SceneClass.VEGETATION, SceneClass.NOT_VEGETATED).astype(np.uint8)
    classes[box_mean(water.astype(np.float32), 2) >= WATERY] = SceneClass.WATER
    classes[box_mean(weather.shadow, 2) > SHADOWED] = SceneClass.CLOUD_SHADOW
    classes[box_mean(weather.veil, 2) > VEILED] = SceneClass.THIN_CIRRUS
    cloud = box_mean(weather.cloud, 2)
    classes[cloud > CLOUD_LIKELY] = SceneClass.MEDIUM_PROBA_CLOUDS
    classes[cloud > CLOUD_SURE] = SceneClass.HIGH_PROBA_CLOUDS
    return classes


def _probability(weather: Weather) -> NDArray[np.uint8]:
    opacity = box_mean(np.maximum(weather.cloud, 2 * weather.veil), 2)
    return np.asarray(np.rint(100 * np.minimum(opacity, 1)), np.uint8)
