"""Numbers shown as colours: a range of values, and the colour map that is laid over it.

Colour maps are those of the package ``cmap``: matplotlib's, ColorBrewer's (which cpt-city has as
``cb``), cmocean's, Crameri's and others, each under its usual name.
"""

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from cmap import Catalog, Colormap
from numpy.typing import NDArray

from function.errors import InvalidParameterError

Colour = tuple[int, int, int]

# Told to whoever names one that there is not: one or two of each sort.
EXAMPLES = ("viridis", "magma", "cividis", "turbo", "jet", "gray", "RdYlGn", "Spectral", "YlGn")
REVERSED = "_r"
# Where several collections have a map of one name, the first of these is meant: those that
# matplotlib has.
COLLECTIONS = ("matplotlib:", "colorbrewer:", "gnuplot:", "")
# Of several hundred maps a service shows a few.
KEPT_MAPS = 64
# No map has a longer one.
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a ramp, from one value and colour to the next."""

    lowest: float
    highest: float
    first: Colour
    last: Colour


@dataclass(frozen=True, slots=True)
class ColourRamp:
    """``colour_map`` laid over values from ``lowest`` to ``highest``.

    What lies beyond has the colour of its end.
    """

    colour_map: str
    lowest: float
    highest: float

    def sections(self, count: int) -> tuple[Section, ...]:
        """Cut the ramp into ``count`` parts, equally wide, lowest first.

        A map of single colours has one part of each instead.
        """
        found = _find(self.colour_map)
        if found.interpolation == "nearest":
            count = len(found.color_stops)
            colours = _shown(found, (np.arange(count) + 0.5) / count)
            ends = list(zip(colours, colours, strict=True))
        else:
            ends = list(pairwise(_shown(found, np.linspace(0.0, 1.0, count + 1))))
        if _is_reversed(self.colour_map):
            ends = [(last, first) for first, last in reversed(ends)]
        borders = np.linspace(self.lowest, self.highest, count + 1).tolist()
        return tuple(
            Section(low, high, first, last)
            for (low, high), (first, last) in zip(pairwise(borders), ends, strict=True)
        )


@dataclass(frozen=True, slots=True)
class ColourStops:
    """Colours stated for values, which rise: ``stops`` of (value, colour), two at least.

    Between values colours blend, unless they are ``stepped``: then each holds from its value to the
    next, the last beyond. What lies outside has the colour of its end.
    """

    stops: tuple[tuple[float, Colour], ...]
    stepped: bool

    @property
    def lowest(self) -> float:
        """The value of the first colour; stepped, a step below the first value that tells."""
        return self._borders[0]

    @property
    def highest(self) -> float:
        return self._borders[-1]

    @property
    def _borders(self) -> tuple[float, ...]:
        values = tuple(value for value, _ in self.stops)
        if not self.stepped:
            return values
        # The first and the last colour are as wide as those within, for a legend's sake.
        inner = values[1:]
        step = (inner[-1] - inner[0]) / (len(inner) - 1) if len(inner) > 1 else 1.0
        return (inner[0] - step, *inner, inner[-1] + step)

    def sections(self, _count: int) -> tuple[Section, ...]:
        """Give the parts that are stated, lowest first."""
        colours = [colour for _, colour in self.stops]
        ends = list(zip(colours, colours, strict=True) if self.stepped else pairwise(colours))
        return tuple(
            Section(low, high, first, last)
            for (low, high), (first, last) in zip(pairwise(self._borders), ends, strict=True)
        )


def check_colour_map(name: str) -> str:
    """Give ``name`` where it is one of a colour map, in any case, ``_r`` at its end reversing it.

    Raises InvalidParameterError for another.
    """
    _find(name)
    return name


@lru_cache(KEPT_MAPS)
def _find(name: str) -> Colormap:
    forward = name.lower().removesuffix(REVERSED)
    for collection in COLLECTIONS:
        known = collection + forward
        with suppress(ValueError):
            # Colormap itself would take colours for a map, too.
            Catalog()[known]
            return Colormap(known)
    raise InvalidParameterError(
        f"{name[:LONGEST_NAME]!r} is no colour map; there are {', '.join(EXAMPLES)} and others by"
        f" their usual names, and {REVERSED} at the end reverses one"
    )


def _is_reversed(name: str) -> bool:
    return name.lower().endswith(REVERSED)


def _shown(colour_map: Colormap, places: NDArray[np.float64]) -> list[Colour]:
    colours = np.rint(np.asarray(colour_map(places)) * 255).astype(int)
    return [(int(red), int(green), int(blue)) for red, green, blue, _ in colours]
