"""JPEG 2000 files to test with: encoded by OpenJPEG's own tools, and rearranged by hand."""

import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from function.scenes.jpeg2000.errors import TruncatedError

SOT, SOD, PLT, EOC = b"\xff\x90", b"\xff\x93", b"\xff\x58", b"\xff\xd9"


class MemorySource:
    """A file in memory that counts how often it is asked."""

    def __init__(self, data: bytes, gap: int = 0, name: str = "memory", at_once: int = 1) -> None:
        self.data = data
        self.gap = gap
        self.at_once = at_once
        self.calls: list[list[tuple[int, int]]] = []
        self.identity = (name, len(data), "0")
        self.metered = False

    def __enter__(self) -> "MemorySource":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def size(self) -> int:
        return len(self.data)

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        self.calls.append(list(ranges))
        if any(offset < 0 or offset + length > len(self.data) for offset, length in ranges):
            raise TruncatedError("the file ends before what is asked for")
        return [self.data[offset : offset + length] for offset, length in ranges]


class EncodingRefusedError(Exception):
    """The encoder does not do what it is asked, such as a rate that its headers alone exceed."""


@dataclass(frozen=True)
class Encoding:
    """How ``opj_compress`` is to encode; every field but the first is one of its options."""

    bits: int = 8
    signed: bool = False
    resolutions: int = 5
    tile: tuple[int, int] | None = None
    code_block: tuple[int, int] = (64, 64)
    precincts: tuple[tuple[int, int], ...] = ()  # highest resolution first
    offset: tuple[int, int] = (0, 0)
    tile_offset: tuple[int, int] = (0, 0)
    progression: str = "LRCP"
    more: tuple[str, ...] = ()

    @property
    def sample_type(self) -> str:
        return f"<{'i' if self.signed else 'u'}{1 if self.bits <= 8 else 2}"


def texture(
    components: int, height: int, width: int, bits: int, signed: bool = False, seed: int = 0
) -> NDArray[np.int64]:
    """Waves and noise over the whole range of the samples, (components, height, width)."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([np.sin(x / (7 + n)) + np.cos(y / (11 + n)) for n in range(components)])
    waves += generator.normal(0, 0.3, waves.shape)
    unit = (waves - waves.min()) / max(np.ptp(waves), 1e-9)
    samples: NDArray[np.int64] = np.rint(unit * (2**bits - 1)).astype(np.int64)
    return samples - (1 << (bits - 1)) if signed else samples


def encode(directory: Path, samples: NDArray[np.int64], encoding: Encoding) -> Path:
    """Write a bare codestream with packet lengths; raises EncodingRefusedError."""
    source, target = directory / "samples.rawl", directory / "image.j2k"
    source.write_bytes(samples.astype(encoding.sample_type).tobytes())
    components, height, width = samples.shape
    sign = "s" if encoding.signed else "u"
    command = ["opj_compress", "-i", str(source), "-o", str(target), "-PLT"]
    command += ["-F", f"{width},{height},{components},{encoding.bits},{sign}"]
    command += ["-n", str(encoding.resolutions), "-b", "{},{}".format(*encoding.code_block)]
    command += ["-p", encoding.progression]
    command += ["-d", "{},{}".format(*encoding.offset)]
    if encoding.tile is not None:
        command += ["-t", "{},{}".format(*encoding.tile)]
        command += ["-T", "{},{}".format(*encoding.tile_offset)]
    if encoding.precincts:
        command += ["-c", ",".join("[{},{}]".format(*size) for size in encoding.precincts)]
    target.unlink(missing_ok=True)
    done = subprocess.run([*command, *encoding.more], capture_output=True, text=True, check=False)
    if done.returncode or not target.exists():
        raise EncodingRefusedError(f"{' '.join(done.args)}: {done.stdout}{done.stderr}")
    return target


def decode_whole(
    path: Path, shape: tuple[int, int, int], encoding: Encoding, reduction: int
) -> NDArray[np.int64]:
    """Decode a whole file with ``opj_decompress``; ``shape`` is that of the reduced image."""
    target = path.with_name("decoded.rawl")
    command = ["opj_decompress", "-i", str(path), "-o", str(target), "-r", str(reduction)]
    subprocess.run(command, capture_output=True, check=True)
    samples = np.frombuffer(target.read_bytes(), encoding.sample_type).reshape(shape)
    if not encoding.signed:
        return samples.astype(np.int64)
    # The tool leaves the sign bit of odd precisions where it is.
    half = 1 << (encoding.bits - 1)
    return (samples.astype(np.int64) + half) % (2 * half) - half


@dataclass(frozen=True)
class CutTilePart:
    """A tile-part taken apart: its tile and its packets."""

    tile: int
    packets: tuple[bytes, ...]


def take_apart(codestream: bytes) -> tuple[bytes, list[CutTilePart]]:
    """Cut a bare codestream with PLT into its main header and its tiles' packets."""
    position = main_end = codestream.index(SOT)
    parts = []
    while codestream[position : position + 2] == SOT:
        tile, length = struct.unpack_from(">HI", codestream, position + 4)
        at, digits = position + 12, b""
        while codestream[at : at + 2] != SOD:
            size = int.from_bytes(codestream[at + 2 : at + 4], "big")
            if codestream[at : at + 2] == PLT:
                digits += codestream[at + 5 : at + 2 + size]
            at += 2 + size
        at += 2
        packets = []
        value = 0
        for digit in digits:
            value = value << 7 | digit & 0x7F
            if digit < 0x80:
                packets.append(codestream[at : at + value])
                at, value = at + value, 0
        parts.append(CutTilePart(tile, tuple(packets)))
        position += length
    return codestream[:main_end], parts


def tile_part(
    tile: int, number: int, packets: Sequence[bytes], plt_sizes: Sequence[int] = ()
) -> bytes:
    """Put a tile-part together; ``plt_sizes`` cuts its packet lengths into segments of bytes."""
    digits = b"".join(_digits(len(packet)) for packet in packets)
    cuts = [*np.cumsum(plt_sizes, dtype=int).tolist(), len(digits)]
    segments = b""
    start = 0
    for place, end in enumerate(cuts):
        segments += PLT + struct.pack(">HB", end - start + 3, place) + digits[start:end]
        start = end
    body = segments + SOD + b"".join(packets)
    return SOT + struct.pack(">HHIBB", 10, tile, 12 + len(body), number, 0) + body


def tile_part_lengths(entries: Sequence[tuple[int, int]], numbered: bool = True) -> bytes:
    """A TLM segment of (tile, length), with or without the tiles' numbers."""
    form = 0x60 if numbered else 0x40
    body = b"".join(
        struct.pack(">HI", tile, length) if numbered else struct.pack(">I", length)
        for tile, length in entries
    )
    return b"\xff\x55" + struct.pack(">HBB", len(body) + 4, 0, form) + body


def _digits(length: int) -> bytes:
    digits = [length & 0x7F]
    while length := length >> 7:
        digits.append(length & 0x7F | 0x80)
    return bytes(reversed(digits))
