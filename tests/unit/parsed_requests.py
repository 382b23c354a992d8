"""Queries as the parser reads them, against the tests' publication."""

from collections.abc import Mapping

from publications import PUBLICATION

from function.parse.query import MapRequest, OwsQuery
from function.parse.request import read_opening, read_query
from function.settings import Settings

SETTINGS = Settings()

MAP_130 = {
    "SERVICE": "WMS",
    "VERSION": "1.3.0",
    "REQUEST": "GetMap",
    "LAYERS": "TRUE_COLOUR",
    "STYLES": "",
    "CRS": "EPSG:3857",
    "BBOX": "-1000,2000,1000,6000",
    "WIDTH": "200",
    "HEIGHT": "400",
    "FORMAT": "image/png",
}


def read(parameters: dict[str, str], settings: Settings = SETTINGS) -> OwsQuery | MapRequest:
    return read_query(read_opening(tuple(parameters.items())), PUBLICATION, settings)


def read_map(changes: Mapping[str, str | None], settings: Settings = SETTINGS) -> MapRequest:
    parameters = {**MAP_130, **changes}
    query = read({key: value for key, value in parameters.items() if value is not None}, settings)
    assert isinstance(query, MapRequest)
    return query


def passed(query: OwsQuery) -> dict[str, str]:
    assert len(dict(query.parameters)) == len(query.parameters)
    return dict(query.parameters)
