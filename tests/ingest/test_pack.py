"""Reading a pack: every file is accounted for, every table has a state, nothing is read twice."""

from __future__ import annotations

import gzip
import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from riskkit.declare import reader
from riskkit.ingest import ingest, pack
from riskkit.model import Batch, Context, Evidence, Member, Moment, Period, Quarantined, Reader, Source
from riskkit.settings import Settings
from riskkit.store import Store
from riskkit.tables import TABLES

MOMENT = Moment.closing(Period.parse("2026-10"), ZoneInfo("UTC"))
calls: list[str] = []


@reader(
    id="lines",
    title="Lines of words",
    version=1,
    tables=("training",),
    recognize=lambda head, name: head.startswith(b"TRAIN"),
    offset_unit="line",
)
def lines(member: Member, context: Context) -> Iterator[Batch]:
    """`ok` is a row, `bad` is quarantined, `-` is ignored, `lost` is counted and forgotten."""
    calls.append(member.name)
    with member.open() as file:
        words = file.read().decode().split()[1:]
    rows = [
        {"user_id": "u", "course": "c", "source": member.name, "offset": number, "n": 0}
        for number, word in enumerate(words)
        if word == "ok"
    ]
    yield Batch(
        "training",
        TABLES["training"].rows(rows),
        records=len(words),
        accepted=len(rows),
        quarantined=tuple(Quarantined(n, "bad_value") for n, word in enumerate(words) if word == "bad"),
        ignored={"dash": words.count("-")} if "-" in words else {},
        collected_at=datetime(2026, 11, 5, tzinfo=UTC) if "late" in member.name else None,
    )
    if "crash" in words:
        raise ValueError("Smith, John")


@reader(
    id="twin",
    title="The same",
    version=1,
    tables=("training",),
    recognize=lambda head, name: head.startswith(b"TRAIN2"),
    offset_unit="line",
)
def twin(member: Member, context: Context) -> Iterator[Batch]:
    """Claims a table that another reader claims too."""
    yield from ()


@pytest.fixture(autouse=True)
def _only_these_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    made: tuple[Reader, ...] = (lines, twin)
    monkeypatch.setattr(pack, "readers", lambda: made)
    calls.clear()


def read(folder: Path) -> Evidence:
    return ingest(folder, Settings(), MOMENT, Store(folder / ".work"))


def only(evidence: Evidence) -> Source:
    (source,) = evidence.sources
    return source


def test_every_record_is_accounted_for(tmp_path: Path) -> None:
    """records = accepted + quarantined + ignored, and the table is there."""
    (tmp_path / "a.txt").write_text("TRAIN ok ok bad -")
    evidence = read(tmp_path)
    count = only(evidence).counts["training"]
    assert (count.records, count.accepted, count.quarantined, count.ignored) == (4, 2, 1, {"dash": 1})
    assert only(evidence).quarantine == {"bad_value": 1}
    assert evidence.states["training"].state == "present"
    assert evidence.states["roster"].state == "missing"


def test_a_reader_that_loses_a_record_is_caught(tmp_path: Path) -> None:
    """The count is asserted, not trusted."""
    (tmp_path / "a.txt").write_text("TRAIN ok lost")
    assert "lost count" in only(read(tmp_path)).problem


def test_a_crash_keeps_what_was_read_and_tells_no_value(tmp_path: Path) -> None:
    """What came before stays, the rest is told as a problem without its text."""
    (tmp_path / "a.txt").write_text("TRAIN ok -  -")
    (tmp_path / "b.txt").write_text("TRAIN ok crash -")
    by_name = {source.name: source for source in read(tmp_path).sources}
    assert by_name["a.txt"].problem == ""
    assert "lost count" in by_name["b.txt"].problem or "ValueError" in by_name["b.txt"].problem
    assert "Smith" not in by_name["b.txt"].problem


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "is empty"), (b"noise", "is not recognized"), (b"TRAIN2 ok", "two readers claim training")],
)
def test_what_is_not_read_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    """Empty, unknown and ambiguous files become sources with a problem."""
    (tmp_path / "a.txt").write_bytes(content)
    assert only(read(tmp_path)).problem == problem


def test_states_of_a_table(tmp_path: Path) -> None:
    """Only quarantine is unreadable, no rows is empty, later evidence is set aside."""
    (tmp_path / "a.txt").write_text("TRAIN bad")
    assert read(tmp_path).states["training"].state == "unreadable"
    (tmp_path / "a.txt").write_text("TRAIN -")
    assert read(tmp_path).states["training"].state == "empty"
    (tmp_path / "a.txt").rename(tmp_path / "late.txt")
    (tmp_path / "late.txt").write_text("TRAIN ok")
    evidence = read(tmp_path)
    assert evidence.states["training"].state == "set_aside"
    assert only(evidence).set_aside


def test_containers_and_members(tmp_path: Path) -> None:
    """Each member of a zip is a source of its own; a .gz is one."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("one.txt", "TRAIN ok")
        archive.writestr("two.txt", "noise")
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"TRAIN ok"))
    found = {source.name: source.problem for source in read(tmp_path).sources}
    assert found == {"a.zip!one.txt": "", "a.zip!two.txt": "is not recognized", "b.gz": ""}


def test_nothing_is_read_twice(tmp_path: Path) -> None:
    """A second run reads only what changed."""
    (tmp_path / "a.txt").write_text("TRAIN ok")
    (tmp_path / "b.txt").write_text("TRAIN ok ok")
    read(tmp_path)
    (tmp_path / "b.txt").write_text("TRAIN ok bad")
    read(tmp_path)
    assert calls == ["a.txt", "b.txt", "b.txt"]


def test_a_new_month_is_read_alone(tmp_path: Path) -> None:
    """Adding November's file opens November's file: October's entry stays as it is, to the inode."""
    (tmp_path / "2026-09.txt").write_text("TRAIN ok")
    (tmp_path / "2026-10.txt").write_text("TRAIN ok ok")
    before = read(tmp_path)
    kept = {path: path.stat().st_ino for path in before.files["training"]}
    calls.clear()
    (tmp_path / "2026-11.txt").write_text("TRAIN ok ok ok")
    after = read(tmp_path)
    assert calls == ["2026-11.txt"]
    assert after.states["training"].rows == 6
    assert {path: path.stat().st_ino for path in after.files["training"][:2]} == kept


def test_the_work_folder_and_hidden_files_are_no_evidence(tmp_path: Path) -> None:
    """Neither is history, site.yaml or a mapping file."""
    for name in (".hidden/a.txt", "history/2026-09/a.txt", "site.yaml", "x.mapping.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("TRAIN ok")
    assert read(tmp_path).sources == ()


@pytest.mark.skipif(os.name != "posix", reason="links of POSIX systems")
def test_a_link_out_of_the_pack_is_not_followed(tmp_path: Path) -> None:
    """It is reported; one that stays inside is read."""
    folder = tmp_path / "pack"
    folder.mkdir()
    (tmp_path / "outside.txt").write_text("TRAIN ok")
    (folder / "a.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "b.txt").write_text("TRAIN ok")
    (folder / "c.txt").symlink_to(folder / "b.txt")
    found = {source.name: source.problem for source in read(folder).sources}
    assert found == {"a.txt": "is a link that leaves the pack", "b.txt": "", "c.txt": ""}


def test_a_bomb_is_a_problem_of_its_file(tmp_path: Path) -> None:
    """Broken compression ends in a word, not in an exception."""
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"TRAIN ok " * 9)[:-9])
    assert "broken or cut off" in only(read(tmp_path)).problem


def test_order_of_files_does_not_matter(tmp_path: Path) -> None:
    """Names decide the order, not the file system."""
    for order in (("a", "b"), ("b", "a")):
        folder = tmp_path / "".join(order)
        folder.mkdir()
        for name in order:
            (folder / f"{name}.txt").write_text(f"TRAIN ok {'-' if name == 'a' else ''}")
    one, two = read(tmp_path / "ab"), read(tmp_path / "ba")
    assert [source.name for source in one.sources] == [source.name for source in two.sources]
    assert one.sources == two.sources
