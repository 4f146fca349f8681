"""Where images rest, whether that place is encrypted, and what the files would give away."""

from __future__ import annotations

from collections import Counter
from typing import Any

import narwhals as nw

from riskkit.model import Assessment
from riskkit.tables import records
from riskkit.views.findings import missing
from riskkit.views.html import Html, join, paragraph
from riskkit.views.scope import in_view, inventory, present
from riskkit.views.tables import rows, table
from riskkit.views.wording import day
from riskkit.words import age, be, count, percent, size

_ORDER = ("yes", "unknown", "no")
_SIGNS = {"yes": "✓ yes", "unknown": "? unknown", "no": "✗ no"}


def assets(assessment: Assessment) -> Html:
    """Every asset that holds or may hold ePHI, those not encrypted first."""
    if not present(assessment, "storage_assets"):
        return missing(assessment, "storage_assets")
    known = inventory(assessment)
    found = sorted(
        _assets(assessment), key=lambda a: (-_ORDER.index(a.encrypted), -(a.size_bytes or 0), a.asset_id)
    )
    frame = rows(
        (
            {
                "asset": asset.asset_id,
                "system": known.label(asset.system_id),
                "kind": asset.kind,
                "holds ePHI": {True: "yes", None: "unknown"}.get(asset.holds_phi),
                "size": size(asset.size_bytes) if asset.size_bytes else None,
                "encrypted": _SIGNS[asset.encrypted],
                "how": asset.method,
                "key": " ".join(filter(None, [asset.key_manager, asset.key_location])) or None,
                "why unknown": asset.reason,
            }
            for asset in found
        ),
        ("asset", "system", "kind", "holds ePHI", "size", "encrypted", "how", "key", "why unknown"),
    )
    silent = [name for name in ("how", "key", "why unknown") if frame[name].isna().all()]
    return table(
        assessment, frame.drop(columns=silent), caption="Storage that holds or may hold ePHI",
        badges={"encrypted": "sign"}, numbers=("size",), limit=60,
        rest="All stand in the evidence.", empty="none is listed.",
    )  # fmt: skip


def scans(assessment: Assessment) -> Html:
    """The walks of image stores: which one counts, whether it reached its end, and how old it is."""
    if not present(assessment, "dicom_scans"):
        return missing(assessment, "dicom_scans")
    known, counting = inventory(assessment), {scan.scan_id for scan in _counting(assessment)}
    frame = rows(
        (
            {
                "system": known.name(scan.system_id),
                "root": scan.root,
                "finished": scan.finished_at and day(assessment, scan.finished_at),
                "age": scan.finished_at and age(assessment.moment.age_days(scan.finished_at)),
                "files": scan.files,
                "not readable": scan.unreadable,
                "state": "✓ counts"
                if scan.scan_id in counting
                else "superseded"
                if scan.complete
                else "? did not reach its end",
            }
            for scan in sorted(
                records(assessment.table("dicom_scans")), key=lambda s: (s.system_id or "", s.started_at)
            )
            if in_view(assessment, known, scan.system_id)
        ),
        ("system", "root", "finished", "age", "files", "not readable", "state"),
    )
    return table(
        assessment, frame, caption="Walks of image stores", badges={"state": "sign"}, empty="none was made."
    )


def files(assessment: Assessment) -> Html:
    """The files of the latest complete walks, by class, and whether anyone who holds a file can read it."""
    if not present(assessment, "dicom_scans", "dicom_files"):
        return missing(assessment, "dicom_scans", "dicom_files")
    found = list(
        records(
            _current(assessment)
            .group_by("file_class", "readable")
            .agg(files=nw.len(), bytes=nw.col("size_bytes").sum())
        )
    )
    total = sum(row.files for row in found)
    if not total:
        return paragraph(
            "No complete walk of an image store lies before the end of the period: nothing is known of files."
        )
    ordered = sorted(found, key=lambda row: (-row.files, row.file_class))
    by_answer = Counter[str]()
    for row in found:
        by_answer[row.readable] += row.files
    told = (
        f"Of {count(total, 'file')}, {by_answer['no']:,} {be(by_answer['no'])} encrypted "
        f"({percent(by_answer['no'], total)}), {by_answer['unknown']:,} {be(by_answer['unknown'])} of "
        f"unknown content and {by_answer['yes']:,} can be read by anyone who holds them."
    )
    frame = rows(
        (
            {
                "class": row.file_class.replace("-", " "),
                "readable by anyone": row.readable,
                "files": row.files,
                "share": percent(row.files, total),
                "bytes": size(row.bytes) if row.bytes else None,
            }
            for row in ordered
        ),
        ("class", "readable by anyone", "files", "share", "bytes"),
    )
    note = (
        "That a file is readable is usual in an archive: then the volume below it, and who may log in to "
        "its host, protect it."
    )
    return join(
        [
            paragraph(told),
            table(
                assessment,
                frame,
                caption="Files of the latest complete walks",
                numbers=("share", "bytes"),
                note=note,
            ),
        ]
    )


def identifiers(assessment: Assessment) -> Html:
    """Which identifying attributes the readable files carry; never their values."""
    if not present(assessment, "dicom_scans", "dicom_files"):
        return missing(assessment, "dicom_scans", "dicom_files")
    some = nw.col("direct_identifiers").fill_null(0) > 0
    claimed = nw.col("identity_removed").fill_null("") == "YES"
    unknown_pixels = nw.col("burned_in_annotation").is_null()
    found = next(
        records(
            _current(assessment)
            .filter(nw.col("readable") == "yes")
            .select(
                files=nw.len(),
                direct=_sum(some),
                quasi=_sum(~some & (nw.col("quasi_identifiers").fill_null(0) > 0)),
                claimed=_sum(claimed),
                contradicted=_sum(claimed & some),
                burned=_sum(nw.col("burned_in_annotation").fill_null("") == "YES"),
                unsaid=_sum(unknown_pixels),
                hidden=_sum(nw.col("encrypted_attributes").fill_null(nw.lit(False))),
                signed=_sum(nw.col("digital_signatures").fill_null("") == "yes"),
                unsigned=_sum(nw.col("digital_signatures").is_null()),
                private=_sum(nw.col("private_tags").fill_null(0) > 0),
            )
        )
    )
    if not found.files:
        return paragraph("No readable file was found, so no identifying attribute either.")
    frame = rows(
        (
            {"what the header holds": what, "files": number, "share": percent(number, found.files)}
            for what, number in (
                ("direct identifiers, such as PatientName or PatientID", found.direct),
                ("only indirect ones: dates, institutions, UIDs, free text", found.quasi),
                ("private elements, whose content is not known", found.private),
                ("claim that identity was removed (PatientIdentityRemoved = YES)", found.claimed),
                (
                    "that claim together with direct identifiers that are not empty, for review",
                    found.contradicted,
                ),
                ("text burned into the picture (BurnedInAnnotation = YES)", found.burned),
                ("no statement about burned-in text, which is unknown, not none", found.unsaid),
                ("encrypted copies of attributes (EncryptedAttributesSequence)", found.hidden),
                ("digital signatures, present but not verified here", found.signed),
                ("signatures not looked for: what stands behind the pixel data was not seen", found.unsigned),
            )
        ),
        ("what the header holds", "files", "share"),
    )
    return join(
        [
            table(
                assessment,
                frame,
                caption=f"Identifying attributes in {count(found.files, 'readable file')}",
                numbers=("share",),
            ),
            _keywords(assessment, found.files),
        ]
    )


def _keywords(assessment: Assessment, total: int) -> Html:
    """The attributes most often found, with the letter of the safe-harbour list."""
    per_set = records(
        _current(assessment)
        .filter((nw.col("readable") == "yes") & ~nw.col("keywords").is_null())
        .group_by("keywords")
        .agg(files=nw.len())
    )
    per_keyword = Counter[str]()
    for row in per_set:
        for keyword in filter(None, set(row.keywords.split("|"))):
            per_keyword[keyword] += row.files
    frame = rows(
        (
            {"attribute": keyword, "files": number, "share": percent(number, total)}
            for keyword, number in sorted(per_keyword.items(), key=lambda item: (-item[1], item[0]))
        ),
        ("attribute", "files", "share"),
    )
    return table(
        assessment, frame, caption="DICOM attributes that identify, by files that carry them",
        numbers=("share",), limit=15, empty="none was found.",
    )  # fmt: skip


def _assets(assessment: Assessment) -> list[Any]:
    known = inventory(assessment)
    return [
        asset
        for asset in records(assessment.table("storage_assets"))
        if asset.holds_phi is not False
        and asset.kind != "vault"  # its copies stand among the backups, each with its own encryption
        and in_view(assessment, known, asset.system_id)
    ]


def _counting(assessment: Assessment) -> list[Any]:
    """The latest complete walk of each root before the end of the period."""
    latest: dict[tuple[str | None, str], Any] = {}
    known = inventory(assessment)
    for scan in sorted(records(assessment.table("dicom_scans")), key=lambda scan: scan.started_at):
        if scan.complete and in_view(assessment, known, scan.system_id):
            latest[scan.system_id, scan.root] = scan
    return list(latest.values())


def _current(assessment: Assessment) -> nw.LazyFrame[Any]:
    names = [scan.scan_id for scan in _counting(assessment)]
    return assessment.lazy("dicom_files").filter(nw.col("scan_id").is_in(names))


def _sum(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).sum()
