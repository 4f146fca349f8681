"""testssl.sh: --jsonfile, --jsonfile-pretty and --csvfile. Its grade and scores are not used.

A run that was stopped leaves a file that breaks off: what came before counts, and what was not reached
is `unknown`. Only the pretty form names a date. A name may have several addresses, and --append writes
one run after the other: nothing tells which is newer, so of all looks at a listener the worst counts.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import JSON_LIMIT, DocumentError, refused
from riskkit.readers.listeners import (
    CERTIFICATES,
    OBSERVATIONS,
    Books,
    Place,
    instant,
    observation,
    place_of,
    same,
)
from riskkit.readers.testssl.chains import leaf_rows
from riskkit.readers.testssl.facts import (
    MOST_LOOKS,
    Finding,
    finished,
    listener_facts,
    looks_at,
    ran_again,
)
from riskkit.readers.worst_facts import worst_of_addresses, worst_of_runs
from riskkit.words import count, out_of

MENDED_LIMIT = 32 << 20
"""Bytes of the largest file that breaks off and is read none the less: our own cap."""

_CSV = re.compile(rb'(?:\xef\xbb\xbf)?\s*"id"\s*,\s*"fqdn/ip"\s*,\s*"port"\s*,\s*"severity"\s*,\s*"finding"')
_FLAT = re.compile(rb'(?:\xef\xbb\xbf)?\s*\[\s*\{\s*"id"\s*:\s*"[^"]{1,80}"\s*,\s*"(?:fqdn/)?ip"\s*:')
_PRETTY = re.compile(rb'"(?:Invocation|scanResult|clientProblem\d?)"\s*:')
_OF_TESTSSL = re.compile(rb'"(?:Invocation|at)"\s*:\s*"[^"]*testssl|"scanResult"\s*:\s*\[')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}
_SECTIONS = 64


_Addresses = dict[str, list[Finding]]


@dataclass
class _Run:
    """Findings by listener and address, in the order of the file, and what is known of the run."""

    listeners: dict[Place, _Addresses] = field(default_factory=dict)
    others: int = 0
    at: datetime | None = None
    version: str = ""
    broken: bool = False

    def add(self, place: Place | None, address: str, finding: Finding) -> None:
        if place is None:
            self.others += 1
        else:
            self.listeners.setdefault(place, {}).setdefault(address, []).append(finding)


def _recognize(head: bytes, _name: str) -> bool:
    if _CSV.match(head) or _FLAT.match(head):
        return True
    pretty = re.match(rb"(?:\xef\xbb\xbf)?\s*\{", head) and _PRETTY.search(head)
    return bool(pretty) and _OF_TESTSSL.search(head) is not None


@reader(
    id="testssl",
    title="testssl.sh --jsonfile, --jsonfile-pretty, --csvfile",
    version=1,
    tables=("channel_observations", "certificates"),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record per listener, and one for each finding that belongs to none (of the scanning machine).

    Offsets count listeners from 0. The host is the name that was scanned.
    """
    try:
        run = _opened(member)
    except DocumentError as error:
        yield refused(OBSERVATIONS.name, error, member)
        return
    notes = tuple(_notes(run))
    seen, chains = Books(OBSERVATIONS, member.name), Books(CERTIFICATES, member.name)
    for offset, (place, addresses) in enumerate(run.listeners.items()):
        if problem := _why_not(seen, place, addresses):
            seen.refuse(offset, *problem)
            chains.refuse(offset, *problem)
            continue
        looks = [looks_at(found) for found in addresses.values()]
        facts = worst_of_addresses(
            [worst_of_runs([listener_facts(one, mended=run.broken) for one in runs]) for runs in looks]
        )
        seen.accept(offset, place, run.at, [observation(fact, "testssl.sh", run.version) for fact in facts])
        leaves = [row for runs in looks for one in runs for row in leaf_rows(one, place[0])]
        rows = [row for number, row in enumerate(leaves) if row not in leaves[:number]]
        if rows:
            chains.accept(offset, place, run.at, rows)
        else:
            chains.ignored["no certificate"] += 1
    if run.others:
        seen.ignored["about no listener"] = run.others
    yield seen.batch(len(run.listeners) + run.others, run.at, notes)
    yield chains.batch(len(run.listeners), run.at, notes)


def _notes(run: _Run) -> Iterator[str]:
    """What a reader of the file should know of it."""
    number = len(run.listeners)
    unfinished = sum(
        not all(finished(found, mended=run.broken) for found in addresses.values())
        for addresses in run.listeners.values()
    )
    if unfinished:
        yield f"{out_of(unfinished, number, 'listener')} not scanned to the end"
    again = sum(
        len(addresses) > 1 or any(map(ran_again, addresses.values())) for addresses in run.listeners.values()
    )
    if again:
        yield f"{count(again, 'listener')} seen at several addresses or more than once: the worst counts"


def _why_not(books: Books, place: Place, addresses: _Addresses) -> tuple[str, str] | None:
    """Why a listener cannot become rows (reason and detail)."""
    if same(place) in books.taken:
        return "duplicate", "host and port as in a record before"
    if any(len(looks_at(found)) > MOST_LOOKS for found in addresses.values()):
        return "too_large", f"one finding stands more than {MOST_LOOKS} times"
    return None


def _opened(member: Member) -> _Run:
    """Take a file apart; raises DocumentError."""
    with member.open() as stream:
        data = stream.read(JSON_LIMIT + 1)
    if len(data) > JSON_LIMIT:
        raise DocumentError("too_large", f"the document has more than {JSON_LIMIT} bytes")
    text = data.decode("utf-8-sig", "replace")  # a run that is stopped may stop within a character
    run = _table(text) if _CSV.match(data) else _document(text)
    if not run.listeners:
        raise DocumentError("truncated" if run.broken else "unknown_format", "the file names no listener")
    return run


def _table(text: str) -> _Run:
    run = _Run(broken=not text.endswith("\n"))
    try:
        for cells in csv.reader(io.StringIO(text), strict=False):
            if len(cells) < 5 or cells[0] == "id":  # noqa: PLR2004 - the columns that are read
                run.broken = run.broken or bool(cells and cells[0] != "id")
                continue
            run.add(_place(cells[1], cells[2]), _address(cells[1]), Finding(cells[0], cells[3], cells[4]))
    except csv.Error:
        run.broken = True
    return run


def _document(text: str) -> _Run:
    run = _Run()
    try:
        document = json.loads(text)
    except RecursionError:
        raise DocumentError("json_malformed", "the document nests too deep") from None
    except ValueError:
        document, run.broken = _mended(text), True
    if isinstance(document, list):
        for item in document:
            _add(run, item, None, "")
    elif isinstance(document, dict):
        run.at = instant(document.get("startTime"))
        version = document.get("version")
        run.version = version.strip()[:40] if isinstance(version, str) and version.isprintable() else ""
        for target in _list(document.get("scanResult")):
            _add_target(run, target)
    else:
        raise DocumentError("json_malformed", "neither a list nor an object")
    return run


def _add_target(run: _Run, target: Any) -> None:
    """A target of the pretty form: its findings stand in sections; a failed one is a finding itself."""
    if not isinstance(target, dict):
        run.others += 1
        return
    place = _place(target.get("targetHost") or target.get("ip"), target.get("port"))
    address = _address(target.get("ip"))
    if isinstance(target.get("id"), str):
        _add(run, target, place, address)
        return
    for section in list(target.values())[:_SECTIONS]:
        for item in _list(section):
            _add(run, item, place, address)


def _add(run: _Run, item: Any, place: Place | None, address: str) -> None:
    told = item if isinstance(item, dict) else {}
    values = [told.get(key) for key in ("id", "severity", "finding")]
    if not all(isinstance(value, str) for value in values):
        run.others += 1
        return
    host = told.get("ip") or told.get("fqdn/ip")
    run.add(
        place or _place(host, told.get("port")),
        address if place else _address(host),
        Finding(*map(str, values)),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _place(host: object, port: object) -> Place | None:
    """Host and port of `NAME/ADDRESS` and a number; the scanning machine itself is `/`."""
    name = host.partition("/")[0] or host.partition("/")[2] if isinstance(host, str) else None
    return place_of(name, port)


def _address(host: object) -> str:
    """The address of `NAME/ADDRESS`, or what stands in its place."""
    return host.rpartition("/")[2] if isinstance(host, str) else ""


def _mended(text: str) -> Any:
    """A document that breaks off, up to the last part that is whole; raises DocumentError."""
    if len(text) > MENDED_LIMIT:
        raise DocumentError("json_malformed", "the document is broken and too large to be mended")
    stack: list[str] = []
    ends: deque[tuple[int, str]] = deque(maxlen=2)
    for token in _TOKEN.finditer(text):
        if token[0] in _CLOSING:
            stack.append(_CLOSING[token[0]])
        elif token[0] in "]}":
            if not stack or stack.pop() != token[0]:
                break
            ends.appendleft((token.end(), "".join(reversed(stack))))
    # The last bracket may have been set by the tool itself, behind half a finding.
    for end, closing in ends:
        try:
            return json.loads(text[:end] + closing)
        except (ValueError, RecursionError):
            continue
    raise DocumentError("json_malformed", "the document is broken before its end")
