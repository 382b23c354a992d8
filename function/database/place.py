"""Where the private cluster's files lie."""

import hashlib
import os
from pathlib import Path

from function.database.account import Account, server_account
from function.errors import OperatorError

NAME = "database"
# The name of PostgreSQL's socket for its usual port. The port only makes this name: there is no
# other server in a directory of ours.
SOCKET = ".s.PGSQL.5432"
# sun_path of unix(7) has 108 bytes, the last of them zero.
SOCKET_PATH_LIMIT = 107
# Where root keeps the clusters of checkouts that the server's account cannot reach.
SYSTEM_DIRECTORY = Path("/var/lib/sentinel-ows")


class PlaceError(OperatorError):
    """The cluster's directory cannot be made."""


def find_place(state_dir: Path) -> Path | None:
    """Find the directory that ``make_place`` made, None where there is none yet."""
    place = state_dir.absolute() / NAME
    return place.resolve() if place.exists() else None


def make_place(state_dir: Path, elsewhere: Path = SYSTEM_DIRECTORY) -> Path:
    """Make the directory of the cluster's files and socket, owned by the account that runs it.

    It is ``database`` in ``state_dir`` where the account can reach that (a checkout in /root it
    cannot) and the socket's path is not too long; else a directory of this checkout's own
    elsewhere, which ``database`` then is a link to.

    Raises:
        PlaceError: neither can be made.
        AccountError: there is no account to own it.
    """
    place = state_dir.absolute() / NAME
    if place.exists():
        return place.resolve()
    account = server_account()
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        if _socket_fits(place) and _hand_over(place, account):
            return place
        base = elsewhere if account.assumed else account.home / ".local" / "state" / "sentinel-ows"
        key = hashlib.sha256(os.fsencode(place.resolve())).hexdigest()[:16]
        outside = base / key
        base.mkdir(parents=True, exist_ok=True)
        if not (_socket_fits(outside) and _hand_over(outside, account)):
            raise PlaceError(f"the database's account cannot use {place}, nor {outside}")
        place.symlink_to(outside)
    except OSError as error:
        raise PlaceError(f"the database's directory cannot be made: {error}") from error
    return outside


def _socket_fits(place: Path) -> bool:
    return len(os.fsencode(place / SOCKET)) <= SOCKET_PATH_LIMIT


def _hand_over(place: Path, account: Account) -> bool:
    """Give ``place`` to ``account`` and tell whether it can use it; take it away again if not."""
    made = not place.exists()
    place.mkdir(mode=0o700, exist_ok=True)
    if account.assumed:
        os.chown(place, account.uid, account.gid)
    usable = account.can_write(place)
    if made and not usable:
        place.rmdir()
    return usable
