"""A web server of files that counts what is asked of it, and misbehaves as it is told."""

import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Longer than any test lets a client wait.
HOLD_SECONDS = 30.0
RANGE = re.compile(r"bytes=(\d+)-(\d+)")
SLOW_DOWN = (
    b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)

NO_BUCKET = b"<Error><Code>NoSuchBucket</Code><BucketName>none</BucketName></Error>"


class Fault(Enum):
    """What may go wrong with an answer."""

    SLOW_DOWN = auto()
    TOO_MANY_REQUESTS = auto()
    INTERNAL_ERROR = auto()
    FORBIDDEN = auto()
    NO_BUCKET = auto()
    RESET = auto()
    CUT_SHORT = auto()
    OTHER_RANGE = auto()
    SHORT_RANGE = auto()
    WHOLE_FILE = auto()
    SILENCE = auto()


STATUS = {
    Fault.SLOW_DOWN: (503, SLOW_DOWN),
    Fault.TOO_MANY_REQUESTS: (429, b""),
    Fault.INTERNAL_ERROR: (500, b""),
    Fault.FORBIDDEN: (403, b""),
    Fault.NO_BUCKET: (404, NO_BUCKET),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: the path, the range (offset, length), the headers in lower case."""

    path: str
    part: tuple[int, int] | None
    headers: Mapping[str, str]

    @property
    def if_match(self) -> str | None:
        return self.headers.get("if-match")


class ArchiveServer(ThreadingHTTPServer):
    """Serves the files below a directory by their paths.

    The next answers have the faults that ``faults`` names, in order (None for none), after that
    all have ``always``, or those for the path ``failing``. ``tagged`` tells whether answers have an
    ETag, ``conditional`` whether If-Match is heeded. ``at_once`` counts the requests that have come
    and are not answered.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.faults: deque[Fault | None] = deque()
        self.always: Fault | None = None
        self.failing: str | None = None
        self.tagged = True
        self.conditional = True
        self.most_at_once = 0
        self.at_once = 0
        self._asked: list[Asked] = []
        self._gathering = 0
        self._released = 0
        self._lock = threading.Condition()
        self.closing = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def href(self, path: Path) -> str:
        """The address of a file."""
        return f"{self.url}/{path.relative_to(self.directory).as_posix()}"

    def gather(self, count: int) -> None:
        """Answer nothing until so many requests have come together, or ``release``."""
        with self._lock:
            self._gathering = count

    def release(self, *, hold_next: bool = False) -> None:
        """Answer all who wait; ``hold_next`` lets those who come later wait for the next release.

        Only after ``gather``.
        """
        with self._lock:
            self._released += 1
            if not hold_next:
                self._gathering = 0
            self._lock.notify_all()

    def take_asked(self) -> list[Asked]:
        """Give what was asked since the last time."""
        with self._lock:
            asked, self._asked = self._asked, []
        return asked

    def arrive(self, asked: Asked) -> Fault | None:
        """Note a request and tell what is to go wrong with it."""
        with self._lock:
            self._asked.append(asked)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            lasting = self.always if self.failing in (None, asked.path) else None
            fault = self.faults.popleft() if self.faults else lasting
            if self.at_once >= self._gathering:
                self._gathering = 0
                self._lock.notify_all()
            released = self._released
            self._lock.wait_for(
                lambda: not self._gathering or self._released > released, HOLD_SECONDS
            )
        return fault

    def leave(self) -> None:
        """Note that a request is about to be answered."""
        with self._lock:
            self.at_once -= 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Or the headers and the body of a small answer wait for each other (Nagle's algorithm).
    disable_nagle_algorithm = True
    server: ArchiveServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""

    def do_GET(self) -> None:
        found = RANGE.fullmatch(self.headers.get("Range", ""))
        first, last = (int(found[1]), int(found[2])) if found else (0, -1)
        part = (first, last + 1 - first) if found else None
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.path, part, headers)
        fault = self.server.arrive(asked)
        if fault is Fault.SILENCE:
            self.server.closing.wait(HOLD_SECONDS)
        self.server.leave()
        try:
            self._answer(fault, (first, last) if found else None)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _answer(self, fault: Fault | None, span: tuple[int, int] | None) -> None:
        path = self.server.directory / unquote(urlsplit(self.path).path).lstrip("/")
        if fault in STATUS:
            self._send(*STATUS[fault])
        elif fault is Fault.SILENCE:
            self.close_connection = True
        elif fault is Fault.RESET:
            # Closing without lingering sends a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif not path.is_file():
            self._send(404, b"")
        elif self._other_state(path):
            self._send(412, b"")
        else:
            self._send_part(path, fault, span)

    def _other_state(self, path: Path) -> bool:
        wanted = self.headers.get("If-Match")
        return self.server.conditional and wanted is not None and wanted != _tag(path)

    def _send_part(self, path: Path, fault: Fault | None, span: tuple[int, int] | None) -> None:
        size = path.stat().st_size
        first, last = span or (0, size - 1)
        if first >= size:
            self._send(416, b"")
            return
        last = min(last, size - 1)
        if fault is Fault.OTHER_RANGE:
            first, last = first + 1, last - 1
        partial = span is not None and fault is not Fault.WHOLE_FILE
        with path.open("rb") as file:
            file.seek(first if partial else 0)
            body = file.read(last + 1 - first if partial else size)
        if fault is Fault.SHORT_RANGE:
            body = body[:-1]
        self.send_response(206 if partial else 200)
        if partial:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        if self.server.tagged:
            self.send_header("ETag", _tag(path))
        self.send_header("Last-Modified", formatdate(path.stat().st_mtime, usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault is Fault.CUT_SHORT:
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _tag(path: Path) -> str:
    status = path.stat()
    return f'"{status.st_mtime_ns:x}-{status.st_size:x}"'


@contextmanager
def serving_files(directory: Path) -> Iterator[ArchiveServer]:
    """Serve the files below ``directory`` until the end of the block."""
    with ArchiveServer(directory) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
