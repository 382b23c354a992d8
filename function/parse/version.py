"""The version of WMS that a request is answered in (OGC 06-042, 6.2)."""

import re

from function.errors import InvalidParameterError
from function.parse.parameters import Parameters, shown

WMS_111 = "1.1.1"
WMS_130 = "1.3.0"

_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}")


def negotiate(parameters: Parameters) -> str:
    """Choose ``1.1.1`` or ``1.3.0``, by the standard's rules for a version that is not served.

    The highest served version not above the asked one; the lowest where that is below them all.
    Without VERSION (or WMTVER, its name in WMS 1.0) the highest, unless SRS, which only 1.1.1
    has, tells otherwise. Raises InvalidParameterError for what is no version number.
    """
    asked = parameters.find("VERSION") or parameters.find("WMTVER")
    if asked is None:
        older = parameters.find("SRS") is not None and parameters.find("CRS") is None
        return WMS_111 if older else WMS_130
    if not _VERSION.fullmatch(asked):
        raise InvalidParameterError(f"VERSION={shown(asked)} is no version: use {WMS_130}")
    return WMS_130 if _ordinals(asked) >= _ordinals(WMS_130) else WMS_111


def _ordinals(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
