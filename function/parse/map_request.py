"""Requests of WMS 1.1.1 and 1.3.0 (OGC 01-068r3, 06-042)."""

from dataclasses import replace

from function.layer import Publication
from function.parse.description import read_description
from function.parse.exceptions import EXCEPTIONS
from function.parse.feature_info import GET_FEATURE_INFO, SERVICE, read_feature_info
from function.parse.get_map import read_map
from function.parse.parameters import SLD_BODY, Parameters
from function.parse.processing import read_changed_layers
from function.parse.query import MapRequest, OwsQuery
from function.parse.version import negotiate
from function.settings import Settings

GET_MAP = "GetMap"


def read_map_query(
    parameters: Parameters, operation: str, publication: Publication, settings: Settings
) -> OwsQuery | MapRequest:
    """Read a request for ``operation``; raises the OwsError that names what is wrong with it."""
    version = negotiate(parameters)
    parameters.choose("EXCEPTIONS", EXCEPTIONS)
    if parameters.find(SLD_BODY) is not None:
        # What it states goes before the styles that have names.
        parameters = parameters.with_value("STYLES", "").with_value("STYLE", "")
    opening = (("SERVICE", SERVICE), ("VERSION", version), ("REQUEST", operation))
    if operation == GET_MAP:
        drawing = read_map(parameters, version, publication, settings)
        recipes = {layer.name: layer.recipe for layer in drawing.layers}
        changed = read_changed_layers(parameters, recipes, settings)
        return MapRequest(
            SERVICE,
            version,
            operation,
            opening + drawing.parameters,
            drawing.grid,
            tuple(
                replace(layer, recipe=changed.get(layer.name, layer.recipe))
                for layer in drawing.layers
            ),
            changed_layers=changed,
        )
    if operation == GET_FEATURE_INFO:
        return read_feature_info(parameters, version, publication, settings)
    rest = read_description(parameters, operation, version, publication)
    shown = [value for key, value in rest if key == "LAYER"]
    recipes = {
        name: publication.archive_layers[name]
        for name in shown
        if name in publication.archive_layers
    }
    changed = read_changed_layers(parameters, recipes, settings)
    return OwsQuery(SERVICE, version, operation, opening + rest, changed_layers=changed)
