"""Incidents and their clocks, sanctions, contracts, changes and threats."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.derived.breaches import FACTORS, secretary_clock
from riskkit.model import Verdict
from tests.checks.conftest import Ask
from tests.evidence import AT, instant, person, results
from tests.evidence import ask as ask_in

FOUND = "2026-08-01 22:00"
"""91 days before the end of the period; in UTC it is the day after."""

BREACH: dict[str, Any] = {
    "impermissible": True,
    "decision": "breach",
    "decided_by": "P",
    "decided_on": date(2026, 8, 9),
}
LOW: dict[str, Any] = {**BREACH, "decision": "low_probability", **dict.fromkeys(FACTORS, "said")}


def incident(name: str, found: str = FOUND, **columns: Any) -> dict[str, Any]:
    return {"incident_id": name, "discovered_at": instant(found)} | columns


def of(verdicts: list[Verdict], subject: str) -> Verdict:
    return next(verdict for verdict in verdicts if verdict.subject == subject)


def test_people_are_told(ask: Ask) -> None:
    """Day 60 of the local discovery is the last; what is presumed or breach fails, what is none does not."""
    verdicts = ask(
        "programme.breach_people_told_late",
        incidents=[
            incident("told", **BREACH, people_told_on=date(2026, 9, 30)),
            incident("late", **BREACH, people_told_on=date(2026, 10, 1)),
            incident("never", **BREACH),
            incident("presumed", impermissible=True),
            incident("half", **LOW | {"factor_acquired": None}),
            incident("low", **LOW),
            incident("secured", impermissible=True, secured=True),
            incident("permitted", impermissible=False),
            incident("open"),
            incident("runs", "2026-10-10 08:00", **BREACH),
            incident("planned", "2026-10-10 08:00", **BREACH, people_told_on=date(2026, 11, 2)),
        ],
    )
    assert results(verdicts) == {
        "told": "PASS", "late": "FAIL", "never": "FAIL", "presumed": "FAIL", "half": "FAIL", "low": "NA",
        "secured": "NA", "permitted": "NA", "open": "UNKNOWN", "runs": "UNKNOWN", "planned": "UNKNOWN",
    }  # fmt: skip
    assert "day 60 is the outer limit, the duty is without unreasonable delay" in of(verdicts, "told").message
    assert of(verdicts, "runs").message.startswith("The clock runs: day 21 ")
    assert of(verdicts, "presumed").message.startswith("Presumed a breach")


def test_a_state_may_ask_for_less(tmp_path: Any) -> None:
    """A shorter deadline from site.yaml counts, a longer one never does."""
    told = incident("a", **BREACH, people_told_on=date(2026, 9, 15))
    for days, result in ((30, "FAIL"), (45, "PASS"), (90, "PASS")):
        folder = tmp_path / str(days)
        folder.mkdir()
        given_ = {"state_days": days}
        verdicts = ask_in("programme.breach_people_told_late", folder, AT, tunables=given_, incidents=[told])
        assert results(verdicts) == {"a": result}
    assert "day 60 " in verdicts[0].message


def test_law_enforcement_delays_the_clock(ask: Ask) -> None:
    """A documented delay moves the last day; an oral one for 30 days, an undocumented one not at all."""
    delay: dict[str, Any] = {**BREACH, "delay_asked_on": date(2026, 9, 20), "delay_document": "D"}
    rows = [
        incident("written", **delay, delay_form="written", delay_until=date(2026, 12, 1)),
        incident("oral", **delay, delay_form="oral", people_told_on=date(2026, 10, 20)),
        incident("oral late", **delay, delay_form="oral", delay_until=date(2026, 12, 1)),
        incident(
            "unproven",
            **delay | {"delay_document": None},
            delay_form="written",
            delay_until=date(2026, 12, 1),
        ),
        incident("endless", **delay, delay_form="written"),
        incident("none", **BREACH),
    ]
    assert results(ask("programme.breach_people_told_late", incidents=rows)) == {
        "written": "UNKNOWN", "oral": "PASS", "oral late": "FAIL", "unproven": "FAIL", "endless": "FAIL",
        "none": "FAIL",
    }  # fmt: skip
    assert results(ask("programme.breach_delay_undocumented", incidents=rows)) == {
        "written": "PASS", "oral": "PASS", "oral late": "FAIL", "unproven": "FAIL", "endless": "FAIL",
        "none": "NA",
    }  # fmt: skip


def test_the_media_are_told(ask: Ask) -> None:
    """More than 500 residents of one State, not of all together."""
    verdicts = ask(
        "programme.breach_media_told_late",
        incidents=[
            incident("501", **BREACH, affected=501, affected_by_state="TX=501"),
            incident(
                "told", **BREACH, affected=501, affected_by_state="tx = 501", media_told_on=date(2026, 9, 1)
            ),
            incident("spread", **BREACH, affected=900, affected_by_state="TX=500;OK=400"),
            incident("few", **BREACH, affected=500),
            incident("open", **BREACH, affected=501),
            incident("partly", **BREACH, affected=900, affected_by_state="TX=300"),
            incident("uncounted", **BREACH),
        ],
    )
    assert results(verdicts) == {
        "501": "FAIL", "told": "PASS", "spread": "NA", "few": "NA", "open": "UNKNOWN", "partly": "UNKNOWN",
        "uncounted": "UNKNOWN",
    }  # fmt: skip


def test_the_secretary_is_told(ask: Ask) -> None:
    """500 and more with the people, fewer within 60 days after the year of the discovery."""
    verdicts = ask(
        "programme.breach_secretary_told_late",
        incidents=[
            incident("500", **BREACH, affected=500),
            incident("500 told", **BREACH, affected=500, secretary_told_on=date(2026, 9, 30)),
            incident("499", **BREACH, affected=499),
            incident(
                "last year", "2025-02-01 08:00", **BREACH, affected=3, secretary_told_on=date(2026, 3, 1)
            ),
            incident(
                "last year late", "2025-02-01 08:00", **BREACH, affected=3, secretary_told_on=date(2026, 3, 2)
            ),
            incident("last year never", "2025-12-31 23:00", **BREACH, affected=3),
            incident("uncounted", **BREACH),
        ],
    )
    assert results(verdicts) == {
        "500": "FAIL",
        "500 told": "PASS",
        "499": "UNKNOWN",
        "last year": "PASS",
        "last year late": "FAIL",
        "last year never": "FAIL",
        "uncounted": "UNKNOWN",
    }


def test_associates_tell(ask: Ask) -> None:
    """Sixty days of its own discovery, or what its contract says; in what was no breach of ours as well."""
    by: dict[str, Any] = {"associate": "AWS", "associate_discovered_at": instant("2026-07-01 08:00")}
    contracts = [
        {"vendor": "Amazon Web Services", "kind": "BAA", "signed_on": date(2025, 1, 1), "notice_days": 40},
        {
            "vendor": "Night",
            "kind": "BAA",
            "signed_on": date(2025, 1, 1),
            "terminated_on": date(2026, 1, 1),
            "notice_days": 5,
        },
        {"vendor": "AWS", "kind": "BAA", "signed_on": date(2025, 1, 1), "notice_days": 31},
    ]
    verdicts = ask(
        "programme.breach_associate_told_late",
        contracts=contracts,
        incidents=[
            incident("by contract", **by, associate_told_on=date(2026, 8, 1)),
            incident("late", **by, associate_told_on=date(2026, 8, 2), impermissible=True),
            incident("ended", **by | {"associate": "Night"}, associate_told_on=date(2026, 8, 30)),
            incident("too late", **by | {"associate": "Night"}, associate_told_on=date(2026, 8, 31), **LOW),
            incident("unknown", associate="Night"),
            incident("ours", **BREACH),
        ],
    )
    assert results(verdicts) == {
        "by contract": "PASS", "late": "FAIL", "ended": "PASS", "too late": "FAIL", "unknown": "UNKNOWN",
        "ours": "NA",
    }  # fmt: skip


def test_a_contradictory_or_unread_record_is_no_all_clear(ask: Ask) -> None:
    """Decided to be a breach counts whatever else stands there; 1,200 is a number; dates run on."""
    permitted = incident("permitted", **BREACH | {"impermissible": False})
    early = incident("early", **BREACH, people_told_on=date(2025, 9, 1))
    people = ask("programme.breach_people_told_late", incidents=[permitted, early])
    assert results(people) == {"permitted": "FAIL", "early": "UNKNOWN"}
    states = {"comma": "IL=1,200;WI=10", "odd": "IL=about 1200;WI=10", "small": "IL=300;WI=10"}
    media = ask(
        "programme.breach_media_told_late",
        incidents=[incident(name, **BREACH, affected_by_state=said) for name, said in states.items()],
    )
    assert results(media) == {"comma": "FAIL", "odd": "UNKNOWN", "small": "NA"}


def test_what_an_agent_knows_starts_the_clock(ask: Ask) -> None:
    """164.404(a)(2): the discovery of an agent is ours."""
    row = incident(
        "a", **BREACH, people_told_on=date(2026, 9, 29), associate="X",
        associate_discovered_at=instant("2026-07-01 08:00"),
    )  # fmt: skip
    name = "programme.breach_people_told_late"
    assert results(ask(name, incidents=[row])) == {"a": "PASS"}
    assert results(ask(name, incidents=[row | {"associate_is_agent": True}])) == {"a": "FAIL"}


class _Row:
    """An incident with these columns and no others."""

    associate_is_agent = associate_discovered_at = delay_asked_on = secretary_told_on = None
    delay_document = delay_form = delay_until = None

    def __init__(self, found: str, affected: int) -> None:
        self.discovered_at, self.affected = instant(found), affected


@given(st.integers(0, 364), st.integers(1, 10_000))
def test_the_secretary_is_never_due_before_sixty_days(day: int, affected: int) -> None:
    """The yearly report never comes before what a large breach of the same day would ask for."""
    found = date(2025, 1, 1) + timedelta(days=day)
    clock = secretary_clock(_Row(f"{found} 12:00", affected), AT)
    assert clock.due is not None
    assert clock.due >= found + timedelta(days=60)
    assert (clock.due == found + timedelta(days=60)) == (affected >= 500 or found == date(2025, 12, 31))


@pytest.mark.parametrize(
    ("columns", "result"),
    [
        (BREACH, "PASS"),
        (LOW, "PASS"),
        *(((LOW | {factor: None}), "FAIL") for factor in FACTORS),
        (LOW | {"decided_by": None}, "FAIL"),
        (LOW | {"decided_on": None}, "FAIL"),
        (BREACH | {"decision": "exclusion"}, "PASS"),
        ({"impermissible": True}, "FAIL"),
        ({"impermissible": True, "discovered_at": instant("2026-10-01 08:00")}, "UNKNOWN"),
        ({}, "UNKNOWN"),
        ({"impermissible": False}, "NA"),
        ({"impermissible": True, "secured": True}, "FAIL"),
        ({"impermissible": True, "secured": True, "decided_by": "P", "decided_on": date(2026, 8, 3)}, "PASS"),
    ],
)
def test_assessments(ask: Ask, columns: dict[str, Any], result: str) -> None:
    """Decision, who and when; and all four factors unless it is a breach, an exclusion or secured."""
    assert results(ask("programme.breach_not_assessed", incidents=[incident("a") | columns])) == {"a": result}


@pytest.mark.parametrize(
    ("columns", "result"),
    [
        (
            {
                "contained_at": instant("2026-08-05 08:00"),
                "closed_at": instant("2026-08-20 08:00"),
                "outcome": "x",
            },
            "PASS",
        ),
        ({"closed_at": instant("2026-08-05 08:00"), "outcome": "x"}, "PASS"),
        ({"contained_at": instant("2026-08-05 08:00"), "closed_at": instant("2026-08-20 08:00")}, "FAIL"),
        (
            {
                "contained_at": instant("2026-08-20 08:00"),
                "closed_at": instant("2026-08-20 08:00"),
                "outcome": "x",
            },
            "FAIL",
        ),
        ({"contained_at": instant("2026-08-05 08:00")}, "FAIL"),
        ({}, "FAIL"),
        ({"discovered_at": instant("2026-10-29 08:00")}, "UNKNOWN"),
        (
            {"discovered_at": instant("2026-09-29 08:00"), "contained_at": instant("2026-09-30 08:00")},
            "UNKNOWN",
        ),
    ],
)
def test_response(ask: Ask, columns: dict[str, Any], result: str) -> None:
    """Contained within a week, closed within 90 days, and with an outcome."""
    found = ask("programme.incident_without_outcome", incidents=[incident("a") | columns])
    assert results(found) == {"a": result}


def test_judged_accesses_are_assessed(ask: Ask) -> None:
    """The newest decision of an alert counts; an incident that names it takes it up."""

    def judged(alert: str, verdict: str, time: str = "2026-10-05 08:00") -> dict[str, Any]:
        return {"alert": alert, "verdict": verdict, "decided_by": "P", "decided_at": instant(time)}

    verdicts = ask(
        "programme.impermissible_not_recorded",
        incidents=[incident("a", alerts="00; 01")],
        verdicts=[
            judged("00", "inappropriate"),
            judged("01", "escalated"),
            judged("02", "inappropriate"),
            judged("03", "escalated", "2026-10-29 08:00"),
            judged("04", "explained"),
            judged("05", "inappropriate"),
            judged("05", "explained", "2026-10-06 08:00"),
            judged("06", "explained"),
            judged("06", "inappropriate", "2026-10-06 08:00"),
            judged("07", "undecided"),
        ],
    )
    assert results(verdicts) == {
        "00": "PASS", "01": "PASS", "02": "FAIL", "03": "UNKNOWN", "04": "PASS", "05": "PASS", "06": "FAIL",
        "07": "UNKNOWN",
    }  # fmt: skip


def test_sanctions(ask: Ask) -> None:
    """Each incident by the workforce has a decision; none is one when it says why."""

    def sanction(name: str, **columns: Any) -> dict[str, Any]:
        return {"incident_id": name, "sanctioned_on": date(2026, 8, 20), "measure": "warning"} | columns

    names = ("decided", "none with reason", "none", "late", "later")
    verdicts = ask(
        "programme.incident_without_sanction",
        incidents=[
            *(incident(name, by_workforce=True) for name in names),
            incident("recent", "2026-10-01 08:00", by_workforce=True),
            incident("outsider", by_workforce=False),
            incident("open"),
        ],
        sanctions=[
            sanction("decided"),
            sanction("none with reason", measure="none", reason="Instructed so"),
            sanction("none", measure="none"),
            sanction("later", sanctioned_on=date(2026, 11, 1)),
        ],
    )
    assert results(verdicts) == {
        "decided": "PASS", "none with reason": "PASS", "none": "FAIL", "late": "FAIL", "later": "FAIL",
        "recent": "UNKNOWN", "outsider": "NA", "open": "UNKNOWN",
    }  # fmt: skip


def contract(vendor: str, **columns: Any) -> dict[str, Any]:
    return {"vendor": vendor, "kind": "BAA", "touches_ephi": True, "signed_on": date(2025, 1, 1)} | columns


def test_contracts_in_force(ask: Ask) -> None:
    """One in force of several suffices; no contract, ended or expired fails where ePHI is touched."""
    verdicts = ask(
        "programme.contract_not_in_force",
        contracts=[
            contract("A"),
            contract("B", expires_on=date(2026, 10, 30)),
            contract("C", expires_on=date(2026, 10, 31)),
            contract("D", kind="none", signed_on=None),
            contract("E", kind="none", signed_on=None, touches_ephi=False),
            contract("F", signed_on=None),
            contract("G", terminated_on=date(2026, 1, 1)),
            contract("G", signed_on=date(2026, 1, 2)),
            contract("H", kind="subcontractor", effective_on=date(2027, 1, 1)),
            contract("I", kind="data_use"),
            contract("J", kind="none", signed_on=None, touches_ephi=None),
        ],
    )
    assert results(verdicts) == {
        "A BAA": "PASS", "B BAA": "FAIL", "C BAA": "PASS", "D BAA": "FAIL", "E BAA": "NA", "F BAA": "UNKNOWN",
        "G BAA": "PASS", "H subcontractor": "FAIL", "I data use": "PASS", "J BAA": "UNKNOWN",
    }  # fmt: skip
    assert of(verdicts, "H subcontractor").controls == ("45 CFR 164.308(b)(2)", "45 CFR 164.314(a)(2)(iii)")


def test_clauses(ask: Ask) -> None:
    """Each clause by itself, over all contracts in force with one vendor."""
    verdicts = ask(
        "programme.contract_clause_missing",
        contracts=[
            contract("A", covers_safeguards=True, covers_subcontractors=False),
            contract("A", signed_on=date(2026, 1, 1), covers_subcontractors=True, covers_safeguards=False),
            contract("B", covers_safeguards=False, covers_subcontractors=True, covers_breach_notice=True),
            contract("C", terminated_on=date(2026, 1, 1), covers_safeguards=True),
            contract("D", touches_ephi=False),
        ],
    )
    assert {v.subject: v.result for v in verdicts} == {
        "A safeguards": "PASS",
        "A bind its subcontractors": "PASS",
        "A report incidents and breaches": "UNKNOWN",
        "B safeguards": "FAIL",
        "B bind its subcontractors": "PASS",
        "B report incidents and breaches": "PASS",
    }


def test_vendors_with_accounts(ask: Ask) -> None:
    """A contract that names the system covers it; disabled accounts and people do not ask for one."""

    def account(system: str, kind: str = "vendor", *, enabled: bool = True) -> dict[str, Any]:
        return {"system_id": system, "account": f"x-{system}", "enabled": enabled, "kind": kind}

    accounts = [account("pacs"), account("vna"), account("ris", enabled=False), account("hr", "person")]
    name = "programme.vendor_access_without_contract"
    named = [contract("A", system_id="PACS"), contract("B", system_id="vna", expires_on=date(2026, 1, 1))]
    systems = [{"system_id": "pacs", "name": "P", "kind": "archive", "holds_ephi": True}]
    found = ask(name, accounts=accounts, contracts=named, systems=systems)
    assert results(found) == {"pacs": "PASS", "vna": "FAIL"}
    assert results(ask(name, accounts=accounts, contracts=[contract("C")])) == {
        "pacs": "UNKNOWN",
        "vna": "UNKNOWN",
    }


def test_companies_that_run_a_system(ask: Ask) -> None:
    """A contract with who runs it counts for its system or for all; with somebody else it does not."""

    def system(name: str, by: str | None = "Heron", **columns: Any) -> dict[str, Any]:
        return {
            "system_id": name,
            "name": name,
            "kind": "archive",
            "holds_ephi": True,
            "operated_by": by,
        } | columns

    listed = [
        system("pacs"), system("vna", "heron "), system("ris", "Amazon"), system("web", "Stork"),
        system("own", None), system("test", holds_ephi=False),
    ]  # fmt: skip
    signed = [
        contract("HERON", system_id="PACS"),
        contract("AWS", system_id=None),
        contract("Stork", expires_on=date(2026, 1, 1)),
    ]
    found = ask("programme.operator_without_contract", systems=listed, contracts=signed)
    assert results(found) == {"own": "NA", "pacs": "PASS", "ris": "FAIL", "vna": "FAIL", "web": "FAIL"}
    found = ask("programme.operator_without_contract", systems=listed)  # no list of contracts at all
    assert results(found) == {
        "own": "NA", "pacs": "UNKNOWN", "ris": "UNKNOWN", "vna": "UNKNOWN", "web": "UNKNOWN",
    }  # fmt: skip
    listed = [system("ris", "Amazon Web Services")]
    found = ask("programme.operator_without_contract", systems=listed, contracts=signed)
    assert results(found) == {"ris": "PASS"}


def test_changes(ask: Ask) -> None:
    """An evaluation of the system, or of all, in time after the change; reviews of trails are none."""

    def change(name: str, on: date, **columns: Any) -> dict[str, Any]:
        return {"change_id": name, "changed_on": on, "affects_ephi": True, "system_id": "pacs"} | columns

    def review(name: str, on: str, kind: str = "evaluation", system: str | None = "vna") -> dict[str, Any]:
        return {"review_id": name, "kind": kind, "system_id": system, "performed_at": instant(on)}

    verdicts = ask(
        "programme.change_not_reassessed",
        reviews=[
            review("R1", "2026-03-01 08:00"),
            review("R2", "2026-02-01 08:00", system=None),
            review("R3", "2026-10-01 08:00", "audit_trail", None),
            {**review("R4", "2026-02-25 08:00", system=None), "outcome": "cancelled"},
            {**review("R5", "2026-11-25 08:00", system=None)},
        ],
        changes=[
            change("before all", date(2026, 2, 1)),
            change("other system", date(2026, 2, 20)),
            change("its system", date(2026, 2, 20), system_id="vna"),
            change("named", date(2026, 2, 20), reassessed_by="R1"),
            change("late", date(2025, 11, 2)),
            change("late and unclear", date(2025, 11, 2), affects_ephi=None),
            change("last day", date(2025, 11, 3)),
            change("recent", date(2026, 10, 1)),
            change("unclear", date(2026, 2, 20), affects_ephi=None),
            change("harmless", date(2026, 2, 20), affects_ephi=False),
            change("to come", date(2026, 11, 20)),
        ],
    )
    assert results(verdicts) == {
        "late": "FAIL", "late and unclear": "UNKNOWN", "last day": "PASS",
        "before all": "PASS", "other system": "FAIL", "its system": "PASS", "named": "PASS",
        "recent": "UNKNOWN", "unclear": "UNKNOWN", "harmless": "NA",
    }  # fmt: skip


def threat(name: str, **columns: Any) -> dict[str, Any]:
    return {"threat_id": name, "known_on": date(2026, 6, 1)} | columns


def test_policies_and_threats(ask: Ask) -> None:
    """Reviewed since the threat is known; settled and future threats ask for nothing."""

    def policy(name: str, reviewed: date) -> dict[str, Any]:
        return {"policy_id": name, "title": name, "owner": "IT", "reviewed_on": reviewed}

    verdicts = ask(
        "programme.policy_before_threat",
        policies=[policy("old", date(2026, 5, 31)), policy("new", date(2026, 6, 1))],
        threats=[
            threat("T", policy_ids="old; new;lost"),
            threat("recent", policy_ids="old", known_on=date(2026, 10, 1)),
            threat("settled", policy_ids="old", settled_on=date(2026, 7, 1)),
            threat("to come", policy_ids="old", known_on=date(2026, 11, 1)),
        ],
    )
    assert results(verdicts) == {
        "old T": "FAIL",
        "new T": "PASS",
        "lost T": "UNKNOWN",
        "old recent": "UNKNOWN",
    }


def test_training_and_threats(ask: Ask) -> None:
    """Nine of ten people employed took the course since; who left does not count."""

    def done(user: str, on: date, course: str = "phishing") -> dict[str, Any]:
        return {"user_id": user, "course": course, "completed_on": on}

    people = [person(f"u{number}") for number in range(10)]
    since = [done(f"u{number}", date(2026, 7, 1)) for number in range(9)]
    before = [done(f"u{number}", date(2026, 2, 1), "passwords") for number in range(10)]
    roster = [*people, person("gone", employed_to=date(2026, 9, 1))]
    verdicts = ask(
        "people.training_before_threat",
        threats=[
            threat("T", courses="phishing;passwords"),
            threat("N", courses="passwords", known_on=date(2026, 10, 1)),
        ],
        training=[*since, *before, done("gone", date(2026, 7, 1))],
        roster=roster,
    )
    assert results(verdicts) == {"phishing, T": "PASS", "passwords, T": "FAIL", "passwords, N": "UNKNOWN"}
    assert of(verdicts, "phishing, T").observed == "9 of 10"


def test_new_people(ask: Ask) -> None:
    """Thirty days from the first day of work; a course from before a rehire does not count."""
    joined = date(2026, 6, 1)
    verdicts = ask(
        "people.new_staff_trained_late",
        roster=[
            *(person(name, employed_from=joined) for name in ("good", "late", "never")),
            person("recent", employed_from=date(2026, 10, 10)),
            person("old"),
            person("back", employed_from=date(2020, 1, 1), employed_to=date(2025, 1, 1)),
            person("back", employed_from=joined),
            person("gone", employed_from=joined, employed_to=date(2026, 8, 1)),
        ],
        training=[
            {"user_id": name, "course": "security", "completed_on": on}
            for name, on in (
                ("good", date(2026, 7, 1)),
                ("late", date(2026, 7, 2)),
                ("late", date(2026, 11, 2)),
                ("back", date(2024, 1, 1)),
            )
        ],
    )
    assert results(verdicts) == {
        "good": "PASS", "late": "FAIL", "never": "FAIL", "recent": "UNKNOWN", "back": "FAIL",
    }  # fmt: skip
