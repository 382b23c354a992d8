"""MapServer as FastCGI behind lighttpd, a process for each CPU, over a tile index in PostGIS."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.running import Server, free_port, running

MAPSERV = "/usr/lib/cgi-bin/mapserv"
LIGHTTPD = "/usr/sbin/lighttpd"
MAPS = Path(__file__).resolve().parents[1] / "function" / "maps"

# Output formats are those of function/maps/sentinel.map, so that both encode alike.
MAPFILE = """
MAP
  NAME "mapserver"
  EXTENT 499980 5890200 709800 6000000
  UNITS METERS
  SIZE 512 512
  MAXSIZE 4096
  IMAGECOLOR 255 255 255
  IMAGETYPE "png"
  PROJECTION
    "init=epsg:32632"
  END
  OUTPUTFORMAT
    NAME "png"
    DRIVER "AGG/PNG"
    MIMETYPE "image/png"
    IMAGEMODE RGB
    EXTENSION "png"
    FORMATOPTION "COMPRESSION=1"
  END
  OUTPUTFORMAT
    NAME "jpeg"
    DRIVER "AGG/JPEG"
    MIMETYPE "image/jpeg"
    IMAGEMODE RGB
    EXTENSION "jpg"
    FORMATOPTION "QUALITY=85"
  END
  WEB
    METADATA
      "ows_title" "MapServer's own raster path"
      "wms_onlineresource" "http://127.0.0.1/mapserv?"
      "wms_srs" "EPSG:32632 EPSG:3857"
      "wms_enable_request" "*"
    END
  END
{layers}
END
"""
# Where many dates lie over one another, the latest is drawn last, on top.
LAYER = """
  LAYER
    NAME "{name}_SCENES"
    TYPE POLYGON
    STATUS OFF
    CONNECTIONTYPE POSTGIS
    CONNECTION "{url}"
    DATA "footprint FROM (SELECT scene, acquired, {column}, footprint FROM {table}
          ORDER BY acquired) AS scenes USING UNIQUE scene USING SRID=32632"
    PROCESSING "CLOSE_CONNECTION=DEFER"
    PROJECTION
      "init=epsg:32632"
    END
    METADATA
      "wms_enable_request" "!*"
    END
  END
  LAYER
    NAME "{name}"
    TYPE RASTER
    STATUS OFF
    TILEINDEX "{name}_SCENES"
    TILEITEM "{column}"
    PROJECTION
      "init=epsg:32632"
    END
    METADATA
      "wms_title" "{name}"
      "wms_timeextent" "2025-01-01/2025-12-31"
      "wms_timeitem" "acquired"
    END
{drawing}
  END
"""
TRUE_COLOUR = """
    PROCESSING "BANDS=1,2,3"
    PROCESSING "SCALE=1000,3500"
    PROCESSING "NODATA=0"
"""
READY_MADE = """
    PROCESSING "BANDS=1,2,3"
"""
NDVI = """
    PROCESSING "SCALE=-1,1"
    PROCESSING "SCALE_BUCKETS=400"
    CLASSGROUP "ndvi"
    INCLUDE "{styles}"
"""
LAYERS = {
    "S2_L2A_TRUE_COLOR": ("tci", READY_MADE),
    "S2_L2A_TRUE_COLOR_BANDS": ("bands", TRUE_COLOUR),
    "S2_L2A_NDVI": ("ndvi", NDVI.format(styles=MAPS / "ndvi-styles.map")),
}
# Read once, when a process starts: FastCGI replaces the environment with each request's.
MAPSERVER_CONFIGURATION = """
CONFIG
  ENV
    "MS_MAPFILE" "{directory}/{name}.map"
  END
END
"""
# lighttpd hands each request to the process with the fewest at work.
LIGHTTPD_CONFIGURATION = """
server.document-root = "{directory}"
server.port = {port}
server.bind = "127.0.0.1"
server.modules = ("mod_fastcgi")
server.max-keep-alive-requests = 100000
server.max-keep-alive-idle = 300
fastcgi.server = ("/mapserv" => ((
  "socket" => "{directory}/{name}.socket",
  "bin-path" => "{mapserv}",
  "bin-environment" => (
    "MAPSERVER_CONFIG_FILE" => "{directory}/{name}.mapserver.conf"
  ),
  "max-procs" => {processes},
  "check-local" => "disable"
)))
"""


@contextmanager
def mapserver(directory: Path, name: str, url: str) -> Iterator[Server]:
    """Serve the tile index ``name`` of the database at ``url`` on /mapserv."""
    layers = "".join(
        LAYER.format(name=layer, column=column, drawing=drawing, table=name, url=url)
        for layer, (column, drawing) in LAYERS.items()
    )
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.map").write_text(MAPFILE.format(layers=layers))
    (directory / f"{name}.mapserver.conf").write_text(
        MAPSERVER_CONFIGURATION.format(directory=directory, name=name)
    )
    port = free_port()
    configuration = directory / f"{name}.conf"
    configuration.write_text(
        LIGHTTPD_CONFIGURATION.format(
            directory=directory,
            name=name,
            port=port,
            mapserv=MAPSERV,
            processes=len(os.sched_getaffinity(0)),
        )
    )
    command = [LIGHTTPD, "-D", "-f", str(configuration)]
    with running(command, port, {}, directory / f"{name}.log") as server:
        yield server
