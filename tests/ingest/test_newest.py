"""Of several exports of one list the newest counts, and what it supersedes is counted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.assess import findings_json, open_pack
from riskkit.assess.engine import Engine
from riskkit.ingest import ingest, newest
from riskkit.model import Counts, Evidence, Moment, Period, Source
from riskkit.settings import Settings
from riskkit.store import Store
from riskkit.tables import TABLES, records
from riskkit.views.evidence import reconciliation
from tests.evidence import ZONE

MOMENT = Moment.closing(Period.parse("2026-10"), ZONE)
ASSETS = TABLES["storage_assets"]
Exports = list[tuple[str, int | None, list[str]]]
DAY = datetime(2026, 10, 1, tzinfo=UTC)

listed = st.tuples(
    st.sampled_from(["canonical", "lsblk_json"]),
    st.one_of(st.none(), st.integers(0, 3)),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=4),
)


def source(name: str, reader: str, day: int | None) -> Source:
    collected = None if day is None else DAY + timedelta(days=day)
    return Source(name, "", 1, reader, 1, {"storage_assets": Counts(1, 1, 1)}, collected)


def rows_of(name: str, keys: list[str]) -> pa.Table:
    return ASSETS.rows(
        {"asset_id": key, "kind": "volume", "encrypted": "no", "source": name, "offset": n, "n": 0}
        for n, key in enumerate(keys)
    )


def told(rows: pa.Table) -> set[tuple[str, int]]:
    return set(zip(rows["source"].to_pylist(), rows["offset"].to_pylist(), strict=True))


@given(st.lists(listed, min_size=1, max_size=4), st.randoms())
def test_what_counts_does_not_depend_on_order(exports: Exports, chance: Random) -> None:
    """Sources and rows in any order: the same rows count; of every key some row does; the rule holds."""
    named = [(f"f{n}", *export) for n, export in enumerate(exports)]
    sources = [source(name, reader, day) for name, reader, day, _ in named]
    kept = told(newest(ASSETS, pa.concat_tables([rows_of(n, k) for n, _, _, k in named]), sources))
    shuffled = list(named)
    chance.shuffle(shuffled)
    rows = pa.concat_tables([rows_of(n, k) for n, _, _, k in shuffled])
    order = list(range(rows.num_rows))
    chance.shuffle(order)
    assert told(newest(ASSETS, rows.take(order), sources[::-1])) == kept
    expected = {
        (name, place)
        for name, reader, day, keys in named
        for place, key in enumerate(keys)
        if day is None
        or not any(
            other == reader and later is not None and later > day and key in held
            for _, other, later, held in named
        )
    }
    assert kept == expected
    assert {
        keys[place] for name, _, _, keys in named for place in range(len(keys)) if (name, place) in kept
    } == {key for _, _, _, keys in named for key in keys}


@given(st.lists(listed, min_size=1, max_size=4))
def test_what_counts_counts_again(exports: Exports) -> None:
    """Superseded rows gone, nothing more is superseded."""
    sources = [source(f"f{n}", reader, day) for n, (reader, day, _) in enumerate(exports)]
    rows = pa.concat_tables([rows_of(f"f{n}", keys) for n, (_, _, keys) in enumerate(exports)])
    once = newest(ASSETS, rows, sources)
    assert newest(ASSETS, once, sources).equals(once)


def test_a_trail_and_observations_keep_everything() -> None:
    """Events are no list, and what was seen of a listener is joined by time elsewhere."""
    for name in ("audit_events", "channel_observations", "certificates", "dicom_files"):
        table = TABLES[name]
        key = {column: "x" for column in table.key if table.by_name[column].dtype == "string"}
        rows = table.rows([{**key, "source": "f0"}, {**key, "source": "f1"}])
        both = [
            Source(f"f{n}", "", 1, "r", 1, {name: Counts(1, 1, 1)}, DAY + timedelta(days=n)) for n in (0, 1)
        ]
        assert newest(table, rows, both) is rows


HEADER = "asset_id,system_id,kind,holds_phi,encrypted\n"


def pack_of(folder: Path, files: dict[str, tuple[str, str | None]]) -> Evidence:
    """A pack of lists of assets with the day on which each was exported, if that is known."""
    (folder / "storage").mkdir(parents=True)
    custody = ["file,exported_by,exported_at"]
    for name, (content, day) in files.items():
        (folder / "storage" / name).write_text(HEADER + content)
        custody += [f"storage/{name},IT,{day}T08:00:00Z"] if day else []
    (folder / "evidence.csv").write_text("\n".join(custody) + "\n")
    return ingest(folder, Settings(), MOMENT, Store(folder / ".riskkit"))


def states(evidence: Evidence) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for asset in records(Engine(evidence, MOMENT, None).frame("storage_assets")):
        found.setdefault(asset.asset_id, []).append(asset.encrypted)
    return found


OLD, NEW = "a,pacs,volume,yes,no\nb,pacs,volume,yes,no\n", "a,pacs,volume,yes,yes\n"


@pytest.mark.parametrize("names", [("1.csv", "2.csv"), ("2.csv", "1.csv")])
def test_the_newer_list_wins_and_the_older_rows_are_counted(tmp_path: Path, names: tuple[str, str]) -> None:
    """Whatever the files are called; what only the old list names stays: nobody says that it is gone."""
    evidence = pack_of(tmp_path / "p", {names[0]: (OLD, "2026-10-01"), names[1]: (NEW, "2026-10-20")})
    assert states(evidence) == {"a": ["yes"], "b": ["no"]}
    counts = evidence.source(f"storage/{names[0]}").counts["storage_assets"]
    assert (counts.rows, counts.superseded) == (2, 1)
    assert evidence.source(f"storage/{names[1]}").counts["storage_assets"].superseded == 0
    assert evidence.states["storage_assets"].rows == 2


@pytest.mark.parametrize("days", [(None, "2026-10-20"), ("2026-10-01", None), ("2026-10-01", "2026-10-01")])
def test_without_a_later_date_both_stay(tmp_path: Path, days: tuple[str | None, str | None]) -> None:
    """Who does not say when a list was made cannot replace one, nor is it replaced."""
    evidence = pack_of(tmp_path / "p", {"1.csv": (OLD, days[0]), "2.csv": (NEW, days[1])})
    assert sorted(states(evidence)["a"]) == ["no", "yes"]
    assert not any(s.counts[t].superseded for s in evidence.sources for t in s.counts)


def test_a_list_from_after_the_period_supersedes_nothing(tmp_path: Path) -> None:
    """It is set aside: it describes another day."""
    evidence = pack_of(tmp_path / "p", {"1.csv": (OLD, "2026-10-01"), "2.csv": (NEW, "2026-11-20")})
    assert states(evidence) == {"a": ["no"], "b": ["no"]}


def test_two_answers_about_a_key_are_two() -> None:
    """What a key is and whether it is rotated come from two commands: neither replaces the other."""
    keys = TABLES["encryption_keys"]
    rows = keys.rows(
        {"key_id": "k", "asked": asked, "key_manager": "customer", "source": f"f{n}"}
        for n, asked in enumerate(("key", "rotation"))
    )
    sources = [
        Source(f"f{n}", "", 1, "aws_kms", 1, {"encryption_keys": Counts(1, 1, 1)}, DAY + timedelta(days=n))
        for n in (0, 1)
    ]
    assert newest(keys, rows, sources).num_rows == 2


def packed(folder: Path, files: dict[str, tuple[str, str]]) -> Path:
    """A simulated pack whose files under storage/ were exported on these days."""
    (folder / "storage").mkdir(parents=True, exist_ok=True)
    (folder / "site.yaml").write_text(
        "synthetic: true\norganisation: Made\ntimezone: UTC\nperiod: '2026-10'\n"
    )
    custody = ["file,exported_by,exported_at"]
    for name, (content, day) in files.items():
        (folder / "storage" / name).write_text(content)
        custody.append(f"storage/{name},IT,{day}T08:00:00Z")
    (folder / "evidence.csv").write_text("\n".join(custody) + "\n")
    return folder


def verdict(folder: Path, period: str) -> dict[str, str]:
    """What encryption.unencrypted_volume says, by place; keeps the findings in history/."""
    assessment = open_pack(folder, period=period, work=folder / ".work")
    (folder / "history" / period).mkdir(parents=True, exist_ok=True)
    (folder / "history" / period / "findings.json").write_text(json.dumps(findings_json(assessment)))
    said = assessment.outcome("encryption.unencrypted_volume").verdicts
    return {one.subject: one.result for one in said if not one.engine}


LSBLK = json.dumps({"blockdevices": [{"name": "sda", "type": "disk", "fstype": "xfs", "mountpoint": "/d"}]})


def test_history_is_closed_by_the_newer_list_only(tmp_path: Path) -> None:
    """A failure of September is closed by October's list beside September's; it counts as superseded."""
    september = (HEADER + "a,pacs,volume,yes,no\n", "2026-09-20")
    assert verdict(packed(tmp_path, {"old.csv": september}), "2026-09") == {"a": "FAIL"}
    october = (HEADER + "a,pacs,volume,yes,yes\n", "2026-10-20")
    folder = packed(tmp_path, {"old.csv": september, "new.csv": october})
    assert verdict(folder, "2026-10") == {"a": "PASS"}
    shown = reconciliation(open_pack(folder, work=folder / ".work"), "storage_assets").frame
    assert shown is not None
    assert dict(zip(shown["source"], shown["superseded"], strict=True)) == {
        "storage/new.csv": 0,
        "storage/old.csv": 1,
    }


def test_what_a_host_shows_is_not_replaced_by_a_list(tmp_path: Path) -> None:
    """lsblk showed a plain disk; that somebody writes yes into a list later closes nothing."""
    host = (LSBLK, "2026-09-20")
    assert verdict(packed(tmp_path, {"lsblk-pacs.json": host}), "2026-09") == {"pacs:/d": "FAIL"}
    written = (HEADER + "pacs:/d,pacs,volume,yes,yes\n", "2026-10-20")
    folder = packed(tmp_path, {"lsblk-pacs.json": host, "list.csv": written})
    assert verdict(folder, "2026-10") == {"pacs:/d": "FAIL"}
