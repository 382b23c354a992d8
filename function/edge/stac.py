"""The STAC API beside ``/ows``: what the archive holds, as JSON."""

import falcon

from function.deadline import Deadline
from function.edge.address import PublicAddress
from function.edge.caching import held_tags, state_validity
from function.edge.form import read_body, read_query_string
from function.errors import UnknownBodyError
from function.settings import Settings
from function.stac_answer import Resource, StacAsked, StacPath
from function.turns import Turns
from function.validity import Validity

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
        self._cache_seconds = settings.cache_seconds

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
            held=held_tags(request),
            **names,
        )
        with self._turns.take(deadline):
            answer = self._path.answer(asked, request.context.trace)
        state_validity(
            response, Validity(answer.tag, self._cache_seconds) if body is None else None
        )
        if answer.held:
            response.status = falcon.HTTP_304
            return
        response.content_type = answer.content_type
        response.data = answer.body


class StacSearch(StacResource):
    """The search, which is asked by POST of a JSON document too."""

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        stated = request.content_type or falcon.MEDIA_JSON
        if stated.split(";")[0].strip().lower() != falcon.MEDIA_JSON:
            raise UnknownBodyError(f"a search is read as {falcon.MEDIA_JSON} only")
        self._answer(request, response, read_body(request, self._max_body_bytes), {})
