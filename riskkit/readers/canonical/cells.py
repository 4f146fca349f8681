"""From the cells of a record to typed values, or the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from riskkit.errors import EvidenceError
from riskkit.model import Context
from riskkit.readers.canonical.header import Fit
from riskkit.readers.canonical.lines import Record
from riskkit.readers.canonical.mapping import FileMapping
from riskkit.readers.values import BadValueError, Convert, Remarks, converter

BLANK = "blank_line"

_UNKNOWN_CHARACTER = "\ufffd"
_SHOWN_HEADERS = 20


class RefusedError(Exception):
    """A record that gives no row; `reason` is a quarantine reason, `detail` names no value."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True, slots=True)
class _Filled:
    """A column that the file fills: from which cells, by which replacements, with which type."""

    name: str
    required: bool
    places: tuple[int, ...]
    replace: Mapping[str, str]
    convert: Convert
    joined: bool
    keeps_place: Callable[[str], bool]


class Cells:
    """Reads the records of one file.

    `constants` are the columns that the mapping gives. Cells of a column in `joined` that stands more
    than once are joined by a blank; of others they must agree. Raises EvidenceError when a constant is
    of another type than its column.
    """

    def __init__(
        self, source: str, fit: Fit, mapping: FileMapping, context: Context, joined: Iterable[str] = ()
    ) -> None:
        zone = mapping.zone(context.zone)
        together = frozenset(joined)
        self._fit = fit
        self._nothing = mapping.nothing
        self._remarks = Remarks()
        self._filled = [
            _Filled(
                column.name,
                column.required,
                fit.places[column.name],
                mapping.values.get(column.name, {}),
                converter(
                    column, zone, self._remarks, dates=mapping.dates, micros=column.name not in fit.plain
                ),
                column.name in together,
                column.keeps_place,
            )
            for column in fit.table.columns
            if column.name in fit.places
        ]
        self.names = tuple(column.name for column in self._filled)
        self.constants: dict[str, object] = {}
        for name, text in mapping.constants.items():
            if fit.table.by_name[name].keeps_place(text):
                raise EvidenceError(
                    f"its mapping file gives {name} a word that only keeps the place", file=source
                )
            try:
                self.constants[name] = converter(fit.table.by_name[name], zone, Remarks())(text)
            except (BadValueError, IndexError):
                raise EvidenceError(
                    f"its mapping file gives {name} a value of another type", file=source
                ) from None

    def read(self, record: Record) -> list[object] | None:
        """The values of a record in the order of `names`; None of a blank one. Raises RefusedError."""
        if record.fault:
            raise RefusedError(record.fault, record.detail)
        cells = [cell.strip() for cell in record.cells]
        if not any(cells):
            return None
        if _UNKNOWN_CHARACTER in "".join(cells):
            raise RefusedError("encoding", "a character that the file's encoding does not know")
        if any(cells[self._fit.width :]):
            raise RefusedError("bad_framing", "more cells than the header has")
        values: list[object] = []
        wrong, missing = [], []
        for column in self._filled:
            text = _text(cells, column)
            value = None
            if text is None:  # the column stands twice and its cells differ
                wrong.append(column.name)
            elif text not in self._nothing and column.keeps_place(text):
                self._remarks.add(f"{column.name} holds a word that only keeps the place, read as nothing")
                missing += [column.name] if column.required else []
            elif text not in self._nothing:
                try:
                    value = column.convert(text)
                except BadValueError:
                    wrong.append(column.name)
            elif column.required:
                missing.append(column.name)
            values.append(value)
        if wrong:
            raise RefusedError("bad_value", f"column {', '.join(wrong)}")
        if missing:
            raise RefusedError("missing_required", f"column {', '.join(missing)}")
        return values

    def notes(self) -> tuple[str, ...]:
        """What was assumed, and which columns were not used."""
        notes = list(self._remarks.notes())
        if self._fit.unknown:
            shown = ", ".join(self._fit.unknown[:_SHOWN_HEADERS])
            notes.append(f"columns that {self._fit.table.name} does not have: {shown}")
        doubled = sorted(
            column.name for column in self._filled if len(column.places) > 1 and not column.joined
        )
        if doubled:
            notes.append(f"columns that stand twice: {', '.join(doubled)}")
        return tuple(notes)


def _text(cells: list[str], column: _Filled) -> str | None:
    if len(column.places) == 1:
        return _cell(cells, column.places[0], column.replace)
    texts = [_cell(cells, place, column.replace) for place in column.places]
    if column.joined:
        return " ".join(filter(None, texts))
    return texts[0] if texts.count(texts[0]) == len(texts) else None


def _cell(cells: list[str], place: int, replace: Mapping[str, str]) -> str:
    text = cells[place] if place < len(cells) else ""
    return replace.get(text.casefold(), text) if replace else text
