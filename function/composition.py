"""Builds everything and wires it together; nothing else knows every part."""

import os
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

from function.answer import RequestPath
from function.catalogue.pool import CataloguePool
from function.catalogue.search import SceneCatalogue
from function.edge.application import Application, create_application
from function.mapserver.server import MapServer
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.reader import SceneReader
from function.settings import PREFIX, Settings, SettingsError
from function.telemetry import Telemetry


@dataclass(frozen=True, slots=True)
class Service:
    """The application and what it needs running: connections, decoding threads, exporters.

    Made before the fork or after, started after: threads and connections do not survive one.
    """

    application: Application
    pool: CataloguePool
    decoder: GdalDecoder
    workers: Executor
    telemetry: Telemetry

    def start(self) -> None:
        """Open the connections and begin to export; the workers start with the first map."""
        self.telemetry.start()
        self.pool.open()

    def close(self) -> None:
        """Stop the workers, close connections and files, and send what telemetry is left."""
        self.workers.shutdown(cancel_futures=True)
        self.decoder.close()
        self.pool.close()
        self.telemetry.close()


def compose(settings: Settings) -> Service:
    """Build the service; raises SettingsError without a database, and the mapfile's own errors."""
    if not settings.database_url:
        raise SettingsError(f"{PREFIX}DATABASE_URL is not set")
    telemetry = Telemetry()
    pool = CataloguePool(settings.database_url, settings.database_connections)
    catalogue = SceneCatalogue(pool)
    decoder = GdalDecoder()
    # Decoding is all computation: more threads than CPUs would only take turns.
    workers = ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="decode")
    path = RequestPath(
        catalogue,
        SceneReader(decoder, workers),
        MapServer(settings.mapfile, settings.database_url),
        settings,
    )
    application = create_application(path, catalogue.ready, telemetry, settings)
    return Service(application, pool, decoder, workers, telemetry)
