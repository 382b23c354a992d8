"""The process's log: one JSON object a line, exceptions inside it."""

import logging
import logging.config
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import orjson
from opentelemetry import trace

from function.telemetry import names

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON; see ``names.LOG_FIELDS`` for the fields.

    A record's ``fields`` (``extra={"fields": {...}}``) are added as they are.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname,
            "logger": record.name,
            "pid": record.process,
            "message": record.getMessage(),
        }
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            line["trace_id"] = trace.format_trace_id(context.trace_id)
            line["span_id"] = trace.format_span_id(context.span_id)
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = describe_exception(record.exc_info)
        return orjson.dumps(_encodable(line), default=str).decode()


def describe_exception(information: ExceptionInfo) -> dict[str, object]:
    """Give an exception's ``type``, ``message`` and ``stacktrace``, its end kept if it is long.

    ``notes`` are there where it has some: what an operator should know and a client should not.
    """
    kind, error, _ = information
    stacktrace = "".join(traceback.format_exception(*information))
    notes = getattr(error, "__notes__", [])
    return {
        "type": f"{kind.__module__}.{kind.__qualname__}",
        "message": str(error),
        **({"notes": notes} if notes else {}),
        "stacktrace": stacktrace[-names.STACKTRACE_CHARACTERS :],
    }


def _encodable(value: object) -> object:
    """Replace lone surrogates, which a client can send in a path and JSON cannot hold."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_encodable(entry) for entry in value]
    if isinstance(value, dict):
        return {_encodable(key): _encodable(entry) for key, entry in value.items()}
    return value


def logging_configuration(level: str = "INFO") -> dict[str, Any]:
    """Give the ``logging.config`` dictionary: everything as JSON to standard error.

    It serves gunicorn as ``logconfig_dict`` too. Of gunicorn only what goes wrong is told, and its
    access log stays silent: the request's own line says more.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {
            "json": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"level": level, "handlers": ["json"]},
        "loggers": {
            "gunicorn.error": {"level": "WARNING", "handlers": ["json"], "propagate": False},
            "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
        },
    }


def configure_logging(level: str = "INFO") -> None:
    """Send all of this process's log to standard error as JSON.

    That includes Python's warnings and exceptions that end a thread or the process.
    """
    logging.config.dictConfig(logging_configuration(level))
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def _log_uncaught(
    kind: type[BaseException], error: BaseException, stack: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger(__name__).critical("uncaught exception", exc_info=(kind, error, stack))


def _log_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is None or issubclass(arguments.exc_type, SystemExit):
        return
    name = arguments.thread.name if arguments.thread else "unknown"
    logging.getLogger(__name__).error(
        "uncaught exception in thread %s",
        name,
        exc_info=(arguments.exc_type, arguments.exc_value, arguments.exc_traceback),
    )
