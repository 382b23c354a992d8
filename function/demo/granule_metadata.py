"""MTD_TL.xml and MTD_DS.xml: what ESA says of the granule and of its datastrip."""

from collections.abc import Iterable, Mapping

from lxml import etree

from function.demo.classification import SceneClass, cloudy_percentage
from function.demo.product import RESOLUTIONS, Product
from function.demo.product_metadata import (
    content_indicators,
    generation_timestamp,
    schema_of,
    timestamp,
)
from function.demo.xml_document import element, root, serialised

GRANULE_SCHEMA = "https://psd-{}.sentinel2.eo.esa.int/PSD/S2_PDI_{}_Tile_Metadata.xsd"
DATASTRIP_SCHEMA = "https://psd-{}.sentinel2.eo.esa.int/PSD/S2_PDI_{}_Datastrip_Metadata.xsd"
ANGLE_STEP = 5000


def granule_metadata(product: Product, shares: Mapping[SceneClass, float]) -> bytes:
    """Write MTD_TL.xml; ``shares`` are the classes' percentages at 20 m."""
    schema = schema_of(product, GRANULE_SCHEMA)
    return serialised(
        root(
            schema,
            f"{product.level_name}_Tile_ID",
            element(f"{{{schema}}}General_Info", *_general(product)),
            element(f"{{{schema}}}Geometric_Info", _geocoding(product), _angles(product)),
            element(
                f"{{{schema}}}Quality_Indicators_Info",
                *_quality(product, shares),
                attributes={"metadataLevel": "Standard"},
            ),
        )
    )


def datastrip_metadata(product: Product) -> bytes:
    """Write MTD_DS.xml with what identifies the datastrip."""
    schema = schema_of(product, DATASTRIP_SCHEMA)
    return serialised(
        root(
            schema,
            f"{product.level_name}_DataStrip_ID",
            element(
                f"{{{schema}}}General_Info",
                element(
                    "Datastrip_Time_Info",
                    element("DATASTRIP_SENSING_START", timestamp(product.datastrip)),
                    element("DATASTRIP_SENSING_STOP", timestamp(product.sensed)),
                ),
                element("Processing_Info", element("PROCESSING_BASELINE", product.baseline)),
            ),
        )
    )


def _general(product: Product) -> Iterable[etree._Element]:
    brief, standard = {"metadataLevel": "Brief"}, {"metadataLevel": "Standard"}
    if product.level == "L2A":
        source = product.tile_identifier.replace("_L2A_", "_L1C_")
        yield element("L1C_TILE_ID", source, attributes=brief)
    yield element("TILE_ID", product.tile_identifier, attributes=brief)
    yield element("DATASTRIP_ID", product.datastrip_identifier, attributes=standard)
    yield element("DOWNLINK_PRIORITY", "NOMINAL", attributes=standard)
    yield element("SENSING_TIME", generation_timestamp(product.sensed), attributes=standard)
    yield element(
        "Archiving_Info",
        element("ARCHIVING_CENTRE", product.station),
        element("ARCHIVING_TIME", generation_timestamp(product.generated)),
        attributes={"metadataLevel": "Expertise"},
    )


def _geocoding(product: Product) -> etree._Element:
    code = product.grid.crs
    zone = int(code[-2:])
    hemisphere = "N" if code.startswith("EPSG:326") else "S"
    sizes, positions = [], []
    for resolution in RESOLUTIONS:
        grid = product.grid_at(resolution)
        attributes = {"resolution": str(resolution)}
        sizes.append(
            element(
                "Size",
                element("NROWS", str(grid.height)),
                element("NCOLS", str(grid.width)),
                attributes=attributes,
            )
        )
        positions.append(
            element(
                "Geoposition",
                element("ULX", f"{grid.transform.c:.0f}"),
                element("ULY", f"{grid.transform.f:.0f}"),
                element("XDIM", str(resolution)),
                element("YDIM", str(-resolution)),
                attributes=attributes,
            )
        )
    return element(
        "Tile_Geocoding",
        element("HORIZONTAL_CS_NAME", f"WGS84 / UTM zone {zone}{hemisphere}"),
        element("HORIZONTAL_CS_CODE", code),
        *sizes,
        *positions,
        attributes={"metadataLevel": "Brief"},
    )


def _angles(product: Product) -> etree._Element:
    return element(
        "Tile_Angles",
        element(
            "Sun_Angles_Grid",
            _angle_grid("Zenith", product, product.sun_zenith),
            _angle_grid("Azimuth", product, product.sun_azimuth),
        ),
        element(
            "Mean_Sun_Angle",
            element("ZENITH_ANGLE", str(product.sun_zenith), attributes={"unit": "deg"}),
            element("AZIMUTH_ANGLE", str(product.sun_azimuth), attributes={"unit": "deg"}),
        ),
        attributes={"metadataLevel": "Standard"},
    )


def _angle_grid(name: str, product: Product, angle: float) -> etree._Element:
    """Angles every 5 km. The sun is drawn as one direction, so the nodes are all alike."""
    pixel = product.grid.transform.a
    columns = -(-round(product.grid.width * pixel) // ANGLE_STEP) + 1
    rows = -(-round(product.grid.height * pixel) // ANGLE_STEP) + 1
    values = " ".join([str(angle)] * columns)
    return element(
        name,
        element("COL_STEP", str(ANGLE_STEP), attributes={"unit": "m"}),
        element("ROW_STEP", str(ANGLE_STEP), attributes={"unit": "m"}),
        element("Values_List", *(element("VALUES", values) for _ in range(rows))),
    )


def _quality(product: Product, shares: Mapping[SceneClass, float]) -> Iterable[etree._Element]:
    yield element(
        "Image_Content_QI",
        element("CLOUDY_PIXEL_PERCENTAGE", f"{cloudy_percentage(shares):.6f}"),
        element("DEGRADED_MSI_DATA_PERCENTAGE", "0"),
        *content_indicators(product, shares),
    )
    yield element(
        "Pixel_Level_QI",
        *(
            element(
                "MASK_FILENAME",
                product.path_of(mask).as_posix(),
                attributes={"type": mask.name},
            )
            for mask in product.masks
        ),
        attributes={"geometry": "FULL_RESOLUTION"},
    )
    yield element("PVI_FILENAME", product.path_of(product.preview).as_posix())
