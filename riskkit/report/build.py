"""Make a report: open the pack, run the notebooks, write pages, findings and manifest, then publish."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from riskkit.assess import findings_json, open_pack, resolve_moment
from riskkit.assess.opening import WORK, find_pack
from riskkit.errors import ReportError
from riskkit.model import PERSONAL_SUBJECTS, Assessment
from riskkit.report.folder import MANIFEST, canonical, exclusive, new_folder, write
from riskkit.report.manifest import manifest, record_path
from riskkit.report.parameters import Notebook, validate
from riskkit.report.record import Record
from riskkit.settings import read_settings

if TYPE_CHECKING:
    from riskkit.report.run import Run, Status

FINDINGS = "findings.json"

_PACKAGE = Path(__file__).parents[1]
NOTEBOOKS = next(
    (folder for folder in (_PACKAGE / "notebooks", _PACKAGE.parent / "notebooks") if folder.is_dir()),
    _PACKAGE.parent / "notebooks",
)
"""Inside an installed riskkit, beside the package in a checkout."""

_SURROGATE = re.compile(rf"\b(?:{'|'.join(sorted(PERSONAL_SUBJECTS))}|study|address)-[0-9A-F]{{8}}\b")


@dataclass(frozen=True, slots=True)
class NotebookStatus:
    """What became of one notebook; `reason` is empty when it completed."""

    name: str
    status: Status
    reason: str
    seconds: float
    page: str


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
    progress: Callable[[str], None] = lambda _: None,
    clock: Callable[[], datetime] = _now,
) -> ReportResult:
    """Make the report of a pack into the folder `out`, which appears whole or not at all.

    out: the report's own folder, such as `reports/2026-10`; an earlier report there is replaced when
    the new one is complete. notebooks: a folder; they run in the order of their names, and one that
    fails does not stop the others. timeout_s: seconds for each notebook. progress: told in one line
    what is done. clock: for the run record, `out` with `.run.json` added, alone.

    Raises SettingsError, EvidenceError or CatalogError as `riskkit.open` does, SettingsError when a
    notebook takes no such parameter, and ReportError when there is no notebook, another run makes
    this report, the pack changes meanwhile, or `out` holds something else. The run record then says
    why there is no report.
    """
    folder, target = find_pack(pack).resolve(), out.resolve()
    _outside(target, folder, (work or folder / WORK).resolve())
    with exclusive(target):
        record = Record(record_path(target), clock)
        with record.kept(), new_folder(target) as draft, tempfile.TemporaryDirectory(prefix="rk-") as scratch:
            moment = resolve_moment(read_settings(folder), period=period, as_of=as_of)
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
            statuses = _make(tasks, assessment, draft, Path(scratch), timeout_s, record, progress, clock)
            if _state(folder) != before:
                # Each notebook opens the pack itself: parts of this report may rest on other files.
                raise ReportError(
                    "the pack changed while the report was made", file=folder, do="Run it again"
                )
            write(draft / FINDINGS, canonical(findings_json(assessment)))
            hashes = {
                notebook.path.name: hashlib.sha256(notebook.text.encode()).hexdigest() for notebook in found
            }
            stated = canonical(manifest(assessment, folder, draft, parameters=selection, notebooks=hashes))
            write(draft / MANIFEST, stated)
            complete = all(status.status == "completed" for status in statuses)
            record.note(
                outcome="complete report" if complete else "incomplete report",
                manifest=hashlib.sha256(stated).hexdigest(),
            )
    return ReportResult(
        index=target / "index.html",
        findings=target / FINDINGS,
        manifest=target / MANIFEST,
        record=record_path(target),
        notebooks=statuses,
        assessment=assessment,
    )


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


def _make(
    tasks: Sequence[tuple[Notebook, Mapping[str, object]]],
    assessment: Assessment,
    draft: Path,
    scratch: Path,
    timeout_s: float,
    record: Record,
    progress: Callable[[str], None],
    clock: Callable[[], datetime],
) -> tuple[NotebookStatus, ...]:
    """Run the notebooks one after the other and write the pages."""
    # Half a second of import that `riskkit verify` and a wrong parameter do without.
    from riskkit.report.render import INDEX, LEADERSHIP, Content, Edition, Part, content_of, page  # noqa: PLC0415
    from riskkit.report.run import COMPLETED, Run, run_notebook  # noqa: PLC0415

    parts: list[Part] = []
    contents: list[Content | None] = []
    statuses: list[NotebookStatus] = []
    for number, (notebook, given) in enumerate(tasks, 1):
        begun = clock()
        own = scratch / str(number)
        own.mkdir()
        run = run_notebook(notebook, given, timeout_s=timeout_s, scratch=own)
        content = content_of(run.executed, hidden=COMPLETED) if run.status == "completed" else None
        if content and Part(notebook.name).file == INDEX and _SURROGATE.search(content.html):
            run, content = Run("failed", "shows single people, which the first page may not"), None
        part = Part(notebook.name, _sentence(run))
        seconds = (clock() - begun).total_seconds()
        parts.append(part)
        contents.append(content)
        statuses.append(NotebookStatus(part.name, run.status, run.reason, seconds, part.file))
        record.notebook(part.name, run.status, run.reason, seconds)
        progress(f"{number} of {len(tasks)} {part.name} {part.reason or 'completed'}")
    if INDEX not in {part.file for part in parts}:
        links = "".join(f'<li><a href="{part.file}">{escape(part.label)}</a></li>' for part in parts)
        contents.insert(0, Content(f"<h1>Contents</h1><ul>{links}</ul>", "Contents"))
        parts.insert(0, Part(f"{LEADERSHIP}contents"))
    edition = Edition.of(assessment)
    for part, content in zip(parts, contents, strict=True):
        write(draft / part.file, page(part, parts, edition, content).encode())
    return tuple(statuses)


def _sentence(run: Run) -> str:
    """What became of a part that is missing, to stand after its name; empty when it is there."""
    words = {
        "failed": "failed",
        "timed_out": "took too long",
        "killed": "was killed",
        "exited_early": "stopped early",
    }
    return "" if run.status == "completed" else f"{words[run.status]} ({run.reason})"
