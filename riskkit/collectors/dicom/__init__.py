"""`collect dicom`: what the files of an image store are and give away, as one evidence file.

Format: gzip, one JSON object a line. The first line is the header (`riskkit_dicom_scan`), then comes
one line a file with the columns of the `dicom_files` table that have a value, last the trailer
(`complete`). A walk that was interrupted leaves a file without trailer, under a `.partial` name, which
the next walk of the store removes when it is complete.

Every walk is one complete snapshot. What earlier walks learned of files that have not changed since
(path, size, time of change, inode) is taken over from a state file, which may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from riskkit.collectors.dicom.digests import key_id
from riskkit.collectors.dicom.identifiers import EDITION
from riskkit.collectors.dicom.pace import MB, Limits, Pace, Progress, hours
from riskkit.collectors.dicom.scan import Pass, Totals, packed, readers
from riskkit.collectors.dicom.state import State
from riskkit.collectors.dicom.walk import count_files
from riskkit.collectors.evidence_file import PARTIAL, iso, new_evidence_file, stamp
from riskkit.errors import CollectError

__all__ = ["Limits", "Progress", "collect_dicom", "hours"]

FORMAT = 1
STATE_VERSION = 3
WORK_FOLDER = ".riskkit"
_SYSTEM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def collect_dicom(
    root: Path,
    out: Path,
    *,
    system_id: str,
    now: Callable[[], datetime],
    progress: Callable[[Progress], None] | None = None,
    follow_symlinks: bool = False,
    workers: int = 1,
    limits: Limits | None = None,
    recheck: bool = False,
    digest_key: bytes | None = None,
    restored_copy: bool = False,
    state: Path | None = None,
    told: Callable[[str], None] | None = None,
) -> Path:
    """Walk an image store and write `<system_id>-<time>.ndjson.gz` into `out`, a pack's `dicom` folder.

    The store is only read; symbolic links never lead out of it. No attribute's value is kept, only
    which attributes have one, and with `digest_key` keyed digests of image and header. `recheck` reads
    unchanged files again. `restored_copy` says that the root is a restored copy of the system's store,
    to be compared with it. `limits` None is none; `state` is by default in the pack's work folder.
    `told` gets one sentence at the end: what was read, at which rate, and what it left behind.
    Returns the new file (mode 0600). Raises CollectError when `root` is no folder, `out` or the state
    lies within it, `system_id` cannot be part of a file name, or another walk of it is running.
    """
    state = state or default_state(root, out, system_id)
    store = _store(root, (out, state), system_id)
    started_at, began = now(), time.monotonic()
    scan_id = f"{system_id}-{'restored-' if restored_copy else ''}{stamp(started_at)}"
    path = out / f"{scan_id}.ndjson.gz"
    versions = {"riskkit": version("riskkit"), "pydicom": version("pydicom")}
    digest_key_id = None if digest_key is None else key_id(digest_key)
    header = {
        "riskkit_dicom_scan": FORMAT,
        "scan_id": scan_id,
        "system_id": system_id,
        "root": str(store),
        "started_at": iso(started_at),
        "versions": versions,
        "identifiers": EDITION,
        "digest_key": digest_key_id,
        "restored_copy": restored_copy or None,
    }
    limits = limits or Limits(0, 0)
    signature = json.dumps([STATE_VERSION, versions, EDITION, digest_key_id, str(store), follow_symlinks])
    with new_evidence_file(path, keep_partial=True) as file:
        known = State(state, signature)
        try:
            file.write(packed(_line(header)))
            total = known.begin(started_at, path.name, recheck=recheck)
            if total is None and progress:
                total = count_files(store)
            with readers(workers) as hands:
                one = Pass(known, file, hands, Pace(limits, now), digest_key, workers=workers)

                def show() -> None:
                    if progress:
                        progress(_progress(one, total, time.monotonic() - began))

                one.run(store, follow_symlinks=follow_symlinks, told=show)
            finished_at = now()
            trailer = _trailer(one.totals, limits, started_at, finished_at)
            file.write(packed(_line(trailer)))
            known.finish(finished_at, one.totals.tally.files)
        finally:
            known.close()
    for name in known.superseded:
        (out / (Path(name).name + PARTIAL)).unlink(missing_ok=True)
    if told:
        told(_summary(one.totals, time.monotonic() - began))
    return path


def default_state(root: Path, out: Path, system_id: str) -> Path:
    """Where the state of a store is kept unless told otherwise: in the work folder of the pack."""
    place = hashlib.sha256(str(root.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return out.resolve().parent / WORK_FOLDER / "dicom" / f"{system_id}-{place}.sqlite"


def _store(root: Path, written: tuple[Path, ...], system_id: str) -> Path:
    if not _SYSTEM_ID.fullmatch(system_id):
        raise CollectError(
            "the system id must be letters, digits, dots, dashes and underscores",
            do="Use the system_id of inventory/systems.csv",
        )
    try:
        store = root.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise CollectError("there is no such folder", file=root, do="Name the store's root") from error
    if not store.is_dir():
        raise CollectError("is not a folder", file=root, do="Name the store's root")
    for path in written:
        if path.resolve().is_relative_to(store):
            raise CollectError(
                "what is to be written lies within the store",
                file=path,
                do="Write elsewhere: a scan alters nothing",
            )
    return store


def _line(content: dict[str, Any]) -> bytes:
    kept = {name: value for name, value in content.items() if value is not None}
    return json.dumps(kept, separators=(",", ":")).encode() + b"\n"


def _progress(one: Pass, total: int | None, seconds: float) -> Progress:
    totals = one.totals
    return Progress(totals.tally.files, total, totals.read, totals.bytes_read, seconds, one.waiting)


def _summary(totals: Totals, seconds: float) -> str:
    tally, seconds = totals.tally, max(seconds, 0.001)
    said = (
        f"{tally.files:,} files, {totals.read:,} of them read, {totals.bytes_read / MB:,.1f} MB in "
        f"{seconds:,.0f} s "
        f"({tally.files / seconds:,.0f} files/s, {totals.bytes_read / MB / seconds:,.1f} MB/s); "
        f"{tally.unreadable:,} could not be opened, {sum(tally.problems.values()):,} have a remark."
    )
    if totals.touched:
        said += (
            f" The time of access of {totals.touched:,} files may have changed: only their owner may read "
            "without leaving one."
        )
    return said


def _trailer(totals: Totals, limits: Limits, started_at: datetime, finished_at: datetime) -> dict[str, Any]:
    """Counts, and how fast the store was read: who runs it may ask."""
    seconds = (finished_at - started_at).total_seconds()
    tally = totals.tally
    return {
        "complete": True,
        "finished_at": iso(finished_at),
        "files": tally.files,
        "unreadable": tally.unreadable,
        "links": totals.links,
        "classes": dict(sorted(tally.classes.items())),
        "problems": dict(sorted(tally.problems.items())),
        "files_read": totals.read,
        "bytes_read": totals.bytes_read,
        "read_by_pydicom": totals.patient,
        "access_times_touched": totals.touched,
        "files_s": round(tally.files / seconds, 1) if seconds > 0 else None,
        "mb_s": round(totals.bytes_read / MB / seconds, 3) if seconds > 0 else None,
        "max_files_s": limits.files_s or None,
        "max_mb_s": limits.mb_s or None,
    }
