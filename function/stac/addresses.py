"""URLs of the service's own resources."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from function.layer import ArchiveLayer, LayerKind, Publication
from function.scene import Scene
from function.stac.footprint import Box

OWS = "/ows"
# A preview is as large as those that products bring, Sentinel-2's PVI.
PREVIEW_PIXELS = 343
# MapServer draws no image of less than a pixel or so; a swath is a strip at most so slim.
LEAST_PIXELS = 16
UTM = ("EPSG:326", "EPSG:327")
LONLAT = "CRS:84"
FULL_TURN = 360.0
PICTURES = ("image/jpeg", "image/png")


@dataclass(frozen=True, slots=True)
class Preview:
    """A map of one scene: its URL and media type."""

    href: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Addresses:
    """Writes URLs below ``base``, the service's own without a slash at its end."""

    base: str
    publication: Publication

    @property
    def landing(self) -> str:
        return f"{self.base}/"

    def resource(self, *path: str) -> str:
        """The URL of a resource below the service's own."""
        return "/".join((self.base, *(quote(part, safe="") for part in path)))

    def capabilities(self) -> str:
        """The URL of the WMS capabilities."""
        query = {"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetCapabilities"}
        return f"{self.base}{OWS}?{urlencode(query)}"

    def layers_of(self, collection: str) -> tuple[str, ...]:
        """Names of the layers that show a collection."""
        return tuple(
            name
            for name, layer in self.publication.archive_layers.items()
            if layer.collection == collection
        )

    def preview(self, scene: Scene, bounds: Box) -> Preview | None:
        """A map of ``scene`` alone, None where no layer shows its collection.

        It is drawn on the scene's own UTM grid, which has no antimeridian, else in degrees.
        """
        layer = self._best_layer(scene.collection)
        if layer is None:
            return None
        opaque, transparent = PICTURES
        formats = self.publication.map_formats
        media_type = opaque if layer.kind is LayerKind.COLOUR and opaque in formats else transparent
        crs, box = self._frame(scene, bounds)
        west, south, east, north = box
        scale = PREVIEW_PIXELS / max(east - west, north - south)
        query = {
            "SERVICE": "WMS",
            "VERSION": "1.3.0",
            "REQUEST": "GetMap",
            "LAYERS": layer.name,
            "STYLES": "",
            "CRS": crs,
            "BBOX": f"{west:.10g},{south:.10g},{east:.10g},{north:.10g}",
            "WIDTH": str(max(LEAST_PIXELS, round(scale * (east - west)))),
            "HEIGHT": str(max(LEAST_PIXELS, round(scale * (north - south)))),
            "FORMAT": media_type,
            "SCENE": scene.name,
        }
        if media_type == transparent:
            query["TRANSPARENT"] = "TRUE"
        return Preview(f"{self.base}{OWS}?{urlencode(query)}", media_type)

    def _best_layer(self, collection: str) -> ArchiveLayer | None:
        """The first layer of a ready-made image, else of colours, else of all."""
        layers = [self.publication.archive_layers[name] for name in self.layers_of(collection)]
        return min(
            layers,
            key=lambda layer: (layer.visual is None, layer.kind is not LayerKind.COLOUR),
            default=None,
        )

    def _frame(self, scene: Scene, bounds: Box) -> tuple[str, Box]:
        for asset in scene.assets:
            crs = asset.grid.crs
            if crs.startswith(UTM) and crs in self.publication.crs_codes:
                return crs, asset.grid.bounds
        west, south, east, north = bounds
        return LONLAT, (west, south, east if east >= west else east + FULL_TURN, north)
