"""What the container gives: how much of it to use, and each process's share of that."""

from dataclasses import replace

from function.container import Container
from function.settings import PREFIX, Settings, SettingsError

# Half of a request waits for I/O, or for the interpreter's lock. And a few slow ones should not
# keep everybody waiting, on a single CPU either. The largest maps take 250 MB while they are read.
REQUESTS_OF_CPU, FEWEST_REQUESTS = 2, 4
MEMORY_OF_REQUEST = 256 << 20
# One for each CPU, see "Processes and threads" in ARCHITECTURE.md. With more than sixteen, two
# searches and a listener for each come near to the hundred connections that PostgreSQL grants.
MOST_PROCESSES = 16
# The first needs 200 MB beside the caches, each other 100, and a map that it reads up to 250.
MEMORY_OF_PROCESS = 512 << 20
# A map that waits for the catalogue should not keep probes from it. Searches take milliseconds:
# sixteen at once are those of a hundred requests.
CONNECTIONS_OF_PROCESS, MOST_CONNECTIONS = 2, 16
# Reads of a map of three bands and several scenes: what waits for its turn costs a round trip, or
# the bytes of the gap that spares it. Where an archive allows for few, a quarter of that is better
# in one process than less in several.
READS_OF_PROCESS, FEWEST_READS = 64, 16

# Of the container's memory, and at most so much for each process. Where no container sets a limit,
# others want of the machine's memory too.
SHARE_OF_TILES, MOST_OF_TILES = 4, 1 << 30
SHARE_OF_INDEXES, MOST_OF_INDEXES = 32, 1 << 27
SHARE_OF_RANGES, MOST_OF_RANGES = 8, 1 << 28
SHARE_OF_BLOCKS, MOST_OF_BLOCKS = 16, 1 << 28

# What is shared is copied before it is used. For what a process is asked for again and again it has
# a memory of its own, and all of these together are such a part of the whole.
OWN_PART_OF_TILES = 4

CONNECTIONS = ("database_connections", "archive_connections")
CACHES = ("tile_cache_bytes", "index_cache_bytes", "gdal_cache_bytes", "archive_cache_bytes")


def fitted(settings: Settings, container: Container) -> Settings:
    """Set what is left open by what the container gives."""
    threads = settings.threads or _threads(container)
    processes = settings.processes or _processes(replace(settings, threads=threads), container)

    def part(share: int, most: int) -> int:
        return min(container.memory // share, most * processes)

    return replace(
        settings,
        processes=processes,
        threads=threads,
        database_connections=settings.database_connections
        or max(min(threads, MOST_CONNECTIONS), CONNECTIONS_OF_PROCESS * processes),
        archive_connections=settings.archive_connections or READS_OF_PROCESS * processes,
        decode_threads=settings.decode_threads or container.cpus,
        tile_cache_bytes=settings.tile_cache_bytes or part(SHARE_OF_TILES, MOST_OF_TILES),
        index_cache_bytes=settings.index_cache_bytes or part(SHARE_OF_INDEXES, MOST_OF_INDEXES),
        archive_cache_bytes=settings.archive_cache_bytes or part(SHARE_OF_RANGES, MOST_OF_RANGES),
        gdal_cache_bytes=settings.gdal_cache_bytes or part(SHARE_OF_BLOCKS, MOST_OF_BLOCKS),
    )


def share_of_process(settings: Settings) -> Settings:
    """Divide ``fitted`` settings, so that all processes together keep the container's limits.

    Requests that are served at once are counted for all processes together, see Turns, and tiles
    decoded at once for each, so that a lone map has all CPUs. Raises SettingsError where there are
    fewer connections of a kind than processes.
    """
    for name in CONNECTIONS:
        if getattr(settings, name) < settings.processes:
            raise SettingsError(
                f"{PREFIX}{name.upper()}={getattr(settings, name)} does not suffice for"
                f" {settings.processes} processes: each takes one at least"
            )
    divided = replace(
        settings, tile_cache_bytes=settings.tile_cache_bytes - shared_tile_bytes(settings)
    )
    shares = {name: getattr(divided, name) // settings.processes for name in CONNECTIONS + CACHES}
    return replace(settings, **shares)


def shared_tile_bytes(settings: Settings) -> int:
    """Bytes of decoded tiles that several processes keep in memory they share."""
    if settings.processes == 1:
        return 0
    return settings.tile_cache_bytes - settings.tile_cache_bytes // OWN_PART_OF_TILES


def _threads(container: Container) -> int:
    """As many requests at once as the CPUs and memory are enough for."""
    enough = min(REQUESTS_OF_CPU * container.cpus, container.memory // MEMORY_OF_REQUEST)
    return max(enough, FEWEST_REQUESTS)


def _processes(settings: Settings, container: Container) -> int:
    """As many as the CPUs and memory are enough for, and as have something to do."""
    enough = [
        MOST_PROCESSES,
        container.cpus,
        container.memory // MEMORY_OF_PROCESS,
        settings.threads,
    ]
    if settings.database_connections:
        enough.append(settings.database_connections // CONNECTIONS_OF_PROCESS)
    if settings.archive_connections:
        enough.append(settings.archive_connections // FEWEST_READS)
    return max(1, min(enough))
