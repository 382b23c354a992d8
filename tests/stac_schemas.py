"""STAC documents validated by the schemas beside the checkout."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, FormatChecker
from referencing import Registry, Resource
from referencing.exceptions import NoSuchResource
from referencing.jsonschema import DRAFT7

CORE = "https://schemas.stacspec.org/v{}/{}-spec/json-schema/{}.json"
KINDS = {"Feature": "item", "Collection": "collection", "Catalog": "catalog"}
# There is no copy of its schema beside the checkout.
UNCHECKED = {"https://stac-extensions.github.io/raster/v2.0.0/schema.json"}


class StacSchemas:
    """The schemas of STAC and its extensions, each under its public address."""

    def __init__(self, shared: Path) -> None:
        self._folder = shared / "schemas" / "stac"
        self._registry = Registry[Any](retrieve=self._retrieve)  # type: ignore[call-arg]

    def validate(self, document: Mapping[str, Any]) -> None:
        """Raise ValidationError where the document breaks its schema or an extension's."""
        kind = KINDS[document["type"]]
        core = CORE.format(document["stac_version"], kind, kind)
        declared = set(document.get("stac_extensions", ()))
        for address in (core, *sorted(declared - UNCHECKED)):
            Draft7Validator(
                self._retrieve(address).contents,
                registry=self._registry,
                format_checker=FormatChecker(),
            ).validate(document)

    def _retrieve(self, uri: str) -> Resource[Any]:
        path = self._folder / uri.partition("://")[2].removesuffix("#")
        if not path.is_file():
            raise NoSuchResource(uri)
        return Resource.from_contents(json.loads(path.read_text()), DRAFT7)
