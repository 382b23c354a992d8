"""The styles of layers as a StyledLayerDescriptor 1.0.0, as GetStyles answers (OGC 02-070)."""

from collections.abc import Iterable, Sequence
from typing import Any

from lxml import etree

from function.layer import ArchiveLayer, LayerKind

SLD = "http://www.opengis.net/sld"
CHANNELS = ("RedChannel", "GreenChannel", "BlueChannel")


def write_styles(
    loaded: Any, layers: Iterable[ArchiveLayer], plain: Sequence[etree._Element]
) -> bytes:
    """Write the styles of ``layers`` as they stand in ``loaded``, a mapObj.

    ``plain`` are the NamedLayers that MapServer writes of other layers.
    """
    root = etree.Element(f"{{{SLD}}}StyledLayerDescriptor", nsmap={"sld": SLD}, version="1.0.0")
    for layer in layers:
        _add_layer(root, layer, loaded.getLayerByName(layer.name))
    root.extend(plain)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def read_named_layers(document: bytes) -> list[etree._Element]:
    """The NamedLayers of a document that MapServer wrote."""
    parser = etree.XMLParser(no_network=True, load_dtd=False, resolve_entities=False)
    return list(etree.fromstring(document, parser).iter(f"{{{SLD}}}NamedLayer"))


def _add_layer(root: etree._Element, layer: ArchiveLayer, drawn: Any) -> None:
    named = _add(root, "NamedLayer")
    _add(named, "Name", layer.name)
    classes = [drawn.getClass(index) for index in range(drawn.numclasses)]
    for group in dict.fromkeys(each.group or "default" for each in classes):
        style = _add(named, "UserStyle")
        _add(style, "Name", group)
        _add(style, "IsDefault", "1" if group == (drawn.classgroup or group) else "0")
        rule = _add(_add(style, "FeatureTypeStyle"), "Rule")
        symbolizer = _add(rule, "RasterSymbolizer")
        if layer.kind is LayerKind.COLOUR:
            selection = _add(symbolizer, "ChannelSelection")
            for channel, band in zip(CHANNELS, layer.bands, strict=True):
                _add(_add(selection, channel), "SourceChannelName", band)
        else:
            members = [each for each in classes if (each.group or "default") == group]
            _add_colours(_add(symbolizer, "ColorMap"), layer, members)


def _add_colours(colour_map: etree._Element, layer: ArchiveLayer, classes: list[Any]) -> None:
    """An entry for each class, where its colours begin; of an index the last one's end as well."""
    codes = {name: code for code, name in layer.class_names}
    for drawn in classes:
        style = drawn.getStyle(0) if drawn.numstyles else None
        if style is None:
            continue
        if layer.kind is LayerKind.CLASSES:
            if drawn.name in codes:
                _add_entry(colour_map, codes[drawn.name], style.color, drawn.name)
            continue
        _add_entry(colour_map, style.minvalue, style.mincolor, drawn.name)
        if drawn is classes[-1]:
            _add_entry(colour_map, style.maxvalue, style.maxcolor, None)


def _add_entry(colour_map: etree._Element, quantity: float, colour: Any, label: str | None) -> None:
    entry = _add(colour_map, "ColorMapEntry")
    entry.set("color", f"#{colour.red:02x}{colour.green:02x}{colour.blue:02x}")
    entry.set("quantity", repr(quantity))
    if label:
        entry.set("label", label)


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, f"{{{SLD}}}{name}")
    element.text = text
    return element
