"""Make a report: open the pack, run the notebooks, write pages, findings and manifest, then publish."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from riskkit.assess import findings_json, open_pack, resolve_moment
from riskkit.assess.opening import WORK, find_pack
from riskkit.errors import ReportError
from riskkit.model import Assessment
from riskkit.pseudonyms import site_key
from riskkit.report.folder import MANIFEST, canonical, exclusive, new_folder, sealed, write
from riskkit.report.manifest import FINDINGS, inputs_of, manifest
from riskkit.report.pages import Pages
from riskkit.report.parameters import Notebook, validate
from riskkit.report.record import Record, record_path
from riskkit.report.scratch import scratch_folders
from riskkit.report.signing import (
    PUBLIC_KEY,
    SIGNATURE,
    fingerprint,
    public_pem,
    read_signing_key,
)
from riskkit.report.timestamp import STAMP
from riskkit.settings import read_settings

if TYPE_CHECKING:
    from riskkit.report.parts import NotebookStatus

_PACKAGE = Path(__file__).parents[1]
NOTEBOOKS = next(
    (folder for folder in (_PACKAGE / "notebooks", _PACKAGE.parent / "notebooks") if folder.is_dir()),
    _PACKAGE.parent / "notebooks",
)
"""Inside an installed riskkit, beside the package in a checkout."""


@dataclass(frozen=True)
class ReportResult:
    """A report that was made; `ok` only when every notebook completed."""

    index: Path
    findings: Path
    manifest: Path
    record: Path
    notebooks: tuple[NotebookStatus, ...]
    assessment: Assessment

    @property
    def ok(self) -> bool:
        """Whether the report is complete."""
        return all(notebook.status == "completed" for notebook in self.notebooks)


def _now() -> datetime:
    return datetime.now(UTC)


def make_report(
    pack: Path,
    *,
    out: Path,
    period: str | None = None,
    as_of: date | None = None,
    work: Path | None = None,
    site: str | None = None,
    department: str | None = None,
    notebooks: Path | None = None,
    timeout_s: int = 600,
    jobs: int = 1,
    fresh: bool = False,
    signing_key: Path | None = None,
    progress: Callable[[str], None] = lambda _: None,
    clock: Callable[[], datetime] = _now,
) -> ReportResult:
    """Make the report of a pack into the folder `out`, which appears whole or not at all.

    out: the report's own folder, such as `reports/2026-10`; an earlier report there is replaced when
    the new one is complete. notebooks: a folder; they begin in the order of their names, and one that
    fails does not stop the others. timeout_s: seconds for each notebook. jobs: how many run at once.
    fresh: run also those whose page an earlier run made from the same inputs by the same code.
    signing_key: a private key, outside of the pack. progress: told in one line what is done and how long
    the rest may take. clock: for the run record, `out` with `.run.json` added, alone.

    Raises SettingsError, EvidenceError or CatalogError as `riskkit.open` does, SettingsError when a
    notebook takes no such parameter or the key cannot be used, and ReportError when there is no
    notebook, another run makes this report, the pack changes meanwhile, `out` holds something else, or
    the disk is full. The run record then says why there is no report.
    """
    folder, target = find_pack(pack).resolve(), out.resolve()
    work_folder = (work or folder / WORK).resolve()
    _outside(target, folder, work_folder)
    key = read_signing_key(signing_key, outside=[folder, work_folder, target]) if signing_key else None
    try:
        with exclusive(target):
            record = Record(record_path(target), clock, key)
            with record.kept():
                assessment, statuses = _publish(
                    folder, target, record, key, period=period, as_of=as_of, work=work, site=site,
                    department=department, notebooks=notebooks, timeout_s=timeout_s, jobs=jobs, fresh=fresh,
                    progress=progress,
                )  # fmt: skip
                complete = all(status.status == "completed" for status in statuses)
                record.note(outcome="complete report" if complete else "incomplete report")
    except OSError as error:
        raise ReportError(
            f"the report cannot be made ({error.strerror or type(error).__name__})",
            file=error.filename or target,
            do="Make room or name other places with --out, --work and TMPDIR; run it again and it goes on",
        ) from error
    return ReportResult(
        index=target / "index.html",
        findings=target / FINDINGS,
        manifest=target / MANIFEST,
        record=record_path(target),
        notebooks=statuses,
        assessment=assessment,
    )


def _publish(
    folder: Path,
    target: Path,
    record: Record,
    key: Ed25519PrivateKey | None,
    *,
    period: str | None,
    as_of: date | None,
    work: Path | None,
    site: str | None,
    department: str | None,
    notebooks: Path | None,
    timeout_s: int,
    jobs: int,
    fresh: bool,
    progress: Callable[[str], None],
) -> tuple[Assessment, tuple[NotebookStatus, ...]]:
    """Fill a new folder and put it in place of `target`."""
    with new_folder(target) as draft:
        settings = read_settings(folder)
        moment = resolve_moment(settings, period=period, as_of=as_of)
        record.note(period=moment.period.name, as_of=moment.as_of.isoformat())
        found = _find(notebooks or NOTEBOOKS)
        selection = {
            "period": moment.period.name,
            "as_of": as_of and as_of.isoformat(),
            "site": site,
            "department": department,
        }
        given = {"pack": str(folder), "work": str(work.resolve()) if work else None, **selection}
        tasks = [(notebook, _wanted(notebook, given)) for notebook in found]
        for notebook, wanted in tasks:
            validate(notebook, wanted)
        progress(f"reading the evidence of {moment.period.name}")
        before = _state(folder)
        assessment = open_pack(
            folder, period=moment.period.name, as_of=as_of, work=work, site=site, department=department
        )
        inputs = inputs_of(assessment, folder)
        record.inputs(inputs, moment.as_of)
        basis = {
            "inputs": inputs,
            "as_of": moment.as_of.isoformat(),
            "key": hashlib.sha256(site_key(folder, synthetic=settings.synthetic)).hexdigest(),
        }
        # Half a second of import that `riskkit verify` and a wrong parameter do without.
        from riskkit.report.parts import make_parts  # noqa: PLC0415

        work_folder = work or folder / WORK
        with scratch_folders(work_folder) as scratch:
            statuses = make_parts(
                tasks,
                assessment=assessment,
                draft=draft,
                scratch=scratch,
                timeout_s=timeout_s,
                jobs=jobs,
                pages=Pages(work_folder, basis),
                fresh=fresh,
                is_unchanged=lambda: _state(folder) == before,
                record=record,
                progress=progress,
            )
        if _state(folder) != before:
            # Each notebook opens the pack itself: parts of this report may rest on other files.
            raise ReportError("the pack changed while the report was made", file=folder, do="Run it again")
        write(draft / FINDINGS, canonical(findings_json(assessment)))
        hashes = {
            notebook.path.name: hashlib.sha256(notebook.text.encode()).hexdigest() for notebook in found
        }
        stated = manifest(
            assessment, draft, inputs=inputs, parameters=selection, notebooks=hashes,
            signer=fingerprint(key.public_key()) if key else None,
        )  # fmt: skip
        record.note(**_seal(stated, draft, target, key, progress))
        # Before the report takes its place: a run that is killed then leaves a record that knows it.
        record.write()
    return assessment, statuses


def _seal(
    stated: Mapping[str, Any],
    draft: Path,
    target: Path,
    key: Ed25519PrivateKey | None,
    progress: Callable[[str], None],
) -> dict[str, str]:
    """Sign and write the manifest, and keep the time stamp of an equal one; what the record notes of it."""
    content = sealed(stated)
    noted = {"manifest": hashlib.sha256(content).hexdigest()}
    if key:
        write(draft / SIGNATURE, key.sign(content))
        write(draft / PUBLIC_KEY, public_pem(key.public_key()))
    stamp = target / STAMP
    if stamp.is_file() and (target / MANIFEST).read_bytes() == content:
        write(draft / STAMP, stamp.read_bytes())
        noted["stamp"] = hashlib.sha256(stamp.read_bytes()).hexdigest()
    elif stamp.is_file():
        progress("the report that was here had a time stamp; this one is another and has none")
    write(draft / MANIFEST, content)
    return noted


def _outside(out: Path, pack: Path, work: Path) -> None:
    """A report inside the pack would be read as evidence the next time; the work folder is not read."""
    if pack.is_relative_to(out) or (out.is_relative_to(pack) and not out.is_relative_to(work)):
        raise ReportError(
            "the report and the evidence pack lie in one another", file=out, do="Name another --out"
        )


def _state(pack: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of every file of a pack, the work folder and other hidden ones apart."""
    state = {}
    for path in pack.rglob("*"):
        name = path.relative_to(pack)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            seen = path.stat()
            state[name.as_posix()] = (seen.st_size, seen.st_mtime_ns)
    return state


def _find(folder: Path) -> list[Notebook]:
    paths = sorted(path for path in folder.glob("*.ipynb") if not path.name.startswith("."))
    if not paths:
        raise ReportError("holds no notebook", file=folder, do="Name the folder of the notebooks")
    return [Notebook.read(path) for path in paths]


def _wanted(notebook: Notebook, given: Mapping[str, object]) -> dict[str, object]:
    """What a notebook is given: nothing is lost when it does not know a parameter that is not set."""
    return {name: value for name, value in given.items() if value is not None or name in notebook.parameters}
