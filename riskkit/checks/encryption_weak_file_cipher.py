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
from riskkit.words import be, count

WEAK = re.compile(r"(?i)(?<![a-z0-9])(?:3des|des3|des|rc2|rc4|zipcrypto|blowfish|cast5|idea)(?![a-z0-9])")
"""Blocks of 64 bits, or no protection: withdrawn or never approved (NIST SP 800-131A revision 2)."""


@check(
    id="encryption.weak_file_cipher",
    title="Encrypted files use strong ciphers",
    question="Which encrypted files or attributes of image stores use 3DES, ZipCrypto or a cipher as weak?",
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
    """One verdict per image store and cipher, on the latest complete walk.

    Whole files that are encrypted, and readable ones with encrypted attributes (PS3.15 E.1), of which the
    weakest message counts; other readable files have none.
    """
    stores = [store for store in image_stores(dicom_scans, systems, at) if store.scan is not None]
    if not stores:
        return
    scans = [store.scan.scan_id for store in stores if store.scan is not None]
    files = dicom_files.filter(nw.col("scan_id").is_in(scans))
    whole = files.filter(nw.col("readable") == "no")
    inside = files.filter(nw.col("readable") != "no", nw.col("encrypted_attributes").fill_null(nw.lit(False)))
    for store, cipher, counts in _by_store(whole, stores):
        yield _verdict(store, cipher, counts, _of_files(sum(row.files for row in counts), cipher), "")
    for store, cipher, counts in _by_store(inside.with_columns(cipher=nw.col("attributes_cipher")), stores):
        judged = _of_attributes(sum(row.files for row in counts), cipher)
        yield _verdict(store, cipher, counts, judged, "attributes ")


def _by_store(files: nw.LazyFrame[Any], stores: list[Store]) -> Iterator[tuple[Store, str, list[Any]]]:
    counted = (
        files.with_columns(key=row_key())
        .group_by("scan_id", "cipher", "source")
        .agg(nw.len().alias("files"), nw.col("key").min())
        .sort("scan_id", "cipher", "source")
    )
    found: dict[str, dict[str, list[Any]]] = {}
    for row in records(counted):
        found.setdefault(row.scan_id, {}).setdefault(row.cipher or "", []).append(row)
    for store in stores:
        for cipher, counts in found.get(store.scan.scan_id if store.scan else "", {}).items():
            yield store, cipher, counts


def _of_files(files: int, cipher: str) -> tuple[Result, str]:
    if not cipher:
        return "UNKNOWN", f"Of {count(files, 'encrypted file')} the envelope does not tell the cipher."
    told = f"{count(files, 'file')} {be(files)} encrypted by {cipher}"
    if WEAK.search(cipher):
        return "FAIL", f"{told}, which is weak."
    return "PASS", f"{told}, not known to be weak."


def _of_attributes(files: int, ciphers: str) -> tuple[Result, str]:
    told = ciphers.split("|") if ciphers else ["unknown"]
    if "none" in told:
        return "FAIL", (
            f"{count(files, 'file')} {be(files, 'holds', 'hold')} as encrypted attributes messages that "
            "anybody can read."
        )
    if WEAK.search(ciphers):
        return "FAIL", (
            f"Attributes of {count(files, 'file')} are encrypted by {ciphers}, of which one is weak."
        )
    if "unknown" in told:
        return "UNKNOWN", (
            f"Of encrypted attributes of {count(files, 'file')} the message does not tell the cipher."
        )
    return "PASS", f"Attributes of {count(files, 'file')} are encrypted by {ciphers}, not known to be weak."


def _verdict(store: Store, cipher: str, counts: list[Any], judged: tuple[Result, str], what: str) -> Verdict:
    files = sum(row.files for row in counts)
    shown = f"{what}{cipher or 'cipher not told'}"
    keys = [(row.source, row.key) for row in counts]
    return Verdict(
        subject=f"{store.root} {shown}",
        result=judged[0],
        message=judged[1],
        observed=f"{count(files, 'file')}, {shown}",
        expected="AES",
        scope=store.scope,
        rows=(
            first_rows(keys, files, "files of this store and cipher", "dicom_files"),
            Rows.of("dicom_scans", [store.scan]),
        ),
    )
