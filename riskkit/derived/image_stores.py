"""The image stores that were walked, and what the latest complete walk of each saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.trail import row_key
from riskkit.model import Moment
from riskkit.tables import records


@dataclass(frozen=True, slots=True)
class Store:
    """One root of one system; `scan` is its latest complete walk, None when there is none."""

    system: str
    root: str
    scan: Any | None
    walks: int

    @property
    def scope(self) -> str:
        """The system, else the root."""
        return self.system or self.root


def image_stores(dicom_scans: Any, systems: Any | None, at: Moment) -> list[Store]:
    """Every store with a walk that began before `as_of`, sorted by system and root."""
    names = system_names(systems)
    walks: dict[tuple[str, str], list[Any]] = {}
    for scan in records(dicom_scans):
        if scan.started_at < at.as_of:
            walks.setdefault((system_of(scan.system_id, names), scan.root), []).append(scan)
    return [Store(*key, _latest(found, at), len(found)) for key, found in sorted(walks.items())]


def counted(
    dicom_files: nw.LazyFrame[Any], stores: Sequence[Store], **flags: nw.Expr
) -> Mapping[str, Mapping[str, list[Any]]]:
    """Files and sums of flags by scan, kind of file (Modality, else file class) and evidence file.

    Counted in the engine. Each row also has `key`, its first row.
    """
    scans = [store.scan.scan_id for store in stores if store.scan is not None]
    kind = nw.when(nw.col("modality").is_null()).then(nw.col("file_class")).otherwise(nw.col("modality"))
    grouped = (
        dicom_files.filter(nw.col("scan_id").is_in(scans))
        .with_columns(kind=kind, key=row_key(), **flags)
        .group_by("scan_id", "kind", "source")
        .agg(nw.len().alias("files"), nw.col("key").min(), *(nw.col(name).sum() for name in flags))
    )
    found: dict[str, dict[str, list[Any]]] = {}
    for row in records(grouped.sort("scan_id", "kind", "source")) if scans else ():
        found.setdefault(row.scan_id, {}).setdefault(row.kind, []).append(row)
    return found


def _latest(scans: Sequence[Any], at: Moment) -> Any | None:
    complete = [scan for scan in scans if scan.complete and (scan.finished_at or scan.started_at) < at.as_of]
    return max(complete, key=lambda scan: (scan.finished_at or scan.started_at, scan.scan_id), default=None)
