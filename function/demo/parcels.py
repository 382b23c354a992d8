"""Farmland cut into parcels: districts of one direction each, strips in them, fields in those."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from function.demo.noise import Field, fraction, hashed, smooth

DISTRICT = 120  # pixels from one district's centre to the next: a village's land, 1.2 km
NARROWEST, WIDEST = 13.0, 34.0  # pixels across a strip
SHORTEST, LONGEST = 24.0, 66.0  # pixels along a field

# Directions along which fields lie, as whole-number steps: their unit vectors need no sine.
DIRECTIONS = ((1, 0), (5, 1), (3, 1), (2, 1), (3, 2), (1, 1), (2, 3), (1, 2), (1, 4), (-1, 3))


@dataclass(frozen=True, slots=True)
class Parcels:
    """Fields on the ground's pixels.

    ``identity`` tells parcels apart. ``hedge`` and ``lane`` are distances in pixels to the
    nearest border of a parcel and of a district.
    """

    identity: NDArray[np.uint32]
    hedge: Field
    lane: Field


def make_parcels(seed: int, shape: tuple[int, int]) -> Parcels:
    """Divide the ground."""
    rows = np.arange(shape[0], dtype=np.float32)[:, None] + (
        16 * smooth(seed, shape, 90) + 3 * smooth(seed + 1, shape, 30)
    )
    columns = np.arange(shape[1], dtype=np.float32)[None, :] + (
        16 * smooth(seed + 2, shape, 90) + 3 * smooth(seed + 3, shape, 30)
    )
    district, lane, down, right = _districts(seed, rows, columns)
    return _fields(seed, district, lane, down, right)


def _districts(
    seed: int, rows: Field, columns: Field
) -> tuple[NDArray[np.uint32], Field, Field, Field]:
    """Find each pixel's nearest centre: its number, how near the border, the way from there."""
    cell_row = np.floor(rows * np.float32(1 / DISTRICT)).astype(np.int32)
    cell_column = np.floor(columns * np.float32(1 / DISTRICT)).astype(np.int32)
    nearest = np.full(rows.shape, np.inf, np.float32)
    second = nearest.copy()
    number = np.zeros(rows.shape, np.uint32)
    down, right = np.zeros(rows.shape, np.float32), np.zeros(rows.shape, np.float32)
    for step_row in (-1, 0, 1):
        for step_column in (-1, 0, 1):
            key = _centre_numbers(seed, cell_row + step_row, cell_column + step_column)
            away_row = rows - _centre(key, 1, cell_row + step_row)
            away_column = columns - _centre(key, 2, cell_column + step_column)
            distance = away_row * away_row + away_column * away_column
            closer = distance < nearest
            second = np.where(closer, nearest, np.minimum(second, distance))
            nearest = np.where(closer, distance, nearest)
            number = np.where(closer, key, number)
            down = np.where(closer, away_row, down)
            right = np.where(closer, away_column, right)
    border = (np.sqrt(second) - np.sqrt(nearest)) * np.float32(0.5)
    return number, border, down, right


def _centre_numbers(
    seed: int, row: NDArray[np.int32], column: NDArray[np.int32]
) -> NDArray[np.uint32]:
    return hashed(seed, (row + 64).astype(np.uint32), (column + 64).astype(np.uint32))


def _centre(number: NDArray[np.uint32], axis: int, cell: NDArray[np.int32]) -> Field:
    jitter = 0.1 + 0.8 * fraction(hashed(number, axis))
    return (cell + jitter) * np.float32(DISTRICT)


def _fields(
    seed: int, district: NDArray[np.uint32], lane: Field, down: Field, right: Field
) -> Parcels:
    steps = np.array(DIRECTIONS, np.float32)
    unit = steps / np.sqrt(steps[:, :1] * steps[:, :1] + steps[:, 1:] * steps[:, 1:])
    way = unit[hashed(district, 3) % np.uint32(len(DIRECTIONS))]
    along = right * way[..., 0] + down * way[..., 1]
    across = down * way[..., 0] - right * way[..., 1]
    width = NARROWEST + (WIDEST - NARROWEST) * fraction(hashed(district, 4))
    strip, to_side = _cut(across, width)
    key = hashed(seed, district, strip)
    length = SHORTEST + (LONGEST - SHORTEST) * fraction(hashed(key, 5))
    field, to_end = _cut(along + 40 * fraction(hashed(key, 6)), length)
    hedge = np.minimum(np.minimum(to_side, to_end), lane)
    return Parcels(hashed(key, field), hedge, lane)


def _cut(position: Field, size: Field) -> tuple[NDArray[np.uint32], Field]:
    """Number equal pieces of ``position`` and measure how far from a cut each pixel lies."""
    share = position / size
    whole = np.floor(share)
    rest = share - whole
    return (whole.astype(np.int32) + 4096).astype(np.uint32), np.minimum(rest, 1 - rest) * size
