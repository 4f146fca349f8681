"""Files that are encrypted one by one with a cipher that gives less than it seems."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.image_stores import Store, image_stores
from riskkit.derived.trail import first_rows, row_key
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records

WEAK = re.compile(r"(?i)(?<![a-z0-9])(?:3des|des3|des|rc2|rc4|zipcrypto|blowfish|cast5|idea)(?![a-z0-9])")
"""Blocks of 64 bits, or no protection: withdrawn or never approved (NIST SP 800-131A revision 2)."""


@check(
    id="encryption.weak_file_cipher",
    title="Encrypted files use strong ciphers",
    question="Which encrypted files of image stores use 3DES, RC2, ZipCrypto or another weak cipher?",
    subject="files",
    controls=("45 CFR 164.312(a)(2)(iv)",),
    severity="medium",
    method="TEST",
    remediation="Encrypt the files anew with AES, and destroy the earlier ones.",
    look_first="Which export or media profile wrote them, and whether copies were given out.",
    usual_cause="The tool that writes media and exports keeps its old default.",
)
def encryption_weak_file_cipher(
    dicom_files: nw.LazyFrame[Any],
    dicom_scans: nw.LazyFrame[Any],
    systems: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per image store and cipher, on the latest complete walk; readable files have none."""
    stores = [store for store in image_stores(dicom_scans, systems, at) if store.scan is not None]
    found: dict[str, dict[str, list[Any]]] = {}
    for row in records(_counted(dicom_files, stores)) if stores else ():
        found.setdefault(row.scan_id, {}).setdefault(row.cipher or "", []).append(row)
    for store in stores:
        for cipher, counts in found.get(store.scan.scan_id if store.scan else "", {}).items():
            yield _verdict(store, cipher, counts)


def _counted(dicom_files: nw.LazyFrame[Any], stores: list[Store]) -> nw.LazyFrame[Any]:
    scans = [store.scan.scan_id for store in stores if store.scan is not None]
    return (
        dicom_files.filter(nw.col("scan_id").is_in(scans), nw.col("readable") == "no")
        .with_columns(key=row_key())
        .group_by("scan_id", "cipher", "source")
        .agg(nw.len().alias("files"), nw.col("key").min())
        .sort("scan_id", "cipher", "source")
    )


def _verdict(store: Store, cipher: str, counts: list[Any]) -> Verdict:
    files = sum(row.files for row in counts)
    result: Result
    if not cipher:
        result, message = "UNKNOWN", f"Of {files} encrypted files the envelope does not tell the cipher."
    elif WEAK.search(cipher):
        result, message = "FAIL", f"{files} files are encrypted by {cipher}, which is weak."
    else:
        result, message = "PASS", f"{files} files are encrypted by {cipher}, not known to be weak."
    keys = [(row.source, row.key) for row in counts]
    return Verdict(
        subject=f"{store.root} {cipher or 'cipher not told'}",
        result=result,
        message=message,
        observed=f"{files} files, {cipher or 'cipher not told'}",
        expected="AES",
        scope=store.scope,
        rows=(
            first_rows(keys, files, "files of this store and cipher", "dicom_files"),
            Rows.of("dicom_scans", [store.scan]),
        ),
    )
