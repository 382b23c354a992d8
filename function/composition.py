"""Builds everything and wires it together; nothing else knows every part."""

import sys
from dataclasses import dataclass

from function.answer import RequestPath
from function.catalogue.codestream_indexes import CodestreamIndexes
from function.catalogue.listing import SceneListing
from function.catalogue.pool import CataloguePool
from function.catalogue.search import FIRST_SEARCH, SceneCatalogue
from function.catalogue.watching import CatalogueWatcher
from function.container import read_container
from function.edge.application import Application, create_application
from function.mapserver.server import MapServer
from function.scenes.access.archive import AccessLimits, Archive
from function.scenes.coverage_answer import answer_coverage
from function.scenes.ending_threads import EndingThreads
from function.scenes.gdal import bound_block_cache
from function.scenes.gdal_decoder import GdalDecoder
from function.scenes.geotiff.decoder import BlockDecoder
from function.scenes.jpeg2000.codestream_choice import choose_codestreams
from function.scenes.jpeg2000.decoder import Caches, PacketDecoder
from function.scenes.jpeg2000.shared_blocks import SharedBlocks
from function.scenes.pixel_reader import PixelReader
from function.scenes.polygon_masks import PolygonMasks
from function.scenes.reader import SceneReader
from function.settings import PREFIX, Settings, SettingsError
from function.shares import fitted, share_of_process, shared_tile_bytes
from function.stac.published_archive import PublishedArchive
from function.stac_answer import StacPath
from function.telemetry import Telemetry, names
from function.turns import Turns

# How long a thread that computes in Python may keep another one waiting that comes back from a
# library with its work done. Python's own 5 ms are as long as to decode a block of tiles.
SWITCH_SECONDS = 0.0005
# How long a host of the archive that is silent is not asked. A request that asks it holds its turn
# for half of its time. It is as long as after a failure clients are told to wait.
SILENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Service:
    """The application and what it needs running: connections, decoding threads, exporters.

    Made before the fork or after, started after: threads and connections do not survive one.
    ``settings`` are what they were made by, with nothing left open.
    """

    settings: Settings
    application: Application
    pool: CataloguePool
    watcher: CatalogueWatcher
    gdal: GdalDecoder
    archive: Archive
    workers: EndingThreads
    telemetry: Telemetry

    def start(self, number: int = 0) -> None:
        """Open the connections and begin to export; the workers start with the first map.

        ``number`` is one that no other living process has; that of a dead one may be given again.
        """
        sys.setswitchinterval(SWITCH_SECONDS)
        self.telemetry.start(number, several=self.settings.processes > 1)
        self.pool.open()
        self.watcher.start()

    def close(self) -> None:
        """Stop the workers, close connections and files, and send what telemetry is left."""
        self.archive.close()
        self.workers.end()
        self.gdal.close()
        self.watcher.close()
        self.pool.close()
        self.telemetry.close()


def compose(settings: Settings) -> Service:
    """Build the service of one process, or what several are forked from.

    Raises SettingsError without a database, or where a limit cannot be shared by the processes, and
    the mapfile's own errors.
    """
    if not settings.database_url:
        raise SettingsError(f"{PREFIX}DATABASE_URL is not set")
    settings = fitted(settings, read_container())
    own = share_of_process(settings)
    codestreams = choose_codestreams(settings.jpeg2000_decoder)
    telemetry = Telemetry(about={names.DECODER: codestreams.name})
    pool = CataloguePool(settings.database_url, own.database_connections, FIRST_SEARCH)
    # Twice the time after which the watcher asks in any case: then it is late, and requests ask.
    catalogue = SceneCatalogue(pool, 2 * settings.catalogue_poll_seconds)
    watcher = CatalogueWatcher(
        settings.database_url,
        catalogue.renew_state,
        settings.catalogue_poll_seconds,
        settings.catalogue_listen,
    )
    archive = Archive(
        AccessLimits(
            own.archive_connections,
            settings.archive_timeout_seconds,
            settings.archive_tries,
            own.archive_cache_bytes,
            SILENCE_SECONDS,
        )
    )
    bound_block_cache(own.gdal_cache_bytes)
    gdal = GdalDecoder(archive)
    # Decoding is all computation: more threads than CPUs would only take turns.
    workers = EndingThreads(settings.decode_threads, "decode")
    packets = PacketDecoder(
        codestreams,
        gdal,
        archive,
        workers,
        Caches(own.tile_cache_bytes, own.index_cache_bytes, _shared_blocks(settings)),
        CodestreamIndexes(pool),
        settings.decode_threads,
    )
    decoder = BlockDecoder(packets, archive, own.index_cache_bytes)
    masks = PolygonMasks(decoder, archive, own.index_cache_bytes)
    path = RequestPath(
        catalogue,
        SceneReader(masks, workers),
        MapServer(settings.mapfile, settings.database_url),
        answer_coverage,
        PixelReader(masks, workers),
        settings,
        Turns(settings.threads),
    )
    stac = StacPath(
        SceneListing(pool),
        catalogue,
        path.publication,
        PublishedArchive.of(settings.public_archive),
    )
    application = create_application(path, stac, catalogue.ready, telemetry, settings)
    return Service(settings, application, pool, watcher, gdal, archive, workers, telemetry)


def _shared_blocks(settings: Settings) -> SharedBlocks | None:
    if settings.processes == 1:
        return None
    return SharedBlocks(shared_tile_bytes(settings), settings.processes)
