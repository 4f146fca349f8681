"""Deletion in number, studies stored again, and edits without a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from riskkit.readers.dicom_audit import read as dicom_audit
from riskkit.words import count
from tests.checks.conftest import Ask
from tests.evidence import event, results, us
from tests.readers.reading import read_all

MINUTE = 60_000_000
NIGHT = us("2026-10-05 23:00")


def deletions(count: int, apart: int, user: str | None = "u1", **columns: Any) -> list[dict[str, Any]]:
    """Deletions some minutes apart, from eleven in the evening on."""
    return [
        event(NIGHT + number * apart * MINUTE, user, "delete", study_uid=f"1.2.{number}", **columns)
        for number in range(count)
    ]


def test_deletions_in_number(ask: Ask) -> None:
    """Ten within an hour or twenty on a day are put up for review; fewer and slower are not."""
    verdicts = ask(
        "audit.mass_deletion",
        audit_events=[
            *deletions(10, 6, "burst"),
            *deletions(9, 1, "few"),
            *deletions(10, 7, "slow"),
            *deletions(24, -10, "day"),
            *deletions(12, 1, "refused", event_outcome="failure"),
            *deletions(12, 1, None),
            *deletions(12, 1, "CLEANER", user_type="node"),
            event("2026-09-05 08:00", "earlier", "delete"),
            event("2026-10-05 08:00", "reader"),
        ],
    )
    assert results(verdicts) == {
        "burst": "FAIL",
        "few": "PASS",
        "slow": "PASS",
        "day": "FAIL",
        "no user named": "FAIL",
        "cleaner": "FAIL",
    }
    said = {verdict.subject: verdict for verdict in verdicts}
    assert "10 deletions" in said["burst"].message
    assert said["burst"].message.endswith("for review.")
    assert said["burst"].rows[0].count == 10
    assert all("without a reason" in verdict.message for verdict in verdicts)


def test_deletions_at_one_instant(ask: Ask) -> None:
    """Ten deletions within one second are ten, whatever their order."""
    (verdict,) = ask("audit.mass_deletion", audit_events=deletions(10, 0))
    assert verdict.result == "FAIL"


def deleted(studies: Sequence[int], patients: int = 1) -> list[dict[str, Any]]:
    """The rows that the reader makes of one DICOM audit message of a deletion."""

    def thing(name: str, code: str) -> str:
        return (
            f'<ParticipantObjectIdentification ParticipantObjectID="{name}" ParticipantObjectTypeCode='
            f'"{1 if code == "2" else 2}" ParticipantObjectTypeCodeRole="{1 if code == "2" else 3}">'
            f'<ParticipantObjectIDTypeCode csd-code="{code}" codeSystemName="DCM" originalText="x"/>'
            "</ParticipantObjectIdentification>"
        )

    things = [thing(f"1.2.{study}", "110180") for study in studies]
    things += [thing(f"p{patient}", "2") for patient in range(patients)]
    message = (
        '<AuditMessage><EventIdentification EventActionCode="D" EventDateTime="2026-10-05T08:00:00-05:00" '
        'EventOutcomeIndicator="0"><EventID csd-code="110105" codeSystemName="DCM" originalText='
        '"DICOM Study Deleted"/></EventIdentification><ActiveParticipant UserID="u1" UserIsRequestor="true"/>'
        f'<AuditSourceIdentification AuditSourceID="PACS"/>{"".join(things)}</AuditMessage>'
    )
    return read_all(dicom_audit, message.encode()).table("audit_events")


@pytest.mark.parametrize(
    ("studies", "patients", "number", "result"),
    [
        (range(1), 1, 1, "PASS"),
        (range(2), 1, 2, "PASS"),
        (range(300), 1, 300, "FAIL"),
        (range(3), 2, 3, "PASS"),
        (range(1), 3, 3, "PASS"),
        ([7] * 30, 1, 1, "PASS"),
    ],
    ids=["one", "two", "many", "more studies than patients", "more patients", "one study often"],
)
def test_one_message_of_many_studies(
    ask: Ask, studies: Sequence[int], patients: int, number: int, result: str
) -> None:
    """A message that names 300 studies deleted 300 of them, whoever's they are."""
    (verdict,) = ask("audit.mass_deletion", audit_events=deleted(studies, patients))
    assert (verdict.result, verdict.observed) == (
        result,
        f"{count(number, 'deletion')}, at most {number} a day",
    )
    assert type(verdict.rows[0].count) is int


def test_no_deletion_is_no_subject(ask: Ask) -> None:
    """Nobody who deleted nothing is judged: the engine then says that it was not assessed."""
    assert not ask("audit.mass_deletion", audit_events=[event("2026-10-05 08:00")])
    assert not ask("audit.overwrite", audit_events=[event("2026-10-05 08:00")])
    assert not ask("audit.edit_without_reason", audit_events=[event("2026-10-05 08:00")])


def edit(user: str = "u1", category: str = "update", **columns: Any) -> dict[str, Any]:
    return event("2026-10-05 08:00", user, category, patient_id="p1", **columns)


def test_edits(ask: Ask) -> None:
    """A merge or edit without a reason is a finding; a reason, a purpose, a machine or a refusal is none."""
    verdicts = ask(
        "audit.edit_without_reason",
        audit_events=[
            edit(event_reason="Order corrected", source_system="REASON"),
            edit(purpose_of_use="TREAT", source_system="PURPOSE"),
            edit("HL7", user_type="application", source_system="MACHINE"),
            edit(event_reason="Order corrected", source_system="MERGE"),
            edit(category="delete", event_code="110110", source_system="MERGE"),
            edit(event_outcome="failure", source_system="REFUSED"),
            edit(category="delete", event_code="110105", source_system="DELETED"),
            edit(source_system="BARE"),
            edit(event_reason=" Success.", source_system="WENT WELL"),
        ],
    )
    assert results(verdicts) == {
        "REASON": "PASS",
        "PURPOSE": "PASS",
        "MACHINE": "PASS",
        "MERGE": "FAIL",
        "BARE": "FAIL",
        "WENT WELL": "FAIL",
    }
    said = {verdict.subject: verdict for verdict in verdicts}
    assert said["MERGE"].message.startswith("1 of 2 changes")
    assert said["MERGE"].rows[0].keys[0][1] == 400
    assert "1 more change was made by machines" in said["MACHINE"].message


NO_REASONS = (
    None, "", " ", "-", "Success", "OK", "0", "HTTP 204", "200 OK", "N/A", "none", "Successfully completed.",
    "The operation completed successfully", "Patient update was successful", "Update: success (0)",
    "No errors", "Study deleted", "NULL", "Reason: unknown", "Merge of patient records completed",
)  # fmt: skip
REASONS = (
    "Order corrected", "Data entry error", "Wrong patient", "INC0012345", "4711", "duplicate record merged",
    "Success: name misspelt", "Запись исправлена", "okä", "Verwechslung", "successor of study",
)  # fmt: skip


def test_what_is_a_reason(ask: Ask) -> None:
    """That something was done, to what and how well, does not say why."""
    texts = {f"S{number}": text for number, text in enumerate((*NO_REASONS, *REASONS))}
    trail = [edit(event_reason=text, source_system=name) for name, text in texts.items()]
    verdicts = ask("audit.edit_without_reason", audit_events=trail)
    found = {texts[name]: result for name, result in results(verdicts).items()}
    assert found == dict.fromkeys(NO_REASONS, "FAIL") | dict.fromkeys(REASONS, "PASS")
    gone = [row | {"event_category": "delete", "source_system": "PACS"} for row in trail]
    (verdict,) = ask("audit.mass_deletion", audit_events=gone)
    assert f"; {len(NO_REASONS)} without a reason" in verdict.message


def stored(day: int, study: int, category: str = "import", **columns: Any) -> dict[str, Any]:
    return event(f"2026-10-{day:02} 10:00", None, category, study_uid=f"1.2.{study}", **columns)


@pytest.mark.parametrize(("again", "result"), [(4, "PASS"), (5, "FAIL")])
@pytest.mark.parametrize("category", ["import", "create", "update"])
def test_stored_again(ask: Ask, again: int, result: str, category: str) -> None:
    """Five studies of fifty that come again days later are put up for review."""
    trail = [
        *(stored(3, study) for study in range(50)),
        *(stored(9, study, category) for study in range(again)),
    ]
    (verdict,) = ask("audit.overwrite", audit_events=trail)
    assert verdict.result == result
    assert verdict.observed == f"{again} of 50 studies"
    assert len(verdict.rows[0].keys) == 1


def test_one_sending_in_parts(ask: Ask) -> None:
    """What comes within a day is one storing; what was refused is none."""
    parts = [stored(3, study) for study in range(50)] * 3
    refused = [stored(9, study, event_outcome="failure") for study in range(50)]
    (verdict,) = ask("audit.overwrite", audit_events=[*parts, *refused])
    assert verdict.result == "PASS"
    assert verdict.observed == "0 of 50 studies"


def test_transfers_to_the_archive_store(ask: Ask) -> None:
    """A transfer stores where its destination is the system that recorded it; its begin does not count."""
    systems = [
        {"system_id": "pacs", "name": "pacs", "kind": "archive", "holds_ephi": True, "aliases": "PACS;LMPACS"}
    ]

    def sent(day: int, study: int, to: str = "LMPACS", **columns: Any) -> dict[str, Any]:
        return stored(day, study, "transfer", dest_aet=to, **columns)

    first, again = [sent(3, study) for study in range(20)], [sent(9, study) for study in range(20)]
    (verdict,) = ask("audit.overwrite", audit_events=[*first, *again], systems=systems)
    assert verdict.result == "FAIL"
    away = [sent(9, study, "ELSEWHERE") for study in range(20)]
    begun = [sent(9, study, event_code="110102") for study in range(20)]
    (verdict,) = ask("audit.overwrite", audit_events=[*first, *away, *begun], systems=systems)
    assert verdict.result == "PASS"
    assert not ask("audit.overwrite", audit_events=[*first, *again])


def test_a_source_without_a_name(ask: Ask) -> None:
    """Findings of events that name no source show their rows."""
    trail = [stored(day, study, source_system=None) for day in (3, 9) for study in range(20)]
    (verdict,) = ask("audit.overwrite", audit_events=trail)
    assert verdict.result == "FAIL"
    assert verdict.rows[0].keys
