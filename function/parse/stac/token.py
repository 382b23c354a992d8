"""The token of a page: the place of the last scene of the page before, in letters for a URL."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from function.errors import InvalidParameterError
from function.item_search import PagePosition

# A time and a product's name take some 130.
MAX_CHARACTERS = 1000


def write_token(position: PagePosition) -> str:
    """Write a token that ``read_token`` reads."""
    text = f"{position.acquired.isoformat()}/{position.name}"
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_token(token: object) -> PagePosition:
    """Read a token; raises InvalidParameterError for what is none of ours."""
    if not isinstance(token, str) or len(token) > MAX_CHARACTERS:
        raise _refusal()
    try:
        text = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        time, _, name = text.partition("/")
        acquired = datetime.fromisoformat(time)
    except (binascii.Error, ValueError) as error:
        raise _refusal() from error
    if acquired.tzinfo is None or not name or "\0" in name:
        raise _refusal()
    return PagePosition(acquired, name)


def _refusal() -> InvalidParameterError:
    return InvalidParameterError("token is none that a `next` link of this service has")
