"""Checks and what they say: verdicts per subject, outcomes per check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal

from riskkit.model.levels import Method, Result, Severity

PERSONAL_SUBJECTS = frozenset({"account", "address", "badge", "person", "patient", "user"})
"""Kinds of subject that identify a person: shown as surrogates unless identities are asked for."""

Family = Literal["", "targeted", "volume", "account", "relational"]
"""What kind of behaviour a signal is about; the review queue keeps room for each."""

Condition = Literal["CLEAN", "FINDINGS", "PARTIAL", "NOT_ASSESSED", "ERROR"]


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows of which table a verdict rests on.

    The first keys (source, offset, n) stand for all; the predicate finds the rest.
    """

    table: str
    count: int
    keys: tuple[tuple[str, int, int], ...] = ()
    predicate: str = ""

    FIRST = 5

    @classmethod
    def of(cls, table: str, rows: Iterable[Any], *, predicate: str = "") -> Rows:
        """Refer to rows that carry `source`, `offset` and `n`."""
        found = [(row.source, row.offset or 0, row.n or 0) for row in rows]
        return cls(table, len(found), tuple(found[: cls.FIRST]), predicate)


@dataclass(frozen=True, slots=True)
class Signal:
    """Why a day of a user, or a patient of that day, is put up for review.

    `day` is local, `patient_id` empty when the signal is about the day as a whole. `p` is the
    probability of as much or more without cause, `observed` against `expected` what it was found on.
    `reason` says so in words and numbers and names nobody. A `matched` signal met a rule that knows no
    probability: it is listed apart.
    """

    day: date
    patient_id: str = ""
    p: float = 1.0
    observed: float = 0.0
    expected: float = 0.0
    reason: str = ""
    matched: bool = False
    rows: tuple[Rows, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check says of one subject.

    `scope` names the system (or host, or store) that the subject belongs to: with it, the engine
    can tell a subject that is gone from evidence that is gone. `message` states the fact with
    numbers; it names no person, the subject does.
    """

    subject: str
    result: Result
    message: str
    observed: str = ""
    expected: str = ""
    scope: str = ""
    rows: tuple[Rows, ...] = ()
    controls: tuple[str, ...] = ()
    method: Method | None = None
    severity: Severity | None = None
    collected_at: datetime | None = None
    valid_until: date | None = None
    signal: Mapping[str, float] = field(default_factory=dict)
    signals: tuple[Signal, ...] = ()
    since: str = ""
    fingerprint: str = ""
    engine: bool = False
    shown_as: str = ""

    def but(self, **changes: Any) -> Verdict:
        """The same verdict with some fields changed."""
        return replace(self, **changes)


def fingerprint_text(check: str, verdict: Verdict) -> str:
    """What a verdict's fingerprint is made of: the same unit has the same one in every period."""
    return "\x1f".join((check, verdict.scope, verdict.subject))


@dataclass(frozen=True, slots=True)
class Parameter:
    """A tunable of a check: its type and default; site.yaml may override it."""

    name: str
    type: Any
    default: Any


@dataclass(frozen=True, slots=True)
class Check:
    """A question to the evidence, with everything that is needed to ask it and to explain it.

    `standing` subjects are expected again next period: one that vanishes is UNKNOWN, not fine.
    `lasting` failures are of something that happened: only a pass closes them, no evidence without them.
    `expects` names what the inventory expects a verdict for (`systems`): one without is UNKNOWN.
    `signal` verdicts select accesses for review and never mean "not met"; `family` is the kind of
    behaviour they are about, for the review queue. `worst` is the highest severity
    that a verdict may have: what stands for missing evidence has it, or hiding a failure would pay.
    `whole_trail` is for questions about the audit trail itself: all others are not shown what announced
    scans left in it. `joins` names the joins of `join_coverage` on which a pass rests; None are those of
    the tables that it needs beside the trail.
    """

    id: str
    title: str
    question: str
    subject: str
    controls: tuple[str, ...]
    severity: Severity
    method: Method
    remediation: str
    look_first: str
    usual_cause: str
    needs: tuple[str, ...]
    optional: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    run: Callable[..., Iterable[Verdict]]
    worst: Severity
    module: str = ""
    standing: bool = True
    lasting: bool = False
    expects: tuple[str, ...] = ()
    signal: bool = False
    family: Family = ""
    aliases: tuple[str, ...] = ()
    whole_trail: bool = False
    joins: tuple[str, ...] | None = None
    profiles: Mapping[str, str] = field(default_factory=dict)
    examples: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)

    @property
    def area(self) -> str:
        """What stands before the dot of the id."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Derived:
    """A table made of other tables, once per Evidence, for all checks that name it.

    `whole_trail` as of a check.
    """

    name: str
    doc: str
    phi: frozenset[str]
    needs: tuple[str, ...]
    optional: tuple[str, ...]
    run: Callable[..., Any]
    module: str = ""
    whole_trail: bool = False

    @property
    def id(self) -> str:
        """The name of the table."""
        return self.name


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one check; there is always one.

    CLEAN needs a population above 0 with nothing unknown.
    """

    check: Check
    condition: Condition
    reason: str
    verdicts: tuple[Verdict, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    unused: tuple[str, ...] = ()

    @property
    def population(self) -> int:
        """Subjects examined or expected."""
        return len(self.verdicts)

    @property
    def counts(self) -> dict[Result, int]:
        """Subjects by result."""
        counts: dict[Result, int] = {"PASS": 0, "FAIL": 0, "UNKNOWN": 0, "NA": 0}
        for verdict in self.verdicts:
            counts[verdict.result] += 1
        return counts

    @property
    def findings(self) -> tuple[Verdict, ...]:
        """The FAIL verdicts."""
        return tuple(verdict for verdict in self.verdicts if verdict.result == "FAIL")

    def severity_of(self, verdict: Verdict) -> Severity:
        """A verdict's own severity, else its check's."""
        return verdict.severity or self.check.severity

    def method_of(self, verdict: Verdict) -> Method:
        """A verdict's own method, else its check's."""
        return verdict.method or self.check.method
