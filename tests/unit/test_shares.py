"""What of the container is used, and what each process has of it."""

from dataclasses import replace

import pytest

from function.container import Container
from function.settings import Settings, SettingsError
from function.shares import CACHES, CONNECTIONS, fitted, share_of_process, shared_tile_bytes

GIB = 1 << 30


def test_what_is_not_set_fits_the_container() -> None:
    assert fitted(Settings(), Container(3, GIB)) == Settings(
        processes=2,
        threads=4,
        database_connections=4,
        archive_connections=128,
        decode_threads=3,
        tile_cache_bytes=GIB // 4,
        index_cache_bytes=GIB // 32,
        archive_cache_bytes=GIB // 8,
        gdal_cache_bytes=GIB // 16,
    )
    assert fitted(Settings(), Container(12, 256 * GIB)) == Settings(
        processes=12,
        threads=24,
        database_connections=24,
        archive_connections=768,
        decode_threads=12,
        tile_cache_bytes=12 * GIB,
        index_cache_bytes=12 * GIB // 8,
        archive_cache_bytes=12 * GIB // 4,
        gdal_cache_bytes=12 * GIB // 4,
    )


@pytest.mark.parametrize(
    ("container", "threads"),
    [
        (Container(1, GIB // 4), 4),
        (Container(4, GIB), 4),
        (Container(4, 4 * GIB), 8),
        (Container(32, GIB), 4),
        (Container(64, 256 * GIB), 128),
    ],
)
def test_requests_at_once_follow_cpus_and_memory(container: Container, threads: int) -> None:
    assert fitted(Settings(), container).threads == threads


@pytest.mark.parametrize("cpus", [1, 4, 16, 64, 256])
def test_the_catalogues_connections_stay_below_what_postgresql_grants(cpus: int) -> None:
    settings = fitted(Settings(), Container(cpus, 1024 * GIB))
    assert settings.database_connections + settings.processes <= 48


def test_what_is_set_stays() -> None:
    chosen = Settings(
        processes=3,
        threads=1,
        database_connections=5,
        archive_connections=6,
        decode_threads=1,
        tile_cache_bytes=2,
        index_cache_bytes=3,
        archive_cache_bytes=4,
        gdal_cache_bytes=5,
    )
    assert fitted(chosen, Container(64, 256 * GIB)) == chosen


@pytest.mark.parametrize(
    ("container", "chosen", "processes"),
    [
        (Container(1, 64 * GIB), Settings(), 1),
        (Container(2, 64 * GIB), Settings(), 2),
        (Container(4, 64 * GIB), Settings(), 4),
        (Container(5, 64 * GIB), Settings(), 5),
        (Container(64, 256 * GIB), Settings(), 16),
        (Container(8, GIB), Settings(), 2),
        (Container(8, GIB // 4), Settings(), 1),
        (Container(8, 64 * GIB), Settings(threads=1), 1),
        (Container(8, 64 * GIB), Settings(database_connections=5), 2),
        (Container(8, 64 * GIB), Settings(archive_connections=4), 1),
        (Container(1, GIB // 4), Settings(processes=3), 3),
    ],
)
def test_processes_follow_cpus_and_memory_and_what_they_would_share(
    container: Container, chosen: Settings, processes: int
) -> None:
    settings = fitted(chosen, container)
    assert settings.processes == processes
    assert share_of_process(settings).processes == processes


@pytest.mark.parametrize("processes", [1, 2, 3, 7])
def test_all_processes_together_keep_the_containers_limits(processes: int) -> None:
    settings = fitted(Settings(processes=processes), Container(4, 3 * GIB))
    own = share_of_process(settings)
    for name in CACHES + CONNECTIONS:
        limit, share = getattr(settings, name), getattr(own, name)
        shared = shared_tile_bytes(settings) if name == "tile_cache_bytes" else 0
        assert limit - processes < share * processes + shared <= limit, name


def test_one_process_shares_nothing_and_several_most_of_what_is_decoded() -> None:
    alone = fitted(Settings(processes=1), Container(4, 4 * GIB))
    assert shared_tile_bytes(alone) == 0
    assert share_of_process(alone).tile_cache_bytes == GIB
    several = fitted(Settings(processes=4), Container(4, 4 * GIB))
    assert shared_tile_bytes(several) == 3 * GIB // 4
    assert share_of_process(several).tile_cache_bytes == GIB // 16


def test_a_lone_map_has_every_cpu_and_turns_are_counted_once() -> None:
    settings = fitted(Settings(), Container(8, 16 * GIB))
    own = share_of_process(settings)
    assert own.processes == 8
    assert own.decode_threads == 8
    assert own.threads == settings.threads == 16
    shared = CACHES + CONNECTIONS
    assert own == replace(settings, **{name: getattr(own, name) for name in shared})


@pytest.mark.parametrize("processes", range(1, 10))
def test_each_process_has_a_connection_for_probes_beside_a_map(processes: int) -> None:
    settings = fitted(Settings(processes=processes, threads=2), Container(2, GIB))
    assert share_of_process(settings).database_connections >= 2


@pytest.mark.parametrize("name", CONNECTIONS)
def test_connections_that_do_not_suffice_for_the_processes_are_refused(name: str) -> None:
    settings = replace(fitted(Settings(processes=3), Container(2, GIB)), **{name: 2})  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=f"SENTINEL_OWS_{name.upper()}=2 .* 3 processes"):
        share_of_process(settings)
