"""What operators see of a request: a trace, metrics, ``Server-Timing`` and JSON log lines.

``Telemetry`` is made once in a process and passed in. Every name it sends is in ``names``.
"""

from function.telemetry.log import JsonFormatter, configure_logging, logging_configuration
from function.telemetry.names import Measure, Stage
from function.telemetry.telemetry import Telemetry
from function.telemetry.trace import RequestTrace, StageTrace

__all__ = [
    "JsonFormatter",
    "Measure",
    "RequestTrace",
    "Stage",
    "StageTrace",
    "Telemetry",
    "configure_logging",
    "logging_configuration",
]
