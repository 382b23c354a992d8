"""The STAC API beside ``/ows``: what the archive holds, as JSON."""

import falcon

from function.deadline import Deadline
from function.edge.address import PublicAddress
from function.edge.form import read_body, read_query_string
from function.edge.ows import CACHE_SECONDS
from function.edge.turns import Turns
from function.errors import UnknownBodyError
from function.settings import Settings
from function.stac_answer import Resource, StacAsked, StacPath

ROUTES = {
    "/api": Resource.DESCRIPTION,
    "/conformance": Resource.CONFORMANCE,
    "/collections": Resource.COLLECTIONS,
    "/collections/{collection}": Resource.COLLECTION,
    "/collections/{collection}/items": Resource.ITEMS,
    "/collections/{collection}/items/{item}": Resource.ITEM,
    "/search": Resource.SEARCH,
}


class StacResource:
    """GET and HEAD of one resource of the API, answered by the STAC path."""

    def __init__(
        self,
        resource: Resource,
        path: StacPath,
        address: PublicAddress,
        turns: Turns,
        settings: Settings,
    ) -> None:
        self._resource = resource
        self._path = path
        self._address = address
        self._turns = turns
        self._deadline_seconds = settings.deadline_seconds
        self._max_body_bytes = settings.max_body_bytes

    def on_get(self, request: falcon.Request, response: falcon.Response, **names: str) -> None:
        self._answer(request, response, None, names)

    on_head = on_get

    def _answer(
        self,
        request: falcon.Request,
        response: falcon.Response,
        body: bytes | None,
        names: dict[str, str],
    ) -> None:
        deadline = Deadline.after(self._deadline_seconds)
        asked = StacAsked(
            self._resource,
            self._address.of(request),
            read_query_string(request),
            deadline,
            body,
            **names,
        )
        with self._turns.take(deadline):
            answer = self._path.answer(asked, request.context.trace)
        response.content_type = answer.content_type
        response.data = answer.body
        response.set_header("Cache-Control", f"public, max-age={CACHE_SECONDS}")


class StacSearch(StacResource):
    """The search, which is asked by POST of a JSON document too."""

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        stated = request.content_type or falcon.MEDIA_JSON
        if stated.split(";")[0].strip().lower() != falcon.MEDIA_JSON:
            raise UnknownBodyError(f"a search is read as {falcon.MEDIA_JSON} only")
        self._answer(request, response, read_body(request, self._max_body_bytes), {})
