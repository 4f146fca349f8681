"""Files that claim to be de-identified and still carry direct identifiers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.image_stores import Store, counted, image_stores
from riskkit.derived.trail import first_rows, flag
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.words import be, none_of, out_of


@check(
    id="encryption.deidentification_contradicted",
    title="Files that claim to be de-identified carry no direct identifiers",
    question="Which files say PatientIdentityRemoved YES and still carry direct identifiers?",
    subject="files",
    controls=("45 CFR 164.514(a)", "45 CFR 164.514(b)(2)"),
    severity="medium",
    method="TEST",
    remediation="Look at the values in question; unless they are pseudonyms, treat the files as ePHI and "
    "correct the de-identification profile.",
    look_first="Whether PatientName and PatientID hold pseudonyms, and which tool set "
    "PatientIdentityRemoved.",
    usual_cause="A tool sets the flag and empties only the attributes that its profile lists.",
)
def encryption_deidentification_contradicted(
    dicom_files: nw.LazyFrame[Any],
    dicom_scans: nw.LazyFrame[Any],
    systems: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per image store and kind of file, on the latest complete walk.

    An identifier that is present may be a pseudonym: the verdict asks for a look at it.
    """
    claims = nw.col("identity_removed").fill_null("NO") == "YES"
    pixels_unknown = nw.col("burned_in_annotation").fill_null("unknown") != "NO"
    counts = counted(
        dicom_files,
        image_stores(dicom_scans, systems, at),
        claims=flag(claims),
        contradicted=flag(claims & (nw.col("direct_identifiers").fill_null(0) > 0)),
        unclear=flag(claims & nw.col("direct_identifiers").is_null()),
        pixels=flag(claims & pixels_unknown),
    )
    for store, kinds in counts:
        if unseen := store.unseen(bool(kinds)):
            yield unseen
            continue
        for kind, found in kinds.items():
            yield _verdict(store, kind, found)


def _verdict(store: Store, kind: str, found: list[Any]) -> Verdict:
    files, claims, contradicted, unclear, pixels = (
        sum(int(getattr(row, name)) for row in found)
        for name in ("files", "claims", "contradicted", "unclear", "pixels")
    )
    result, message = _judged(files, claims, contradicted, unclear)
    seen = f" Burned-in text is not ruled out in {pixels} of them." if pixels else ""
    return Verdict(
        subject=f"{store.root} {kind}",
        result=result,
        message=message + seen,
        observed=f"{out_of(contradicted, claims, 'file')} {be(claims, 'that claims it', 'that claim it')}",
        expected="0 files",
        scope=store.scope,
        rows=(
            first_rows(
                [(row.source, row.key) for row in found if row.claims],
                claims,
                "identity_removed = 'YES' in files of this store and kind",
                "dicom_files",
            ),
            Rows.of("dicom_scans", [store.scan]),
        ),
    )


def _judged(files: int, claims: int, contradicted: int, unclear: int) -> tuple[Result, str]:
    if not claims:
        claims_it = "to be de-identified."
        return "NA", none_of(files, "file", f"claims {claims_it}", f"does not claim {claims_it}")
    told = be(claims, "file that claims to be de-identified", "files that claim to be de-identified")
    if contradicted:
        return (
            "FAIL",
            f"{contradicted:,} of {claims:,} {told} {be(contradicted, 'carries', 'carry')} direct "
            "identifiers.",
        )
    if unclear:
        return (
            "UNKNOWN",
            f"Of {unclear:,} of {claims:,} {told} the attributes are not known.",
        )
    what = "a direct identifier."
    file = f"file that {be(claims, 'claims', 'claim')} to be de-identified"
    return "PASS", none_of(claims, file, f"carries {what}", f"does not carry {what}")
