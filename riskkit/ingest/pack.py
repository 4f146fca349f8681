"""Read a whole pack into Evidence: every file accounted for, every table with a state."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml

from riskkit.derived.custody_dates import exported
from riskkit.errors import RiskkitError
from riskkit.ingest.newest import lost, newest, replaces
from riskkit.ingest.read import instant, read_into
from riskkit.ingest.unpack import Unpacked, unpack
from riskkit.ingest.walk import Found, code_of, find_files, readers, sha256_of
from riskkit.model import (
    DOCUMENTATION,
    NOT_RECOGNIZED,
    SAME_CONTENT,
    Context,
    Counts,
    Evidence,
    Moment,
    Reader,
    Source,
    TableState,
)
from riskkit.settings import Settings
from riskkit.store import Store
from riskkit.tables import TABLES, Table
from riskkit.words import count, listed

HEAD_BYTES = 64 << 10
_DOCUMENT = re.compile(r"(?i)(?:read[ _-]?me|license|licence|copying|notice)(?:[._-][\w.\-]{0,40})?")
MAPPED_READER, MAPPED_TRAIL_READER = "canonical", "audit_csv"
"""The readers of files whose columns a mapping file explains: of any table, and of audit events."""


def ingest(pack: Path, settings: Settings, moment: Moment, store: Store) -> Evidence:
    """Read every evidence file of a pack that the store does not hold yet.

    Unreadable and unknown files become sources with a problem; nothing is raised for them.
    """
    sources: list[Source] = []
    seen: dict[tuple[str, str], str] = {}
    for found in find_files(pack):
        sources += _read_file(found, settings, store, seen)
    dated = _superseded(_dated(sources, store, moment), store, moment)
    files = {name: tuple(_stored(dated, store, name)) for name in TABLES}
    states = {name: _state(table, dated) for name, table in TABLES.items()}
    return Evidence(pack, tuple(dated), states, files, TABLES)


@dataclass(frozen=True, slots=True)
class _Mapping:
    content: Mapping[str, Any]
    sha256: str
    name: str


def _read_file(
    found: Found, settings: Settings, store: Store, seen: dict[tuple[str, str], str]
) -> list[Source]:
    if found.problem:
        return [_unread(found.name, "", 0, found.problem)]
    try:
        sha256, size = sha256_of(found.path), found.path.stat().st_size
    except OSError as error:
        return [_unread(found.name, "", 0, f"cannot be opened ({error.strerror})")]
    if size == 0:
        return [_unread(found.name, sha256, 0, "is empty")]
    try:
        mapping = _read_mapping(found)
    except (OSError, ValueError, yaml.YAMLError):
        return [_unread(found.name, sha256, size, "its mapping file is not a YAML mapping")]
    sources: list[Source] = []
    for member in unpack(found.path, found.name):
        sources += _read_member(member, sha256, size, mapping, settings, store, seen)
    return sources or [_unread(found.name, sha256, size, "holds no file with content")]


def _read_mapping(found: Found) -> _Mapping | None:
    if found.mapping is None:
        return None
    raw = found.mapping.read_bytes()
    content = yaml.safe_load(raw.decode())
    if not isinstance(content, dict):
        raise ValueError("no mapping")
    return _Mapping(content, hashlib.sha256(raw).hexdigest(), found.mapping.name)


def _read_member(
    member: Unpacked,
    sha256: str,
    size: int,
    mapping: _Mapping | None,
    settings: Settings,
    store: Store,
    seen: dict[tuple[str, str], str],
) -> list[Source]:
    if member.problem:
        return [_unread(member.name, sha256, size, member.problem)]
    try:
        with member.open() as file:
            head = file.read(HEAD_BYTES)
    except (RiskkitError, OSError) as error:
        return [_unread(member.name, sha256, size, getattr(error, "what", "cannot be opened"))]
    chosen = _recognize(head, member.name, mapping)
    if not chosen:
        problem = DOCUMENTATION if _documents(head, member.name) else NOT_RECOGNIZED
        return [_unread(member.name, sha256, size, problem)]
    if mapping and (deaf := [reader.id for reader in chosen if not reader.mapped]):
        problem = f"is read by {', '.join(deaf)}, which takes no mapping file"
        return [_unread(member.name, sha256, size, problem)]
    if doubled := _doubled(chosen):
        return [_unread(member.name, sha256, size, f"two readers claim {doubled}")]
    zone = str(settings.timezone)
    sources = []
    for reader in chosen:
        inner = member.name.partition("!")[2]
        first = seen.setdefault((f"{sha256}!{inner}", reader.id), member.name)
        # Under a mapping that says otherwise, of another system perhaps, the same bytes tell of other events.
        same = seen.setdefault((f"{sha256}!{inner}", f"{reader.id} {_said(mapping)}"), member.name)
        if same != member.name and _is_trail(reader):
            sources.append(_unread(member.name, sha256, size, f"{SAME_CONTENT} {same}"))
            continue
        key = Store.key(
            sha256, member.name, reader.id, code_of(reader), zone, mapping.sha256 if mapping else ""
        )
        context = Context(settings.timezone, mapping.content if mapping else None)
        receipt = read_into(store, key, member, reader, context)
        source = _source(member.name, sha256, size, reader, receipt, key, zone, mapping)
        if first != member.name and _is_trail(reader):
            twice = f"has the same content as {first} and another mapping: its events count for both"
            source = replace(source, notes=(*source.notes, twice))
        sources.append(source)
    return sources


def _recognize(head: bytes, name: str, mapping: _Mapping | None) -> list[Reader]:
    """The readers of a member: a mapping file that explains columns names one, else content decides.

    Other mapping files tell what a log does not say of itself, such as its system.
    """
    named = "" if mapping is None else _explaining(mapping.content)
    if not named:
        found = [reader for reader in readers() if reader.recognize(head, name)]
        if found or mapping is None:
            return found
    return [reader for reader in readers() if reader.id == (named or MAPPED_READER)]


def _documents(head: bytes, name: str) -> bool:
    """Whether a text that no reader wants says by its name that it explains the files beside it."""
    return _DOCUMENT.fullmatch(PurePosixPath(name.rpartition("!")[2]).name) is not None and b"\0" not in head


def _explaining(mapping: Mapping[str, Any]) -> str:
    if "preset" in mapping or mapping.get("table") == "audit_events":
        return MAPPED_TRAIL_READER
    return MAPPED_READER if "table" in mapping or "columns" in mapping else ""


def _doubled(chosen: Sequence[Reader]) -> str:
    tables = [table for reader in chosen for table in reader.tables]
    return next((table for table in sorted(tables) if tables.count(table) > 1), "")


def _is_trail(reader: Reader) -> bool:
    """Whether a second copy of the same file would count the same events twice."""
    return any(TABLES[table].lazy and TABLES[table].event_time for table in reader.tables)


def _said(mapping: _Mapping | None) -> str:
    """What a mapping says, whatever its comments and the order of its keys."""
    return json.dumps(mapping.content, sort_keys=True, default=str) if mapping else ""


def _unread(name: str, sha256: str, size: int, problem: str) -> Source:
    return Source(name, sha256, size, None, 0, {}, None, problem=problem)


def _source(
    name: str,
    sha256: str,
    size: int,
    reader: Reader,
    receipt: Mapping[str, Any],
    key: str,
    zone: str,
    mapping: _Mapping | None,
) -> Source:
    quarantine: dict[str, int] = {}
    counts = {}
    for table, told in receipt["tables"].items():
        for reason, number in told["quarantined"].items():
            quarantine[reason] = quarantine.get(reason, 0) + number
        counts[table] = Counts(
            told["records"],
            told["accepted"],
            told["rows"],
            sum(told["quarantined"].values()),
            told["ignored"],
        )
    stated = receipt["collected_at"]
    return Source(
        name=name,
        sha256=sha256,
        size=size,
        reader=reader.id,
        reader_version=reader.version,
        counts=counts,
        collected_at=datetime.fromisoformat(stated) if stated else None,
        first=instant(receipt["first_us"]),
        last=instant(receipt["last_us"]),
        zone=zone,
        mapping=mapping.name if mapping else None,
        problem=receipt["problem"],
        quarantine=quarantine,
        notes=tuple(receipt["notes"]),
        key=key,
    )


def _dated(sources: Sequence[Source], store: Store, moment: Moment) -> list[Source]:
    """Give each source its date of collection, and set aside what was collected after the moment.

    A trail of events is cut at the moment instead: its earlier part was true before.
    """
    exported_at = exported(_custody(sources, store))
    dated = []
    for found in sources:
        told = exported_at(found.name)
        collected = found.collected_at or told
        later = any(at is not None and at > moment.as_of for at in (found.collected_at, told))
        source = replace(found, obtained_later=later)
        if any(TABLES[table].event_time for table in source.counts):
            collected = collected and min(collected, moment.as_of)
            dated.append(replace(source, collected_at=collected, counts=_cut(source, store, moment)))
        else:
            aside = collected is not None and collected > moment.as_of
            dated.append(replace(source, collected_at=collected, set_aside=aside))
    return dated


def _custody(sources: Sequence[Source], store: Store) -> pa.Table:
    files = list(_stored(sources, store, "custody"))
    return pa.concat_tables([pq.read_table(path) for path in files]) if files else TABLES["custody"].empty()


def _cut(source: Source, store: Store, moment: Moment) -> dict[str, Counts]:
    counts = dict(source.counts)
    if source.last is None or source.last < moment.as_of:
        return counts
    month = f"{moment.as_of.astimezone(UTC):%Y-%m}"
    for name, read in counts.items():
        column = TABLES[name].event_time
        later = 0
        for path in store.files(source.key, name) if column else ():
            if path.stem >= month:  # an earlier month's file need not be opened
                times = pq.read_table(path, columns=[column])[column].cast("int64")
                later += pc.sum(pc.greater_equal(times, moment.as_of_us)).as_py() or 0
        counts[name] = replace(read, set_aside=later)
    return counts


def _superseded(sources: Sequence[Source], store: Store, moment: Moment) -> list[Source]:
    """Count the rows of each source that a later export of the same list says anew."""
    gone: dict[tuple[str, str], int] = {}
    for table in filter(replaces, TABLES.values()):
        files = list(_stored(sources, store, table.name))
        if len(files) > 1:
            # Rows that were read before a table got another column lack it.
            read = [pq.read_table(file, schema=table.schema) for file in files]
            before = happened(table, pa.concat_tables(read), moment)
            found = lost(before, newest(table, before, sources))
            gone |= {(source, table.name): number for source, number in found.items()}
    return [
        replace(
            source,
            counts={
                name: replace(count, superseded=gone.get((source.name, name), 0))
                for name, count in source.counts.items()
            },
        )
        for source in sources
    ]


def happened(table: Table, rows: pa.Table, moment: Moment) -> pa.Table:
    """The rows that are not of a time after the moment of judging."""
    if table.event_time is None:
        return rows
    return rows.filter(pc.less(rows[table.event_time], pa.scalar(moment.as_of)))


def _stored(sources: Iterable[Source], store: Store, table: str) -> Iterable[Path]:
    for source in sources:
        if table in source.counts and not source.set_aside:
            yield from store.files(source.key, table)


def _state(table: Table, sources: Sequence[Source]) -> TableState:
    fed = [source for source in sources if table.name in source.counts]
    used = [source for source in fed if not source.set_aside]
    counts = [source.counts[table.name] for source in used]
    rows = sum(one.rows - one.set_aside - one.superseded for one in counts)
    quarantined = sum(source.counts[table.name].quarantined for source in used)
    names = tuple(source.name for source in used)
    if rows > 0:
        return TableState(table.name, "present", "", rows, quarantined, names)
    if quarantined or any(source.problem for source in used):
        reason = (
            f"{count(len(used), 'file')} of {table.name} could not be read: "
            f"{count(quarantined, 'record')} quarantined"
        )
        return TableState(table.name, "unreadable", reason, 0, quarantined, names)
    if len(fed) > len(used) or any(source.counts[table.name].set_aside for source in used):
        reason = f"all evidence of {table.name} dates from after the end of the period"
        return TableState(table.name, "set_aside", reason, 0, 0, names)
    if used:
        return TableState(table.name, "empty", f"the evidence of {table.name} holds no rows", 0, 0, names)
    reason = f"no evidence of {table.name} ({table.place})"
    lost = [source.name for source in sources if source.passed_over and table.beside(source.name)]
    if lost:
        reason += f"; nothing was read of {listed(lost)}"
    return TableState(table.name, "missing", reason)
