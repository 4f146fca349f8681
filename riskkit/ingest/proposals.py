"""Mapping files that are proposed for tables that no reader knows; no cell stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import yaml

from riskkit.errors import RiskkitError
from riskkit.ingest.suggestions import AUDIT, Suggestion, suggest
from riskkit.ingest.unpack import Unpacked, unpack
from riskkit.ingest.walk import PROPOSED_SUFFIX
from riskkit.model import NOT_RECOGNIZED, Source
from riskkit.readers.canonical.lines import DELIMITERS, cells_of, encoding_of_file, text_lines

LINES_TRIED = 20
ROWS_LOOKED_AT = 50
FEWEST_EXACT = 2
"""Headers that must be known word for word, so that no row of data is taken for a header."""

# What stands in a header, and hardly in a cell: words, no dates, no long numbers.
_HEADER = re.compile(r"[^\W\d][\w .#/()\[\]'&%:\-]{0,59}")
_NUMBER = re.compile(r"\d{3}")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping file for a file: the member whose header it explains, and its text, YAML."""

    file: str
    member: str
    text: str


def proposals(pack: Path, sources: Iterable[Source]) -> Iterator[Proposal]:
    """One for each file that was not recognized and holds a table whose headers tell something.

    Of several tables in one file the first with a proposal counts, and a file of which a part is read is
    left alone: a mapping file is for all of it.
    """
    known: dict[str, bool] = {}
    for source in sources:
        file = source.name.partition("!")[0]
        known[file] = known.get(file, False) or source.problem != NOT_RECOGNIZED
    for file in (file for file, read in known.items() if not read):
        path = pack / file
        try:
            found = next(filter(None, (_proposed(file, member) for member in unpack(path, file))), None)
        except (RiskkitError, OSError, ValueError):
            found = None
        if found:
            yield found


def write_proposal(pack: Path, proposal: Proposal) -> Path | None:
    """Write it beside its file; None when there is one already, which stays."""
    path = pack / f"{proposal.file}{PROPOSED_SUFFIX}"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(proposal.text)
    except FileExistsError:
        return None
    return path


def _proposed(file: str, member: Unpacked) -> Proposal | None:
    if member.problem:
        return None
    with member.open() as stream:
        head = stream.read(4096)
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    best: tuple[int, int, str, Suggestion] | None = None
    lines = [
        line for _, line in islice(text_lines(member, encoding_of_file(member)), LINES_TRIED + ROWS_LOOKED_AT)
    ]
    for at, line in enumerate(lines[:LINES_TRIED]):
        for delimiter in DELIMITERS:
            cells = cells_of(line, delimiter) if line else None
            if not cells or not _is_header(cells):
                continue
            below = (cells_of(row, delimiter) for row in lines[at + 1 : at + 1 + ROWS_LOOKED_AT] if row)
            found = suggest(cells, Path(file).parts[0], [row for row in below if row])
            if found and found.exact >= FEWEST_EXACT and (best is None or len(found.columns) > best[0]):
                best = (len(found.columns), at, delimiter, found)
    if best is None:
        return None
    _, at, delimiter, found = best
    return Proposal(file, member.name, _text(member.name, at, delimiter, found))


def _is_header(cells: list[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    return (
        len(filled) > 1
        and len(set(filled)) == len(filled)
        and all(_HEADER.fullmatch(cell) and not _NUMBER.search(cell) for cell in filled)
    )


def _text(name: str, skipped: int, delimiter: str, found: Suggestion) -> str:
    content: dict[str, object] = {"table": found.table, "columns": dict(found.columns)}
    if skipped:
        content["skip_rows"] = skipped
    if delimiter != DELIMITERS[0]:
        content["delimiter"] = delimiter
    lines = [
        f"# Proposed from the headers of {_one_line(name)}; of its cells only the look counts.",
        "# Check every line and take `.proposed` off the name of this file: until then it is not used.",
        *yaml.safe_dump(content, sort_keys=False, allow_unicode=True).splitlines(),
    ]
    if found.missing:
        lines += [
            f"# Still missing, and needed: {', '.join(found.missing)} (a header, or under `constants:`)"
        ]
    if found.unplaced:
        lines += [f"# Not placed, and not read: {', '.join(map(_one_line, found.unplaced))}"]
    return "\n".join([*lines, *_hints(found)]) + "\n"


def _hints(found: Suggestion) -> Iterator[str]:
    yield "# To be told by a person, where the file does not write times as ISO 8601 with zone:"
    yield "# timezone: America/Chicago"
    yield "# day_first: true            # or false, or date_format: '%d.%m.%Y %H:%M'"
    if found.table != AUDIT:
        return
    columns = set(found.columns.values())
    if "source_system" not in columns:
        yield "# constants: {source_system: pacs1}   # as inventory/systems.csv calls it"
    if "event_category" in columns:
        yield "# values: {event_category: {VIEW: read, PRINT: export}}   # else the words decide"


def _one_line(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text)
