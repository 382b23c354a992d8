"""The catalogue's database, up for as long as a command needs it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from function.catalogue.pool import CatalogueForbiddenError, CatalogueUnpreparedError
from function.database.cluster import PrivateCluster
from function.database.server import ClusterAbsentError, Login
from function.settings import PREFIX, Settings, SettingsError

STATE_DIR = f"{PREFIX}STATE_DIR"


@contextmanager
def running_catalogue(settings: Settings, login: Login) -> Iterator[Settings]:
    """Give the settings with the URL of a database that runs.

    Without a URL set that is the private cluster, for ``login``. Only its owner makes one where
    there is none: from another working directory the others would silently make a second. It is
    stopped at the end if this started it, but never by a process that was forked meanwhile.

    Raises SettingsError where there is none to be had, and what ``PrivateCluster.start`` does.
    """
    if settings.database_url:
        yield settings
        return
    cluster = PrivateCluster(settings.state_dir)
    process = os.getpid()
    try:
        started = cluster.start(make=login is Login.OWNER)
    except ClusterAbsentError as error:
        raise SettingsError(
            f"{error}: name another by {STATE_DIR}, run from the directory that has it, or make one"
            " here by `sentinel-ows migrate`"
        ) from error
    try:
        with _named(settings.state_dir):
            yield replace(settings, database_url=cluster.url_for(login))
    finally:
        if started and os.getpid() == process:
            cluster.stop()


@contextmanager
def _named(state_dir: Path) -> Iterator[None]:
    """Tell an operator, who is advised to migrate, which database is meant."""
    try:
        yield
    except (CatalogueUnpreparedError, CatalogueForbiddenError) as error:
        raise type(error)(f"{error} (with {STATE_DIR}={state_dir.absolute()})") from error
