"""Decodes damaged copies of a file, in a process of its own: run by test_tiff_damage.

``python damaged_tiffs.py <file> <rounds>`` writes how many copies gave pixels, how many a named
error, how many were left to another decoder. Anything else ends the process with a traceback, a
crash of a library with a signal.
"""

import random
import resource
import sys
from collections import Counter
from pathlib import Path

from tiff_files import asset_of, read_blocks

from function.errors import SceneUnreadableError
from function.scenes.decoder import PixelWindow
from function.scenes.geotiff.errors import DamagedTiffError, UnfitTiffError

# The process needs some 200 MB; a directory that asks for much more must be refused, not obeyed.
MOST_MEMORY = 2 << 30
# All directories, or most of them, lie here.
FRONT = 1500
WINDOW, REDUCTION = PixelWindow(5, 10, 40, 30), 1


def damage(data: bytes, choose: random.Random, kind: str) -> bytes:
    changed = bytearray(data)
    if kind == "front":
        for _ in range(choose.randint(1, 3)):
            place = choose.randrange(2, FRONT)
            changed[place] = choose.choice([choose.randrange(256), changed[place] ^ 1, 0, 255])
    elif kind == "truncated":
        del changed[choose.randrange(len(data)) :]
    elif kind == "spliced":
        place, other = choose.randrange(len(data)), choose.randrange(len(data))
        length = choose.randint(1, 500)
        changed[place : place + length] = data[other : other + length]
    else:
        for _ in range(choose.choice([1, 3, 30, 300])):
            changed[choose.randrange(len(data))] ^= 1 << choose.randrange(8)
    return bytes(changed)


def main(path: Path, rounds: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    data, asset = path.read_bytes(), asset_of(path)
    seen: Counter[str] = Counter()
    for number in range(rounds):
        choose = random.Random(number)  # noqa: S311
        kind = choose.choice(["front", "truncated", "spliced", "flipped"])
        try:
            samples = read_blocks(damage(data, choose, kind), asset, WINDOW, REDUCTION)
            assert samples.shape == (asset.components, WINDOW.height, WINDOW.width)
            seen["decoded"] += 1
        except (SceneUnreadableError, DamagedTiffError):
            seen["named"] += 1
        except UnfitTiffError:
            seen["unfit"] += 1
    sys.stdout.write(f"{seen['decoded']} {seen['named']} {seen['unfit']}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
