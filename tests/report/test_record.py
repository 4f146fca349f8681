"""The run record tells the truth also when the run went wrong."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from riskkit.errors import EvidenceError
from riskkit.report.folder import sealed
from riskkit.report.record import (
    Record,
    amend,
    read_record,
    record_path,
    record_signer,
    recorded_manifests,
)
from riskkit.report.signing import fingerprint, public_pem


@pytest.fixture
def clock():
    """Each look is ninety seconds later."""
    instants = iter(datetime(2026, 11, 2, 6, 0, tzinfo=UTC) + timedelta(seconds=90 * n) for n in range(100))
    return lambda: next(instants)


def read(path):
    return json.loads(path.read_text())


def test_a_run_leaves_its_times_and_statuses(tmp_path, clock):
    """Real times, in UTC, with what became of each notebook."""
    path = record_path(tmp_path / "2026-10")
    record = Record(path, clock)
    with record.kept():
        record.notebook("01_one", "failed", "KeyError in code cell 2", 1.23456)
        record.note(outcome="incomplete report", manifest="ab" * 32)
    content = read(path)
    assert content["begun"] == "2026-11-02T06:00:00+00:00"
    assert content["ended"] == "2026-11-02T06:01:30+00:00"
    assert content["seconds"] == 90
    assert content["outcome"] == "incomplete report"
    assert content["notebooks"] == [
        {
            "name": "01_one", "status": "failed", "reason": "KeyError in code cell 2", "seconds": 1.235,
            "reused": False,
        }
    ]  # fmt: skip


def test_a_killed_run_leaves_a_record_that_it_did_not_end(tmp_path, clock):
    """The record of an earlier, successful run must not stand for this one."""
    path = record_path(tmp_path / "2026-10")
    with Record(path, clock).kept():
        content = read(path)
    assert (content["outcome"], content["ended"], content["manifest"]) == ("not ended", None, None)


def _fail_late(record, error):
    record.note(outcome="complete report", manifest="ab" * 32)
    raise error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (ValueError("Ann Example"), "ValueError"),
        (EvidenceError("no such folder", file="/home/ann/pack"), "EvidenceError: no such folder"),
    ],
    ids=["interrupt", "defect", "told"],
)  # fmt: skip
def test_a_failed_run_says_why(tmp_path, clock, error, reason):
    """Also when a report was as good as made; neither a value nor a path of this machine is kept."""
    path = record_path(tmp_path / "2026-10")
    record = Record(path, clock)
    with pytest.raises(type(error)), record.kept():
        _fail_late(record, error)
    content = read(path)
    assert (content["outcome"], content["reason"], content["manifest"]) == ("no report", reason, None)
    assert content["ended"] is not None
    assert "ann" not in path.read_text().lower()


def _run(path, clock, *, manifest=None, outcome=None, error=None, key=None):
    record = Record(path, clock, key)
    try:
        with record.kept():
            record.note(manifest=manifest)
            record.write()
            if error:
                raise error
            record.note(outcome=outcome)
    except ValueError:
        pass
    return record


def test_runs_are_chained(tmp_path, clock):
    """Each record names those before it, with the digests that their own records had."""
    path = record_path(tmp_path / "2026-10")
    digests = []
    for number in range(3):
        _run(path, clock, manifest=f"{number}" * 64, outcome="complete report")
        digests.append(read(path)["digest"])
    content = read_record(path)
    assert [run["digest"] for run in content["earlier"]] == digests[:2]
    assert [run["manifest"] for run in content["earlier"]] == ["0" * 64, "1" * 64]


@pytest.mark.parametrize("place", [0, 30, 300, -2])
def test_a_record_of_which_a_byte_changed_is_none(tmp_path, clock, place):
    """It holds its own digest; the run after it says that it could not be read."""
    path = record_path(tmp_path / "2026-10")
    _run(path, clock, manifest="a" * 64, outcome="complete report")
    raw = bytearray(path.read_bytes())
    raw[place] ^= 1
    path.write_bytes(raw)
    assert read_record(path) is None
    _run(path, clock, manifest="b" * 64, outcome="complete report")
    assert read_record(path)["earlier"][0]["reason"] == "its record could not be read"


def test_which_manifests_may_lie_beside_a_record(tmp_path, clock):
    """After a failure the last report's; after a kill that or the new one; after a success only its own."""
    path = record_path(tmp_path / "2026-10")
    _run(path, clock, manifest="1" * 64, outcome="complete report")
    assert recorded_manifests(read(path)) == {"1" * 64}
    _run(path, clock, manifest="2" * 64, error=ValueError())
    assert recorded_manifests(read(path)) == {"1" * 64}
    killed = {**read(path), "outcome": "not ended", "manifest": "3" * 64}
    path.write_bytes(sealed(killed))
    assert recorded_manifests(read(path)) == {"1" * 64, "3" * 64}
    _run(path, clock, manifest="4" * 64, outcome="incomplete report")
    assert recorded_manifests(read(path)) == {"4" * 64}


def test_first_sight_is_kept_from_run_to_run(tmp_path, clock):
    """A file that turns up later, or whose content changed, has a later time; those before keep theirs."""
    as_of = datetime(2026, 11, 1, tzinfo=UTC)
    first, second = record_path(tmp_path / "2026-09"), record_path(tmp_path / "2026-10")
    record = Record(first, lambda: datetime(2026, 10, 2, tzinfo=UTC))
    record.inputs({"a.csv": {"sha256": "a"}, "b.csv": {"sha256": "b"}}, as_of)
    record.write()
    assert read(first)["obtained_later"] == []
    record = Record(second, clock)
    record.inputs({"a.csv": {"sha256": "a"}, "b.csv": {"sha256": "B"}, "c.csv": {"sha256": "c"}}, as_of)
    record.write()
    assert read(second)["obtained_later"] == ["b.csv", "c.csv"]
    assert read(second)["first_seen"]["a.csv"]["at"] == "2026-10-02T00:00:00+00:00"


def test_a_record_is_amended_or_left_alone(tmp_path, clock):
    """A fact is added under a new digest; without a record nothing is made."""
    path = record_path(tmp_path / "2026-10")
    amend(path, stamp="x")
    assert not path.exists()
    _run(path, clock, manifest="a" * 64, outcome="complete report")
    amend(path, stamp="x")
    assert read_record(path)["stamp"] == "x"


def test_a_signed_record_is_signed_whenever_it_is_written(tmp_path, clock):
    """As not ended, as ended, as failed: whatever a kill leaves holds, and is by the key."""
    path, key = record_path(tmp_path / "2026-10"), Ed25519PrivateKey.generate()
    who = fingerprint(key.public_key())
    with Record(path, clock, key).kept():
        assert (record_signer(read_record(path)), read(path)["outcome"]) == (who, "not ended")
    assert record_signer(read_record(path)) == who
    _run(path, clock, error=ValueError(), key=key)
    assert record_signer(read_record(path)) == who
    amend(path, stamp="x")  # comes later, without the key
    assert (record_signer(read_record(path)), read(path)["stamp"]) == (who, "x")


def test_what_a_signature_covers(tmp_path, clock):
    """Every fact but the time stamp's digest, which speaks for itself; also under a fitting digest."""
    path, key = record_path(tmp_path / "2026-10"), Ed25519PrivateKey.generate()
    _run(path, clock, manifest="a" * 64, outcome="complete report", key=key)
    right = read(path)
    other = public_pem(Ed25519PrivateKey.generate().public_key()).decode()
    for name in right.keys() - {"digest", "signature"}:
        path.write_bytes(sealed(right | {name: other if name == "public_key" else "another"}))
        assert read_record(path) is None, name
    path.write_bytes(sealed(right | {"added": 1}))
    assert read_record(path) is None
    for senseless in ("", "zz", 3, None):
        path.write_bytes(sealed(right | {"signature": senseless}))
        assert read_record(path) is None
    path.write_bytes(sealed(right))
    assert read_record(path) == right


def test_a_run_keeps_who_signed_those_before(tmp_path, clock):
    """A record that was altered and lost its signature stands in the next one as unsigned."""
    path, key = record_path(tmp_path / "2026-10"), Ed25519PrivateKey.generate()
    _run(path, clock, manifest="1" * 64, outcome="complete report", key=key)
    _run(path, clock, manifest="2" * 64, outcome="complete report")
    _run(path, clock, manifest="3" * 64, outcome="complete report", key=key)
    assert [run["signer"] for run in read_record(path)["earlier"]] == [fingerprint(key.public_key()), None]
