"""TIME, MAXCC, PRIORITY, SCENE and CLOUDMASK: what a request wants of the archive."""

import re

from function.errors import InvalidParameterError
from function.parse.parameters import Parameters, shown
from function.parse.times import read_times
from function.search import Priority, Search

WHOLE_SKY = 100.0
# Longer than any product's name: one of Sentinel-2 has 60 characters, one of Sentinel-1 67.
MAX_NAME = 200

_PERCENT = re.compile(r"[+-]?\d{1,9}(?:\.\d{0,9})?", re.ASCII)


def read_search(parameters: Parameters) -> Search:
    """Read the filters and the order of scenes; raises InvalidTimeError, InvalidParameterError.

    MAXCC=100 admits every product, also one without a figure of its own.
    """
    time = parameters.find("TIME")
    priority = parameters.choose("PRIORITY", [choice.value for choice in Priority])
    return Search(
        times=read_times(time) if time is not None else (),
        max_cloud=_read_max_cloud(parameters),
        priority=Priority(priority) if priority is not None else Priority.MOST_RECENT,
        scene=_read_scene(parameters),
    )


def read_cloud_mask(parameters: Parameters) -> bool | None:
    """Whether CLOUDMASK is on; None where the request leaves it to the layer."""
    choice = parameters.choose("CLOUDMASK", ["on", "off"])
    return None if choice is None else choice == "on"


def _read_max_cloud(parameters: Parameters) -> float | None:
    text = parameters.find("MAXCC")
    if text is None:
        return None
    if not _PERCENT.fullmatch(text):
        raise InvalidParameterError(f"MAXCC={shown(text)} is no number, 0 to 100")
    percent = float(text)
    if not 0.0 <= percent <= WHOLE_SKY:
        raise InvalidParameterError(f"MAXCC={shown(text)} is out of range: 0 to 100 percent")
    return None if percent == WHOLE_SKY else percent


def _read_scene(parameters: Parameters) -> str | None:
    """The name of a product; that of its directory, which ends in .SAFE, will do."""
    text = parameters.find("SCENE")
    if text is None:
        return None
    if len(text) > MAX_NAME or not text.isprintable():
        raise InvalidParameterError(f"SCENE={shown(text)} is no name of a product")
    return text.removesuffix(".SAFE")
