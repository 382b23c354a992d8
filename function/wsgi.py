"""The application for any WSGI server: ``gunicorn --threads 4 'function.wsgi:application()'``."""

import atexit
from typing import TYPE_CHECKING

from function.own_threads import compute_alone
from function.settings import Settings
from function.telemetry import configure_logging

if TYPE_CHECKING:
    from function.edge.application import Application


def application() -> "Application":
    """Compose and start the service from the environment, in the process that is to answer."""
    compute_alone()
    # What it tells is heard by libraries only before they are imported.
    from function.composition import compose  # noqa: PLC0415

    configure_logging()
    service = compose(Settings.from_environment())
    service.start()
    atexit.register(service.close)
    return service.application
