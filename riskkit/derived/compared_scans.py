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


@dataclass(frozen=True, slots=True)
class Change:
    """Instances that have other digests in a walk than in the last one before it that saw them."""

    before: Any
    after: Any
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


def changes(dicom_files: nw.LazyFrame[Any], dicom_scans: nw.LazyFrame[Any], scans: list[Any]) -> list[Change]:
    """Every change between walks of one store that were made with one key, by the walks in between.

    Each instance is compared with the last walk before that saw it, so that one that was away for a while
    does not come back as another.
    """
    by_id = {scan.scan_id: scan for scan in scans}
    ends = dicom_scans.select("scan_id", ended=nw.coalesce("finished_at", "started_at")).unique("scan_id")
    walks = dicom_files.filter(nw.col("scan_id").is_in(list(by_id)))
    order = {"order_by": ["ended", "scan_id"]}
    earlier = {f"{name}_there": nw.col(name).shift(1).over("instance_digest", **order) for name in _BOTH}
    pixels = _differ("pixel")
    counted = (
        _instances_of(walks, "scan_id")
        .join(ends, on="scan_id", how="inner")
        .with_columns(before=nw.col("scan_id").shift(1).over("instance_digest", **order), **earlier)
        .filter(~nw.col("before").is_null())
        .with_columns(pixels=flag(pixels), headers=flag(~pixels & _differ("header")))
        .filter(nw.col("pixels") + nw.col("headers") > 0)
        .group_by("before", "scan_id", "source")
        .agg(nw.col("pixels").sum(), nw.col("headers").sum(), nw.col("key").min())
        .sort("before", "scan_id", "source")
    )
    found: dict[tuple[str, str], list[Any]] = {}
    for row in records(counted):
        found.setdefault((row.before, row.scan_id), []).append(row)
    return [
        _change(by_id[before], by_id[after], rows)
        for (before, after), rows in sorted(found.items(), key=lambda item: item[0][::-1])
    ]


def _change(before: Any, after: Any, rows: list[Any]) -> Change:
    pixels, headers = (sum(int(getattr(row, name)) for row in rows) for name in ("pixels", "headers"))
    keys = [(row.source, row.key) for row in rows]
    shown = first_rows(keys, pixels + headers, "instances with other digests", "dicom_files")
    return Change(before, after, pixels, headers, shown)


# An instance may lie in several files; their digests are taken as a set.
_BOTH = ("header_first", "header_last", "pixel_first", "pixel_last")


def _differ(part: str) -> nw.Expr:
    first, last = f"{part}_first", f"{part}_last"
    return (nw.col(first) != nw.col(f"{first}_there")) | (nw.col(last) != nw.col(f"{last}_there"))


def _instances(dicom_files: nw.LazyFrame[Any], scan_id: str) -> nw.LazyFrame[Any]:
    return _instances_of(dicom_files.filter(nw.col("scan_id") == scan_id))


def _instances_of(dicom_files: nw.LazyFrame[Any], *by: str) -> nw.LazyFrame[Any]:
    return (
        dicom_files.filter(~nw.col("instance_digest").is_null(), ~nw.col("header_digest").is_null())
        .with_columns(key=row_key())
        .group_by("instance_digest", *by)
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
