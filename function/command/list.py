"""``sentinel-ows list``: what the catalogue holds."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence

from function.catalogue.holdings import Holding, Holdings, described
from function.command.catalogue_pool import open_pool
from function.command.running_catalogue import running_catalogue
from function.command.scene_filter import add_filters, read_filter
from function.database.server import Login
from function.settings import Settings

LIMIT = 100  # a few screens
HEADS = ("ACQUIRED", "CELL", "CLOUD", "IMAGES", "", "NAME")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take which products are meant, and how many to list."""
    parser.description = (
        "List products, the latest first: a table on a terminal, else a line of JSON each. Those"
        " that a newer generation has replaced are listed too, and marked."
    )
    add_filters(parser)
    parser.add_argument(
        "--limit",
        metavar="N",
        type=int,
        default=LIMIT,
        help=f"no more than N products, {LIMIT} if not given; 0 means all",
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """List what is meant."""
    with (
        running_catalogue(settings, Login.SERVE) as running,
        open_pool(running.database_url) as pool,
    ):
        found = Holdings(pool).find(read_filter(arguments), arguments.limit or None)
        if sys.stdout.isatty():
            print_table(list(found))
        else:
            for holding in found:
                print(json.dumps(described(holding)))
    return 0


def print_table(holdings: Iterable[Holding]) -> None:
    """Print a line each, in columns."""
    rows: list[Sequence[str]] = [HEADS, *(_cells(holding) for holding in holdings)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _cells(holding: Holding) -> Sequence[str]:
    cloud = "" if holding.cloud_cover is None else f"{holding.cloud_cover:.0f} %"
    return (
        f"{holding.acquired:%Y-%m-%d %H:%M:%S}",
        holding.cell,
        cloud,
        str(holding.images),
        "replaced" if holding.superseded else "",
        holding.name,
    )
