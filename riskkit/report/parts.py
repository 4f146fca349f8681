"""The parts of a report: notebooks that run, or ran before on the same inputs, written as pages."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from contextlib import closing
from dataclasses import dataclass
from html import escape
from pathlib import Path

from riskkit.model import PERSONAL_SUBJECTS, Assessment
from riskkit.report.folder import write
from riskkit.report.pages import Pages
from riskkit.report.parameters import Notebook
from riskkit.report.record import Record
from riskkit.report.render import INDEX, LEADERSHIP, Content, Edition, Part, content_of, page
from riskkit.report.run import COMPLETED, Run, Status, run_notebook, stop_kernels
from riskkit.report.scratch import Scratch

Task = tuple[Notebook, Mapping[str, object]]
"""A notebook and what it is given."""

CLOSING_S = 5.0
"""For so long a notebook that was stopped may clear up."""

_SURROGATE = re.compile(rf"\b(?:{'|'.join(sorted(PERSONAL_SUBJECTS))}|study|address)-[0-9A-F]{{8}}\b")
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class NotebookStatus:
    """What became of one notebook; `reason` is empty when it completed, `reused` when it ran before."""

    name: str
    status: Status
    reason: str
    seconds: float
    page: str
    reused: bool = False


def make_parts(
    tasks: Sequence[Task],
    *,
    assessment: Assessment,
    draft: Path,
    scratch: Scratch,
    timeout_s: float,
    jobs: int,
    pages: Pages,
    fresh: bool,
    is_unchanged: Callable[[], bool],
    record: Record,
    progress: Callable[[str], None],
) -> tuple[NotebookStatus, ...]:
    """Run the notebooks, at most `jobs` at a time, and write all pages into `draft`.

    pages: where contents are taken from, unless `fresh`, and kept as soon as a notebook completed and
    the pack `is_unchanged`. However the block ends, no kernel is left running.
    """
    names = [notebook.name for notebook, _ in tasks]
    clock = _TimeLeft(names, record, jobs)
    made: dict[int, tuple[NotebookStatus, Content | None]] = {}

    def ended(number: int, run: Run, content: Content | None, seconds: float, *, reused: bool) -> None:
        name = names[number]
        part = Part(name)
        if content and part.file == INDEX and _SURROGATE.search(content.html):
            run, content = Run("failed", "shows single people, which the first page may not"), None
        made[number] = (NotebookStatus(name, run.status, run.reason, seconds, part.file, reused), content)
        record.notebook(name, run.status, run.reason, seconds, reused=reused)
        record.write()
        clock.ended(name, seconds, reused=reused)
        told = _sentence(run) or ("completed, as before" if reused else "completed")
        progress(f"{len(made)} of {len(tasks)} {name} {told}{clock}")

    waiting: dict[int, Task] = {}
    for number, task in enumerate(tasks):
        known = None if fresh else pages.recall(*task)
        if known:
            ended(number, Run("completed"), Content(*known), 0.0, reused=True)
        else:
            waiting[number] = task
    with closing(_run_all(waiting, scratch, timeout_s, jobs)) as runs:
        for number, run, seconds in runs:
            content = content_of(run.executed, hidden=COMPLETED) if run.status == "completed" else None
            if content and is_unchanged():
                pages.keep(*tasks[number], content.html, content.title)
            ended(number, run, content, seconds, reused=False)
    ordered = [made[number] for number in range(len(tasks))]
    _write_pages(ordered, assessment, draft)
    return tuple(status for status, _ in ordered)


def close_loop() -> None:
    """Close the event loop of this thread, which nbclient leaves open, with what still waits in it.

    A time-out leaves it waiting for messages of the kernel; what is destroyed so complains on the screen.
    """
    try:
        loop = asyncio.get_event_loop()
    except RuntimeError:  # there is none yet
        return
    if loop.is_running() or loop.is_closed():
        return
    if waiting := asyncio.all_tasks(loop):
        for task in waiting:
            task.cancel()
        loop.run_until_complete(asyncio.wait(waiting, timeout=CLOSING_S))
    loop.close()


def _run_all(
    waiting: Mapping[int, Task], scratch: Scratch, timeout_s: float, jobs: int
) -> Generator[tuple[int, Run, float], None, None]:
    """Each notebook's number, run and seconds, as they end."""
    halted = threading.Event()

    def run(number: int) -> tuple[int, Run, float]:
        begun = time.monotonic()
        if halted.is_set():
            return number, Run("killed", "the run was stopped"), 0.0
        own = scratch.part(str(number))
        notebook, given = waiting[number]
        try:
            outcome = run_notebook(
                notebook, given, timeout_s=timeout_s, scratch=own.folder, sockets=own.sockets
            )
        finally:
            close_loop()
        return number, outcome, time.monotonic() - begun

    with ThreadPoolExecutor(jobs) as pool:
        futures: list[Future[tuple[int, Run, float]]] = [pool.submit(run, number) for number in waiting]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            halted.set()
            # One may be about to start its kernel: ask until all have ended.
            while wait(futures, timeout=0).not_done:
                stop_kernels(scratch.folder)
                wait(futures, timeout=0.2)


class _TimeLeft:
    """How long the rest will take: as long as each notebook took last time, or the others did now."""

    def __init__(self, names: Sequence[str], record: Record, jobs: int) -> None:
        earlier = record.before["notebooks"] if record.before else ()
        self._before = {one["name"]: float(one["seconds"]) for one in earlier if not one["reused"]}
        self._left, self._jobs = set(names), jobs
        self._now: list[float] = []

    def ended(self, name: str, seconds: float, *, reused: bool) -> None:
        self._left.discard(name)
        if not reused:
            self._now.append(seconds)

    def __str__(self) -> str:
        usual = sum(self._now) / len(self._now) if self._now else None
        expected = [self._before.get(name, usual) for name in self._left]
        known = [seconds for seconds in expected if seconds is not None]
        if not self._left or len(known) < len(expected):
            return ""
        # Never less than the longest: a notebook runs in one piece.
        seconds = round(max(sum(known) / self._jobs, *known))
        return (
            f", about {seconds // _MINUTE} min left" if seconds > 2 * _MINUTE else f", about {seconds} s left"
        )


def _write_pages(
    made: Sequence[tuple[NotebookStatus, Content | None]], assessment: Assessment, draft: Path
) -> None:
    parts = [Part(one.name, _sentence(Run(one.status, one.reason))) for one, _ in made]
    contents = [content for _, content in made]
    if INDEX not in {part.file for part in parts}:
        links = "".join(f'<li><a href="{part.file}">{escape(part.label)}</a></li>' for part in parts)
        contents.insert(0, Content(f"<h1>Contents</h1><ul>{links}</ul>", "Contents"))
        parts.insert(0, Part(f"{LEADERSHIP}contents"))
    edition = Edition.of(assessment)
    for part, content in zip(parts, contents, strict=True):
        write(draft / part.file, page(part, parts, edition, content).encode())


def _sentence(run: Run) -> str:
    """What became of a part that is missing, to stand after its name; empty when it is there."""
    words = {
        "failed": "failed",
        "timed_out": "took too long",
        "killed": "was killed",
        "exited_early": "stopped early",
    }
    return "" if run.status == "completed" else f"{words[run.status]} ({run.reason})"
