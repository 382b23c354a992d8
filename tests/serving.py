"""The service, started as an operator starts it and asked as a client asks."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

PROGRAM = str(Path(sys.executable).parent / "sentinel-ows")

# A start takes about a second; a machine that is busy with other tests takes its time.
START_SECONDS = 120
STOP_SECONDS = 120
ANSWER_SECONDS = 120

_opener = build_opener(ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of HTTP; the names of ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers["content-type"]


@dataclass(frozen=True, slots=True)
class Served:
    """A running service: its address, its process, and the file that its log goes to."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def ask(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        method: str | None = None,
    ) -> Reply:
        """Send one request and take whatever status it is answered with."""
        request = Request(self.url + path, data, dict(headers or {}), method=method)  # noqa: S310
        try:
            with _opener.open(request, timeout=ANSWER_SECONDS) as answer:
                status, received, body = answer.status, answer.headers, answer.read()
        except HTTPError as error:
            with error:
                status, received, body = error.code, error.headers, error.read()
        return Reply(status, {key.lower(): value for key, value in received.items()}, body)

    def ows(self, parameters: Mapping[str, str], **options: Any) -> Reply:
        """Ask ``/ows``."""
        return self.ask(f"/ows?{urlencode(parameters)}", **options)

    def log_lines(self) -> list[dict[str, Any]]:
        """Every line of the log so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def serve(
    database_url: str,
    log: Path,
    ready: int = 200,
    command: tuple[str, ...] = (PROGRAM, "serve"),
    **environment: str,
) -> Iterator[Served]:
    """Run ``command``, which listens on PORT, on a free port until the end of the block.

    The block begins once the probe of readiness is answered with the status ``ready``. Unless
    ``environment`` says otherwise one process answers: of several nobody knows what each has at
    hand.
    """
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={
                **os.environ,
                "SENTINEL_OWS_DATABASE_URL": database_url,
                "PORT": str(port),
                "SENTINEL_OWS_PROCESSES": "1",
                **environment,
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    served = Served(f"http://127.0.0.1:{port}", process, log)
    try:
        await_status(served, "/health/ready", ready)
        yield served
    finally:
        stop(served)


def stop(served: Served) -> int:
    """Tell the service to stop, where it still runs, and give its exit code."""
    if served.process.poll() is None:
        served.process.send_signal(signal.SIGTERM)
    try:
        return served.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        served.process.kill()
        raise


def await_status(served: Served, path: str, status: int) -> Reply:
    """Ask until the answer has ``status``."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            reply = served.ask(path)
        except OSError:
            reply = None
        if reply is not None and reply.status == status:
            return reply
        if time.monotonic() > end or served.process.poll() is not None:
            raise AssertionError(f"{path} was not answered {status}: {served.log.read_text()}")
        time.sleep(0.05)


def run_command(*words: str, **environment: str) -> str:
    """Run a subcommand to its end and give its output."""
    finished = subprocess.run(
        [PROGRAM, *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def free_port() -> int:
    """A port that nothing listens on, and that for a minute nobody else is given.

    The end that closes a connection first stays behind in TIME_WAIT. While it does, the system
    gives its port to no one who asks for any port; a server that names it gets it.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as client:
            accepted, _ = listener.accept()
            accepted.close()
            assert client.recv(1) == b""
        port: int = listener.getsockname()[1]
        return port
