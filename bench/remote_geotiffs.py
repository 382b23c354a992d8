"""Whole GetMap requests over cloud-optimised GeoTIFFs on S3, with 30 ms of delay a round trip.

    python -m bench.remote_geotiffs [--delay 0.03]

The maps, and what is told of them, are those of ``bench.remote_reads`` of the first date: here
the catalogue names a conversion of each image at 10 m, and no other image. *First* is the first map
of a product, of whose files nothing is known.
"""

import argparse
import json
import sys
from collections.abc import Collection
from dataclasses import asdict, replace
from pathlib import Path

import psycopg

from bench.archive import make_archive
from bench.cloud_optimised import convert_all
from bench.delayed_archive import BUCKET, DELAY_SECONDS, delayed_archive
from bench.full_size_products import SIZE
from bench.map_cases import CASES, ONE_DATE, Site
from bench.remote_reads import Figures, as_table, catalogue, measure
from bench.report import RESULTS, circumstances, write

BANDS = ("B02", "B03", "B04", "B08", "TCI")
FOLDER = "cog"


def name_conversions(url: str, converted: Collection[str]) -> None:
    """Have the catalogue name the conversions, and nothing of which there is none."""
    with psycopg.connect(url) as connection:
        for name, text in connection.execute("SELECT name, assets FROM scenes").fetchall():
            document = json.loads(text)
            for asset in document["assets"]:
                asset["path"] = f"{name}_{Path(asset['path']).stem}.tif"
            document["assets"] = [
                asset for asset in document["assets"] if asset["path"] in converted
            ]
            document["root"] = f"s3://{BUCKET}/{FOLDER}/"
            connection.execute(
                "UPDATE scenes SET assets = %s WHERE name = %s", (json.dumps(document), name)
            )


def main() -> None:
    """Parse the command line, measure, and print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=Path, default=Path(".cache/bench"))
    parser.add_argument("--size", type=int, default=SIZE, help="pixels of a 10 m image")
    parser.add_argument("--delay", type=float, default=DELAY_SECONDS, help="seconds")
    parser.add_argument("--only", default="", help="the cases whose names begin so")
    parser.add_argument("--keep", action="store_true", help="keep the figures in bench/results/")
    arguments = parser.parse_args()
    directory = arguments.directory.resolve()
    archive = make_archive(directory, arguments.size)
    day = ONE_DATE.replace("-", "")
    products = tuple(product for product in archive.products if f"_{day}T" in product.name)
    images = [
        image
        for product in products
        for band in BANDS
        for image in product.glob(f"GRANULE/*/IMG_DATA/R10m/*_{band}_10m.jp2")
    ]
    converted = {copy.name for copy in convert_all(images, directory / FOLDER).values()}
    cases = [
        case
        for case in CASES
        if case.dates == ONE_DATE and not case.pans and case.name.startswith(arguments.only)
    ]
    figures: list[Figures] = []
    with (
        delayed_archive(directory, arguments.delay) as store,
        catalogue(directory, replace(archive, products=products)) as url,
    ):
        name_conversions(url, converted)
        for case in cases:
            figures += measure(case, store, directory, url, Site.of(arguments.size))
            print(as_table(figures[-2:]), file=sys.stderr, flush=True)
    text = as_table(figures)
    print(f"{circumstances()}\n\n{text}")
    results = RESULTS if arguments.keep else directory / "results"
    write("remote_geotiffs", [asdict(each) for each in figures], text, results)


if __name__ == "__main__":
    main()
