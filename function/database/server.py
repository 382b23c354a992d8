"""Runs PostgreSQL's programs on the files of one private cluster."""

import os
import shlex
import shutil
import signal
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from function.database.account import Account, server_account
from function.database.place import SOCKET
from function.database.processes import postmaster_process, server_processes
from function.database.programs import Programs, find_programs
from function.errors import OperatorError


class Login(StrEnum):
    """Whom a command is to the database.

    Whoever reaches the socket may be any of them: the directory lets in only the account that runs
    the server, and root. That a command is no more than it needs guards against its own mistakes.
    """

    OWNER = "sentinel_ows"  # the cluster's superuser
    INGEST = "sentinel_ows_ingest"
    SERVE = "sentinel_ows_serve"


# Groups get their rights as the schema is migrated: catalog-sql/functions/grant_roles.sql.
CREATE_LOGINS = """
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY[
        'sentinel_ows_server NOLOGIN',
        'sentinel_ows_serve LOGIN IN ROLE sentinel_ows_server',
        'sentinel_ows_writer NOLOGIN',
        'sentinel_ows_ingest LOGIN IN ROLE sentinel_ows_writer'
    ]
    LOOP
        BEGIN
            EXECUTE 'CREATE ROLE ' || role;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL;
        END;
    END LOOP;
END
$$
"""
# Replaying the log after a crash can take as long as the last checkpoint is old: 5 minutes.
START_SECONDS = 300

SETTINGS = {
    "listen_addresses": "",  # the socket alone: nothing on the network to guard
    "unix_socket_directories": "..",  # the place, as seen from the data directory
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",  # footprints and times of about 100 000 scenes stay in memory
    "work_mem": "16MB",  # a search sorts thousands of scenes without touching the disk
    "random_page_cost": "1.1",  # in memory or on an SSD; the default of 4 shuns the indexes
    # Both help queries of seconds. A search takes milliseconds, less than either needs to begin.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "log_min_duration_statement": "1000",  # milliseconds: the whole of a map's target
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class ClusterError(OperatorError):
    """The private cluster cannot do what was asked; the message says why."""


class ClusterAbsentError(ClusterError):
    """There is no cluster yet."""


@dataclass(frozen=True, slots=True)
class Server:
    """The server over the files in ``place``, run by ``account`` with ``programs``."""

    place: Path
    account: Account
    programs: Programs

    @classmethod
    def of(cls, place: Path) -> "Server":
        """Take the account that owns ``place`` and the version that made what is in it.

        Raises:
            AccountError: ``place`` is another user's.
            ProgramsMissingError: that version is not installed.
        """
        account = server_account(owner=place.stat().st_uid)
        try:
            version = int((place / "data" / "PG_VERSION").read_text())
        except FileNotFoundError:
            version = None
        return cls(place, account, find_programs(version))

    @property
    def data(self) -> Path:
        return self.place / "data"

    @property
    def log(self) -> Path:
        return self.place / "log"

    def exists(self) -> bool:
        return self.data.exists()

    def lives(self) -> bool:
        """Tell whether any of its processes lives, be it only an orphan of a killed server."""
        return bool(server_processes(self.data))

    def accepts(self) -> bool:
        """Tell whether it takes connections."""
        arguments = [self.programs.path("pg_isready"), f"--host={self.place}", "--quiet"]
        return self.lives() and self.account.run(arguments).returncode == 0

    def initialise(self) -> None:
        """Make the data directory; one that was left half-made is made anew."""
        unfinished = self.place / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._run(
            "initdb",
            f"--pgdata={unfinished}",
            f"--username={Login.OWNER}",
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
        )
        unfinished.rename(self.data)

    def launch(self) -> None:
        """Start it and wait until it takes connections. None of its processes may live.

        What a killed server left behind is removed first: PostgreSQL takes a recorded process id
        that belongs to somebody else now for a running server, and refuses to start.
        """
        for remains in ("data/postmaster.pid", SOCKET, f"{SOCKET}.lock"):
            (self.place / remains).unlink(missing_ok=True)
        said_before = self.log.stat().st_size if self.log.exists() else 0
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        # pg_ctl passes on to a shell what it is given, and gets paths with a $ wrong: so it is
        # given none but from here, and the server, which works in its data directory, from there.
        launched = self.account.run(
            [
                self.programs.path("pg_ctl"),
                "start",
                "--pgdata=data",
                "--log=log",
                f"--options={shlex.join(options)}",
                f"--timeout={START_SECONDS}",
                "--wait",
            ],
            self.place,
        )
        if launched.returncode != 0:
            said = self.log.read_bytes()[said_before:] if self.log.exists() else b""
            raise ClusterError(
                f"pg_ctl failed: {launched.stderr.strip()}\n{said.decode(errors='replace').strip()}"
            )

    def create_database(self, name: str) -> None:
        """Create an empty database unless it is there."""
        session = (f"--host={self.place}", f"--username={Login.OWNER}")
        listed = self._run("psql", *session, "--no-psqlrc", "--list", "--tuples-only", "--no-align")
        if name not in {line.split("|")[0] for line in listed.splitlines()}:
            self._run("createdb", *session, name)

    def create_logins(self) -> None:
        """Create the logins and their groups unless they are there."""
        session = (f"--host={self.place}", f"--username={Login.OWNER}", "--dbname=postgres")
        self._run("psql", *session, "--no-psqlrc", "--quiet", f"--command={CREATE_LOGINS}")

    def interrupt(self) -> None:
        """Ask it to end all sessions, write everything and exit (a fast shutdown)."""
        postmaster = postmaster_process(self.data)
        if postmaster is not None:
            os.kill(postmaster, signal.SIGINT)

    def _run(self, program: str, *arguments: str) -> str:
        done = self.account.run([self.programs.path(program), *arguments])
        if done.returncode != 0:
            said = done.stderr.strip() or done.stdout.strip()
            raise ClusterError(f"{program} failed: {said}")
        return done.stdout
