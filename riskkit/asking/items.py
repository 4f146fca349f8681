"""What is missing, or soon will be, and who is asked for it. Names systems and roles, and nobody else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from riskkit.catalog import ATTESTATION
from riskkit.catalog.exports import Export, Way, load_exports
from riskkit.catalog.questions import load_questions
from riskkit.model import Assessment, Check, Outcome, Source
from riskkit.tables import TABLES, cited, records
from riskkit.words import be, count

UNASSIGNED = "unassigned"
CUSTODY = "custody"
NO_SUBJECT = "the evidence that is there holds no subject for these questions"


@dataclass(frozen=True, slots=True)
class System:
    """A system of the inventory: its id, and what decides who is asked and how."""

    id: str
    name: str = ""
    kind: str = ""
    product: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One export of one kind of evidence, of a system or of the organisation.

    `ways` holds the way of the system's product, or of an organisation every way that is known.
    """

    owner: str
    system: System | None
    reason: str
    due: date
    target: str
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """A kind of evidence, or one answer, that one owner is asked for.

    `controls` are citations with their titles; `questions` what cannot be answered without it; `how`
    what to do where an ask names no way of its own.
    """

    owner: str
    kind: str
    title: str
    what: str
    controls: tuple[tuple[str, str], ...]
    questions: tuple[str, ...]
    how: str
    redact: str
    asks: tuple[Ask, ...]

    @property
    def due(self) -> date:
        """The earliest day on which one of its parts is due."""
        return min(ask.due for ask in self.asks)


@dataclass
class _Need:
    """Why a kind of evidence is asked for."""

    controls: set[str] = field(default_factory=set)
    questions: set[str] = field(default_factory=set)

    def add(self, check: Check, controls: Iterable[str] = ()) -> None:
        self.controls.update(controls or check.controls)
        self.questions.add(check.question)


def requests_of(assessment: Assessment, *, asked_on: date | None = None) -> tuple[Request, ...]:
    """Everything to ask for, sorted by owner, due date and kind.

    That is: tables that a check which was NOT_ASSESSED needs and that are missing or hold no subject;
    systems of which the evidence says nothing; tables that a control lacks; evidence that is undated
    or stops to count within `renew_days`; and questions without an answer that holds. `asked_on`
    (default: the last day of the assessment) is the day from which `request_days` run.
    """
    return _Asking(assessment, asked_on or assessment.moment.today).requests()


class _Asking:
    def __init__(self, assessment: Assessment, asked_on: date) -> None:
        self._assessment = assessment
        self._owners = {cited(key).casefold(): owner for key, owner in assessment.settings.owners.items()}
        self._due = asked_on + timedelta(days=assessment.settings.request_days)
        self._exports = load_exports()
        self._systems = {system.id: system for system in _systems(assessment)}
        self._needs: dict[str, _Need] = {}
        self._asks: dict[tuple[str, str], Ask] = {}  # by kind (or citation) and system

    def requests(self) -> tuple[Request, ...]:
        for outcome in self._assessment.outcomes:
            if outcome.condition == "NOT_ASSESSED":
                self._not_assessed(outcome)
            else:
                self._silent_systems(outcome)
        for status in self._assessment.controls:
            for kind in (name for lacking in status.lacking for name in lacking.split("|")):
                if kind in TABLES and kind != ATTESTATION and not self._present(kind):
                    self._need(kind).controls.add(status.control.citation)
                    self._ask_of_all(kind, self._assessment.state(kind).reason)
        self._ageing()
        self._undated()
        requests = [*self._of_kinds(), *self._of_answers()]
        return tuple(
            sorted(requests, key=lambda one: (one.owner == UNASSIGNED, one.owner, one.due, one.kind))
        )

    def _present(self, kind: str) -> bool:
        return self._assessment.state(kind).state == "present"

    def _need(self, kind: str) -> _Need:
        return self._needs.setdefault(kind, _Need())

    def _not_assessed(self, outcome: Outcome) -> None:
        states = [self._assessment.engine.state(need) for need in outcome.check.needs]
        absent = [state for state in states if state.state != "present"]
        for state in absent or states:
            if state.table == ATTESTATION:
                continue  # asked for question by question
            self._need(state.table).add(outcome.check)
            self._ask_of_all(state.table, state.reason if absent else NO_SUBJECT)

    def _silent_systems(self, outcome: Outcome) -> None:
        """Systems of which the evidence that is there says nothing."""
        for verdict in outcome.verdicts:
            system = self._systems.get(verdict.scope)
            if not (verdict.engine and verdict.result == "UNKNOWN" and system):
                continue
            tables = [self._assessment.engine.state(need).table for need in outcome.check.needs]
            kind = next(
                (name for name in tables if name in self._exports and self._exports[name].is_of(system.kind)),
                None,
            )
            if kind:
                self._need(kind).add(outcome.check)
                self._ask(kind, system, "the evidence of this kind says nothing of the system", self._due)

    def _ask_of_all(self, kind: str, reason: str) -> None:
        """Ask each system that gives this kind of evidence, else the organisation."""
        export = self._exports.get(kind)
        given = [one for one in self._systems.values() if export and export.is_of(one.kind)]
        systems: Sequence[System | None] = given or (None,)
        for system in systems:
            self._ask(kind, system, reason, self._due)

    def _ask(self, kind: str, system: System | None, reason: str, due: date, target: str = "") -> None:
        export = self._exports.get(kind)
        ways = export.ways_of(system.product if system else None) if export else ()
        where = target or (ways[0].file if system and ways and ways[0].file else TABLES[kind].place)
        name = system.id if system else kind
        named = where.replace("**", "").replace("*", name).replace("SYSTEM", name)
        named = named.replace("PERIOD", self._assessment.moment.period.name)
        ask = Ask(self._owner(kind, system), system, reason, due, named, ways)
        key = (kind, system.id if system else "")
        known = self._asks.get(key)
        if known:  # one ask with all its reasons
            reasons = dict.fromkeys([*known.reason.split("; "), reason])
            where = named if target else known.target
            ask = replace(ask, reason="; ".join(reasons), due=min(due, known.due), target=where)
        self._asks[key] = ask

    def _owner(self, kind: str, system: System | None, citation: str = "") -> str:
        """The first that says who it is: the site of the system, the inventory, the site of the rest."""
        folder = TABLES[kind].place.partition("/")[0]
        named = [self._owners.get(system.id.casefold(), system.owner)] if system else []
        named += [self._owners.get(key.casefold(), "") for key in (citation, kind, folder)]
        return next((owner.strip() for owner in named if owner and owner.strip()), UNASSIGNED)

    def _ageing(self) -> None:
        """Evidence that no longer counts, or stops to within `renew_days`; the newest of its kind decides."""
        settings, today = self._assessment.settings, self._assessment.moment.today
        newest: dict[tuple[str, tuple[str, ...]], tuple[date, Source]] = {}
        for source in self._assessment.evidence.sources:
            if source.set_aside or source.collected_at is None:
                continue
            for kind in (name for name, counts in source.counts.items() if counts.rows):
                if kind in (ATTESTATION, CUSTODY) or not self._present(kind):
                    continue
                day = source.collected_at.astimezone(self._assessment.moment.zone).date()
                key = (kind, self._spoken_of(kind, source))
                if key not in newest or newest[key][0] < day:
                    newest[key] = (day, source)
        for (kind, ids), (day, source) in sorted(newest.items(), key=lambda item: item[0]):
            last = day + timedelta(days=settings.freshness(kind))
            if last > today + timedelta(days=settings.renew_days):
                continue
            gone = last < today
            said = f"what was exported on {day} {'counts no longer since' if gone else 'counts until'} {last}"
            due = self._due if gone else min(self._due, last)
            self._need(kind).controls.update(self._controls_of(kind))
            known = [self._systems[name] for name in ids if name in self._systems]
            systems: Sequence[System | None] = known or (None,)
            for system in systems:
                self._ask(kind, system, said, due, source.name.partition("!")[0])

    def _spoken_of(self, kind: str, source: Source) -> tuple[str, ...]:
        """The systems that a small table names in the rows of a source."""
        table = TABLES[kind]
        if table.lazy or "system_id" not in table.by_name:
            return ()
        frame = self._assessment.table(kind)
        rows = frame.loc[frame["source"] == source.name, ["system_id"]]
        return tuple(sorted({row.system_id for row in records(rows) if row.system_id}))

    def _controls_of(self, kind: str) -> list[str]:
        return [
            row.control
            for row in self._assessment.catalog.sufficiency.values()
            if any(kind in alternatives.split("|") for alternatives in row.kinds)
        ]

    def _undated(self) -> None:
        files = sorted(
            {
                source.name.partition("!")[0]
                for source in self._assessment.evidence.sources
                if source.collected_at is None and set(source.counts) - {CUSTODY, ATTESTATION}
            }
        )
        if files:
            self._need(CUSTODY)
            named = ", ".join(files[:5]) + (f" and {len(files) - 5} more" if len(files) > 5 else "")  # noqa: PLR2004
            reason = (
                f"{count(len(files), 'file')} "
                f"{be(len(files), 'is without a date and shows', 'are without a date and show')} nothing: "
                f"{named}"
            )
            self._ask(CUSTODY, None, reason, self._due)

    def _of_kinds(self) -> Iterator[Request]:
        by_owner: dict[tuple[str, str], list[Ask]] = {}
        for (kind, _), ask in sorted(self._asks.items()):
            by_owner.setdefault((ask.owner, kind), []).append(ask)
        for (owner, kind), asks in by_owner.items():
            need, table = self._need(kind), TABLES[kind]
            export = self._exports.get(kind) or _plain(kind)
            yield Request(
                owner=owner,
                kind=kind,
                title=kind.replace("_", " ").capitalize().replace("Dicom", "DICOM"),
                what=table.doc.replace("`", ""),
                controls=self._titled(need.controls),
                questions=tuple(sorted(need.questions)),
                how=export.otherwise,
                redact=export.redact,
                asks=tuple(sorted(asks, key=lambda ask: (ask.due, ask.system.id if ask.system else ""))),
            )

    def _of_answers(self) -> Iterator[Request]:
        """Questions that only people can answer, without an answer or with one that ends soon."""
        last = self._assessment.moment.today + timedelta(days=self._assessment.settings.renew_days)
        attested = self._assessment.outcome("programme.attested")
        said = {verdict.subject: verdict for verdict in attested.verdicts if not verdict.engine}
        for citation, question in load_questions().items():
            row = self._assessment.catalog.sufficiency.get(citation)
            verdict = said.get(citation)
            if row is None or ATTESTATION not in row.kinds:
                continue
            if verdict is None:
                reason, due = "Nobody has answered this.", self._due
            elif verdict.result == "UNKNOWN":
                reason, due = verdict.message, self._due
            elif verdict.result != "FAIL" and verdict.valid_until and verdict.valid_until <= last:
                reason, due = verdict.message, min(self._due, verdict.valid_until)
            else:
                continue
            owner = self._owner(ATTESTATION, None, citation)
            export = self._exports[ATTESTATION]
            yield Request(
                owner=owner,
                kind=ATTESTATION,
                title=self._assessment.catalog.controls[citation].title,
                what=question.question,
                controls=self._titled([citation]),
                questions=(),
                how=f"{export.otherwise} Who can say: {question.who}. Name: {question.basis}.",
                redact=export.redact,
                asks=(Ask(owner, None, reason, due, TABLES[ATTESTATION].place),),
            )

    def _titled(self, citations: Iterable[str]) -> tuple[tuple[str, str], ...]:
        asked = set(citations)
        controls = self._assessment.catalog.controls
        return tuple((name, control.title) for name, control in controls.items() if name in asked)


def _plain(kind: str) -> Export:
    """What to do for a kind of evidence that has no file of its own in catalog/requests."""
    ask = TABLES[kind].ask or f"the table {kind}, as docs/tables.md describes it"
    return Export(
        otherwise=f"Ask for {ask}. `riskkit templates` writes a file to fill in.",
        redact="Leave out what the template has no column for.",
    )


def _systems(assessment: Assessment) -> Iterator[System]:
    """Systems of the inventory that hold ePHI and are covered."""
    if assessment.state("systems").state != "present":
        return
    for row in records(assessment.table("systems")):
        if row.holds_ephi and row.covered is not False:
            product = " ".join(filter(None, (row.product, row.version)))
            yield System(row.system_id, row.name or "", row.kind or "", product, row.owner or "")


def unknown_owners(assessment: Assessment) -> tuple[str, ...]:
    """Keys of `owners` in site.yaml that mean nothing here: a misspelling would leave work unassigned."""
    known = {*TABLES, *assessment.catalog.controls, *(system.id for system in _systems(assessment))}
    known |= {table.place.partition("/")[0] for table in TABLES.values()}
    folded = {name.casefold() for name in known}
    return tuple(sorted(key for key in assessment.settings.owners if key.casefold() not in folded))
