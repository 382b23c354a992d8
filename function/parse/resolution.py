"""How many pixels an inch a map is shown at, by which MapServer scales its symbols."""

import re

from function.errors import InvalidParameterError
from function.parse.parameters import Parameters, shown

# MapServer's own bounds of RESOLUTION, but for the upper: printers have 1200.
LOWEST, HIGHEST = 10, 1200

_NUMBER = re.compile(r"\d{1,9}(?:\.\d{0,9})?", re.ASCII)
_OPTION = re.compile(r"\s*dpi\s*:(.*)", re.ASCII | re.IGNORECASE)


def read_resolution(parameters: Parameters) -> tuple[tuple[str, str], ...]:
    """Read DPI, MAP_RESOLUTION or FORMAT_OPTIONS=dpi:…, as three servers call it; QGIS sends all.

    Gives MapServer's parameter, none where the request says nothing of it. Raises
    InvalidParameterError for what is no number, or out of bounds.
    """
    for key in ("MAP_RESOLUTION", "DPI", "FORMAT_OPTIONS"):
        value = parameters.find(key)
        if value is not None and key == "FORMAT_OPTIONS":
            options = (_OPTION.fullmatch(option) for option in value.split(";"))
            value = next((option[1].strip() for option in options if option), None)
        if value is None:
            continue
        if not _NUMBER.fullmatch(value) or not LOWEST <= float(value) <= HIGHEST:
            raise InvalidParameterError(
                f"{key}={shown(value)} is no number of pixels an inch, {LOWEST} to {HIGHEST}"
            )
        return (("MAP_RESOLUTION", value),)
    return ()
