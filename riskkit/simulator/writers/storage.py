"""storage/: block devices and headers of the hosts, and lists of everything that they cannot show."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from riskkit.simulator.chance import digest
from riskkit.simulator.writers.pack import Custody, Pack

GIB = 1 << 30
LSBLK = "lsblk -J -b -o NAME,KNAME,PATH,TYPE,FSTYPE,FSVER,SIZE,MOUNTPOINTS,UUID,PKNAME,PARTTYPE,RO,RM"
Node = dict[str, Any]

LINUX, SWAP = "0fc63daf-8483-4772-8e79-3d69d8477de4", "0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"
"""Types of partitions (UAPI group, discoverable partitions)."""

ASSET_COLUMNS = (
    "asset_id", "system_id", "kind", "mountpoint", "holds_phi", "size_bytes", "encrypted", "method",
    "key_bits", "kdf", "key_manager", "key_location", "key_last_rotated", "reason",
    "tier", "studies", "provider",
)  # fmt: skip
EXPOSURE_COLUMNS = (
    "asset_id",
    "asked",
    "question",
    "answer",
    "system_id",
    "provider",
    "shared_with",
    "detail",
)
SAMPLE_COLUMNS = ("sample_id", "system_id", "stratum", "files", "sampled", "exposed", "sampled_on", "unit")
CLOUD = "Prairie Object Storage"  # a provider that does not exist


def write_storage(pack: Pack, seed: int) -> None:
    """Write storage/ (lsblk-*.json, luksdump-pacs1.txt, two lists) and dicom/sampled_scans.csv."""
    for host, disks in _hosts(seed).items():
        custody = Custody("Infrastructure", pack.moment(33, 11.5), host, LSBLK)
        document = json.dumps({"blockdevices": disks}, indent=3) + "\n"
        pack.text(f"storage/lsblk-{host}.json", document, custody)
    rotated = pack.span.back(200)
    assets: Sequence[Sequence[object]] = (
        ("pacs1-database", "pacs1", "database", "", True, 410 * GIB, "yes", "LUKS2 aes-xts-plain64",
         256, "argon2id", "host keyring", "key server", rotated, "",
         "", 412_000, ""),
        ("offsite-copies", "backup1", "bucket", "", True, 61_000 * GIB, "yes", "SSE-KMS", 256, "",
         "cloud key service", "another account", pack.span.back(90), "", "backup", 398_000, CLOUD),
        ("tape-set-2019", "vna", "tape", "", True, 48_000 * GIB, "unknown", "", "", "", "", "", "",
         "the library's report has no column for it", "", 122_000, ""),
        ("teaching-laptop-3", "viewer1", "device", "", True, 930 * GIB, "no", "", "", "", "", "", "", "",
         "", 310, ""),
        ("mr1-console", "mr1", "device", "", True, 476 * GIB, "unknown", "", "", "", "", "", "",
         "the manufacturer has not answered", "", "", ""),
    )  # fmt: skip
    custody = Custody(
        "Infrastructure", pack.moment(33, 12.5), "asset register", "list of storage that hosts do not show"
    )
    pack.table("storage/assets.csv", ASSET_COLUMNS, assets, custody)
    seen = (
        ("public", "no", "", "public access is blocked for the account"),
        ("shared_outside", "yes", "318204417755", "an account of an earlier migration project"),
        ("object_logging", "no", "", ""),
    )
    exposures = (
        ("offsite-copies", "console", question, answer, "backup1", CLOUD, accounts, detail)
        for question, answer, accounts, detail in seen
    )
    custody = Custody("Infrastructure", pack.moment(33, 12.7), "cloud console", "who can reach the bucket")
    pack.table("storage/exposures.csv", EXPOSURE_COLUMNS, exposures, custody)
    drawn = pack.span.back(12)
    samples = [
        ("viewer-cache", "viewer1", f"/var/cache/viewer {modality}", studies, 300, found, drawn, "study")
        for modality, studies, found in (("CT", 1_820, 300), ("MR", 640, 300), ("US", 910, 291))
    ]
    custody = Custody("Infrastructure", pack.moment(12, 15), "viewer1", "random sample of the cache")
    pack.table("dicom/sampled_scans.csv", SAMPLE_COLUMNS, samples, custody)
    custody = Custody("Infrastructure", pack.moment(33, 11.8), "pacs1", "cryptsetup luksDump of each device")
    pack.text("storage/luksdump-pacs1.txt", _header(_hosts(seed)["pacs1"][1]), custody)


def _header(disk: Node) -> str:
    """What luksDump prints of the disk with the images; salts and digests are made up of nothing."""
    part = disk["children"][0]
    return (
        f"LUKS header information\nVersion:       \t2\nEpoch:         \t3\nUUID:          \t{part['uuid']}\n"
        "Label:         \t(no label)\n\nData segments:\n  0: crypt\n\toffset: 16777216 [bytes]\n"
        "\tlength: (whole device)\n\tcipher: aes-xts-plain64\n\tsector: 4096 [bytes]\n\nKeyslots:\n"
        "  0: luks2\n\tKey:        512 bits\n\tPriority:   normal\n\tCipher:     aes-xts-plain64\n"
        "\tCipher key: 512 bits\n\tPBKDF:      argon2id\n\tTime cost:  6\n\tMemory:     1048576\n"
        "\tThreads:    4\nTokens:\nDigests:\n  0: pbkdf2\n\tHash:       sha256\n\tIterations: 98698\n"
    )


def _hosts(seed: int) -> Mapping[str, list[Node]]:
    """The archive and viewer are encrypted, the second archive is not, nor the backup server's swap."""

    def node(path: str, kind: str, size: int, *, fs: str = "", version: str = "", mount: str = "",
             parent: str = "", children: Sequence[Node] = ()) -> Node:  # fmt: skip
        name = path.rpartition("/")[2]
        number = digest(seed, "uuid", path, size, mount, parent).hex()
        uuid = f"{number[:8]}-{number[8:12]}-4{number[13:16]}-a{number[17:20]}-{number[20:32]}"
        found: Node = {
            "name": name, "kname": name, "path": path, "type": kind, "fstype": fs or None,
            "fsver": version or None, "size": size, "mountpoints": [mount or None],
            "uuid": uuid if fs else None, "pkname": parent or None,
            "parttype": (SWAP if fs == "swap" else LINUX) if kind == "part" else None,
            "ro": False, "rm": False,
        }  # fmt: skip
        return found | ({"children": list(children)} if children else {})

    def system_disk(encrypted: bool) -> Node:
        boot = node("/dev/sda1", "part", GIB, fs="ext4", version="1.0", mount="/boot", parent="sda")
        if not encrypted:
            root = node("/dev/sda2", "part", 118 * GIB, fs="ext4", version="1.0", mount="/", parent="sda")
            return node("/dev/sda", "disk", 120 * GIB, children=(boot, root))
        inner = node(
            "/dev/mapper/root", "crypt", 118 * GIB, fs="ext4", version="1.0", mount="/", parent="sda2"
        )
        luks = node(
            "/dev/sda2", "part", 118 * GIB, fs="crypto_LUKS", version="2", parent="sda", children=(inner,)
        )
        return node("/dev/sda", "disk", 120 * GIB, children=(boot, luks))

    def data_disk(path: str, size: int, mount: str, encrypted: bool) -> Node:
        name = path.rpartition("/")[2]
        if not encrypted:
            part = node(f"{path}1", "part", size, fs="xfs", mount=mount, parent=name)
            return node(path, "disk", size, children=(part,))
        inner = node(f"/dev/mapper/{name}_data", "crypt", size, fs="xfs", mount=mount, parent=f"{name}1")
        luks = node(f"{path}1", "part", size, fs="crypto_LUKS", version="2", parent=name, children=(inner,))
        return node(path, "disk", size, children=(luks,))

    swap = node("/dev/sdd", "disk", 32 * GIB, children=(
        node("/dev/sdd1", "part", 32 * GIB, fs="swap", version="1", mount="[SWAP]", parent="sdd"),
    ))  # fmt: skip
    return {
        "pacs1": [
            system_disk(True),
            data_disk("/dev/sdb", 44_000 * GIB, "/srv/pacs/images", True),
            data_disk("/dev/sdc", 500 * GIB, "/var/lib/postgresql", True),
        ],
        "vna": [system_disk(False), data_disk("/dev/sdb", 60_000 * GIB, "/srv/vna/store", False)],
        "viewer1": [system_disk(True), data_disk("/dev/sdb", 3_600 * GIB, "/var/cache/viewer", True)],
        "backup1": [system_disk(True), data_disk("/dev/sdb", 80_000 * GIB, "/srv/backup", True), swap],
    }
