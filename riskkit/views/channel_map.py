"""The map of channels: systems as boxes, and a line for each flow to the listener that it ends at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch

from riskkit.views.figures import BAD, GOOD, INK, NEUTRAL, drawing, figure
from riskkit.views.html import Html, clean

LOOKS: dict[str, dict[str, Any]] = {
    "unsecured": {"color": BAD, "linewidth": 2.6, "linestyle": "-"},
    "breakable": {"color": BAD, "linewidth": 1.8, "linestyle": (0, (5, 2))},
    "unauthenticated": {"color": BAD, "linewidth": 1.8, "linestyle": (0, (1, 1.6))},
    "undetermined": {"color": NEUTRAL, "linewidth": 1.6, "linestyle": (0, (5, 2, 1, 2))},
    "baseline": {"color": GOOD, "linewidth": 1.2, "linestyle": "-"},
    "strong": {"color": GOOD, "linewidth": 2.6, "linestyle": "-"},
    "no ePHI": {"color": NEUTRAL, "linewidth": 0.9, "linestyle": "-"},
}
"""Every state has a line of its own, so that grey tones and print tell them apart."""

SIGNS = {"unsecured": "✗", "breakable": "✗", "unauthenticated": "✗", "undetermined": "?", "baseline": "✓",
         "strong": "✓", "no ePHI": "–"}  # fmt: skip

NOBODY = "not in flows.csv"
"""Who connects to a listener that no flow names."""

_LEFT, _PORT, _END = 0.0, 5.3, 12.4
_BOX = 2.6
_GAP = 0.5
_ROOM, _PORT_ROOM = 24, 34
_NAME: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8.5}


@dataclass(frozen=True, slots=True)
class Spot:
    """One listener on the map: its system, what it is, its state, and who connects to it."""

    system: str
    name: str
    state: str
    sources: tuple[str, ...]
    tunnel: bool = False


def channel_map(spots: Sequence[Spot], *, caption: str, alt: str) -> Html:
    """Who connects on the left, listeners by system on the right, a line for each flow."""
    places, bands = _places(spots)
    sources = _sources(spots, places)
    lowest = max([*places, *(height for height in sources.values())], default=0)
    with drawing(1.15 + 0.34 * (lowest + 1)) as (fig, axes):
        for spot, place in zip(spots, places, strict=True):
            look = LOOKS[spot.state]
            for source in spot.sources or (NOBODY,):
                axes.plot(
                    [_LEFT + _BOX, _LEFT + _BOX + 0.4, _PORT - 0.4, _PORT - 0.1],
                    [sources[source], sources[source], place, place],
                    solid_capstyle="butt", **look,
                )  # fmt: skip
            axes.plot([_PORT - 0.08], [place], marker=">", markersize=5, color=look["color"])
            tunnel = ", in a tunnel" if spot.tunnel else ""
            told = f"{SIGNS[spot.state]} {clean(_cut(spot.name, _PORT_ROOM))}: {spot.state}{tunnel}"
            axes.text(_PORT + 0.12, place, told, va="center", fontsize=8)
        for source, height in sources.items():
            _box(axes, (_LEFT, _LEFT + _BOX), (height, height), dashed=source == NOBODY)
            axes.text(_LEFT + _BOX / 2, height, clean(_cut(source, _ROOM)), **_NAME)
        for system, (first, last) in bands.items():
            _box(axes, (_PORT, _END), (first, last))
            axes.text(_END - _BOX / 2, (first + last) / 2, clean(_cut(system, _ROOM)), **_NAME)
        axes.set_xlim(-0.1, _END + 0.1)
        axes.set_ylim(lowest + 0.7, -0.7)
        axes.axis("off")
        there = [state for state in LOOKS if any(spot.state == state for spot in spots)]
        handles = [Line2D([], [], label=f"{SIGNS[state]} {state}", **LOOKS[state]) for state in there]
        fig.legend(handles=handles, loc="outside upper left", fontsize=8, ncols=4, handlelength=3.2)
        return figure(fig, alt=alt, caption=caption)


def _places(spots: Sequence[Spot]) -> tuple[list[float], dict[str, tuple[float, float]]]:
    """The height of each listener, and of each system its first and last; systems stand apart."""
    places: list[float] = []
    bands: dict[str, tuple[float, float]] = {}
    height = 0.0
    for number, spot in enumerate(spots):
        if number and spots[number - 1].system != spot.system:
            height += _GAP
        places.append(height)
        bands[spot.system] = (bands.get(spot.system, (height, height))[0], height)
        height += 1
    return places, bands


def _sources(spots: Sequence[Spot], places: Sequence[float]) -> dict[str, float]:
    """Heights of who connects: near the middle of what each connects to, and never one upon another."""
    ends: dict[str, list[float]] = {}
    for spot, place in zip(spots, places, strict=True):
        for source in spot.sources or (NOBODY,):
            ends.setdefault(source, []).append(place)
    wanted = sorted(ends, key=lambda name: (name == NOBODY, sum(ends[name]) / len(ends[name]), name))
    heights: dict[str, float] = {}
    last = -1.0
    for name in wanted:
        last = max(sum(ends[name]) / len(ends[name]), last + 1)
        heights[name] = last
    # What was pushed down over the end moves up again.
    over = max(last - max(places, default=0.0), 0.0)
    limit = last - over
    for name in reversed(wanted):
        heights[name] = min(heights[name], limit)
        limit = heights[name] - 1
    lift = min(heights.values(), default=0.0)
    return {name: height - min(lift, 0.0) for name, height in heights.items()}


def _box(axes: Axes, across: tuple[float, float], down: tuple[float, float], *, dashed: bool = False) -> None:
    left, top = across[0], down[0] - 0.36
    axes.add_patch(
        FancyBboxPatch(
            (left, top), across[1] - left, down[1] + 0.36 - top,
            boxstyle="round,pad=0,rounding_size=0.12", facecolor="none", edgecolor=INK, linewidth=0.8,
            linestyle="--" if dashed else "-",
        )
    )  # fmt: skip


def _cut(name: str, room: int) -> str:
    return name if len(name) <= room else f"{name[: room - 1]}…"
