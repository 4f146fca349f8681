"""Images at rest that tell whose they are to anyone who can open the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.image_stores import Store, counted, image_stores, place_of, places_of_images
from riskkit.derived.trail import first_rows, flag
from riskkit.model import Moment, Result, Rows, Severity, Verdict
from riskkit.words import be, none_of, out_of

AT_REST = "45 CFR 164.312(a)(2)(iv)"
ACCESS = "45 CFR 164.312(a)(1)"
SEVERITY: dict[str, Severity] = {"yes": "medium", "unknown": "high", "no": "critical"}
"""By whether the place is encrypted: with it, a stolen disk gives nothing away."""


@check(
    id="encryption.readable_identifiers",
    title="Image files at rest do not name patients to everyone who can open them",
    question="Which stored files can be read without a key and carry direct identifiers?",
    subject="files",
    controls=(AT_REST, ACCESS),
    severity="medium",
    worst="critical",
    method="TEST",
    remediation="Encrypt the place where the files rest, and restrict who can log in to the host and "
    "open its shares.",
    look_first="Which accounts, shares and backups reach the folder, past the archive's own log-in.",
    usual_cause="Archives store DICOM files as they come and leave encryption to the storage below.",
    expects=("archive",),
)
def encryption_readable_identifiers(
    dicom_files: nw.LazyFrame[Any],
    dicom_scans: nw.LazyFrame[Any],
    storage_assets: nw.LazyFrame[Any] | None,
    systems: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per image store and one per kind of file in it, on the latest complete walk.

    Two threats, two kinds of verdict. Whoever can open the host's folders reads such a file whatever
    lies below it: that is said of each kind of file and bears on access control. Whoever carries the
    medium away reads it unless the place is encrypted: that is said of the store as a whole and
    bears on encryption at rest.
    """
    readable = nw.col("readable") == "yes"
    counts = counted(
        dicom_files,
        image_stores(dicom_scans, systems, at),
        exposed=flag(readable & (nw.col("direct_identifiers").fill_null(0) > 0)),
        unclear=flag((nw.col("readable") == "unknown") | (readable & nw.col("direct_identifiers").is_null())),
    )
    places = places_of_images(storage_assets, systems)
    for store, kinds in counts:
        if unseen := store.unseen(bool(kinds)):
            yield unseen
            continue
        encrypted = place_of(store, places)
        yield _of_store(store, [row for found in kinds.values() for row in found], encrypted)
        for kind, found in kinds.items():
            yield _of_kind(store, kind, found, encrypted)


def _of_store(store: Store, found: list[Any], encrypted: str) -> Verdict:
    files, exposed, unclear = _sums(found)
    told = f"{out_of(exposed, files, 'file')} {be(exposed, 'carries', 'carry')}"
    facts = f"{told} direct identifiers in the clear"
    result: Result
    if not exposed and not unclear:
        result, message = "PASS", f"{facts}."
    elif encrypted == "yes":
        result, message = (
            "PASS",
            f"{facts}; their place is encrypted, so a stolen medium alone shows nothing.",
        )
    elif encrypted == "no" and exposed:
        result, message = "FAIL", f"{facts}, and their place is not encrypted."
    else:
        unread = f"; {unclear:,} could not be judged" if unclear else ""
        result, message = "UNKNOWN", f"{facts}{unread}, and no evidence shows that their place is encrypted."
    return Verdict(
        subject=store.root,
        result=result,
        message=message,
        observed=f"{out_of(exposed, files, 'file')}, place encrypted: {encrypted}",
        expected="no file in the clear, or an encrypted place",
        scope=store.scope,
        controls=(AT_REST,),
        severity="critical",
        rows=_rows(store, found, files),
    )


def _of_kind(store: Store, kind: str, found: list[Any], encrypted: str) -> Verdict:
    files, exposed, unclear = _sums(found)
    result: Result
    if exposed:
        result, message = (
            "FAIL",
            f"{out_of(exposed, files, 'file')} {be(exposed, 'carries', 'carry')} direct identifiers, "
            "readable to anyone who has access to the host.",
        )
    elif unclear:
        result, message = (
            "UNKNOWN",
            f"Of {out_of(unclear, files, 'file')} it is not known whether anyone can read them.",
        )
    else:
        result, message = (
            "PASS",
            none_of(
                files,
                "file",
                "can be read and carries direct identifiers.",
                "cannot be read, or carries no direct identifiers.",
            ),
        )
    return Verdict(
        subject=f"{store.root} {kind}",
        result=result,
        message=message,
        observed=out_of(exposed, files, "file"),
        expected="0 files",
        scope=store.scope,
        controls=(ACCESS,),
        severity=SEVERITY[encrypted],
        rows=_rows(store, found, files),
    )


def _sums(found: list[Any]) -> tuple[int, int, int]:
    """Files, of them exposed, of them unclear."""
    return (
        sum(row.files for row in found),
        sum(int(row.exposed) for row in found),
        sum(int(row.unclear) for row in found),
    )


def _rows(store: Store, found: list[Any], files: int) -> tuple[Rows, ...]:
    keys = [(row.source, row.key) for row in found]
    scan = Rows.of("dicom_scans", [store.scan])
    return first_rows(keys, files, "files of this store and kind", "dicom_files"), scan
