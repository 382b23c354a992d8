"""``sentinel-ows show``: all that the catalogue holds of products."""

import argparse
import json

from function.catalogue.holdings import Holdings
from function.command.catalogue_pool import open_pool
from function.command.running_catalogue import running_catalogue
from function.database.server import Login
from function.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the names of products."""
    parser.description = (
        "Show products as JSON: their images and grids, their footprint, and the other generations"
        " of the same acquisition. Exits with 1 where the catalogue does not hold one."
    )
    parser.add_argument("names", metavar="NAME", nargs="+", help="a product's name")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print a document for each name."""
    with (
        running_catalogue(settings, Login.SERVE) as running,
        open_pool(running.database_url) as pool,
    ):
        holdings = Holdings(pool)
        for name in arguments.names:
            print(json.dumps(holdings.show(name.removesuffix(".SAFE")), indent=2))
    return 0
