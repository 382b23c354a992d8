"""Samples of an image to pixels of a grid, without a sample that is not valid ever showing."""

import cv2
import numpy as np
from numpy.typing import NDArray

from function.layer import Resampling
from function.scenes.decoder import Samples
from function.scenes.placement import Placement

Mask = NDArray[np.bool_]
Positions = NDArray[np.float32]

# Samples on either side of a place that a kernel touches.
REACH = {Resampling.NEAREST: 1, Resampling.BILINEAR: 1, Resampling.CUBIC: 2}


def resample(
    placement: Placement, samples: Samples, valid: Mask, method: Resampling
) -> tuple[Samples, Mask]:
    """Bring decoded ``samples`` (components, height, width) to the pixels of ``placement``.

    A pixel is valid where its centre lies on the image and the sample (or the averaged block)
    nearest to it is valid; a block is, where at least half of it is. A valid pixel's value is the
    mean of valid samples alone, weighted by the kernel; cubic falls back to bilinear where one of
    its 16 samples is not valid. Pixels that are single samples keep them bit for bit; otherwise
    nearest keeps the type of the samples and all else gives float32. Pixels that are not valid
    are 0.

    Returns values (components, grid height, grid width) and their validity.
    """
    if placement.aligned:
        return _cut(placement, samples, valid)
    if method is Resampling.NEAREST:
        columns, rows = _positions(placement, (1, 1))
        return _nearest(columns, rows, placement.inside, samples, valid)
    values = samples.astype(np.float32, copy=False)
    across, down = placement.shrink
    if across > 1 or down > 1:
        values, valid = _average(values, valid, across, down)
    columns, rows = _positions(placement, placement.shrink)
    near = placement.inside
    if valid.all():
        interpolation = cv2.INTER_CUBIC if method is Resampling.CUBIC else cv2.INTER_LINEAR
        pixels = _remap(values, columns, rows, interpolation)
    else:
        near = near & _look_up(valid, _nearest_of(columns), _nearest_of(rows))
        pixels = _weighted(values, valid, columns, rows)
        if method is Resampling.CUBIC:
            whole = _look_up(_whole_kernel(valid), np.floor(columns), np.floor(rows))
            cubic = _remap(values, columns, rows, cv2.INTER_CUBIC)
            np.copyto(pixels, cubic, where=whole)
    if not near.all():
        pixels *= near
    return pixels, near


def _cut(placement: Placement, samples: Samples, valid: Mask) -> tuple[Samples, Mask]:
    """Copy samples to the pixels that they are."""
    height, width = placement.inside.shape
    pixels = np.zeros((samples.shape[0], height, width), samples.dtype)
    shown = np.zeros((height, width), np.bool_)
    lines = np.flatnonzero(placement.inside.any(axis=1))
    places = np.flatnonzero(placement.inside.any(axis=0))
    to = np.s_[lines[0] : lines[-1] + 1, places[0] : places[-1] + 1]
    window = placement.samples
    row = round(float(placement.rows[lines[0], places[0]])) - window.row
    column = round(float(placement.columns[lines[0], places[0]])) - window.column
    source = np.s_[row : row + lines.size, column : column + places.size]
    shown[to] = valid[source]
    pixels[(slice(None), *to)] = np.where(valid[source], samples[(slice(None), *source)], 0)
    return pixels, shown


def _positions(placement: Placement, shrink: tuple[int, int]) -> tuple[Positions, Positions]:
    """Count places from the decoded window's first sample, or first averaged block.

    Within a window float32 is exact to 0.001 sample; over a whole image it would not be.
    """
    window = placement.samples
    positions = []
    for places, first, count, factor in (
        (placement.columns, window.column, window.width, shrink[0]),
        (placement.rows, window.row, window.height, shrink[1]),
    ):
        relative = np.empty(places.shape, np.float32)
        np.subtract(places, first + (factor - 1) / 2, out=relative, casting="same_kind")
        if factor > 1:
            relative /= factor
        last = -(-count // factor) - 1
        positions.append(relative.clip(0, last, out=relative))
    return positions[0], positions[1]


def _nearest_of(positions: Positions) -> Positions:
    """Round half up: of two samples equally near, the one east or south is taken."""
    nearest: Positions = np.floor(positions + np.float32(0.5))
    return nearest


def _nearest(
    columns: Positions, rows: Positions, inside: Mask, samples: Samples, valid: Mask
) -> tuple[Samples, Mask]:
    columns, rows = _nearest_of(columns), _nearest_of(rows)
    shown = inside & _look_up(valid, columns, rows)
    pixels = _remap(samples, columns, rows, cv2.INTER_NEAREST)
    return pixels * shown, shown


def _look_up(mask: Mask, columns: Positions, rows: Positions) -> Mask:
    """Take ``mask`` at whole positions."""
    if mask.all():
        return np.ones(columns.shape, np.bool_)
    taken = cv2.remap(
        mask.view(np.uint8), columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    return taken.astype(np.bool_)


def _remap(samples: Samples, columns: Positions, rows: Positions, interpolation: int) -> Samples:
    pixels = np.empty((samples.shape[0], *columns.shape), samples.dtype)
    for component, target in zip(samples, pixels, strict=True):
        target[:] = cv2.remap(
            np.ascontiguousarray(component),
            columns,
            rows,
            interpolation,
            borderMode=cv2.BORDER_REPLICATE,
        )
    return pixels


def _weighted(
    values: NDArray[np.float32], valid: Mask, columns: Positions, rows: Positions
) -> NDArray[np.float32]:
    """Interpolate bilinearly between valid samples alone (normalised convolution).

    The nearest sample has a weight of at least a quarter, so where that one is valid the sum of
    weights never vanishes.
    """
    weights = valid.astype(np.float32)
    sums = _remap(values * weights, columns, rows, cv2.INTER_LINEAR)
    shares = _remap(weights[np.newaxis], columns, rows, cv2.INTER_LINEAR)
    return np.divide(sums, np.maximum(shares, np.float32(1 / 8)), dtype=np.float32)


def _average(
    values: NDArray[np.float32], valid: Mask, across: int, down: int
) -> tuple[NDArray[np.float32], Mask]:
    """Average blocks of valid samples; what lies past the image's last sample counts as absent."""
    components, height, width = values.shape
    below, beside = -height % down, -width % across
    size = ((width + beside) // across, (height + below) // down)
    weights = np.pad(valid.astype(np.float32), ((0, below), (0, beside)))
    present = np.pad(np.ones((height, width), np.float32), ((0, below), (0, beside)))
    shares = cv2.resize(weights, size, interpolation=cv2.INTER_AREA)
    presence = cv2.resize(present, size, interpolation=cv2.INTER_AREA)
    averages = np.zeros((components, size[1], size[0]), np.float32)
    for component, average in zip(values, averages, strict=True):
        padded = np.pad(component * valid, ((0, below), (0, beside)))
        mean = cv2.resize(padded, size, interpolation=cv2.INTER_AREA)
        np.divide(mean, shares, out=average, where=shares > 0)
    # Means of ones and zeros are exact to about 1e-6; half of a block must count as half.
    return averages, shares >= presence / 2 - np.float32(1e-5)


def _whole_kernel(valid: Mask) -> Mask:
    """Tell for which samples the cubic kernel of a place just after them is valid as a whole."""
    eroded = cv2.erode(
        valid.view(np.uint8),
        np.ones((4, 4), np.uint8),
        anchor=(1, 1),
        borderType=cv2.BORDER_REPLICATE,
    )
    return eroded.astype(np.bool_)
