"""The figures of each area, against what was put into the evidence by hand."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from riskkit.model import Assessment
from riskkit.views import (
    access_control,
    access_patterns,
    audit_trail,
    backup_recovery,
    completeness,
    coverage,
    encryption,
    evidence,
    findings,
    people_places_papers,
    recovery,
    risk_register,
    transmission,
)
from riskkit.views.html import Html
from tests.evidence import event, instant, person
from tests.views import made


def test_explained_accesses_are_those_of_the_check(something: Assessment) -> None:
    """The share on the page and the share in the messages of the check are the same."""
    message = something.outcome("access.unexplained").verdicts[0].message
    found = re.search(r"Of all (\d+) accesses of the period, (\d+) are explained", message)
    assert found is not None
    assert f"{found[2]} of {found[1]} accesses" in _words(access_patterns.explained(something))


def test_unexplained_of_one_person(something: Assessment) -> None:
    """A timeline counts what the check counted of its subject."""
    who = access_patterns.first(something)
    outcome = something.outcome("access.unexplained")
    verdict = next(v for v in outcome.findings if something.surrogate("user", v.subject) == who)
    assert f"to {int(verdict.signal['unexplained'])} patients." in _words(
        access_patterns.timeline(something, who)
    )


def test_nobody_goes_by_that_name(something: Assessment) -> None:
    """A surrogate of another period names nobody, and says so."""
    assert "goes by user-00000000" in _words(access_patterns.timeline(something, "user-00000000"))


def test_departments_add_up(something: Assessment) -> None:
    """People by department are all people who opened a record, those of small departments together."""
    shown = access_patterns.people(something).frame
    assert shown is not None
    assert shown["accesses"].sum() == 400
    assert sum(int(number) for number in shown["people"]) == 29


def test_one_department_in_view(tmp_path: Path) -> None:
    """Narrowed to a department, only its people count."""
    narrow = made.assessment(tmp_path, made.rows(), department="emergency")
    shown = access_patterns.people(narrow).frame
    assert shown is not None
    assert list(shown["department"]) == ["emergency"]
    assert list(shown["people"]) == ["withheld"]


def test_days_without_events(something: Assessment) -> None:
    """Events stop after the twentieth: eleven days are marked and named."""
    words = _words(audit_trail.days(something))
    assert "2 sources recorded 400 events on 31 days; 2 of them had days without any event." in words
    assert "Archive (PACS): 11 days without an event (2026-10-21 to 2026-10-31)" in words


def test_answers_of_each_source(something: Assessment) -> None:
    """The matrix has a row for each question about sources, and says what the verdicts say."""
    shown = audit_trail.completeness(something).frame
    assert shown is not None
    questions = {outcome.check.title for outcome in something.outcomes if outcome.check.area == "audit"}
    assert {something.outcome("audit.clock").check.title} < set(shown["question"]) < questions
    answers = shown.set_index("question")
    gaps = something.outcome("audit.gaps")
    (verdict,) = (verdict for verdict in gaps.verdicts if verdict.scope == "PACS")
    told = {"FAIL": "✗ finding", "UNKNOWN": "? unknown", "PASS": "✓ pass"}[verdict.result]
    assert answers.loc[gaps.check.title, "PACS"] == told
    clouds = something.outcome("audit.cloud_data_events_off")
    assert answers.loc[clouds.check.title, "PACS"] == "– not assessed"


def test_systems_without_audit_trail(something: Assessment) -> None:
    """A covered system that wrote nothing is shown, and a source that the inventory does not know."""
    words = _words(audit_trail.systems(something))
    assert "1 of 2 covered systems" in words
    assert "37 events come from 1 source that the inventory does not know: stranger." in words
    shown = audit_trail.systems(something).frame
    assert shown is not None
    assert list(shown["audit trail"]) == ["✓ yes", "✗ none in this period"]


def test_rows_around_a_finding(something: Assessment) -> None:
    """A row reference leads back to the events around it, people under surrogates."""
    shown = audit_trail.around(something, "evidence.file", 5_000, rows_each_side=2).frame
    assert shown is not None
    assert list(shown["offset"]) == [4_800, 4_900, 5_000, 5_100, 5_200]


def test_encryption_is_an_interval(something: Assessment) -> None:
    """What is unknown, or of untold method, widens the interval; what states no size is in no share."""
    words = _words(coverage.headline(something)).replace("\u00a0", " ")
    assert "At least 0 % and at most 90 % of 10 TB are strongly encrypted." in words
    assert "1 place without a size is in no share." in words
    shown = coverage.tiers(something).frame
    assert shown is not None
    numbers = {row.tier: row for row in shown.itertuples()}
    assert numbers["all tiers"].bytes.replace("\u00a0", " ") == "0 % to 90 % of 10 TB (1 of 4 do not tell)"
    assert numbers["online"].volumes.replace("\u00a0", " ") == "0 % to 67 % of 3"


def test_files_against_their_places(something: Assessment) -> None:
    """Two layers side by side; what lies on a place of which one part is plain lies on a plain place."""
    shown = coverage.layers(something).frame
    assert shown is not None
    cells = dict(zip(shown["files"], shown["place not encrypted"], strict=True))
    assert cells == {"encrypted": "1 (33\u00a0%)", "readable": "2 (67\u00a0%)"}


def test_exposure_by_year(something: Assessment) -> None:
    """One readable file of three carries direct identifiers; its folders do not tell the year."""
    words = _words(coverage.exposure(something))
    assert "1 of 3 files" in words
    assert "the folders do not tell the year" in words


def test_recovery(something: Assessment) -> None:
    """The longest gap, against the target; what has no good copy is named; nothing is proved."""
    words = _words(recovery.points(something)).replace("\u00a0", " ")
    assert "1 of 1 system (100 %) with a target has had a longer gap" in words
    assert "1 system with ePHI has no good copy in the evidence at all: Viewer (VIEW)" in words
    shown = recovery.table_of_systems(something).frame
    assert shown is not None
    row = {name: value for name, value in shown.iloc[0].items() if isinstance(value, str)}
    assert row["last restore"] == "? not compared on record"
    assert row["last proved"] == "never"
    assert "None is proved of Archive (PACS) and Viewer (VIEW)" in _words(recovery.proved(something))


def test_only_the_latest_complete_walk_counts(something: Assessment) -> None:
    """A walk that did not reach its end is listed and not used."""
    shown = encryption.scans(something).frame
    assert shown is not None
    assert list(shown["state"]) == ["✓ counts", "? did not reach its end"]
    assert "Of 3 files, 1 is encrypted" in _words(encryption.files(something))


def test_identifiers(something: Assessment) -> None:
    """A claim of removed identity beside direct identifiers is for review."""
    shown = encryption.identifiers(something).frame
    assert shown is not None
    numbers = dict(zip(shown["what the header holds"], shown["files"], strict=True))
    contradicted = next(name for name in numbers if name.startswith("that claim"))
    assert numbers[contradicted] == 1
    assert next(number for name, number in numbers.items() if "no statement" in name) == 2


def test_listeners(something: Assessment) -> None:
    """Declared and not observed is named; what each accepts is told in its own name."""
    assert "2 of 3 declared listeners" in _words(transmission.declared(something))
    assert "not observed: view.example:8443" in _words(transmission.declared(something))
    shown = transmission.channels(something).frame
    assert shown is not None
    accepted = dict(zip(shown["listener"], shown["accepts"], strict=True))
    assert accepted["pacs.example:443"] == "TLS 1.0, TLS 1.2"
    verdicts = dict(zip(shown["listener"], shown["verdict"], strict=True))
    assert verdicts["pacs.example:104"] == "✗ findings"
    assert not verdicts["view.example:8443"].startswith("✓")


def test_protocols_count_silence_apart(something: Assessment) -> None:
    """A version that the scan did not ask about is neither accepted nor refused."""
    assert "Of the listeners that speak TLS, 1 of 1 (100\u00a0%) accepts a version" in _words(
        transmission.protocols(something)
    )


def test_certificates_that_end_soon(something: Assessment) -> None:
    """A certificate that ends nine days after the period is among those that end soon."""
    words = _words(transmission.certificates(something))
    assert "Of 1 certificate, 0 ended" in words
    assert "1 ends within 30 days after it (pacs.example:443)" in words


def test_second_factors(something: Assessment) -> None:
    """Yes, no and unknown are counted apart."""
    words = _words(access_control.second_factor(something))
    assert "Of 30 enabled accounts of people, 10 require a second factor, 10 do not, and of 10" in words


def test_leavers(something: Assessment) -> None:
    """Whoever left and has an enabled account is listed with the days since."""
    shown = access_control.leavers(something).frame
    assert shown is not None
    assert list(shown["days since the last day of work"]) == [91]


def test_backups_by_system(something: Assessment) -> None:
    """The newest usable backup is the newest that succeeded, with or without a warning."""
    shown = backup_recovery.systems(something).frame
    assert shown is not None
    backups = dict(zip(shown["system"], shown["newest usable backup"], strict=True))
    assert backups["Archive (PACS)"].endswith("2026-10-25")
    assert backups["Viewer (VIEW)"].endswith("none in the evidence")
    assert not backups["Viewer (VIEW)"].startswith("✓")
    assert "6 backups in the period: 2 ended as success, 2 ended as warning and 2 ended as failed." in _words(
        backup_recovery.jobs(something)
    )


def test_training_adds_up(tmp_path: Path) -> None:
    """People employed stand under their department; a number that is not small is told."""
    where = {"radiology": (30, 12), "emergency": (18, 0)}
    users = [(f"{d}-{n}", d, n < done) for d, (done, late) in where.items() for n in range(done + late)]
    rows = {
        "roster": [person(user, department=department) for user, department, _ in users],
        "training": [
            {
                "user_id": user,
                "course": "Security",
                "due_on": date(2026, 9, 1),
                "completed_on": date(2026, 8, 1) if done else None,
            }
            for user, _, done in users
        ],
    }
    shown = people_places_papers.training(made.assessment(tmp_path, rows))
    told = "Of 60 people employed, 48 have completed all courses on security and 12 are overdue."
    assert told in _words(shown)
    assert shown.frame is not None
    assert shown.frame.set_index("department").T.to_dict("list") == {
        "emergency": ["18", "0", "0", "0", "18"],
        "radiology": ["30", "0", "12", "0", "42"],
    }


def test_training_of_few_is_withheld(something: Assessment) -> None:
    """Where numbers are small, neither they nor a total that would tell them is shown."""
    assert "is withheld, because one number is small" in _words(people_places_papers.training(something))


def test_policies(something: Assessment) -> None:
    """Overdue and never approved are told apart."""
    shown = people_places_papers.policies(something).frame
    assert shown is not None
    assert set(shown["state"]) == {"✗ review overdue", "✗ not approved"}


def test_records_reconcile(something: Assessment) -> None:
    """Every record of the audit file became a row, and the balance says so."""
    words = _words(audit_trail.sources(something))
    assert "400 records in 1 file: 400 became 400 rows, 0 quarantined, 0 ignored" in words
    shown = evidence.reconciliation(something, "audit_events").frame
    assert shown is not None
    assert list(shown["balance"]) == ["✓"]


def test_an_account_that_does_not_add_up_is_seen(something: Assessment) -> None:
    """A reader that loses records is found out on the page."""
    from dataclasses import replace  # noqa: PLC0415 - only here

    source = something.evidence.sources[0]
    counts = {"audit_events": replace(source.counts["audit_events"], records=401)}
    broken = replace(
        something, evidence=replace(something.evidence, sources=(replace(source, counts=counts),))
    )
    shown = evidence.reconciliation(broken, "audit_events").frame
    assert shown is not None
    assert list(shown["balance"]) == ["✗ does not add up"]


def test_every_risk_stands_in_the_grid(something: Assessment) -> None:
    """Each risk once, where its likelihood and impact meet."""
    soup = BeautifulSoup(risk_register.matrix(something).markup, "html.parser")
    assert len(soup.select("td li")) == len(something.risks)
    for row in soup.select("tbody tr"):
        likelihood = row.th.get_text()
        for cell in row.select("td li"):
            risk = next(r for r in something.risks if cell.get_text().startswith(r.title))
            assert risk.likelihood == likelihood


def test_the_register_holds_every_risk_and_finding(something: Assessment) -> None:
    """Nothing is left out of the register."""
    register = risk_register.register(something).frame
    assert register is not None
    assert len(register) == len(something.risks)
    found = risk_register.findings(something).frame
    assert found is not None
    assert len(found) == sum(len(outcome.findings) for outcome in something.outcomes)


@pytest.mark.parametrize("part", list(findings.SHOWN))
def test_an_overview_counts_verdicts(part: str, something: Assessment) -> None:
    """Examined is fail, unknown, pass and not applicable together."""
    shown = findings.overview(something, part).frame
    assert shown is not None
    columns = [name for name in ("fail", "unknown", "pass", "not applicable") if name in shown]
    assert (shown["examined"] == shown[columns].sum(axis=1)).all()


def test_the_nine_elements(something: Assessment, nothing: Assessment) -> None:
    """Each element of the guidance has a place; without evidence the empty ones are seen."""
    shown, empty = (completeness.elements(a).frame for a in (something, nothing))
    assert shown is not None
    assert empty is not None
    assert len(shown) == 9
    assert list(empty["state"]).count("✗ empty") >= 2


def _words(shown: Html) -> str:
    return " ".join(
        BeautifulSoup(shown.markup, "html.parser").get_text(" ").replace("\u00a0", "~").split()
    ).replace("~", "\u00a0")


def test_events_of_an_announced_scan_are_counted(tmp_path: Path, something: Assessment) -> None:
    """What was set aside is said with its number, and what lay there and was not, beside it."""
    assert "no event is set aside" in _words(audit_trail.set_aside(something))
    tables = dict(made.rows())
    knock = {"event_outcome": "failure", "source_ip": "10.0.0.50"}
    tables["audit_events"] = [
        *tables["audit_events"],
        *(event(f"2026-10-20 02:0{minute}", None, "security_alert", **knock) for minute in range(3)),
        event("2026-10-20 02:05", "u1", "query", source_ip="10.0.0.50"),
    ]
    tables["probe_windows"] = [
        {
            "probe_started_at": instant("2026-10-20 02:00"),
            "probe_ended_at": instant("2026-10-20 02:10"),
            "source_address": "10.0.0.50",
        }
    ]
    shown = audit_trail.set_aside(made.assessment(tmp_path, tables))
    assert "3 events of announced scans have been set aside" in _words(shown)
    assert "1 event is not set aside although the time fits" in _words(shown)
    assert list(shown.frame[["set aside", "went further"]].itertuples(index=False, name=None)) == [(3, 1)]
