"""``sentinel-ows check``: what it says of good mapfiles and of bad ones."""

import re
import shutil
from pathlib import Path

import pytest

from function.command.main import main
from function.settings import PACKAGE_MAPFILE


def test_the_published_mapfile_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    said = capsys.readouterr()
    counts = re.fullmatch(
        rf"{re.escape(str(PACKAGE_MAPFILE))}: (\d+) layers, (\d+) of them fed from the archive,"
        r" and (\d+) coverages\n",
        said.out,
    )
    assert counts
    layers, fed, coverages = map(int, counts.groups())
    # GRID_CELLS alone is plain.
    assert layers == fed + 1
    assert coverages > 0
    assert said.err == ""


def test_every_wrong_key_is_told_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    maps = shutil.copytree(PACKAGE_MAPFILE.parent, tmp_path / "maps")
    mapfile = maps / PACKAGE_MAPFILE.name
    text = mapfile.read_text()
    text = text.replace('"sentinel_ows_visual" "TCI"', '"sentinel_ows_visuals" "TCI"')
    text = text.replace('"sentinel_ows_colormap" "BrBG"', '"sentinel_ows_colormap" "mud"')
    mapfile.write_text(text)
    assert main(["check", str(mapfile)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    first, second = said.err.removeprefix("sentinel-ows: ").splitlines()
    assert first.startswith(f"{mapfile}: layer S2_L2A_TRUE_COLOR: sentinel_ows_visuals: is no key")
    assert second.startswith(f"{mapfile}: layer S2_L2A_NDMI: sentinel_ows_colormap: 'mud' is no")


def test_a_file_that_is_not_there_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tmp_path / "absent.map")]) == 1
    assert "absent.map" in capsys.readouterr().err
