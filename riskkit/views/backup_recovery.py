"""Copies of what the archive holds, and proof that they can be brought back."""

from __future__ import annotations

from collections import Counter
from typing import Any

from riskkit.derived.backup_copies import is_empty
from riskkit.derived.recovery import proof
from riskkit.model import RESULTS, Assessment, Result
from riskkit.tables import records
from riskkit.views.charts import bars
from riskkit.views.findings import missing, of_part
from riskkit.views.html import Html, join, paragraph
from riskkit.views.scope import in_view, inventory, present
from riskkit.views.tables import rows, table
from riskkit.views.wording import day
from riskkit.words import age, count, have, listed, share, size

HAS_BACKUP, IS_TESTED = "backup.system_without_backup", "backup.restore_test_stale"
"""The checks whose verdict stands beside each date."""

GOOD = ("success", "warning")
"""States of a backup from which something can be restored; a warning is shown as such."""


def systems(assessment: Assessment) -> Html:
    """For each system: its newest usable backup, its newest restore test, and how old both are."""
    if not present(assessment, "backups"):
        return join([missing(assessment, "backups"), restores(assessment)])
    known = inventory(assessment)
    backups, tests = _by_system(assessment, "backups"), _tests(assessment)
    expected = [s.system_id for s in known.covered if in_view(assessment, known, s.system_id)]
    order = sorted({*expected, *backups})
    usable = {
        name: _newest([b for b in backups.get(name, []) if b.status in GOOD and not is_empty(b)])
        for name in order
    }
    proved = {name: _newest([t for t in tests.get(name, []) if proof(t) == "proved"]) for name in order}
    with_copy = [name for name in expected if usable.get(name)]
    with_proof = [name for name in expected if proved.get(name)]
    told = (
        f"{share(len(with_copy), len(expected), 'covered system')} that hold ePHI {have(len(with_copy))} a "
        f"usable backup in the evidence; {share(len(with_proof), len(expected))} {have(len(with_proof))} a "
        "restore that is proved."
        if expected
        else "The inventory lists no system that holds ePHI; the backup records name "
        f"{count(len(backups), 'system')}."
    )
    copied, tried = _signs(assessment, HAS_BACKUP), _signs(assessment, IS_TESTED)
    frame = rows(
        (
            {
                "system": known.name(name),
                "newest usable backup": f"{copied.get(name, '–')} {_when(assessment, usable[name])}",
                "age": _age(assessment, usable[name]),
                "size": _size(usable[name]),
                "encrypted": getattr(usable[name], "encrypted", None),
                "immutable": getattr(usable[name], "immutable", None),
                "last proved restore": f"{tried.get(name, '–')} {_when(assessment, proved[name])}",
                "proof is": _age(assessment, proved[name]),
            }
            for name in order
        ),
        (
            "system",
            "newest usable backup",
            "age",
            "size",
            "encrypted",
            "immutable",
            "last proved restore",
            "proof is",
        ),
    )
    drawn = sorted(
        (
            (known.label(name), float(max(assessment.moment.age_days(newest.finished_at), 0)))
            for name, newest in usable.items()
            if newest
        ),
        key=lambda item: (-item[1], item[0]),
    )
    pieces = [
        paragraph(told),
        table(
            assessment,
            frame,
            caption="Backup and restore by system",
            badges={"newest usable backup": "sign", "last proved restore": "sign"},
            numbers=("size",),
            note="The sign says whether the evidence shows that it is recent enough; – means that nothing "
            "asks it of this kind of system.",
            empty="no system is known.",
        ),
    ]
    if drawn:
        oldest = (
            f"The newest usable backup is {drawn[0][1]:.0f} days old on {drawn[0][0]}, the oldest of all."
        )
        pieces.append(
            bars(drawn, unit="days before the end of the period", alt=oldest,
                 caption="Age of the newest usable backup of each system. Systems without one have no bar.")
        )  # fmt: skip
    return join(pieces)


def jobs(assessment: Assessment) -> Html:
    """How the backups that were tried in the period ended, by system and job."""
    if not present(assessment, "backups"):
        return missing(assessment, "backups")
    known, start = inventory(assessment), assessment.moment.start_us
    groups: dict[tuple[str, str], list[Any]] = {}
    for name, found in _by_system(assessment, "backups").items():
        for backup in found:
            if backup.finished_at.timestamp() * 1_000_000 >= start:
                groups.setdefault((name, backup.job or "not named"), []).append(backup)
    total = Counter(backup.status for found in groups.values() for backup in found)
    states = ("success", "warning", "failed", "running", "unknown")
    frame = rows(
        (
            {"job": job, "system": known.name(name), "runs": len(found)}
            | {state: sum(backup.status == state for backup in found) for state in states}
            | {"last": _when(assessment, _newest(found))}
            for (name, job), found in sorted(groups.items())
        ),
        ("job", "system", "runs", *states, "last"),
    )
    told = listed(
        [f"{total[state]:,} ended as {state}" for state in states if total[state]], none="none ended"
    )
    return join([
        paragraph(f"{count(total.total(), 'backup')} in the period: {told}."),
        table(assessment, frame, caption="Backup jobs of the period", limit=40,
              rest="All stand in the evidence.", empty="no backup was recorded in the period."),
    ])  # fmt: skip


def restores(assessment: Assessment) -> Html:
    """Restores that were tried: a backup that nobody restored is a hope."""
    if not present(assessment, "restore_tests"):
        return missing(assessment, "restore_tests")
    known = inventory(assessment)
    found = [(name, test) for name, tests in _tests(assessment).items() for test in tests]
    frame = rows(
        (
            {
                "system": known.name(name),
                "finished": _when(assessment, test),
                "age": _age(assessment, test),
                "outcome": {"success": "✓ success", "partial": "? partial", "failed": "✗ failed"}[
                    test.outcome
                ],
                "size": _size(test),
                "hours": round((test.finished_at - test.started_at).total_seconds() / 3600, 1)
                if test.started_at
                else None,
                "images compared": test.integrity_checked,
            }
            for name, test in sorted(found, key=lambda item: (item[1].finished_at, item[0]), reverse=True)
        ),
        ("system", "finished", "age", "outcome", "size", "hours", "images compared"),
    )
    good = sum(test.outcome == "success" for _, test in found)
    return join([
        paragraph(f"{share(good, len(found), 'restore test')} succeeded."),
        table(assessment, frame, caption="Restore tests", numbers=("size",), badges={"outcome": "sign"},
              limit=40, rest="All stand in the evidence.", empty="none was made."),
    ])  # fmt: skip


def _by_system(assessment: Assessment, name: str) -> dict[str, list[Any]]:
    known = inventory(assessment)
    groups: dict[str, list[Any]] = {}
    for row in records(assessment.table(name)):
        if in_view(assessment, known, row.system_id):
            groups.setdefault(known.of(row.system_id) or row.system_id, []).append(row)
    return groups


def _tests(assessment: Assessment) -> dict[str, list[Any]]:
    return _by_system(assessment, "restore_tests") if present(assessment, "restore_tests") else {}


def _newest(found: list[Any]) -> Any | None:
    return max(found, key=lambda row: row.finished_at, default=None)


def _signs(assessment: Assessment, check: str) -> dict[str, str]:
    """What a check says of each system, as the sign of the worst verdict."""
    known, worst = inventory(assessment), dict[str, Result]()
    for outcome in of_part(assessment, "backup_recovery"):
        for verdict in outcome.verdicts if outcome.check.id == check else ():
            system = known.of(verdict.scope) or verdict.scope
            worst[system] = max(worst.get(system, "NA"), verdict.result, key=RESULTS.index)
    return {
        system: {"PASS": "✓", "FAIL": "✗", "UNKNOWN": "?", "NA": "–"}[said] for system, said in worst.items()
    }


def _when(assessment: Assessment, row: Any | None) -> str:
    return day(assessment, row.finished_at) if row else "none in the evidence"


def _age(assessment: Assessment, row: Any | None) -> str | None:
    return age(max(assessment.moment.age_days(row.finished_at), 0)) if row else None


def _size(row: Any | None) -> str | None:
    return size(row.size_bytes) if row and row.size_bytes else None
