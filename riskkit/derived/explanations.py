"""Why somebody opened a record: accesses joined to what the care records know, on equality only.

The idea is explanation-based auditing (Fabbri and LeFevre, VLDB 2011). An access without explanation is
neutral: it is put up for review, no more. Only records of care and duty explain; no access explains
another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import narwhals as nw

from riskkit.derived.baseline import of_a_person
from riskkit.derived.trail import DAY_US, HOUR_US, opens_record

KEYS = ("source", "offset", "n")
FOREVER_US = 1 << 62
SLACK_DAYS = 1
"""Employment is dated in local days, accesses in UTC: a day of slack covers every zone."""
DUTY_SLACK_US = 2 * HOUR_US

TOLERANCE_HOURS = 24
"""So long before or after a relationship an access still belongs to it."""
TOLERANCE_US = TOLERANCE_HOURS * HOUR_US

TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "encounter": ("admission", "encounter", "visit", "stay", "inpatient", "outpatient", "transfer"),
    "care_team": ("care_team", "careteam", "team", "attending", "primary_care", "assignment"),
    "order": ("order", "imaging_order", "prescription"),
    "appointment": ("appointment", "booking"),
    "imaging": ("acquisition", "read", "reading", "report", "study", "exam", "procedure"),
    "consult": ("consult", "consultation", "referral"),
    "protocol": ("protocol", "research", "irb", "trial", "quality", "teaching", "peer_review"),
    "registration": ("registration", "scheduling", "merge"),
    "release": ("release", "disclosure", "export_request"),
    "claim": ("claim", "billing", "coding"),
    "ticket": ("ticket", "change", "support", "incident"),
    "conference": ("conference", "tumor_board", "tumour_board", "mdt"),
    "schedule": ("schedule", "duty", "shift", "on_call", "float"),
    "other": (),
}  # fmt: skip
"""Kinds of explanation, and how `relationships.kind` names them. Unknown words explain as well, as other."""

COLUMNS = (
    "event_time_us", "event_seq", "user_id", "patient_id", "event_category", "source_system",
    "break_glass", *KEYS,
)  # fmt: skip

DOC = (
    "One row per access of a person to a patient's record: `personal_gap_us` and `department_gap_us` tell "
    "how far it lies outside the nearest relationship of the user, or of a department in which the user "
    "worked or was on duty then, with that patient (0: within, null: there is none); `kinds` which kinds "
    "of relationship lie within a day of it, one bit each in the order of TEMPLATES; `on_roster` whether "
    "the user is known. No access explains another one."
)


def explained(hours: int = TOLERANCE_HOURS) -> nw.Expr:
    """Whether an access lies in a relationship of the user or of a department, or so near to one."""
    return near("personal_gap_us", hours) | near("department_gap_us", hours)


def near(column: str, hours: int = TOLERANCE_HOURS) -> nw.Expr:
    """Whether a gap is there and at most so long."""
    limit = hours * HOUR_US
    return nw.col(column).fill_null(nw.lit(limit + 1)) <= limit


def has_kind(name: str) -> nw.Expr:
    """Whether a kind of relationship is among those that explain an access."""
    return (nw.col("kinds") // (1 << list(TEMPLATES).index(name))) % 2 == 1


def explain(
    audit_events: nw.LazyFrame[Any],
    care_windows: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any],
    schedule: nw.LazyFrame[Any] | None,
    within: nw.Expr,
) -> nw.LazyFrame[Any]:
    """Accesses of people to patients, where `within` holds, with their distance from the care records."""
    accesses = audit_events.filter(
        within, opens_record(), of_a_person(), ~nw.col("patient_id").is_null()
    ).select(*COLUMNS)
    short = accesses.select(*KEYS, "event_time_us", "user_id", "patient_id")
    personal = short.join(
        care_windows.filter(~nw.col("related").is_null()).rename({"related": "user_id"}),
        on=["patient_id", "user_id"],
        how="inner",
    )
    # A row with a department that the user has is joined once for each of them.
    shared = _with_departments(short, roster, schedule).join(
        care_windows.filter(~nw.col("department").is_null()),
        on=["patient_id", "department"],
        how="inner",
    )
    # Engines differ in what a bare null is: this one is of the type of a time.
    none = nw.when(nw.col("event_time_us").is_null()).then(nw.col("event_time_us"))
    gaps = nw.concat(
        [
            personal.select(*KEYS, bit=_bit(), personal_gap_us=_gap(), department_gap_us=none),
            shared.select(
                *KEYS,
                bit=nw.when(nw.col("elsewhere") == 1).then(_bit("schedule")).otherwise(_bit()),
                personal_gap_us=none,
                department_gap_us=_gap(),
            ),
        ],
        how="vertical",
    )
    nearest = (nw.col("personal_gap_us").min(), nw.col("department_gap_us").min())
    found = (
        gaps.group_by(*KEYS, "bit")
        .agg(*nearest)
        .group_by(*KEYS)
        .agg(*nearest, nw.col("bit").sum().alias("kinds"))
    )
    known = roster.select("user_id").unique().with_columns(on_roster=nw.lit(True))
    return (
        accesses.join(found, on=list(KEYS), how="left")
        .join(known, on="user_id", how="left")
        .with_columns(
            on_roster=nw.col("on_roster").fill_null(nw.lit(False)),
            kinds=nw.col("kinds").fill_null(nw.lit(0)).cast(nw.Int64),
        )
        .select(*COLUMNS, "on_roster", "personal_gap_us", "department_gap_us", "kinds")
    )


def windows(relationships: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Relationships with their kind as a number, equal ones once."""
    word = nw.col("kind").str.to_lowercase().str.replace_all("[ -]", "_")
    power = nw.lit(1 << list(TEMPLATES).index("other"))
    for number, words in enumerate(TEMPLATES.values()):
        if words:
            power = nw.when(word.is_in(words)).then(nw.lit(1 << number)).otherwise(power)
    return relationships.select(
        "patient_id",
        "department",
        "valid_from_us",
        valid_to_us=nw.col("valid_to_us").fill_null(FOREVER_US),
        related=nw.col("user_id"),
        power=power,
    ).unique()


def _with_departments(
    accesses: nw.LazyFrame[Any], roster: nw.LazyFrame[Any], schedule: nw.LazyFrame[Any] | None
) -> nw.LazyFrame[Any]:
    """Each access with the departments in which its user was employed that day, or then on duty."""
    employed = roster.filter(~nw.col("department").is_null()).select(
        "user_id",
        "department",
        first_day=_days("employed_from"),
        last_day=_days("employed_to"),
    )
    day = nw.col("event_time_us") // DAY_US
    columns = (*KEYS, "event_time_us", "patient_id", "department")
    own = (
        accesses.join(employed, on="user_id", how="inner")
        .filter(
            day >= nw.col("first_day") - SLACK_DAYS,
            nw.col("last_day").is_null() | (day <= nw.col("last_day") + SLACK_DAYS),
        )
        .select(*columns, elsewhere=nw.lit(0))
    )
    if schedule is None:
        return own
    duties = schedule.filter(~nw.col("department").is_null()).select(
        "user_id", "department", "starts_us", "ends_us"
    )
    time = nw.col("event_time_us")
    on_duty = (
        accesses.join(duties, on="user_id", how="inner")
        .filter(time >= nw.col("starts_us") - DUTY_SLACK_US, time <= nw.col("ends_us") + DUTY_SLACK_US)
        .select(*columns, elsewhere=nw.lit(1))
    )
    return nw.concat([own, on_duty], how="vertical")


def _gap() -> nw.Expr:
    """The distance of an access from a relationship, in µs."""
    time = nw.col("event_time_us")
    return nw.max_horizontal(nw.col("valid_from_us") - time, time - nw.col("valid_to_us"), nw.lit(0)).cast(
        nw.Int64
    )


def _bit(name: str = "") -> nw.Expr:
    """The bit of a relationship that lies near enough to explain, else 0."""
    power = nw.lit(1 << list(TEMPLATES).index(name)) if name else nw.col("power")
    return nw.when(_gap() <= TOLERANCE_US).then(power).otherwise(nw.lit(0))


def _days(column: str) -> nw.Expr:
    """Days since 1970 of a date: engines agree on a date's year and day of year, not on its epoch."""
    year = nw.col(column).dt.year().cast(nw.Int64) - 1
    leap_days = year // 4 - year // 100 + year // 400
    leap_days_to_1969 = 1969 // 4 - 1969 // 100 + 1969 // 400
    ordinal = nw.col(column).dt.ordinal_day().cast(nw.Int64)
    return (year - 1969) * 365 + leap_days - leap_days_to_1969 + ordinal - 1
