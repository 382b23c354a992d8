"""Looking into a mapscript mapObj: its layers, its metadata as MapServer reads them for WMS."""

from collections.abc import Iterator
from typing import Any


def layers_of(loaded: Any) -> list[Any]:
    return [loaded.getLayer(index) for index in range(loaded.numlayers)]


def items(metadata: Any) -> Iterator[tuple[str, str]]:
    """Every key with its value, of a hashTableObj; keys in lower case, as they are looked up."""
    key = metadata.nextKey(None)
    while key is not None:
        yield key.lower(), metadata.get(key)
        key = metadata.nextKey(key)


def stated(metadata: Any, key: str, service: str = "wms") -> str | None:
    """The value of ``<service>_<key>``, else of ``ows_<key>``, as MapServer looks."""
    for prefix in (f"{service}_", "ows_"):
        value: str | None = metadata.get(prefix + key, None)
        if value is not None:
            return value
    return None
