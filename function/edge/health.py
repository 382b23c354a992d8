"""Probes: is the process alive, and can it answer a map now?"""

from collections.abc import Callable

import falcon
import orjson

from function.errors import OwsError, fault_of
from function.fresh import Fresh

# Knative probes up to 20 times a second while a container starts; the truth is that old at most.
READY_SECONDS = 1.0


class Live:
    """Answers as long as the process can answer at all."""

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        _reply(response, 200, "live")

    on_head = on_get


class Ready:
    """Asks ``check``, which raises the OwsError that keeps the service from answering maps."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._fresh = Fresh(check, READY_SECONDS)

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        try:
            self._fresh.get()
        except OwsError as error:
            _reply(response, fault_of(error).status, str(error))
        else:
            _reply(response, 200, "ready")

    on_head = on_get


def _reply(response: falcon.Response, status: int, state: str) -> None:
    response.status = status
    response.content_type = falcon.MEDIA_JSON
    response.set_header("Cache-Control", "no-store")
    response.data = orjson.dumps({"status": state})
