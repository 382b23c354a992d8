"""``sentinel-ows ingest`` as operators and other programs run it."""

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
import rasterio.shutil
from affine import Affine
from archive_server import serving_files
from database_rows import rows_of
from safe_products import GRANULE, IMAGES, NAME, NO_EDITS, STEM, write_product

from function.grid import Grid
from function.scenes.encoding import COLOUR, band_profile, write_jpeg2000

COMMAND = (sys.executable, "-m", "function.command", "ingest")
TABLES = (
    "scenes",
    "codestream_indexes",
    "scene_fingerprints",
    "grid_cells",
    "cell_extents",
    "collection_parts",
)
SMALL = {"10980<": "120<", "5490<": "60<", "1830<": "20<"}
OTHER_NAME = NAME.replace("20240601", "20240606")
OTHER = {NAME: OTHER_NAME, "2024-06-01T": "2024-06-06T", "GS2A_20240601": "GS2A_20240606"}


def write_readable_product(directory: Path, edits: Mapping[str, str] = NO_EDITS) -> Path:
    """A product of 1.2 km with images that can be read."""
    root = write_product(directory, {**SMALL, **edits})
    for image, step, profile in (
        (IMAGES[0], 10, band_profile(10, 15)),
        (IMAGES[1], 20, band_profile(20, 8)),
        (IMAGES[2], 60, COLOUR),
    ):
        size = 1200 // step
        transform = Affine(float(step), 0.0, 499980.0, 0.0, float(-step), 5900040.0)
        samples = np.ones(
            (3 if profile is COLOUR else 1, size, size),
            np.uint16 if profile.bits > 8 else np.uint8,
        )
        write_jpeg2000(root / image, samples, Grid("EPSG:32629", transform, size, size), profile)
    return root


def environment(url: str) -> dict[str, str]:
    return os.environ | {"SENTINEL_OWS_DATABASE_URL": url}


def ingest(url: str, *words: Path | str) -> tuple[int, list[dict[str, Any]], str]:
    """Run the command; give its exit code, the lines of JSON and standard error."""
    done = subprocess.run(
        [*COMMAND, *map(str, words)],
        env=environment(url),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def summary(**counts: int) -> dict[str, Any]:
    names = (
        "new", "unchanged", "updated", "refused", "unreachable", "superseding", "superseded",
        "partial", "indexed", "unfit",
    )  # fmt: skip
    return {"summary": {name: counts.get(name, 0) for name in names}}


def test_ingesting_twice_changes_nothing(catalogue_url: str, tmp_path: Path) -> None:
    first = write_readable_product(tmp_path / "2024" / "06" / "01")
    second = write_readable_product(tmp_path / "2024" / "06" / "06", OTHER)
    second = second.rename(second.with_name(f"{OTHER_NAME}.SAFE"))
    expected = [{"product": str(path), "outcome": "new", "indexed": 3} for path in (first, second)]
    assert ingest(catalogue_url, tmp_path) == (0, [*expected, summary(new=2, indexed=6)], "")
    before = rows_of(catalogue_url, TABLES)
    assert [len(before[table]) for table in TABLES] == [2, 6, 2, 1, 1, 1]
    again = [{"product": str(path), "outcome": "unchanged"} for path in (first, second)]
    assert ingest(catalogue_url, tmp_path) == (0, [*again, summary(unchanged=2)], "")
    assert rows_of(catalogue_url, TABLES) == before


def test_a_completed_product_is_updated(catalogue_url: str, tmp_path: Path) -> None:
    root = write_readable_product(tmp_path)
    image = (root / IMAGES[1]).rename(tmp_path / "on its way.jp2")
    warning = f"1 image is missing: {STEM}_SCL_20m.jp2"
    line = {"product": str(root), "outcome": "new", "warnings": [warning], "indexed": 2}
    assert ingest(catalogue_url, root) == (0, [line, summary(new=1, partial=1, indexed=2)], "")
    image.rename(root / IMAGES[1])
    # The image takes the place of another among the scene's files, whose index goes and is made
    # again as well.
    line = {"product": str(root), "outcome": "updated", "indexed": 2}
    assert ingest(catalogue_url, root) == (0, [line, summary(updated=1, indexed=2)], "")


def test_again_finds_back_to_a_place_that_did_not_change(
    catalogue_url: str, tmp_path: Path
) -> None:
    far = write_readable_product(tmp_path / "far")
    near = tmp_path / "near" / far.name
    shutil.copytree(far, near)
    with serving_files(far.parent) as server:
        source = server.href(far)
        for place, words, outcome in (
            (source, [source], "new"),
            (str(near), [near], "updated"),
            (str(near), [source], "unchanged"),
            (source, ["--again", source], "updated"),
            (source, ["--again", source], "unchanged"),
        ):
            code, lines, _ = ingest(catalogue_url, *words)
            assert (code, lines[0]["outcome"]) == (0, outcome)
            assert root_of(catalogue_url) == f"{place}/{GRANULE}/"


def root_of(url: str) -> str:
    """The directory in which the catalogue has the only scene's images."""
    with psycopg.connect(url) as connection:
        ((root,),) = connection.execute("SELECT assets::jsonb ->> 'root' FROM scenes")
    return str(root)


def test_an_image_that_cannot_be_indexed_is_told_and_not_tried_again(
    catalogue_url: str, tmp_path: Path
) -> None:
    root = write_readable_product(tmp_path / "product")
    image = (root / IMAGES[1]).rename(tmp_path / "with packet lengths.jp2")
    options = {"QUALITY": "100", "REVERSIBLE": "YES", "GMLJP2": "YES", "GEOJP2": "NO"}
    rasterio.shutil.copy(image, root / IMAGES[1], driver="JP2OpenJPEG", **options)
    unfit = {"no packet lengths": [f"{STEM}_SCL_20m.jp2"]}
    line = {"product": str(root), "outcome": "new", "indexed": 2, "unfit": unfit}
    assert ingest(catalogue_url, root) == (0, [line, summary(new=1, indexed=2, unfit=1)], "")
    before = rows_of(catalogue_url, TABLES)
    line = {"product": str(root), "outcome": "unchanged"}
    assert ingest(catalogue_url, root) == (0, [line, summary(unchanged=1)], "")
    assert rows_of(catalogue_url, TABLES) == before


def test_a_damaged_image_is_told_and_tried_again(catalogue_url: str, tmp_path: Path) -> None:
    root = write_readable_product(tmp_path)
    data = (root / IMAGES[0]).read_bytes()
    tile = data.index(b"\xff\x90\x00\x0a")
    (root / IMAGES[0]).write_bytes(data[: tile + 6] + bytes([255] * 4) + data[tile + 10 :])
    warning = (
        f"1 image is not indexed: {STEM}_B04_10m.jp2:"
        " a tile-part reaches past the end of the codestream"
    )
    line = {"product": str(root), "outcome": "new", "warnings": [warning], "indexed": 2}
    assert ingest(catalogue_url, root) == (0, [line, summary(new=1, partial=1, indexed=2)], "")
    (root / IMAGES[0]).write_bytes(data)
    line = {"product": str(root), "outcome": "unchanged", "indexed": 1}
    assert ingest(catalogue_url, root) == (0, [line, summary(unchanged=1, indexed=1)], "")


def test_a_refused_product_does_not_keep_the_others_out(catalogue_url: str, tmp_path: Path) -> None:
    broken = tmp_path / "a" / "BROKEN.SAFE"
    broken.mkdir(parents=True)
    (broken / "MTD_MSIL2A.xml").write_text("<")
    good = write_readable_product(tmp_path / "b")
    impossible = write_readable_product(tmp_path / "c", {">123<": ">0<", **OTHER})
    nowhere = tmp_path / "nowhere"
    code, lines, errors = ingest(catalogue_url, tmp_path, nowhere)
    assert (code, errors) == (1, "")
    assert [(line.get("product"), line.get("outcome")) for line in lines[:-1]] == [
        (str(broken), "refused"),
        (str(good), "new"),
        (str(impossible), "refused"),
        (str(nowhere), "refused"),
    ]
    assert lines[0]["reason"].startswith("MTD_MSIL2A.xml is no well-formed XML")
    assert lines[2]["reason"] == "the catalogue refuses it: scene_relative_orbit_is_positive"
    assert lines[3]["reason"] == "there is no such directory or file"
    reasons = {line["reason"]: 1 for line in lines[:-1] if "reason" in line}
    assert lines[-1] == {**summary(new=1, refused=3, indexed=3), "reasons": reasons}


@pytest.mark.parametrize(
    ("url_of", "message"),
    [("database_url", "sentinel-ows migrate"), ("absent", "cannot be reached")],
)
def test_without_a_catalogue_it_says_so(
    request: pytest.FixtureRequest, tmp_path: Path, url_of: str, message: str
) -> None:
    absent = f"postgresql:///none?host={tmp_path}"
    url = absent if url_of == "absent" else request.getfixturevalue(url_of)
    code, lines, errors = ingest(url, write_readable_product(tmp_path))
    assert (code, lines) == (3, [summary()])
    told = errors.splitlines()[-1]  # above it, why each attempt to connect failed
    assert told.startswith("sentinel-ows: the catalogue ")
    assert message in told
    assert "Traceback" not in errors


def test_progress_on_a_terminal(catalogue_url: str, tmp_path: Path) -> None:
    root = write_readable_product(tmp_path)
    (root / IMAGES[1]).unlink()
    reading, writing = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, str(tmp_path), str(tmp_path / "nowhere")],
        env=environment(catalogue_url),
        stdout=writing,
        stderr=writing,
    ) as process:
        os.close(writing)
        shown = ""
        while chunk := _read(reading):
            shown += chunk
        assert process.wait(timeout=60) == 1
    os.close(reading)
    assert f"{NAME}.SAFE\r\n    partial: 1 image is missing: {STEM}_SCL_20m.jp2" in shown
    assert "nowhere\r\n    refused: there is no such directory or file" in shown
    assert "] 2 of 2  " in shown
    assert (
        "1 new, 0 unchanged, 0 updated, 1 refused, 0 unreachable, 0 superseding, 0 superseded,"
        " 1 partial, 2 indexed, 0 unfit" in shown
    )
    assert shown.splitlines()[-1].endswith("1 x there is no such directory or file")


def _read(terminal: int) -> str:
    try:
        return os.read(terminal, 65536).decode()
    except OSError:  # the other side has hung up
        return ""
