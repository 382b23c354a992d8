"""A map that is ready to be cloned for requests of the same layers.

To clone a layer takes MapServer 0.1 ms, in which Python's lock is held, and a mapfile may have
many that a request does not show.
"""

from typing import Any

from function.mapserver.mapfile import Mapfile
from function.mapserver.ramp_style import MAP_SECTIONS, lay_ramp


def make_template(mapfile: Mapfile, names: frozenset[str]) -> Any:
    """Make a mapObj without the archive layers but ``names``, which have the ramps of a map."""
    template = mapfile.map.clone()
    for name, layer in mapfile.publication.archive_layers.items():
        drawn = template.getLayerByName(name)
        if name not in names:
            template.removeLayer(drawn.index)
        elif layer.ramp is not None:
            lay_ramp(drawn, layer.ramp, MAP_SECTIONS)
    return template
