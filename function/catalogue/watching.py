"""Learns at once of changes of the catalogue, so that requests need not ask for them."""

import logging
import os
import select
import threading
from collections.abc import Callable

import psycopg
from psycopg.rows import TupleRow

from function.catalogue.pool import CONNECT_SECONDS, NETWORK
from function.errors import CatalogueUnavailableError, DeadlineExceededError

# What apply_changed_cells.sql notifies.
LISTEN = "LISTEN sentinel_ows_catalogue"
# Ingest commits up to hundreds of times a second: all of a tenth of a second count as one change.
PAUSE_SECONDS = 0.1

log = logging.getLogger("sentinel_ows.catalogue")


class CatalogueWatcher:
    """Calls ``renew`` as it starts, on every change, and every ``poll_seconds`` in any case.

    A thread of its own listens over a connection of its own. Where that cannot be had, where it
    is lost, and behind a pooler in transaction mode, which takes LISTEN but forwards nothing,
    polling is what remains; without ``listen`` no connection is made. Failures of ``renew`` are
    its own to keep.
    """

    def __init__(
        self, url: str, renew: Callable[[], None], poll_seconds: float, listen: bool = True
    ) -> None:
        self._url = url
        self._renew = renew
        self._poll_seconds = poll_seconds
        self._listen = listen
        self._connection: psycopg.Connection[TupleRow] | None = None
        self._thread: threading.Thread | None = None
        self._stop_reader = self._stop_writer = -1

    def start(self) -> None:
        """Start watching; returns at once whether or not the catalogue is there."""
        self._stop_reader, self._stop_writer = os.pipe()
        self._thread = threading.Thread(target=self._watch, name="catalogue watcher", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching; nothing happens where it was not started."""
        if self._thread is None:
            return
        os.close(self._stop_writer)
        self._thread.join()
        os.close(self._stop_reader)
        self._thread = None

    def _watch(self) -> None:
        try:
            stopped = False
            while not stopped:
                self._connect()
                self._try_renew()
                stopped = self._wait(PAUSE_SECONDS, None) or self._await_change()
        finally:
            self._disconnect()

    def _connect(self) -> None:
        """Listen, before the state is read: what changes after that is told."""
        if not self._listen or self._connection is not None:
            return
        try:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                prepare_threshold=None,
                connect_timeout=CONNECT_SECONDS,
                **NETWORK,  # type: ignore[arg-type]
            )
            self._connection.execute(LISTEN)
        except psycopg.Error as error:
            log.warning("changes of the catalogue are polled for: %s", error)
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _try_renew(self) -> None:
        try:
            self._renew()
        except (CatalogueUnavailableError, DeadlineExceededError) as error:
            log.warning("the state of the catalogue cannot be read: %s", error)

    def _await_change(self) -> bool:
        """Wait for a change, or until it is time to look for one; True when told to stop."""
        if self._wait(self._poll_seconds, self._connection):
            return True
        if self._connection is not None:
            try:
                for _ in self._connection.notifies(timeout=0):
                    pass  # whatever they tell, the state is read anew
            except psycopg.Error as error:
                log.warning("the connection that tells of changes is lost: %s", error)
                self._disconnect()
        return False

    def _wait(self, seconds: float, connection: psycopg.Connection[TupleRow] | None) -> bool:
        """Wait until something comes over ``connection``; True when told to stop."""
        ready = select.poll()
        ready.register(self._stop_reader, select.POLLIN)
        if connection is not None:
            ready.register(connection.fileno(), select.POLLIN)
        events = ready.poll(1000 * seconds)
        return any(descriptor == self._stop_reader for descriptor, _ in events)
