"""Who shares patients with whom: how new a user is to the circle of a record, day by day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from riskkit.derived.baseline import LOOK_BACK_DAYS
from riskkit.derived.clock_days import day_number
from riskkit.derived.targets import DAYS, Opened
from riskkit.derived.turns import Codes, codes
from riskkit.derived.volumes import FEWEST_DAYS
from riskkit.model import Moment
from riskkit.statistics.calibration import empirical_tail
from riskkit.statistics.novelty import novelty, tf_idf
from riskkit.tables import to_arrow

STEP_DAYS = 7
"""A window moves on by so many days: every day of a step is set beside the window that ends with it."""
ENOUGH_OF_A_ROLE = 200
"""User-days from which a role has a tail of its own."""


@dataclass(frozen=True, slots=True)
class NewDay:
    """A user-day of the period: the sum of novelties, what its role had on average, and how rare."""

    user: str
    day: int
    observed: float
    expected: float
    p: float


@dataclass(frozen=True, slots=True)
class Novelties:
    """Days of the period, and how many days before it there were."""

    found: list[NewDay]
    earlier_days: int


def novelties(
    patient_days: nw.LazyFrame[Any],
    asked: Opened | None,
    roles: Mapping[str, str],
    at: Moment,
    window_days: int,
    fewest_others: int,
) -> Novelties:
    """Score the user-days of what was opened without explanation and not on the patient's own ward, or of
    everything when it is None.

    Days of a user without anything asked count as 0 in what is usual.
    """
    first, last = day_number(at.period.first_day), day_number(at.today)
    steps = range(last, first - LOOK_BACK_DAYS, -STEP_DAYS)
    parts = [_step(patient_days, asked, end, window_days, fewest_others) for end in steps]
    days = pd.concat(parts).groupby(["user_id", "day"])["new"].sum().reset_index()
    earlier = int(days["day"][days["day"] < first].nunique())
    return Novelties(list(_rare(days, roles, first, degraded=earlier < FEWEST_DAYS)), earlier)


def _step(
    patient_days: nw.LazyFrame[Any], asked: Opened | None, end: int, window_days: int, fewest_others: int
) -> pd.DataFrame:
    """The user-days of the last days up to `end` with the sum of novelties, 0 where none can be told."""
    within = patient_days.filter(nw.col("day") > end - window_days, nw.col("day") <= end)
    table = to_arrow(within.select("user_id", "day", "patient_id", "accesses"))
    (users, user), (patients, patient) = codes(table["user_id"]), codes(table["patient_id"])
    day, count = (np.asarray(table[name].to_numpy(), np.int64) for name in ("day", "accesses"))
    recent = day > end - STEP_DAYS
    worked = np.unique(user[recent] * DAYS + day[recent])
    if asked is None:
        rows = np.flatnonzero(recent)
        rows = rows[np.lexsort((patient[rows], day[rows], user[rows]))]
        who, when, whose = user[rows], day[rows], patient[rows]
    else:
        rows = np.flatnonzero((asked.day > end - STEP_DAYS) & (asked.day <= end) & ~asked.on_ward)
        who = _places(asked.users, asked.user[rows], users)
        whose = _places(asked.patients, asked.patient[rows], patients)
        when = asked.day[rows]
        known = (who >= 0) & (whose >= 0)
        who, whose, when = who[known], whose[known], when[known]
    new = np.zeros(len(worked))
    if len(who):
        weights = tf_idf(user, patient, count, len(users), len(patients))
        found = np.nan_to_num(novelty(weights, who, whose, fewest_others))
        new += np.bincount(np.searchsorted(worked, who * DAYS + when), found, minlength=len(worked))
    names = [users[code] for code in worked // DAYS]
    return pd.DataFrame({"user_id": pd.Series(names, dtype=object), "day": worked % DAYS, "new": new})


def _places(names: list[str], some: Codes, among: list[str]) -> Codes:
    """Where texts stand in another list, -1 when they do not."""
    place = {name: number for number, name in enumerate(among)}
    distinct, back = np.unique(some, return_inverse=True)
    found = np.array([place.get(names[code], -1) for code in distinct], np.int64)
    return found[back]


def _rare(days: pd.DataFrame, roles: Mapping[str, str], first: int, *, degraded: bool) -> Iterator[NewDay]:
    period = (days["day"] >= first).to_numpy()
    base = period if degraded else ~period
    role = days["user_id"].map(lambda user: roles.get(user, "")).to_numpy(object)
    new = days["new"].to_numpy(float)
    users, numbers = days["user_id"].tolist(), days["day"].tolist()
    for name in sorted(set(role)):
        mine = role == name
        enough = np.count_nonzero(mine & base) >= ENOUGH_OF_A_ROLE
        usual = mine & base if enough else base
        p = empirical_tail(new[usual], new)
        mean = float(new[usual].mean()) if usual.any() else 0.0
        for at in np.flatnonzero(mine & period & (new > 0)):
            yield NewDay(users[at], numbers[at], float(new[at]), mean, float(p[at]))
