"""This period against the last one on record: what is new, worse, better, closed or no longer told, and why.

A change of riskkit, its catalog or a site's thresholds is told apart from a change of the hospital.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from riskkit.assess.registry import base_tables
from riskkit.model import SEVERITIES, Assessment, Outcome, Source, Verdict

Kind = Literal["new", "reopened", "worse", "better", "still open", "closed", "no longer assessed"]
KINDS: tuple[Kind, ...] = (
    "new", "reopened", "worse", "better", "closed", "no longer assessed", "still open",
)  # fmt: skip
Because = Literal["evidence", "method", "time"]

_UNSEEN = "no evidence of this period shows it"
_SILENT = ("NOT_ASSESSED", "ERROR")
_SHOWN_BY = {"INTERVIEW": "people say", "EXAMINE": "records show", "TEST": "a test shows"}


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one finding, or of one pass that can no longer be told.

    `because` is `method` when the same evidence would have been judged so by today's riskkit and
    settings already then, `time` when nothing changed but the date, else `evidence`. `failed` is false
    for a subject that passed before.
    """

    kind: Kind
    check: str
    cause: str
    because: Because
    severity: str
    since: str = ""
    failed: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """All changes since `period`; `method` says what of riskkit, catalog and settings is not as it was.

    `same`, `renewed`, `added` and `gone` count evidence files by content and by name.
    """

    period: str
    changes: tuple[Change, ...]
    method: tuple[str, ...]
    same: int
    renewed: int
    added: int
    gone: int

    def of(self, *kinds: Kind) -> tuple[Change, ...]:
        """The changes of these kinds."""
        return tuple(change for change in self.changes if change.kind in kinds)

    @property
    def same_inputs(self) -> bool:
        """Whether every evidence file is, byte for byte, one of the last period."""
        return self.same > 0 and not (self.renewed or self.added or self.gone)


def compare(assessment: Assessment) -> Comparison | None:
    """Compare with the last period in history/; None when there is none."""
    if not assessment.history:
        return None
    *older, last = assessment.history
    before = {outcome["check"]: outcome for outcome in last["outcomes"]}
    changes: list[Change] = []
    for outcome in assessment.outcomes:
        earlier = before.get(outcome.check.id)
        changes += _changes(assessment, outcome, earlier, last, older)
    asked = {outcome.check.id for outcome in assessment.outcomes}
    for name in sorted(before.keys() - asked):
        changes += [
            Change("no longer assessed", name, f"riskkit {assessment.version} does not ask this any more",
                   "method", verdict["severity"], verdict["since"] or last["period"])
            for verdict in _failures(before[name])
        ]  # fmt: skip
    return Comparison(
        last["period"], tuple(changes), tuple(_method(assessment, last)), *_files(assessment, last)
    )


def _changes(
    assessment: Assessment,
    outcome: Outcome,
    earlier: Mapping[str, Any] | None,
    last: Mapping[str, Any],
    older: Sequence[Mapping[str, Any]],
) -> Iterable[Change]:
    check, period = outcome.check.id, last["period"]
    told = (
        {}
        if earlier is None
        else {one["fingerprint"]: one for one in earlier["verdicts"] if not one["engine"]}
    )
    now = {verdict.fingerprint: verdict for verdict in outcome.verdicts if not verdict.engine}
    judged = _Judged(assessment, outcome, earlier, last)
    for name, verdict in now.items():
        then = told.get(name)
        severity = outcome.severity_of(verdict)
        if verdict.result == "FAIL" and (then is None or then["result"] != "FAIL"):
            cause, because = judged.new(then)
            again = _failed_before(name, check, older)
            if again and because != "method":
                yield Change("reopened", check, f"failed in {again}, was closed, and fails again", because,
                             severity, verdict.since)  # fmt: skip
            else:
                yield Change("new", check, cause, because, severity, verdict.since)
        elif verdict.result == "FAIL" and then is not None:
            if _vanished(verdict):
                cause = outcome.reason if outcome.condition in _SILENT else _UNSEEN
                yield Change("no longer assessed", check, cause, "evidence", severity, verdict.since)
                continue
            moved = SEVERITIES.index(severity) - SEVERITIES.index(then["severity"])
            kind: Kind = "worse" if moved > 0 else "better" if moved < 0 else "still open"
            _, because = judged.new(then)
            cause = (
                f"{then['severity']} then, {severity} now"
                if moved
                else f"open since {verdict.since or period}"
            )
            yield Change(kind, check, cause, because, severity, verdict.since)
        elif then is not None and then["result"] == "FAIL":
            shown = f"passes now, as {_SHOWN_BY[outcome.method_of(verdict)]}"
            cause = "does not apply any more" if verdict.result == "NA" else shown
            yield Change(
                "closed", check, cause, judged.new(then)[1], then["severity"], then["since"] or period
            )
        elif then is not None and then["result"] == "PASS" and verdict.result == "UNKNOWN":
            cause = (
                "no evidence of this period shows it"
                if _vanished(verdict)
                else "the evidence does not tell any more"
            )
            yield Change("no longer assessed", check, cause, judged.new(then)[1], severity, failed=False)
    silent = outcome.condition in _SILENT
    for name, then in told.items():
        if name in now or then["result"] not in ("FAIL", "PASS") or (then["result"] == "PASS" and not silent):
            continue
        since, failed = then["since"] or period, then["result"] == "FAIL"
        if silent:
            yield Change(
                "no longer assessed", check, outcome.reason, "evidence", then["severity"], since, failed
            )
        else:
            cause = "its system was read, and it is not there any more"
            yield Change("closed", check, cause, "evidence", then["severity"], since)


class _Judged:
    """Why a check says something else than before: the method, the evidence, or the date."""

    def __init__(
        self,
        assessment: Assessment,
        outcome: Outcome,
        earlier: Mapping[str, Any] | None,
        last: Mapping[str, Any],
    ) -> None:
        self.period, self.earlier = last["period"], earlier
        self.tuned = [] if earlier is None else _tuned(outcome, earlier)
        tables = frozenset().union(*map(base_tables, (*outcome.check.needs, *outcome.check.optional)))
        then = {one["sha256"] for one in last["sources"] if tables & one["tables"].keys()}
        now = {one.sha256 for one in assessment.evidence.sources if tables & one.counts.keys()}
        self.same = then == now
        self.other = last["riskkit"] != assessment.version or last["catalog"] != assessment.catalog.version

    def new(self, then: Mapping[str, Any] | None) -> tuple[str, Because]:
        """The cause of another verdict on a subject, in words and in kind."""
        if self.earlier is None:
            return f"was not asked yet in {self.period}", "method"
        if self.tuned and self.same:
            return f"same evidence, other thresholds: {', '.join(self.tuned)}", "method"
        if self.same and self.other:
            return "same evidence, judged by another version of riskkit or its catalog", "method"
        if self.earlier["condition"] in _SILENT:
            return f"could not be assessed in {self.period}", "evidence"
        words = {
            None: f"was not in the evidence of {self.period}",
            "PASS": f"passed in {self.period}",
            "UNKNOWN": f"was not known in {self.period}",
            "NA": f"did not apply in {self.period}",
        }
        cause = words.get(then["result"] if then else None, f"failed in {self.period}")
        if self.same:
            return f"{cause}; same evidence, a later date", "time"
        return cause, "evidence"


def _tuned(outcome: Outcome, earlier: Mapping[str, Any]) -> list[str]:
    then = earlier["parameters"]
    plain = {name: value if isinstance(value, str | int | float | bool | None) else str(value)
             for name, value in outcome.parameters.items()}  # fmt: skip
    return [
        f"{name.replace('_', ' ')} {then.get(name, 'not set')} then, {plain.get(name, 'not set')} now"
        for name in sorted(then.keys() | plain.keys())
        if then.get(name) != plain.get(name)
    ]


def _method(assessment: Assessment, last: Mapping[str, Any]) -> Iterable[str]:
    if last["riskkit"] != assessment.version:
        yield f"riskkit {assessment.version}, then {last['riskkit']}"
    if last["catalog"] != assessment.catalog.version:
        versions = f"{assessment.catalog.version}, then {last['catalog']}"
        yield f"another catalog of controls, rules and scoring ({versions})"
    before = {outcome["check"]: outcome for outcome in last["outcomes"]}
    now = {outcome.check.id: outcome for outcome in assessment.outcomes}
    for names, words in ((now.keys() - before.keys(), "asked for the first time"),
                         (before.keys() - now.keys(), "not asked any more")):  # fmt: skip
        if names:
            yield f"{len(names)} of {len(now.keys() | before.keys())} questions {words}"
    for name in sorted(now.keys() & before.keys()):
        tuned = _tuned(now[name], before[name])
        if tuned:
            yield f"thresholds of “{now[name].check.title}”: {', '.join(tuned)}"


def _files(assessment: Assessment, last: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Evidence files of the same content, of the same name with another content, new, and gone."""
    then = {one["name"]: one["sha256"] for one in last["sources"] if not one["name"].startswith("history/")}
    now = {one.name: one.sha256 for one in assessment.evidence.sources if _counts(one)}
    contents = set(then.values())
    same = {name for name, content in now.items() if content in contents}
    renewed = {name for name in now if name in then} - same
    gone = [
        name for name, content in then.items() if content not in set(now.values()) and name not in renewed
    ]
    return len(same), len(renewed), len(now) - len(same) - len(renewed), len(gone)


def _counts(source: Source) -> bool:
    return not source.name.startswith("history/")


def _failures(outcome: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        verdict for verdict in outcome["verdicts"] if verdict["result"] == "FAIL" and not verdict["engine"]
    ]


def _failed_before(fingerprint: str, check: str, older: Sequence[Mapping[str, Any]]) -> str:
    """The latest period before the last in which this failed; empty when none."""
    for findings in reversed(older):
        for outcome in findings["outcomes"]:
            if outcome["check"] == check and any(
                one["fingerprint"] == fingerprint for one in _failures(outcome)
            ):
                return str(findings["period"])
    return ""


def _vanished(verdict: Verdict) -> bool:
    """Whether history alone speaks of it: its subject is known by its fingerprint only."""
    return verdict.subject == verdict.fingerprint
