"""``sentinel-ows remove``: takes products out of the catalogue. Their files stay as they are."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import islice

from function.catalogue.holdings import PAGE, Filter, Holdings, Removal
from function.command.catalogue_pool import open_pool
from function.command.running_catalogue import running_catalogue
from function.command.scene_filter import add_filters, read_filter
from function.database.server import Login
from function.errors import UsageError
from function.settings import Settings

SOME_UNKNOWN = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take names, or which products are meant, and whether it is meant seriously."""
    parser.description = (
        "Remove products from the catalogue; their files are not touched. Without --yes it only"
        " tells what would go. An older generation that a removed product had replaced is served"
        " again. Exits with 1 where the catalogue does not hold a product that is named."
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="a product's name")
    add_filters(parser)
    parser.add_argument("--yes", action="store_true", help="do it")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Remove, or tell what would be removed."""
    wanted = read_filter(arguments)
    if bool(arguments.names) == (wanted != Filter()):
        raise UsageError("name products, or say which are meant by --collection, --before, …")
    with (
        running_catalogue(settings, Login.INGEST) as running,
        open_pool(running.database_url) as pool,
    ):
        holdings = Holdings(pool)
        names = [name.removesuffix(".SAFE") for name in arguments.names]
        held = holdings.held(names)
        unknown = [name for name in names if name not in held]
        for name in unknown:
            print(f"sentinel-ows: the catalogue holds no scene {name}", file=sys.stderr)
        meant = iter(sorted(held)) if names else (each.name for each in holdings.find(wanted))
        counts = _remove(holdings, meant) if arguments.yes else _tell(meant)
    print(json.dumps({"summary": counts}) if not sys.stdout.isatty() else _sentence(counts))
    return SOME_UNKNOWN if unknown else 0


def _remove(holdings: Holdings, meant: Iterator[str]) -> dict[str, int]:
    """Remove page by page, each in a transaction; what was removed stays so."""
    counts = {"removed": 0, "restored": 0}
    # A page is found after the last name of the one before, which need not be there any more.
    while page := list(islice(meant, PAGE)):
        removal = holdings.remove(page)
        for change, names in _changes(removal):
            counts[change] += len(names)
            _print_each(change, names)
    return counts


def _tell(meant: Iterator[str]) -> dict[str, int]:
    count = 0
    for name in meant:
        _print_each("would be removed", [name])
        count += 1
    return {"would be removed": count}


def _changes(removal: Removal) -> Sequence[tuple[str, Sequence[str]]]:
    return ("removed", removal.removed), ("restored", removal.restored)


def _print_each(change: str, names: Sequence[str]) -> None:
    for name in names:
        line = (
            f"{change}: {name}"
            if sys.stdout.isatty()
            else json.dumps({"product": name, "change": change})
        )
        print(line)


def _sentence(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {change}" for change, count in counts.items())
