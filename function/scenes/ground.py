"""How far apart a grid's pixels are on the ground."""

from functools import lru_cache

import numpy as np

from function.grid import Grid
from function.scenes.decoder import PixelWindow
from function.scenes.projection import apply, project


# Scenes of one place, and what is asked of them in turn, share it.
@lru_cache(maxsize=256)
def ground_resolution(grid: Grid, window: PixelWindow, crs: str) -> float | None:
    """Measure the finest distance between pixels of ``window`` of ``grid`` in units of ``crs``.

    It is the least singular value of the transformation's derivative, over nine points of the
    window; so a grid whose pixels are narrower one way is judged by the narrower. None where no
    point can be projected.
    """
    places = np.linspace(0.0, 1.0, 3)
    columns, rows = np.meshgrid(
        window.column + places * window.width, window.row + places * window.height
    )
    # Half a pixel to either side of each point: left, right, above, below.
    columns = columns.reshape(-1, 1) + np.array([-0.5, 0.5, 0.0, 0.0])
    rows = rows.reshape(-1, 1) + np.array([0.0, 0.0, -0.5, 0.5])
    x, y = project(grid.crs, crs, *apply(grid.transform, columns, rows))
    jacobians = np.stack(
        [
            np.stack([x[:, 1] - x[:, 0], x[:, 3] - x[:, 2]], axis=-1),
            np.stack([y[:, 1] - y[:, 0], y[:, 3] - y[:, 2]], axis=-1),
        ],
        axis=-2,
    )
    known = jacobians[np.isfinite(jacobians).all(axis=(1, 2))]
    if known.size == 0:
        return None
    return float(np.linalg.svd(known, compute_uv=False).min())
