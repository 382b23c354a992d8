"""Connections to the catalogue, shared by the threads of a process."""

import select
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from function.deadline import Deadline
from function.errors import (
    CatalogueUnavailableError,
    DeadlineExceededError,
    ServiceStoppingError,
)

# How long a request waits for a connection before it is told that there is none. A healthy
# database gives one in milliseconds; a client that is to try elsewhere should learn of it soon.
BORROW_SECONDS = 2.0
# libpq's least is 2. Longer than that no new connection takes on a network that works.
CONNECT_SECONDS = 2
# After an outage the pool tries again with growing pauses. Giving up after this long keeps the
# pauses, and so the time until the service is back, short; the next request starts afresh.
RECONNECT_SECONDS = 4.0
# A plan takes up to 0.1 s. A table that is locked must not keep connections from those who do not
# read it, and who wait no longer than BORROW_SECONDS.
FIRST_QUERY_SECONDS = 1.0
# A statement without a deadline of its own: a search takes milliseconds.
STATEMENT_SECONDS = 10.0
# A dead peer is given up after 5 s: unacknowledged data, or 2 s of quiet and three lost probes.
NETWORK = {
    "keepalives": 1,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}
Parameters = Sequence[object] | Mapping[str, object]


class CatalogueForbiddenError(CatalogueUnavailableError):
    """The database role lacks a right; the message is PostgreSQL's, which says to what."""


class CatalogueUnpreparedError(CatalogueUnavailableError):
    """The database has no schema, or not all of it."""


class CataloguePool:
    """A pool of connections that is opened after the fork and repairs itself.

    It works through a pooler in transaction mode: no statement is prepared, no session state is
    kept, and each call of ``fetch`` is one transaction in one round trip.
    """

    def __init__(self, url: str, connections: int, first_query: str | None = None) -> None:
        """``first_query`` is run on each new connection, so that no request waits for its plan."""
        self._ended = False
        self._pool: ConnectionPool[psycopg.Connection[TupleRow]] = ConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            open=False,
            name="catalogue",
            timeout=BORROW_SECONDS,
            reconnect_timeout=RECONNECT_SECONDS,
            configure=partial(_prepare, first_query) if first_query else None,
            kwargs={
                "autocommit": True,
                "prepare_threshold": None,
                "connect_timeout": CONNECT_SECONDS,
                "cursor_factory": psycopg.ClientCursor,
                **NETWORK,
            },
        )

    def open(self) -> None:
        """Start connecting in the background; returns at once whether or not that succeeds."""
        self._pool.open(wait=False)

    def close(self) -> None:
        self._ended = True
        self._pool.close()

    def fetch(
        self, query: str, parameters: Parameters = (), deadline: Deadline | None = None
    ) -> list[TupleRow]:
        """Run one statement, bounded by ``deadline``, and return its rows.

        Raises:
            DeadlineExceededError: the deadline passed first.
            CatalogueUnavailableError: no connection within 2 s, the connection broke, the schema
                is not there (CatalogueUnpreparedError), or the role lacks a right to it
                (CatalogueForbiddenError).
            ServiceStoppingError: the pool is closed.
        """
        with self._borrow(deadline) as connection, connection.cursor() as cursor:
            milliseconds = _milliseconds_left(deadline)
            # One message: both statements are one transaction, which LOCAL ends with.
            cursor.execute(
                # The query is this package's own text; what varies comes as parameters.
                f"SET LOCAL statement_timeout = {milliseconds}; {query}".encode(),
                parameters,
            )
            cursor.nextset()
            return cursor.fetchall()

    @contextmanager
    def _borrow(self, deadline: Deadline | None) -> Iterator[psycopg.Connection[TupleRow]]:
        wait = BORROW_SECONDS
        if deadline is not None:
            deadline.check("search")
            wait = min(wait, deadline.remaining())
        try:
            connection = self._get_live(time.monotonic() + wait)
            try:
                yield connection
            finally:
                self._pool.putconn(connection)
        except psycopg.errors.QueryCanceled as error:
            raise DeadlineExceededError("the catalogue's answer took too long") from error
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction) as error:
            raise CatalogueUnpreparedError(
                "the catalogue has not been set up yet: run `sentinel-ows migrate`"
            ) from error
        except (
            psycopg.errors.InsufficientPrivilege,
            psycopg.errors.ReadOnlySqlTransaction,
        ) as error:
            raise CatalogueForbiddenError(
                f"{error.diag.message_primary}: `sentinel-ows migrate` gives groups their rights"
            ) from error
        except (PoolTimeout, PoolClosed, psycopg.OperationalError) as error:
            if self._ended:
                raise ServiceStoppingError from error
            if deadline is not None:
                deadline.check("search")
            raise CatalogueUnavailableError("the catalogue cannot be reached now") from error

    def _get_live(self, end: float) -> psycopg.Connection[TupleRow]:
        """Wait until ``end`` for a connection that the server has not closed."""
        while True:
            connection = self._pool.getconn(timeout=end - time.monotonic())
            if _is_live(connection):
                return connection
            self._pool.putconn(connection)
            # What closed one, a restart, has closed its fellows too.
            self._pool.check()


def _prepare(query: str, connection: psycopg.Connection[TupleRow]) -> None:
    # Without a schema, or rights to it, or time, the connection is as good: whoever asks is told.
    with suppress(psycopg.ProgrammingError, psycopg.errors.QueryCanceled):
        milliseconds = round(FIRST_QUERY_SECONDS * 1000)
        connection.execute(f"SET LOCAL statement_timeout = {milliseconds}; {query}".encode())


def _is_live(connection: psycopg.Connection[TupleRow]) -> bool:
    """Tell without a round trip: from a server that is there, an idle connection is silent."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if not poll.poll(0):
        return True
    try:
        ConnectionPool.check_connection(connection)
    except psycopg.OperationalError:
        return False
    return True


def _milliseconds_left(deadline: Deadline | None) -> int:
    if deadline is None:
        return round(STATEMENT_SECONDS * 1000)
    deadline.check("search")
    return max(1, round(deadline.remaining() * 1000))
