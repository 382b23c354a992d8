"""What tests of every kind share: the repository, real products, a real PostGIS."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import hypothesis
import psycopg
import pytest
from demo_images import DemoProduct
from psycopg import sql
from serving import Served, run_command, serve

from function.catalogue.migrations import migrate
from function.catalogue.pool import CataloguePool
from function.database.cluster import PrivateCluster
from function.scenes.jpeg2000.codestream_decoder import CodestreamDecoder
from function.scenes.jpeg2000.gdal_codestreams import GdalCodestreams
from function.scenes.jpeg2000.openjpeg import OpenJpeg

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"

# How long something takes says how busy the machine is, not whether it is right.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")


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


@pytest.fixture(scope="session")
def openjpeg() -> OpenJpeg:
    """The binding to the system's OpenJPEG."""
    return OpenJpeg()


@pytest.fixture(scope="session", params=["OpenJPEG", "GDAL"])
def codestreams(request: pytest.FixtureRequest, openjpeg: OpenJpeg) -> CodestreamDecoder:
    """Each of the decoders of codestreams in turn."""
    return openjpeg if request.param == "OpenJPEG" else GdalCodestreams()


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
    with _copied_catalogue(cluster, catalogue_template, f"catalogue_{next(_numbers)}") as url:
        yield url


@pytest.fixture(scope="module")
def module_catalogue_url(cluster: PrivateCluster, catalogue_template: str) -> Iterator[str]:
    """A catalogue of the test module's own: the schema, and nothing in it."""
    with _copied_catalogue(cluster, catalogue_template, f"catalogue_{next(_numbers)}") as url:
        yield url


@pytest.fixture
def catalogue_pool(catalogue_url: str) -> Iterator[CataloguePool]:
    """Two connections to ``catalogue_url``."""
    pool = CataloguePool(catalogue_url, connections=2)
    pool.open()
    yield pool
    pool.close()


@contextmanager
def _copied_catalogue(cluster: PrivateCluster, template: str, name: str) -> Iterator[str]:
    """A database with the schema of ``template``; gives its URL."""
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    yield urlunsplit(urlsplit(cluster.url)._replace(path=f"/{name}"))
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def whole_demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """The demo's products, made once for all processes of the test run."""
    own = tmp_path_factory.getbasetemp()
    run = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    directory = run / "demo"
    with (run / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        products = run_command("demo", str(directory)).split()
    return tuple(Path(product) for product in products)


@pytest.fixture(scope="session")
def demo_products(whole_demo: tuple[Path, ...]) -> tuple[Path, ...]:
    """The demo's L2A products."""
    return tuple(product for product in whole_demo if "_MSIL2A_" in product.name)


@pytest.fixture(scope="session")
def products(demo_products: tuple[Path, ...]) -> dict[tuple[str, str], DemoProduct]:
    """The same by day and grid cell, decoded whole by GDAL."""
    products = [DemoProduct(path) for path in demo_products]
    return {(product.day, product.cell): product for product in products}


@pytest.fixture(scope="session")
def demo_l1c(whole_demo: tuple[Path, ...]) -> Path:
    """The demo's L1C product."""
    (product,) = set(whole_demo) - {each for each in whole_demo if "_MSIL2A_" in each.name}
    return product


@pytest.fixture(scope="session")
def l1c_service(
    demo_l1c: Path,
    cluster: PrivateCluster,
    catalogue_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    """A service over the demo's L1C product alone."""
    log = tmp_path_factory.mktemp("l1c") / "service.log"
    with _copied_catalogue(cluster, catalogue_template, "l1c") as url:
        run_command("ingest", str(demo_l1c), SENTINEL_OWS_DATABASE_URL=url)
        with serve(url, log) as served:
            yield served


@pytest.fixture(scope="session")
def demo_catalogue(
    cluster: PrivateCluster, catalogue_template: str, demo_products: tuple[Path, ...]
) -> Iterator[str]:
    """The URL of a catalogue that holds the demo's products."""
    with _copied_catalogue(cluster, catalogue_template, "demo") as url:
        run_command("ingest", *map(str, demo_products), SENTINEL_OWS_DATABASE_URL=url)
        yield url


@pytest.fixture(scope="session")
def demo_service(demo_catalogue: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service over the demo's products, for tests that leave it as it is."""
    with serve(demo_catalogue, tmp_path_factory.mktemp("demo") / "service.log") as served:
        yield served


@pytest.fixture(scope="session")
def irish_service(
    shared: Path,
    cluster: PrivateCluster,
    catalogue_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Served]:
    """A service over the real product, of which only the images of 60 m are there."""
    log = tmp_path_factory.mktemp("irish") / "service.log"
    with _copied_catalogue(cluster, catalogue_template, "irish") as url:
        (product,) = (shared / "data" / "sentinel-2").glob("S2A_MSIL2A_*.SAFE")
        run_command("ingest", str(product), SENTINEL_OWS_DATABASE_URL=url)
        with serve(url, log) as served:
            yield served
