"""Records opened one after the other in the order of their numbers, without a known reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from riskkit.declare import check
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import LARGEST_P, ONE_IN, Case, Manner, examined, verdicts
from riskkit.derived.targets import Opened, opened
from riskkit.derived.trail import MINUTE_US
from riskkit.derived.volumes import FEWEST_DAYS
from riskkit.model import Moment, Verdict
from riskkit.statistics.tails import poisson_tail
from riskkit.tables import to_arrow

FAR = 1000


@check(
    id="access.sequential_records",
    title="Nobody browses records in the order of their numbers",
    question="Who opened, without a known reason, records with neighbouring numbers within minutes?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.312(b)"),
    severity="medium",
    remediation="Review the accesses with the user's manager and record the decision in "
    "programme/verdicts.csv.",
    look_first="Whether a worklist was in the order of record numbers.",
    usual_cause="A worklist or a clean-up that goes by number.",
    standing=False,
    signal=True,
    family="targeted",
    aliases=("A11",),
)
def access_sequential_records(
    user_days: nw.LazyFrame[Any],
    unexplained_patients: nw.LazyFrame[Any],
    patients: nw.LazyFrame[Any] | None,
    patient_days: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    gap: int = 2,
    within_minutes: int = 30,
    one_in: int = ONE_IN,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user who opened a record in the period.

    Unexplained patients of a day in order of time: steps to a record at most `gap` places away in the
    order of all record numbers, within the minutes, against a Poisson count of 2 gap (n - 1) / N for n
    patients of N. The expectation is raised by as much as steps came up oftener in the earlier days.
    """
    found = opened(unexplained_patients, at)
    places = _places(patient_days if patients is None else patients)
    steps = _steps(found, places, gap, within_minutes)
    chance = 2 * gap * np.maximum(steps["patients"].to_numpy(float) - 1, 0) / max(len(places), 1)
    seen = steps["steps"].to_numpy(np.int64)
    period = steps["day"].to_numpy() >= found.first
    base = period if found.earlier_days < FEWEST_DAYS else ~period
    more = max(1.0, float((seen[base].sum() + 0.5) / (chance[base].sum() + 0.5)))
    p = poisson_tail(seen, chance * more)
    users, days, which = (steps[name].tolist() for name in ("user_id", "day", "which"))
    cases = []
    for row in np.flatnonzero(period & (seen > 0) & (p <= LARGEST_P)):
        user, day, expected = users[row], days[row], float(chance[row] * more)
        keys = tuple(sorted({found.keys[user, day, patient][0] for patient in which[row]}))
        told = f"{seen[row]} steps to a neighbouring record number vs {expected:.2f} expected"
        cases.append(Case(user, day, float(p[row]), float(seen[row]), expected, told, keys))
    unknown = found.unknown()
    if not places:
        unknown |= dict.fromkeys(
            sorted(set(found.units["user_id"][found.period])), "Record numbers are not numbers. "
        )
    manner = Manner("neighbouring record numbers", "user_id = :subject and unexplained", one_in, found.note)
    exempt = Exempt("access.sequential_records", exemptions, roster)
    yield from verdicts(examined(user_days, at), cases, manner, exempt, unknown)


def _places(frame: nw.LazyFrame[Any]) -> dict[str, int]:
    """The place of each record number in the order of all that end in digits, within equal beginnings."""
    numbers = pd.Series(to_arrow(frame.select("patient_id").unique())["patient_id"].to_pylist(), dtype=object)
    parts = numbers.str.extract(r"^(?P<begin>.*?)(?P<number>\d{1,18})$").assign(patient=numbers).dropna()
    parts["number"] = parts["number"].astype("int64")
    parts = parts.sort_values(["begin", "number", "patient"]).reset_index(drop=True)
    # Numbers of another beginning are no neighbours: each beginning starts far behind the last one.
    far = parts.groupby("begin", sort=False).ngroup() * FAR
    return dict(zip(parts["patient"].tolist(), (parts.index + far).tolist(), strict=True))


def _steps(found: Opened, places: dict[str, int], gap: int, within_minutes: int) -> pd.DataFrame:
    """Per user and day: patients, steps to a neighbour, and the patients of those steps."""
    units = found.units.assign(place=found.units["patient_id"].map(places).astype("float64"))
    units = units.dropna(subset=["place"])
    units = units.sort_values(["user_id", "day", "first_us", "patient_id"])
    days = units.groupby(["user_id", "day"], sort=False)
    near = days["place"].diff().abs() <= gap
    soon = days["first_us"].diff() <= within_minutes * MINUTE_US
    units["step"] = (near & soon).astype("int64")
    grouped = units.groupby(["user_id", "day"], sort=False)
    steps = grouped.agg(patients=("patient_id", "size"), steps=("step", "sum")).reset_index()
    which = units[units["step"] == 1].groupby(["user_id", "day"], sort=False)["patient_id"].agg(list)
    return steps.merge(which.rename("which").reset_index(), on=["user_id", "day"], how="left")
