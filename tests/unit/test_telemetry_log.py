"""The log: one JSON object a line, whatever happens."""

import json
import logging
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.errors import CatalogueUnavailableError, RenderError
from function.telemetry import JsonFormatter, Telemetry, names


class Lines(logging.Handler):
    """Keeps what the formatter makes of each record."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def only(self) -> Mapping[str, Any]:
        (line,) = self.lines
        assert "\n" not in line
        decoded: Mapping[str, Any] = json.loads(line)
        return decoded


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    logger = logging.getLogger("sentinel_ows.request")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_a_request_is_one_line(lines: Lines) -> None:
    with Telemetry({}).request("GET", "/ows", {}, "/ows") as trace:
        with trace.stage("parse"):
            trace.identify("WMS", "GetMap", 2)
        with trace.stage("search") as stage:
            stage.record("scenes", 7)
        with trace.stage("read") as stage:
            stage.record("scenes", 3)
        trace.reply(200, 4567)
    line = lines.only()
    assert line["level"] == "INFO"
    assert line["logger"] == "sentinel_ows.request"
    assert line["message"] == "GET /ows 200"
    assert line["trace_id"] == trace.trace_id
    assert len(line["span_id"]) == 16
    assert (line["method"], line["path"], line["status"]) == ("GET", "/ows", 200)
    assert (line["service"], line["operation"], line["layers"]) == ("WMS", "GetMap", 2)
    assert (line["bytes"], line["scenes"]) == (4567, 3)
    assert list(line["stages_ms"]) == ["parse", "search", "read"]
    assert line["duration_ms"] >= 0
    assert "exception" not in line
    assert set(line) <= set(names.LOG_FIELDS)


def test_a_server_failure_is_an_error_with_its_stack(lines: Lines) -> None:
    with Telemetry({}).request("GET", "/ows", {}, "/ows") as trace:
        trace.fail(CatalogueUnavailableError("no\nconnection"))
        trace.reply(503, 0)
    line = lines.only()
    assert line["level"] == "ERROR"
    assert line["error"] == "CatalogueUnavailableError"
    assert line["exception"]["type"] == "function.errors.CatalogueUnavailableError"
    assert line["exception"]["message"] == "no\nconnection"
    assert "CatalogueUnavailableError" in line["exception"]["stacktrace"]
    assert "notes" not in line["exception"]
    assert set(line) <= set(names.LOG_FIELDS)


def test_the_notes_of_a_failure_are_logged(lines: Lines) -> None:
    error = RenderError("layer roads could not be drawn")
    error.add_note("MapServer says: no such table")
    with Telemetry({}).request("GET", "/ows", {}, "/ows") as trace:
        trace.fail(error)
        trace.reply(500, 0)
    exception = lines.only()["exception"]
    assert exception["message"] == "layer roads could not be drawn"
    assert exception["notes"] == ["MapServer says: no such table"]


def test_a_clients_mistake_is_no_error_and_has_no_stack(lines: Lines) -> None:
    with Telemetry({}).request("GET", "/ows", {}, "/ows") as trace:
        trace.fail(ValueError("x"))
        trace.reply(400, 0)
    line = lines.only()
    assert line["level"] == "INFO"
    assert line["error"] == "ValueError"
    assert "exception" not in line


def test_other_lines_of_a_request_name_its_trace(lines: Lines) -> None:
    logger = logging.getLogger("sentinel_ows.request")
    with Telemetry({}).request("GET", "/ows", {}) as trace, trace.stage("read"):
        logger.warning("one band of %s is missing", "S2A")
        trace.reply(200, 0)
    warning = json.loads(lines.lines[0])
    request = json.loads(lines.lines[1])
    assert warning["message"] == "one band of S2A is missing"
    assert warning["trace_id"] == request["trace_id"]
    assert warning["span_id"] != request["span_id"]


def test_what_a_stage_passes_over_is_logged_with_its_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.handler.setFormatter(JsonFormatter())
    with Telemetry({}).request("GET", "/ows", {}) as trace:
        with trace.stage("read") as stage:
            stage.warn("B04 of S2A cannot be decoded")
            stage.note("GDAL says: '/data/B04.jp2' is no image")
        trace.reply(200, 0)
    warning, note = map(json.loads, caplog.text.splitlines())
    for line in (warning, note):
        assert (line["level"], line["logger"]) == ("WARNING", "sentinel_ows.stage")
        assert line["trace_id"] == trace.trace_id
    assert warning["message"] == "B04 of S2A cannot be decoded"
    assert note["message"] == "GDAL says: '/data/B04.jp2' is no image"


def test_a_line_outside_any_request_has_no_trace(lines: Lines) -> None:
    logging.getLogger("sentinel_ows.request").info("started")
    assert "trace_id" not in lines.only()


ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too


@given(ANY_TEXT, ANY_TEXT)
def test_any_text_becomes_one_line_of_json(path: str, message: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "%s", (message,), None)
    record.fields = {"path": path, "stages_ms": {"parse": 1.0}, "told": [path]}
    line = JsonFormatter().format(record)
    assert "\n" not in line
    decoded = json.loads(line)
    assert decoded["message"] == message.encode("utf-8", "replace").decode()
    assert decoded["path"] == path.encode("utf-8", "replace").decode()
    assert decoded["told"] == [decoded["path"]]


def test_a_long_stack_is_cut_at_its_beginning() -> None:
    def dig(depth: int) -> None:
        # Names of their own keep the traceback from folding the frames into one line.
        exec(  # noqa: S102
            "\n".join(f"def f{n}(): f{n + 1}()" for n in range(depth))
            + f"\ndef f{depth}(): raise ValueError('{'deep' * 10}')\nf0()",
            {},
        )

    try:
        dig(700)
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "m", (), sys.exc_info())
    stack = json.loads(JsonFormatter().format(record))["exception"]["stacktrace"]
    assert len(stack) == 16_384
    assert stack.endswith(f"ValueError: {'deep' * 10}\n")


def run(program: str) -> list[Mapping[str, Any]]:
    """Run ``program`` in a process of its own and decode its standard error line by line."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_warnings_and_uncaught_exceptions_of_the_process_are_json() -> None:
    first, second, third = run(
        """
        import threading, warnings
        from function.telemetry import configure_logging
        configure_logging()
        warnings.warn("an old call")
        def fall(): raise LookupError("in a thread")
        thread = threading.Thread(target=fall, name="reader-1")
        thread.start(); thread.join()
        raise RuntimeError("at the end")
        """
    )
    assert first["level"] == "WARNING"
    assert "an old call" in first["message"]
    assert second["message"] == "uncaught exception in thread reader-1"
    assert second["exception"]["message"] == "in a thread"
    assert third["level"] == "CRITICAL"
    assert third["exception"]["type"] == "builtins.RuntimeError"
    assert "Traceback" in third["exception"]["stacktrace"]


def test_gunicorn_logs_in_the_same_form() -> None:
    first, second = run(
        """
        from gunicorn.config import Config
        from gunicorn.glogging import Logger
        from function.telemetry import logging_configuration
        config = Config()
        config.set("logconfig_dict", logging_configuration())
        logger = Logger(config)
        logger.info("Listening at: %s", "http://127.0.0.1:8080")
        logger.warning("Worker (pid:%s) was sent SIGKILL!", 42)
        try:
            1 // 0
        except ZeroDivisionError:
            logger.exception("worker failed")
        logger.access_log.info("an access line")
        """
    )
    assert first["logger"] == "gunicorn.error"
    assert first["message"] == "Worker (pid:42) was sent SIGKILL!"
    assert second["level"] == "ERROR"
    assert second["exception"]["type"] == "builtins.ZeroDivisionError"
