"""The WSGI application: routes, middleware and what answers failures."""

from collections.abc import Callable

import falcon

from function.answer import RequestPath
from function.edge.address import PublicAddress
from function.edge.common_headers import CommonHeaders
from function.edge.compression import Compression
from function.edge.failure import Failures
from function.edge.header_names import CapitalisingApp
from function.edge.health import Live, Ready
from function.edge.landing import Landing
from function.edge.measures import Measures
from function.edge.ows import OWS, OwsResource
from function.edge.stac import ROUTES, StacResource, StacSearch
from function.edge.tracing import Tracing
from function.errors import OwsError
from function.settings import Settings
from function.stac_answer import Resource, StacPath
from function.telemetry import Telemetry

Application = falcon.App[falcon.Request, falcon.Response]


def create_application(
    path: RequestPath,
    stac: StacPath,
    check: Callable[[], None],
    telemetry: Telemetry,
    settings: Settings,
) -> Application:
    """Route requests to ``path`` and those for what the archive holds to ``stac``.

    ``check`` raises the OwsError that keeps maps from being made.
    """
    address = PublicAddress(settings.public_url, settings.trust_forwarded)
    root = StacResource(Resource.LANDING, stac, address, path.turns, settings)
    routes = {
        "/": Landing(path.publication, address, root),
        **{
            route: (StacSearch if resource is Resource.SEARCH else StacResource)(
                resource, stac, address, path.turns, settings
            )
            for route, resource in ROUTES.items()
        },
        OWS: OwsResource(path, address, settings),
        "/health/live": Live(),
        "/health/ready": Ready(check),
        "/metrics": Measures(telemetry),
    }
    application: Application = CapitalisingApp()
    application.add_middleware(Tracing(telemetry, frozenset(routes), address))
    application.add_middleware(CommonHeaders())
    application.add_middleware(Compression())
    application.req_options.strip_url_path_trailing_slash = True
    for route, resource in routes.items():
        application.add_route(route, resource)
    failures = Failures(path)
    application.add_error_handler(Exception, failures.answer_unexpected)
    application.add_error_handler(OwsError, failures.answer_known)
    return application
