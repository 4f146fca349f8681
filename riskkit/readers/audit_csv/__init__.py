"""Audit exports in CSV: products that are known by their header, and any other through a mapping file.

A preset is one YAML file in `presets/`. A mapping file with `table: audit_events` says the same of a file
that no preset knows; with `preset:` it completes one. Words for actions and results that no map
translates are told by what they say (`riskkit.readers.action_words`) and noted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain, islice

from riskkit.declare import reader
from riskkit.errors import EvidenceError
from riskkit.model import Batch, Context, Member
from riskkit.readers.audit_csv.mapping import (
    TIME,
    AuditMapping,
    header_of,
    preset_of,
    presets,
    read_audit_mapping,
)
from riskkit.readers.audit_csv.meaning import Meaning
from riskkit.readers.canonical.cells import BLANK, Cells, RefusedError
from riskkit.readers.canonical.header import Fit, normal
from riskkit.readers.canonical.lines import (
    SKIPPED,
    Record,
    encoding_of,
    encoding_of_file,
    leads,
    split,
    text_lines,
    without_end,
)
from riskkit.readers.canonical.mapping import check_fit
from riskkit.readers.digests import Digests
from riskkit.readers.events import Events, batches

PREAMBLE_LINES = 20
"""Lines before the header that may be a title: our own cap."""

FOOTER_ROWS = 20
"""Rows that may stand behind the last event: our own cap."""

_FOOTER = re.compile(
    r"(?:grand |sub)?totals?\b|(?:row|record|event|item|page|result)s?\b|count\b|end of\b|"
    r"\(?\d+ (?:row|record)s|"
    r"(?:export|generat|print|creat|report)(?:ed)?\b|summary\b|-{3,}|\*{3,}|={3,}",
    re.IGNORECASE,
)
_FOOTER_CELLS = 3

CAPS = frozenset({500, 1_000, 5_000, 10_000, 50_000, 65_535, 65_536, 100_000, 1_048_575, 1_048_576})
"""Numbers of rows at which exports and worksheets end."""


def _recognize(head: bytes, _name: str) -> bool:
    text = head.decode(encoding_of(head) or "utf-8", errors="replace")
    lines = re.split(r"\r\n?|\n", text)[:PREAMBLE_LINES]
    return any(preset_of(line) for line in lines)


@reader(
    id="audit_csv",
    title="Audit exports in CSV, of known products or through a mapping file",
    version=2,
    tables=("audit_events",),
    recognize=_recognize,
    offset_unit="line",
    mapped=True,
)
def read(member: Member, context: Context) -> Iterator[Batch]:
    """One record per line that is no header; a quoted cell may span lines.

    Titles before the header and totals after the last row are ignored with a reason. Raises
    EvidenceError when a mapping file is wrong or does not fit.
    """
    told = read_audit_mapping(context.mapping, member.name) if context.mapping is not None else None
    encoding = (told.encoding if told else None) or encoding_of_file(member)
    lines = text_lines(member, encoding)
    events = Events(member.name)
    skipped = sum(1 for _ in islice(lines, told.skip_rows if told else 0))
    start = list(islice(lines, PREAMBLE_LINES))
    at, delimiter, header, fitted, mapping, form = _header(start, told, member.name)
    check_fit(mapping, fitted, member.name)
    _check_headers(context.mapping or {}, header, member.name)
    if skipped:
        events.ignore(SKIPPED, skipped)
    for _, line in start[:at]:
        if line is None or not leads(line):
            events.ignore("preamble_line")
    cells = Cells(member.name, fitted, mapping, context, joined=(TIME,))
    meaning = Meaning(mapping.dates, mapping.zone(context.zone), form)
    kept = _kept(header, mapping)
    digests = Digests()
    rows = 0

    def take(record: Record) -> None:
        nonlocal rows
        try:
            values = cells.read(record)
            if values is None:
                events.ignore(BLANK)
                return
            given = {**cells.constants, **dict(zip(cells.names, values, strict=True))}
            row = meaning.row(given, _texts(record, kept))
            if not row.get("event_id"):
                written = "\x1f".join(record.cells)
                row = {**row, "event_id": digests.of(written, str(given.get(TIME) or ""))}
            events.add(record.line, (row,))
            rows += 1
        except RefusedError as error:
            events.quarantine(record.line, error.reason, error.detail)

    def notes() -> tuple[str, ...]:
        found = [note for note in cells.notes() if not note.startswith("columns that audit_events")]
        unused = [name for name in fitted.unknown if name not in kept]
        if unused:
            found.append(f"columns that were not used: {', '.join(unused[:PREAMBLE_LINES])}")
        if encoding == "cp1252" and not mapping.encoding:
            found.append("not UTF-8: read as cp1252")
        if rows in CAPS:
            found.append(f"{rows} rows: many exports end at this number, whatever was left out")
        return (*found, *meaning.notes())

    records = split(chain(start[at + 1 :], lines), delimiter)
    records = without_end(records, mapping.skip_end, events.ignore)
    yield from batches(events, _without_footer(records, fitted, events), take, notes)


def _header(
    start: list[tuple[int, str | None]], told: AuditMapping | None, file: str
) -> tuple[int, str, list[str], Fit, AuditMapping, str]:
    """Where the header stands, how it is parted, and by which mapping it is read; raises EvidenceError."""
    best = None
    for at, (_, line) in enumerate(start):
        name = "" if told or line is None else preset_of(line)
        mapping = told or (presets()[name] if name else None)
        found = header_of(line, mapping) if line and mapping else None
        if found and mapping and (best is None or len(found[2].places) > len(best[3].places)):
            best = (at, *found, mapping, f"audit_csv/{name or mapping.preset or 'mapped'}")
    if best is None:
        raise EvidenceError(
            "its header names no time of an event",
            file=file,
            do=f"Map the column that holds it to {TIME} in a mapping file",
        )
    return best


def _check_headers(told: Mapping[str, object], header: list[str], file: str) -> None:
    """A misspelt header would be read as a trail without users; raises EvidenceError."""
    columns = told.get("columns")
    there = {normal(cell) for cell in header}
    missing = (
        [name for name in columns if normal(str(name)) not in there] if isinstance(columns, dict) else []
    )
    if missing:
        raise EvidenceError(
            f"its mapping file names headers that it lacks: {', '.join(map(str, missing))}", file=file
        )


def _kept(header: list[str], mapping: AuditMapping) -> Mapping[str, int]:
    wanted = {normal(name) for name in mapping.keep}
    return {cell.strip(): place for place, cell in enumerate(header) if normal(cell) in wanted}


def _texts(record: Record, kept: Mapping[str, int]) -> dict[str, str]:
    return {name: record.cells[place].strip() for name, place in kept.items() if place < len(record.cells)}


def _without_footer(records: Iterator[Record], fitted: Fit, events: Events) -> Iterator[Record]:
    """All records but those at the very end that tell of totals and not of an event."""
    held: list[Record] = []
    for record in records:
        if len(held) < FOOTER_ROWS and _is_footer(record, fitted, after=bool(held)):
            held.append(record)
            continue
        yield from held
        held = []
        yield record
    for record in held:
        events.ignore("footer_row" if any(cell.strip() for cell in record.cells) else BLANK)


def _is_footer(record: Record, fitted: Fit, *, after: bool) -> bool:
    """A few cells of which the first says that it counts or ends, or a blank line behind such a row."""
    filled = [cell.strip() for cell in record.cells if cell.strip()]
    if not filled:
        return after and not record.fault
    if len(filled) > min(_FOOTER_CELLS, fitted.width - 1) or record.fault:
        return False
    return _FOOTER.match(filled[0]) is not None
