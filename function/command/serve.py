"""``sentinel-ows serve``: answers maps over HTTP until it is told to stop."""

import argparse
import signal
import sys
from types import FrameType

from function.command.http_server import HttpServer, listen
from function.command.running_catalogue import running_catalogue
from function.composition import compose
from function.database.server import Login
from function.settings import Settings
from function.telemetry import configure_logging


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no arguments: everything is a setting."""
    parser.description = (
        "Serve maps over HTTP. SIGTERM lets requests in flight finish; Ctrl-C gives them up."
        " Without a database URL the private cluster is started, and stopped at the end."
    )


def run(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Serve. The exit code is 0 after SIGTERM, SIGINT or SIGQUIT."""
    listener = listen(settings.host, settings.port)
    signal.signal(signal.SIGTERM, _leave)
    with running_catalogue(settings, Login.SERVE) as ready:
        configure_logging()
        HttpServer(compose(ready), listener).run()
    return 0


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """End what runs before gunicorn listens to signals, undoing what was begun."""
    sys.exit(0)
