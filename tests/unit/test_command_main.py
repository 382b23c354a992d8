"""The command's frame: which subcommand, which exit code, and what is said where it fails."""

import os
import subprocess
import sys

import pytest
from serving import PROGRAM

from function.command import main as frame
from function.command.main import SUBCOMMANDS, main


def test_every_subcommand_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for name in SUBCOMMANDS:
        with pytest.raises(SystemExit, match=r"^0$"):
            main([name, "--help"])
        assert f"usage: sentinel-ows {name}" in capsys.readouterr().out


def test_the_help_lists_every_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--help"])
    listed = [
        line.split()[0] for line in capsys.readouterr().out.splitlines() if line[:4] == "    "
    ]
    assert listed[: len(SUBCOMMANDS)] == list(SUBCOMMANDS)


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--version"])
    assert capsys.readouterr().out == "sentinel-ows 0.1.0\n"


@pytest.mark.parametrize(
    "words", [[], ["draw"], ["database"], ["database", "burn"], ["serve", "x"]]
)
def test_words_that_do_not_parse_are_misuse(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        main(words)
    assert "error: " in capsys.readouterr().err


def test_a_setting_that_does_not_parse_is_misuse_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "http")
    assert main(["database", "status"]) == frame.MISUSED
    assert capsys.readouterr().err == "sentinel-ows: PORT='http' is no whole number\n"


def test_a_failure_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SENTINEL_OWS_STATE_DIR", "/dev/null")
    assert main(["database", "start"]) == frame.FAILED
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("sentinel-ows: the directory of the database cannot be used: ")


def test_looking_at_the_database_loads_nothing_that_maps_need() -> None:
    asked = subprocess.run(
        [sys.executable, "-X", "importtime", PROGRAM, "database", "status"],
        env={**os.environ, "SENTINEL_OWS_STATE_DIR": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.stdout == "absent\n"
    loaded = {line.rsplit("|", 1)[-1].strip() for line in asked.stderr.splitlines()}
    assert "function.database.cluster" in loaded
    assert not loaded & {"numpy", "rasterio", "psycopg", "falcon", "gunicorn", "mapscript"}
