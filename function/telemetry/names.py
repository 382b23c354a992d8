"""Every span, attribute, metric and log field that is sent, declared once.

Names and units are those of the OpenTelemetry semantic conventions (HTTP server spans and
metrics, exceptions, FaaS resource) where there are such; our own begin with ``sentinel_ows.``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Stage = Literal["parse", "search", "read", "render", "describe"]

Measure = Literal[
    "pixels", "scenes", "scenes_read", "scenes_skipped", "windows", "windows_unfit", "samples",
    "tiles_decoded", "tiles_kept", "fetches", "bytes_fetched", "retries", "indexes_built", "bytes",
    "warnings", "remaining_ms",
]  # fmt: skip

# Where an answer comes from.
Origin = Literal["made", "shared", "held"]

SPANS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "{method} {route}": "The request, from its arrival until its answer is ready.",
        "parse": "The query string becomes a checked request.",
        "search": "The catalogue tells what it holds; in a second span, where there are pixels to"
        " read, it finds the scenes that meet the map, best first; in a third, where scenes that"
        " cover others cannot be read, those below. Of the STAC API it lists a page of scenes.",
        "read": "Scenes are fetched, decoded, masked and mosaicked on the request's grid; in a"
        " second span those that were searched for below.",
        "render": "MapServer styles the mosaic and encodes the answer.",
        "describe": "Scenes and collections become a document of the STAC API.",
    }
)

STAGE_ATTRIBUTES: Final[Mapping[Measure, str]] = MappingProxyType(
    {
        "pixels": "sentinel_ows.pixels",
        "scenes": "sentinel_ows.scenes",
        "scenes_read": "sentinel_ows.scenes_read",
        "scenes_skipped": "sentinel_ows.scenes_skipped",
        "windows": "sentinel_ows.windows",
        "windows_unfit": "sentinel_ows.windows_unfit",
        "samples": "sentinel_ows.samples",
        "tiles_decoded": "sentinel_ows.tiles_decoded",
        "tiles_kept": "sentinel_ows.tiles_kept",
        "fetches": "sentinel_ows.fetches",
        "bytes_fetched": "sentinel_ows.bytes_fetched",
        "retries": "sentinel_ows.retries",
        "indexes_built": "sentinel_ows.indexes_built",
        "bytes": "sentinel_ows.bytes",
        "warnings": "sentinel_ows.warnings",
        "remaining_ms": "sentinel_ows.remaining_ms",
    }
)

METHOD: Final = "http.request.method"
ROUTE: Final = "http.route"
SCHEME: Final = "url.scheme"
PATH: Final = "url.path"
STATUS: Final = "http.response.status_code"
BODY_SIZE: Final = "http.response.body.size"
ERROR_TYPE: Final = "error.type"
SERVICE: Final = "sentinel_ows.service"
OPERATION: Final = "sentinel_ows.operation"
LAYERS: Final = "sentinel_ows.layers"
ORIGIN: Final = "sentinel_ows.origin"
TARGET: Final = "sentinel_ows.target"
STAGE: Final = "sentinel_ows.stage"
MESSAGE: Final = "sentinel_ows.message"

ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        METHOD: "HTTP method; `_OTHER` for one that HTTP does not define.",
        ROUTE: "The endpoint, such as `/ows` or `/collections/{collection}`; absent where there is"
        " none.",
        SCHEME: "`http` or `https`, as a proxy that is trusted says in `X-Forwarded-Proto`.",
        PATH: "Path of the request, never its query; spans only.",
        STATUS: "HTTP status of the answer.",
        BODY_SIZE: "Bytes of the answer's body; spans only.",
        ERROR_TYPE: "Class of the failure, or the status from 500 on.",
        SERVICE: "`WMS`, `WCS` or `STAC`; `_OTHER` for anything else.",
        OPERATION: "The OGC operation, such as `GetMap`, or the resource of the STAC API, such as"
        " `Search`; `_OTHER` for anything else.",
        LAYERS: "Layers of the archive that the map is drawn of.",
        ORIGIN: "`made` for this request, `shared` with an identical one that came before and was"
        " still being answered, or `held` by the client already.",
        TARGET: "`met` where the answer was no server error and came within the target, else"
        " `missed`.",
        STAGE: "The stage: `parse`, `search`, `read`, `render` or `describe`.",
        "sentinel_ows.pixels": "Pixels of the map, width times height.",
        "sentinel_ows.scenes": "Scenes found (search), or that gave pixels (read).",
        "sentinel_ows.scenes_read": "Scenes that were turned to.",
        "sentinel_ows.scenes_skipped": "Scenes that could add no pixel and were not read.",
        "sentinel_ows.windows": "Windows of image files that were decoded.",
        "sentinel_ows.windows_unfit": "Windows of files that cannot be read packet by packet, or"
        " block by block, and went to GDAL.",
        "sentinel_ows.samples": "Samples in these windows.",
        "sentinel_ows.tiles_decoded": "JPEG 2000 tiles that were decoded, in whole or in part.",
        "sentinel_ows.tiles_kept": "JPEG 2000 tiles that were at hand from earlier maps, of"
        " whichever process.",
        "sentinel_ows.fetches": "Reads of image files, each of all the ranges that a window needs.",
        "sentinel_ows.bytes_fetched": "Bytes that these reads brought.",
        "sentinel_ows.retries": "Reads of the archive that failed and were tried again.",
        "sentinel_ows.indexes_built": "Files whose codestream index the catalogue did not have.",
        "sentinel_ows.bytes": "Bytes that the stage made.",
        "sentinel_ows.warnings": "What was passed over: files not read, scenes cut off.",
        "sentinel_ows.remaining_ms": "Milliseconds that the deadline left after the stage.",
        MESSAGE: "What was passed over, in the event `warning` of a stage.",
    }
)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric's name, unit (UCUM) and what it tells; ``attributes`` is all it may carry.

    A histogram has ``boundaries``, a counter none.
    """

    name: str
    unit: str
    description: str
    attributes: tuple[str, ...]
    boundaries: tuple[float, ...] = ()


# The target is a boundary, so the share of requests within it is exact. Boundaries lie close
# around it (0.7 to 1.5 s), where a percentile decides; below 50 ms nobody waits, and no answer
# takes longer than the deadline of 25 s.
DURATION_BOUNDARIES: Final = (
    0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 25.0,
)  # fmt: skip

# One map a second is the promise that the service makes.
TARGET_SECONDS: Final = 1.0

REQUEST_DURATION: Final = Metric(
    "http.server.request.duration",
    "s",
    "Time from a request's arrival until its answer is ready.",
    (METHOD, ROUTE, SCHEME, STATUS, ERROR_TYPE, SERVICE, OPERATION),
    DURATION_BOUNDARIES,
)
STAGE_DURATION: Final = Metric(
    "sentinel_ows.stage.duration",
    "s",
    "Time spent in a stage of a request.",
    (STAGE,),
    DURATION_BOUNDARIES,
)
REQUESTS: Final = Metric(
    "sentinel_ows.requests",
    "{request}",
    "Requests that met or missed the target of one second.",
    (SERVICE, OPERATION, ORIGIN, TARGET),
)
# Figures of stages that are counted too: the settings of caches and of the archive go by them.
FIGURES: Final[Mapping[Measure, Metric]] = MappingProxyType(
    {
        "fetches": Metric("sentinel_ows.archive.reads", "{read}", "Reads of image files.", ()),
        "bytes_fetched": Metric(
            "sentinel_ows.archive.read", "By", "Bytes that these reads brought.", ()
        ),
        "retries": Metric(
            "sentinel_ows.archive.retries", "{read}", "Reads that failed and were tried again.", ()
        ),
        "tiles_decoded": Metric(
            "sentinel_ows.tiles.decoded", "{tile}", "JPEG 2000 tiles that were decoded.", ()
        ),
        "tiles_kept": Metric(
            "sentinel_ows.tiles.kept", "{tile}", "JPEG 2000 tiles that were at hand.", ()
        ),
        "indexes_built": Metric(
            "sentinel_ows.indexes.built", "{file}", "Files indexed on first use.", ()
        ),
        "windows_unfit": Metric(
            "sentinel_ows.windows.unfit", "{window}", "Windows of files left to GDAL.", ()
        ),
        "warnings": Metric("sentinel_ows.warnings", "{warning}", "What was passed over.", ()),
    }
)
METRICS: Final = (REQUEST_DURATION, STAGE_DURATION, REQUESTS, *FIGURES.values())

LOG_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "time": "UTC, ISO 8601 with microseconds.",
        "level": "`DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`.",
        "logger": "Who says it; `sentinel_ows.request` for the line of a request.",
        "pid": "The process that says it.",
        "message": "What happened, for people.",
        "trace_id": "Trace, 32 hex digits, where a request is under way.",
        "span_id": "Span, 16 hex digits.",
        "exception": "`type`, `message`, `stacktrace` of an exception, and its `notes` if any.",
        "method": "HTTP method.",
        "path": "Path, without its query.",
        "service": "`WMS`, `WCS`, `STAC` or `_OTHER`; null where the request did not get that far.",
        "operation": "The OGC operation or the STAC API's resource, or `_OTHER`; null likewise.",
        "layers": "Layers of the archive that the map is drawn of.",
        "origin": "Where the answer comes from: `made`, `shared` or `held`.",
        "status": "HTTP status of the answer.",
        "duration_ms": "Milliseconds until the answer was ready.",
        "bytes": "Bytes of the answer's body.",
        "stages_ms": "Milliseconds of each stage that ran.",
        "scenes": "Scenes that gave pixels.",
        "error": "Class of the failure, where there was one.",
    }
)

DECODER: Final = "sentinel_ows.jpeg2000_decoder"

RESOURCE_ATTRIBUTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "service.name": "`sentinel-ows`, or what `OTEL_SERVICE_NAME` says.",
        "service.version": "Version of this package.",
        "service.instance.id": "A random name of the process: its series stay apart from others'."
        " One that `OTEL_RESOURCE_ATTRIBUTES` gives is followed by the number of the process, such"
        " as `.1`, where there are several.",
        "process.pid": "The process, as the log has it too.",
        DECODER: "What decodes JPEG 2000, and its version.",
        "faas.name": "Knative service (`K_SERVICE`), where there is one.",
        "faas.version": "Knative revision (`K_REVISION`), where there is one.",
    }
)

OTHER: Final = "_OTHER"

# Longer than any path or message of ours: a client cannot make an attribute grow.
VALUE_CHARACTERS: Final = 256

# A stack of that length tells where; more would pass the limit of a line in common log stores
# (64 to 256 KiB) together with what else the line holds.
STACKTRACE_CHARACTERS: Final = 16_384

METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"}
)
SERVICES: Final = frozenset({"WMS", "WCS", "STAC"})
OPERATIONS: Final = frozenset(
    {
        "Api", "Collection", "Collections", "Conformance", "Item", "Items", "Landing", "Search",
        "DescribeCoverage", "DescribeLayer", "GetCapabilities", "GetCoverage", "GetFeatureInfo",
        "GetLegendGraphic", "GetMap", "GetStyles",
    }
)  # fmt: skip


def bounded(value: str, known: frozenset[str]) -> str:
    """Give ``value`` where it is ``known``, else ``_OTHER``: clients do not make up new series."""
    return value if value in known else OTHER
