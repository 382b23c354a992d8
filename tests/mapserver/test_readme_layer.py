"""The layer that the README adds to the mapfile, in ten lines and nothing else."""

import re
import shutil
from pathlib import Path

import numpy as np
from map_requests import DEAD_DATABASE, UTM, draw, get_map, one_band, unhurried
from xml_documents import find

from function.layer import LayerKind
from function.mapserver.server import MapServer
from function.settings import PACKAGE_MAPFILE

README = (Path(__file__).parents[2] / "README.md").read_text()
NAME = "S2_L2A_NDRE"


def test_it_is_published_drawn_and_has_a_legend(tmp_path: Path) -> None:
    (layer,) = re.findall(r"^```\n(LAYER.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert layer.count("\n") == 10
    maps = shutil.copytree(PACKAGE_MAPFILE.parent, tmp_path / "maps")
    mapfile = maps / PACKAGE_MAPFILE.name
    head, end, tail = mapfile.read_text().rpartition("END")
    mapfile.write_text(f"{head}{layer}{end}{tail}")
    server = MapServer(mapfile, DEAD_DATABASE)
    assert server.publication.archive_layers[NAME].kind is LayerKind.INDEX
    drawn = draw(
        server, get_map(UTM, NAME), {NAME: one_band(UTM, np.array([-0.2, 0.8], np.float32))}
    )
    red, green = drawn[0, :2].astype(int)
    assert red[0] > 2 * red[1]
    assert green[1] > 2 * green[0]
    capabilities = [("SERVICE", "WMS"), ("VERSION", "1.3.0"), ("REQUEST", "GetCapabilities")]
    body = server.answer(capabilities, {}, {}, "http://maps.example.org/ows?", {}, unhurried()).body
    (link,) = find(body, f"//Layer[Name='{NAME}']/Style/LegendURL")
    assert int(str(link.get("height"))) > 100
