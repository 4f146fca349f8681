"""Where images rest, whether that place is encrypted, and what the files themselves give away."""

from __future__ import annotations

from riskkit.tables.schema import Column, Table

KINDS = ("volume", "database", "bucket", "tape", "device", "backup", "swap")

STORAGE_ASSETS = Table(
    name="storage_assets",
    doc="Volumes, databases, buckets, tapes and devices with their encryption at rest.",
    place="storage/assets.csv",
    canonical=True,
    key=("asset_id",),
    ask="lsblk -J -b -o NAME,KNAME,PATH,TYPE,FSTYPE,FSVER,SIZE,MOUNTPOINTS,UUID,PKNAME,RO,RM of every host "
    "that stores images; storage/assets.csv for everything else",
    columns=(
        Column("asset_id", doc="unique name: host and mount point, bucket, barcode", required=True),
        Column("system_id", doc="system of inventory/systems.csv, or one of its aliases"),
        Column("kind", required=True, values=KINDS),
        Column("mountpoint"),
        Column("holds_phi", "boolean", "empty when unknown"),
        Column("size_bytes", "integer", unit="byte"),
        Column("encrypted", doc="a missing statement is unknown, never no",
               required=True, values=("yes", "no", "unknown")),
        Column("method", doc="LUKS2, BitLocker XTS-AES 256, aws:kms ..."),
        Column("key_bits", "integer", unit="bit"),
        Column("kdf"),
        Column("key_manager"),
        Column("key_location", doc="where the key lies; with the data it protects nothing"),
        Column("key_last_rotated", "date"),
        Column("reason", doc="why encrypted is unknown"),
    ),
)  # fmt: skip

DICOM_SCANS = Table(
    name="dicom_scans",
    doc="Walks of an image store: what was walked, when, and whether the walk reached its end.",
    place="dicom/**",
    key=("scan_id",),
    ask="riskkit collect dicom ROOT --system SYSTEM on the archive's file server",
    columns=(
        Column("scan_id", required=True),
        Column("system_id", doc="system of inventory/systems.csv"),
        Column("root", doc="folder that was walked", required=True),
        Column("started_at", "instant", required=True),
        Column("finished_at", "instant"),
        Column("complete", "boolean", "the walk reached its end", required=True),
        Column("files", "integer", "files seen"),
        Column("unreadable", "integer", "files that could not be opened"),
    ),
)

DICOM_FILES = Table(
    name="dicom_files",
    doc="One row per file of an image store: its class, and which identifying attributes it carries. "
    "Never their values.",
    place="dicom/**",
    lazy=True,
    key=("scan_id", "path"),
    ask="riskkit collect dicom ROOT --system SYSTEM on the archive's file server",
    columns=(
        Column("scan_id", required=True),
        Column("system_id"),
        Column("path", doc="relative to the root of the scan", required=True, phi=True),
        Column("size_bytes", "integer", unit="byte"),
        Column(
            "file_class",
            doc="dicom, orthanc-zlib, encrypted-cms, signed-cms, container-gzip, high-entropy-unknown, "
            "other, symlink, unreadable ...",
            required=True,
        ),
        Column(
            "readable",
            doc="can anyone with the file read it; no only where the format proves encryption",
            required=True,
            values=("yes", "no", "unknown"),
        ),
        Column(
            "cipher", doc="content cipher, where the envelope tells: AES-256-CBC, 3DES-CBC, ZipCrypto ..."
        ),
        Column("sop_class_uid", doc="SOPClassUID"),
        Column("modality", doc="Modality"),
        Column("transfer_syntax_uid", doc="TransferSyntaxUID"),
        Column("direct_identifiers", "integer", "direct identifiers that are present and not empty"),
        Column(
            "quasi_identifiers",
            "integer",
            "dates, institutions, UIDs and free text that are present",
        ),
        Column("keywords", doc="DICOM keywords of the identifying attributes present, joined by |"),
        Column("safe_harbor", doc="letters of 164.514(b)(2)(i) that those map to, joined by |"),
        Column("identity_removed", doc="PatientIdentityRemoved as claimed", values=("YES", "NO")),
        Column(
            "burned_in_annotation",
            doc="BurnedInAnnotation; empty is unknown, never NO",
            values=("YES", "NO"),
        ),
        Column("private_tags", "integer", "private data elements"),
        Column("error", doc="why the file could not be read"),
    ),
)

TABLES = (STORAGE_ASSETS, DICOM_SCANS, DICOM_FILES)
