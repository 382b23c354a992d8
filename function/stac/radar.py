"""What a radar scene has beyond others, as fields of STAC's extensions sar and sat."""

from typing import Any

from function.scene import RadarAcquisition, RadarImage

# The only radar of the archive is Sentinel-1's.
FREQUENCY_BAND = "C"
PRODUCT_TYPE = "GRD"


def radar_properties(radar: RadarAcquisition) -> dict[str, Any]:
    """Describe how the scene was acquired; what the product does not tell is left out."""
    properties: dict[str, Any] = {
        "sar:instrument_mode": radar.mode,
        "sar:frequency_band": FREQUENCY_BAND,
        "sar:product_type": PRODUCT_TYPE,
        "sat:absolute_orbit": radar.absolute_orbit,
    }
    if radar.images:
        properties["sar:polarizations"] = [image.polarisation for image in radar.images]
    if radar.orbit_direction is not None:
        properties["sat:orbit_state"] = radar.orbit_direction
    return properties


def radar_asset(image: RadarImage, href: str) -> dict[str, Any]:
    """Describe one polarisation; it lies in the geometry of its swath, so that it has no CRS."""
    return {
        "href": href,
        "title": image.polarisation,
        "roles": ["data"],
        "sar:polarizations": [image.polarisation],
        "proj:code": None,
        "proj:shape": [image.height, image.width],
    }
