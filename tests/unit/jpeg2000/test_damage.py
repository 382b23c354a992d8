"""Damaged files: an error with a name, or pixels where the damage cannot be told, never a crash.

JPEG 2000 has no checksums: flipped bits within the body of a packet decode to other pixels. What
breaks the structure of the file (headers, packet headers, lengths, missing bytes) is noticed.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from codestreams import Encoding, encode, texture

HERE = Path(__file__).parent

ENCODINGS = {
    "band": (1, Encoding(bits=15, tile=(96, 96), code_block=(4, 4), precincts=((64, 64),))),
    "colour": (3, Encoding(tile=(64, 64), precincts=((32, 32),), resolutions=3)),
    "layers": (1, Encoding(bits=12, more=("-r", "20,10,1", "-SOP", "-EPH"), progression="RPCL")),
    "lossy": (2, Encoding(bits=8, more=("-I", "-r", "6", "-M", "47"), progression="CPRL")),
}


DECODERS = ["OpenJPEG", "GDAL"]


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("name", ENCODINGS)
def test_damage_never_crashes(tmp_path: Path, repository: Path, name: str, decoder: str) -> None:
    components, encoding = ENCODINGS[name]
    path = encode(tmp_path, texture(components, 250, 230, encoding.bits), encoding)
    run_damage(path, repository, 300, decoder)


@pytest.mark.parametrize("decoder", DECODERS)
def test_damage_to_a_real_file_never_crashes(shared: Path, repository: Path, decoder: str) -> None:
    (path,) = shared.glob("data/sentinel-2/S2A_MSIL2A*/GRANULE/*/IMG_DATA/R60m/*_AOT_60m.jp2")
    run_damage(path, repository, 300, decoder)


def run_damage(path: Path, repository: Path, rounds: int, decoder: str) -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "damage.py"), str(path), str(rounds), decoder],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | {"PYTHONPATH": str(repository), "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    decoded, named = map(int, done.stdout.split())
    # Whole kinds of damage leave nothing to decode, and others cannot be told from data.
    assert decoded > rounds / 10
    assert named > rounds / 5
