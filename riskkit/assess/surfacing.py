"""`riskkit.triage`: a pack becomes a short list of accesses to review, with reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskkit.assess.engine import Engine
from riskkit.assess.expected import Inventory
from riskkit.assess.history import History
from riskkit.assess.judge import Court, check_overrides, judge
from riskkit.assess.opening import WORK, find_pack, resolve_moment
from riskkit.assess.registry import all_checks, base_tables, joins_of
from riskkit.derived.inventory import system_names
from riskkit.derived.join_coverage import Coverage
from riskkit.errors import SettingsError
from riskkit.ingest import ingest
from riskkit.model import Assessment, Check, Moment, Outcome, Period, TableState
from riskkit.pseudonyms import fingerprint, site_key
from riskkit.queue import Choice, Decisions, QueueRules, candidates, choose, load_rules, matches, queue_frame
from riskkit.queue.decisions import alert_text
from riskkit.queue.refit import refitted
from riskkit.settings import read_settings
from riskkit.store import Store, draft_name, private_folder
from riskkit.tables import records

if TYPE_CHECKING:
    import pandas as pd

BUDGET = 5
"""Alerts a day that one analyst can look into: our own choice."""


@dataclass(frozen=True)
class ReviewQueue:
    """A review queue: choices of all kinds, the rules that made it, and what it could not use.

    `not_run` holds each detector that said nothing, with the reason; `in_part` what evidence knows too
    little of the trail, with the detectors that ran in part; `unused` what optional evidence was not there,
    with the detectors that went without it.
    """

    moment: Moment
    budget: int
    rules: QueueRules
    choices: tuple[Choice, ...]
    decisions: Decisions
    ran: tuple[str, ...]
    not_run: tuple[tuple[str, str], ...]
    in_part: tuple[tuple[str, tuple[str, ...]], ...]
    unused: tuple[tuple[str, tuple[str, ...]], ...]

    def rows(self, *lines: str) -> pd.DataFrame:
        """The choices of these kinds (alert, matched, below, repeat, closed); all without names."""
        chosen = [choice for choice in self.choices if not lines or choice.line in lines]
        return queue_frame(chosen, self.decisions, self.moment.as_of)


def triage(
    pack: str | Path,
    *,
    as_of: date | str | None = None,
    since: date | str | None = None,
    budget: int = BUDGET,
    work: str | Path | None = None,
    refit: bool = False,
) -> pd.DataFrame:
    """The alerts of a pack, at most `budget` a day, best first, and what matched a rule (rank 0).

    as_of: the last day that counts (default: the end of the site's period). since: the first day that
    is reviewed (default: the start of the period of as_of); earlier days are the baseline. refit:
    weights from the analysts' decisions. Columns: day, rank, user_id, patient_id, score, reasons,
    family, alert and how the alert stands. Real ids: the frame is PHI. Raises EvidenceError and
    SettingsError.
    """
    return review_queue(pack, as_of=as_of, since=since, budget=budget, work=work, refit=refit).rows(
        "alert", "matched"
    )


def review_queue(
    pack: str | Path,
    *,
    as_of: date | str | None = None,
    since: date | str | None = None,
    budget: int = BUDGET,
    work: str | Path | None = None,
    refit: bool = False,
) -> ReviewQueue:
    """As `triage`, with what fell below the line and what could not be used."""
    folder = find_pack(pack)
    settings = read_settings(folder)
    moment = _since(resolve_moment(settings, period=None, as_of=as_of), since)
    check_overrides(all_checks(), settings)
    secret = site_key(folder, synthetic=settings.synthetic)
    work_folder = private_folder(Path(work) if work is not None else folder / WORK)
    evidence = ingest(folder, settings, moment, Store(work_folder))
    tables = Engine(
        evidence,
        moment,
        work_folder / draft_name(),
        engine=settings.engine,
        memory_limit=settings.memory_limit,
    )

    def marked(text: str) -> str:
        return fingerprint(secret, text)

    # History and inventory are for controls: a queue of people needs neither.
    court = Court(settings, moment, evidence, tables, History(), Inventory(), {}, marked)
    outcomes = (judge(check, court) for check in detectors())
    return _queue(outcomes, tables, moment, budget, marked, refit=refit)


def queue_of(assessment: Assessment, *, budget: int = BUDGET) -> ReviewQueue:
    """The review queue of an assessment that is open, for its period."""
    names = {check.id for check in detectors()}
    outcomes = [outcome for outcome in assessment.outcomes if outcome.check.id in names]
    return _queue(
        outcomes, assessment.engine, assessment.moment, budget, assessment.fingerprints, refit=False
    )


def detectors() -> tuple[Check, ...]:
    """Checks whose verdicts carry signals: those that name a family of behaviour."""
    return tuple(check for check in all_checks() if check.family)


def _since(moment: Moment, since: date | str | None) -> Moment:
    """The moment with the period that begins on `since`."""
    if since is None:
        return moment
    try:
        first = date.fromisoformat(since) if isinstance(since, str) else since
    except ValueError as error:
        raise SettingsError(f"since {since!r} is no date", do="Write it as 2026-10-01") from error
    last = moment.today
    if first > last:
        raise SettingsError(f"since {first} lies after as-of {last}", do="Name an earlier day")
    return Moment(moment.as_of, Period(f"{first} to {last}", first, last), moment.zone)


def _queue(
    heard: Iterable[Outcome],
    tables: Any,
    moment: Moment,
    budget: int,
    marked: Callable[[str], str],
    *,
    refit: bool,
) -> ReviewQueue:
    """The queue of what the detectors said; `heard` is asked for one after the other."""
    if budget < 1:
        raise SettingsError(f"a budget of {budget} alerts a day shows nothing", do="Give 1 or more")

    def optional(name: str) -> Any | None:
        return tables.frame(name) if tables.state(name).state == "present" else None

    machines = _machines(optional("systems"), optional("accounts"))
    outcomes: list[Outcome] = []
    silent: dict[str, str] = {}
    for outcome in heard:
        of_people = _of_people(outcome, machines)
        silent[outcome.check.id] = _why_not(of_people)
        # Of thousands of people few carry a signal: what is said of the others is let go at once.
        outcomes.append(replace(of_people, verdicts=tuple(one for one in of_people.verdicts if one.signals)))
    decisions = Decisions.of(optional("verdicts"), optional("alerts"), optional("roster"), moment)
    rules = load_rules()
    if refit:
        rules = refitted(rules, candidates(outcomes, rules), decisions, marked)
    found = candidates(outcomes, rules)
    closed = decisions.closed(found, marked, rules.closed_days)
    matched = [
        Choice(one, "matched", 0, marked(f"{alert_text(one.day, one.behaviour)}\x1f{one.reasons[0].check}"))
        for one in matches(outcomes)
    ]
    return ReviewQueue(
        moment=moment,
        budget=budget,
        rules=rules,
        choices=(*matched, *choose(found, budget, rules, marked, closed)),
        decisions=decisions,
        ran=tuple(check for check, why in silent.items() if not why),
        not_run=tuple((check, why) for check, why in silent.items() if why),
        in_part=_in_part([one for one in outcomes if not silent[one.check.id]], tables.coverage),
        unused=_unused(outcomes, tables.state),
    )


def _machines(systems: Any | None, accounts: Any | None) -> frozenset[str]:
    """Ids under which machines act, case folded: names of systems (AE titles too) and service accounts."""
    services = () if accounts is None else records(accounts)
    return frozenset(system_names(systems)) | {
        row.account.casefold() for row in services if row.kind == "service" and not row.user_id
    }


def _of_people(outcome: Outcome, machines: frozenset[str]) -> Outcome:
    """An outcome without the verdicts on machines, which have no place in a queue of people."""
    kept = tuple(one for one in outcome.verdicts if one.subject.casefold() not in machines)
    return outcome if len(kept) == len(outcome.verdicts) else replace(outcome, verdicts=kept)


def _why_not(outcome: Outcome) -> str:
    """Why a detector judged nobody; empty when it did."""
    if outcome.condition in ("NOT_ASSESSED", "ERROR"):
        return outcome.reason
    own = [verdict for verdict in outcome.verdicts if not verdict.engine]
    if any(verdict.result in ("PASS", "FAIL") for verdict in own):
        return ""
    return own[0].message if len(own) == 1 else outcome.reason


def _in_part(
    outcomes: Sequence[Outcome], coverage: Sequence[Coverage]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Joins that find too little, with the detectors that use them."""
    found = []
    for join in coverage:
        checks = tuple(
            outcome.check.id
            for outcome in outcomes
            if join.join in joins_of(outcome.check) or join.table in _bases(outcome.check)
        )
        found += [(join.told(), checks)] if join.short and checks else []
    return tuple(found)


def _bases(check: Check) -> frozenset[str]:
    return frozenset().union(*map(base_tables, (*check.needs, *check.optional)))


def _unused(
    outcomes: Sequence[Outcome], state: Callable[[str], TableState]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Optional evidence that was not there, with the detectors that went without it."""
    without: dict[str, list[str]] = {}
    for outcome in outcomes:
        for name in outcome.unused:
            for table in sorted(base_tables(name)):
                if state(table).state != "present":
                    without.setdefault(table, []).append(outcome.check.id)
    return tuple((table, tuple(sorted(set(checks)))) for table, checks in sorted(without.items()))
