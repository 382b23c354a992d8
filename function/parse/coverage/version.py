"""The version of WCS that a request is answered in (OGC 06-121r9, 7.3.2)."""

import re

from function.errors import InvalidParameterError, VersionNegotiationError
from function.parse.parameters import Parameters, shown

WCS_100 = "1.0.0"
WCS_111 = "1.1.1"
WCS_201 = "2.0.1"
HIGHEST = WCS_201

# What each version that a client may name is answered in: the corrigenda of 1.1 share a schema,
# as do 2.0.0 and 2.0.1.
ANSWERED_IN = {
    "1.0.0": WCS_100,
    "1.0": WCS_100,
    "1.1.0": WCS_111,
    "1.1.1": WCS_111,
    "1.1.2": WCS_111,
    "1.1": WCS_111,
    "2.0.0": WCS_201,
    "2.0.1": WCS_201,
    "2.0": WCS_201,
}

_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}(\.[0-9]{1,3})?")


def negotiate(parameters: Parameters) -> str:
    """Choose ``1.0.0``, ``1.1.1`` or ``2.0.1``.

    ACCEPTVERSIONS lists what a client knows, best first. Without either, the highest. VERSION is
    taken at its word where it is served; in a GetCapabilities of WCS 1.0 (OGC 03-065r6, 6.2.4) any
    other means the next lower. Raises InvalidParameterError for what is no version number, and
    VersionNegotiationError where nothing acceptable is served.
    """
    accepted = parameters.find("ACCEPTVERSIONS")
    if accepted is not None:
        for text in accepted.split(","):
            if text.strip() in ANSWERED_IN:
                return ANSWERED_IN[text.strip()]
        raise VersionNegotiationError(
            f"none of ACCEPTVERSIONS={shown(accepted)} is served: {WCS_201}, {WCS_111}, {WCS_100}"
        )
    asked = parameters.find("VERSION")
    if asked is None:
        return HIGHEST
    if not _VERSION.fullmatch(asked):
        raise InvalidParameterError(f"VERSION={shown(asked)} is no version: use {HIGHEST}")
    if asked in ANSWERED_IN:
        return ANSWERED_IN[asked]
    lower = [version for version in (WCS_201, WCS_111) if _ordinals(version) <= _ordinals(asked)]
    return lower[0] if lower else WCS_100


def _ordinals(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
