"""Tells an operator, or the program that runs us, how an ingest goes."""

import json
import sys
from collections.abc import Mapping
from typing import Protocol

from function.command.printable import printable
from function.command.progress import Progress
from function.ingest.outcome import Ingested, Tally


class Report(Protocol):
    """Is told of each product as it is done, and of all at the end."""

    def product(self, ingested: Ingested) -> None: ...

    def summary(self, tally: Tally) -> None: ...


class JsonReport:
    """A line of JSON a product, and one for the summary."""

    def product(self, ingested: Ingested) -> None:
        line: dict[str, object] = {"product": ingested.product, "outcome": ingested.outcome}
        told: Mapping[str, object] = {
            "warnings": ingested.warnings,
            "reason": ingested.reason,
            "superseding": ingested.superseding,
            "superseded": ingested.superseded,
            "indexed": ingested.indexed,
            "unfit": ingested.unfit,
        }
        line.update({name: value for name, value in told.items() if value})
        print(json.dumps(line), flush=True)

    def summary(self, tally: Tally) -> None:
        line: dict[str, object] = {"summary": tally.counts}
        if tally.reasons:
            line["reasons"] = tally.reasons
        print(json.dumps(line), flush=True)


class TextReport:
    """What deserves a look, a line or two each, and the summary, for a terminal."""

    def product(self, ingested: Ingested) -> None:
        notes = [f"{ingested.outcome}: {ingested.reason}"] if ingested.reason is not None else []
        notes += [f"partial: {warning}" for warning in ingested.warnings]
        notes += [
            f"read through GDAL: {', '.join(names)}: {reason}"
            for reason, names in ingested.unfit.items()
        ]
        if notes:
            print("\n    ".join(map(printable, [ingested.product, *notes])), flush=True)

    def summary(self, tally: Tally) -> None:
        print(", ".join(f"{count} {name}" for name, count in tally.counts.items()))
        for reason, count in tally.reasons.items():
            print(f"    {count} x {printable(reason)}")
        sys.stdout.flush()


class WithProgress:
    """Another report, and a progress bar on standard error that makes way for it."""

    def __init__(self, report: Report, progress: Progress) -> None:
        self._report = report
        self._progress = progress

    def product(self, ingested: Ingested) -> None:
        if ingested.reason is not None or ingested.warnings or ingested.unfit:
            self._progress.clear()
        self._report.product(ingested)
        self._progress.step(f"{ingested.outcome}  {ingested.product.rpartition('/')[2]}")

    def summary(self, tally: Tally) -> None:
        self._progress.clear()
        self._report.summary(tally)


def report_for(total: int | None) -> Report:
    """Choose what suits standard output and standard error."""
    report: Report = TextReport() if sys.stdout.isatty() else JsonReport()
    return WithProgress(report, Progress(sys.stderr, total)) if sys.stderr.isatty() else report
