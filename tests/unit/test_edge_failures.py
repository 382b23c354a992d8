"""Failures at the edge: reports, pictures, and what is told to nobody."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from edge_client import SERVICE_EXCEPTION, Edge
from lxml import etree
from xml_documents import validate_by_dtd, validate_by_schema

from function.errors import (
    FAULTS,
    DeadlineExceededError,
    OwsError,
    RenderError,
)
from function.telemetry import JsonFormatter

EXCEPTIONS_130 = "ogc/wms/1.3.0/exceptions_1_3_0.xsd"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def edge() -> Iterator[Edge]:
    edge = Edge()
    yield edge
    edge.telemetry.close()


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_a_failure_is_reported_in_the_version_that_was_asked(
    edge: Edge, shared: Path, kind: type[OwsError], version: str
) -> None:
    edge.renderer.failure = kind("5 < 6 & \x07'\ufffe' is \"true\"")
    crs = {"SRS": "EPSG:3857"} if version == "1.1.1" else {}
    result = edge.get_map({"VERSION": version, **crs})
    fault = FAULTS[kind]
    assert result.status_code == fault.status
    assert result.headers["cache-control"] == "no-store"
    if version == "1.1.1":
        assert result.headers["content-type"] == "application/vnd.ogc.se_xml"
        validate_by_dtd(result.content, shared / "schemas")
        report = etree.fromstring(result.content)
        (exception,) = report.iter("ServiceException")
        assert exception.get("code") == fault.wms_111
    else:
        assert result.headers["content-type"] == "text/xml"
        validate_by_schema(result.content, shared / "schemas", EXCEPTIONS_130)
        report = etree.fromstring(result.content)
        (exception,) = report.iter(SERVICE_EXCEPTION)
        assert exception.get("code") == fault.wms_130
    assert report.get("version") == version
    assert (exception.text or "").startswith("5 < 6 & ?'?' is \"true\" (trace ")


def test_an_unexpected_failure_says_nothing_of_its_cause(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    edge.renderer.failure = RuntimeError("postgresql://user:secret@host")
    with caplog.at_level(logging.ERROR, "sentinel_ows.request"):
        result = edge.get_map()
    assert result.status_code == 500
    assert "secret" not in result.text
    assert "RuntimeError" not in result.text
    (record,) = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info, tuple)
    assert "secret" in str(record.exc_info[1])


def test_what_is_noted_of_a_failure_is_for_the_log_alone(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.setFormatter(JsonFormatter())
    edge.renderer.failure = RenderError("layer roads could not be drawn")
    edge.renderer.failure.add_note("MapServer says: no such table")
    with caplog.at_level(logging.ERROR, "sentinel_ows.request"):
        result = edge.get_map()
    assert "roads" in result.text
    assert "no such table" not in str(result.headers) + result.text
    assert json.loads(caplog.text)["exception"]["notes"] == ["MapServer says: no such table"]


@pytest.mark.parametrize(
    "failure", [DeadlineExceededError("too slow"), RenderError("no"), ValueError("no")]
)
def test_a_failure_on_the_way_is_counted_against_the_target(edge: Edge, failure: Exception) -> None:
    edge.renderer.failure = failure
    edge.get_map()
    metrics = edge.client.simulate_get("/metrics").text
    assert 'sentinel_ows_target="missed"' in metrics


@pytest.mark.parametrize("wanted", ["INIMAGE", "application/vnd.ogc.se_inimage"])
def test_a_failure_is_drawn_for_whoever_wants_a_picture(edge: Edge, wanted: str) -> None:
    result = edge.get_map({"LAYERS": "nothing", "EXCEPTIONS": wanted, "FORMAT": "image/jpeg"})
    assert result.status_code == 200
    assert result.content == b"a message"
    assert result.headers["content-type"] == "image/jpeg"
    assert result.headers["x-sentinel-ows-exception"] == "LayerNotDefined"
    assert result.headers["cache-control"] == "no-store"
    ((picture, message),) = edge.renderer.messages
    assert picture.format == "image/jpeg"
    assert "'nothing' is not published" in message
    assert f"(trace {result.headers['traceresponse'].split('-')[1]})" in message


def test_what_went_wrong_inside_is_not_drawn_either(edge: Edge) -> None:
    edge.renderer.failure = RuntimeError("secret")
    result = edge.get_map({"EXCEPTIONS": "INIMAGE"})
    assert result.status_code == 200
    assert result.headers["x-sentinel-ows-exception"] == "NoApplicableCode"
    ((_, message),) = edge.renderer.messages
    assert "secret" not in message


def test_a_picture_that_cannot_be_drawn_is_told_in_xml(edge: Edge) -> None:
    edge.renderer.failure = RenderError("no font")
    result = edge.get_map({"EXCEPTIONS": "INIMAGE"})
    assert result.status_code == 500
    assert b"no font" in result.content
    assert "x-sentinel-ows-exception" not in result.headers
