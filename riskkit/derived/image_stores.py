"""The image stores that were walked, and what the latest complete walk of each saw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.trail import row_key
from riskkit.model import Moment, Verdict
from riskkit.tables import records

IMAGES_REST_ON = frozenset({"volume", "device", "bucket"})
"""Kinds of storage."""


@dataclass(frozen=True, slots=True)
class Store:
    """One root of one system; `scan` is its latest complete walk, None when there is none."""

    system: str
    root: str
    scan: Any | None
    walks: int

    def unseen(self, files: bool) -> Verdict | None:
        """The verdict on a store of which nothing can be told: no complete walk, or one without `files`."""
        if self.scan is not None and files:
            return None
        message = (
            f"None of {self.walks} walks of this store reached its end."
            if self.walks > 1
            else "The only walk of this store did not reach its end."
        )
        if self.scan is not None:
            message = "The latest complete walk of this store saw no file."
        return Verdict(subject=self.root, result="UNKNOWN", message=message, scope=self.scope)

    @property
    def scope(self) -> str:
        """The system, else the root."""
        return self.system or self.root


def image_stores(dicom_scans: Any, systems: Any | None, at: Moment) -> list[Store]:
    """Every store with a walk that began before `as_of`, sorted by system and root."""
    names = system_names(systems)
    walks: dict[tuple[str, str], list[Any]] = {}
    for scan in records(dicom_scans):
        # A restored copy bears witness to the backup; it is no store of the hospital.
        if scan.started_at < at.as_of and not scan.restored_copy:
            walks.setdefault((system_of(scan.system_id, names), scan.root), []).append(scan)
    return [Store(*key, _latest(found, at), len(found)) for key, found in sorted(walks.items())]


def counted(
    dicom_files: nw.LazyFrame[Any], stores: Sequence[Store], **flags: nw.Expr
) -> Iterator[tuple[Store, Mapping[str, list[Any]]]]:
    """Each store with the counts of its latest complete walk, by kind of file: Modality, else file class.

    Counted in the engine: a row per evidence file holds `files`, the sum of each flag, and `key`,
    the first row.
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
    for store in stores:
        yield store, {} if store.scan is None else found.get(store.scan.scan_id, {})


def _latest(scans: Sequence[Any], at: Moment) -> Any | None:
    complete = [scan for scan in scans if scan.complete and (scan.finished_at or scan.started_at) < at.as_of]
    return max(complete, key=lambda scan: (scan.finished_at or scan.started_at, scan.scan_id), default=None)


def places_of_images(storage_assets: Any | None, systems: Any | None) -> list[tuple[str, str, str]]:
    """(system, mount point, encrypted) of the places on which images may rest."""
    names = system_names(systems)
    return [
        (system_of(asset.system_id, names), asset.mountpoint or "", asset.encrypted)
        for asset in (() if storage_assets is None else records(storage_assets))
        if asset.kind in IMAGES_REST_ON and asset.holds_phi is not False
    ]


def place_of(store: Store, places: list[tuple[str, str, str]]) -> str:
    """yes, no or unknown: whether the place of a store is encrypted.

    Of the mount point nearest above the root, else of all places of the system.
    """
    own = [
        (mount, encrypted) for system, mount, encrypted in places if store.system and system == store.system
    ]
    above = [mount for mount, _ in own if mount and f"{store.root}/".startswith(f"{mount.rstrip('/')}/")]
    nearest = max(above, key=len, default=None)
    states = {encrypted for mount, encrypted in own if nearest is None or mount == nearest}
    if "no" in states:
        return "no"
    return "yes" if states == {"yes"} else "unknown"
