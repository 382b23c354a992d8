"""Reference systems as WCS writes them: codes, URNs and URLs of OGC (OGC 09-048r5, 7)."""

import re
from dataclasses import dataclass

from function.errors import UnknownCrsError
from function.layer import Publication
from function.parse.map_grid import CRS_84, LONLAT, is_northing_first
from function.parse.parameters import shown

_FORMS = re.compile(
    r"EPSG:(?P<code>\d{1,6})"
    r"|urn:(?:x-)?ogc:def:crs:EPSG:[0-9.]*:(?P<urn>\d{1,6})"
    r"|https?://www\.opengis\.net/def/crs/EPSG/[0-9.]+/(?P<url>\d{1,6})"
    r"|https?://www\.opengis\.net/gml/srs/epsg\.xml#(?P<gml>\d{1,6})",
    re.IGNORECASE | re.ASCII,
)
_LONGITUDE_FIRST = re.compile(
    r"CRS:84|OGC:CRS84|urn:(?:x-)?ogc:def:crs:OGC:[0-9.]*:CRS:?84"
    r"|https?://www\.opengis\.net/def/crs/OGC/[0-9.]+/CRS84",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class ReferenceSystem:
    """A CRS by its code, and whether numbers in it come with northing or latitude first.

    They do where the definition says so and is referred to by URN or URL; ``EPSG:4326`` itself is
    longitude first in WCS 1.0 (OGC 03-065r6, 8.2.3) and as MapServer and its clients use it.
    """

    code: str
    northing_first: bool


def read_reference_system(key: str, text: str, publication: Publication) -> ReferenceSystem:
    """Read the value ``text`` of ``key``; raises UnknownCrsError for what is not offered."""
    if _LONGITUDE_FIRST.fullmatch(text) and CRS_84 in publication.crs_codes:
        return ReferenceSystem(LONLAT, northing_first=False)
    form = _FORMS.fullmatch(text)
    digits = form and (form["code"] or form["urn"] or form["url"] or form["gml"])
    code = f"EPSG:{int(digits)}" if digits else ""
    if form is None or code not in publication.crs_codes:
        raise UnknownCrsError(
            f"{key}={shown(text)} is not offered; the capabilities list the codes that are"
        )
    return ReferenceSystem(code, form["code"] is None and is_northing_first(code))
