"""Run one check on the evidence; whatever happens, there is one honest outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from riskkit.assess.engine import Engine
from riskkit.assess.expected import Inventory, expected_verdicts
from riskkit.assess.history import History, with_history
from riskkit.assess.registry import all_derived, base_tables, joins_of
from riskkit.derived.join_coverage import Coverage
from riskkit.errors import CatalogError, RiskkitError, SettingsError
from riskkit.model import (
    RESULTS,
    SEVERITIES,
    UNREAD_DO,
    Check,
    Evidence,
    Moment,
    Outcome,
    Source,
    Verdict,
    fingerprint_text,
)
from riskkit.settings import SITE_FILE, Settings
from riskkit.words import amount, count


@dataclass(frozen=True)
class Court:
    """Everything that is needed to judge, apart from the check."""

    settings: Settings
    moment: Moment
    evidence: Evidence
    engine: Engine
    history: History
    inventory: Inventory
    reviewed: Mapping[str, str]
    fingerprint: Callable[[str], str]


def parameters_of(check: Check, settings: Settings) -> dict[str, Any]:
    """A check's tunables with the site's overrides; raises SettingsError for an unknown or ill-typed one."""
    values = {name: parameter.default for name, parameter in check.parameters.items()}
    for name, value in settings.checks.get(check.id, {}).items():
        if name not in check.parameters:
            raise SettingsError(
                f"checks.{check.id}.{name}: there is no such parameter",
                file=SITE_FILE,
                do=f"Known: {', '.join(sorted(check.parameters)) or 'none'}",
            )
        kind = check.parameters[name].type
        try:
            values[name] = TypeAdapter(kind, config=ConfigDict(strict=True)).validate_python(value)
        except ValidationError as error:
            shown = getattr(kind, "__name__", str(kind))
            raise SettingsError(f"checks.{check.id}.{name}: must be {shown}", file=SITE_FILE) from error
    return values


def check_overrides(checks: Iterable[Check], settings: Settings) -> None:
    """Refuse overrides of unknown checks or parameters; raises SettingsError."""
    known = {check.id: check for check in checks}
    for name in settings.checks:
        if name not in known:
            raise SettingsError(
                f"checks.{name}: there is no such check",
                file=SITE_FILE,
                do="`riskkit checks` lists them",
            )
        parameters_of(known[name], settings)


def judge(check: Check, court: Court) -> Outcome:
    """The outcome of one check, with history, expectation, age and gaps of the evidence taken in."""
    parameters = parameters_of(check, court.settings)
    unused = tuple(name for name in check.optional if court.engine.state(name).state != "present")
    absent = [state for state in map(court.engine.state, check.needs) if state.state != "present"]
    problem = ""
    verdicts: list[Verdict] = []
    if not absent:
        try:
            verdicts = _run(check, parameters, court)
        except RiskkitError as error:
            problem = error.what
        # A check that fails must not end the run, and its error text may hold values.
        except Exception as error:  # noqa: BLE001
            problem = f"the check failed with {type(error).__name__}"
    joins = () if absent or problem else _joins(check, court)
    own = len(verdicts)
    verdicts = _with_gaps(check, verdicts, court, judged=not absent and not problem)
    reason = problem or _reason(absent)
    if problem:
        condition = "ERROR"
    elif absent:
        condition = "NOT_ASSESSED"
    elif not own and not any(verdict.result == "FAIL" for verdict in verdicts):
        condition, reason = "NOT_ASSESSED", "the evidence holds no subject for this question"
    else:
        condition = _condition(verdicts)
        reason = "; ".join((_told(verdicts), *(join.told().rstrip(".") for join in joins if not join.whole)))
    return Outcome(check, condition, reason, tuple(verdicts), parameters, unused)  # type: ignore[arg-type]


def _joins(check: Check, court: Court) -> tuple[Coverage, ...]:
    """The joins on which a pass of a check rests."""
    wanted = joins_of(check)
    return tuple(join for join in court.engine.coverage if join.join in wanted) if wanted else ()


def _reason(absent: Sequence[Any]) -> str:
    return "; ".join(dict.fromkeys(state.reason for state in absent))


def _condition(verdicts: Sequence[Verdict]) -> str:
    results = {verdict.result for verdict in verdicts}
    if "FAIL" in results:
        return "FINDINGS"
    return "PARTIAL" if "UNKNOWN" in results else "CLEAN"


def _told(verdicts: Sequence[Verdict]) -> str:
    counts = {result: sum(verdict.result == result for verdict in verdicts) for result in RESULTS}
    parts = [f"{counts['FAIL']} of {len(verdicts)} fail"]
    parts += [f"{counts['UNKNOWN']} unknown"] if counts["UNKNOWN"] else []
    parts += [f"{counts['NA']} not applicable"] if counts["NA"] else []
    return ", ".join(parts)


def _run(check: Check, parameters: Mapping[str, Any], court: Court) -> list[Verdict]:
    """What the check itself says: one verdict per unit, dated, and aged."""
    sources = _sources((*check.needs, *check.optional), court.evidence)
    needed = frozenset(_sources(check.needs, court.evidence))
    said = check.run(**court.engine.tables_for(check), **parameters, at=court.moment)
    short = " ".join(join.told() for join in _joins(check, court) if join.short)
    worst: dict[str, Verdict] = {}
    for one in said:
        verdict = _covered(one, short)
        if SEVERITIES.index(verdict.severity or check.severity) > SEVERITIES.index(check.worst):
            raise CatalogError(f"{check.id} says {verdict.severity}, which is above its worst")
        dated = _aged(check, _dated(verdict, sources, needed), court)
        fingerprint = court.fingerprint(fingerprint_text(check.id, dated))
        dated = dated.but(fingerprint=fingerprint)
        if dated.result == "UNKNOWN":
            # What is not known may be the worst: hiding a failure must never pay.
            dated = dated.but(severity=check.worst)
        known = worst.get(fingerprint)
        worst[fingerprint] = dated if known is None else max(known, dated, key=_badness(check))
    if check.signal:
        return [_reviewed(verdict, court.reviewed) for verdict in worst.values()]
    return list(worst.values())


def _covered(verdict: Verdict, short: str) -> Verdict:
    """A verdict; joins that find too little pass over the others, so that a pass shows nothing."""
    if not short or verdict.result != "PASS":
        return verdict
    return verdict.but(result="UNKNOWN", message=f"{short} Of what was found: {verdict.message}")


def _badness(check: Check) -> Callable[[Verdict], tuple[int, int, str]]:
    return lambda verdict: (
        RESULTS.index(verdict.result),
        SEVERITIES.index(verdict.severity or check.severity),
        verdict.message,
    )


def _sources(needs: Iterable[str], evidence: Evidence) -> dict[str, Source]:
    tables = frozenset().union(*(base_tables(need) for need in needs))
    return {
        source.name: source
        for source in evidence.sources
        if not source.set_aside and tables & source.counts.keys()
    }


def _dated(verdict: Verdict, sources: Mapping[str, Source], needed: frozenset[str]) -> Verdict:
    """Date a verdict by the oldest evidence that it rests on: its rows', and all that the check needs where
    they name none of that.
    """
    if verdict.collected_at is not None:
        return verdict
    named = {key[0] for rows in verdict.rows for key in rows.keys} & sources.keys()
    dates = [sources[name].collected_at for name in (named if named & needed else named | needed)]
    if not dates or any(date is None for date in dates):
        return verdict
    return verdict.but(collected_at=min(filter(None, dates)))


def _aged(check: Check, verdict: Verdict, court: Court) -> Verdict:
    """Give a verdict its last day; a pass that is past it shows nothing any more, a failure stays."""
    if verdict.collected_at is None:
        return verdict
    cited = (rows.table for rows in verdict.rows if rows.keys)
    tables = frozenset().union(*(base_tables(name) for name in (*check.needs, *cited)))
    days = min(court.settings.freshness(table) for table in tables)
    until = (
        verdict.valid_until
        or (verdict.collected_at + timedelta(days=days)).astimezone(court.moment.zone).date()
    )
    if verdict.result == "PASS" and until < court.moment.today:
        stale = (
            f"The evidence is older than {amount(days, 'day')}, so it no longer shows this: {verdict.message}"
        )
        return verdict.but(result="UNKNOWN", valid_until=until, message=stale)
    return verdict.but(valid_until=until)


def _reviewed(verdict: Verdict, reviewed: Mapping[str, str]) -> Verdict:
    decision = reviewed.get(verdict.fingerprint)
    if verdict.result != "FAIL" or decision is None:
        return verdict
    return verdict.but(result="PASS", message=f"Reviewed ({decision}): {verdict.message}")


def _with_gaps(check: Check, verdicts: list[Verdict], court: Court, *, judged: bool) -> list[Verdict]:
    """Add what the evidence should have shown and did not."""
    sources = _sources(check.needs, court.evidence)
    gaps = [_unread(source) for _, source in sorted(sources.items()) if source.unread or source.problem]
    gaps += _passed_over(check, court.evidence) if judged else []
    if judged:
        gaps += expected_verdicts(check, verdicts, court.inventory)
    if court.history.missing and check.standing:
        gaps.append(_gap("history", f"Earlier failures cannot be ruled out: {court.history.missing}."))
    marked = [
        gap.but(
            fingerprint=court.fingerprint(fingerprint_text(check.id, gap)), engine=True, severity=check.worst
        )
        for gap in gaps
    ]
    joined = verdicts + marked
    last = court.history.last.get(check.id, {})
    if check.standing and last:
        whole = not any(source.unread or source.problem for source in sources.values())
        joined = with_history(check, joined, last, court.history.findings[-1]["period"], whole=whole)
    return sorted(joined, key=lambda verdict: (verdict.scope, verdict.subject, verdict.fingerprint))


def _unread(source: Source) -> Verdict:
    problem = source.problem or f"{count(source.unread, 'record')} quarantined"
    return _gap(source.name, f"Not all of this file could be read: {problem}.", scope="")


def _passed_over(check: Check, evidence: Evidence) -> list[Verdict]:
    """Files beside the trails of which nothing was read, for a question about the trail itself.

    Any of them may be the trail, or the part of it, that seems to be missing.
    """
    tables = all_derived()
    whole = check.whole_trail or any(need in tables and tables[need].whole_trail for need in check.needs)
    trail = evidence.tables["audit_events"]
    return [
        _gap(source.name, f"Nothing of this file was read ({source.problem}). To do: {UNREAD_DO}.")
        for source in evidence.sources
        if whole and source.passed_over and trail.beside(source.name)
    ]


def _gap(subject: str, message: str, scope: str = "") -> Verdict:
    return Verdict(subject=subject, result="UNKNOWN", message=message, scope=scope)
