"""An analyst in JupyterLab runs a notebook, moves a control, decides, and finds that in the next report."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.browser import PATIENCE, Page, chromium
from tests.packs import ROOT, copy_of_samples, riskkit

TOKEN = "only-for-this-test"
NOTEBOOK = "02_access_patterns.ipynb"
ZONE = ZoneInfo("America/Chicago")
"""Of the sample pack."""

SETTLED = 8.0
"""Seconds after which JupyterLab, once it is drawn, has asked what it wants to ask."""

LONG = 300.0
"""Seconds that a whole notebook may take on a machine that does other things too."""

OFF_SCREEN = "lab/user-settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
"""Where a user sets that cells are drawn also where nobody looks."""


@pytest.mark.slow
def test_an_analyst_moves_a_control_and_decides(tmp_path: Path) -> None:
    """The figure follows the control; the decision stands in the pack, and in the report of its month."""
    pytest.importorskip("ipywidgets", reason="needs ipywidgets, of the lab extra")
    pack = copy_of_samples(tmp_path / "pack")
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    own = opens(ROOT / "notebooks" / NOTEBOOK, pack)
    (notebooks / NOTEBOOK).write_text(own, encoding="utf-8")

    with chromium(tmp_path) as browser, lab(notebooks, tmp_path) as address, browser.page() as page:
        page.screen(width=1400, height=1000)
        page.open(f"{address}/lab/tree/{NOTEBOOK}?token={TOKEN}")
        run_all(page)

        before = page.wait_for("hands.drawing('department')")
        page.evaluate("hands.choose('department', 'department', 'Radiology')")
        moved = f"hands.drawing('department') !== {json.dumps(before)} && hands.drawing('department')"
        after = page.wait_for(moved, seconds=LONG)
        assert numbers(after) != numbers(before)

        alert = page.evaluate("hands.field('decided by', 'alert').selectedOptions[0].textContent.trim()")
        page.evaluate("hands.choose('decided by', 'verdict', 'inappropriate')")
        write(page, "decided by", "decided by", "Privacy Officer")
        write(page, "decided by", "note", "No reason was given.")
        page.evaluate("hands.box('decided by').querySelector('button').click()")
        answered = "hands.box('decided by').textContent.match(/(Recorded in|Not recorded)[^.]*/)?.[0]"
        told = page.wait_for(answered)
    assert told.startswith("Recorded in"), told

    with (pack / "programme" / "verdicts.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert alert.endswith(row["alert"])
    assert (row["verdict"], row["decided_by"]) == ("inappropriate", "Privacy Officer")
    assert row["note"] == "No reason was given."

    page_of_duties = next_report(pack, tmp_path, datetime.fromisoformat(row["decided_at"]))
    assert (
        "Judged inappropriate 0 days before the end of the period; no incident takes it up." in page_of_duties
    )
    assert TOKEN not in page_of_duties


@pytest.mark.slow
def test_make_lab_asks_nobody_about_news(tmp_path: Path) -> None:
    """Neither the reader, whom JupyterLab asks although its news are off, nor the internet."""
    if shutil.which("make") is None:
        pytest.skip("needs make")
    port = free_port()
    command = [
        "make", "--silent", "lab",
        f"LAB=--no-browser --allow-root --ServerApp.port={port} --ServerApp.port_retries=0 "
        f"--IdentityProvider.token={TOKEN}",
    ]  # fmt: skip
    with (
        started(command, port, own_settings(tmp_path), ROOT, tmp_path) as address,
        chromium(tmp_path) as browser,
        browser.page() as page,
    ):
        page.open(f"{address}/lab?token={TOKEN}")
        page.wait_for("!!document.querySelector('.jp-DirListing')")
        page.wait_for("!!document.querySelector('.jp-Launcher, .jp-Notebook')")
        time.sleep(SETTLED)
        assert "Jupyter news" not in page.evaluate("document.body.innerText")
        outside = [asked for asked in page.requests if not asked.startswith((address, "data:", "blob:"))]
    assert outside == []


def opens(notebook: Path, pack: Path) -> str:
    """The notebook, with the path of a pack in its first code cell, as its reader would write it there."""
    text = notebook.read_text(encoding="utf-8")
    assert text.count("data/samples") == 1
    return text.replace("data/samples", str(pack))


def next_report(pack: Path, folder: Path, decided: datetime) -> str:
    """The page on people, places and papers of the report of the month of a decision."""
    some = folder / "some"
    some.mkdir()
    for name in ("00_leadership_report.ipynb", "07_people_places_papers.ipynb"):
        shutil.copy(ROOT / "notebooks" / name, some)
    today = decided.astimezone(ZONE).date()
    run = riskkit(
        "report", pack, "--period", f"{today:%Y-%m}", "--as-of", today.isoformat(), "--notebooks", some,
        "--out", folder / "next", "--fail-on", "never",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return (folder / "next" / "07_people_places_papers.html").read_text(encoding="utf-8")


@contextlib.contextmanager
def lab(notebooks: Path, folder: Path) -> Iterator[str]:
    """JupyterLab on this machine alone, with settings of its own; it and its kernels are gone afterwards."""
    environment = own_settings(folder) | {"PYTHONPATH": str(ROOT)}
    settings = Path(environment["JUPYTER_CONFIG_DIR"]) / OFF_SCREEN
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps({"windowingMode": "none"}), encoding="utf-8")
    port = free_port()
    command = [
        sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={notebooks}", f"--IdentityProvider.token={TOKEN}",
        "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None",
        "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    with started(command, port, environment, folder, folder) as address:
        yield address


def own_settings(folder: Path) -> dict[str, str]:
    """Variables that keep JupyterLab from the settings of whoever runs the tests."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")
    return {name: str(folder / name.lower()) for name in names} | {"JUPYTER_RUNTIME_DIR": str(folder / "run")}


@contextlib.contextmanager
def started(
    command: list[str], port: int, environment: dict[str, str], here: Path, folder: Path
) -> Iterator[str]:
    """A server that listens at a port, with its log in a folder; its address."""
    log = (folder / "lab.log").open("wb")
    process = subprocess.Popen(
        command, env=os.environ | environment, stdout=log, stderr=subprocess.STDOUT, cwd=here,
        start_new_session=True,
    )  # fmt: skip
    try:
        wait_until_it_answers(port, process, folder / "lab.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        # It shuts its kernels down when asked to end; what is left after that, or of `make`, goes too.
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
        log.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


def run_all(page: Page) -> None:
    """Run every cell, by the command behind Run > Run All Cells, and wait for the last."""
    page.wait_for("window.jupyterapp && document.querySelectorAll('.jp-Notebook .jp-CodeCell').length > 10")
    page.evaluate(HANDS)
    page.wait_for("hands.kernel()?.connectionStatus === 'connected' && hands.kernel().status === 'idle'")
    page.evaluate("jupyterapp.shell.activateById(hands.panel().id)")
    page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for("hands.prompts().every(words => /\\[\\d+\\]/.test(words))", seconds=LONG)
    assert page.evaluate("hands.errors()") == []


HANDS = """
window.hands = {
  panel: () => [...jupyterapp.shell.widgets('main')].find(one => one.sessionContext),
  kernel: () => hands.panel()?.sessionContext.session?.kernel,
  prompts: () => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(one => one.textContent),
  errors: () => [...document.querySelectorAll('[data-mime-type$=error], [data-mime-type$=stderr]')]
    .map(one => one.textContent),
  labelled: words => one => one.querySelector('.widget-label')?.textContent.trim() === words,
  widgets: one => [...one.querySelectorAll('.jupyter-widgets')],
  box: words => [...document.querySelectorAll('.jp-OutputArea-output')]
    .find(one => hands.widgets(one).some(hands.labelled(words))),
  field: (box, words) => hands.widgets(hands.box(box)).filter(hands.labelled(words))
    .map(one => one.querySelector('input, select')).find(one => one),
  choose: (box, words, option) => {
    const list = hands.field(box, words);
    list.value = [...list.options].find(one => one.textContent.trim() === option).value;
    list.dispatchEvent(new Event('change', {bubbles: true}));
  },
  drawing: box => hands.box(box).querySelector('svg[role=img]')?.getAttribute('aria-label'),
}; 0
"""
"""What a reader does with eyes and hands: a box is an output, found by the label of a control in it."""


def write(page: Page, box: str, label: str, words: str) -> None:
    """Type into a field."""
    page.evaluate(f"hands.field({box!r}, {label!r}).focus()")
    page.call("Input.insertText", text=words)
    page.evaluate(f"hands.field({box!r}, {label!r}).blur()")


def numbers(words: str) -> list[str]:
    return [word for word in words.split() if word[0].isdigit()]
