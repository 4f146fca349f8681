"""Whose records somebody opened without a known reason, in memory: what targeted detectors count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskkit.derived.clock_days import day_number
from riskkit.derived.review import LARGEST_P, Case, Keys
from riskkit.derived.volumes import FEWEST_DAYS, degraded_note
from riskkit.model import Moment, Rows
from riskkit.statistics.tails import Numbers, binomial_tail
from riskkit.tables import records, to_arrow

UNIT = ["user_id", "day", "patient_id"]
Mask = NDArray[np.bool_]

NOT_ON_ROSTER = "The roster does not know this user, so no department can explain anything. "


@dataclass(frozen=True)
class Opened:
    """Unexplained patients of people on the roster, by user and day.

    `units` has one row per user, day and patient; `files` one per file as well.
    """

    units: pd.DataFrame
    files: pd.DataFrame
    strangers: frozenset[str]
    """Users with unexplained patients of the period whom the roster does not know."""
    first: int

    @cached_property
    def period(self) -> Mask:
        """Units of the period."""
        return np.asarray(self.units["day"] >= self.first)

    @cached_property
    def earlier_days(self) -> int:
        """Distinct days before the period."""
        return int(self.units["day"][~self.period].nunique())

    @property
    def base(self) -> Mask:
        """The units that tell what is usual: those before the period, else (degraded) those of it."""
        return self.period if self.earlier_days < FEWEST_DAYS else ~self.period

    @property
    def note(self) -> str:
        """What a message must say of the baseline."""
        return degraded_note(self.earlier_days)

    @cached_property
    def trials(self) -> NDArray[np.int64]:
        """Unexplained patients of the same user and day."""
        return np.asarray(
            self.units.groupby(["user_id", "day"], sort=False)["patient_id"].transform("size"), np.int64
        )

    @cached_property
    def keys(self) -> dict[tuple[str, int, str], Keys]:
        """The first rows of each unit of the period."""
        found: dict[tuple[str, int, str], list[tuple[str, int]]] = {}
        within = self.files[self.files["day"] >= self.first]
        columns = (within[name].tolist() for name in (*UNIT, "source", "key"))
        for user, day, patient, source, key in zip(*columns, strict=True):
            found.setdefault((user, day, patient), []).append((source, int(key)))
        return {unit: tuple(sorted(one)[: Rows.FIRST]) for unit, one in found.items()}

    def unknown(self) -> dict[str, str]:
        """Why nothing can be said of some users."""
        return dict.fromkeys(self.strangers, NOT_ON_ROSTER)

    def hits_of_day(self, hit: Mask) -> NDArray[np.int64]:
        """For each unit how many of its user and day are hits."""
        flags = pd.Series(hit.astype(np.int64), index=self.units.index)
        keys = [self.units["user_id"], self.units["day"]]
        return np.asarray(flags.groupby(keys, sort=False).transform("sum"), np.int64)

    def others_rate(self, hit: Mask, prior: float = 0.5) -> Numbers:
        """For each unit the share of hits among what is usual, its own user left out.

        prior: hits that are taken for seen in one trial more, so that nothing is impossible.
        """
        base, user = self.base, self.units["user_id"]
        hits = user.map(user[base & hit].value_counts()).fillna(0).to_numpy(float)
        trials = user.map(user[base].value_counts()).fillna(0).to_numpy(float)
        found: Numbers = np.minimum(
            0.5, (np.count_nonzero(base & hit) - hits + prior) / (np.count_nonzero(base) - trials + 1)
        )
        return found

    def cases(
        self, hit: Mask, rate: Numbers, reason: str, *, p: Numbers | None = None, observed: Any = None
    ) -> Iterator[Case]:
        """Hits of the period: p of as many hits on that day at the rate, unless it is given.

        reason: what is said of a hit; counts are added to it.
        """
        seen = self.hits_of_day(hit) if observed is None else np.asarray(observed)
        expected = self.trials * rate
        tail = binomial_tail(seen, self.trials, rate) if p is None else p
        users, days, patients = (self.units[name].tolist() for name in UNIT)
        for at in np.flatnonzero(hit & self.period & (tail <= LARGEST_P)):
            unit = users[at], days[at], patients[at]
            told = f"{reason} ({seen[at]} of {self.trials[at]} unexplained patients)"
            if p is not None:
                told = f"{reason.format(seen[at])} vs {rate[at]:.1f} expected"
            yield Case(
                user=unit[0], day=unit[1], patient=unit[2], p=float(tail[at]), observed=float(seen[at]),
                expected=float(expected[at] if p is None else rate[at]), reason=told, keys=self.keys[unit],
            )  # fmt: skip


def opened(unexplained_patients: nw.LazyFrame[Any], at: Moment) -> Opened:
    """Bring the unexplained patients of period and baseline into memory; they are few beside all events."""
    table = to_arrow(unexplained_patients.sort("user_id", "day", "patient_id", "source"))
    frame = table.to_pandas()
    frame["day"] = frame["day"].astype("int64")
    first = day_number(at.period.first_day)
    strange = frame["on_roster"] == 0
    strangers = frozenset(frame["user_id"][strange & (frame["day"] >= first)])
    files = frame[~strange].reset_index(drop=True)
    units = files.groupby(UNIT, sort=True, as_index=False).agg(first_us=("first_us", "min"))
    return Opened(units, files, strangers, first)


def letters(column: str) -> nw.Expr:
    """Letters and digits of a text in lower case: how a name or address is compared."""
    return nw.col(column).str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]", "")


def patients_of(patients: nw.LazyFrame[Any], opened_: nw.LazyFrame[Any]) -> tuple[pd.DataFrame, int]:
    """Of the patients with an unexplained access: names, address, how many share them; and all patients.

    Columns family, given, home (letters only, empty where not told), vip, same_family and same_home
    (patients of that name or address); indexed by patient_id.
    """
    blank = nw.lit("")
    named = patients.select(
        "patient_id",
        vip=nw.when(nw.col("vip").fill_null(nw.lit(False))).then(nw.lit(1)).otherwise(nw.lit(0)),
        family=letters("family_name").fill_null(blank),
        given=letters("given_name").fill_null(blank),
        home=letters("address").fill_null(blank),
    )
    family = named.group_by("family").agg(nw.len().alias("same_family"))
    home = named.group_by("home").agg(nw.len().alias("same_home"))
    wanted = opened_.select("patient_id").unique()
    frame = to_arrow(
        wanted.join(named, on="patient_id", how="inner")
        .join(family, on="family", how="left")
        .join(home, on="home", how="left")
        .sort("patient_id", "family", "given", "home")
    ).to_pandas()
    total = next((int(row.count) for row in records(named.select(nw.len().alias("count")))), 0)
    return frame.drop_duplicates("patient_id").set_index("patient_id"), total


@dataclass(frozen=True, slots=True)
class Employee:
    """What the roster says of a person, letters only; `records` are the own record numbers."""

    family: str
    given: str
    home: str
    department: str
    records: frozenset[str]

    def is_patient(self, patient: str, family: str, given: str, home: str) -> bool:
        """Whether a patient is this person: by record number, else by name and address."""
        if patient in self.records:
            return True
        same = bool(home and family) and (family, given, home) == (self.family, self.given, self.home)
        return same and not self.records


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
