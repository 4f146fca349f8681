"""The shapes that several areas draw: shares of pass, unknown and fail, days, ages, bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from riskkit.views.figures import BAD, GOOD, INK, MARK, NEUTRAL, drawing, figure
from riskkit.views.html import Html, clean
from riskkit.words import plural

_LABEL = 40
"""Characters of a name that fit beside a bar."""


@dataclass(frozen=True, slots=True)
class Words:
    """What good, unknown and bad are called in one chart."""

    good: str = "pass"
    unknown: str = "unknown"
    bad: str = "fail"


def shares(
    rows: Sequence[tuple[str, tuple[float, float, float]]],
    *,
    caption: str,
    alt: str,
    words: Words,
    told: Sequence[str] | None = None,
) -> Html:
    """One bar a row, split into good, unknown and bad as shares of the row; the numbers stand beside it.

    rows: name and (good, unknown, bad) in any unit. told: what to write beside each bar instead of
    the three numbers.
    """
    with drawing(0.75 + 0.32 * len(rows)) as (fig, axes):
        names = [_short(name) for name, _ in rows]
        places = list(range(len(rows)))
        starts = [0.0] * len(rows)
        for part, look in enumerate(_LOOKS):
            widths = [100 * parts[part] / sum(parts) if sum(parts) else 0.0 for _, parts in rows]
            axes.barh(places, widths, left=starts, height=0.62, **look)
            starts = [start + width for start, width in zip(starts, widths, strict=True)]
        for place, (_, parts) in enumerate(rows):
            numbers = told[place] if told else " / ".join(f"{part:,.0f}" for part in parts)
            axes.text(102, place, clean(numbers), va="center", clip_on=False)
        axes.set_xlim(0, 128)
        axes.set_xticks([0, 25, 50, 75, 100], ["0 %", "25 %", "50 %", "75 %", "100 %"])
        _rows(axes, names)
        _legend(axes, (words.good, words.unknown, words.bad))
        return figure(fig, alt=alt, caption=caption)


def bars(
    rows: Sequence[tuple[str, float]],
    *,
    caption: str,
    alt: str,
    unit: str,
    limit: tuple[float, str] | None = None,
    told: Sequence[str] | None = None,
) -> Html:
    """One bar a row, its number beside it; `limit` is a line with its meaning.

    Bars beyond the limit are hatched as well as coloured.
    """
    with drawing(0.75 + 0.3 * len(rows)) as (fig, axes):
        most = max([value for _, value in rows] + ([limit[0]] if limit else [1.0]) + [1.0])
        for place, (_, value) in enumerate(rows):
            beyond = limit is not None and value > limit[0]
            axes.barh([place], [value], height=0.6, **(_LOOKS[2] if beyond else _LOOKS[0]))
            axes.text(
                value + most * 0.012, place, clean(told[place] if told else f"{value:,.0f}"), va="center"
            )
        if limit:
            axes.axvline(limit[0], color=INK, linestyle="--", linewidth=0.9)
            axes.text(limit[0], -0.75, limit[1], ha="center", va="bottom", fontsize=8)
        axes.set_xlim(0, most * 1.18)
        axes.set_xlabel(unit)
        _rows(axes, [_short(name) for name, _ in rows])
        return figure(fig, alt=alt, caption=caption)


def stacked(
    rows: Sequence[tuple[str, float, float, float, float]],
    *,
    caption: str,
    alt: str,
    unit: str,
    scale: float,
    words: tuple[str, str, str],
    told: Sequence[str],
) -> Html:
    """Bars of up to three pieces that start where they are told to; the number stands beside each.

    rows: name, start, and the good, unknown and bad piece. scale: what 1 on the axis stands for. words:
    what the pieces are called, empty for one that does not occur.
    """
    with drawing(0.95 + 0.3 * len(rows)) as (fig, axes):
        most = max(sum(row[1:]) for row in rows) / scale or 1.0
        for place, (_, start, *pieces) in enumerate(rows):
            left = start / scale
            for piece, look in zip(pieces, _LOOKS, strict=True):
                if piece:
                    axes.barh([place], [piece / scale], left=left, height=0.6, **look)
                left += piece / scale
            axes.text(left + most * 0.012, place, clean(told[place]), va="center")
        axes.set_xlim(0, most * 1.22)
        axes.set_xlabel(unit)
        _rows(axes, [_short(name) for name, *_ in rows])
        handles = [Patch(label=word, **look) for word, look in zip(words, _LOOKS, strict=True) if word]
        axes.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, fontsize=8,
            handlelength=1.6, borderaxespad=0.2,
        )  # fmt: skip
        return figure(fig, alt=alt, caption=caption)


def against(
    rows: Sequence[tuple[str, float, float | None]],
    *,
    caption: str,
    alt: str,
    unit: str,
    words: Words,
    told: Sequence[str],
) -> Html:
    """One bar a row against a target of its own, a thick tick with `target` beside it.

    rows: name, value and target, None where there is none; such a bar is drawn as unknown. Values that
    would dwarf the others are cut, with an arrow; their number stands beside them. words: within the
    target, without one, beyond it.
    """
    with drawing(0.95 + 0.34 * len(rows)) as (fig, axes):
        values = sorted([value for _, value, _ in rows] + [target for _, _, target in rows if target])
        # A value ten times the median would leave nothing to see of the others.
        most = min(values[-1], 10 * max(values[len(values) // 2], 1.0)) if values else 1.0
        for place, (_, value, target) in enumerate(rows):
            look = _LOOKS[1] if target is None else _LOOKS[2] if value > target else _LOOKS[0]
            shown = min(value, most)
            axes.barh([place], [shown], height=0.56, **look)
            if value > most:
                axes.plot([most * 1.005], [place], marker=">", color=INK, markersize=6, clip_on=False)
            if target is not None:
                at = min(target, most)
                axes.plot(
                    [at, at], [place - 0.4, place + 0.4], color=INK, linewidth=2.6, solid_capstyle="butt"
                )
            end = max(shown, min(target or 0.0, most))
            axes.text(end + most * 0.03, place, clean(told[place]), va="center")
        # Room for what stands beside the longest bar.
        axes.set_xlim(0, most * max(1.75, 1.2 + 0.019 * max(map(len, told), default=0)))
        axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= most * 1.05])
        axes.set_xlabel(unit)
        _rows(axes, [_short(name) for name, _, _ in rows])
        handles = [
            Patch(label=word, **look)
            for word, look in zip((words.good, words.unknown, words.bad), _LOOKS, strict=True)
        ]
        tick = axes.plot([], [], color=INK, linewidth=2.6, label="target")
        axes.legend(
            handles=[*handles, *tick], loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, fontsize=8,
            handlelength=1.6, borderaxespad=0.2,
        )  # fmt: skip
        return figure(fig, alt=alt, caption=caption)


def calendar(
    rows: Sequence[tuple[str, Sequence[int]]],
    days: Sequence[date],
    *,
    caption: str,
    alt: str,
    noun: str,
    per: str,
) -> Html:
    """A row of days (or first days of weeks) for each name, a cross where there was nothing."""
    few = len(days) <= 35  # noqa: PLR2004 - a month and a little
    columns = [
        f"{day:%b} {day.day}" if day.day == 1 or (few and day.weekday() == 0) or index == 0 else ""
        for index, day in enumerate(days)
    ]
    return heat(rows, columns, caption=caption, alt=alt, noun=noun, per=per)


def heat(
    rows: Sequence[tuple[str, Sequence[int]]], columns: Sequence[str], *,
    caption: str, alt: str, noun: str, per: str, gap: bool = True, numbered: bool = False,
) -> Html:  # fmt: skip
    """Cells darker where there was more, in up to five steps; with `gap` a cross marks nothing.

    rows: name and one count a column. columns: what stands below, empty for none. numbered: each count
    stands in its cell, whose shade is then light enough to read it.
    """
    with drawing(1.05 + 0.3 * len(rows)) as (fig, axes):
        steps = _steps(max((number for _, numbers in rows for number in numbers), default=0))
        palest, range_ = (0.08, 0.3) if numbered else (0.25, 0.75)
        looks = [palest + range_ * step / max(len(steps) - 1, 1) for step in range(len(steps))]
        cells: dict[int, list[Path]] = {}
        for place, (_, numbers) in enumerate(rows):
            for column, number in enumerate(numbers):
                if numbered:
                    axes.text(column, place, f"{number:,}", ha="center", va="center", fontsize=8)
                if number:
                    cells.setdefault(sum(number > bound for bound in steps), []).append(_cell(column, place))
        for step, found in sorted(cells.items()):
            path = Path.make_compound_path(*found)
            axes.add_patch(PathPatch(path, facecolor=GOOD, alpha=looks[step], edgecolor="none"))
        handles = _shades(steps, looks)
        if gap:
            cross = {"marker": "x", "color": BAD, "linestyle": "none", "markersize": 4.5, "mew": 1.4}
            empty = [
                (c, r)
                for r, (_, numbers) in enumerate(rows)
                for c, number in enumerate(numbers)
                if not number
            ]
            axes.plot([c for c, _ in empty], [r for _, r in empty], **cross)  # type: ignore[arg-type]
            handles = [*axes.plot([], [], label=f"no {noun}", **cross), *handles]  # type: ignore[arg-type]
        axes.set_xlim(-0.5, len(columns) - 0.5)
        ticks = [index for index, name in enumerate(columns) if name]
        axes.set_xticks(ticks, [columns[index] for index in ticks])
        _rows(axes, [_short(name) for name, _ in rows])
        fig.legend(
            handles=handles, loc="outside upper left", fontsize=8, ncols=6, handlelength=1.0,
            columnspacing=1.2, title=f"{plural(noun, 2)} {per}", alignment="left",
        )  # fmt: skip
        return figure(fig, alt=alt, caption=caption)


def day_and_hour(
    moments: Sequence[tuple[datetime, bool]], first: date, last: date, *, caption: str, alt: str
) -> Html:
    """Local moments as marks by day and hour of day; those marked are crosses."""
    with drawing(2.6) as (fig, axes):
        for marked, look in (
            (False, {"marker": "o", "color": GOOD, "alpha": 0.45}),
            (True, {"marker": "X", "color": BAD}),
        ):
            found = [moment for moment, is_marked in moments if is_marked == marked]
            axes.plot(
                [(moment.date() - first).days + 0.5 for moment in found],
                [moment.hour + moment.minute / 60 for moment in found],
                linestyle="none", markersize=4.5, markeredgewidth=0,
                label=f"{'no known reason' if marked else 'explained'} ({len(found):,})", **look,
            )  # fmt: skip
        days = (last - first).days + 1
        ticks = range(0, days, max(1, -(-days // 62) * 7))
        axes.set_xticks(
            [tick + 0.5 for tick in ticks], [f"{first + timedelta(days=tick):%b %d}" for tick in ticks]
        )
        axes.set_xlim(0, days)
        axes.set_yticks(range(0, 25, 6), [f"{clock:02d}:00" for clock in range(0, 25, 6)])
        axes.set_ylim(24, 0)
        fig.legend(loc="outside upper left", fontsize=8, ncols=2)
        return figure(fig, alt=alt, caption=caption)


def expiries(rows: Sequence[tuple[str, float, str]], *, caption: str, alt: str, warn: float) -> Html:
    """Days from now to an end, one point a row with its text; what has ended or ends soon is a cross."""
    with drawing(0.8 + 0.3 * len(rows)) as (fig, axes):
        latest = max([days for _, days, _ in rows] + [warn])
        earliest = min([days for _, days, _ in rows] + [0.0])
        span = max(latest - earliest, 1.0)
        for place, (_, days, told) in enumerate(rows):
            late = days <= warn
            axes.plot([0, days], [place, place], color=BAD if late else NEUTRAL, linewidth=1.2)
            axes.plot(days, place, marker="X" if late else "o", color=BAD if late else GOOD, markersize=7)
            axes.text(max(days, 0) + span * 0.025, place, clean(told), va="center")
        axes.axvline(0, color=INK, linewidth=0.9)
        axes.set_xlim(earliest - span * 0.04, latest + span * 0.8)
        axes.set_xlabel("days after the end of the period")
        _rows(axes, [_short(name) for name, _, _ in rows])
        return figure(fig, alt=alt, caption=caption)


def trend(
    periods: Sequence[str], lines: Mapping[str, Sequence[float]], *, caption: str, alt: str, unit: str
) -> Html:
    """Lines over periods, each named at its end and told apart by its marker as well."""
    looks = zip("oX^sD", (GOOD, BAD, NEUTRAL, MARK, INK), strict=True)
    most = max([value for values in lines.values() for value in values] + [1.0])
    with drawing(2.3) as (fig, axes):
        for values, (marker, colour) in zip(lines.values(), looks, strict=False):
            axes.plot(range(len(periods)), values, marker=marker, color=colour, linewidth=1.4)
        for name, height in _apart({name: values[-1] for name, values in lines.items()}, 0.11 * most):
            axes.text(
                len(periods) - 1 + 0.06 * len(periods),
                height,
                f"{_short(name)}: {lines[name][-1]:,.0f}",
                va="center",
            )
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xticks(range(len(periods)), list(periods))
        axes.set_xlim(-0.2, len(periods) - 1 + 0.5 * len(periods))
        axes.set_ylim(bottom=0)
        axes.set_ylabel(unit)
        return figure(fig, alt=alt, caption=caption)


_LOOKS: tuple[dict[str, Any], ...] = (
    {"facecolor": GOOD, "edgecolor": INK},
    {"facecolor": "none", "edgecolor": INK, "hatch": "///"},
    {"facecolor": BAD, "edgecolor": INK, "hatch": "xxx"},
)
"""Good, unknown and bad: filled, hatched, and both, so that grey tones tell them apart."""


def _legend(axes: Axes, words: Sequence[str]) -> None:
    handles = [Patch(label=word, **look) for word, look in zip(words, _LOOKS, strict=True)]
    axes.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, fontsize=8,
        handlelength=1.6, borderaxespad=0.2,
    )  # fmt: skip


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _short(name: str) -> str:
    name = clean(name)
    # Ports and numbers stand at the end.
    return name if len(name) <= _LABEL else f"{name[: _LABEL - 9]}…{name[-8:]}"


def _apart(heights: Mapping[str, float], least: float) -> list[tuple[str, float]]:
    """Labels from low to high, moved up where they would overlap."""
    placed: list[tuple[str, float]] = []
    for name, height in sorted(heights.items(), key=lambda item: item[1]):
        placed.append((name, max(height, placed[-1][1] + least) if placed else height))
    return placed


def _cell(column: int, place: int) -> Path:
    left, right, top, bottom = column - 0.46, column + 0.46, place - 0.4, place + 0.4
    return Path([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], closed=True)


def _steps(most: int) -> list[int]:
    """Upper bounds of up to five shades, each about a third of the next: counts differ by orders."""
    bounds = [max(most, 1)]
    while len(bounds) < 5 and bounds[-1] > 3:  # noqa: PLR2004
        bounds.append(_round_down(bounds[-1] // 3))
    return bounds[::-1]


def _round_down(number: int) -> int:
    """One significant digit."""
    unit: int = 10 ** (len(str(number)) - 1)
    return number // unit * unit


def _shades(steps: Sequence[int], looks: Sequence[float]) -> list[Any]:
    least = [1, *(bound + 1 for bound in steps[:-1])]
    names = [
        f"{low:,} to {high:,}" if high > low else f"{high:,}" for low, high in zip(least, steps, strict=True)
    ]
    return [Patch(facecolor=GOOD, alpha=look, label=name) for look, name in zip(looks, names, strict=True)]
