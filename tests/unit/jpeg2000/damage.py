"""Decodes damaged copies of a file, in a process of its own: run by test_damage.

``python damage.py <file> <rounds> <decoder>`` writes how many copies gave pixels, how many a named
error. Anything else ends the process with a traceback, a crash of the library with a signal.
"""

import random
import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from codestreams import MemorySource

from function.errors import SceneUnreadableError
from function.scenes.decoder import PixelWindow
from function.scenes.jpeg2000.codestream_decoder import CodestreamDecoder
from function.scenes.jpeg2000.counts import DecodingCounts
from function.scenes.jpeg2000.errors import UnfitCodestreamError
from function.scenes.jpeg2000.gdal_codestreams import GdalCodestreams
from function.scenes.jpeg2000.geometry import image_area
from function.scenes.jpeg2000.index_building import build_index
from function.scenes.jpeg2000.openjpeg import OpenJpeg
from function.scenes.jpeg2000.tile_reader import TileReader

# The process needs some 200 MB; a header that asks for much more must be refused, not obeyed.
MOST_MEMORY = 2 << 30
START = b"\xff\x4f\xff\x51"


def damage(data: bytes, choose: random.Random, kind: str) -> bytes:
    start = data.index(START)
    changed = bytearray(data)
    if kind == "header":
        for _ in range(choose.randint(1, 4)):
            place = start + choose.randrange(400)
            changed[place] = choose.choice([choose.randrange(256), changed[place] ^ 1, 0, 255])
    elif kind == "truncated":
        del changed[choose.randrange(len(data)) :]
    elif kind == "spliced":
        place, other = choose.randrange(len(data)), choose.randrange(len(data))
        length = choose.randint(1, 2000)
        changed[place : place + length] = data[other : other + length]
    else:
        for _ in range(choose.choice([1, 3, 30, 300])):
            changed[choose.randrange(start + 200, len(data))] ^= 1 << choose.randrange(8)
    return bytes(changed)


def main(path: Path, rounds: int, decoder: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    data = path.read_bytes()
    sound = build_index(MemorySource(data))
    codestreams: CodestreamDecoder = OpenJpeg() if decoder == "OpenJPEG" else GdalCodestreams()
    decoded = named = 0
    with ThreadPoolExecutor(1) as pool:
        for number in range(rounds):
            choose = random.Random(number)  # noqa: S311
            kind = choose.choice(["header", "truncated", "spliced", "flipped", "indexed before"])
            source = MemorySource(damage(data, choose, kind))
            try:
                index = sound if kind == "indexed before" else build_index(source)
                reduction = choose.randint(0, index.header.levels)
                area = image_area(index.header.size).reduced(reduction)
                if area.empty:
                    continue
                across, down = area.x1 - area.x0, area.y1 - area.y0
                left, top = choose.randrange(across), choose.randrange(down)
                width, height = min(200, across - left), min(200, down - top)
                window = PixelWindow(left, top, width, height)
                reader = TileReader(codestreams, pool, 0, DecodingCounts())
                samples = reader.read(source, index, window, reduction)
                assert samples.shape == (len(index.header.size.components), height, width)
                decoded += 1
            except (SceneUnreadableError, UnfitCodestreamError):
                named += 1
    sys.stdout.write(f"{decoded} {named}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
