"""What tests of every kind share: the repository, real products, a real PostGIS."""

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from function.catalogue.migrations import migrate
from function.catalogue.pool import CataloguePool
from function.database.cluster import PrivateCluster

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real products and schemas beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("there is no folder ../shared with real products")
    return SHARED


@pytest.fixture(scope="session")
def cluster() -> Iterator[PrivateCluster]:
    """A running private cluster, one for each process of the test run."""
    with tempfile.TemporaryDirectory(prefix="sentinel-ows-") as directory:
        # The account that the server runs as must pass.
        Path(directory).chmod(0o711)
        cluster = PrivateCluster(Path(directory))
        cluster.start()
        yield cluster
        cluster.stop()


_numbers = count(1)


@pytest.fixture
def database_url(cluster: PrivateCluster) -> Iterator[str]:
    """An empty database of the test's own: no schema, no PostGIS."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield urlunsplit(urlsplit(cluster.url)._replace(path=f"/{name}"))
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def catalogue_template(cluster: PrivateCluster, repository: Path) -> str:
    """The name of a migrated database, for others to be copied from."""
    name = "catalogue_template"
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    migrate(urlunsplit(urlsplit(cluster.url)._replace(path=f"/{name}")), repository / "catalog-sql")
    return name


@pytest.fixture
def catalogue_url(cluster: PrivateCluster, catalogue_template: str) -> Iterator[str]:
    """A catalogue of the test's own: the schema, and nothing in it."""
    name = f"catalogue_{next(_numbers)}"
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(catalogue_template)
            )
        )
        yield urlunsplit(urlsplit(cluster.url)._replace(path=f"/{name}"))
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def catalogue_pool(catalogue_url: str) -> Iterator[CataloguePool]:
    """Two connections to ``catalogue_url``."""
    pool = CataloguePool(catalogue_url, connections=2)
    pool.open()
    yield pool
    pool.close()
