"""Commented templates of every file that a person fills in, made from the tables' own declarations."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from riskkit.asking.site import SITE_TEXT
from riskkit.catalog import ATTESTATION, load_catalog
from riskkit.catalog.questions import load_questions
from riskkit.errors import ReportError
from riskkit.readers.canonical.lines import COMMENT, EXAMPLE
from riskkit.settings import SITE_FILE
from riskkit.tables import TABLES, Column, Table

ROWS = 5000
"""Rows for which a workbook offers the allowed values."""

LONGEST_LIST = 255
"""Characters that a list of allowed values may have in a workbook (a limit of the format)."""

KINDS: Mapping[str, str] = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "yes or no",
    "date": "date, as 2026-01-31",
    "instant": "time, as 2026-01-31T08:00:00Z; without Z in the zone of site.yaml",
    "instant_us": "time, as 2026-01-31T08:00:00Z; without Z in the zone of site.yaml",
}
"""What each type of column asks of who fills it in."""

_EXAMPLES: Mapping[str, object] = {
    "integer": 1, "number": 1, "boolean": True, "date": "2026-01-31", "instant": "2026-01-31T08:00:00Z",
    "instant_us": "2026-01-31T08:00:00Z",
}  # fmt: skip

HEADS: Mapping[str, tuple[str, ...]] = {
    "endpoints": (
        "Who permitted the scans, when, where that is written, and from when to when: without it",
        "`riskkit collect tls` refuses to connect. docs/live-scans.md tells what each key does.",
        " authorization: {by: Security Officer, date: 2026-01-31, reference: CHG-2026-1}",
        " window_start: 2026-02-07T01:00:00-06:00  # with the time zone",
        " window_end: 2026-02-07T05:00:00-06:00",
        " vantage: internal                        # where the scanner stands; or external",
        " allowed_networks: [10.20.0.0/16]         # a name that resolves elsewhere stops the run",
    ),
}
"""What stands in a list in YAML above its rows; lines that begin with a space are taken over."""

README = """# Templates

One file for each kind of evidence that a person writes, in the place where it goes in a pack. Take what you
need; the rest can stay away.

- A `.csv` and an `.xlsx` of the same name ask for the same: fill in one of them. The workbook offers the
  allowed values to choose from. Lines that begin with `# ` explain the columns, and a row whose first cell
  begins with `#EXAMPLE` is never read as evidence: both may stay.
- In a `.yaml` file, what stands after `#` is not read. Copy the example and take the `#` away.
- Then tell in `evidence.csv` who wrote each file and when: evidence without a date shows nothing.
- `riskkit inspect PACK` says what was read, and which rows were not and why.
"""


def is_filled_in(table: Table) -> bool:
    """Whether a person can write this table: a canonical one, or a list in YAML."""
    return table.canonical or table.place.endswith(".yaml")


def template_texts() -> Iterator[tuple[str, bytes]]:
    """Path in a pack and content of every template."""
    yield "README.md", README.encode()
    yield SITE_FILE, SITE_TEXT.encode()
    for table in filter(is_filled_in, TABLES.values()):
        stem, _, suffix = table.place.replace("*", table.name).rpartition(".")
        if suffix == "yaml":
            yield f"{stem}.yaml", yaml_template(table).encode()
        if table.canonical:
            yield f"{stem}.csv", csv_template(table).encode("utf-8-sig")  # so that Excel sees UTF-8
            yield f"{stem}.xlsx", workbook(table)


def write_templates(out: Path) -> tuple[Path, ...]:
    """Write all templates under a folder; raises ReportError when one of them is there already."""
    texts = list(template_texts())
    if there := next((name for name, _ in texts if (out / name).exists()), None):
        raise ReportError(
            "is there already, and may be filled in", file=out / there, do="Name an empty folder"
        )
    written = []
    for name, content in texts:
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        written.append(path)
    return tuple(written)


def example_of(table: Table) -> dict[str, object]:
    """A row as it could be, of values that belong to nobody."""
    return {column.name: _example(column) for column in table.columns}


def _example(column: Column) -> object:
    if column.values:
        return column.values[0]
    if column.dtype != "string":
        return _EXAMPLES[column.dtype]
    return f"example {column.name.replace('_', ' ')}"


def csv_template(table: Table) -> str:
    """Comments, header and an example row, as CSV."""
    text = io.StringIO()
    text.writelines(f"{COMMENT}{line}\n" for line in _comments(table))
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerow(_example_cells(table))
    return text.getvalue()


def workbook(table: Table) -> bytes:
    """The same as a workbook of one sheet, with the allowed values to choose from."""
    book = Workbook()
    sheet = book.create_sheet(table.name[:31], 0)
    del book["Sheet"]
    quiet = Font(color="5A6570", italic=True)
    comments = list(_comments(table))
    for number, line in enumerate(comments, start=1):
        sheet.cell(number, 1, f"{COMMENT}{line}").font = quiet
    header = len(comments) + 1
    cells = zip(table.columns, _example_cells(table), strict=True)
    for place, (column, example) in enumerate(cells, start=1):
        head = sheet.cell(header, place, column.name)
        head.font, head.alignment = Font(bold=True), Alignment(vertical="top")
        head.fill = PatternFill("solid", fgColor="FCEFCB" if column.required else "E6EBF0")
        head.comment = Comment(_explained(column), "riskkit", width=320, height=140)
        sheet.cell(header + 1, place, example).font = quiet
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = max(14, len(column.name) + 4)
        # Text stays as it is typed: no number loses its zeros, no AE title becomes a date.
        sheet.column_dimensions[letter].number_format = "yyyy-mm-dd" if column.dtype == "date" else "@"
        if allowed := _choices(column):
            rule = DataValidation(type="list", formula1=f'"{",".join(allowed)}"', allow_blank=True)
            rule.error = f"One of: {', '.join(allowed)}"[:LONGEST_LIST]
            rule.prompt = _explained(column)[:LONGEST_LIST]
            sheet.add_data_validation(rule)
            rule.add(f"{letter}{header + 2}:{letter}{header + ROWS}")
    sheet.freeze_panes = sheet.cell(header + 1, 1)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def yaml_template(table: Table) -> str:
    """Comments, the key of the list, and an example that is commented out."""
    lines = [f"# {line}" for line in _comments(table)]
    key = table.name
    lines += ["#", "# What stands after # is not read. Copy the example and take the # away."]
    lines += [f"#{line.lstrip()}" if line.startswith(" ") else f"# {line}" for line in HEADS.get(key, ())]
    lines += [f"{key}:"]
    if key == "answers":
        lines += _questions()
    else:
        shown = yaml.safe_dump([example_of(table)], sort_keys=False, width=1000)
        lines += [f"#  {line}" for line in shown.splitlines()]
    return "\n".join(lines) + "\n"


def _questions() -> Iterator[str]:
    """One entry to fill in for everything that only people can say."""
    controls, sufficiency = load_catalog().controls, load_catalog().sufficiency
    for citation, question in load_questions().items():
        yield "#"
        yield f"# {citation}, {controls[citation].title}: {question.question}"
        yield f"# Who can say: {question.who}. Name: {question.basis}."
        kinds = sufficiency[citation].kinds
        if ATTESTATION not in kinds:
            told = ", ".join(kinds).replace("|", " or ")
            yield f"# An answer does not suffice here; it is held against: {told}."
        yield f"#  - control: {citation}"
        yield "#    answer: 'yes'              # or 'no' or not_applicable, then with approved_by too"
        yield "#    answered_by: Role or name"
        yield "#    answered_on: 2026-01-31"
        yield "#    valid_until: 2027-01-31"
        yield "#    evidence: Document that shows it"


def _comments(table: Table) -> Iterator[str]:
    yield f"{table.name}: {table.doc}"
    if table.ask:
        yield f"Ask for: {table.ask}."
    if table.key:
        yield f"No two rows have the same {', '.join(table.key)}."
    yield from (f"{column.name}: {_explained(column)}" for column in table.columns)


def _explained(column: Column) -> str:
    """Whether it is needed, what kind of value, what it means and what is allowed."""
    parts = ["needed" if column.required else "may be empty", KINDS[column.dtype]]
    parts += [f"in {column.unit}"] if column.unit and not column.dtype.startswith("instant") else []
    doc = column.doc.rstrip(". ")
    told = f"{', '.join(parts)}{f'. {doc}' if doc else ''}."
    told += f" One of: {', '.join(column.values)}." if column.values else ""
    return told + (" Identifies a person." if column.phi else "")


def _choices(column: Column) -> tuple[str, ...]:
    allowed = ("yes", "no") if column.dtype == "boolean" else column.values
    fits = len(",".join(allowed)) <= LONGEST_LIST and not any("," in value for value in allowed)
    return allowed if fits else ()


def _example_cells(table: Table) -> list[Any]:
    shown = ["yes" if value is True else str(value) for value in example_of(table).values()]
    return [f"{EXAMPLE} {shown[0]}", *shown[1:]]
