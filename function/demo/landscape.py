"""The invented land that every demo product shows: the same ground at the same coordinates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from function.demo.materials import Cover
from function.demo.noise import Field, blur, fractal, fraction, hashed, lattice, ramp, smooth
from function.demo.parcels import Parcels, make_parcels
from function.demo.settlement import Settlement, make_settlement
from function.demo.terrain import Terrain, make_terrain

# Share of the farmland under each crop, roughly as on the moraines south-west of the Baltic.
CROPS = (
    (Cover.WHEAT, 0.29),
    (Cover.RAPESEED, 0.17),
    (Cover.BARLEY, 0.12),
    (Cover.MAIZE, 0.16),
    (Cover.BEET, 0.07),
    (Cover.PASTURE, 0.19),
)


@dataclass(frozen=True, slots=True)
class Landscape:
    """Fields on the ground's pixels, whatever the season.

    ``cover`` holds codes of Cover. ``vigour`` shifts the share of a pixel's upper material,
    ``tone`` scales its brightness. ``other`` marks parcels that farmers treat differently.
    ``shoal`` 0…1 tells shallow from deep sea. ``river``, ``road`` and ``hedge`` are shares of the
    pixel. ``slope_east`` and ``slope_north`` are the relief's gradient, dimensionless.
    """

    cover: NDArray[np.uint8]
    other: NDArray[np.bool_]
    vigour: Field
    tone: Field
    shoal: Field
    river: Field
    road: Field
    hedge: Field
    slope_east: Field
    slope_north: Field

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of the ground's pixels."""
        return self.cover.shape[0], self.cover.shape[1]


def make_landscape(seed: int, shape: tuple[int, int]) -> Landscape:
    """Invent ``shape`` pixels of 10 m; the same land for the same seed, on every platform."""
    terrain = make_terrain(seed, shape)
    parcels = make_parcels(seed + 10, shape)
    settlement = make_settlement(seed + 20, shape, terrain)
    forest = _forest(seed + 30, shape, parcels, terrain)
    cover = _cover(seed + 40, terrain, parcels, settlement, forest)
    vigour, tone = _variety(seed + 50, cover, parcels, settlement)
    land = terrain.depth == 0
    open_land = land & (forest == 0) & (settlement.density < 0.3)
    hedge = _hedges(seed + 60, parcels) * open_land
    lanes = 0.55 * np.clip(1 - parcels.lane, 0, 1) * land
    height = blur(terrain.height, 4)
    return Landscape(
        cover=cover,
        other=(parcels.identity >> np.uint32(7)) & np.uint32(3) == 0,
        vigour=vigour,
        tone=tone,
        shoal=_shoal(seed + 70, terrain),
        river=terrain.river * land,
        road=np.asarray(np.maximum(settlement.road, lanes), np.float32),
        hedge=hedge,
        slope_east=_slope(height, 1),
        slope_north=-_slope(height, 0),
    )


def _forest(seed: int, shape: tuple[int, int], parcels: Parcels, terrain: Terrain) -> Field:
    """Mark forest: 1 broadleaf, 2 conifer. Its edges follow parcels as often as not."""
    woods = fractal(seed, shape, (110, 55, 28, 14), 0.55)
    bias = 0.34 * (fraction(hashed(parcels.identity, 1)) - np.float32(0.5))
    wooded = woods + bias + 0.004 * (terrain.height - 25) > 0.36
    needles = smooth(seed + 1, shape, 70) + 0.4 * smooth(seed + 2, shape, 20)
    needles += 0.5 * (fraction(hashed(parcels.identity, 2)) - np.float32(0.5))
    return np.where(wooded, np.where(needles > 0.12, 2, 1), 0).astype(np.float32)


def _cover(
    seed: int, terrain: Terrain, parcels: Parcels, settlement: Settlement, forest: Field
) -> NDArray[np.uint8]:
    shape = terrain.height.shape
    cover = _crops(parcels)
    soggy = terrain.wetness + 0.5 * smooth(seed, shape, 16)
    cover[soggy > 0.45] = Cover.MEADOW
    cover[forest == 1] = Cover.BROADLEAF
    cover[forest == 2] = Cover.CONIFER
    _build(cover, settlement)
    water = terrain.depth > 0
    shore = blur(water.astype(np.float32), 2)
    sea_shore = blur(terrain.sea.astype(np.float32), 2)
    ragged = 0.12 * smooth(seed + 1, shape, 24)
    cover[(shore + ragged > 0.22) & (sea_shore == 0)] = Cover.REED
    cover[sea_shore + ragged > 0.14] = Cover.BEACH
    cover[water] = Cover.LAKE
    cover[terrain.sea] = Cover.SEA
    return cover


def _crops(parcels: Parcels) -> NDArray[np.uint8]:
    choice = fraction(hashed(parcels.identity, 3))
    codes = np.array([int(crop) for crop, _ in CROPS], np.uint8)
    limits = np.cumsum([share for _, share in CROPS])[:-1].astype(np.float32)
    crops: NDArray[np.uint8] = codes[np.searchsorted(limits, choice)]
    return crops


def _build(cover: NDArray[np.uint8], settlement: Settlement) -> None:
    """Put houses, gardens, halls and streets where places are dense enough."""
    draw = fraction(hashed(settlement.lot, 1))
    block = fraction(hashed(settlement.lot >> np.uint32(9), 2))
    town = settlement.density > 0.25
    cover[town] = Cover.GARDEN
    cover[town & (draw < 0.15 + 0.5 * settlement.density)] = Cover.RED_HOUSES
    halls = (settlement.density > 0.3) & (settlement.density < 0.75) & (block < 0.07)
    cover[halls | (town & (draw > 0.95))] = Cover.PALE_HALLS
    cover[town & (settlement.street > 0.6)] = Cover.PAVED


def _variety(
    seed: int, cover: NDArray[np.uint8], parcels: Parcels, settlement: Settlement
) -> tuple[Field, Field]:
    """Vary growth from parcel to parcel and within them, and brightness from pixel to pixel."""
    shape = (cover.shape[0], cover.shape[1])
    parcel = fraction(hashed(parcels.identity, 4)) - np.float32(0.5)
    patches = fractal(seed, shape, (48, 24, 12), 0.6)
    vigour = 0.20 * parcel + 0.16 * patches
    roughness = np.full(len(Cover), 0.004, np.float32)
    roughness[[Cover.BROADLEAF, Cover.CONIFER]] = 0.07
    roughness[[Cover.GARDEN, Cover.RED_HOUSES, Cover.PALE_HALLS, Cover.PAVED]] = 0.06
    roughness[[Cover.MEADOW, Cover.REED, Cover.BEACH]] = 0.035
    farmed = (cover >= Cover.PASTURE) & (cover <= Cover.BEET)
    grain = 1.1 * smooth(seed + 1, shape, 2) + 0.2 * lattice(seed + 2, shape)
    tone = 1 + roughness[cover] * grain + 0.03 * patches
    tone += farmed * (0.16 * (fraction(hashed(parcels.identity, 5)) - np.float32(0.5)))
    built = cover >= Cover.GARDEN
    tone += built * (0.22 * (fraction(hashed(settlement.lot, 3)) - np.float32(0.5)))
    return vigour.astype(np.float32), tone.astype(np.float32)


def _hedges(seed: int, parcels: Parcels) -> Field:
    """Plant hedges along some borders of parcels, broken where a gate or a gap is."""
    gaps = smooth(seed, (parcels.hedge.shape[0], parcels.hedge.shape[1]), 14)
    kept = (gaps > -0.05) & (parcels.lane > 1.5)
    return np.asarray(0.75 * np.clip(1.1 - parcels.hedge, 0, 1) * kept, np.float32)


def _shoal(seed: int, terrain: Terrain) -> Field:
    """Show the bottom and what rivers stir up: bright close to the coast, in drifting bands."""
    shape = (terrain.depth.shape[0], terrain.depth.shape[1])
    drift = fractal(seed, shape, (120, 60, 30), 0.5, stretch=2)
    shallow = 1 - ramp(terrain.depth + 4 * drift, 0.0, 18.0)
    return np.asarray(0.75 * shallow + 0.12 * ramp(drift, -0.2, 0.8), np.float32)


def _slope(height: Field, axis: int) -> Field:
    """Rise over run along an axis, between the pixels on both sides (10 m each)."""
    ahead = np.roll(height, -1, axis)
    behind = np.roll(height, 1, axis)
    slope = (ahead - behind) * np.float32(1 / 20.0)
    edge = np.zeros_like(slope)
    inner = [slice(None), slice(None)]
    inner[axis] = slice(1, -1)
    edge[tuple(inner)] = slope[tuple(inner)]
    return edge
