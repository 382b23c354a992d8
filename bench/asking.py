"""A client that asks for maps and takes no blank one, and that tells two maps apart."""

import http.client
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# Standard deviation of a map's pixels: an empty one has 0, land 10 and more.
SHOWS_SOMETHING = 3.0
# Pixels a side over which two maps are averaged before they are compared: one has bilinear samples
# where the other has the nearest, so that noise differs pixel by pixel.
BLOCK = 16
SERVER_SECONDS = 300


class WrongMapError(Exception):
    """An answer that is no map, an empty one, or another one than it should be."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A map, and how many seconds it took from asking to the last byte."""

    seconds: float
    body: bytes
    stages: Mapping[str, float]
    """Milliseconds of each stage, as Server-Timing has them; empty where there is none."""


class Client:
    """One client with a connection of its own, kept open."""

    def __init__(self, port: int, path: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SERVER_SECONDS)
        self._connection.connect()
        self._path = path

    def ask(self, query: str) -> Reply:
        """Ask for a map; raises WrongMapError for an answer that is none."""
        started = time.perf_counter()
        self._connection.request("GET", f"{self._path}?{query}")
        response = self._connection.getresponse()
        body = response.read()
        seconds = time.perf_counter() - started
        kind = response.getheader("Content-Type", "")
        if response.status != http.client.OK or not kind.startswith("image/"):
            raise WrongMapError(f"{response.status} {kind}: {body[:2000]!r} for {query}")
        if warning := response.getheader("X-Sentinel-OWS-Warning"):
            raise WrongMapError(f"{warning}: {query}")
        return Reply(seconds, body, dict(_stages(response.getheader("Server-Timing", ""))))

    def close(self) -> None:
        self._connection.close()


@contextmanager
def client(port: int, path: str) -> Iterator[Client]:
    """Connect for as long as the block runs."""
    one = Client(port, path)
    try:
        yield one
    finally:
        one.close()


def ask_at_once(
    clients: Sequence[Client], walks: Sequence[Sequence[str]]
) -> list[tuple[str, Reply]]:
    """Let every client take walk after walk until none is left; raises what the first met."""
    left = list(reversed(walks))
    replies: list[tuple[str, Reply]] = []
    failures: list[BaseException] = []

    def work(one: Client) -> None:
        try:
            while left and not failures:
                walk = left.pop()
                replies.extend((query, one.ask(query)) for query in walk)
        except (IndexError, OSError, http.client.HTTPException, WrongMapError) as error:
            if not isinstance(error, IndexError):
                failures.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return replies


def pixels_of(body: bytes) -> NDArray[np.uint8]:
    """Decode a map, (height, width, 3); raises WrongMapError for one that shows nothing."""
    pixels = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise WrongMapError(f"no image: {body[:200]!r}")
    if float(pixels.std()) < SHOWS_SOMETHING:
        raise WrongMapError(f"a blank map of colour {pixels[0, 0].tolist()}")
    return np.asarray(pixels, np.uint8)


def difference(first: bytes, second: bytes) -> float:
    """Mean difference of two maps, in 256ths, once each is averaged over blocks."""
    coarse = []
    for body in (first, second):
        pixels = pixels_of(body)
        size = (pixels.shape[1] // BLOCK, pixels.shape[0] // BLOCK)
        coarse.append(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32))
    return float(np.abs(coarse[0] - coarse[1]).mean())


def _stages(header: str) -> Iterator[tuple[str, float]]:
    for entry in filter(None, header.split(", ")):
        name, _, duration = entry.partition(";dur=")
        yield name, float(duration)
