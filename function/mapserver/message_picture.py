"""A message drawn by MapServer, in any format that it draws maps in."""

import textwrap
from typing import Any

import mapscript

from function.mapserver.dispatch import Rendered, dispatch
from function.mapserver.map_object import stated
from function.picture import FailurePicture

LAYER = "message"
# A character of MapServer's own font in size 10 is at most so wide, but for a few capitals.
CHARACTER_WIDTH, LINE_HEIGHT, MARGIN = 7, 16, 6
LEAST_CHARACTERS = 8

_DEFINITION = f"""
LAYER
  NAME "{LAYER}" TYPE POINT STATUS OFF TRANSFORM FALSE LABELCACHE OFF
  CLASS
    LABEL
      COLOR 160 0 0 OUTLINECOLOR 255 255 255 SIZE 10 POSITION LR FORCE TRUE
    END
  END
END
"""


def draw_message(drawn: Any, picture: FailurePicture, message: str) -> Rendered:
    """Draw ``message``, wrapped, with ``drawn``, a mapObj that is used for this alone.

    As much of it as there is room for. Raises RenderError.
    """
    while drawn.numlayers:
        drawn.removeLayer(0)
    layer = mapscript.layerObj(drawn)
    layer.updateFromString(_DEFINITION)
    if not picture.blank:
        for number, line in enumerate(_wrapped(message, picture)):
            layer.addFeature(_label(line, MARGIN, MARGIN + number * LINE_HEIGHT))
    # Nothing of it lies on Earth: any reference system and any area will do.
    crs = (stated(drawn.web.metadata, "srs") or "").split()[0]
    return dispatch(
        drawn,
        (
            ("SERVICE", "WMS"),
            ("VERSION", "1.1.1"),
            ("REQUEST", "GetMap"),
            ("LAYERS", LAYER),
            ("STYLES", ""),
            ("SRS", crs),
            ("BBOX", f"0,0,{picture.width},{picture.height}"),
            ("WIDTH", str(picture.width)),
            ("HEIGHT", str(picture.height)),
            ("FORMAT", picture.format),
            ("TRANSPARENT", str(picture.transparent).upper()),
            ("BGCOLOR", picture.background),
        ),
    )


def _wrapped(message: str, picture: FailurePicture) -> list[str]:
    characters = max(LEAST_CHARACTERS, (picture.width - 2 * MARGIN) // CHARACTER_WIDTH)
    rows = max(1, (picture.height - MARGIN) // LINE_HEIGHT)
    return textwrap.wrap(message, characters)[:rows]


def _label(text: str, x: int, y: int) -> Any:
    line = mapscript.lineObj()
    line.add(mapscript.pointObj(x, y))
    shape = mapscript.shapeObj(mapscript.MS_SHAPE_POINT)
    shape.add(line)
    shape.text = text
    return shape
