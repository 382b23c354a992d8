"""Answers of text, compressed for whoever takes that (RFC 9110, 8.4 and 12.5.3)."""

import gzip
import re

import falcon

# What fits one packet of a network comes no sooner for being smaller.
LEAST_BYTES = 1400
# Capabilities of 27 kB become 3.3 kB in 0.17 ms; the fastest level leaves 3.8 kB in 0.13 ms.
LEVEL = 6

_TEXT = re.compile(
    r"(?:text/[^;]+|application/(?:[^;]*[+._])?(?:xml|json|gml))(?:;.*)?", re.IGNORECASE
)
_WEIGHTLESS = re.compile(r"q=0(?:\.0{0,3})?", re.IGNORECASE)


class Compression:
    """Falcon middleware: gzip for XML, JSON and HTML. Images and coverages are compact as they are.

    The same body is always compressed to the same bytes.
    """

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,  # noqa: ARG002
        req_succeeded: bool,  # noqa: ARG002
    ) -> None:
        if not _TEXT.fullmatch(resp.content_type or ""):
            return
        resp.append_header("Vary", "Accept-Encoding")
        body = resp.data
        if (
            body is None
            or len(body) < LEAST_BYTES
            or not takes_gzip(req.get_header("Accept-Encoding"))
        ):
            return
        resp.data = gzip.compress(body, LEVEL, mtime=0)
        resp.set_header("Content-Encoding", "gzip")


def takes_gzip(accepted: str | None) -> bool:
    """Whether a client says that it takes gzip; one that says nothing is sent none."""
    weights: dict[str, bool] = {}
    for entry in (accepted or "").split(","):
        coding, *parameters = (part.strip() for part in entry.split(";"))
        weights[coding.lower()] = not any(map(_WEIGHTLESS.fullmatch, parameters))
    return weights.get("gzip", weights.get("*", False))
