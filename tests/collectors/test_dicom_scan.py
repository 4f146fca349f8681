"""Scans of a store over time: what is read again, what a killed one leaves, limits, workers, digests."""

from __future__ import annotations

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time as clock
import zlib
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from benchmarks.made.stores import make_store
from riskkit.collectors import Limits, Progress, collect_dicom, hours
from riskkit.collectors.dicom import default_state, walk
from riskkit.collectors.dicom.pace import Pace
from riskkit.collectors.evidence_file import PARTIAL
from riskkit.errors import CollectError
from tests.collectors.test_dicom import as_bytes, data_set

KEY = b"k" * 32
STARTED = datetime(2026, 10, 1, tzinfo=UTC)


class Scans:
    """Scans of one store, an hour apart."""

    def __init__(self, store: Path, pack: Path) -> None:
        self.store, self.pack = store, pack
        self._hours = 0

    def __call__(self, **options: Any) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
        """Rows by path, and the trailer."""
        self._hours += 1
        moment = STARTED + timedelta(hours=self._hours)
        path = collect_dicom(self.store, self.pack / "dicom", system_id="pacs", now=lambda: moment, **options)
        self.header, *rows, trailer = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
        assert trailer["files"] == len(rows)
        return {row["path"]: row for row in rows}, trailer


@pytest.fixture
def store(tmp_path: Path) -> Path:
    for number in range(12):
        path = tmp_path / "store" / "ab"[number % 2] / f"{number:02d}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_bytes(data_set(PatientID=str(number))))
    return tmp_path / "store"


@pytest.fixture
def scans(store: Path, tmp_path: Path) -> Scans:
    return Scans(store, tmp_path / "pack")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("riskkit.collectors.dicom.scan.PART_FILES", 4)


# ---------------------------------------------------------------- unchanged files


@pytest.mark.usefixtures("small_parts")
def test_only_what_changed_is_read_again(store: Path, scans: Scans) -> None:
    """A second scan is a complete snapshot and reads new and changed files only; what is gone is gone."""
    first, trailer = scans()
    assert trailer["files_read"] == 12
    same, trailer = scans()
    assert (same, trailer["files_read"], trailer["bytes_read"]) == (first, 0, 0)
    (store / "a" / "00.dcm").unlink()
    (store / "a" / "01-new.dcm").write_bytes(as_bytes(data_set(PatientName="A")))
    (store / "b" / "03.dcm").write_bytes(as_bytes(data_set(PatientName="A", PatientID="7")))
    third, trailer = scans()
    assert trailer["files_read"] == 2
    assert set(third) == set(first) - {"a/00.dcm"} | {"a/01-new.dcm"}
    assert third["b/03.dcm"]["direct_identifiers"] == 2
    assert third["a/10.dcm"] == first["a/10.dcm"]
    assert scans()[1]["files_read"] == 0


@pytest.mark.parametrize("change", ["size", "time", "inode"])
def test_size_time_and_inode_tell_a_change(store: Path, scans: Scans, change: str) -> None:
    """Each of the three alone makes a file be read again."""
    scans()
    path = store / "a" / "00.dcm"
    before, content = path.stat(), path.read_bytes()
    if change == "size":
        path.write_bytes(content + b"\0\0")
    elif change == "inode":
        (store / "copy").write_bytes(content)
        (store / "copy").replace(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + (change == "time")))
    assert scans()[1]["files_read"] == 1


def test_recheck_reads_everything(store: Path, scans: Scans) -> None:
    """A file that was altered under the same size and time is found by --recheck only."""
    scans()
    path = store / "a" / "00.dcm"
    before = path.stat()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"\x10\0\x20\0LO", b"\x10\0\x21\0LO"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    rows, trailer = scans()
    assert (trailer["files_read"], rows["a/00.dcm"]["direct_identifiers"]) == (0, 1)
    rows, trailer = scans(recheck=True)
    assert (trailer["files_read"], rows["a/00.dcm"].get("keywords")) == (12, "IssuerOfPatientID")
    assert scans()[0] == rows


def test_what_could_not_be_read_is_tried_again(scans: Scans, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights change without a trace in size and time: an unreadable file is never taken as known."""
    real = os.open

    def failing(path: Any, *rest: Any, **options: Any) -> int:
        if str(path).endswith("03.dcm"):
            raise PermissionError(13, "Permission denied")
        return real(path, *rest, **options)

    with monkeypatch.context() as broken:
        broken.setattr(os, "open", failing)
        rows, trailer = scans()
    assert (rows["b/03.dcm"]["error"], trailer["unreadable"]) == ("Permission denied", 1)
    rows, trailer = scans()
    assert (rows["b/03.dcm"]["file_class"], trailer["unreadable"], trailer["files_read"]) == ("dicom", 0, 1)


def test_another_way_of_looking_forgets_what_was_known(scans: Scans) -> None:
    """Lines without digests are of no use to a scan with digests."""
    scans()
    rows, trailer = scans(digest_key=KEY)
    assert trailer["files_read"] == 12
    assert all("header_digest" in row for row in rows.values())
    assert scans(digest_key=KEY)[1]["files_read"] == 0


def test_a_deleted_state_costs_time_only(scans: Scans) -> None:
    """The same rows again, all of them read; the state is for its owner only."""
    first, _ = scans()
    state = default_state(scans.store, scans.pack / "dicom", "pacs")
    assert state.stat().st_mode & 0o077 == 0
    state.unlink()
    assert scans()[0] == first


def test_a_broken_or_used_state_is_a_clear_error(scans: Scans) -> None:
    """What is no state is not overwritten, and two scans of a store do not mix."""
    scans()
    state = default_state(scans.store, scans.pack / "dicom", "pacs")
    with sqlite3.connect(state) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CollectError, match="in use"):
            scans()
        other.rollback()
    other.close()
    state.write_bytes(b"no database at all, but long enough to look at" * 100)
    with pytest.raises(CollectError, match="no state of a scan"):
        scans()


# ---------------------------------------------------------------- killed scans

KILLED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from riskkit.collectors import collect_dicom
from riskkit.collectors.dicom import scan, state
scan.PART_FILES, state.COMMIT_EVERY_S = 4, 0
def told(progress):
    print(progress.files, flush=True)
    if progress.files >= 8:
        sys.stdin.readline()
collect_dicom(Path(sys.argv[1]), Path(sys.argv[2]), system_id="pacs",
              now=lambda: datetime(2026, 10, 1, tzinfo=UTC), progress=told)
"""


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("recheck", [False, True])
def test_a_killed_scan_goes_on_where_it_was(scans: Scans, recheck: bool) -> None:
    """SIGKILL in the middle: the next scan reads the rest, is complete, and clears the part file away."""
    script = KILLED.replace('system_id="pacs",', f'system_id="pacs", recheck={recheck},')
    command = [sys.executable, "-c", script, str(scans.store), str(scans.pack / "dicom")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 8:
                break
        process.send_signal(signal.SIGKILL)
    (left,) = (scans.pack / "dicom").iterdir()
    assert left.name.endswith(PARTIAL)
    rows, trailer = scans(recheck=recheck)
    assert len(rows) == 12
    assert 0 < trailer["files_read"] <= 4
    assert [path.suffix for path in (scans.pack / "dicom").iterdir()] == [".gz"]
    assert scans(recheck=True)[1]["files_read"] == 12


# ---------------------------------------------------------------- workers


def test_workers_see_what_one_process_sees(store: Path, tmp_path: Path) -> None:
    """Two workers: the same rows in the same order, and the same counts."""
    make_store(store / "more", "small", 110)
    (store / "broken.dcm").write_bytes((store / "a" / "00.dcm").read_bytes()[:-1])
    one, two = Scans(store, tmp_path / "one"), Scans(store, tmp_path / "two")
    alone, trailer = one(digest_key=KEY)
    together, other = two(digest_key=KEY, workers=2)
    assert list(together.items()) == list(alone.items())
    assert other == trailer
    assert other["problems"] == {"the data set is cut off": 1}


# ---------------------------------------------------------------- gently


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self, start: datetime) -> None:
        self.start, self.slept = start, 0.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.slept)

    def monotonic(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def pace(self, limits: Limits) -> Pace:
        return Pace(limits, self.now, monotonic=self.monotonic, sleep=self.sleep)


def test_the_slower_limit_holds() -> None:
    """A thousand files at 100 a second take ten seconds; 100 MB at 5 a second take twenty."""
    ticking = Clock(STARTED)
    pace = ticking.pace(Limits(files_s=100, mb_s=0))
    for _ in range(100):
        pace.wait()
        pace.spent(10, 1_000_000)
    assert ticking.slept == pytest.approx(10, abs=0.2)
    pace = ticking.pace(Limits(files_s=100, mb_s=5))
    for _ in range(100):
        pace.wait()
        pace.spent(10, 1_000_000)
    assert ticking.slept == pytest.approx(30, abs=0.5)
    assert (pace.at_once, pace.bytes_at_once) == (100, 5_000_000)


def test_it_waits_for_its_hours() -> None:
    """Outside of the hours nothing is read; they may span midnight."""
    local = datetime(2026, 10, 1, 19, 30).astimezone()
    ticking = Clock(local)
    waited: list[None] = []
    ticking.pace(Limits(0, 0, hours("20:00-06:00"))).wait(lambda: waited.append(None))
    assert 1800 <= ticking.slept <= 1830
    assert len(waited) == 60
    ticking.pace(Limits(0, 0, hours("20:00-06:00"))).wait()
    assert ticking.slept <= 1830
    assert hours("1:30-2:00") == (time(1, 30), time(2))


@pytest.mark.parametrize("words", ["", "20:00", "20:00-20:00", "25:00-06:00", "8-9", "20:00-06:00-07:00"])
def test_hours_that_are_none_are_refused(words: str) -> None:
    """A clear error rather than a scan at the wrong time."""
    with pytest.raises(CollectError, match="hours"):
        hours(words)


def test_a_limited_scan_takes_its_time(scans: Scans) -> None:
    """Twelve files at 40 a second need most of a third of a second; the limit stands in the evidence."""
    begun = clock.monotonic()
    _, trailer = scans(limits=Limits(files_s=40, mb_s=0))
    assert clock.monotonic() - begun > 0.1
    assert trailer["max_files_s"] == 40


def test_progress_tells_rate_and_time_left() -> None:
    """In words for a person: of how many, how fast, how long still."""
    assert str(Progress(1000, 100_000, 900, 5_000_000, 10.0)) == (
        "1,000 of 100,000 files, 100 files/s, 0.5 MB/s, 16 min left"
    )
    assert str(Progress(0, None, 0, 0, 0.0, waiting=True)) == (
        "0 files, 0 files/s, 0.0 MB/s, waiting for its hours"
    )


def test_foreign_files_leave_a_time_of_access_and_that_is_told(
    scans: Scans, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where O_NOATIME is refused the files are read all the same, counted and told."""
    if not walk._NO_TRACE:
        pytest.skip("this system has no O_NOATIME")
    real = os.open

    def refusing(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        if flags & walk._NO_TRACE:
            raise PermissionError(1, "Operation not permitted")
        return real(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", refusing)
    said: list[str] = []
    _, trailer = scans(told=said.append)
    assert trailer["access_times_touched"] == 12
    assert "time of access of 12 files may have changed" in said[0]


# ---------------------------------------------------------------- digests


def digests_of(scans: Scans, name: str) -> tuple[str | None, ...]:
    rows, _ = scans(digest_key=KEY, recheck=True)
    return tuple(rows[name].get(f"{part}_digest") for part in ("instance", "header", "pixel"))


@pytest.fixture
def digested(store: Path, scans: Scans) -> tuple[Path, Scans, tuple[str | None, ...]]:
    path = store / "image.dcm"
    made = data_set(
        SOPInstanceUID="1.2.3", PatientName="DOE^JANE", Rows=2, BitsAllocated=16, PixelData=b"12345678"
    )
    made["PixelData"].VR = "OW"
    path.write_bytes(as_bytes(made))
    return path, scans, digests_of(scans, "image.dcm")


def test_digests_tell_header_from_pixels(digested: tuple[Path, Scans, tuple[str | None, ...]]) -> None:
    """A byte of the header, a byte of the pixels: each changes its own digest, neither the instance's."""
    path, scans, (instance, header, pixels) = digested
    content = path.read_bytes()
    path.write_bytes(content.replace(b"12345678", b"12345679"))
    assert digests_of(scans, "image.dcm") == (instance, header, digests_of(scans, "image.dcm")[2])
    assert digests_of(scans, "image.dcm")[2] != pixels
    path.write_bytes(content.replace(b"DOE^JANE", b"DOE^JOHN"))
    changed = digests_of(scans, "image.dcm")
    assert (changed[0], changed[2]) == (instance, pixels)
    assert changed[1] != header
    # The File Meta Information belongs to the file.
    path.write_bytes(content.replace(b"PYDICOM", b"OTHERSW"))
    assert digests_of(scans, "image.dcm") == (instance, header, pixels)


def test_the_compression_of_a_store_is_no_change(
    digested: tuple[Path, Scans, tuple[str | None, ...]],
) -> None:
    """What Orthanc's StorageCompression wrote has the digests of the plain file."""
    path, scans, before = digested
    content = path.read_bytes()
    path.write_bytes(len(content).to_bytes(8, "little") + zlib.compress(content))
    assert digests_of(scans, "image.dcm") == before


def test_deflated_data_sets_have_digests(store: Path, scans: Scans) -> None:
    """Of what they inflate to, header and pixels apart."""
    made = data_set(
        DeflatedExplicitVRLittleEndian,
        SOPInstanceUID="1.2.3",
        PatientID="1",
        BitsAllocated=16,
        PixelData=b"12",
    )
    made["PixelData"].VR = "OW"
    (store / "deflated.dcm").write_bytes(as_bytes(made))
    assert None not in digests_of(scans, "deflated.dcm")


def test_digests_need_the_key_and_hold_no_value(
    digested: tuple[Path, Scans, tuple[str | None, ...]],
) -> None:
    """Another key gives other digests and another mark; neither UID nor key stands in the evidence."""
    _, scans, before = digested
    mark = scans.header["digest_key"]
    rows, _ = scans(digest_key=b"z" * 32)
    assert rows["image.dcm"]["instance_digest"] != before[0]
    assert scans.header["digest_key"] != mark
    for path in (scans.pack / "dicom").iterdir():
        content = gzip.decompress(path.read_bytes())
        assert b"1.2.3" not in content.replace(b"1.2.840.10008.1.2.1", b"")
        assert KEY.hex().encode() not in content


def test_a_restored_copy_is_marked(scans: Scans) -> None:
    """Header and name of the file say so; the state is one of its own."""
    scans(digest_key=KEY, restored_copy=True)
    assert scans.header["restored_copy"] is True
    assert scans.header["scan_id"].startswith("pacs-restored-")
