"""A year of twelve periods over one growing pack: time per period, what is read, and the trend.

python -m benchmarks.year             assess each month
python -m benchmarks.year --report    make the whole report of each month (minutes)

Each month adds an audit trail (`riskkit simulate`), an export of accounts, a list of volumes and a scan of
two listeners. The script of changes is known, so that the trend can be held against it: month 4 closes the
gap of the second factor, 6 takes TLS off a listener, 8 puts it back, 9 takes it off again, 10 loses all
scans, 11 finds them again, 12 puts TLS back for good. A volume stays unencrypted all year.

What is read is told by the work folder: rows of a file that was read lie in an entry of their own, and the
ledger knows in which run a content was seen first. Both must name the files that are new, and no other. All
files are hashed in each period; evidence.csv grows, so it is new each time. Exit code 1 when the trend is
wrong, or when something is read twice.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from riskkit.assess import findings_json, open_pack
from riskkit.assess.comparison import compare
from riskkit.ingest import remember_files
from riskkit.ingest.ledger import LEDGER
from riskkit.model import Assessment, Moment, Period
from riskkit.report.folder import canonical
from riskkit.simulator import simulate
from riskkit.store import RECEIPT, Store

YEAR, ZONE = 2026, ZoneInfo("America/Chicago")
SEED, USERS = 7, 36
MFA, PLAIN, VOLUME = "access.account_without_mfa", "transmission.plaintext", "encryption.unencrypted_volume"
NO_CHANGE: Mapping[str, int] = {}

SITE = """organisation: Lakeside Memorial (simulated)
synthetic: true
timezone: America/Chicago
first_period: "{first}"
"""
SYSTEMS = """system_id,name,kind,holds_ephi,criticality,aliases
pacs1,Main image archive,archive,yes,high,PACS1
viewer1,Viewer,viewer,yes,high,VIEWER1
"""
ENDPOINTS = """endpoints:
- {endpoint_id: pacs1-dicom, system_id: pacs1, host: pacs1.example, port: 2762, protocol: dicom-tls,
   ephi: true, vantage: internal, approved_by: Security Officer, scan_level: standard}
- {endpoint_id: viewer1-web, system_id: viewer1, host: viewer1.example, port: 443, protocol: https,
   ephi: true, vantage: internal, approved_by: Security Officer, scan_level: standard}
"""


@dataclass(frozen=True, slots=True)
class Month:
    """What is so in a month, and what the report has to say about it.

    second_factor: of one account, all others have it. listener: connectivity of pacs1's; None when no
    scan is there. changes: kinds of change by check, and how many; a check without any is still as it was.
    """

    number: int
    second_factor: bool
    listener: str | None
    changes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


_OPEN = {"still open": 1}
SCRIPT = (
    Month(1, False, "tls"),
    Month(2, False, "tls", {MFA: _OPEN, VOLUME: _OPEN}),
    Month(3, False, "tls", {MFA: _OPEN, VOLUME: _OPEN}),
    Month(4, True, "tls", {MFA: {"closed": 1}, VOLUME: _OPEN}),
    Month(5, True, "tls", {VOLUME: _OPEN}),
    Month(6, True, "plaintext", {PLAIN: {"new": 1}, VOLUME: _OPEN}),
    Month(7, True, "plaintext", {PLAIN: _OPEN, VOLUME: _OPEN}),
    Month(8, True, "tls", {PLAIN: {"closed": 1}, VOLUME: _OPEN}),
    Month(9, True, "plaintext", {PLAIN: {"reopened": 1}, VOLUME: _OPEN}),
    # Both listeners: the one that failed and the one that passed.
    Month(10, True, None, {PLAIN: {"no longer assessed": 2}, VOLUME: _OPEN}),
    Month(11, True, "plaintext", {PLAIN: _OPEN, VOLUME: _OPEN}),
    Month(12, True, "tls", {PLAIN: {"closed": 1}, VOLUME: _OPEN}),
)
"""The year, month by month."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a month cost and said; `wrong` is empty when all was as it should be."""

    period: str
    pack_bytes: int
    new_bytes: int
    new_files: int
    records: int
    seconds: float
    cpu: float
    trend: str
    wrong: tuple[str, ...]


class GrowingPack:
    """A pack to which each month adds its evidence."""

    def __init__(self, folder: Path, script: Sequence[Month], users: int) -> None:
        self.pack, self._trail = folder / "pack", folder / "simulated"
        self.work = folder / "work"
        last = _period(script[-1])
        days = (last.last_day - _period(script[0]).first_day).days + 1
        simulate(self._trail, seed=SEED, days=days, users=users, period=last.name, events_only=True)
        for place in ("audit", "inventory", "network/scans", "people/accounts", "storage"):
            (self.pack / place).mkdir(parents=True)
        first = _period(script[0])
        self._custody = {row["file"]: row for row in _rows((self._trail / "evidence.csv").read_text())}
        (self.pack / "site.yaml").write_text(SITE.format(first=first.name))
        self._put("inventory/systems.csv", SYSTEMS, first)
        self._put("network/endpoints.yaml", ENDPOINTS, first)

    def add(self, month: Month) -> set[str]:
        """Add the evidence of a month, and take away what the script says; returns files that came back.

        The ledger forgets a file that goes, the store keeps its rows: it is noted again, and not read.
        """
        back: set[str] = set()
        period = _period(month)
        for path in sorted((self._trail / "audit").glob(f"*-{period.name}.*")):
            shutil.copy2(path, self.pack / "audit")
        accounts = "".join(
            f"viewer1,person{n},person{n},yes,{'yes' if n or month.second_factor else 'no'},person\n"
            for n in range(6)
        )
        header = "system_id,account,user_id,enabled,mfa,kind\n"
        self._put(f"people/accounts/viewer1-{period.name}.csv", header + accounts, period)
        volumes = "asset_id,system_id,kind,holds_phi,encrypted,size_bytes\nvol1,pacs1,volume,yes,no,1000\n"
        self._put(f"storage/assets-{period.name}.csv", volumes, period)
        scans = self.pack / "network" / "scans"
        if month.listener is None:
            shutil.move(scans, self.pack.parent / "lost")
            scans.mkdir()
        elif (lost := self.pack.parent / "lost").is_dir():
            scans.rmdir()
            shutil.move(lost, scans)
            back = {f"network/scans/{path.name}" for path in scans.iterdir()}
        if month.listener is not None:
            self._put(f"network/scans/{period.name}.json", _scan(period, month.listener), period)
        rows = [row for name, row in self._custody.items() if (self.pack / name).is_file()]
        with (self.pack / "evidence.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["file", "exported_at", "exported_by"], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        return back

    def _put(self, name: str, text: str, period: Period) -> None:
        (self.pack / name).write_text(text)
        exported = Moment.closing(period, ZONE).as_of - timedelta(hours=6)
        self._custody[name] = {"file": name, "exported_at": exported.isoformat(), "exported_by": "IT"}

    def files(self) -> dict[str, int]:
        """Bytes of each evidence file, history and site.yaml apart."""
        return {
            path.relative_to(self.pack).as_posix(): path.stat().st_size
            for path in self.pack.rglob("*")
            if path.is_file() and path.relative_to(self.pack).parts[0] not in ("history", "site.yaml")
        }


def _scan(period: Period, listener: str) -> str:
    """What `riskkit collect tls` writes of two listeners, down to whether they speak TLS."""
    at = (Moment.closing(period, ZONE).as_of - timedelta(days=2)).isoformat()
    hosts = {("pacs1-dicom", "pacs1.example", 2762): listener, ("viewer1-web", "viewer1.example", 443): "tls"}
    endpoints = [
        {"endpoint_id": name, "host": host, "port": port, "ip": "10.20.1.11", "reason": "", "seconds": 1.7,
         "status": "scanned" if value == "tls" else value}
        for (name, host, port), value in hosts.items()
    ]  # fmt: skip
    results = [
        {"server_location": {"hostname": host, "port": port, "connection_type": "DIRECT"},
         "connectivity_status": "COMPLETED", "scan_status": "COMPLETED", "scan_result": {},
         "connectivity_result": {"highest_tls_version_supported": "TLS_1_3"}}
        for (_, host, port), value in hosts.items()
        if value == "tls"
    ]  # fmt: skip
    return json.dumps({
        "riskkit_tls_scan": 1, "started_at": at, "finished_at": at, "tool_version": "0",
        "endpoints": endpoints,
        "sslyze": {"server_scan_results": results, "date_scans_started": at, "sslyze_version": "6.3.1"},
    }, indent=1)  # fmt: skip


def _rows(text: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(text))


def _period(month: Month) -> Period:
    return Period.parse(f"{YEAR}-{month.number:02d}")


def year(
    script: Sequence[Month], folder: Path, *, users: int = USERS, report: bool = False
) -> Iterator[Told]:
    """Go through the months of a script in an empty folder, and tell of each."""
    growing = GrowingPack(folder, script, users)
    contents: set[tuple[str, str]] = set()
    entries: dict[str, int] = {}
    for number, month in enumerate(script, 1):
        back = growing.add(month)
        period = _period(month).name
        begun, used = time.perf_counter(), _cpu()
        assessment = _report(growing, period, folder) if report else _assess(growing, period)
        seconds, cpu = time.perf_counter() - begun, _cpu() - used
        kept = growing.pack / "history" / period
        kept.mkdir(parents=True)
        (kept / "findings.json").write_bytes(canonical(findings_json(assessment)))
        remember_files(growing.work, growing.pack, assessment.evidence.sources)

        now = _entries(growing.work)
        evidence = [one for one in assessment.evidence.sources if not one.name.startswith("history/")]
        fresh = [one for one in evidence if (one.name, one.sha256) not in contents]
        contents |= {(one.name, one.sha256) for one in evidence}
        due, new = {one.key for one in fresh if one.key}, now.keys() - entries.keys()
        wrong = [f"{len(new - due)} entries of files that were known"] if new - due else []
        wrong += [f"{len(due - new)} new files were not read"] if due - new else []
        wrong += ["an entry was written again"] if any(now[key] != entries[key] for key in entries) else []
        if number > 1:  # the first run of a work folder is noted as it is opened, and once more at its end
            first = _seen_first(growing.work) - back
            wrong += ["the ledger tells of other new files"] if first != {one.name for one in fresh} else []
        trend, off = _trend(month, assessment)
        store = Store(growing.work)
        yield Told(
            period=period,
            pack_bytes=sum(growing.files().values()),
            new_bytes=sum(one.size for one in fresh),
            new_files=len(fresh),
            records=sum(_records(store, key) for key in new),
            seconds=seconds,
            cpu=cpu,
            trend=trend,
            wrong=(*wrong, *off),
        )
        entries = now


def _cpu() -> float:
    """Seconds of all processors that this process and its kernels took."""
    parts = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(part.ru_utime + part.ru_stime for part in parts)


def _assess(growing: GrowingPack, period: str) -> Assessment:
    return open_pack(growing.pack, period=period, work=growing.work)


def _report(growing: GrowingPack, period: str, folder: Path) -> Assessment:
    from riskkit.report import make_report  # noqa: PLC0415 - papermill is no part of the other way

    out = folder / "reports" / period
    result = make_report(growing.pack, out=out, period=period, work=growing.work)
    assert result.ok, result.notebooks
    return result.assessment


def _entries(work: Path) -> dict[str, int]:
    """When each entry of the store was written."""
    return {path.parent.name: path.stat().st_mtime_ns for path in (work / "store").glob(f"*/{RECEIPT}")}


def _records(store: Store, key: str) -> int:
    receipt = store.receipt(key)
    assert receipt is not None
    return sum(table["records"] for table in receipt["tables"].values())


def _seen_first(work: Path) -> set[str]:
    """Which files the ledger saw, as they are now, for the first time in its last run."""
    [known] = json.loads((work / LEDGER).read_text()).values()
    return {
        name
        for name, seen in known["files"].items()
        if seen["first_run"] == known["run"] and not name.startswith("history/")
    }


def _trend(month: Month, assessment: Assessment) -> tuple[str, list[str]]:
    """What the report says of the three questions, and where the script says otherwise."""
    comparison = compare(assessment)
    said, wrong = [], []
    for check in (MFA, PLAIN, VOLUME):
        found = (
            Counter(change.kind for change in comparison.changes if change.check == check)
            if comparison
            else {}
        )
        due = dict(month.changes.get(check, NO_CHANGE))
        if dict(found) != due:
            wrong.append(f"{check}: {dict(found) or 'no change'}, but the script says {due or 'no change'}")
        said += [
            f"{check.partition('.')[2]} {kind} ({count})"
            for kind, count in found.items()
            if kind != "still open"
        ]
    outcome = next(one for one in assessment.outcomes if one.check.id == PLAIN)
    if month.listener is None and not any(verdict.result == "FAIL" for verdict in outcome.verdicts):
        wrong.append(f"{PLAIN}: the failure went with its evidence")
    return ", ".join(said) or ("first period" if comparison is None else "as before"), wrong


def main() -> None:
    """Print a line for each month, and December once more from nothing; fails on a wrong trend."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--report", action="store_true", help="whole reports")
    parser.add_argument("--users", type=int, default=USERS, help=f"people of the hospital [{USERS}]")
    options = parser.parse_args()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="rk-") as made:
        folder = Path(made)
        print(
            f"{'period':<9}{'pack MB':>8}{'new MB':>8}{'files':>6}{'records':>9}{'s':>7}{'cpu s':>7}  trend"
        )
        for told in year(SCRIPT, folder, users=options.users, report=options.report):
            print(
                f"{told.period:<9}{told.pack_bytes / 1e6:>8.2f}{told.new_bytes / 1e6:>8.2f}"
                f"{told.new_files:>6}{told.records:>9,}{told.seconds:>7.1f}{told.cpu:>7.1f}  {told.trend}",
                flush=True,
            )
            wrong += [f"{told.period}: {one}" for one in told.wrong]
        last = f"{YEAR}-{SCRIPT[-1].number:02d}"
        begun = time.perf_counter()
        again = canonical(findings_json(open_pack(folder / "pack", period=last, work=folder / "new work")))
        print(f"{last} once more, with an empty work folder: {time.perf_counter() - begun:.1f} s")
        if again != (folder / "pack" / "history" / last / "findings.json").read_bytes():
            wrong.append(f"{last}: another result with an empty work folder")
    for one in wrong:
        print(f"WRONG {one}")
    print(
        "the trend is that of the script, and no evidence was read twice"
        if not wrong
        else f"{len(wrong)} wrong"
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
