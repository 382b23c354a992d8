"""EXCEPTIONS=INIMAGE or BLANK: how a GetMap that fails is to be answered."""

import re
from collections.abc import Sequence

from function.errors import OwsError
from function.layer import Publication
from function.parse.exceptions import BLANK, IN_IMAGE
from function.parse.feature_info import SERVICE
from function.parse.format import DEFAULT_FORMAT, read_format
from function.parse.map_request import GET_MAP
from function.parse.parameters import Parameters, decode_form
from function.parse.request import read_service
from function.picture import FailurePicture

# What a message is drawn on where the request has no size that is one.
USUAL_SIDE = 512

_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_COLOUR = re.compile(r"0x[0-9A-Fa-f]{6}")
WHITE = "0xFFFFFF"


def read_failure_picture(
    texts: Sequence[str], publication: Publication, max_pixels: int
) -> FailurePicture | None:
    """Read what picture a failed request wants; None where it is to be told in XML.

    ``texts`` are the request's form-encoded texts. Whatever is wrong with them, which may be what
    failed, has something usual stand in.
    """
    try:
        parameters = Parameters(decode_form(*texts))
        asked = (parameters.find("EXCEPTIONS") or "").lower()
        operation = (parameters.find("REQUEST") or "").lower()
        if read_service(parameters) != SERVICE or operation != GET_MAP.lower():
            return None
    except OwsError:
        return None
    blank = asked in {name.lower() for name in BLANK}
    if not blank and asked not in {name.lower() for name in IN_IMAGE}:
        return None
    width, height = (_read_side(parameters, key, publication) for key in ("WIDTH", "HEIGHT"))
    if width * height > max_pixels:
        width = height = min(USUAL_SIDE, publication.max_size)
    colour = _find(parameters, "BGCOLOR") or ""
    return FailurePicture(
        width,
        height,
        _read_format(parameters, publication),
        transparent=(_find(parameters, "TRANSPARENT") or "").upper() == "TRUE",
        background=colour if _COLOUR.fullmatch(colour) else WHITE,
        blank=blank,
    )


def _read_side(parameters: Parameters, key: str, publication: Publication) -> int:
    text = _find(parameters, key) or ""
    side = int(text) if _COUNT.fullmatch(text) else 0
    return side if 1 < side <= publication.max_size else min(USUAL_SIDE, publication.max_size)


def _read_format(parameters: Parameters, publication: Publication) -> str:
    try:
        return read_format(parameters, publication)
    except OwsError:
        usual = DEFAULT_FORMAT in publication.map_formats
        return DEFAULT_FORMAT if usual else min(publication.map_formats)


def _find(parameters: Parameters, key: str) -> str | None:
    """The value of ``key``; None also where it is given twice."""
    try:
        return parameters.find(key)
    except OwsError:
        return None
