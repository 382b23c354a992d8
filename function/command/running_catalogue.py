"""The catalogue's database, up for as long as a command needs it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from function.database.cluster import PrivateCluster
from function.database.server import Login
from function.settings import Settings


@contextmanager
def running_catalogue(settings: Settings, login: Login) -> Iterator[Settings]:
    """Give the settings with the URL of a database that runs.

    Without a URL set that is the private cluster, for ``login``. It is stopped at the end if this
    started it, but never by a process that was forked meanwhile.
    """
    if settings.database_url:
        yield settings
        return
    cluster = PrivateCluster(settings.state_dir)
    process = os.getpid()
    started = cluster.start()
    try:
        yield replace(settings, database_url=cluster.url_for(login))
    finally:
        if started and os.getpid() == process:
            cluster.stop()
