"""The text that is the same for all that ask the same, in every process."""

import subprocess
import sys
from dataclasses import dataclass

import pytest

from function.grid import Grid
from function.identity import canonical, tag_of
from function.layer import ArchiveLayer, LayerKind
from function.search import Priority


@dataclass(frozen=True)
class Other:
    name: str


def test_every_part_counts() -> None:
    values: list[object] = [
        None, 0, 1, 1.5, "1", "", (), ("a",), ("a", "b"), (("a",), "b"), "a,b", {"a": 1}, {"a": 2},
        frozenset({"a"}), frozenset({"a", "b"}), Other("a"), True, Priority.LEAST_CLOUDY,
        Grid.from_bounds("EPSG:3857", (0, 0, 1, 1), 2, 2),
        Grid.from_bounds("EPSG:3857", (0, 0, 1, 2), 2, 2),
        ArchiveLayer("A", "c", LayerKind.INDEX, ("B04",)),
        ArchiveLayer("A", "c", LayerKind.INDEX, ("B04",), masked_classes=frozenset({3})),
    ]  # fmt: skip
    assert len({tag_of(value) for value in values}) == len(values)


def test_order_counts_only_where_there_is_one() -> None:
    assert canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})
    assert canonical(("a", "b")) != canonical(("b", "a"))


def test_processes_agree() -> None:
    program = (
        "from function.identity import tag_of;"
        "print(tag_of(frozenset('abcdefgh'), {'x': frozenset('qwertz')}))"
    )
    tags = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(tags) == 1


def test_what_has_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no canonical text"):
        canonical(object())
