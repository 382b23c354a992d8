"""A colour ramp as the classes of a layer: MapServer's style, legend and all."""

from typing import Any

from function.colour_ramp import Colour, ColourRamp, ColourStops, Section

# A map's ramp is straight between this many colours: no colour map bends so sharply that a step of
# 255 is missed by more than two.
MAP_SECTIONS = 64
# As many as a glance takes in.
LEGEND_SECTIONS = 8
# Values that are told apart, each of which MapServer looks up a colour for: a colour of 8 bit has
# no more shades.
BUCKETS = 256

# Where colours change at once, a value may lie on the wrong side by half a bucket.
STEPPED_BUCKETS = 1024

STYLE = "ramp"


def lay_ramp(layer: Any, ramp: ColourRamp | ColourStops, sections: int) -> None:
    """Give ``layer``, a layerObj, the classes of ``ramp`` in place of those that it has."""
    while layer.numclasses:
        layer.removeClass(0)
    classes = [_class(section) for section in ramp.sections(sections)]
    classes[-1] = _class(ramp.sections(sections)[-1], last=True)
    layer.updateFromString(f'LAYER CLASSGROUP "{STYLE}" {" ".join(classes)} END')
    layer.setProcessingKey("SCALE", f"{ramp.lowest!r},{ramp.highest!r}")
    layer.setProcessingKey("SCALE_BUCKETS", str(STEPPED_BUCKETS if _is_stepped(ramp) else BUCKETS))


def _is_stepped(ramp: ColourRamp | ColourStops) -> bool:
    return isinstance(ramp, ColourStops) and ramp.stepped


def _class(section: Section, last: bool = False) -> str:
    """Classes are tried in turn: each holds what is below its end and in none before it."""
    within = f"[pixel] >= {section.lowest!r}" if last else f"[pixel] < {section.highest!r}"
    return f"""
    CLASS
      NAME "{section.lowest:.6g} to {section.highest:.6g}"
      GROUP "{STYLE}"
      EXPRESSION ({within})
      STYLE
        COLORRANGE {_colour(section.first)} {_colour(section.last)}
        DATARANGE {section.lowest!r} {section.highest!r}
        RANGEITEM "pixel"
      END
    END"""


def _colour(colour: Colour) -> str:
    return " ".join(map(str, colour))
