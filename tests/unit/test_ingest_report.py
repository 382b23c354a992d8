"""What an operator's terminal is told of an ingest."""

import io

import pytest

from function.command.ingest_report import JsonReport, TextReport, WithProgress
from function.command.progress import TO_LINE_START, Progress
from function.ingest.outcome import Ingested, Outcome, Tally

HOSTILE = "id\x1b]0;title\x07\x1b[2J\r\n\u202e\x9b31m\udcff"
HARMLESS = "id\ufffd]0;title\ufffd\ufffd[2J\ufffd\ufffd\ufffd\ufffd31m\ufffd"


def ingested() -> Ingested:
    return Ingested(HOSTILE, Outcome.REFUSED, (HOSTILE,), HOSTILE, unfit={HOSTILE: (HOSTILE,)})


def test_a_terminal_obeys_nobody_elses_words(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    tally.add(ingested())
    report = TextReport()
    report.product(ingested())
    report.summary(tally)
    lines = capsys.readouterr().out.split("\n")
    assert lines[:4] == [
        HARMLESS,
        f"    refused: {HARMLESS}",
        f"    partial: {HARMLESS}",
        f"    read through GDAL: {HARMLESS}: {HARMLESS}",
    ]
    assert lines[5:] == [f"    1 x {HARMLESS}", ""]


def test_nor_does_its_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    drawn = io.StringIO()
    report = WithProgress(JsonReport(), Progress(drawn, 1))
    report.product(Ingested(HOSTILE, Outcome.NEW))
    assert drawn.getvalue().startswith(TO_LINE_START)
    assert drawn.getvalue().endswith(f"new  {HARMLESS}")
    assert drawn.getvalue().count("\x1b") == 1


def test_letters_of_every_script_are_left(capsys: pytest.CaptureFixture[str]) -> None:
    TextReport().product(Ingested("/Æ 東京/é", Outcome.REFUSED, reason="no"))
    assert capsys.readouterr().out == "/Æ 東京/é\n    refused: no\n"
