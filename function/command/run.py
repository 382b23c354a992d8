"""``sentinel-ows run``: from nothing to a map, one subcommand after another."""

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from types import FrameType
from urllib.parse import urlencode

from function.command.demo import DIRECTORY as DEMO_DIRECTORY
from function.command.http_server import listen
from function.command.running_catalogue import running_catalogue
from function.database.server import Login
from function.demo.itinerary import GROUND
from function.errors import OperatorError
from function.settings import Settings

MAP_WIDTH = 1024  # pixels: fits a browser's window
# Imports, the mapfile and the first connection take 2 s; a busy machine may take many times that.
READY_SECONDS = 60
POLL_SECONDS = 0.1
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked of, not bound to


class StepFailedError(OperatorError):
    """A subcommand did not do its part."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no arguments: everything is a setting."""
    parser.description = (
        "Start the private database, bring its schema up to date, catalogue the demo products and"
        " serve. With a database URL set, that database is served, without the demo. Ctrl-C stops"
        " everything that this started."
    )


def run(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Bring everything up, print what to try, and serve until told to stop."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # the latter as the terminal is closed
        signal.signal(number, _leave)
    listen(settings.host, settings.port).close()  # a taken port is told now, not after the demo
    try:
        _say("Starting the database")
        with running_catalogue(settings, Login.OWNER):
            _say("Bringing the catalogue's schema up to date")
            _finish("migrate")
            if not settings.database_url:
                demo = str(settings.state_dir / DEMO_DIRECTORY)
                _say("Making the demo products (half a minute, once) and cataloguing them")
                _finish("demo", demo)
                _finish("ingest", demo)
            _say("Starting the service")
            with _started("serve") as server:
                _await_ready(server, settings)
                print(addresses(settings), flush=True)
                return server.wait()
    except KeyboardInterrupt:
        return 0


def addresses(settings: Settings) -> str:
    """Tell what to open: the capabilities and, where the demo is served, a map of it."""
    host = _host(settings)
    endpoint = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/ows"
    capabilities = {"SERVICE": "WMS", "REQUEST": "GetCapabilities"}
    lines = ["", "Capabilities:", f"  {endpoint}?{urlencode(capabilities)}"]
    if not settings.database_url:
        demo_map = {
            "SERVICE": "WMS",
            "VERSION": "1.3.0",
            "REQUEST": "GetMap",
            "LAYERS": "S2_L2A_TRUE_COLOR",
            "STYLES": "",
            "CRS": GROUND.crs,
            "BBOX": ",".join(f"{edge:.0f}" for edge in GROUND.bounds),
            "WIDTH": MAP_WIDTH,
            "HEIGHT": round(MAP_WIDTH * GROUND.height / GROUND.width),
            "FORMAT": "image/jpeg",
        }
        lines += ["A map:", f"  {endpoint}?{urlencode(demo_map, safe=':,/')}"]
    return "\n".join([*lines, "", "Ctrl-C stops the service and the database."])


@contextmanager
def _started(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a subcommand, and end it should we leave before it has."""
    process = subprocess.Popen([sys.executable, "-P", "-m", "function.command", *arguments])
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _finish(*arguments: str) -> None:
    """Run a subcommand to its end; raise StepFailedError where it fails."""
    with _started(*arguments) as process:
        code = process.wait()
    if code != 0:
        raise StepFailedError(f"`{arguments[0]}` failed; what it said stands above")


def _await_ready(server: subprocess.Popen[bytes], settings: Settings) -> None:
    """Wait until maps can be had; raise StepFailedError where that does not come about."""
    end = time.monotonic() + READY_SECONDS
    while (state := _state(settings)) is not None:
        if server.poll() is not None:
            raise StepFailedError("`serve` failed; what it said stands above")
        if time.monotonic() > end:
            raise StepFailedError(f"the service is not ready after {READY_SECONDS} s: {state}")
        time.sleep(POLL_SECONDS)


def _state(settings: Settings) -> str | None:
    """Ask the service what keeps it from answering maps; None is nothing."""
    connection = HTTPConnection(_host(settings), settings.port, timeout=READY_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        response = connection.getresponse()
        said = response.read().decode(errors="replace")
    except (OSError, HTTPException) as error:
        return str(error)
    finally:
        connection.close()
    return None if response.status == HTTPStatus.OK else said


def _host(settings: Settings) -> str:
    return EVERY_ADDRESS.get(settings.host, settings.host)


def _say(what: str) -> None:
    print(f"==> {what}", flush=True)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """End as on an error: undoing what was begun."""
    sys.exit(0)
