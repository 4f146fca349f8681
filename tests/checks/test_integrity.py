"""Images that changed between two walks, and restored copies against their store."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from riskkit.model import Verdict
from tests.checks.conftest import Ask
from tests.evidence import instant, results

KEY = "0123456789abcdef"


def scan(name: str, finished: str, **columns: Any) -> dict[str, Any]:
    return {
        "scan_id": name,
        "system_id": "pacs",
        "root": "/data",
        "started_at": instant(finished),
        "finished_at": instant(finished),
        "complete": True,
        "digest_key": KEY,
        **columns,
    }


def files(scan_id: str, **pixels_by_instance: str | None) -> list[dict[str, Any]]:
    """Files by instance; the header's digest is that of the instance unless `header/` stands before."""
    return [
        {
            "scan_id": scan_id,
            "path": f"{scan_id}/{instance}",
            "file_class": "dicom",
            "readable": "yes",
            "instance_digest": instance,
            "header_digest": f"header of {instance}",
            "pixel_digest": pixels,
        }
        for instance, pixels in pixels_by_instance.items()
    ]


BEFORE, LATEST = scan("before", "2026-09-20 12:00"), scan("latest", "2026-10-20 12:00")


def by_subject(verdicts: list[Verdict]) -> dict[str, Verdict]:
    return {verdict.subject: verdict for verdict in verdicts}


def asked(ask: Ask, scans: list[dict[str, Any]], rows: list[dict[str, Any]]) -> tuple[str, str, Any]:
    (verdict,) = ask("integrity.image_changed", dicom_scans=scans, dicom_files=rows)
    return verdict.result, verdict.message, verdict.severity


def test_unchanged_images_pass(ask: Ask) -> None:
    """Equal bytes pass; images that came or went are no change, and those that went are counted."""
    result, message, _ = asked(
        ask,
        [BEFORE, LATEST],
        files("before", a="1", b="2", gone="3", bare=None)
        + files("latest", a="1", b="2", new="9", bare=None),
    )
    assert result == "PASS"
    assert "All 3 images" in message
    assert "1 of 4 images is no longer there" in message


def test_changed_pixels_weigh_more_than_changed_headers(ask: Ask) -> None:
    """Other pixels are a high finding, another header alone a medium one; both say for review."""
    old = files("before", a="1", b="2")
    result, message, severity = asked(ask, [BEFORE, LATEST], old + files("latest", a="1", b="other"))
    assert (result, severity) == ("FAIL", "high")
    assert "2026-09-20 and 2026-10-20 1 image got other pixel data and none another header only" in message
    corrected = files("latest", a="1", b="2")
    corrected[0]["header_digest"] = "corrected"
    result, message, severity = asked(ask, [BEFORE, LATEST], old + corrected)
    assert (result, severity) == ("FAIL", None)
    assert "no images got other pixel data and 1 another header only: unexplained, for review" in message


def test_an_instance_in_several_files_is_a_set(ask: Ask) -> None:
    """A second copy, or a copy of the header alone, is no change; one that differs is."""
    old = files("before", a="1")
    header_only = files("latest", a=None)[0] | {"path": "header"}
    again = files("latest", a="1")[0] | {"path": "again"}
    assert asked(ask, [BEFORE, LATEST], [*old, *files("latest", a="1"), header_only, again])[0] == "PASS"
    again["pixel_digest"] = "2"
    assert asked(ask, [BEFORE, LATEST], [*old, *files("latest", a="1"), again])[0] == "FAIL"


@pytest.mark.parametrize(
    "before",
    [
        [],
        [BEFORE | {"digest_key": "another key"}],
        [BEFORE | {"complete": False}],
        [BEFORE | {"root": "/elsewhere", "system_id": "other", "restored_copy": True}],
    ],
    ids=["none", "another-key", "incomplete", "copy"],
)
def test_without_a_walk_to_compare_with_it_is_unknown(ask: Ask, before: list[dict[str, Any]]) -> None:
    """Digests of another key, an interrupted walk and a restored copy are nothing to compare with."""
    result, message, _ = asked(ask, [*before, LATEST], files("before", a="1") + files("latest", a="1"))
    assert result == "UNKNOWN"
    assert "nothing to compare" in message


def test_walks_without_digests_say_nothing(ask: Ask) -> None:
    """Who never made digests has not compared, and nothing is claimed."""
    plain = [one | {"digest_key": None} for one in (BEFORE, LATEST)]
    assert ask("integrity.image_changed", dicom_scans=plain, dicom_files=files("latest", a="1")) == []


def test_a_change_is_not_forgotten(ask: Ask) -> None:
    """A later walk that finds the altered bytes again proves no more than that: the change stays open."""
    later = scan("later", "2026-12-01 12:00")
    older = scan("older", "2026-08-20 12:00")
    rows = files("older", a="0", b="1") + files("before", a="1", b="1") + files("latest", a="1", b="1")
    found = by_subject(
        ask(
            "integrity.image_changed",
            dicom_scans=[later, older, LATEST, BEFORE],
            dicom_files=[*rows, *files("later", a="9")],
        )
    )
    assert {subject: verdict.result for subject, verdict in found.items()} == {
        "/data": "PASS",
        "/data: older to before": "FAIL",
    }
    assert found["/data: older to before"].rows[0].count == 1


def test_an_image_that_was_away_is_compared_with_what_it_was(ask: Ask) -> None:
    """Deleted, altered and put back is a change between the walks that saw it."""
    older = scan("older", "2026-08-20 12:00")
    rows = files("older", a="1", b="1") + files("before", b="1") + files("latest", a="other", b="1")
    (verdict,) = ask("integrity.image_changed", dicom_scans=[older, BEFORE, LATEST], dicom_files=rows)
    assert (verdict.subject, verdict.result) == ("/data: older to latest", "FAIL")


def test_walks_of_each_key_are_compared_among_themselves(ask: Ask) -> None:
    """A new key is no way to forget a change, and no change by itself."""
    older = scan("older", "2026-08-20 12:00", digest_key="the old key")
    first = scan("first", "2026-07-20 12:00", digest_key="the old key")
    rows = files("first", a="0") + files("older", a="1") + files("before", a="x") + files("latest", a="x")
    found = ask("integrity.image_changed", dicom_scans=[first, older, BEFORE, LATEST], dicom_files=rows)
    assert results(found) == {"/data": "PASS", "/data: first to older": "FAIL"}


def explanation(**columns: Any) -> dict[str, Any]:
    return {
        "root": "/data",
        "walk_before": "before",
        "walk_after": "latest",
        "pixels": 1,
        "headers": 0,
        "reason": "Two slices were swapped by the modality and sent again.",
        "document": "change 4711",
        "explained_by": "PACS administrator",
        "checked_by": "radiographer",
        "explained_on": date(2026, 10, 25),
        **columns,
    }


@pytest.mark.parametrize(
    ("columns", "result"),
    [
        ({}, "PASS"),
        ({"pixels": 2}, "FAIL"),
        ({"pixels": 0, "headers": 1}, "FAIL"),
        ({"walk_before": "older"}, "FAIL"),
        ({"root": "/elsewhere"}, "FAIL"),
        ({"explained_on": date(2026, 11, 1)}, "FAIL"),
    ],
)
def test_only_an_explanation_closes_a_change(ask: Ask, columns: dict[str, Any], result: str) -> None:
    """Of these two walks, of as many images, and given by the end of the period."""
    rows = files("before", a="1", b="2") + files("latest", a="1", b="other")
    (verdict,) = ask(
        "integrity.image_changed",
        dicom_scans=[BEFORE, LATEST],
        dicom_files=rows,
        explained_changes=[explanation(**columns)],
    )
    assert (verdict.subject, verdict.result) == ("/data: before to latest", result)


def test_a_store_without_digests_beside_one_with(ask: Ask) -> None:
    """What was proved of one store is not claimed of the other."""
    plain = scan("plain", "2026-10-20 12:00", root="/other", digest_key=None)
    rows = files("before", a="1") + files("latest", a="1") + files("plain", c="1")
    found = ask("integrity.image_changed", dicom_scans=[BEFORE, LATEST, plain], dicom_files=rows)
    assert results(found) == {"/data": "PASS", "/other": "UNKNOWN"}


# ---------------------------------------------------------------- restored copies

COPY = scan("copy", "2026-10-21 12:00", root="/restored", restored_copy=True)


def restored(ask: Ask, scans: list[dict[str, Any]], rows: list[dict[str, Any]]) -> Any:
    verdicts = ask("backup.restored_copy_differs", dicom_scans=scans, dicom_files=rows)
    return verdicts[0] if len(verdicts) == 1 else verdicts


def test_a_restored_copy_equals_the_store(ask: Ask) -> None:
    """All that the store held came back with the same bytes."""
    found = restored(ask, [LATEST, COPY], files("latest", a="1", b="2") + files("copy", a="1", b="2"))
    assert found.result == "PASS"
    assert found.message == "All 2 restored images that the store holds have the same bytes there."


def test_a_copy_that_lacks_images_is_not_told_as_whole(ask: Ask) -> None:
    """It may be a sample, or a restore that lost most of the store: both counts are told, and no pass."""
    store = {f"i{number}": "1" for number in range(20)}
    rows = files("latest", **store) + files("copy", i0="1", i1="1", i2="1")
    found = restored(ask, [LATEST, COPY], rows)
    assert found.result == "UNKNOWN"
    assert found.message == (
        "All 3 restored images that the store holds have the same bytes there. 17 of 20 images of the store "
        "are not in the copy: it is not known whether they were left out or lost."
    )
    found = restored(ask, [LATEST, COPY], files("latest", a="1") + files("copy", a="1", alien="7"))
    assert (found.result, "1 of 2 restored images is not in the store" in found.message) == ("UNKNOWN", True)


def sample_test(**columns: Any) -> dict[str, Any]:
    return {
        "system_id": "pacs",
        "finished_at": instant("2026-10-21 10:00"),
        "outcome": "success",
        "objects_expected": 30,
        "objects_restored": 30,
        "sample_of": 4_000,
        **columns,
    }


STORE = {f"i{number}": "1" for number in range(400)}
SAMPLE = dict(list(STORE.items())[:30])


def sampled(ask: Ask, test: dict[str, Any], sample: Any = SAMPLE, **tunables: Any) -> Verdict:
    (verdict,) = ask(
        "backup.restored_copy_differs",
        tunables=tunables,
        dicom_scans=[LATEST, COPY],
        dicom_files=files("latest", **STORE) + files("copy", **sample),
        restore_tests=[sample_test(finished_at=instant("2026-03-01 10:00"), sample_of=None), test],
    )
    return verdict


def test_a_chosen_sample_passes_as_a_sample(ask: Ask) -> None:
    """The restore test says of how many images; the greater of that and of what was seen is the whole."""
    found = sampled(ask, sample_test())
    assert found.result == "PASS"
    assert found.message == (
        "All 30 restored images that the store holds have the same bytes there. A sample: 30 of 4,000 images "
        "(under 1\u00a0%) of the store, and of the others it shows nothing."
    )
    assert found.expected == "0 images of the sample"
    assert "30 of 400 images (8\u00a0%)" in sampled(ask, sample_test(sample_of=40)).message
    assert sampled(ask, sample_test(), SAMPLE | {"i0": "cut"}).result == "FAIL"
    assert sampled(ask, sample_test(), {**dict(list(SAMPLE.items())[:29]), "alien": "1"}).result == "UNKNOWN"


@pytest.mark.parametrize(
    "columns",
    [
        {"sample_of": None},
        {"sample_of": 30},
        {"sample_of": 20},
        {"objects_restored": 29},
        {"objects_restored": None},
        {"objects_expected": 31, "objects_restored": 31},
        {"outcome": "partial"},
        {"system_id": "ris"},
        {"finished_at": instant("2026-09-10 10:00")},
        {"finished_at": instant("2026-10-22 10:00")},
    ],
)
def test_what_is_not_the_sample_of_the_test_stays_unknown(ask: Ask, columns: dict[str, Any]) -> None:
    """No sample told, other numbers than the copy's, another system's, too old, or after the walk."""
    assert sampled(ask, sample_test(**columns)).result == "UNKNOWN"


def test_a_handful_is_too_small_a_sample(ask: Ask) -> None:
    """One image of millions proves no restore; the site may ask for more or fewer."""
    one = sample_test(objects_expected=1, objects_restored=1)
    found = sampled(ask, one, {"i0": "1"})
    assert (found.result, "fewer than 30 show too little" in found.message) == ("UNKNOWN", True)
    assert sampled(ask, one, {"i0": "1"}, least_sample=1).result == "PASS"
    assert sampled(ask, sample_test(), least_sample=31).result == "UNKNOWN"


def test_images_that_came_after_the_copy_are_not_missing(ask: Ask) -> None:
    """What the store held is told by its last walk before the copy; without one, by the last of all."""
    later = scan("later", "2026-10-28 12:00")
    rows = files("latest", a="1") + files("later", a="1", new="2") + files("copy", a="1")
    assert restored(ask, [LATEST, COPY, later], rows).result == "PASS"
    found = restored(ask, [COPY, later], rows)
    assert found.result == "UNKNOWN"
    assert "1 of 2 images of the store is not in the copy, which newer ones may be among" in found.message


def test_a_damaged_copy_fails(ask: Ask) -> None:
    """Cut or altered images fail with their number; what the store does not hold is told."""
    found = restored(
        ask, [LATEST, COPY], files("latest", a="1", b="2") + files("copy", a="1", b="cut", alien="7")
    )
    assert found.result == "FAIL"
    assert "Of 2 restored images 1 has other pixel data" in found.message
    assert "1 of 3 restored images is not in the store" in found.message
    assert found.rows[0].count == 1


def test_a_copy_without_its_store_is_unknown(ask: Ask) -> None:
    """No walk of the store with this key, or no image in common: the restore is not proved."""
    assert restored(ask, [COPY], files("copy", a="1")).result == "UNKNOWN"
    assert restored(ask, [LATEST | {"digest_key": "x"}, COPY], files("copy", a="1")).result == "UNKNOWN"
    assert restored(ask, [LATEST, COPY], files("latest", b="1") + files("copy", a="1")).result == "UNKNOWN"
    assert restored(ask, [LATEST], files("latest", a="1")) == []


def test_a_restored_copy_is_no_store(ask: Ask) -> None:
    """Exposure is judged on stores: a copy that is wiped after its test leaves no finding behind."""
    rows = [row | {"direct_identifiers": 3, "modality": "CT"} for row in files("copy", a="1")]
    verdicts = ask("encryption.readable_identifiers", dicom_scans=[LATEST, COPY], dicom_files=rows)
    assert set(results(verdicts)) == {"/data"}
