"""Arguments that say which scenes of the catalogue are meant."""

import argparse
from datetime import datetime

from function.catalogue.holdings import Filter
from function.errors import InvalidTimeError
from function.parse.times import read_times
from function.search import TimeRange


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Take a collection, a time, a box and a grid cell."""
    parser.add_argument("--collection", metavar="NAME", help="such as sentinel-2-l2a")
    parser.add_argument("--cell", metavar="CELL", help="such as 29UNU")
    parser.add_argument(
        "--time",
        metavar="TIME",
        type=times,
        default=(),
        help="as in requests: 2026-06, 2026-06-01/2026-06-30, also several with commas",
    )
    parser.add_argument(
        "--bbox",
        metavar=("WEST", "SOUTH", "EAST", "NORTH"),
        nargs=4,
        type=float,
        help="degrees; west is greater than east across the antimeridian",
    )
    parser.add_argument(
        "--before", metavar="TIME", type=beginning, help="acquired before, such as 2020-01-01"
    )


def read_filter(arguments: argparse.Namespace) -> Filter:
    """Make a filter of the arguments."""
    return Filter(
        arguments.collection,
        arguments.cell,
        arguments.time,
        tuple(arguments.bbox) if arguments.bbox else None,
        arguments.before,
    )


def times(text: str) -> tuple[TimeRange, ...]:
    """Read times as requests have them."""
    try:
        return read_times(text)
    except InvalidTimeError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def span(text: str) -> TimeRange:
    """Read one time or interval as requests have it."""
    ranges = times(text)
    if len(ranges) != 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no single time or interval")
    return ranges[0]


def beginning(text: str) -> datetime:
    """Read one time, which may be of a reduced precision, and give its first instant."""
    ranges = times(text)
    if len(ranges) != 1 or ranges[0].start is None or "/" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is no single time")
    return ranges[0].start
