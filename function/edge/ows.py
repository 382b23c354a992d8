"""The OGC endpoint, ``/ows``."""

import falcon

from function.answer import Answer, Asked, RequestPath
from function.deadline import Deadline
from function.edge.address import PublicAddress
from function.edge.caching import held_tags, state_validity
from function.edge.form import read_texts
from function.edge.listing_headers import list_in_header
from function.settings import Settings
from function.stored_body import StoredBody

OWS = "/ows"

SCENES_HEADER = "X-Sentinel-OWS-Scenes"
WARNING_HEADER = "X-Sentinel-OWS-Warning"
# The code of a failure that is answered as a picture.
EXCEPTION_HEADER = "X-Sentinel-OWS-Exception"


class OwsResource:
    """GET, HEAD and POST of a form, answered by the request path."""

    def __init__(self, path: RequestPath, address: PublicAddress, settings: Settings) -> None:
        self._path = path
        self._address = address
        self._deadline_seconds = settings.deadline_seconds
        self._max_body_bytes = settings.max_body_bytes

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        deadline = Deadline.after(self._deadline_seconds)
        request.context.texts = read_texts(request, self._max_body_bytes)
        asked = Asked(
            request.context.texts,
            f"{self._address.of(request)}{OWS}?",
            deadline,
            held_tags(request),
        )
        answer = self._path.answer(asked, request.context.trace)
        # Whatever a POST is answered, none but its own sender can use.
        state_validity(response, answer.validity if request.method != "POST" else None)
        if answer.held:
            response.status = falcon.HTTP_304
        else:
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
        response.set_header(WARNING_HEADER, list_in_header(answer.warnings))
