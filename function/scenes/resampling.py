"""Samples of an image to pixels of a grid, without a sample that is not valid ever showing."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from function.layer import Resampling
from function.scenes.bounding import bounding_window
from function.scenes.decoder import PixelWindow, Samples
from function.scenes.placement import Placement, spans

Mask = NDArray[np.bool_]
Positions = NDArray[np.float32]

# Samples on either side of a place that a kernel touches.
REACH = {Resampling.NEAREST: 1, Resampling.BILINEAR: 1, Resampling.CUBIC: 2}
# How many components OpenCV keeps side by side.
INTERLEAVED = range(2, 5)


def resample(
    placement: Placement, images: Sequence[Samples], valid: Mask, method: Resampling
) -> tuple[list[Samples], Mask]:
    """Bring decoded ``images`` (components, height, width) to the pixels of ``placement``.

    A pixel is valid where its centre lies on the image and the sample (or the averaged block)
    nearest to it is ``valid``; a block is, where at least half of it is. A valid pixel's value is
    the mean of valid samples alone, weighted by the kernel; cubic falls back to bilinear where one
    of its 16 samples is not valid. Pixels that are single samples keep them bit for bit; otherwise
    nearest keeps the type of the samples, samples of 8 bit are rounded to 8 bit again and all else
    gives float32. Pixels that are not valid are 0.

    Returns values (components, grid height, grid width) of each image and their validity.
    """
    if placement.aligned:
        return _cut(placement, images, valid)
    if method is Resampling.NEAREST:
        return _nearest(placement, images, valid)
    across, down = placement.shrink
    averages, shares = images, valid
    if across > 1 or down > 1:
        averages = [_average(image, valid, across, down) for image in images]
        shares = _half_valid(valid, across, down)
    columns, rows = _positions(placement, placement.shrink)
    near = placement.inside
    if shares.all():
        interpolation = cv2.INTER_CUBIC if method is Resampling.CUBIC else cv2.INTER_LINEAR
        pixels = [_interpolate(image, columns, rows, interpolation) for image in averages]
    else:
        near = near & _look_up(shares, _nearest_of(columns), _nearest_of(rows))
        pixels = _between_valid(averages, shares, columns, rows, method)
    kept = None if near.all() else near
    return [
        _finish(values, image.dtype, kept) for values, image in zip(pixels, images, strict=True)
    ], near


def _cut(
    placement: Placement, images: Sequence[Samples], valid: Mask
) -> tuple[list[Samples], Mask]:
    """Take the samples that the pixels are."""
    shown = np.zeros(placement.inside.shape, np.bool_)
    to = bounding_window(placement.inside)
    pixels = [np.zeros((image.shape[0], *shown.shape), image.dtype) for image in images]
    if to is None:
        return pixels, shown
    _, _, corner = placement.coordinates.crop(to).bends()
    column = round(float(corner[0, 0, 0])) - placement.samples.column
    row = round(float(corner[1, 0, 0])) - placement.samples.row
    source = PixelWindow(column, row, to.width, to.height).slices
    if placement.inside.all() and valid[source].all():
        shown[:] = True
        return [image[(slice(None), *source)] for image in images], shown
    shown[to.slices] = valid[source]
    for image, values in zip(images, pixels, strict=True):
        cut = np.where(valid[source], image[(slice(None), *source)], 0)
        values[(slice(None), *to.slices)] = cut
    return pixels, shown


def _positions(placement: Placement, shrink: tuple[int, int]) -> tuple[Positions, Positions]:
    """Count places from the decoded window's first sample, or first averaged block.

    Within a window float32 is exact to 0.001 sample; over a whole image it would not be.
    """
    window = placement.samples
    lines = (window.column, window.width, shrink[0]), (window.row, window.height, shrink[1])
    scaling = [(1.0 / factor, -(first + (factor - 1) / 2) / factor) for first, _, factor in lines]
    positions = placement.coordinates.positions(scaling[0], scaling[1])
    reached = spans(placement.coordinates)
    for each, (scale, offset), span, (_, count, factor) in zip(
        positions, scaling, reached, lines, strict=True
    ):
        last = -(-count // factor) - 1
        if span[0] * scale + offset < 0 or span[1] * scale + offset > last:
            each.clip(0, last, out=each)
    return positions


def _nearest_of(positions: Positions) -> Positions:
    """Round half up: of two samples equally near, the one east or south is taken."""
    nearest: Positions = np.floor(positions + np.float32(0.5))
    return nearest


def _nearest(
    placement: Placement, images: Sequence[Samples], valid: Mask
) -> tuple[list[Samples], Mask]:
    columns, rows = (_nearest_of(each) for each in _positions(placement, (1, 1)))
    shown = placement.inside & _look_up(valid, columns, rows)
    kept = None if shown.all() else shown
    pixels = (_interpolate(image, columns, rows, cv2.INTER_NEAREST) for image in images)
    return [_finish(values, values.dtype, kept) for values in pixels], shown


def _finish(values: Samples, kind: np.dtype[Any], kept: Mask | None) -> Samples:
    """Round what was interpolated from bytes, and leave no value where a pixel is not ``kept``."""
    if kind == np.uint8 and values.dtype != np.uint8:
        # Cubic kernels leave the range.
        values = np.rint(values).clip(0, 255).astype(np.uint8)
    return values if kept is None else values * kept


def _look_up(mask: Mask, columns: Positions, rows: Positions) -> Mask:
    """Take ``mask`` at whole positions."""
    if mask.all():
        return np.ones(columns.shape, np.bool_)
    taken = cv2.remap(
        mask.view(np.uint8), columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    return taken.astype(np.bool_)


def _interpolate(
    image: Samples, columns: Positions, rows: Positions, interpolation: int
) -> Samples:
    """Interpolate each component, in bytes or else in float32; nearest in any type."""
    if image.dtype != np.uint8 and interpolation != cv2.INTER_NEAREST:
        image = image.astype(np.float32, copy=False)
    pixels: NDArray[Any] = np.empty((image.shape[0], *columns.shape), image.dtype)
    if image.shape[0] in INTERLEAVED:
        # Together, for the weights are the same: three bands take two thirds of the time.
        together = cv2.merge(list(image))
        cv2.split(_remap(together, columns, rows, interpolation), list(pixels))
        return pixels
    for component, target in zip(image, pixels, strict=True):
        target[:] = _remap(component, columns, rows, interpolation)
    return pixels


def _remap(
    samples: NDArray[Any], columns: Positions, rows: Positions, interpolation: int
) -> NDArray[Any]:
    return cv2.remap(samples, columns, rows, interpolation, borderMode=cv2.BORDER_REPLICATE)


def _between_valid(
    images: Sequence[Samples],
    valid: Mask,
    columns: Positions,
    rows: Positions,
    method: Resampling,
) -> list[Samples]:
    """Interpolate between valid samples alone, bilinearly (normalised convolution) or as asked.

    The nearest sample has a weight of at least a quarter, so where that one is valid the sum of
    weights never vanishes.
    """
    weights = valid.astype(np.float32)
    shares = np.maximum(_remap(weights, columns, rows, cv2.INTER_LINEAR), np.float32(1 / 8))
    whole = None
    if method is Resampling.CUBIC:
        whole = _look_up(_whole_kernel(valid), np.floor(columns), np.floor(rows))
    found: list[Samples] = []
    for image in images:
        sums = _interpolate(image * weights, columns, rows, cv2.INTER_LINEAR)
        pixels = np.divide(sums, shares, dtype=np.float32)
        if whole is not None:
            values = image.astype(np.float32, copy=False)
            np.copyto(pixels, _interpolate(values, columns, rows, cv2.INTER_CUBIC), where=whole)
        found.append(pixels)
    return found


def _average(image: Samples, valid: Mask, across: int, down: int) -> NDArray[np.float32]:
    """Average blocks of valid samples; what lies past the image's last sample counts as absent."""
    shares = _block_means(valid.astype(np.float32), across, down)
    averages = np.zeros((image.shape[0], *shares.shape), np.float32)
    for component, average in zip(image, averages, strict=True):
        mean = _block_means(component.astype(np.float32) * valid, across, down)
        np.divide(mean, shares, out=average, where=shares > 0)
    return averages


def _half_valid(valid: Mask, across: int, down: int) -> Mask:
    """Tell which blocks are valid to half of what lies on the image."""
    shares = _block_means(valid.astype(np.float32), across, down)
    presence = _block_means(np.ones(valid.shape, np.float32), across, down)
    # Means of ones and zeros are exact to about 1e-6; half of a block must count as half.
    half: Mask = shares >= presence / 2 - np.float32(1e-5)
    return half


def _block_means(values: NDArray[np.float32], across: int, down: int) -> NDArray[np.float32]:
    """Give means of blocks of ``across`` by ``down``, with 0 past the end."""
    height, width = values.shape
    below, beside = -height % down, -width % across
    size = ((width + beside) // across, (height + below) // down)
    padded = np.pad(values, ((0, below), (0, beside)))
    means = cv2.resize(padded, size, interpolation=cv2.INTER_AREA)
    return means.astype(np.float32, copy=False)


def _whole_kernel(valid: Mask) -> Mask:
    """Tell for which samples the cubic kernel of a place just after them is valid as a whole."""
    eroded = cv2.erode(
        valid.view(np.uint8),
        np.ones((4, 4), np.uint8),
        anchor=(1, 1),
        borderType=cv2.BORDER_REPLICATE,
    )
    return eroded.astype(np.bool_)
