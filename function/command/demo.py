"""``sentinel-ows demo``: writes the demo products. Running it again changes nothing."""

import argparse
import shutil
import sys
from pathlib import Path

from function.demo.products import Step, write_demo
from function.errors import OperatorError
from function.settings import Settings

DIRECTORY = "demo"
TO_LINE_START = "\r\x1b[2K"  # and erase it: every terminal since the VT100
TELLINGS = 10  # lines of progress where no terminal shows it: one for every tenth


class DemoUnwritableError(OperatorError):
    """The directory does not take the demo's files."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the directory to write to."""
    parser.description = (
        "Write five small synthetic Sentinel-2 products: L2A of two grid cells that overlap, on two"
        " days, and L1C of one. The land is invented. Prints the directory of each product."
    )
    parser.add_argument(
        "directory",
        metavar="DIRECTORY",
        nargs="?",
        type=Path,
        help="where to write; demo/ in the state directory if none is given",
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Write what is missing and print where each product lies."""
    directory = arguments.directory or settings.state_dir / DIRECTORY
    report = show_step if sys.stderr.isatty() else tell_step
    try:
        products = write_demo(directory, report)
    except OSError as error:
        raise DemoUnwritableError(f"the demo cannot be written to {directory}: {error}") from error
    if sys.stderr.isatty():
        print(TO_LINE_START, end="", file=sys.stderr, flush=True)
    for product in products:
        print(product)
    return 0


def show_step(step: Step) -> None:
    """Count up on one line of the terminal."""
    width = shutil.get_terminal_size().columns - 1
    line = f"demo products: {step.done} of {step.total}  {step.what}"
    print(f"{TO_LINE_START}{line[:width]}", end="", file=sys.stderr, flush=True)


def tell_step(step: Step) -> None:
    """Write a line for every tenth of the work."""
    if step.done * TELLINGS // step.total != (step.done - 1) * TELLINGS // step.total:
        print(f"demo products: {step.done} of {step.total}", file=sys.stderr, flush=True)
