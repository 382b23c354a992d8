"""A stand-in for an OpenTelemetry collector that takes OTLP over HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Longer than a test that holds the answers back takes.
HOLD_SECONDS = 30


class Collector(ThreadingHTTPServer):
    """Keeps what is posted to it as (path, body); answers while ``may_answer`` is set."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.answered = 0
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.received.append((self.path, body))
                collector.may_answer.wait(HOLD_SECONDS)
                collector.answered += 1
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Stay silent."""

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def bodies(self, path: str) -> list[bytes]:
        return [body for received, body in self.received if received == path]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector until the end of the block."""
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
