"""The run record tells the truth also when the run went wrong."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from riskkit.errors import EvidenceError
from riskkit.report.record import Record


@pytest.fixture
def clock():
    """Each look is ninety seconds later."""
    instants = iter(datetime(2026, 11, 2, 6, 0, tzinfo=UTC) + timedelta(seconds=90 * n) for n in range(100))
    return lambda: next(instants)


def read(path):
    return json.loads(path.read_text())


def test_a_run_leaves_its_times_and_statuses(tmp_path, clock):
    """Real times, in UTC, with what became of each notebook."""
    path = tmp_path / "2026-10.run.json"
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
        {"name": "01_one", "status": "failed", "reason": "KeyError in code cell 2", "seconds": 1.235}
    ]


def test_a_killed_run_leaves_a_record_that_it_did_not_end(tmp_path, clock):
    """The record of an earlier, successful run must not stand for this one."""
    path = tmp_path / "2026-10.run.json"
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
    path = tmp_path / "2026-10.run.json"
    record = Record(path, clock)
    with pytest.raises(type(error)), record.kept():
        _fail_late(record, error)
    content = read(path)
    assert (content["outcome"], content["reason"], content["manifest"]) == ("no report", reason, None)
    assert content["ended"] is not None
    assert "ann" not in path.read_text().lower()
