"""``sentinel-ows check``: tells everything that is wrong with a mapfile."""

import argparse
from pathlib import Path

from function.mapserver.mapfile import load_mapfile
from function.settings import Settings

# Nothing connects to it: layers are checked, not drawn.
NO_DATABASE = "postgresql:///"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the mapfile's path."""
    parser.description = (
        "Check a mapfile as the service does when it starts. Everything that is wrong is told, each"
        " with file, layer and key; the exit code is then 1. Needs no database."
    )
    parser.add_argument(
        "mapfile",
        metavar="MAPFILE",
        nargs="?",
        type=Path,
        help="by default the one that is published",
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Check, and tell how many layers there are; raises MapfileError for what is wrong."""
    path = arguments.mapfile or settings.mapfile
    publication = load_mapfile(path, NO_DATABASE).publication
    fed = publication.archive_layers
    maps = publication.layers
    print(
        f"{path}: {len(maps)} layers, {len(fed.keys() & set(maps))} of them fed from the archive,"
        f" and {len(publication.coverages)} coverages"
    )
    return 0
