"""The URL that a client reaches the service by, for the links in its answers."""

import re
from dataclasses import dataclass

import falcon

from function.errors import InvalidParameterError

# A registered name or an IP address, and perhaps a port (RFC 3986, 3.2.2), without the characters
# that could leave an attribute of XML or a header.
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_SCHEMES = ("http", "https")


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """Where the service is: as set, as a trusted proxy says, or as the request itself says."""

    public_url: str
    trust_forwarded: bool

    def scheme_of(self, request: falcon.Request) -> str:
        """``https`` where the client speaks that, as far as is known, else ``http``."""
        scheme = request.scheme
        if self.trust_forwarded:
            scheme = _first(request, "X-Forwarded-Proto") or scheme
        return "https" if scheme == "https" else "http"

    def of(self, request: falcon.Request) -> str:
        """The service's URL without a slash at its end; InvalidParameterError for a bad host."""
        if self.public_url:
            return self.public_url.rstrip("/")
        scheme, host = request.scheme, request.netloc
        if self.trust_forwarded:
            scheme = _first(request, "X-Forwarded-Proto") or scheme
            host = _first(request, "X-Forwarded-Host") or host
        if scheme not in _SCHEMES or not _HOST.fullmatch(host):
            raise InvalidParameterError("the request's host or scheme is none that a URL can have")
        return f"{scheme}://{host}{request.root_path}"


def _first(request: falcon.Request, header: str) -> str:
    """The first entry of a list that each proxy on the way appends to: the client's own view."""
    return (request.get_header(header) or "").split(",")[0].strip()
