"""A STAC item of a small product, in the dialect of Earth Search."""

from typing import Any

NAME = "S2A_MSIL2A_20240601T114351_N0510_R123_T29UNU_20240601T170000"


def item(
    name: str = NAME, href: str = "https://data.example.com", datatake: str | None = None
) -> dict[str, Any]:
    """An item of a product with B04 at 10 m and SCL at 20 m; the name tells cell and times."""
    craft, _, sensed, baseline, _, cell, generated = name.split("_")
    raster = {"scale": 0.0001, "offset": -0.1, "nodata": 0, "data_type": "uint16"}
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"{craft}_{cell[1:]}_{sensed[:8]}_0_L2A",
        "collection": "sentinel-2-l2a",
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[-9, 53], [-8.99, 53], [-8.99, 52.99], [-9, 52.99], [-9, 53]]],
        },
        "bbox": [-9, 52.99, -8.99, 53],
        "links": [],
        "properties": {
            "datetime": f"{_iso(sensed)}.024Z",
            "eo:cloud_cover": 12.5,
            "proj:epsg": 32629,
            "s2:product_uri": f"{name}.SAFE",
            "s2:generation_time": f"{_iso(generated)}.000000Z",
            "s2:datatake_id": datatake
            or f"G{craft}_{sensed}_046720_N{baseline[1:3]}.{baseline[3:]}",
        },
        "assets": {
            "red": {
                "href": f"{href}/B04.tif",
                "type": "image/tiff; application=geotiff; profile=cloud-optimized",
                "proj:shape": [10980, 10980],
                "proj:transform": [10, 0, 499980, 0, -10, 5900040],
                "raster:bands": [raster],
            },
            "scl": {
                "href": f"{href}/SCL.tif",
                "type": "image/tiff; application=geotiff",
                "proj:shape": [5490, 5490],
                "proj:transform": [20, 0, 499980, 0, -20, 5900040],
                "raster:bands": [raster],
            },
            "thumbnail": {"href": f"{href}/preview.jpg", "type": "image/jpeg"},
        },
    }


def _iso(stamp: str) -> str:
    year, month, day = stamp[:4], stamp[4:6], stamp[6:8]
    return f"{year}-{month}-{day}T{stamp[9:11]}:{stamp[11:13]}:{stamp[13:15]}"
