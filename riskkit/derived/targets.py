"""Whose records somebody opened without a known reason, in memory: what targeted detectors count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from riskkit.derived.clock_days import day_number
from riskkit.derived.review import LARGEST_P, Case, Keys
from riskkit.derived.trail import flag
from riskkit.derived.turns import Codes, codes
from riskkit.derived.volumes import FEWEST_DAYS, degraded_note
from riskkit.model import Moment, Rows
from riskkit.statistics.calibration import empirical_tail
from riskkit.statistics.tails import Numbers, binomial_tail
from riskkit.tables import records, to_arrow
from riskkit.words import out_of

Mask = NDArray[np.bool_]

NOT_ON_ROSTER = "The roster does not know this user, so no department can explain anything. "
DAYS = 1 << 20
"""More than days since 1970 will be: user and day as one number."""


@dataclass(frozen=True)
class Opened:
    """Unexplained patients of people on the roster: one unit per user, day and patient.

    Parallel arrays in order of user, day and patient; `user` and `patient` are places in `users` and
    `patients`, `first_us` is the time of the first access, `on_ward` whether all of it happened on the
    patient's own ward, `in_care` whether the patient was in anybody's care. `rows` holds the rows of the
    units: place of the unit, source, row key.
    """

    users: list[str]
    patients: list[str]
    user: Codes
    day: Codes
    patient: Codes
    first_us: Codes
    on_ward: Mask
    in_care: Mask
    rows: tuple[Codes, list[str], Codes, Codes]
    strangers: frozenset[str]
    """Users with unexplained patients of the period whom the roster does not know."""
    first: int

    @cached_property
    def period(self) -> Mask:
        """Units of the period."""
        return self.day >= self.first

    @cached_property
    def earlier_days(self) -> int:
        """Distinct days before the period."""
        return len(np.unique(self.day[~self.period]))

    @cached_property
    def base(self) -> Mask:
        """The units that tell what is usual: those before the period, else (degraded) those of it."""
        return self.period if self.earlier_days < FEWEST_DAYS else ~self.period

    @property
    def note(self) -> str:
        """What a message must say of the baseline."""
        return degraded_note(self.earlier_days)

    @cached_property
    def user_day(self) -> Codes:
        """The user-day of each unit, as numbers from 0 in order of user and day."""
        places: Codes = np.unique(self.user * DAYS + self.day, return_inverse=True)[1].astype(np.int64)
        return places

    @cached_property
    def trials(self) -> Codes:
        """Unexplained patients of the same user and day."""
        return self.hits_of_day(np.ones(len(self.user), bool))

    def of_users(self, told: Mapping[str, Any], otherwise: Any = "") -> NDArray[Any]:
        """What is told of each unit's user."""
        return _taken([told.get(name, otherwise) for name in self.users], self.user)

    def of_patients(self, told: Mapping[str, Any], otherwise: Any = "") -> NDArray[Any]:
        """What is told of each unit's patient."""
        return _taken([told.get(name, otherwise) for name in self.patients], self.patient)

    def names(self, units: Any) -> list[tuple[str, int, str]]:
        """User, day and patient of units."""
        return [
            (self.users[self.user[at]], int(self.day[at]), self.patients[self.patient[at]]) for at in units
        ]

    def keys(self, units: Any) -> dict[int, Keys]:
        """The first rows of units, by unit."""
        unit, sources, source, key = self.rows
        wanted = np.zeros(len(self.user), bool)
        wanted[units] = True
        found: dict[int, list[tuple[str, int]]] = {}
        for at in np.flatnonzero(wanted[unit]):
            found.setdefault(int(unit[at]), []).append((sources[source[at]], int(key[at])))
        return {one: tuple(sorted(keys)[: Rows.FIRST]) for one, keys in found.items()}

    def active(self) -> list[str]:
        """Users on the roster with an unexplained patient in the period."""
        return [self.users[code] for code in np.unique(self.user[self.period])]

    def unknown(self, why: str = "", users: Iterable[str] = ()) -> dict[str, str]:
        """Why nothing can be said of some users: those not on the roster, and others for a reason."""
        return dict.fromkeys(sorted(self.strangers), NOT_ON_ROSTER) | dict.fromkeys(users, why)

    def hits_of_day(self, hit: Mask) -> Codes:
        """For each unit how many of its user and day are hits."""
        if not len(self.user):
            return self.user
        counted: Codes = np.bincount(self.user_day, hit).astype(np.int64)
        return counted[self.user_day]

    def others_rate(self, hit: Mask, prior: float = 0.5, most: float = 0.5) -> Numbers:
        """For each unit the share of hits among what is usual, its own user left out; at most `most`.

        prior: hits that are taken for seen in one trial more, so that nothing is impossible.
        """
        hits = np.bincount(self.user[self.base & hit], minlength=len(self.users))[self.user]
        trials = np.bincount(self.user[self.base], minlength=len(self.users))[self.user]
        others = np.count_nonzero(self.base & hit) - hits + prior
        found: Numbers = np.minimum(most, others / (np.count_nonzero(self.base) - trials + 1))
        return found

    def cases(self, hit: Mask, rate: Numbers, reason: str) -> Iterator[Case]:
        """Hits of the period: p of as many hits on that day at the rate.

        A hit who was in nobody's care is rarer, by the share of others' unexplained patients who were in
        nobody's. reason: what is said of a hit; numbers are added to it.
        """
        alone = hit & ~self.in_care
        yield from self._tier(hit & self.in_care, hit, rate, reason)
        yield from self._tier(
            alone, alone, rate * self.others_rate(~self.in_care, most=1.0), f"{reason}, in nobody's care"
        )

    def _tier(self, shown: Mask, counted: Mask, rate: Numbers, reason: str) -> Iterator[Case]:
        seen, expected = self.hits_of_day(counted), self.trials * rate
        tail = binomial_tail(seen, self.trials, rate)
        units = np.flatnonzero(shown & self.period & (tail <= LARGEST_P))
        keys = self.keys(units)
        for at, (user, day, patient) in zip(units.tolist(), self.names(units), strict=True):
            told = f"{reason} ({out_of(seen[at], self.trials[at], 'unexplained patient')})"
            numbers = float(tail[at]), float(seen[at]), float(expected[at])
            yield Case(user, day, *numbers, told, keys[at], patient)

    def high(self, value: Codes, reason: str, once: Mask | None = None) -> Iterator[Case]:
        """Units of the period whose value above 1 is rare beside those of the baseline.

        reason: holds {} where the value stands. once: the units whose values are counted, where several
        share one.
        """
        usual = value[self.base if once is None else self.base & once]
        p = empirical_tail(usual, value)
        expected = float(usual.mean()) if len(usual) else 1.0
        units = np.flatnonzero((value > 1) & self.period & (p <= LARGEST_P))
        keys = self.keys(units)
        for at, (user, day, patient) in zip(units.tolist(), self.names(units), strict=True):
            told = f"{reason.format(value[at])} vs {expected:.1f} expected"
            yield Case(user, day, float(p[at]), float(value[at]), expected, told, keys[at], patient)


def opened(unexplained_patients: nw.LazyFrame[Any], at: Moment) -> Opened:
    """Bring the unexplained patients of period and baseline into memory; they are few beside all events."""
    first = day_number(at.period.first_day)
    strange = unexplained_patients.filter(nw.col("on_roster") == 0, nw.col("day") >= first)
    strangers = frozenset(row.user_id for row in records(strange.select("user_id").unique()))
    table = to_arrow(
        unexplained_patients.filter(nw.col("on_roster") == 1)
        .select("user_id", "day", "patient_id", "source", "first_us", "key", "on_ward", "in_care")
        .sort("user_id", "day", "patient_id", "source")
    )
    (users, user), (patients, patient), (sources, source) = (
        codes(table[name]) for name in ("user_id", "patient_id", "source")
    )
    day, first_us, key = (np.asarray(table[name].to_numpy(), np.int64) for name in ("day", "first_us", "key"))
    begins = np.ones(len(day), bool)
    begins[1:] = (np.diff(user) != 0) | (np.diff(day) != 0) | (np.diff(patient) != 0)
    unit = np.cumsum(begins) - 1
    on_ward, in_care = (np.asarray(table[name].to_numpy(), bool) for name in ("on_ward", "in_care"))
    if len(day):
        starts = np.flatnonzero(begins)
        first_us = np.minimum.reduceat(first_us, starts)
        on_ward, in_care = np.logical_and.reduceat(on_ward, starts), np.logical_or.reduceat(in_care, starts)
    return Opened(
        users, patients, user[begins], day[begins], patient[begins], first_us, on_ward, in_care,
        (unit.astype(np.int64), sources, source, key), strangers, first,
    )  # fmt: skip


def _taken(told: list[Any], places: Codes) -> NDArray[Any]:
    kinds = {type(one) for one in told}
    values = np.array(told, float if kinds <= {int, float} else object)
    found: NDArray[Any] = values[places] if len(values) else np.empty(0, values.dtype)
    return found


def letters(column: str) -> nw.Expr:
    """Letters and digits of a text in lower case: how a name or address is compared."""
    return nw.col(column).str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", "")


class Patient(NamedTuple):
    """A patient in letters only; `same_family` and `same_home` count patients of that name or address."""

    vip: int
    family: str
    given: str
    home: str
    same_family: int
    same_home: int


def patients_of(patients: nw.LazyFrame[Any], opened_: nw.LazyFrame[Any]) -> tuple[dict[str, Patient], int]:
    """The patients with an unexplained access, by record number, and how many patients there are."""
    blank = nw.lit("")
    named = patients.select(
        "patient_id",
        vip=flag(nw.col("vip").fill_null(nw.lit(False))),
        family=letters("family_name").fill_null(blank),
        given=letters("given_name").fill_null(blank),
        home=letters("address").fill_null(blank),
    )
    family = named.group_by("family").agg(nw.len().alias("same_family"))
    home = named.group_by("home").agg(nw.len().alias("same_home"))
    wanted = opened_.select("patient_id").unique()
    table = to_arrow(
        wanted.join(named, on="patient_id", how="inner")
        .join(family, on="family", how="left")
        .join(home, on="home", how="left")
        .select("patient_id", *Patient._fields)
        .sort("patient_id", "family", "given", "home", descending=True)
    )
    columns = [table[name].to_pylist() for name in ("patient_id", *Patient._fields)]
    people = {number: Patient(*facts) for number, *facts in zip(*columns, strict=True)}
    total = next((int(row.number) for row in records(named.select(nw.len().alias("number")))), 0)
    return people, total


def first_of_user_days(found: Opened) -> dict[tuple[str, int], Keys]:
    """The first rows of each user-day of the period, each of another patient, who was not on that ward."""
    unit, sources, source, key = found.rows
    within = np.flatnonzero((found.period & ~found.on_ward)[unit])
    day = found.user_day[unit[within]]
    # Units stand in order of user and day, so the rows of a day follow each other.
    begins = np.flatnonzero(np.diff(day, prepend=-1))
    ends = np.append(begins[1:], len(day))[: len(begins)]
    keys: dict[tuple[str, int], Keys] = {}
    for begin, end in zip(begins, ends, strict=True):
        rows = within[begin : min(end, begin + Rows.FIRST)]
        user, number, _ = found.names([unit[rows[0]]])[0]
        keys[user, number] = tuple(sorted((sources[source[at]], int(key[at])) for at in rows))
    return keys


@dataclass(frozen=True, slots=True)
class Employee:
    """What the roster says of a person, letters only; `records` are the own record numbers."""

    family: str
    given: str
    home: str
    department: str
    records: frozenset[str]

    def is_patient(self, number: str, patient: Patient) -> bool:
        """Whether a patient is this person: by record number, else by name and address."""
        if self.records or not (self.family and self.home):
            return number in self.records
        return patient[1:4] == (self.family, self.given, self.home)


def employees(roster: Any, self_match: Any | None) -> Mapping[str, Employee]:
    """Everyone on the roster, by user_id; the latest row counts, record numbers of all rows."""
    numbers: dict[str, set[str]] = {}
    for row in () if self_match is None else records(self_match):
        numbers.setdefault(row.user_id, set()).add(row.patient_id)
    last: dict[str, Any] = {}
    for row in records(roster):
        if row.patient_id:
            numbers.setdefault(row.user_id, set()).add(row.patient_id)
        known = last.get(row.user_id)
        if known is None or _order(row) > _order(known):
            last[row.user_id] = row
    return {
        user: Employee(
            _letters(row.family_name), _letters(row.given_name), _letters(row.address),
            row.department or "", frozenset(numbers.get(user, ())),
        )
        for user, row in sorted(last.items())
    }  # fmt: skip


def _order(row: Any) -> tuple[Any, ...]:
    return row.employed_from, row.source or "", row.offset or 0, row.n or 0


def _letters(text: str | None) -> str:
    return "".join(letter for letter in (text or "").lower() if letter.isalnum())
