"""Who is speaking: the OpenTelemetry resource of this process."""

import uuid
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from opentelemetry.sdk.resources import OTELResourceDetector, Resource


def describe_process(environment: Mapping[str, str], about: Mapping[str, str]) -> Resource:
    """Describe this process, also by ``about``.

    OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word.

    Call it after the fork: ``service.instance.id`` must differ in every process, or the metrics
    of one overwrite those of another.
    """
    attributes = {
        **about,
        "service.name": "sentinel-ows",
        "service.version": package_version(),
        "service.instance.id": str(uuid.uuid4()),
    }
    for attribute, variable in (("faas.name", "K_SERVICE"), ("faas.version", "K_REVISION")):
        value = environment.get(variable)
        if value:
            attributes[attribute] = value
    return Resource(attributes).merge(OTELResourceDetector().detect())


def package_version() -> str:
    """Give the installed version; ``unknown`` where the source tree runs uninstalled."""
    try:
        return version("sentinel-ows")
    except PackageNotFoundError:
        return "unknown"
