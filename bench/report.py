"""What every benchmark tells beside its figures: the code, the machine and how busy it was."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rasterio

from function.scenes.jpeg2000.openjpeg import OpenJpeg

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = REPOSITORY / "bench" / "results"


def circumstances() -> dict[str, Any]:
    """Tell the commit, whether it was changed, the machine and its load."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "changed": bool(_git("status", "--porcelain", "--untracked-files=no", "--", "function")),
        "cpu": _cpu_model(),
        "cpus": len(os.sched_getaffinity(0)),
        "load": [round(load, 1) for load in os.getloadavg()],
        "python": platform.python_version(),
        "gdal": rasterio.__gdal_version__,
        "openjpeg": OpenJpeg().version,
    }


def write(name: str, figures: Any, table: str, directory: Path = RESULTS) -> None:
    """Keep the figures as JSON and their table as Markdown in ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    document = {"circumstances": circumstances(), "figures": figures}
    (directory / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    (directory / f"{name}.md").write_text(table + "\n")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out a Markdown table, its first column to the left and the others to the right."""
    lines = [heads, ["---"] + ["--:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def milliseconds(seconds: Iterable[float]) -> float:
    """Give the median in milliseconds."""
    return 1e3 * statistics.median(seconds)


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
