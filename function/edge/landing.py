"""The page at ``/``: where to go from here, for people and for clients of the STAC API."""

from html import escape
from urllib.parse import urlencode

import falcon

from function.edge.address import PublicAddress
from function.edge.ows import OWS
from function.edge.stac import StacResource
from function.layer import Publication

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>sentinel-ows</title>
<h1>sentinel-ows</h1>
<p>Maps straight from Copernicus Sentinel archives. Add this address to a GIS as a WMS server:</p>
<p><code>{address}</code></p>
<h2>Service</h2>
<ul>
{service}
</ul>
<h2>Legends</h2>
<ul>
{legends}
</ul>
</html>
"""


class Landing:
    """HTML for whoever would rather have that, else what ``stac`` answers.

    The page links to the capabilities, the legends, the STAC API and the probes.
    """

    def __init__(
        self, publication: Publication, address: PublicAddress, stac: StacResource
    ) -> None:
        self._publication = publication
        self._address = address
        self._stac = stac

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        response.append_header("Vary", "Accept")
        if _wants_html(request):
            self._write_page(request, response)
        else:
            self._stac.on_get(request, response)

    on_head = on_get

    def _write_page(self, request: falcon.Request, response: falcon.Response) -> None:
        base = self._address.of(request)
        service = [
            _link(
                f"{base}{OWS}?"
                + urlencode({"SERVICE": "WMS", "VERSION": version, "REQUEST": "GetCapabilities"}),
                f"Capabilities of WMS {version}",
            )
            for version in ("1.3.0", "1.1.1")
        ]
        service += [
            _link(f"{base}/?f=json", "STAC API"),
            *(_link(base + path, path) for path in ("/health/ready", "/metrics")),
        ]
        response.content_type = falcon.MEDIA_HTML
        response.data = _PAGE.format(
            address=escape(base + OWS),
            service="\n".join(service),
            legends="\n".join(_legend(base, layer) for layer in self._publication.archive_layers),
        ).encode()


def _wants_html(request: falcon.Request) -> bool:
    """Whether ``f`` says so or, without it, Accept: clients of APIs take anything (``*/*``)."""
    stated = request.get_param("f")
    if stated:
        return stated.lower() == "html"
    if falcon.MEDIA_HTML.split(";")[0] not in request.accept:
        return False
    return request.client_prefers((falcon.MEDIA_JSON, "text/html")) == "text/html"


def _legend(base: str, layer: str) -> str:
    query = {
        "SERVICE": "WMS",
        "VERSION": "1.3.0",
        "REQUEST": "GetLegendGraphic",
        "LAYER": layer,
        "FORMAT": "image/png",
    }
    return _link(f"{base}{OWS}?{urlencode(query)}", layer)


def _link(url: str, text: str) -> str:
    return f'<li><a href="{escape(url)}">{escape(text)}</a></li>'
