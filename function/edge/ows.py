"""The OGC endpoint, ``/ows``."""

import falcon

from function.answer import Answer, Asked, RequestPath
from function.deadline import Deadline
from function.edge.address import PublicAddress
from function.edge.form import read_texts
from function.edge.listing_headers import list_in_header
from function.edge.turns import Turns
from function.settings import Settings
from function.stored_body import StoredBody

OWS = "/ows"

# A map shows what the catalogue holds, and new products come in every few minutes.
CACHE_SECONDS = 60

SCENES_HEADER = "X-Sentinel-OWS-Scenes"
WARNING_HEADER = "X-Sentinel-OWS-Warning"
# The code of a failure that is answered as a picture.
EXCEPTION_HEADER = "X-Sentinel-OWS-Exception"


class OwsResource:
    """GET, HEAD and POST of a form, answered by the request path."""

    def __init__(
        self, path: RequestPath, address: PublicAddress, turns: Turns, settings: Settings
    ) -> None:
        self._path = path
        self._address = address
        self._deadline_seconds = settings.deadline_seconds
        self._max_body_bytes = settings.max_body_bytes
        self._turns = turns

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        deadline = Deadline.after(self._deadline_seconds)
        request.context.texts = read_texts(request, self._max_body_bytes)
        asked = Asked(request.context.texts, f"{self._address.of(request)}{OWS}?", deadline)
        with self._turns.take(deadline):
            answer = self._path.answer(asked, request.context.trace)
        _send(response, answer)

    on_head = on_get
    on_post = on_get


def _send(response: falcon.Response, answer: Answer) -> None:
    response.content_type = answer.content_type
    if isinstance(answer.body, StoredBody):
        response.set_stream(answer.body.file, len(answer.body))
        if answer.body.file_name is not None:
            response.downloadable_as = answer.body.file_name
    else:
        response.data = answer.body
    if answer.scenes:
        response.set_header(SCENES_HEADER, list_in_header(answer.scenes))
    if answer.warnings:
        # What is missing may be there a moment later.
        response.set_header(WARNING_HEADER, list_in_header(answer.warnings))
        response.set_header("Cache-Control", "no-store")
    else:
        response.set_header("Cache-Control", f"public, max-age={CACHE_SECONDS}")
