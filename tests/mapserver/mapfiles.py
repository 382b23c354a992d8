"""Small mapfiles as an operator might write them."""

from pathlib import Path

INDEX = {
    "sentinel_ows_collection": "sentinel-2-l2a",
    "sentinel_ows_kind": "index",
    "sentinel_ows_bands": "B08,B04",
    "sentinel_ows_expression": "(B08-B04)/(B08+B04)",
}
COLOUR = {
    "sentinel_ows_collection": "sentinel-2-l2a",
    "sentinel_ows_kind": "colour",
    "sentinel_ows_bands": "B04,B03,B02",
}
CLASSES = {
    "sentinel_ows_collection": "sentinel-2-l2a",
    "sentinel_ows_kind": "classes",
    "sentinel_ows_bands": "SCL",
}


def archive_layer(
    metadata: dict[str, str], name: str = "ARCHIVE", more: str = "STATUS OFF", kind: str = "RASTER"
) -> str:
    stated = "\n".join(f'"{key}" "{value}"' for key, value in metadata.items())
    return f"""
    LAYER
      NAME "{name}" TYPE {kind} {more}
      PROJECTION "init=epsg:4326" END
      METADATA "wms_title" "{name}"
        {stated}
      END
    END
    """


def plain_layer(name: str, points: str, more: str = "") -> str:
    """A filled polygon in EPSG:32629 that needs no data source; ``points`` are x y x y …"""
    return f"""
    LAYER
      NAME "{name}" TYPE POLYGON STATUS OFF {more}
      PROJECTION "init=epsg:32629" END
      METADATA "wms_title" "{name}" "wms_extent" "400000 5700000 600000 5900000" END
      FEATURE POINTS {points} END END
      CLASS STYLE COLOR 200 10 20 END END
    END
    """


def write_mapfile(
    directory: Path, *layers: str, head: str = 'NAME "test"', metadata: str = ""
) -> Path:
    path = directory / "test.map"
    path.write_text(f"""
    MAP
      {head}
      SIZE 100 100
      EXTENT -180 -90 180 90
      PROJECTION "init=epsg:4326" END
      OUTPUTFORMAT NAME "png" DRIVER "AGG/PNG" MIMETYPE "image/png" IMAGEMODE RGB END
      WEB METADATA
        "ows_title" "Test"
        "ows_srs" "EPSG:4326 EPSG:32629"
        {metadata}
      END END
      {"".join(layers)}
    END
    """)
    return path
