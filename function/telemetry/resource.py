"""Who is speaking: the OpenTelemetry resource of this process."""

import os
import uuid
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from opentelemetry.sdk.resources import OTELResourceDetector, Resource

INSTANCE = "service.instance.id"


def describe_process(
    environment: Mapping[str, str], about: Mapping[str, str], number: int | None = None
) -> Resource:
    """Describe this process, also by ``about``; ``number`` is its own among several.

    OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word, but for the number, which
    follows the ``service.instance.id`` that they give: that must differ in every process, or the
    metrics of one overwrite those of another. For that reason call it after the fork.
    """
    attributes: dict[str, str | int] = {
        **about,
        "service.name": "sentinel-ows",
        "service.version": package_version(),
        INSTANCE: str(uuid.uuid4()),
        "process.pid": os.getpid(),
    }
    for attribute, variable in (("faas.name", "K_SERVICE"), ("faas.version", "K_REVISION")):
        value = environment.get(variable)
        if value:
            attributes[attribute] = value
    given = OTELResourceDetector().detect()
    instance = given.attributes.get(INSTANCE)
    if instance and number is not None:
        given = given.merge(Resource({INSTANCE: f"{instance}.{number}"}))
    return Resource(attributes).merge(given)


def package_version() -> str:
    """Give the installed version; ``unknown`` where the source tree runs uninstalled."""
    try:
        return version("sentinel-ows")
    except PackageNotFoundError:
        return "unknown"
