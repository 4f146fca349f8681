"""lsblk, restic and the YAML lists: real output read right, odd files kept and counted."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from riskkit.readers.answers_yaml import read as answers
from riskkit.readers.endpoints_yaml import read as endpoints
from riskkit.readers.listeners import host_of
from riskkit.readers.lsblk_json import read as lsblk
from riskkit.readers.restic_snapshots import read as restic
from tests.readers.reading import SAMPLES, read_all, real

Device = dict[str, object]
DISK: Device = {"name": "sda", "type": "disk", "fstype": None, "mountpoint": None}
LUKS: Device = {"name": "sda1", "type": "part", "fstype": "crypto_LUKS", "fsver": "2"}
OPEN: Device = {"name": "data", "type": "crypt", "fstype": "xfs", "mountpoint": "/data", "size": "42"}


def block(*devices: dict[str, object]) -> bytes:
    return json.dumps({"blockdevices": list(devices)}).encode()


def encrypted(data: bytes) -> dict[str, str]:
    return {
        row["asset_id"]: row["encrypted"]
        for row in read_all(lsblk, data, "lsblk-h.json").table("storage_assets")
    }


def test_real_lsblk() -> None:
    """A real machine without encryption: one file system, not covered."""
    (path,) = real("storage/local/lsblk.json")
    rows = read_all(lsblk, path.read_bytes(), "storage/lsblk-lab.json").table("storage_assets")
    assert [(row["asset_id"], row["encrypted"], row["system_id"]) for row in rows] == [("lab:/", "no", "lab")]


def test_only_what_lies_on_dm_crypt_is_covered() -> None:
    """The open volume is; a neighbour is not; a closed LUKS partition is encrypted, whatever it holds."""
    plain: Device = {"name": "sdb", "type": "disk", "fstype": "ext4", "mountpoint": "/images"}
    data = block({**DISK, "children": [{**LUKS, "children": [OPEN]}]}, plain, {**LUKS, "name": "sdc"})
    assert encrypted(data) == {"h:/data": "yes", "h:/images": "no", "h:sdc": "yes"}
    row = read_all(lsblk, data).table("storage_assets")[0]
    assert (row["method"], row["size_bytes"]) == ("LUKS2", 42)


def test_a_raid_with_one_plain_leg_is_not_covered() -> None:
    """A device below two parents is shown twice by lsblk; both ways must be encrypted."""
    array: Device = {"name": "md0", "type": "raid1", "fstype": "xfs", "mountpoint": "/data"}
    data = block(
        {**DISK, "children": [{**LUKS, "children": [array]}]}, {**DISK, "name": "sdb", "children": [array]}
    )
    assert encrypted(data) == {"h:/data": "no"}


def test_silence_is_unknown() -> None:
    """Without types nobody can tell; never "no"."""
    assert encrypted(block({"name": "sda", "mountpoints": ["/data", None]})) == {"h:/data": "unknown"}


def test_file_systems_that_encrypt_by_themselves() -> None:
    """Of ZFS lsblk cannot tell; of zram nobody knows where it goes."""
    pool: Device = {"name": "sda1", "type": "part", "fstype": "zfs_member", "mountpoints": ["/tank"]}
    swap: Device = {"name": "zram0", "type": "disk", "mountpoints": ["[SWAP]"]}
    assert encrypted(block(pool, swap)) == {"h:/tank": "unknown", "h:zram0": "unknown"}


def test_what_is_not_mounted_is_a_place_too() -> None:
    """A plain disk in the rack can be taken and read; what shows no file system may hold anything."""

    def idle(
        name: str, fstype: str | None, kind: str = "disk", size: int = 10**12, **columns: object
    ) -> Device:
        return {"name": name, "type": kind, "fstype": fstype, "size": size, "mountpoints": [None], **columns}

    reading = read_all(
        lsblk,
        block(
            {**DISK, "children": [{**LUKS, "children": [OPEN, idle("old", "xfs", "crypt")]}]},
            idle("sdb", "xfs"),
            idle("sdc", None),
            idle("sdd", "crypto_LUKS", fsver="2", uuid="4d941d61-b175-4685-aeef-cf14a87502ac"),
            idle("sde", "LVM2_member"),
            idle("sdf", "zfs_member"),
            idle("sdg", "swap"),
            idle("sdh", "BitLocker"),
            idle("sdi", "vfat", "part", parttype="C12A7328-F81F-11D2-BA4B-00A0C93EC93B"),
            idle("sdj", None, "part", size=1 << 20),
            idle("zram0", None, size=0),
            idle("loop0", None, "loop"),
            idle("sr0", None, "rom"),
            idle("sr1", "iso9660", "rom"),
        ),
        "lsblk-h.json",
    )
    rows = {row["asset_id"]: row for row in reading.table("storage_assets")}
    assert {name: row["encrypted"] for name, row in rows.items()} == {
        "h:/data": "yes", "h:old": "yes", "h:sdb": "no", "h:sdc": "unknown", "h:sdd": "yes",
        "h:sde": "unknown", "h:sdf": "unknown", "h:sdg": "no", "h:sdh": "unknown", "h:sdi": "no",
        "h:sr1": "no",
    }  # fmt: skip
    assert all(rows[name]["reason"] for name in ("h:sdb", "h:sdc", "h:sde", "h:sdf", "h:sdh", "h:sr1"))
    assert (rows["h:sdb"]["size_bytes"], rows["h:sdb"]["mountpoint"]) == (10**12, None)
    assert rows["h:sdd"]["container"] == "luks-4d941d61-b175-4685-aeef-cf14a87502ac"
    assert (rows["h:sdg"]["kind"], rows["h:sdi"]["holds_phi"]) == ("swap", False)
    assert reading.ignored["storage_assets"] == {
        "holds what is listed": 2,
        "holds nothing": 3,
        "a file of a listed place": 1,
    }


def test_without_mount_points_nothing_can_be_judged() -> None:
    """An export that lacks them is not an empty host."""
    reading = read_all(lsblk, block({"name": "sda", "type": "disk"}))
    assert reading.reasons("storage_assets") == {"missing_required": 1}


def test_swap_and_boot() -> None:
    """Swap is a kind of its own, and boot partitions hold no images."""
    swap: Device = {"name": "a", "type": "part", "fstype": "swap", "mountpoints": ["[SWAP]"]}
    boot: Device = {"name": "b", "type": "part", "fstype": "ext4", "mountpoints": ["/boot"]}
    rows = read_all(lsblk, block(swap, boot)).table("storage_assets")
    assert [(row["kind"], row["holds_phi"]) for row in rows] == [("swap", None), ("volume", False)]


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("storage/lsblk-pacs1.json", "pacs1"),
        ("storage/pacs1/lsblk.json", "pacs1"),
        ("storage/lsblk_pacs1.json.gz", "pacs1"),
        ("storage.zip!lsblk-pacs1.json", "pacs1"),
        ("storage/pacs1.json", "pacs1"),
    ],
)
def test_the_host_is_in_the_name(name: str, host: str) -> None:
    """lsblk does not say which host it ran on."""
    assert host_of(name, "lsblk") == host


@pytest.mark.parametrize("data", [b'{"blockdevices": [1]}', b'{"blockdevices": {}}', b'{"blockdevices": ['])
def test_broken_lsblk_is_quarantined(data: bytes) -> None:
    """What cannot be understood is one quarantined record."""
    assert read_all(lsblk, data).reasons("storage_assets") == {"json_malformed": 1}


def test_real_restic() -> None:
    """Two snapshots of a real repository, to the microsecond, encrypted, of their host."""
    (path,) = real("storage/local/restic_snapshots.json")
    reading = read_all(restic, path.read_bytes(), "backup/repository.json")
    rows = reading.table("backups")
    assert [row["system_id"] for row in rows] == ["pacs01", "pacs01"]
    assert rows[0]["finished_at"] == datetime(2026, 11, 23, 23, 55, 19, 472061, tzinfo=UTC)
    assert {(row["status"], row["encrypted"], row["immutable"]) for row in rows} == {
        ("success", "yes", "unknown")
    }
    assert reading.collected_at == rows[1]["finished_at"]


def test_newer_restic_and_broken_snapshots() -> None:
    """A summary gives begin, end and size; a snapshot without host or with a bad time is kept apart."""
    whole = {
        "time": "2026-10-01T01:00:00+02:00",
        "tree": "t",
        "paths": ["/a", "/b"],
        "hostname": "h",
        "id": "1",
        "summary": {
            "backup_start": "2026-10-01T01:00:00+02:00",
            "backup_end": "2026-10-01T02:00:00+02:00",
            "total_bytes_processed": 7,
        },
    }
    lacking = {name: value for name, value in whole.items() if name != "hostname"}
    wrong = {**whole, "summary": None, "time": "yesterday"}
    zoneless = {**whole, "summary": None, "time": "2026-10-01T01:00:00"}
    reading = read_all(restic, json.dumps([whole, lacking, wrong, zoneless, 5]).encode())
    (row,) = reading.table("backups")
    assert (row["job"], row["size_bytes"]) == ("/a /b", 7)
    assert row["finished_at"] == datetime(2026, 10, 1, tzinfo=UTC)
    assert reading.reasons("backups") == {"missing_required": 1, "bad_value": 3}


def test_answers() -> None:
    """An unquoted yes is an answer, not a truth value; dates and wrong entries are told apart."""
    text = b"""
answers:
  - {control: 45 CFR 164.308(a)(2), answer: yes, answered_by: CISO, answered_on: 2026-10-01, mood: fine}
  - {control: 45 CFR 164.310(b), answer: Not applicable, answered_by: CISO, answered_on: "2026-10-02"}
  - {control: 45 CFR 164.310(b), answer: no, answered_by: CISO, answered_on: 2026-10-02}
  - {control: 45 CFR 164.310(c), answer: perhaps, answered_by: CISO, answered_on: 2026-10-02}
  - {control: 45 CFR 164.316(a), answer: yes}
  - words
"""
    reading = read_all(answers, text)
    rows = reading.table("answers")
    assert [(row["answer"], row["answered_on"]) for row in rows] == [
        ("yes", date(2026, 10, 1)),
        ("not_applicable", date(2026, 10, 2)),
    ]
    assert reading.reasons("answers") == {"duplicate": 1, "bad_value": 2, "missing_required": 1}
    assert reading.notes == ["unknown keys: mood"]


def test_a_date_that_does_not_exist_costs_its_entry() -> None:
    """YAML's own reading of dates must not refuse the whole file, nor an escape break a row."""
    text = b"""
- {control: a, answer: yes, answered_by: CISO, answered_on: 2026-02-30}
- {control: b, answer: yes, answered_by: "CISO \\ud800", answered_on: 2026-02-28}
"""
    reading = read_all(answers, text)
    assert [row["control"] for row in reading.table("answers")] == ["b"]
    assert reading.reasons("answers") == {"bad_value": 1}


def test_endpoints() -> None:
    """Nobody's authority is no authority: such an endpoint is quarantined."""
    text = b"""
endpoints:
  - {endpoint_id: a, host: h, port: 2762, protocol: dicom-tls, ephi: true, approved_by: Owner}
  - {endpoint_id: b, host: h, port: 104, protocol: dicom}
  - {endpoint_id: c, host: h, port: "104", protocol: dicom, approved_by: Owner}
  - {endpoint_id: d, host: h, port: 104, protocol: gopher, approved_by: Owner}
"""
    reading = read_all(endpoints, text)
    assert [row["endpoint_id"] for row in reading.table("endpoints")] == ["a"]
    assert reading.reasons("endpoints") == {"missing_required": 1, "bad_value": 2}


@pytest.mark.parametrize(
    "text",
    [
        b"answers: [",
        b"answers: 5",
        b"\xff\xfe\x00",
        b"a: &a [x, x]\nb: &b [*a, *a]\nanswers: [*b, *b]\n",
        b"answers: " + b"[" * 5000,
    ],
)
def test_hostile_yaml_is_quarantined(text: bytes) -> None:
    """Broken, binary, deep, or aliases of aliases: one quarantined record, no growth."""
    assert read_all(answers, text).reasons("answers") == {"yaml_malformed": 1}


def test_samples_are_read() -> None:
    """The samples that the sweep uses are read without loss."""
    for reader, name in ((lsblk, "lsblk_json"), (restic, "restic_snapshots"), (answers, "answers_yaml")):
        for path in (SAMPLES / name).iterdir():
            reading = read_all(reader, path.read_bytes(), path.name)
            assert sum(reading.accepted.values()) > 0
