"""Lists that people write in YAML: read without aliases, and fitted to the columns of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from riskkit.errors import RiskkitError
from riskkit.model import Batch, Context, Member, Quarantined
from riskkit.tables import Column, Table

LARGEST = 4 << 20
_LARGEST_INTEGER = 1 << 63


class UnfitError(Exception):
    """An entry that cannot become a row: the reason code, and the column."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(reason)


class _NoAliases(yaml.SafeLoader):
    """A few aliases of aliases can stand for more memory than there is."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not read")
        return super().compose_node(parent, index)

    def construct_yaml_timestamp(self, node: Any) -> Any:
        """A date that does not exist stays text, so that it costs its entry and not the whole file."""
        try:
            return super().construct_yaml_timestamp(node)
        except (ValueError, OverflowError):
            return self.construct_scalar(node)


_NoAliases.add_constructor("tag:yaml.org,2002:timestamp", _NoAliases.construct_yaml_timestamp)


@dataclass(frozen=True, slots=True)
class Lines:
    """Where an entry begins and where each of its keys stands, as lines from 1."""

    first: int
    keys: Mapping[str, int]


def read_list(
    member: Member, context: Context, table: Table, key: str, *, by_line: bool = False
) -> Iterator[Batch]:
    """Rows of the list under `key` (or at the top); each entry is a mapping of column to value.

    A wrong entry is quarantined with its number and column; unknown keys are noted. `by_line` counts
    by lines instead: a row by its entry's first line, what is wrong by the line on which it stands.
    """
    try:
        entries, lines = _entries(member, key)
    except UnfitError as error:
        yield Batch(table.name, table.empty(), 1, 0, (Quarantined(0, error.reason, error.detail),))
        return
    rows: list[dict[str, object]] = []
    quarantined: list[Quarantined] = []
    seen: set[tuple[object, ...]] = set()
    unknown: set[str] = set()
    for number, entry in enumerate(entries):
        try:
            row = _row(table, entry, context.zone)
            unit = tuple(row[name] for name in table.key)
            if unit in seen:
                raise UnfitError("duplicate", ", ".join(table.key))
            if mixed := table.mixed(row):
                raise UnfitError("bad_value", mixed)
        except UnfitError as error:
            where = _line(lines[number], error.detail, table) if by_line else number
            quarantined.append(Quarantined(where, error.reason, error.detail))
            continue
        seen.add(unit)
        unknown |= {str(name) for name in entry} - table.by_name.keys()
        where = lines[number].first if by_line else number
        rows.append({**row, "source": member.name, "offset": where, "n": 0})
    notes = (f"unknown keys: {', '.join(sorted(unknown))}",) if unknown else ()
    yield Batch(table.name, table.rows(rows), len(entries), len(rows), tuple(quarantined), notes=notes)


def _line(lines: Lines, detail: str, table: Table) -> int:
    """The line of what is wrong: of the last column that the detail names, else of the entry."""
    named = (*table.apart[-1:],) if " and " in detail else (detail,)
    return next((lines.keys[name] for name in named if name in lines.keys), lines.first)


def _entries(member: Member, key: str) -> tuple[list[Any], list[Lines]]:
    with member.open() as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise UnfitError("too_large")
    try:
        loader = _NoAliases(data)
        node = loader.get_single_node()
        content = loader.construct_document(node) if node else None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError, RiskkitError) as error:
        mark = getattr(error, "problem_mark", None)
        raise UnfitError("yaml_malformed", f"line {mark.line + 1}" if mark else "") from error
    if isinstance(content, dict) and key in content and content[key] is None:
        return [], []  # the key of a template of which nothing is filled in
    entries = content.get(key) if isinstance(content, dict) else content
    if not isinstance(entries, list):
        raise UnfitError("yaml_malformed", f"{key} is no list")
    return entries, _places(node, key)


def _places(node: yaml.Node | None, key: str) -> list[Lines]:
    """Where the entries of a list stand, in their order."""
    if isinstance(node, yaml.MappingNode):  # of a key that stands twice the last counts, as in the content
        node = [value for name, value in node.value if name.value == key][-1]
    return [
        Lines(
            entry.start_mark.line + 1,
            {str(name.value): name.start_mark.line + 1 for name, _ in entry.value}
            if isinstance(entry, yaml.MappingNode)
            else {},
        )
        for entry in (node.value if node else ())
    ]


def _row(table: Table, entry: Any, zone: ZoneInfo) -> dict[str, object]:
    if not isinstance(entry, Mapping):
        raise UnfitError("bad_value", "the entry is no mapping")
    row: dict[str, object] = {}
    for column in table.columns:
        value = entry.get(column.name)
        if value is None or value == "" or column.keeps_place(_plain(value)):
            if column.required:
                raise UnfitError("missing_required", column.name)
            row[column.name] = None
            continue
        try:
            row[column.name] = _value(column, value, zone)
        except (ValueError, OverflowError) as error:
            raise UnfitError("bad_value", column.name) from error
    return row


def _value(column: Column, value: Any, zone: ZoneInfo) -> object:
    match column.dtype:
        case "string":
            return _word(column, value)
        case "boolean" if isinstance(value, bool):
            return value
        case "integer" if type(value) is int and abs(value) < _LARGEST_INTEGER:
            return value
        case "date" if isinstance(value, date) and not isinstance(value, datetime):
            return value
        case "date" if isinstance(value, str):
            return date.fromisoformat(value)
        case "instant":
            return _instant(value, zone)
    raise ValueError


def _plain(value: Any) -> str:
    # YAML 1.1 reads an unquoted yes or no as a truth value, and an unquoted date as a date.
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value).strip()


def _word(column: Column, value: Any) -> str:
    text = _plain(value)
    if isinstance(value, list | dict):
        raise ValueError
    text = text.encode("utf-8", "replace").decode()  # an escape may write half of a character
    if column.values:
        text = text.casefold().replace(" ", "_") if text not in column.values else text
        if text not in column.values:
            raise ValueError
    return text


def _instant(value: Any, zone: ZoneInfo) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=zone)
    if not isinstance(value, datetime):
        raise ValueError
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
