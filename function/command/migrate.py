"""``sentinel-ows migrate``: brings the catalogue's schema up to date. Safe at any time."""

import argparse
import sys

from function.catalogue.migrations import migrate
from function.command.running_catalogue import running_catalogue
from function.database.server import Login
from function.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no arguments: the settings say which database and which files."""
    parser.description = (
        "Apply to the catalogue's database what it lacks of the schema. Two at once follow one"
        " another; a database that is up to date is left as it is."
    )


def run(_arguments: argparse.Namespace, settings: Settings) -> int:
    """Migrate, and say what was applied."""
    with running_catalogue(settings, Login.OWNER) as running:
        migrated = migrate(running.database_url, running.catalog_sql)
    for name in (*migrated.migrations, *migrated.functions):
        print(f"applied {name}")
    if not migrated.migrations and not migrated.functions:
        print("up to date")
    for role in migrated.missing_roles:
        print(
            f"There is no role {role}, and this one may not make it. Nothing but least privilege"
            f" needs it: let an administrator `CREATE ROLE {role} NOLOGIN`, then migrate again.",
            file=sys.stderr,
        )
    return 0
