"""The application at the edge over stand-ins, and a client of it."""

from falcon.testing import Result, TestClient
from lxml import etree
from request_path import (
    MAP,
    StandInCatalogue,
    StandInListing,
    StandInPixels,
    StandInReader,
    StandInRenderer,
    stand_in_writer,
)

from function.answer import RequestPath
from function.edge.application import create_application
from function.settings import Settings
from function.stac.published_archive import PublishedArchive
from function.stac_answer import StacPath
from function.telemetry import Telemetry
from function.turns import Turns

SERVICE_EXCEPTION = "{http://www.opengis.net/ogc}ServiceException"


class Edge:
    """The application over stand-ins."""

    def __init__(self) -> None:
        self.catalogue = StandInCatalogue()
        self.listing = StandInListing()
        self.reader = StandInReader()
        self.renderer = StandInRenderer()
        self.telemetry = Telemetry({})
        self.settings = Settings()

    @property
    def client(self) -> TestClient:
        path = RequestPath(
            self.catalogue,
            self.reader,
            self.renderer,
            stand_in_writer,
            StandInPixels(),
            self.settings,
            Turns(self.settings.threads or 4),
        )
        archive = PublishedArchive.of(self.settings.public_archive)
        stac = StacPath(self.listing, self.catalogue, path.publication, archive)
        return TestClient(
            create_application(path, stac, self.catalogue.ready, self.telemetry, self.settings)
        )

    def get_map(self, changes: dict[str, str] | None = None, **options: object) -> Result:
        return self.client.simulate_get("/ows", params=MAP | (changes or {}), **options)

    @property
    def address(self) -> str:
        """The address that the renderer was told last."""
        return self.renderer.asked[-1][2]


def message(result: Result) -> str:
    root = etree.fromstring(result.content)
    (exception,) = [element for element in root.iter() if "ServiceException" in str(element.tag)][
        1:
    ]
    return str(exception.text)
