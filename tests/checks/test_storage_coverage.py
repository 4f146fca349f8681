"""How much rests encrypted, what counts as secured, and who can reach storage in a cloud."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.derived.coverage_shares import MEASURES, by_tier, share
from riskkit.derived.storage_coverage import STATES, decayed
from riskkit.readers.lsblk_json import read as lsblk
from tests.checks.conftest import Ask
from tests.evidence import AT, engine_of, instant, results
from tests.readers.reading import read_all

UNMOUNTED = b"""{"blockdevices": [
 {"name": "sda", "type": "disk", "fstype": null, "size": 100000000000, "mountpoints": [null], "children": [
  {"name": "sda1", "type": "part", "fstype": "crypto_LUKS", "fsver": "2", "size": 100000000000,
   "mountpoints": [null], "children": [
    {"name": "root", "type": "crypt", "fstype": "ext4", "size": 99000000000, "mountpoints": ["/"]}]}]},
 {"name": "sdb", "type": "disk", "fstype": "xfs", "size": 40000000000000, "mountpoints": [null]}]}"""
STRONG = {"encrypted": "yes", "method": "LUKS2 aes-xts-plain64", "key_bits": 256}
FIPS = {"encrypted": "yes", "method": "AES-256", "key_location": "key server"}


def asset(name: str, **columns: Any) -> dict[str, Any]:
    return {
        "asset_id": name,
        "system_id": "pacs",
        "kind": "volume",
        "holds_phi": True,
        "size_bytes": 10,
        **columns,
    }


def coverage(folder: Path, assets: Sequence[dict[str, Any]], **tables: Any) -> dict[str, Any]:
    engine = engine_of(folder, {"storage_assets": assets, **tables})
    return {row["asset_id"]: row for row in decayed(engine.frame("storage_coverage"), AT.today, 90)}


def test_states(tmp_path: Path) -> None:
    """Strong needs a method that is told and not weak, and a key that does not lie with the data."""
    found = coverage(
        tmp_path,
        [
            asset("strong", **STRONG),
            asset("untold", encrypted="yes", method="LUKS2"),
            asset("silent", encrypted="yes"),
            asset("words", encrypted="yes", method="password protected", key_bits=256),
            asset("unknown method", encrypted="yes", method="unknown"),
            asset("weak", encrypted="yes", method="LUKS1 aes-cbc-essiv:sha256"),
            asset("3des", encrypted="yes", method="3DES-CBC"),
            asset("beside", **STRONG, key_location="same disk"),
            asset("plain", encrypted="no"),
            asset("unknown", encrypted="unknown", reason="RAID"),
            asset("boot", encrypted="no", holds_phi=False),
            asset("swap", encrypted="no", kind="swap"),
        ],
    )
    assert {name: row["state"] for name, row in found.items()} == {
        "strong": "strong",
        "untold": "untold",
        "silent": "untold",
        "words": "untold",
        "unknown method": "untold",
        "weak": "weak",
        "3des": "weak",
        "beside": "weak",
        "plain": "plain",
        "unknown": "unknown",
    }
    assert found["unknown"]["why"] == "RAID"


def test_secured(tmp_path: Path) -> None:
    """164.402: strong, key apart, not mounted; a key beside the data or an open volume never counts."""
    found = coverage(
        tmp_path,
        [
            asset("yes", kind="tape", **FIPS),
            asset("mounted", **FIPS, mountpoint="/data"),
            asset("beside", kind="tape", encrypted="yes", method="AES-256", key_location="same place"),
            asset("where", kind="tape", encrypted="yes", method="AES-256"),
            asset("weak", kind="tape", encrypted="yes", method="3DES", key_location="key server"),
            asset("said", kind="tape", encrypted="yes", method="AES-256", key_location="not known"),
            asset("plain", kind="tape", encrypted="no"),
        ],
    )
    assert {name: row["secured"] for name, row in found.items()} == {
        "yes": "yes",
        "mounted": "no",
        "beside": "no",
        "where": "unknown",
        "said": "unknown",
        "weak": "no",
        "plain": "no",
    }


def test_a_header_is_judged_with_the_place_that_lies_in_it(tmp_path: Path) -> None:
    """luksDump tells the cipher of what lsblk shows mounted: one place, not two."""
    mounted = asset("pacs:/data", encrypted="yes", method="LUKS2", container="luks-1", mountpoint="/data")
    header = asset("pacs:luks-1", **STRONG, container="luks-1", size_bytes=None)
    (row,) = coverage(tmp_path, [mounted, header]).values()
    assert (row["asset_id"], row["state"], row["bytes"]) == ("pacs:/data", "strong", 10)
    null = {**header, "encrypted": "no", "method": "LUKS2 cipher_null-ecb"}
    (row,) = coverage(tmp_path, [mounted, null]).values()
    assert row["state"] == "plain"


def test_devices_of_a_pool_are_its_data_sets(ask: Ask, tmp_path: Path) -> None:
    """Unknown until the host's data sets are listed, and then no places of their own."""
    disk = asset("pacs:sdb", encrypted="unknown", method="ZFS", container="zfs-pacs")
    images = asset("pacs:tank", encrypted="yes", method="ZFS aes-256-gcm", container="zfs-pacs")
    other = {**images, "asset_id": "vna:tank", "container": "zfs-vna"}
    for folder in ("pool", "listed"):
        (tmp_path / folder).mkdir()
    assert set(coverage(tmp_path / "pool", [disk, other])) == {"pacs:sdb", "vna:tank"}
    assert set(coverage(tmp_path / "listed", [disk, images])) == {"pacs:tank"}
    unencrypted = "encryption.unencrypted_volume"
    assert results(ask(unencrypted, storage_assets=[disk])) == {"pacs:sdb": "UNKNOWN"}
    assert results(ask(unencrypted, storage_assets=[disk, images])) == {"pacs:tank": "PASS"}


def test_a_plain_disk_that_is_not_mounted_counts(ask: Ask) -> None:
    """Read from lsblk: an encrypted root does not make up for a plain disk beside it."""
    reading = read_all(lsblk, UNMOUNTED, "storage/lsblk-pacs.json").table("storage_assets")
    verdicts = ask("encryption.unencrypted_volume", storage_assets=reading)
    assert results(verdicts) == {"pacs:/": "PASS", "pacs:sdb": "FAIL"}
    assert "not mounted" in next(v.message for v in verdicts if v.result == "FAIL")
    (verdict,) = ask("encryption.coverage_low", storage_assets=reading)
    assert verdict.result == "FAIL"


@given(st.permutations(range(3)))
def test_of_several_rows_on_one_place_the_worst_counts(order: list[int]) -> None:
    """In whatever order the files were read."""
    from tempfile import TemporaryDirectory  # noqa: PLC0415 - hypothesis shares no fixture between runs

    rows = [
        asset("a", **STRONG, source="1"),
        asset("a", encrypted="no", size_bytes=30, source="2"),
        asset("a", encrypted="unknown", holds_phi=None, source="3"),
    ]
    with TemporaryDirectory() as folder:
        (row,) = coverage(Path(folder), [rows[place] for place in order]).values()
    assert (row["state"], row["bytes"], row["holds_phi"], row["source"]) == ("plain", 30, True, "2")


def test_what_is_old_decays_to_unknown_and_a_failure_stays(tmp_path: Path) -> None:
    """Ninety days, by the row's own date or by that of its export; undated rows stay as they are."""
    old, fresh = date(2026, 7, 1), date(2026, 9, 1)
    found = coverage(
        tmp_path,
        [
            asset("old", kind="tape", **FIPS, evidence_date=old),
            asset("fresh", kind="tape", **FIPS, evidence_date=fresh),
            asset("old plain", encrypted="no", evidence_date=old),
            asset("export", kind="tape", **FIPS, source="old.csv"),
            asset("undated", kind="tape", **FIPS),
        ],
        custody=[{"file": "old.csv", "exported_by": "IT", "exported_at": instant("2026-06-01 08:00")}],
    )
    assert {name: (row["state"], row["secured"]) for name, row in found.items()} == {
        "old": ("unknown", "unknown"),
        "fresh": ("strong", "yes"),
        "old plain": ("plain", "no"),
        "export": ("unknown", "unknown"),
        "undated": ("strong", "yes"),
    }
    assert "122 days old" in found["old"]["why"]


def test_tiers_and_devices(tmp_path: Path) -> None:
    """By kind, by the system that it belongs to, or as the list says; a tape is a device of its own."""
    found = coverage(
        tmp_path,
        [
            asset("a", encrypted="no"),
            asset("b", encrypted="no", system_id="backup1"),
            asset("c", encrypted="no", kind="tape"),
            asset("d", encrypted="no", kind="database"),
            asset("e", encrypted="no", kind="bucket", tier="nearline"),
            asset("f", encrypted="no", device="NAS 4"),
        ],
        systems=[{"system_id": "backup1", "name": "B", "kind": "backup", "holds_ephi": True}],
    )
    assert {name: (row["tier"], row["device"]) for name, row in found.items()} == {
        "a": ("online", "pacs"),
        "b": ("backup", "backup1"),
        "c": ("media", "c"),
        "d": ("database", "pacs"),
        "e": ("nearline", "e"),
        "f": ("online", "NAS 4"),
    }


row = st.fixed_dictionaries(
    {
        "state": st.sampled_from(STATES),
        "bytes": st.one_of(st.none(), st.integers(0, 1 << 50)),
        "studies": st.one_of(st.none(), st.integers(0, 1 << 30)),
        "device": st.sampled_from("abc"),
        "tier": st.sampled_from(["online", "media"]),
    }
)


@given(st.lists(row, max_size=12), st.randoms())
def test_shares_add_up(rows: list[dict[str, Any]], chance: Any) -> None:
    """By tier or as a whole, in any order; the lower end is never above the upper one."""
    for measure in MEASURES:
        whole = share(rows, measure)
        assert 0 <= whole.proved <= whole.possible <= whole.total
        mixed = list(rows)
        chance.shuffle(mixed)
        assert share(mixed, measure) == whole
        if measure != "devices":  # one device may hold several tiers
            parts = [share(found, measure) for found in by_tier(rows).values()]
            assert sum(part.total for part in parts) == whole.total
            assert sum(part.proved for part in parts) == whole.proved


@given(st.lists(row, min_size=1, max_size=8))
def test_forgetting_never_helps(rows: list[dict[str, Any]]) -> None:
    """When what is known of a place is lost, what is proved cannot grow."""
    for measure in MEASURES:
        for place in range(len(rows)):
            less = [one | ({"state": "unknown"} if n == place else {}) for n, one in enumerate(rows)]
            assert share(less, measure).proved <= share(rows, measure).proved


def test_coverage_of_tiers(ask: Ask) -> None:
    """Enough proved passes, too little possible fails, in between nobody knows."""
    verdicts = ask(
        "encryption.coverage_low",
        storage_assets=[
            asset("a", **STRONG),
            asset("b", encrypted="no", kind="tape"),
            asset("c", **FIPS, kind="tape", size_bytes=90),
            asset("d", kind="database", encrypted="unknown"),
        ],
    )
    assert results(verdicts) == {"online": "PASS", "media": "FAIL", "database": "UNKNOWN"}
    found = {verdict.subject: verdict for verdict in verdicts}
    assert "At least 90 and at most 90 % of 100\u00a0bytes are" in found["media"].message
    assert "At least 0 and at most 100 % of 10\u00a0bytes are" in found["database"].message


def test_a_place_without_size_holds_back_a_pass(ask: Ask) -> None:
    """Its share of the bytes is not known; without any size the places are counted."""
    (verdict,) = ask(
        "encryption.coverage_low",
        storage_assets=[asset("a", **STRONG), asset("b", **STRONG, size_bytes=None)],
    )
    assert (verdict.result, "1 of 2 places does not tell its size" in verdict.message) == ("UNKNOWN", True)
    (verdict,) = ask("encryption.coverage_low", storage_assets=[asset("b", **STRONG, size_bytes=None)])
    assert (verdict.result, "100 % of 1 place is" in verdict.message) == ("PASS", True)


def test_carried(ask: Ask) -> None:
    """Media and copies only: plain, weak and mounted fail, and what nobody knows is unknown."""
    verdicts = ask(
        "encryption.carried_not_secured",
        storage_assets=[
            asset("good", kind="tape", **FIPS),
            asset("plain", kind="device", encrypted="no"),
            asset("weak", kind="tape", encrypted="yes", method="3DES"),
            asset("open", system_id="backup1", mountpoint="/srv", **FIPS),
            asset("where", kind="tape", encrypted="yes", method="AES-256"),
            asset("unknown", kind="tape", encrypted="unknown"),
            asset("online", encrypted="no"),
        ],
        systems=[{"system_id": "backup1", "name": "B", "kind": "backup", "holds_ephi": True}],
    )
    assert results(verdicts) == {
        "good": "PASS",
        "plain": "FAIL",
        "weak": "FAIL",
        "open": "FAIL",
        "where": "UNKNOWN",
        "unknown": "UNKNOWN",
    }


def sample(stratum: str, files: int, sampled: int, exposed: int) -> dict[str, Any]:
    return {
        "sample_id": "S", "system_id": "pacs", "stratum": stratum, "files": files, "sampled": sampled,
        "exposed": exposed, "sampled_on": date(2026, 10, 5),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("strata", "result", "observed"),
    [
        ([("a", 1000, 1000, 0)], "PASS", "0 to 0 of 1000 files"),
        ([("a", 1000, 100, 0)], "UNKNOWN", "0 to 34 of 1000 files"),
        ([("a", 100000, 300, 3)], "FAIL", "206 to 2895 of 100000 files"),
        ([("a", 10, 5, 0), ("b", 10, 0, 0)], "UNKNOWN", "0 to 14 of 20 files"),
        ([("a", 10, 11, 0)], "UNKNOWN", "not possible"),
    ],
)
def test_samples(ask: Ask, strata: list[tuple[str, int, int, int]], result: str, observed: str) -> None:
    """Only having looked at all shows that there is none; one find shows that there are some."""
    (verdict,) = ask("encryption.sampled_exposure", sampled_scans=[sample(*one) for one in strata])
    assert (verdict.result, verdict.observed) == (result, observed)


@pytest.mark.parametrize(
    ("units", "observed", "says"),
    [
        ((None,), "27 to 85 of 1000 files", "if the files were drawn one by one, which is not told"),
        (("file",), "27 to 85 of 1000 files", "10 of 200 files drawn at random from 1000"),
        (("study",), "27 to 85 of 1000 studies", "10 of 200 studies drawn at random from 1000"),
        (("study", "file"), "not possible", "they do not add up"),
    ],
)
def test_what_was_drawn_is_said(ask: Ask, units: tuple[str | None, ...], observed: str, says: str) -> None:
    """Files of one study are no independent draws: studies are counted, or the assumption is told."""
    rows = [sample(f"s{number}", 1000, 200, 10) | {"unit": unit} for number, unit in enumerate(units)]
    (verdict,) = ask("encryption.sampled_exposure", sampled_scans=rows)
    assert verdict.observed == observed
    assert says in verdict.message
    assert ("not told" in verdict.message) == (units == (None,))


def exposure(
    asset_id: str, asked: str, answer: str, question: str = "public", **columns: Any
) -> dict[str, Any]:
    return {"asset_id": asset_id, "asked": asked, "question": question, "answer": answer, **columns}


def test_public(ask: Ask) -> None:
    """One open way in is enough; that all are closed needs all, or one answer about all."""
    verdicts = ask(
        "access.storage_public",
        storage_exposures=[
            exposure("open", "acl", "yes"),
            exposure("open", "policy", "no"),
            exposure("blocked", "access block", "no"),
            exposure("blocked", "policy", "unknown"),
            exposure("both", "acl", "no"),
            exposure("both", "policy status", "no"),
            exposure("half", "acl", "no"),
            exposure("silent", "access block", "unknown"),
            exposure("demo", "acl", "yes"),
        ],
        storage_assets=[asset("demo", encrypted="yes", holds_phi=False)],
    )
    assert results(verdicts) == {
        "open": "FAIL",
        "blocked": "PASS",
        "both": "PASS",
        "half": "UNKNOWN",
        "silent": "UNKNOWN",
        "demo": "NA",
    }


def test_shared(ask: Ask) -> None:
    """With accounts that nobody called own; own accounts are named in site.yaml."""
    rows = [
        exposure("a", "policy", "unknown", "shared_outside", shared_with="111122223333;210987654321"),
        exposure("a", "acl", "no", "shared_outside"),
        exposure("b", "acl", "no", "shared_outside"),
        exposure("b", "policy", "no", "shared_outside"),
        exposure("c", "console", "unknown", "shared_outside"),
        exposure("d", "Prowler s3_bucket_cross_account_access", "yes", "shared_outside"),
        exposure("e", "snapshot attribute", "yes", "shared_outside", shared_with="111122223333"),
        exposure("f", "snapshot attribute", "no", "shared_outside"),
    ]
    found = ask("access.storage_shared_outside", storage_exposures=rows)
    # A policy may name the bucket's own account: without own accounts on record nobody can tell.
    assert results(found) == {
        "a": "UNKNOWN", "b": "PASS", "c": "UNKNOWN", "d": "FAIL", "e": "FAIL", "f": "PASS",
    }  # fmt: skip
    for own, a, e in (
        ("111122223333; 210987654321", "PASS", "PASS"),
        ("111122223333", "FAIL", "PASS"),
        ("999999999999", "FAIL", "FAIL"),
        (" ; ", "UNKNOWN", "FAIL"),
    ):
        found = ask("access.storage_shared_outside", storage_exposures=rows, tunables={"own_accounts": own})
        assert (results(found)["a"], results(found)["e"]) == (a, e)


def test_one_way_that_is_shut_shuts_no_bucket(ask: Ask) -> None:
    """A policy or an access list alone, and checks of writing or listing alone, prove nothing closed."""
    for question, name in (("public", "public"), ("shared_outside", "shared_outside")):
        rows = [
            exposure("list", "acl", "no", question),
            exposure("policy", "policy", "no", question),
            exposure("both", "acl", "no", question),
            exposure("both", "policy", "no", question),
            exposure("silent", "acl", "no", question),
            exposure("silent", "policy", "no", question),
            exposure("silent", "console", "unknown", question),
            exposure("listing", "Prowler s3_bucket_public_list_acl", "no", question),
            exposure("all", "console", "no", question),
        ]
        found = results(ask(f"access.storage_{name}", storage_exposures=rows))
        assert found.pop("both") == found.pop("all") == "PASS"
        assert set(found.values()) == {"UNKNOWN"}


@pytest.mark.parametrize(
    ("contracts", "result"),
    [
        ([], "FAIL"),
        ([{"kind": "BAA", "signed_on": date(2025, 1, 1)}], "PASS"),
        ([{"kind": "BAA", "signed_on": date(2025, 1, 1), "expires_on": date(2026, 10, 30)}], "FAIL"),
        ([{"kind": "BAA", "signed_on": date(2025, 1, 1), "expires_on": date(2026, 10, 31)}], "PASS"),
        ([{"kind": "BAA", "signed_on": date(2025, 1, 1), "terminated_on": date(2026, 10, 1)}], "FAIL"),
        ([{"kind": "BAA", "signed_on": date(2026, 11, 1)}], "FAIL"),
        ([{"kind": "BAA", "signed_on": date(2026, 1, 1), "effective_on": date(2027, 1, 1)}], "FAIL"),
        ([{"kind": "BAA"}], "UNKNOWN"),
        ([{"kind": "none"}], "FAIL"),
        ([{"kind": "subcontractor", "signed_on": date(2025, 1, 1)}], "FAIL"),
        ([{"kind": "BAA", "signed_on": date(2025, 1, 1), "system_id": "ris"}], "FAIL"),
        ([{"kind": "BAA", "signed_on": date(2025, 1, 1), "system_id": "pacs"}], "PASS"),
    ],
)
def test_contracts(ask: Ask, contracts: list[dict[str, Any]], result: str) -> None:
    """Signed, begun, neither ended nor expired, and for this system or for all."""
    (verdict,) = ask(
        "programme.cloud_without_contract",
        storage_assets=[
            asset("bucket", kind="bucket", provider="Amazon Web Services", encrypted="yes"),
            asset("own", encrypted="yes"),
        ],
        contracts=[
            {"vendor": "Lift Maintenance", "kind": "none"},
            *({"vendor": "AWS", **one} for one in contracts),
        ],
    )
    assert (verdict.subject, verdict.result) == ("Amazon Web Services pacs", result)
