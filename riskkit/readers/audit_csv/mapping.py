"""What the columns of an audit export mean: presets of products, and mapping files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from riskkit.errors import CatalogError, EvidenceError
from riskkit.readers.canonical.header import Fit, fit, normal
from riskkit.readers.canonical.lines import DELIMITERS, cells_of
from riskkit.readers.canonical.mapping import FileMapping
from riskkit.readers.origin import wrong_mapping
from riskkit.tables import TABLES, Table

PRESETS = Path(__file__).parent / "presets"
TIME = "event_time_us"

_WORDS = ("event_category", "event_action", "event_outcome", "user_type")
_OURS = frozenset(
    {"event_seq", "event_time_raw", "time_quality", "event_received_us", "agents", "entities",
     "source_format", "parse_status", "parse_notes"}
)  # fmt: skip

WRITTEN: Table = replace(
    TABLES["audit_events"],
    columns=tuple(
        replace(column, dtype="string", values=()) if column.name in (TIME, *_WORDS) else column
        for column in TABLES["audit_events"].columns
        if column.name not in _OURS
    ),
)
"""`audit_events` as an export may fill it: times and words still as they are written."""


class AuditMapping(FileMapping):
    """The content of a mapping file for audit events.

    `preset` names the preset that it completes. `keep` lists headers whose cells are kept as they are, in
    `entities`. Two headers that mean `event_time_us` are a date and a time.
    """

    table: Literal["audit_events"] | None = "audit_events"
    preset: str = ""
    keep: tuple[str, ...] = ()

    @field_validator("table", mode="before")
    @classmethod
    def _known_table(cls, name: str | None) -> str | None:
        return name  # the canonical tables are not for events

    @field_validator("columns", mode="after")
    @classmethod
    def _short_time(cls, columns: Mapping[str, str]) -> Mapping[str, str]:
        return {header: TIME if name == "event_time" else name for header, name in columns.items()}


class Preset(AuditMapping):
    """A mapping that is known by the header: all of `needs` must stand in it."""

    title: str
    needs: tuple[str, ...] = Field(min_length=2)


@cache
def presets() -> Mapping[str, Preset]:
    """Every preset by its name, the file's; raises CatalogError when one is wrong."""
    found = {}
    for path in sorted(PRESETS.glob("*.yaml")):
        try:
            found[path.stem] = Preset.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except (ValidationError, yaml.YAMLError) as error:
            raise CatalogError(f"the preset is wrong: {error}", file=path) from error
    return found


def read_audit_mapping(content: Mapping[str, object], file: str) -> AuditMapping:
    """Check a mapping file's content, completed by the preset that it names.

    Raises EvidenceError naming each wrong key.
    """
    name = content.get("preset")
    completed = dict(content)
    if name is not None:
        preset = presets().get(str(name))
        if preset is None:
            raise EvidenceError(
                f"its mapping file names no preset: {', '.join(presets())} are known", file=file
            )
        for key, value in preset.model_dump(exclude={"title", "needs"}, exclude_unset=True).items():
            own = completed.setdefault(key, value)
            if isinstance(value, dict) and isinstance(own, Mapping):
                completed[key] = {**value, **own}
    try:
        return AuditMapping.model_validate(completed)
    except ValidationError as error:
        raise wrong_mapping(error, file) from None


def preset_of(line: str) -> str | None:
    """The preset that a header line fits; of several the one that needs most, None on a tie."""
    fitting: dict[str, int] = {}
    for delimiter in DELIMITERS:
        header = {normal(cell) for cell in cells_of(line, delimiter) or ()}
        for name, preset in presets().items():
            if {normal(one) for one in preset.needs} <= header:
                fitting[name] = len(preset.needs)
    most = max(fitting.values(), default=0)
    best = [name for name, count in fitting.items() if count == most]
    return best[0] if len(best) == 1 else None


def header_of(line: str, mapping: AuditMapping) -> tuple[str, list[str], Fit] | None:
    """Delimiter, cells and fit of a line that is a header of audit events; None when it is none."""
    found = []
    for delimiter in (mapping.delimiter,) if mapping.delimiter else DELIMITERS:
        cells = cells_of(line, delimiter) or []
        fitted = fit([mapping.columns.get(normal(cell), _renamed(cell)) for cell in cells], WRITTEN)
        if TIME in fitted.places and len(fitted.places) > 1:
            found.append((delimiter, cells, fitted))
    return max(found, key=lambda one: len(one[2].places), default=None)


def _renamed(cell: str) -> str:
    return TIME if normal(cell) == "event_time" else cell
