"""Builds everything and wires it together; nothing else knows every part."""

from dataclasses import dataclass

from function.answer import RequestPath
from function.catalogue.pool import CataloguePool
from function.catalogue.search import SceneCatalogue
from function.edge.application import Application, create_application
from function.mapserver.server import MapServer
from function.scenes.reader import SceneReader
from function.settings import PREFIX, Settings, SettingsError
from function.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Service:
    """The application and what it needs running: connections and exporters.

    Made before the fork or after, started after: connections and threads do not survive one.
    """

    application: Application
    pool: CataloguePool
    telemetry: Telemetry

    def start(self) -> None:
        """Open the connections and begin to export."""
        self.telemetry.start()
        self.pool.open()

    def close(self) -> None:
        """Close the connections and send what is left."""
        self.pool.close()
        self.telemetry.close()


def compose(settings: Settings) -> Service:
    """Build the service; raises SettingsError without a database, and the mapfile's own errors."""
    if not settings.database_url:
        raise SettingsError(f"{PREFIX}DATABASE_URL is not set")
    telemetry = Telemetry()
    pool = CataloguePool(settings.database_url, settings.database_connections)
    catalogue = SceneCatalogue(pool)
    path = RequestPath(
        catalogue,
        SceneReader(),
        MapServer(settings.mapfile, settings.database_url),
        settings,
    )
    return Service(create_application(path, catalogue.ready, telemetry, settings), pool, telemetry)
