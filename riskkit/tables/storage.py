"""Where images rest, whether that place is encrypted, and what the files themselves give away."""

from __future__ import annotations

from riskkit.tables.schema import Column, Table

KINDS = ("volume", "database", "bucket", "tape", "device", "backup", "vault", "swap")
"""A vault holds copies, each of which says for itself whether it is encrypted; a backup is one place."""

TIERS = ("online", "nearline", "backup", "media", "database")
"""Online is what systems work with; media are tapes, discs, laptops and all else that is carried."""

STORAGE_ASSETS = Table(
    name="storage_assets",
    doc="Volumes, databases, buckets, tapes and devices with their encryption at rest.",
    place="storage/assets.csv",
    canonical=True,
    key=("asset_id",),
    ask="lsblk -J -b -o NAME,KNAME,PATH,TYPE,FSTYPE,FSVER,SIZE,MOUNTPOINTS,UUID,PKNAME,PARTTYPE,RO,RM of "
    "every host that stores images; what other systems export stands in docs/storage-exports.md; "
    "storage/assets.csv for everything else",
    columns=(
        Column("asset_id", doc="unique name: host and mount point, bucket, barcode", required=True),
        Column("system_id", doc="system of inventory/systems.csv, or one of its aliases"),
        Column("kind", required=True, values=KINDS),
        Column("mountpoint"),
        Column("holds_phi", "boolean", "empty when unknown"),
        Column("size_bytes", "integer", unit="byte"),
        Column("encrypted", doc="a missing statement is unknown, never no",
               required=True, values=("yes", "no", "unknown")),
        Column("method", doc="cipher, its length and mode, as AES-256-GCM or BitLocker XTS-AES 256, or the "
               "cloud's own name, as aws:kms. A product alone, and words beside the cipher that are not "
               "understood, do not tell how strong it is"),
        Column("key_bits", "integer", "of the cipher; the second key of XTS is not counted", unit="bit"),
        Column("kdf", doc="how a passphrase becomes the key: argon2id ..., pbkdf2-sha256 1000 iterations"),
        Column("key_manager"),
        Column("key_location", doc="where the key lies; with the data it protects nothing. Apart from it is "
               "what is written as KMS, HSM, key server, key service, key vault or TPM with PIN, as another "
               "server, account or site, as the ARN or resource name of a key in a cloud, or as another "
               "system of systems.csv (SYSTEM or SYSTEM:/path). All else is unknown, or with the data"),
        Column("key_last_rotated", "date"),
        Column("reason", doc="why encrypted is unknown, or why what looks encrypted is not"),
        Column("container", doc="encrypted container that the place lies in (luks-UUID), whose header may "
               "stand in a row of its own"),
        Column("key_id", doc="the key's name in encryption_keys"),
        Column("immutable", doc="what lies there cannot be altered before its end of retention",
               values=("yes", "no", "unknown")),
        Column("immutable_from", "instant", "when nobody can take that lock away any more, if that is later"),
        Column("tier", doc="by kind where it is empty", values=TIERS),
        Column("phi_bytes", "integer", "of its size, what is ePHI; all of it where it is empty", unit="byte"),
        Column("studies", "integer", "studies that lie there"),
        Column("device", doc="device or host that would be carried away; the system where it is empty"),
        Column("provider", doc="cloud provider that keeps it; empty for own premises"),
        Column("evidence_date", "date", "when this was seen, where that was before the export"),
    ),
)  # fmt: skip

STORAGE_EXPOSURES = Table(
    name="storage_exposures",
    doc="Who beyond the organisation can reach storage in a cloud, and whether reading there is recorded.",
    place="storage/exposures.csv",
    canonical=True,
    key=("asset_id", "question", "asked"),
    ask="of each bucket aws s3api get-bucket-policy-status, get-public-access-block, get-bucket-acl, "
    "get-bucket-policy and get-bucket-logging, of each snapshot aws ec2 describe-snapshot-attribute; "
    "Prowler's findings; storage/exposures.csv for other providers",
    columns=(
        Column("asset_id", doc="bucket, container or snapshot, as storage_assets names it", required=True),
        Column("asked", doc="the command or check that answered", required=True),
        Column("question", required=True, doc="public: anybody can read it; shared_outside: other accounts "
               "can; object_logging: reads and writes of objects are recorded",
               values=("public", "shared_outside", "object_logging")),
        Column("answer", doc="a missing statement is unknown", required=True,
               values=("yes", "no", "unknown")),
        Column("system_id", doc="system of inventory/systems.csv, or one of its aliases"),
        Column("provider", doc="cloud provider that keeps it"),
        Column("shared_with", doc="accounts outside, joined by ;"),
        Column("detail", doc="why the answer is what it is"),
    ),
)  # fmt: skip

ENCRYPTION_KEYS = Table(
    name="encryption_keys",
    doc="Keys of a key service, with what is known of their rotation. Never a key itself.",
    place="storage/keys.csv",
    canonical=True,
    key=("key_id", "asked"),
    ask="aws kms describe-key and aws kms get-key-rotation-status of every key that storage or backups "
    "use; storage/keys.csv for other key services",
    columns=(
        Column("key_id", doc="as storage_assets names it", required=True),
        Column("asked", doc="what the service was asked, where one answer does not hold all: key, rotation"),
        Column("key_manager", doc="who manages it: the customer, or the provider", required=True,
               values=("customer", "provider", "unknown")),
        Column("key_usage", doc="ENCRYPT_DECRYPT, SIGN_VERIFY ..."),
        Column("key_spec", doc="SYMMETRIC_DEFAULT, RSA_2048 ..."),
        Column("key_origin", doc="AWS_KMS, EXTERNAL, AWS_CLOUDHSM ..."),
        Column("key_state", doc="Enabled, Disabled, PendingDeletion ..."),
        Column("rotation_enabled", doc="the service replaces it by itself",
               values=("yes", "no", "unknown")),
        Column("rotation_days", "integer", "days between two rotations", unit="day"),
        Column("key_created_on", "date"),
        Column("key_last_rotated", "date"),
    ),
)  # fmt: skip

DICOM_SCANS = Table(
    name="dicom_scans",
    doc="Walks of an image store: what was walked, when, and whether the walk reached its end.",
    place="dicom/**",
    key=("scan_id",),
    ask="riskkit collect dicom ROOT --system SYSTEM --out PACK/dicom on the archive's file server",
    columns=(
        Column("scan_id", required=True),
        Column("system_id", doc="system of inventory/systems.csv"),
        Column("root", doc="folder that was walked", required=True),
        Column("started_at", "instant", required=True),
        Column("finished_at", "instant"),
        Column("complete", "boolean", "the walk reached its end", required=True),
        Column("files", "integer", "files seen"),
        Column("unreadable", "integer", "files that could not be opened"),
        Column(
            "files_read", "integer", "files that were read; the others had not changed since a walk before"
        ),
        Column("bytes_read", "integer", unit="byte"),
        Column("digest_key", doc="stands for the key of the digests; empty: none were made"),
        Column("restored_copy", "boolean", "the root is a restored copy of the system's store"),
    ),
)

DICOM_FILES = Table(
    name="dicom_files",
    doc="One row per file of an image store: its class, and which identifying attributes it carries. "
    "Never their values.",
    place="dicom/**",
    lazy=True,
    key=("scan_id", "path"),
    ask="riskkit collect dicom ROOT --system SYSTEM --out PACK/dicom on the archive's file server",
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
        Column("encrypted_attributes", "boolean", "holds EncryptedAttributesSequence (PS3.15 E.1.1)"),
        Column("attributes_cipher", doc="ciphers of its messages, joined by |: as in cipher, none (signed at "
               "most) or unknown"),
        Column("digital_signatures", doc="holds DigitalSignaturesSequence (PS3.15 C), not verified; "
               "empty: not looked for behind the pixel data", values=("yes", "no")),
        Column("instance_digest", doc="keyed digest of SOPInstanceUID"),
        Column("header_digest", doc="keyed digest of the data set up to the pixel data"),
        Column("pixel_digest", doc="keyed digest of the pixel data and what follows"),
        Column("year", "integer", "year in which it was stored, where the folders of its path tell it"),
        Column("error", doc="why the file could not be read"),
    ),
)  # fmt: skip

SAMPLED_SCANS = Table(
    name="sampled_scans",
    doc="Random samples of image stores, by stratum, and how many of what was drawn gave a patient away. The "
    "files of a study are alike: draw whole studies and count studies.",
    place="dicom/sampled_scans.csv",
    canonical=True,
    key=("sample_id", "stratum"),
    ask="where a store is too big to be walked: of each stratum (root, year, modality) the number of "
    "studies, how many were drawn at random, and in how many of these any file is readable and has direct "
    "identifiers; or the same of files, if they were drawn one by one",
    columns=(
        Column("sample_id", required=True),
        Column("system_id", doc="system of inventory/systems.csv, or one of its aliases"),
        Column("stratum", doc="root, year and modality, such as /data 2021 CT", required=True),
        Column("files", "integer", "files of the stratum, or studies", required=True),
        Column("sampled", "integer", "of them drawn at random, each with the same chance", required=True),
        Column("exposed", "integer", "of these readable with direct identifiers", required=True),
        Column("sampled_on", "date"),
        Column("unit", doc="what was drawn and is counted: file: one by one, from all of the stratum; study: "
               "whole studies; empty is files, how they were drawn is not told", values=("file", "study")),
    ),
)  # fmt: skip

EXPLAINED_CHANGES = Table(
    name="explained_changes",
    doc="Why stored images have other bytes than before: one row per comparison of two walks that "
    "integrity.image_changed failed, with as many images as it counted.",
    place="dicom/explained_changes.csv",
    canonical=True,
    key=("root", "walk_before", "walk_after"),
    apart=("explained_by", "checked_by"),
    ask="of each change of stored images that a comparison of two walks found: how many images, what changed "
    "them (correction, migration, repair), where that is documented, who explained it and who checked it",
    columns=(
        Column("root", doc="folder that was walked, as the finding names it", required=True),
        Column("walk_before", doc="scan_id of the earlier walk", required=True),
        Column("walk_after", doc="scan_id of the later one", required=True),
        Column("pixels", "integer", "images with other pixel data that this explains", required=True),
        Column("headers", "integer", "images with another header only that this explains", required=True),
        Column("reason", doc="what changed them; no names", required=True),
        Column("document", doc="ticket, change or audit trail that shows it", required=True, proof=True),
        Column("explained_by", doc="role or person", required=True, phi=True),
        Column("checked_by", doc="somebody else than who explained it", required=True, phi=True),
        Column("explained_on", "date", required=True),
    ),
)

TABLES = (
    STORAGE_ASSETS, STORAGE_EXPOSURES, ENCRYPTION_KEYS, DICOM_SCANS, DICOM_FILES, SAMPLED_SCANS,
    EXPLAINED_CHANGES,
)  # fmt: skip
