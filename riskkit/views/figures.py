"""Charts as inline SVG that read in light and dark, in print, and aloud.

A chart never says by colour alone what it says: words and numbers stand on it, and one sentence,
computed from the same numbers, is its name for whoever does not see it.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from riskkit.views.html import Html, clean, tag

INK = "#010203"
"""Drawn in this, a line or letter takes the colour of the text around the chart."""

GOOD, BAD, NEUTRAL, MARK = "#0072b2", "#d55e00", "#808080", "#009e73"
"""Of Okabe and Ito's palette, those with a contrast of 3:1 on white and on near-black alike."""

WIDTH = 7.2
"""Inches; the column of a printed page."""

_STYLE: Any = {
    "svg.hashsalt": "riskkit",
    "svg.fonttype": "path",
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "savefig.bbox": "standard",
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.color": INK,
    "hatch.linewidth": 0.5,
    "patch.linewidth": 0.6,
    "legend.frameon": False,
}


@contextmanager
def drawing(height: float, *, width: float = WIDTH) -> Iterator[tuple[Figure, Axes]]:
    """A figure with one set of axes, in inches; text is never read as a formula."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.add_subplot()


def figure(fig: Figure, *, alt: str, caption: str) -> Html:
    """A matplotlib figure as `<figure>` with inline SVG, byte for byte the same each time.

    `alt` is the sentence that says what it shows, computed from the data.
    """
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box; tables and captions show it.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        fig.savefig(buffer, format="svg", metadata=nothing)
    name = clean(alt)
    drawing_ = _inline(
        buffer.getvalue(), name, "f" + hashlib.sha256((caption + name).encode()).hexdigest()[:8]
    )
    return tag("figure", Html(drawing_), tag("figcaption", caption), class_="figure")


def _inline(svg: str, alt: str, prefix: str) -> str:
    """The `<svg>` element for use inside HTML: no prologue, ids of its own, colours of the text."""
    svg = svg[svg.index("<svg") :].strip()
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    if box is None:
        raise ValueError("matplotlib wrote an SVG without viewBox")
    # Its style element would hold for the whole page.
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(
        r'\s\bid="([^"]+)"', lambda found: f' id="{prefix}-{found[1]}"' if found[1] in used else "", svg
    )
    svg = re.sub(r'(?:xlink:)?(href="#|url\(#)', rf"\g<1>{prefix}-", svg)
    svg = re.sub(r'(?<= d=")[^"]+', _shorter, svg)
    svg = re.sub(r"\s+", " ", svg).replace("> <", "><").replace(INK, "currentColor")
    attributes = tag(
        "svg", xmlns="http://www.w3.org/2000/svg", viewbox=f"0 0 {box[1]} {box[2]}",
        width=f"{float(box[1]) * 4 / 3:.0f}", role="img", aria_label=alt,
        style="max-width:100%;height:auto;stroke-linejoin:round;stroke-linecap:butt",
    ).markup.removesuffix("></svg>")  # fmt: skip
    return attributes.replace(" viewbox=", " viewBox=") + svg[svg.index(">") :]


def _shorter(path: re.Match[str]) -> str:
    """A path to a hundredth of a point."""
    return re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), path[0])
