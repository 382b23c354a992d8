"""The part of a scene's document that tells of its radar images."""

from datetime import UTC, datetime
from typing import Any

from function.scene import RadarAcquisition, RadarImage


def radar_hrefs(radar: RadarAcquisition | None) -> list[str]:
    """List every file that ``radar`` refers to."""
    images = () if radar is None else radar.images
    return [
        href
        for image in images
        for href in (image.href, image.annotation, image.calibration, image.noise)
        if href is not None
    ]


def radar_document(radar: RadarAcquisition, root: str) -> dict[str, object]:
    """Describe ``radar``; paths are given below ``root``."""
    return {
        "mode": radar.mode,
        "resolution_class": radar.resolution_class,
        "ended": radar.ended.astimezone(UTC).isoformat(),
        "absolute_orbit": radar.absolute_orbit,
        "orbit_direction": radar.orbit_direction,
        "slice_number": radar.slice_number,
        "slices": radar.slices,
        "timeliness": radar.timeliness,
        "images": [
            {
                "polarisation": image.polarisation,
                "path": image.href.removeprefix(root),
                "width": image.width,
                "height": image.height,
                "bits": image.bits,
                "annotation": _below(image.annotation, root),
                "calibration": _below(image.calibration, root),
                "noise": _below(image.noise, root),
            }
            for image in radar.images
        ],
    }


def read_radar_document(document: dict[str, Any], root: str) -> RadarAcquisition:
    """Restore what ``radar_document`` described."""
    return RadarAcquisition(
        document["mode"],
        document["resolution_class"],
        datetime.fromisoformat(document["ended"]),
        document["absolute_orbit"],
        document["orbit_direction"],
        document["slice_number"],
        document["slices"],
        document["timeliness"],
        tuple(
            RadarImage(
                image["polarisation"],
                root + image["path"],
                image["width"],
                image["height"],
                image["bits"],
                _joined(root, image["annotation"]),
                _joined(root, image["calibration"]),
                _joined(root, image["noise"]),
            )
            for image in document["images"]
        ),
    )


def _below(href: str | None, root: str) -> str | None:
    return None if href is None else href.removeprefix(root)


def _joined(root: str, path: str | None) -> str | None:
    return None if path is None else root + path
