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


def make_place(state_dir: Path, elsewhere: Path | None = None) -> Path:
    """Make the directory of the cluster's files and socket, owned by the account that runs it.

    It is ``database`` in ``state_dir`` where the account can reach that (within root's home it
    cannot) and PostgreSQL's clients take it as a socket's. Else it is a directory of this
    ``state_dir``'s own ``elsewhere``, by default in /var/lib or, without root, in the home
    directory; ``database`` is then a link to it.

    Raises:
        PlaceError: neither can be made.
        AccountError: there is no account to own it.
    """
    found = find_place(state_dir)
    if found is not None:
        return found
    account = server_account()
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        place = state_dir.resolve() / NAME
        place.unlink(missing_ok=True)
        if _may_hold_socket(place) and _hand_over(place, account):
            return place
        home_state = account.home / ".local" / "state" / "sentinel-ows"
        base = elsewhere or (SYSTEM_DIRECTORY if account.assumed else home_state)
        key = hashlib.sha256(os.fsencode(place)).hexdigest()[:16]
        outside = base / key
        if not base.exists():
            base.mkdir(parents=True)
            base.chmod(0o755)  # whatever the umask: the account must pass
        if not (_may_hold_socket(outside) and _hand_over(outside, account)):
            raise PlaceError(f"the database's account cannot use {place}, nor {outside}")
        place.symlink_to(outside)
    except OSError as error:
        raise PlaceError(f"the database's directory cannot be made: {error}") from error
    return outside


def _may_hold_socket(place: Path) -> bool:
    # To libpq a comma separates hosts, and nothing escapes it.
    return len(os.fsencode(place / SOCKET)) <= SOCKET_PATH_LIMIT and "," not in str(place)


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
