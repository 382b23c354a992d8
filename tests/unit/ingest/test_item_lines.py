"""Files with an item a line, as far as they are gone through without reading the items."""

import io
import json
from pathlib import Path

import pytest
from stac_items import item

from function.ingest.readers import Readers
from function.ingest.reading import Header, ReadProduct
from function.ingest.stac.documents import CHUNK, CHUNK_BYTES, ItemLines
from function.ingest.stac.json_object import MAX_BYTES


def no_header(href: str) -> Header:
    raise AssertionError(f"{href} was opened")


def no_directory(href: str) -> ReadProduct:
    raise AssertionError(f"{href} was opened")


CLOSED = Readers(no_header, no_directory)


def test_a_chunk_has_a_hundred_lines_and_no_blank_one(tmp_path: Path) -> None:
    path = tmp_path / "items.ndjson"
    path.write_text("{}\n\n" * (CHUNK + 1))
    chunks = [
        [candidate.label for candidate in chunk] for chunk in ItemLines(path, CLOSED).chunks()
    ]
    assert [len(chunk) for chunk in chunks] == [CHUNK, 1]
    assert chunks[1] == [f"{path}:{2 * CHUNK + 1}"]


def test_of_long_lines_fewer_are_held_at_once(tmp_path: Path) -> None:
    path = tmp_path / "items.ndjson"
    fitting = CHUNK_BYTES // MAX_BYTES
    with path.open("wb") as file:
        for _ in range(2 * fitting + 1):
            file.write(b"x" * (MAX_BYTES - 1) + b"\n")
    lengths = [len(chunk) for chunk in ItemLines(path, CLOSED).chunks()]
    assert lengths == [fitting + 1, fitting]


def test_what_stands_in_standard_input_lies_where_we_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = item()
    content["assets"] = {"red": content["assets"]["red"] | {"href": "./B04.tif"}}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ItemLines, "_opened", lambda _: io.BytesIO(json.dumps(content).encode()))
    ((candidate,),) = ItemLines(Path("-"), CLOSED).chunks()
    (asset,) = candidate.read().scene.assets
    assert (candidate.label, asset.href) == ("-:1", str(tmp_path / "B04.tif"))
