"""HTML that cannot carry markup from the evidence: text is escaped where it is put in."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from riskkit.tables import to_arrow

if TYPE_CHECKING:
    import pandas as pd

RENDERING = "RISKKIT_RENDERING"
"""Environment variable that is "1" while a report is made."""

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that are shown by number: controls, bidirectional marks, lone surrogates."""

_ELEMENT = re.compile(r"[a-z][a-z0-9]*")
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9-]*")
_FORMULA = re.compile(r"[=+\-@]\s*[^\s\d.,%]")
_VOID = frozenset({"br", "col", "hr", "wbr"})

# Enough for reading by hand in JupyterLab, whose own tables are right aligned; a report's style
# sheet has the last word because it names the same classes.
STYLE = """
.rk .table{border-collapse:collapse;margin:.6em 0}
.rk .table caption{text-align:start;font-weight:600;padding:.3em 0}
.rk .table th,.rk .table td{text-align:start;vertical-align:top;padding:.3em .7em;\
border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent)}
.rk .table .number{text-align:end;font-variant-numeric:tabular-nums}
.rk .scroll{overflow-x:auto}
.rk .figure{margin:1em 0}
.rk .note,.rk figcaption{opacity:.8;font-size:.92em}
.rk .card{border-inline-start:4px solid color-mix(in srgb,currentColor 30%,transparent);\
padding:.2em 1em;margin:1em 0}
.rk .facts{display:grid;grid-template-columns:max-content 1fr;gap:.2em 1em}
.rk .facts dt,.rk .facts dd{float:none;width:auto;margin:0}.rk .facts dt{font-weight:600}
.rk .mark{white-space:nowrap;font-weight:600}
"""


@dataclass(frozen=True)
class Html:
    """Markup that a notebook shows and a report keeps; `frame` holds the rows that are shown.

    Made by `tag` and `table`, never from text of the evidence.
    """

    markup: str
    frame: pd.DataFrame | None = field(default=None, compare=False)

    def __add__(self, other: Html) -> Html:
        return join([self, other])

    def __repr__(self) -> str:
        return f"<Html of {len(self.markup)} characters>"

    def _repr_html_(self) -> str:
        style = "" if rendering() else f"<style>{STYLE}</style>"
        return f'{style}<div class="rk">{self.markup}</div>'


Content = str | int | float | date | None | Html | Iterable["Content"]
"""What stands between tags: text is escaped, `Html` is not."""


def rendering() -> bool:
    """Whether a report is being made, rather than explored by hand."""
    return os.environ.get(RENDERING) == "1"


def clean(text: str) -> str:
    r"""Text with every control, ANSI, bidirectional or invisible character shown as `\x1b`.

    Line ends and tabs become spaces.
    """
    return "".join(
        " " if character in "\t\n\r"
        else character if unicodedata.category(character) not in _HIDDEN
        else f"\\x{ord(character):02x}" if character.isascii()
        else character.encode("ascii", "backslashreplace").decode("ascii")
        for character in text
    )  # fmt: skip


def text(value: object) -> str:
    """A value as safe markup.

    `$` and a backslash stand in elements of their own, where MathJax finds no formula.
    """
    safe = escape(clean(shown(value)))
    return safe.replace("\\", "<span>\\</span>").replace("$", "<span>$</span>")


def shown(value: object) -> str:
    """A value as plain words: thousands grouped, yes and no, nothing as a dash."""
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT differ from themselves
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value)


def tag(element: str, *content: Content, **attributes: str | int | None) -> Html:
    """An element; attribute names are written `class_` and `aria_label`, None leaves one out."""
    if not _ELEMENT.fullmatch(element):
        raise ValueError(f"{element!r} is no element")
    written = "".join(
        f' {_attribute(name)}="{escape(clean(str(value)))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if element in _VOID:
        return Html(f"<{element}{written}>")
    return Html(f"<{element}{written}>{_inside(content)}</{element}>")


def join(parts: Iterable[Html]) -> Html:
    """Several pieces one after the other, with the rows of the first table."""
    pieces = list(parts)
    frames = (piece.frame for piece in pieces if piece.frame is not None)
    return Html("".join(piece.markup for piece in pieces), next(frames, None))


def paragraph(*content: Content, note: bool = False, lead: bool = False) -> Html:
    """A paragraph; a note is set smaller, the lead of a page larger."""
    return tag("p", *content, class_="note" if note else "lead" if lead else None)


def bullets(items: Iterable[Content]) -> Html:
    """A list; nothing when there is nothing to list."""
    found = [tag("li", item) for item in items]
    return tag("ul", found) if found else Html("")


def facts(pairs: Iterable[tuple[str, Content]]) -> Html:
    """Terms with what holds of each; pairs without content are left out."""
    return tag(
        "dl",
        [(tag("dt", term), tag("dd", content)) for term, content in pairs if content not in ("", None)],
        class_="facts",
    )


def render(
    frame: Any,
    *,
    caption: str,
    headings: Mapping[str, str] | None = None,
    limit: int | None = None,
    rest: str = "",
    note: str = "",
    numbers: Iterable[str] = (),
    badges: Mapping[str, str] | None = None,
    zone: tzinfo = UTC,
) -> Html:
    """A frame as an HTML table: scoped headings, numbers to the right, every value escaped.

    The first column heads its row. `headings` renames columns; `numbers` are columns of text that
    read as numbers; `badges` gives columns whose words a report shows with shape and colour, as
    `badge` says. Instants are written in `zone`. After `limit` rows it says how many more there
    are, and `rest` where they stand. It does not know what identifies a person:
    `riskkit.views.table` does, and is what views and notebooks call.
    """
    # By column: what a column is called need not be a name in Python.
    rows = list(zip(*(column.to_pylist() for column in to_arrow(frame).columns), strict=True))
    kept = rows if limit is None else rows[:limit]
    columns = [
        _Column(
            name=str(name),
            heading=(headings or {}).get(str(name), str(name).replace("_", " ")),
            number=name in numbers or _all_numbers([row[index] for row in rows]),
            texts=tuple(shown(row[index]) for row in kept if isinstance(row[index], str | date)),
            badge=(badges or {}).get(str(name)),
            zone=zone,
        )
        for index, name in enumerate(frame.columns)
    ]
    head = [column.head() for column in columns]
    body = [
        tag("tr", [column.cell(row[index], first=not index) for index, column in enumerate(columns)])
        for row in kept
    ]
    grid = tag(
        "table", tag("caption", caption), tag("thead", tag("tr", head)), tag("tbody", body), class_="table"
    )
    # A region that scrolls must be reachable by keyboard.
    pieces = [tag("div", grid, class_="scroll", role="region", aria_label=caption, tabindex=0)]
    if len(kept) < len(rows):
        pieces.append(paragraph(f"{len(kept):,} of {len(rows):,} rows are shown. {rest}".strip(), note=True))
    if note:
        pieces.append(paragraph(note, note=True))
    return Html(join(pieces).markup, frame)


def badge(words: str, kind: str) -> Html:
    """Words as the style sheet shows a judgement.

    kind: `sign` when they begin with one (✓ ✗ ? – !), else `level` or `severity`.
    """
    if kind == "sign":
        status = _SIGNS.get(words[:1])
        return tag("span", words, class_=f"mark status-{status}") if status else tag("span", words)
    return tag("span", words, class_=f"{kind}-{words.replace(' ', '-')}")


_SIGNS = {"✓": "pass", "✗": "fail", "?": "unknown", "–": "na", "!": "error"}


@dataclass(frozen=True)
class _Column:
    name: str
    heading: str
    number: bool
    texts: tuple[str, ...]
    badge: str | None
    zone: tzinfo

    @cached_property
    def room(self) -> str | None:
        """A browser would squeeze sentences, and break codes, so that numbers need no line break."""
        longest = max(map(len, self.texts), default=0)
        codes = self.badge or not any(" " in words for words in self.texts)
        if 0 < longest <= _SHORT or (codes and 0 < longest < _ROOM[-1][0]):
            return "white-space:nowrap"
        return next((f"min-width:{rem}rem" for characters, rem in _ROOM if longest >= characters), None)

    def head(self) -> Html:
        number = "number" if self.number else None
        style = self.room if self.room and self.room.startswith("min") else None
        return tag("th", self.heading, scope="col", class_=number, style=style)

    def cell(self, value: Any, *, first: bool) -> Html:
        if isinstance(value, datetime):
            value = value.astimezone(self.zone)
        content = badge(value, self.badge) if self.badge and value else Html(text(_inert(value)))
        number = "number" if self.number else None
        style = self.room if self.room and self.room.startswith("white") else None
        if first:
            return tag("th", content, scope="row", class_=number, style=style)
        return tag("td", content, class_=number, style=style)


_SHORT = 16
"""Characters of a day with its time: up to so many are never broken."""

_ROOM = ((60, 15), (30, 11), (20, 7))
"""Characters of the longest text of a column, and the least width in rem that it is given for them."""


def _inert(value: object) -> object:
    """A cell that a spreadsheet, into which it is pasted, does not take for a formula."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def _all_numbers(values: Iterable[object]) -> bool:
    """Whether there is a number among these, and nothing but numbers and nulls."""
    stated = [value for value in values if value is not None]
    return bool(stated) and all(
        isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in stated
    )


def _attribute(name: str) -> str:
    written = name.rstrip("_").replace("_", "-")
    if not _ATTRIBUTE.fullmatch(written) or written.startswith("on"):
        raise ValueError(f"{name!r} is no attribute")
    return written


def _inside(content: Content) -> str:
    if isinstance(content, Html):
        return content.markup
    if content is None or isinstance(content, str | int | float | date):
        return "" if content is None else text(content)
    return "".join(_inside(part) for part in content)
