"""``sentinel-ows demo``: what it prints, and what it says where it cannot write."""

from pathlib import Path

import pytest

from function.command import demo
from function.command.main import main
from function.demo.products import Step


def test_a_log_gets_a_line_for_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    for done in range(167):
        demo.tell_step(Step(done, 167, "T32UNE_20250510T102019_B02_10m.jp2"))

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0] == "demo products: 0 of 167"
    assert lines[-1] == "demo products: 151 of 167"


def test_a_terminal_gets_one_line_no_wider_than_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")

    demo.show_step(Step(3, 167, "T32UNE_20250510T102019_B02_10m.jp2"))

    shown = capsys.readouterr().err
    assert shown.startswith("\r\x1b[2K")
    assert shown.removeprefix("\r\x1b[2K") == "demo products: 3 of 167  T32UNE_2025051"
    assert "\n" not in shown


def test_a_directory_that_cannot_be_made_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("")

    assert main(["demo", str(file / "demo")]) == 1

    assert f"the demo cannot be written to {file / 'demo'}" in capsys.readouterr().err


def test_products_are_printed_one_a_line(
    whole_demo: tuple[Path, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", str(whole_demo[0].parent)]) == 0

    assert capsys.readouterr().out.splitlines() == [str(product) for product in whole_demo]
