"""Notebooks by hand: every one has controls that it answers to, and none of them needs the widgets."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell

from riskkit.report import jupyter
from tests.packs import ROOT, copy_of_samples

pytestmark = pytest.mark.slow

NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
WIDGET = "application/vnd.jupyter.widget-view+json"

MOVE = """
from ipywidgets import HTML, VBox
from ipywidgets.widgets.widget import _instances

boxes = [one for one in _instances.values() if isinstance(one, VBox) and isinstance(one.children[-1], HTML)]
offered, changed, wrong = set(), set(), []
for box in boxes:
    *rows, shown = box.children
    for control in getattr(rows[0], "children", ()):
        before, start = shown.value, control.value
        values = {moves}(control)
        offered |= {{control.description}} if values else set()
        for value in values:
            control.value = value
            changed |= {{control.description}} if shown.value != before else set()
            wrong += [shown.value] if "Computing" in shown.value or not shown.value else []
        control.value = start
        if shown.value != before:
            wrong.append(f"{{control.description}} does not lead back")
print(sorted(changed), sorted(offered - changed), wrong)
"""
"""Moves the controls of every view, away and back; tells which change what is shown and which do not."""

PLACES = 'lambda control: control.options[1:] if control.description in ("site", "department") else ()'
PERIOD = 'lambda control: control.options[:1] if control.description == "period" else ()'
NUMBERS = 'lambda control: (control.min,) if hasattr(control, "min") else ()'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The notebooks beside the samples, as in a checkout; what was read once serves all."""
    path = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "notebooks", path / "notebooks")
    copy_of_samples(path / "data" / "samples")
    return path


def by_hand(folder: Path, name: str, *, first: str = "", last: str = "") -> list[Any]:
    """The code cells of a notebook that ran with its defaults, between two cells of the reader's own."""
    node = jupyter.nbformat.read(folder / "notebooks" / f"{name}.ipynb", as_version=4)
    node.cells = [new_code_cell(first), *node.cells, new_code_cell(last)]
    client = jupyter.nbclient.NotebookClient(
        node, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder / "notebooks"}}
    )
    client.execute()
    return [cell for cell in node.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("name", NAMES)
def test_each_notebook_answers_to_its_controls(folder: Path, name: str) -> None:
    """A site or department changes what is shown, every choice shows something, and leads back."""
    *cells, last = by_hand(folder, name, last=MOVE.format(moves=f"({PLACES})"))
    assert [cell for cell in cells for output in cell.outputs if WIDGET in output.get("data", {})]
    told = "".join(output.text for output in last.outputs)
    assert told.endswith(" [] []\n"), told
    # Measures are of the whole organisation.
    assert name.startswith("09_") or told.startswith(("['site']", "['department']"))


def test_the_period_and_the_budget_answer(folder: Path) -> None:
    """The month before shows other alerts, and so does another number of alerts a day."""
    moves = f"(lambda control: [*({PERIOD})(control), *({NUMBERS})(control)])"
    *_, last = by_hand(folder, "02_access_patterns", last=MOVE.format(moves=moves))
    assert "".join(output.text for output in last.outputs) == "['budget', 'period'] [] []\n"


def test_without_widgets_everything_is_shown_still(folder: Path) -> None:
    """Where ipywidgets is not installed each cell shows its view, and says how to decide by hand."""
    missing = "import sys; sys.modules['ipywidgets'] = None"
    _, _, *cells, _ = by_hand(folder, "02_access_patterns", first=missing)
    shown = [[output.get("data", {}) for output in cell.outputs] for cell in cells]
    assert all(any("text/html" in data for data in outputs) for outputs in shown)
    assert not any(WIDGET in data for outputs in shown for data in outputs)
    assert any("By hand: one row in" in data.get("text/html", "") for outputs in shown for data in outputs)
