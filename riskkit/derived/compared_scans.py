"""Two walks of image stores, instance by instance: what is gone, and what is no longer the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from riskkit.derived.inventory import system_of
from riskkit.derived.trail import first_rows, flag, row_key
from riskkit.model import Moment, Rows
from riskkit.tables import records


@dataclass(frozen=True, slots=True)
class Compared:
    """Instances of one walk: how many, how many the other one lacks, and how many differ there.

    `pixels` counts those whose pixel data differ, `headers` those of which only the header does; `rows`
    are the first files of the instances that differ.
    """

    instances: int
    absent: int
    pixels: int
    headers: int
    rows: Rows


def digested_scans(
    dicom_scans: Any, names: Mapping[str, str], at: Moment, *, restored: bool
) -> dict[tuple[str, str], list[Any]]:
    """Complete walks with digests that ended before `as_of`, by system and root, the latest first.

    `restored` asks for walks of restored copies, else for those of the stores themselves.
    """
    found: dict[tuple[str, str], list[Any]] = {}
    for scan in records(dicom_scans):
        whole = scan.complete and scan.digest_key and (scan.finished_at or scan.started_at) < at.as_of
        if whole and bool(scan.restored_copy) == restored:
            found.setdefault((system_of(scan.system_id, names), scan.root), []).append(scan)
    for scans in found.values():
        scans.sort(key=lambda scan: (scan.finished_at or scan.started_at, scan.scan_id), reverse=True)
    return found


def compared(dicom_files: nw.LazyFrame[Any], scan: Any, other: Any) -> Compared:
    """Compare the instances of a walk with those of another one that was made with the same key."""
    mine, theirs = _instances(dicom_files, scan.scan_id), _instances(dicom_files, other.scan_id)
    theirs = theirs.select("instance_digest", *(nw.col(name).alias(f"{name}_there") for name in _BOTH))
    absent = nw.col("header_first_there").is_null()
    pixels = ~absent & _differ("pixel")
    headers = ~absent & ~pixels & _differ("header")
    counted = (
        mine.join(theirs, on="instance_digest", how="left")
        .with_columns(absent=flag(absent), pixels=flag(pixels), headers=flag(headers))
        .with_columns(differs=nw.col("pixels") + nw.col("headers"))
        .with_columns(shown=nw.when(nw.col("differs") > 0).then(nw.col("key")))
        .group_by("source")
        .agg(
            nw.len().alias("instances"),
            nw.col("absent").sum(),
            nw.col("pixels").sum(),
            nw.col("headers").sum(),
            nw.col("shown").min(),
        )
        .sort("source")
    )
    found = list(records(counted))
    sums = {
        name: sum(int(getattr(row, name)) for row in found)
        for name in ("instances", "absent", "pixels", "headers")
    }
    keys = [(row.source, row.shown) for row in found if row.shown is not None]
    differing = sums["pixels"] + sums["headers"]
    return Compared(**sums, rows=first_rows(keys, differing, "instances with other digests", "dicom_files"))


# An instance may lie in several files; their digests are taken as a set.
_BOTH = ("header_first", "header_last", "pixel_first", "pixel_last")


def _differ(part: str) -> nw.Expr:
    first, last = f"{part}_first", f"{part}_last"
    return (nw.col(first) != nw.col(f"{first}_there")) | (nw.col(last) != nw.col(f"{last}_there"))


def _instances(dicom_files: nw.LazyFrame[Any], scan_id: str) -> nw.LazyFrame[Any]:
    return (
        dicom_files.filter(
            nw.col("scan_id") == scan_id,
            ~nw.col("instance_digest").is_null(),
            ~nw.col("header_digest").is_null(),
        )
        .with_columns(key=row_key())
        .group_by("instance_digest")
        .agg(
            nw.col("header_digest").min().alias("header_first"),
            nw.col("header_digest").max().alias("header_last"),
            nw.col("pixel_digest").min().alias("pixel_first"),
            nw.col("pixel_digest").max().alias("pixel_last"),
            nw.col("source").min(),
            nw.col("key").min(),
        )
        .with_columns(nw.col("pixel_first").fill_null(""), nw.col("pixel_last").fill_null(""))
    )
