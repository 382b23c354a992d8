"""The application for any WSGI server: ``gunicorn --threads 4 'function.wsgi:application()'``."""

import atexit
from dataclasses import replace
from typing import TYPE_CHECKING

from function.own_threads import compute_alone
from function.settings import Settings
from function.telemetry import configure_logging

if TYPE_CHECKING:
    from function.edge.application import Application


def application() -> "Application":
    """Compose and start the service from the environment, in the process that is to answer.

    It is a service of its own: it knows of no other process that the server may run.
    """
    compute_alone()
    # What it tells is heard by libraries only before they are imported.
    from function.composition import compose  # noqa: PLC0415

    configure_logging()
    service = compose(replace(Settings.from_environment(), processes=1))
    service.start()
    atexit.register(service.close)
    return service.application
