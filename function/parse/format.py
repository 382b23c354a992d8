"""FORMAT: the encoding of a map or a legend."""

from function.errors import UnknownFormatError
from function.layer import Publication
from function.parse.parameters import Parameters, shown

# Lossless and transparent: what a request that names no format is answered in.
DEFAULT_FORMAT = "image/png"


def read_format(parameters: Parameters, publication: Publication) -> str:
    """The offered format that FORMAT names, in any case and with or without spaces.

    Raises UnknownFormatError, listing what is offered.
    """
    asked = parameters.find("FORMAT") or DEFAULT_FORMAT
    offers = sorted(publication.map_formats)
    for offered in offers:
        if _folded(offered) == _folded(asked):
            return offered
    raise UnknownFormatError(f"FORMAT={shown(asked)} is not offered; there are {', '.join(offers)}")


def _folded(media_type: str) -> str:
    return media_type.replace(" ", "").lower()
