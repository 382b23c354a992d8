"""Names of headers in their usual capitals."""

from collections.abc import Callable, Iterable
from typing import Any

import falcon


class CapitalisingApp(falcon.App[falcon.Request, falcon.Response]):
    """A falcon application whose headers are ``Content-Type``, not ``content-type``.

    To HTTP they are the same (RFC 9110, 5.1). QGIS, though, finds the type of a GetFeatureInfo's
    answer under the one name only.
    """

    def __call__(
        self, env: dict[str, Any], start_response: Callable[..., Callable[[bytes], object]]
    ) -> Iterable[bytes]:
        def start(
            status: str, headers: list[tuple[str, str]], *failure: Any
        ) -> Callable[[bytes], object]:
            named = [(capitalise(name), value) for name, value in headers]
            return start_response(status, named, *failure)

        answer: Iterable[bytes] = super().__call__(env, start)
        return answer


def capitalise(name: str) -> str:
    """A capital at the beginning of every word of a header's name."""
    return "-".join(word.capitalize() for word in name.split("-"))
