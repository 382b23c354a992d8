"""Settings: every one an environment variable ``SENTINEL_OWS_*``, documented where it stands."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, get_args, get_type_hints

from function.errors import OperatorError

PREFIX = "SENTINEL_OWS_"
SWITCH = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}
KINDS = {int: "whole number", float: "number", bool: "on or off"}
PACKAGE_MAPFILE = Path(__file__).parent / "maps" / "sentinel.map"
CHECKOUT_CATALOG_SQL = Path(__file__).parent.parent / "catalog-sql"


class SettingsError(OperatorError):
    """A setting's value cannot be used; the message names the variable."""


class Jpeg2000Decoder(StrEnum):
    """What decodes JPEG 2000."""

    AUTO = "auto"
    OPENJPEG = "openjpeg"
    GDAL = "gdal"


@dataclass(frozen=True, slots=True)
class About:
    """What a setting does and why its default.

    ``variable`` is where it is not the usual name. ``least`` bounds a number.
    """

    text: str
    variable: str | None = None
    least: float = 1


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can set. Read once at start; nothing else reads the environment."""

    database_url: Annotated[
        str,
        About(
            "PostgreSQL URL of the catalogue. Empty means the private cluster that"
            " `sentinel-ows database` keeps."
        ),
    ] = ""
    catalog_sql: Annotated[
        Path,
        About("Directory of the catalogue's schema, beside the package in a checkout and image."),
    ] = CHECKOUT_CATALOG_SQL
    state_dir: Annotated[
        Path,
        About(
            "Directory of the private cluster and the demo products. One that is not absolute lies"
            " in the working directory."
        ),
    ] = Path(".sentinel-ows")
    mapfile: Annotated[Path, About("The mapfile that is published.")] = PACKAGE_MAPFILE
    host: Annotated[str, About("Address to listen on. A container sets 0.0.0.0.")] = "127.0.0.1"
    port: Annotated[int, About("Port to listen on, as Knative injects it.", variable="PORT")] = 8080
    cache_seconds: Annotated[
        int,
        About(
            "Seconds for which clients and proxies may use an answer without asking again. New"
            " products come every few minutes, and to ask again costs no search.",
            least=0,
        ),
    ] = 60
    cache_closed_seconds: Annotated[
        int,
        About(
            "The same for maps and coverages of a TIME that is closed. A day and no more, for what"
            " is processed anew, or removed, changes them all the same.",
            least=0,
        ),
    ] = 86_400
    cache_closed_days: Annotated[
        int,
        About(
            "Days after its end from which a TIME counts as closed. Products mostly come within"
            " hours of their acquisition; ten days leave room for late ones.",
            least=0,
        ),
    ] = 10
    processes: Annotated[
        int,
        About(
            "Processes that answer. What other settings give is given to all of them together, but"
            " for SENTINEL_OWS_CONNECTIONS and SENTINEL_OWS_DECODE_THREADS. 0 means one for every"
            " CPU and 512 MiB that the container is given, sixteen at most, and fewer where"
            " SENTINEL_OWS_ARCHIVE_CONNECTIONS allows for less than 16 each.",
            least=0,
        ),
    ] = 0
    threads: Annotated[
        int,
        About(
            "Requests served at once, by whichever process. 0 means two for each CPU that the"
            " container is given, for half of a request waits for I/O, one at most for every 256"
            " MiB, which a large map takes, and 4 at least.",
            least=0,
        ),
    ] = 0
    connections: Annotated[
        int,
        About(
            "Requests that a process holds at once, each by a thread: those that wait for their"
            " turn, probes, and clients slow to send. Knative lets through as many as its"
            " containerConcurrency; 64 leave room beside those of 16 CPUs, should all of them come"
            " to one process."
        ),
    ] = 64
    deadline_seconds: Annotated[
        float,
        About("Time a request may take. 25 lies below the 30 s at which common proxies give up."),
    ] = 25.0
    database_connections: Annotated[
        int,
        About(
            "Connections to the catalogue, shared out among the processes. 0 means one for each"
            " request served at once, up to 16, for a search takes milliseconds, and two for each"
            " process at least. Each process has one more, see SENTINEL_OWS_CATALOGUE_LISTEN.",
            least=0,
        ),
    ] = 0
    catalogue_listen: Annotated[
        bool,
        About(
            "Learn of changes of the catalogue at once, by LISTEN over one more connection a"
            " process. Turn it off behind a pooler in transaction mode, which does not pass on"
            " what is told: changes are then polled for."
        ),
    ] = True
    catalogue_poll_seconds: Annotated[
        float,
        About(
            "Time after which a process asks for changes of the catalogue that it was not told of."
            " The question takes the database less than a millisecond.",
            least=0.1,
        ),
    ] = 5.0
    max_scenes: Annotated[
        int, About("Scenes that a layer of one map may be made of; 64 covers 8 x 8 grid cells.")
    ] = 64
    max_layers: Annotated[
        int, About("Layers that one map may name. Each is a mosaic of its own.")
    ] = 8
    max_pixels: Annotated[
        int,
        About(
            "Pixels of one map: as many as the mapfile's MAXSIZE allows a square one, 4096 x 4096."
            " Each takes some 50 bytes while a layer is read, 800 MB in all: set it to fit."
        ),
    ] = 16_777_216
    max_map_area: Annotated[
        int,
        About(
            "Square kilometres that a map of the archive's layers may span: 64 grid cells of 100 x"
            " 100 km, one for each scene of SENTINEL_OWS_MAX_SCENES, beyond which there would be"
            " holes. 512 pixels are 800 km then. Maps of plain layers are not bounded. 0 means any"
            " area.",
            least=0,
        ),
    ] = 640_000
    max_coverage_bytes: Annotated[
        int,
        About(
            "Bytes of one coverage as it lies in memory, 2 a pixel and band of reflectance. 256 MiB"
            " hold a band of a whole product at 10 m (10980 x 10980)."
        ),
    ] = 268_435_456
    max_composite_scenes: Annotated[
        int,
        About(
            "Scenes that a COMPOSITE may be made of: a year of a place, taken every five days, is"
            " 73, and three months over a corner of four grid cells are."
        ),
    ] = 73
    max_composite_pixels: Annotated[
        int,
        About(
            "Pixels that a COMPOSITE may read of all its scenes together. 64 million are 73 scenes"
            " of 950 x 950 pixels; those of three bands take four CPUs some 10 s."
        ),
    ] = 67_108_864
    max_expression_length: Annotated[
        int,
        About(
            "Characters of an EXPRESSION, at most 8192. Every published index fits in a fifth of"
            " the default."
        ),
    ] = 512
    max_expression_terms: Annotated[
        int,
        About(
            "Numbers, bands and operations of an EXPRESSION, at most 800. Every published index"
            " has fewer than 40; 200 take some 0.1 s for a million pixels."
        ),
    ] = 200
    max_expression_bands: Annotated[
        int,
        About(
            "Bands that an EXPRESSION may name. Each is an image to fetch and decode; indices have"
            " up to four."
        ),
    ] = 6
    decode_threads: Annotated[
        int,
        About(
            "Tiles that a process decodes at once. 0 means one for each CPU that the container is"
            " given, so that a map that is asked for alone has them all.",
            least=0,
        ),
    ] = 0
    jpeg2000_decoder: Annotated[
        Jpeg2000Decoder,
        About(
            "What decodes JPEG 2000: `openjpeg`, the library itself, which decodes no more of a"
            " tile than the map shows; `gdal`, with Kakadu's driver (JP2KAK) where GDAL has it,"
            " else JP2OpenJPEG; or `auto`, which is `openjpeg` wherever that can be loaded."
        ),
    ] = Jpeg2000Decoder.AUTO
    tile_cache_bytes: Annotated[
        int,
        About(
            "Bytes of decoded tiles that are kept for the next map, three quarters of them for all"
            " processes together where there are several; a map of 512 x 512 pixels from three"
            " bands takes 1.6 MB. 0 means a quarter of the container's memory, at most 1 GiB for"
            " each process.",
            least=0,
        ),
    ] = 0
    index_cache_bytes: Annotated[
        int,
        About(
            "Bytes of codestream indexes that are kept, as many of the directories of remote"
            " GeoTIFFs, and as many of the polygons of cloud masks, shared out among the processes;"
            " up to 80 KB for an image, and 10 MB for polygons. 0 means a 32nd of the container's"
            " memory, at most 128 MiB for each process.",
            least=0,
        ),
    ] = 0
    gdal_cache_bytes: Annotated[
        int,
        About(
            "Bytes of decoded blocks that GDAL keeps, shared out among the processes, of plain"
            " raster layers and of images that are read through it. 0 means a 16th of the"
            " container's memory, at most 256 MiB for each process.",
            least=0,
        ),
    ] = 0
    archive_connections: Annotated[
        int,
        About(
            "Reads of each host of a remote archive under way at once, shared out among the"
            " processes; all buckets are one host's. CDSE allows 4 to an account. 0 means 64 for"
            " each process: those of a map of three bands and several scenes, so that none waits"
            " for another.",
            least=0,
        ),
    ] = 0
    archive_timeout_seconds: Annotated[
        float,
        About(
            "Time that one try of a read may take. A read brings up to 4 MiB, which takes a slow"
            " connection of 1 MB/s four seconds; after a try in vain another still fits half of a"
            " request's time."
        ),
    ] = 8.0
    archive_tries: Annotated[
        int,
        About(
            "Tries that a read has, with growing random pauses, within half of the time that the"
            " request has left. Four ride out the few seconds for which a store throttles."
        ),
    ] = 4
    archive_cache_bytes: Annotated[
        int,
        About(
            "Bytes of remote files that are kept as they were fetched, shared out among the"
            " processes; the next map beside or above needs many of them again. 0 means an eighth"
            " of the container's memory, at most 256 MiB for each process.",
            least=0,
        ),
    ] = 0
    ingest_products: Annotated[
        int,
        About(
            "Products, or batches of STAC items, that ingest works on at once. Half of reading one"
            " is waiting: two for each of 2 CPUs."
        ),
    ] = 4
    max_body_bytes: Annotated[
        int, About("Bytes of a POST body. A form holds what a URL does, and those end at 8 KiB.")
    ] = 65_536
    public_url: Annotated[
        str,
        About(
            "URL that clients reach the service by, without /ows, for the links in capabilities."
            " Empty means as the request's Host header has it."
        ),
    ] = ""
    public_archive: Annotated[
        str,
        About(
            "Where clients reach the archive's files, for the assets of STAC items: pairs such as"
            " `/data/=https://archive.example/ s3://eodata/=s3://eodata/`, with blanks between"
            " them. A file below none of them is not listed: no directory or bucket is told."
        ),
    ] = ""
    trust_forwarded: Annotated[
        bool,
        About("Believe X-Forwarded-Host and -Proto: only behind a proxy that always sets them."),
    ] = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read every setting; raise SettingsError for one that does not parse."""
        values: dict[str, object] = {}
        for name, variable, kind, least in described():
            text = environment.get(variable)
            if text is None:
                continue
            try:
                values[name] = value = _parse(kind, text)
            except (KeyError, ValueError) as error:
                raise SettingsError(f"{variable}={text!r} is {_mismatch(kind)}") from error
            if isinstance(value, int | float) and not least <= value < math.inf:
                raise SettingsError(f"{variable}={text!r} is out of range: at least {least:g}")
        return cls(**values)  # type: ignore[arg-type]


def _parse(kind: type, text: str) -> object:
    return SWITCH[text.strip().lower()] if kind is bool else kind(text)


def _mismatch(kind: type) -> str:
    if issubclass(kind, StrEnum):
        return f"none of {', '.join(kind)}"
    return f"no {KINDS.get(kind, kind.__name__)}"


def described() -> list[tuple[str, str, type, float]]:
    """List every setting as (name, environment variable, type, least value of a number)."""
    hints = get_type_hints(Settings, include_extras=True)
    settings = []
    for setting in fields(Settings):
        kind, about = get_args(hints[setting.name])
        least = 0 if kind is bool else about.least
        variable = about.variable or PREFIX + setting.name.upper()
        settings.append((setting.name, variable, kind, least))
    return settings
