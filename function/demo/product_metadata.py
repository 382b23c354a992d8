"""MTD_MSIL2A.xml, MTD_MSIL1C.xml: the product's own metadata, named and nested as ESA has it."""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime

from lxml import etree

from function.demo.classification import SceneClass, cloudy_percentage
from function.demo.footprint import lat_lon_list
from function.demo.product import QUANTIFICATION, Image, Product
from function.demo.spectral_bands import SPECTRAL_BANDS, SpectralBand
from function.demo.xml_document import element, root, serialised

SCHEMA = "https://psd-{}.sentinel2.eo.esa.int/PSD/User_Product_{}.xsd"
SPACECRAFT = {"S2A": "Sentinel-2A", "S2B": "Sentinel-2B"}
INSPECTIONS = ("FORMAT_CORRECTNESS", "GENERAL_QUALITY", "GEOMETRIC_QUALITY", "L2A_QUALITY")


def product_metadata(product: Product, shares: Mapping[SceneClass, float]) -> bytes:
    """Write the document; ``shares`` are the classes' percentages at 20 m."""
    schema = schema_of(product, SCHEMA)
    return serialised(
        root(
            schema,
            f"{product.level_name}_User_Product",
            element(f"{{{schema}}}General_Info", _product_info(product), _characteristics(product)),
            element(f"{{{schema}}}Geometric_Info", *_geometry(product)),
            element(f"{{{schema}}}Quality_Indicators_Info", *_quality(product, shares)),
        )
    )


def schema_of(product: Product, pattern: str) -> str:
    """Name the edition of the product specification: 15 since the Collection-1 baselines."""
    return pattern.format(15 if product.baseline >= "05.00" else 14, product.level_name)


def timestamp(moment: datetime) -> str:
    """Format a time to the millisecond, as ESA writes sensing times."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def generation_timestamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"


def content_indicators(
    product: Product, shares: Mapping[SceneClass, float]
) -> Iterable[etree._Element]:
    """Percentages of every class, as product and granule metadata of L2A both list them."""
    if product.level != "L2A":
        return
    names = {kind: f"{kind.name}_PERCENTAGE" for kind in SceneClass}
    names[SceneClass.NODATA] = "NODATA_PIXEL_PERCENTAGE"
    names[SceneClass.SATURATED_DEFECTIVE] = "SATURATED_DEFECTIVE_PIXEL_PERCENTAGE"
    for kind, name in names.items():
        yield element(name, f"{shares[kind]:.6f}")


def _product_info(product: Product) -> etree._Element:
    started = timestamp(product.acquired)
    return element(
        "Product_Info",
        element("PRODUCT_START_TIME", started),
        element("PRODUCT_STOP_TIME", started),
        element("PRODUCT_URI", f"{product.name}.SAFE"),
        element("PROCESSING_LEVEL", product.level_name),
        element("PRODUCT_TYPE", f"S2MSI{product.level[1:]}"),
        element("PROCESSING_BASELINE", product.baseline),
        element("GENERATION_TIME", generation_timestamp(product.generated)),
        element("PREVIEW_IMAGE_URL", "Not applicable"),
        element("PREVIEW_GEO_INFO", "Not applicable"),
        element(
            "Datatake",
            element("SPACECRAFT_NAME", SPACECRAFT[product.platform]),
            element("DATATAKE_TYPE", "INS-NOBS"),
            element("DATATAKE_SENSING_START", started),
            element("SENSING_ORBIT_NUMBER", str(product.relative_orbit)),
            element("SENSING_ORBIT_DIRECTION", "DESCENDING"),
            attributes={"datatakeIdentifier": product.datatake_identifier},
        ),
        element(
            "Query_Options",
            element("PRODUCT_FORMAT", "SAFE_COMPACT"),
            attributes={"completeSingleTile": "true"},
        ),
        element("Product_Organisation", element("Granule_List", _granule(product))),
    )


def _granule(product: Product) -> etree._Element:
    def entry(image: Image) -> etree._Element:
        return element("IMAGE_FILE", product.path_of(image).with_suffix("").as_posix())

    return element(
        "Granule",
        *map(entry, product.bands),
        attributes={
            "datastripIdentifier": product.datastrip_identifier,
            "granuleIdentifier": product.tile_identifier,
            "imageFormat": "JPEG2000",
        },
    )


def _characteristics(product: Product) -> etree._Element:
    bands = SPECTRAL_BANDS[product.platform]
    return element(
        "Product_Image_Characteristics",
        *(
            element(
                "Special_Values",
                element("SPECIAL_VALUE_TEXT", text),
                element("SPECIAL_VALUE_INDEX", str(value)),
            )
            for text, value in (("NODATA", 0), ("SATURATED", 65535))
        ),
        element(
            "Image_Display_Order",
            element("RED_CHANNEL", "3"),
            element("GREEN_CHANNEL", "2"),
            element("BLUE_CHANNEL", "1"),
        ),
        _quantifications(product),
        *_offsets(product, len(bands)),
        element(
            "Reflectance_Conversion",
            element("U", f"{_sun_distance_correction(product.acquired):.6f}"),
            element("Solar_Irradiance_List", *_irradiances(bands)),
        ),
        element("Spectral_Information_List", *map(_spectral_information, range(13), bands)),
        element("REFERENCE_BAND", "3"),
        *_scene_classifications(product),
    )


def _quantifications(product: Product) -> etree._Element:
    unit = {"unit": "none"}
    if product.level == "L1C":
        return element("QUANTIFICATION_VALUE", str(QUANTIFICATION), attributes=unit)
    return element(
        "QUANTIFICATION_VALUES_LIST",
        element("BOA_QUANTIFICATION_VALUE", str(QUANTIFICATION), attributes=unit),
        element("AOT_QUANTIFICATION_VALUE", "1000.0", attributes=unit),
        element("WVP_QUANTIFICATION_VALUE", "1000.0", attributes={"unit": "cm"}),
    )


def _scene_classifications(product: Product) -> Iterable[etree._Element]:
    if product.level == "L2A":
        yield element("Scene_Classification_List", *map(_scene_classification, SceneClass))


def _offsets(product: Product, count: int) -> Iterable[etree._Element]:
    if product.has_offset:
        l1c = product.level == "L1C"
        name = "RADIO_ADD_OFFSET" if l1c else "BOA_ADD_OFFSET"
        yield element(
            "Radiometric_Offset_List" if l1c else "BOA_ADD_OFFSET_VALUES_LIST",
            *(
                element(name, str(product.offset), attributes={"band_id": str(band)})
                for band in range(count)
            ),
        )


def _irradiances(bands: tuple[SpectralBand, ...]) -> Iterable[etree._Element]:
    for index, band in enumerate(bands):
        yield element(
            "SOLAR_IRRADIANCE",
            str(band.irradiance),
            attributes={"bandId": str(index), "unit": "W/m²/µm"},
        )


def _spectral_information(index: int, band: SpectralBand) -> etree._Element:
    nanometres = {"unit": "nm"}
    return element(
        "Spectral_Information",
        element("RESOLUTION", str(band.resolution)),
        element(
            "Wavelength",
            element("MIN", str(band.shortest), attributes=nanometres),
            element("MAX", str(band.longest), attributes=nanometres),
            element("CENTRAL", str(band.central), attributes=nanometres),
        ),
        attributes={"bandId": str(index), "physicalBand": band.physical_name},
    )


def _scene_classification(kind: SceneClass) -> etree._Element:
    name = "DARK_FEATURE_SHADOW" if kind is SceneClass.DARK_FEATURES else kind.name
    return element(
        "Scene_Classification_ID",
        element("SCENE_CLASSIFICATION_TEXT", f"SC_{name}"),
        element("SCENE_CLASSIFICATION_INDEX", str(kind.value)),
    )


def _sun_distance_correction(moment: datetime) -> float:
    """Inverse square of the distance to the sun in astronomical units, to 0.1 %."""
    anomaly = 2.0 * math.pi * (moment.timetuple().tm_yday - 4) / 365.25
    distance: float = 1.0 - 0.01673 * math.cos(anomaly)
    return 1.0 / distance**2


def _geometry(product: Product) -> Iterable[etree._Element]:
    yield element(
        "Product_Footprint",
        element(
            "Product_Footprint",
            element("Global_Footprint", element("EXT_POS_LIST", lat_lon_list(product))),
        ),
        element("RASTER_CS_TYPE", "POINT"),
        element("PIXEL_ORIGIN", "1"),
    )
    yield element(
        "Coordinate_Reference_System",
        element("GEO_TABLES", "EPSG", attributes={"version": "1"}),
        element("HORIZONTAL_CS_TYPE", "GEOGRAPHIC"),
    )


def _quality(product: Product, shares: Mapping[SceneClass, float]) -> Iterable[etree._Element]:
    yield element("Cloud_Coverage_Assessment", f"{cloudy_percentage(shares):.6f}")
    yield element(
        "Technical_Quality_Assessment",
        element("DEGRADED_ANC_DATA_PERCENTAGE", "0.0"),
        element("DEGRADED_MSI_DATA_PERCENTAGE", "0"),
    )
    yield element(
        "Quality_Control_Checks",
        element(
            "Quality_Inspections",
            *(
                element("quality_check", "PASSED", attributes={"checkType": inspection})
                for inspection in INSPECTIONS
            ),
        ),
        element("Failed_Inspections"),
    )
    yield element("Image_Content_QI", *content_indicators(product, shares))
