"""The application for any WSGI server: ``gunicorn --threads 4 'function.wsgi:application()'``."""

import atexit

from function.composition import compose
from function.edge.application import Application
from function.settings import Settings
from function.telemetry import configure_logging


def application() -> Application:
    """Compose and start the service from the environment, in the process that is to answer."""
    configure_logging()
    service = compose(Settings.from_environment())
    service.start()
    atexit.register(service.close)
    return service.application
