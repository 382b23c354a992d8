"""A catalogue that was upgraded step by step is as a new one is."""

import re
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from function.catalogue.migrations import migrate
from function.catalogue.pool import CataloguePool
from function.catalogue.search import SceneCatalogue
from function.database.programs import find_programs
from function.search import CloudStatistics

HELD_BEFORE = """
INSERT INTO scenes (
    collection, name, acquired, generated, platform, baseline, datatake, relative_orbit, cell,
    cloud_cover, footprint, assets
)
SELECT
    'c', cover::text, '2024-06-01T10:00Z', '2024-06-02', 'Sentinel-2A', '05.10', cover::text, 1,
    cell, nullif(cover, -1), 'SRID=4326;MULTIPOLYGON(((0 0,2 0,2 2,0 2,0 0)))',
    '{"root": "/", "grids": [], "assets": []}'
FROM (VALUES (0::float8, 'A'), (40, 'A'), (100, 'B'), (-1, 'B')) AS given (cover, cell);
INSERT INTO cell_extents
SELECT
    'c', cell, 0, 0, 2, 2, '2024-06-01T10:00Z', '2024-06-01T10:00Z', 2,
    'SRID=4326;MULTIPOLYGON(((0 0,2 0,2 2,0 2,0 0)))'
FROM unnest('{A,B}'::text[]) AS cell;
"""


@pytest.fixture
def step_by_step(database_url: str, repository: Path, tmp_path: Path) -> str:
    """A database brought up one migration at a time, with scenes from before extents had parts."""
    source = repository / "catalog-sql"
    functions = [(source / "functions" / "grant_roles.sql")]
    for path in sorted((source / "migrations").iterdir()):
        if path.name.startswith("0006"):
            with psycopg.connect(database_url, autocommit=True) as connection:
                connection.execute(HELD_BEFORE.encode())
        for directory, files in (("migrations", [path]), ("functions", functions)):
            (tmp_path / directory).mkdir(exist_ok=True)
            for file in files:
                shutil.copy(file, tmp_path / directory)
        migrate(database_url, tmp_path)
    migrate(database_url, source)
    return database_url


def test_its_schema_is_that_of_a_new_one(step_by_step: str, catalogue_url: str) -> None:
    assert dump(step_by_step) == dump(catalogue_url)


def test_its_scenes_are_counted(step_by_step: str) -> None:
    pool = CataloguePool(step_by_step, 1)
    pool.open()
    extent = SceneCatalogue(pool).extents()["c"]
    assert extent.scene_count == 4
    assert extent.clouds == CloudStatistics(3, 140 / 3, 0, 100, (1, 0, 0, 0, 1, 0, 0, 0, 0, 1))
    with psycopg.connect(step_by_step, autocommit=True) as connection:
        connection.execute("DELETE FROM scenes WHERE cloud_cover = 100")
    assert SceneCatalogue(pool).extents()["c"].scene_count == 3
    pool.close()


def dump(url: str) -> list[str]:
    """The definition of everything in a database, line by line, and then all rights to it."""
    program = find_programs(None).path("pg_dump")
    said = subprocess.run(
        [program, "--schema-only", "--dbname", url], capture_output=True, text=True, check=True
    ).stdout
    # Newer versions guard what psql reads by a random word.
    lines = [line for line in said.splitlines() if not re.match(r"\\(un)?restrict ", line)]
    # Who got a right first stands first: that tells nothing.
    return sorted(lines, key=lambda line: line if line.startswith("GRANT ") else "")
