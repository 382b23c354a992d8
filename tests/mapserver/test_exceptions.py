"""MapServer's exceptions become the errors of the service, without MapServer's innards."""

import pytest
from map_requests import (
    ONLINE_RESOURCE,
    TRUE_COLOUR,
    UTM,
    colours,
    get_map,
    package_server,
    unhurried,
)

from function.errors import (
    InvalidParameterError,
    InvalidTimeError,
    LayerUnavailableError,
    MissingParameterError,
    OwsError,
    RenderError,
    UnknownCrsError,
    UnknownFormatError,
    UnknownLayerError,
    UnknownOperationError,
    UnknownStyleError,
)
from function.mapserver.exception_report import is_report, read_report


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"LAYERS": "nowhere"}, UnknownLayerError),
        ({"STYLES": "nothing"}, UnknownStyleError),
        ({"CRS": "EPSG:2154", "SRS": "EPSG:2154"}, UnknownCrsError),
        ({"FORMAT": "image/gif"}, UnknownFormatError),
        ({"WIDTH": "100000"}, InvalidParameterError),
        ({"BBOX": "3,3,1,1"}, InvalidParameterError),
        ({"EXCEPTIONS": "INIMAGE", "LAYERS": "nowhere"}, UnknownLayerError),
    ],
)
def test_what_mapserver_refuses_is_named(
    version: str, changes: dict[str, str], error: type[OwsError]
) -> None:
    request = get_map(UTM, TRUE_COLOUR, version, **changes)
    with pytest.raises(error) as caught:
        package_server().answer(
            request, {TRUE_COLOUR: colours(UTM)}, {}, ONLINE_RESOURCE, {}, unhurried()
        )
    assert str(caught.value)
    assert "()" not in str(caught.value)
    assert "error." not in str(caught.value)


def test_a_request_that_is_none_of_ogc_is_an_error() -> None:
    with pytest.raises(OwsError):
        package_server().answer([("REQUEST", "Nothing")], {}, {}, ONLINE_RESOURCE, {}, unhurried())


def report(message: str, code: str = "") -> bytes:
    stated = f' code="{code}"' if code else ""
    return f"""<?xml version='1.0' encoding="UTF-8" standalone="no" ?>
<ServiceExceptionReport version="1.3.0" xmlns="http://www.opengis.net/ogc">
<ServiceException{stated}>
{message}
</ServiceException>
</ServiceExceptionReport>
""".encode()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("InvalidFormat", UnknownFormatError),
        ("InvalidCRS", UnknownCrsError),
        ("InvalidSRS", UnknownCrsError),
        ("LayerNotDefined", UnknownLayerError),
        ("StyleNotDefined", UnknownStyleError),
        ("MissingDimensionValue", InvalidTimeError),
        ("InvalidDimensionValue", InvalidTimeError),
        ("OperationNotSupported", UnknownOperationError),
        ("MissingParameterValue", MissingParameterError),
        ("InvalidParameterValue", InvalidParameterError),
    ],
)
def test_codes_of_the_standard_have_their_errors(code: str, error: type[OwsError]) -> None:
    document = report("msWMSLoadGetMapParams(): WMS server error. Not &quot;so&quot;.", code)
    found = read_report(document, "")
    assert type(found) is error
    assert str(found) == 'Not "so".'


def test_a_failed_layer_is_named_and_the_rest_is_a_note() -> None:
    text = (
        "msDrawMap(): Image handling error. Failed to draw layer named &#39;roads&#39;.\n"
        "msPostGISLayerWhichShapes(): Query error. Error executing query. Check server logs"
    )
    found = read_report(report(text), "")
    assert type(found) is RenderError
    assert str(found) == "layer roads could not be drawn"
    (note,) = found.__notes__
    assert "Error executing query" in note


def test_a_layer_whose_database_is_away_is_told_from_one_that_is_wrong() -> None:
    text = (
        "msDrawMap(): Image handling error. Failed to draw layer named &#39;roads&#39;.\n"
        "msPostGISLayerOpen(): Query error. Database connection failed (refused) with connect"
        " string &#39;postgresql://me:pw@db.example/x?sslmode=off&#39; host=db password=pw"
    )
    found = read_report(report(text), "")
    assert type(found) is LayerUnavailableError
    assert str(found) == "layer roads could not be drawn: its database cannot be reached now"
    (note,) = found.__notes__
    assert "Database connection failed" in note
    assert not any(secret in note for secret in ("pw", "db.example", "host=", "msPostGIS"))


def test_an_error_without_a_document_keeps_mapservers_words() -> None:
    found = read_report(b"\x89PNG...", "msOpen(): Unable to access file. No such mask")
    assert type(found) is RenderError
    assert found.__notes__ == ["MapServer says: msOpen(): Unable to access file. No such mask"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (report("no"), True),
        (b'<ows:ExceptionReport xmlns:ows="http://www.opengis.net/ows/2.0"/>', True),
        (b'\n<?xml version="1.0"?><WMS_Capabilities/>', False),
        (b"\x89PNG\r\n", False),
        (b"<html><p>broken", False),
        (b"", False),
    ],
)
def test_exception_documents_are_told_from_answers(body: bytes, *, expected: bool) -> None:
    assert is_report(body) is expected
