"""``/metrics`` for Prometheus."""

import falcon

from function.telemetry import Telemetry
from function.telemetry.prometheus import CONTENT_TYPE


class Measures:
    """The metrics of all processes together, in the text format."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        response.content_type = CONTENT_TYPE
        response.set_header("Cache-Control", "no-store")
        response.data = self._telemetry.metrics_text().encode()

    on_head = on_get
