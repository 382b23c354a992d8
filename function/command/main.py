"""The command ``sentinel-ows``: finds the subcommand, reads the settings, reports failures."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

from function.errors import OperatorError, OwsError, UsageError
from function.own_threads import compute_alone
from function.settings import Settings, SettingsError

PROGRAM = "sentinel-ows"
# Each is a module of this package with `add_arguments` and `run`. Only the one that is asked for
# is imported: `database status` must not wait for the libraries that `serve` needs.
SUBCOMMANDS = {
    "run": "bring up the private database and the demo, then serve",
    "serve": "serve maps over HTTP",
    "check": "tell what is wrong with a mapfile",
    "migrate": "bring the catalogue's schema up to date",
    "ingest": "catalogue products",
    "list": "list what the catalogue holds",
    "show": "show all that the catalogue holds of a product",
    "remove": "remove products from the catalogue",
    "demo": "write the demo products",
    "database": "start, stop or inspect the private database",
}
FAILED = 1
MISUSED = 2  # as argparse exits for arguments that do not parse
INTERRUPTED = 130  # 128 + SIGINT, as a shell reports it
UNHEARD = 141  # 128 + SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit code."""
    compute_alone()
    words = sys.argv[1:] if argv is None else list(argv)
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Maps and numbers (WMS, WCS, STAC) straight from Copernicus Sentinel archives.",
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {version(PROGRAM)}")
    subparsers = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
    offered = {
        name: subparsers.add_parser(name, help=text, description=text.capitalize() + ".")
        for name, text in SUBCOMMANDS.items()
    }
    try:
        if words and words[0] in offered:
            subcommand = import_module(f"function.command.{words[0]}")
            subcommand.add_arguments(offered[words[0]])
        arguments = parser.parse_args(words)
        code: int = subcommand.run(arguments, Settings.from_environment())
        sys.stdout.flush()
    except (OperatorError, OwsError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return MISUSED if isinstance(error, SettingsError | UsageError) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has gone: nor can the interpreter tell it more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNHEARD
    return code
