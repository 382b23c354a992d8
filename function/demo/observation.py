"""What the instrument sees of the landscape on one pass."""

from collections.abc import Callable
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
from function.demo.noise import Field, bell, blur
from function.demo.weather import Sky, Weather, make_weather

SKYLIGHT = 0.42  # of the light on the ground, what a cloud's shadow leaves in the visible
NOISE = 0.00025  # reflectance: half of the instrument's, which keeps the files small
WATERY, LEAFY = 0.5, 0.36  # shares of water, and NDVI, at which the classification turns
CLOUD_SURE, CLOUD_LIKELY, SHADOWED, VEILED = 0.62, 0.16, 0.42, 0.07

BandReflectance = Callable[[str], Field]


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
    ground = {band: _ground(landscape, season, index) for index, band in enumerate(BANDS)}
    seen = {}
    for index, band in enumerate(BANDS):
        lit = ground[band] * relief
        exact = blur(_through(weather, lit, index))
        exact += np.float32(NOISE) * bell(sky.seed * 100 + index, landscape.shape)
        seen[band] = np.rint(np.maximum(exact, 0) * 10000).astype(np.uint16)
    classes = _classify(landscape, weather, ground["B04"], ground["B08"])
    return Observation(seen, classes, _probability(weather))


def box_mean(values: Field, factor: int) -> Field:
    """Average blocks of ``factor`` × ``factor`` pixels."""
    total = np.zeros((values.shape[0] // factor, values.shape[1] // factor), np.float32)
    for row in range(factor):
        for column in range(factor):
            total += values[row::factor, column::factor]
    return total * np.float32(1.0 / (factor * factor))


def _relief(landscape: Landscape, sky: Sky) -> Field:
    """Scale light by the cosine of incidence, softened by the diffuse share of it."""
    east, north, up = sky.sun
    steepness = np.float32(2.2)  # the relief is gentle: without exaggeration it would not show
    tilt_east, tilt_north = landscape.slope_east * steepness, landscape.slope_north * steepness
    length = np.sqrt(tilt_east * tilt_east + tilt_north * tilt_north + 1)
    incidence = (up - east * tilt_east - north * tilt_north) / (length * np.float32(up))
    return np.asarray(np.clip(0.35 + 0.65 * incidence, 0.5, 1.5), np.float32)


def _ground(landscape: Landscape, season: Season, index: int) -> Field:
    """Reflectance of the ground in one band under an even light."""
    under, over, share = _tables(season.usual, index)
    mixed = _mixed(landscape, under, over, share)
    rare = {**season.usual, **season.other}
    mixed = np.where(landscape.other, _mixed(landscape, *_tables(rare, index)), mixed)
    mixed *= landscape.tone
    for coverage, material in (
        (landscape.hedge, BROADLEAF_AUTUMN),
        (landscape.road, ASPHALT),
        (landscape.river, LAKE),
    ):
        mixed += coverage * (np.float32(material[index]) - mixed)
    return mixed


def _tables(mixes: dict[Cover, Mix], index: int) -> tuple[Field, Field, Field]:
    return (
        np.array([mixes[cover].under[index] for cover in Cover], np.float32),
        np.array([mixes[cover].over[index] for cover in Cover], np.float32),
        np.array([mixes[cover].share for cover in Cover], np.float32),
    )


def _mixed(landscape: Landscape, under: Field, over: Field, share: Field) -> Field:
    cover = landscape.cover
    part = np.clip(share[cover] + landscape.vigour, 0, 1)
    part = np.where(cover == Cover.SEA, landscape.shoal, part)
    base = under[cover]
    return np.asarray(base + part * (over[cover] - base), np.float32)


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
