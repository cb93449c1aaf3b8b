"""Figures as markup inside a page: own ids, the page's letters and its colours.

A stand-alone SVG has ids and a style sheet that would meet those of its neighbours, and
fixed colours that would stay light on a dark page. Here ids get the figure's name,
colours become the page's variables, and the drawing is one image to a screen reader.
"""

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from markupsafe import Markup

from sim.plots.style import BASE, GRID, INK, LAND, MUTED, PAPER, SCENARIO, SHORE, WARNING

_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    PAPER: "var(--paper)",
    LAND: "var(--land)",
    SHORE: "var(--shore)",
    BASE: "var(--base)",
    SCENARIO: "var(--scenario)",
    WARNING: "var(--warning)",
}
_COLOUR = re.compile("|".join(map(re.escape, _VARIABLES)))
_FONT = re.compile(r"font-family:[^;]*")
_REFERENCE = re.compile(r"url\(#([^)]*)\)")
_LEFT_OUT = {"metadata", "style", "title"}


def inline(svg: str, name: str, label: str) -> Markup:
    """The figure as an ``svg`` element of a page.

    Parameters
    ----------
    svg
        A stand-alone file as ``sim.plots.style.save`` makes it.
    name
        Set before every id; unique on the page.
    label
        What the figure shows, for those who do not see it.
    """
    # Safe to parse: the text was made by this program a moment ago.
    root = ET.fromstring(svg)  # noqa: S314
    _bare(root)
    for element in list(_walk(root)):
        _adapt(element, name)
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.set("role", "img")
    root.set("aria-label", label)
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704


def _walk(parent: ET.Element) -> Iterator[ET.Element]:
    """Yield an element and all below it, having taken out what a page must not hold."""
    yield parent
    for child in list(parent):
        if child.tag in _LEFT_OUT:
            parent.remove(child)
        else:
            yield from _walk(child)


def _bare(root: ET.Element) -> None:
    """Strip XML namespaces: an HTML parser gives SVG its own."""
    for element in root.iter():
        element.tag = element.tag.rsplit("}", 1)[-1]
        for key in list(element.attrib):
            if "}" in key:
                element.set(key.rsplit("}", 1)[-1], element.attrib.pop(key))


def _adapt(element: ET.Element, name: str) -> None:
    for key, value in list(element.attrib.items()):
        if key == "id":
            element.set(key, f"{name}-{value}")
        elif key == "href":
            element.set(key, f"#{name}-{value.removeprefix('#')}")
        elif "url(#" in value:
            element.set(key, _REFERENCE.sub(rf"url(#{name}-\1)", value))
    style = element.get("style")
    if style:
        style = _COLOUR.sub(lambda found: _VARIABLES[found[0]], style)
        element.set("style", _FONT.sub("font-family: var(--sans)", style))
