"""The account that the database's processes run as: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from function.errors import OperatorError

# Debian's postgresql-common creates it.
SERVER_ACCOUNT = "postgres"


class AccountError(OperatorError):
    """There is no account that the database could run as."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the system. ``assumed`` tells that we are root and step down to it."""

    uid: int
    gid: int
    home: Path
    assumed: bool

    def run(
        self, arguments: Sequence[str], directory: Path = Path("/")
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this user in ``directory``, its output and errors captured.

        It sees nothing of our environment: a PGDATA or PGHOST set there means another server.
        """
        return subprocess.run(
            arguments,
            user=self.uid if self.assumed else None,
            group=self.gid if self.assumed else None,
            extra_groups=[] if self.assumed else None,
            cwd=directory,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def can_write(self, directory: Path) -> bool:
        """Tell whether the account reaches ``directory`` and may write in it."""
        return self.run(["test", "-w", str(directory)]).returncode == 0


def server_account(owner: int | None = None) -> Account:
    """Choose who runs the server: ourselves, or for root the ``owner`` of its files.

    Without an ``owner``, or where that is root, root steps down to Debian's account for
    PostgreSQL.

    Raises:
        AccountError: the account does not exist, or the files are another user's.
    """
    user = os.geteuid()
    assumed = user == 0
    if not assumed and owner not in {None, user}:
        raise AccountError(
            f"the database belongs to user {owner}: run this as root or as that user"
        )
    wanted = (owner or SERVER_ACCOUNT) if assumed else user
    try:
        entry = pwd.getpwnam(wanted) if isinstance(wanted, str) else pwd.getpwuid(wanted)
    except KeyError as error:
        raise AccountError(
            f"the database cannot run as user {wanted}, for the system has no such account"
        ) from error
    return Account(entry.pw_uid, entry.pw_gid, Path(entry.pw_dir), assumed)
