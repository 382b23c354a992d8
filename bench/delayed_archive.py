"""An object store at a distance: files over HTTP and S3, each round trip with a delay.

    python -m bench.delayed_archive DIRECTORY [--port 9000] [--delay 0.03]

GET, of a range or the whole, HEAD and ListObjectsV2, with the bucket in the path; every key is a
file below the directory. Signatures are not looked at. The delay comes before each answer, and
once more before the first of a connection, for the handshake of TCP. Bodies are sent no faster than
the rate of a connection, where there is one.
"""

import argparse
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree as ET

BUCKET = "archive"
DELAY_SECONDS = 0.03
RANGE = re.compile(r"bytes=(\d*)-(\d*)")
S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer: when it came and was answered, and the bytes of the body."""

    method: str
    key: str
    start: float
    end: float
    sent: int


def sequential_round_trips(exchanges: Iterable[Exchange]) -> int:
    """Count the longest chain of requests of which each began after the one before had ended.

    Whoever asks for all at once has one; whoever must read an answer before the next request has
    as many as there were. A request that waited for one of few connections counts as well.
    """
    chain, free_from = 0, float("-inf")
    for exchange in sorted(exchanges, key=lambda each: each.end):
        if exchange.start >= free_from:
            chain, free_from = chain + 1, exchange.end
    return chain


class DelayedArchive(ThreadingHTTPServer):
    """The store; its log can be taken and begins anew."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        directory: Path,
        delay: float = DELAY_SECONDS,
        port: int = 0,
        rate: float = float("inf"),
    ) -> None:
        """Listen on ``port`` of 127.0.0.1, or on a free one; ``rate`` is in bytes a second."""
        self.directory = directory.resolve()
        self.delay = delay
        self.rate = rate
        self._log: list[Exchange] = []
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Connection)

    @property
    def endpoint(self) -> str:
        """The address of the store, without the bucket."""
        return f"http://127.0.0.1:{self.server_port}"

    def take_log(self) -> list[Exchange]:
        """Give what was exchanged since the last time."""
        with self._lock:
            taken, self._log = self._log, []
        return taken

    def note(self, exchange: Exchange) -> None:
        """Add to the log."""
        with self._lock:
            self._log.append(exchange)

    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any
    ) -> None:
        """Say nothing of a client that gave up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def find(self, key: str) -> Path | None:
        """Find the file of a key; None where there is none, or it would lie outside."""
        path = (self.directory / key).resolve()
        return path if path.is_relative_to(self.directory) and path.is_file() else None


@contextmanager
def delayed_archive(
    directory: Path, delay: float = DELAY_SECONDS, rate: float = float("inf")
) -> Iterator[DelayedArchive]:
    """Run the store in threads of this process until the block ends."""
    with DelayedArchive(directory, delay, rate=rate) as archive:
        thread = threading.Thread(target=archive.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield archive
        finally:
            archive.shutdown()
            thread.join()


class _Connection(BaseHTTPRequestHandler):
    """One connection, kept open."""

    protocol_version = "HTTP/1.1"
    # Or the headers and the body of a small answer wait for each other (Nagle's algorithm).
    disable_nagle_algorithm = True
    server: DelayedArchive

    def setup(self) -> None:
        super().setup()
        self._opened: float | None = time.monotonic()
        time.sleep(self.server.delay)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the exchanges are the log."""

    def _answer(self, with_body: bool) -> None:
        # Whoever opens a connection does so for a request.
        start, self._opened = self._opened or time.monotonic(), None
        time.sleep(self.server.delay)
        address = urlsplit(self.path)
        bucket, _, key = unquote(address.path).lstrip("/").partition("/")
        sent = 0
        if bucket != BUCKET:
            self._fail(HTTPStatus.NOT_FOUND, "NoSuchBucket")
        elif not key and with_body:
            sent = self._list(parse_qs(address.query))
        elif (path := self.server.find(key)) is None:
            self._fail(HTTPStatus.NOT_FOUND, "NoSuchKey")
        else:
            sent = self._send_file(path, with_body)
        self.server.note(Exchange(self.command, key, start, time.monotonic(), sent))

    def _send_file(self, path: Path, with_body: bool) -> int:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            part = self._range(status.st_size)
            if part.start >= part.stop and status.st_size:
                self._fail(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "InvalidRange")
                return 0
            partial = len(part) < status.st_size
            self.send_response(HTTPStatus.PARTIAL_CONTENT if partial else HTTPStatus.OK)
            if partial:
                span = f"bytes {part.start}-{part.stop - 1}/{status.st_size}"
                self.send_header("Content-Range", span)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Last-Modified", formatdate(status.st_mtime, usegmt=True))
            self.send_header("ETag", f'"{status.st_mtime_ns:x}-{status.st_size:x}"')
            self.send_header("Content-Length", str(len(part)))
            self.end_headers()
            if not with_body:
                return 0
            time.sleep(len(part) / self.server.rate)
            return self.connection.sendfile(file, part.start, len(part)) if part else 0

    def _range(self, size: int) -> range:
        """Tell which bytes are wanted; all of them without a Range that can be read."""
        found = RANGE.fullmatch(self.headers.get("Range", ""))
        if found is None:
            return range(size)
        first, last = found.groups()
        if not first:
            return range(max(size - int(last or 0), 0), size)
        return range(int(first), min(int(last) + 1, size) if last else size)

    def _list(self, query: dict[str, list[str]]) -> int:
        """Answer ListObjectsV2: all keys at once, or the next level where a delimiter is given."""
        prefix = query.get("prefix", [""])[0]
        delimiter = query.get("delimiter", [""])[0]
        root = ET.Element("ListBucketResult", xmlns=S3_NAMESPACE)
        for name, text in (("Name", BUCKET), ("Prefix", prefix), ("IsTruncated", "false")):
            ET.SubElement(root, name).text = text
        below = set()
        for path in sorted(self.server.directory.rglob("*")):
            key = path.relative_to(self.server.directory).as_posix()
            if not key.startswith(prefix) or not path.is_file():
                continue
            rest = key[len(prefix) :]
            if delimiter and delimiter in rest:
                below.add(prefix + rest.partition(delimiter)[0] + delimiter)
                continue
            status = path.stat()
            entry = ET.SubElement(root, "Contents")
            modified = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(status.st_mtime))
            for name, text in (
                ("Key", key),
                ("LastModified", modified),
                ("ETag", f'"{status.st_mtime_ns:x}-{status.st_size:x}"'),
                ("Size", str(status.st_size)),
                ("StorageClass", "STANDARD"),
            ):
                ET.SubElement(entry, name).text = text
        for level in sorted(below):
            ET.SubElement(ET.SubElement(root, "CommonPrefixes"), "Prefix").text = level
        return self._send_document(HTTPStatus.OK, root)

    def _fail(self, status: HTTPStatus, code: str) -> None:
        root = ET.Element("Error")
        ET.SubElement(root, "Code").text = code
        ET.SubElement(root, "Message").text = f"{code}: {self.path}"
        self._send_document(status, root)

    def _send_document(self, status: HTTPStatus, root: ET.Element) -> int:
        body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return 0
        self.wfile.write(body)
        return len(body)


def main() -> None:
    """Serve a directory until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--delay", type=float, default=DELAY_SECONDS, help="seconds")
    arguments = parser.parse_args()
    with DelayedArchive(arguments.directory, arguments.delay, arguments.port) as archive:
        print(f"{archive.endpoint}/{BUCKET}/", flush=True)
        archive.serve_forever()


if __name__ == "__main__":
    main()
