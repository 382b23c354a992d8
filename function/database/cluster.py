"""A private PostgreSQL cluster with PostGIS: Debian's programs, a data directory of our own."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from function.database.place import find_place, make_place
from function.database.server import START_SECONDS, ClusterAbsentError, ClusterError, Login, Server

DATABASE = "sentinel_ows"
# A fast stop ends all sessions and then writes at most shared_buffers.
STOP_SECONDS = 60
POLL_SECONDS = 0.05


class ClusterState(StrEnum):
    ABSENT = "absent"  # never started
    STOPPED = "stopped"
    BUSY = "busy"  # its processes live, but it takes no connections: starting or stopping
    RUNNING = "running"


class PrivateCluster:
    """The cluster that belongs to ``state_dir``.

    The server runs as ourselves or, when we are root, as Debian's ``postgres``. It listens on a
    unix socket in its own directory. Every method works from any process: the state is on disk.
    """

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir.absolute()

    @property
    def url(self) -> str:
        """The catalogue's URL for its owner; raises as ``url_for``."""
        return self.url_for(Login.OWNER)

    def url_for(self, login: Login) -> str:
        """The catalogue's URL for one of its logins.

        Raises:
            ClusterAbsentError: the cluster was never started, so that its place is not known.
        """
        place = find_place(self._state_dir)
        if place is None:
            raise self._absent()
        return f"postgresql://{login}@/{DATABASE}?host={quote(str(place), safe='')}"

    def status(self) -> ClusterState:
        """Ask the processes themselves.

        Raises:
            AccountError: the cluster is another user's.
            ProgramsMissingError: the version that made the cluster is not installed.
        """
        place = find_place(self._state_dir)
        return ClusterState.ABSENT if place is None else _state(Server.of(place))

    def start(self, *, make: bool = True) -> bool:
        """Make the cluster where there is none, start it, and wait until it takes connections.

        True where this call started it. It is no mistake to start a cluster that runs, nor for
        two to start it at once.

        Raises:
            ClusterAbsentError: there is none, and ``make`` is False: nothing was written.
            ClusterError: PostgreSQL does not start; the message ends with what it said.
            ProgramsMissingError: PostgreSQL, or the version that made the cluster, is missing.
            PlaceError, AccountError: its directory or its account cannot be had.
        """
        if not make and find_place(self._state_dir) is None:
            raise self._absent()
        with self._alone():
            server = Server.of(make_place(self._state_dir))
            if not _wait(lambda: _state(server) is not ClusterState.BUSY, START_SECONDS):
                raise ClusterError(f"the database neither runs nor ends after {START_SECONDS} s")
            state = _state(server)
            if state is ClusterState.ABSENT:
                if not make:
                    raise self._absent()
                server.initialise()
                server = Server.of(server.place)
            if state is not ClusterState.RUNNING:
                server.launch()
            server.create_database(DATABASE)
            server.create_logins()
            return state is not ClusterState.RUNNING

    def stop(self) -> None:
        """End all sessions and stop the server; nothing happens where none runs.

        Raises:
            ClusterError: it does not stop.
            AccountError: the cluster is another user's.
        """
        if self.status() is ClusterState.ABSENT:
            return
        with self._alone():
            server = Server.of(make_place(self._state_dir))
            server.interrupt()
            if not _wait(lambda: not server.lives(), STOP_SECONDS):
                raise ClusterError(f"the database still runs after {STOP_SECONDS} s")

    def _absent(self) -> ClusterAbsentError:
        return ClusterAbsentError(f"there is no database in {self._state_dir} yet")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from starting or stopping the cluster meanwhile."""
        try:
            self._state_dir.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._state_dir / "database.lock", os.O_RDONLY | os.O_CREAT, 0o644)
        except OSError as error:
            raise ClusterError(f"the directory of the database cannot be used: {error}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _state(server: Server) -> ClusterState:
    if server.lives():
        return ClusterState.RUNNING if server.accepts() else ClusterState.BUSY
    return ClusterState.STOPPED if server.exists() else ClusterState.ABSENT


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until ``condition`` holds; False where it does not within ``seconds``."""
    end = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < end:
        time.sleep(POLL_SECONDS)
    return holds
