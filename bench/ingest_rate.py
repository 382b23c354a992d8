"""How many products a second ingest catalogues, and passes over where nothing changed.

    python -m bench.ingest_rate [--items 2000] [--copies 10]

STAC items are in the form of CDSE's, with 36 images each, an item a line. Products are those of
the demo, copied under other names and times; their images are hard links. Each is ingested into an
empty catalogue, then again. The time of a start without any product is part of all the others. CPU
is that of the command; the database's comes on top.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.report import REPOSITORY, circumstances, table, write
from function.catalogue.migrations import migrate
from function.database.cluster import PrivateCluster
from function.demo.products import write_demo

CELLS = [f"{zone}U{column}{row}" for zone in (30, 33) for column in "UVWX" for row in "PQRSTU"]
RESOLUTIONS = {
    10: ("AOT", "B02", "B03", "B04", "B08", "TCI", "WVP"),
    20: ("AOT", "B01", "B02", "B03", "B04", "B05", "B06", "B07", "B11", "B12", "B8A", "SCL", "TCI"),
    60: (
        "AOT", "B01", "B02", "B03", "B04", "B05", "B06", "B07", "B09", "B11", "B12", "B8A", "SCL",
        "TCI", "WVP", "CLD",
    ),
}  # fmt: skip
FIRST = datetime(2025, 1, 1, 10, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Figures:
    """One run of the command."""

    what: str
    products: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        return self.products / self.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--copies", type=int, default=10, help="of each of the demo's products")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sentinel-ows-") as name:
        directory = Path(name)
        directory.chmod(0o711)
        items, products = directory / "items.ndjson", directory / "products"
        write_items(items, arguments.items)
        copied = copy_products(products, arguments.copies)
        nothing = directory / "nothing.ndjson"
        nothing.touch()
        cluster = PrivateCluster(directory / "state")
        cluster.start()
        try:
            migrate(cluster.url, REPOSITORY / "catalog-sql")
            figures = [
                ingest(cluster.url, "a start", nothing, 0),
                ingest(cluster.url, "STAC items, new", items, arguments.items),
                ingest(cluster.url, "STAC items, unchanged", items, arguments.items),
                ingest(cluster.url, "SAFE products, new", products, copied),
                ingest(cluster.url, "SAFE products, unchanged", products, copied),
            ]
        finally:
            cluster.stop()
    text = table(
        ["ingested", "products", "seconds", "CPU s", "products / s"],
        [
            [
                each.what, str(each.products), f"{each.seconds:.1f}", f"{each.cpu_seconds:.1f}",
                f"{each.rate:.0f}" if each.products else "",
            ]
            for each in figures
        ],
    )  # fmt: skip
    print(text)
    print(circumstances())
    write("ingest_rate", [asdict(each) for each in figures], text)


def ingest(url: str, what: str, source: Path, products: int) -> Figures:
    """Run the command to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "function.command", "ingest", str(source)],
        env={**os.environ, "SENTINEL_OWS_DATABASE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome = "unchanged" if what.endswith("unchanged") else "new"
    summary = json.loads(done.stdout.splitlines()[-1])["summary"]
    assert summary[outcome] == products, summary
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Figures(what, products, seconds, cpu)


def write_items(path: Path, count: int) -> None:
    """Write items cell by cell and day by day."""
    with path.open("w") as file:
        for number in range(count):
            day, place = divmod(number, len(CELLS))
            item = make_item(CELLS[place], FIRST + timedelta(days=day, minutes=place))
            file.write(json.dumps(item) + "\n")


def make_item(cell: str, sensed: datetime) -> dict[str, Any]:
    """Make an item in the form of CDSE's."""
    stamp, generated = f"{sensed:%Y%m%dT%H%M%S}", f"{sensed + timedelta(hours=4):%Y%m%dT%H%M%S}"
    name = f"S2A_MSIL2A_{stamp}_N0511_R123_T{cell}_{generated}"
    return {
        "type": "Feature", "stac_version": "1.1.0", "id": name, "collection": "sentinel-2-l2a",
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[15.0, 48.8], [16.5, 48.8], [16.5, 47.8], [15.1, 47.8], [15.0, 48.8]]],
        },
        "links": [],
        "properties": {
            "datetime": sensed.isoformat(), "eo:cloud_cover": 12.5, "processing:version": "05.11",
            "processing:datetime": (sensed + timedelta(hours=4)).isoformat(),
            "eopf:datatake_id": f"GS2A_{stamp}_046720_N05.11", "grid:code": f"MGRS-{cell}",
        },
        "assets": dict(make_assets(name, cell, stamp)),
    }  # fmt: skip


def make_assets(name: str, cell: str, stamp: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for step, bands in RESOLUTIONS.items():
        for band in bands:
            path = f"{name}.SAFE/GRANULE/L2A/IMG_DATA/R{step}m/T{cell}_{stamp}_{band}_{step}m.jp2"
            yield f"{band}_{step}m", {
                "href": f"s3://eodata/Sentinel-2/MSI/L2A/{path}", "type": "image/jp2",
                "alternate": {"https": {"href": f"https://zipper.example.com/{path}"}},
                "file:size": 115518666, "file:local_path": path, "data_type": "uint16",
                "proj:code": "EPSG:32633", "proj:shape": [109800 // step, 109800 // step],
                "proj:transform": [step, 0, 499980, 0, -step, 5400000], "nodata": 0,
                "raster:scale": 0.0001, "raster:offset": -0.1, "roles": ["data", f"gsd:{step}m"],
                "file:checksum": "16208e609ba9d387c26e881b080c68d330b04c2d85f1e7e94ca57817a36f814a",
            }  # fmt: skip


def copy_products(directory: Path, copies: int) -> int:
    """Copy the demo's products under other names; give their number."""
    originals = write_demo(directory.with_name("demo"), lambda _step: None)
    for number in range(copies):
        for original in originals:
            _copy(original, directory, 2000 + number)
    return copies * len(originals)


def _copy(original: Path, directory: Path, year: int) -> None:
    name = re.sub(r"_\d{4}(\d{4}T\d{6})", rf"_{year}\1", original.name)
    for path in original.rglob("*"):
        copy = directory / name / path.relative_to(original)
        if path.is_dir():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not path.name.startswith("MTD_MSI"):
            copy.hardlink_to(path)
            continue
        text = path.read_text().replace(original.name, name)
        text = re.sub(r"(<(?:PRODUCT_START_TIME|GENERATION_TIME)>)\d{4}", rf"\g<1>{year}", text)
        copy.write_text(re.sub(r'(datatakeIdentifier="GS2[A-D]_)\d{4}', rf"\g<1>{year}", text))


if __name__ == "__main__":
    main()
