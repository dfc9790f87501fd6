"""Bars as SVG for a page under a strict content-security policy: no style attribute, no id, colours from the page."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping
from xml.etree import ElementTree

from brie_bench.errors import plain

WIDTH, ROW = 6.4, 0.3
"""Inches of a plot, and of a bar with its gap."""
_LABELS = 0.36  # the share of the width that the labels have
_LONGEST = 26  # characters of a label
_BAR = "#010203"  # stands for the page's colour of bars
_SVG = "http://www.w3.org/2000/svg"


def bars(counts: Mapping[str, int], title: str) -> str:
    """A horizontal bar for each name, in order, with its count at the end: an `<svg>`, read out as `title`.

    Needs matplotlib, and at least one name. Names are text, whatever they hold, on one line, and are shortened to 26 characters.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, ROW * len(counts)))
    axes = figure.add_axes((_LABELS, 0.0, 0.9 - _LABELS, 1.0))
    axes.set_axis_off()
    axes.set_xlim(0, max(counts.values()) or 1)
    axes.set_ylim(len(counts) - 0.5, -0.5)
    axes.barh(range(len(counts)), list(counts.values()), height=0.66, color=_BAR)
    for row, (name, count) in enumerate(counts.items()):
        for text, end, gap in ((plain(name, _LONGEST) or "(blank)", 0, -6), (f"{count:,}", count, 6)):
            axes.annotate(
                text,
                (end, row),
                (gap, 0),
                textcoords="offset points",
                annotation_clip=False,
                ha="right" if gap < 0 else "left",
                va="center_baseline",
                parse_math=False,
            )
    target = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "bars"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing")  # the reader's browser has its own fonts
        figure.savefig(target, format="svg", transparent=True, metadata={"Date": None})
    return _tidied(target.getvalue(), title)


def _tidied(svg: str, title: str) -> str:
    """Only the bars and the words, styled by the page."""
    drawn = ElementTree.fromstring(svg)  # noqa: S314  matplotlib wrote it
    ElementTree.register_namespace("", _SVG)
    box = {"viewBox": drawn.attrib["viewBox"], "role": "img", "aria-label": title}
    root = ElementTree.Element(f"{{{_SVG}}}svg", box)
    for each in drawn.iter():
        style = dict(re.findall(r"([a-z-]+):\s*([^;]+)", each.attrib.get("style", "")))
        if each.tag == f"{{{_SVG}}}path" and style.get("fill") == _BAR:
            ElementTree.SubElement(root, each.tag, {"d": each.attrib["d"], "class": "bar"})
        elif each.tag == f"{{{_SVG}}}text":
            place = {"x": each.attrib["x"], "y": each.attrib["y"], "text-anchor": style.get("text-anchor", "start")}
            ElementTree.SubElement(root, each.tag, place).text = each.text
    return ElementTree.tostring(root, encoding="unicode")
