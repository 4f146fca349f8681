"""The notebooks run unchanged where riskkit does not run them: plain papermill, and jupyter-scheduler."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from riskkit.report import jupyter
from riskkit.report.run import COMPLETED
from tests.packs import ROOT, SAMPLES

NOTEBOOK = ROOT / "notebooks" / "06_backup_recovery.ipynb"
"""One stands for all: they take the same parameters and end in the same way."""


def ended(node: Any) -> bool:
    """Whether the last cell shows the mark that only its last line makes."""
    outputs = [output for output in node.cells[-1].outputs if COMPLETED in output.get("data", {})]
    return [output.data[COMPLETED] for output in outputs] == [{"completed": True}]


@pytest.mark.slow
def test_plain_papermill_runs_it(tmp_path: Path) -> None:
    """From the command line, in another folder; the parameters that it injects are taken."""
    done = subprocess.run(
        [sys.executable, "-m", "papermill", NOTEBOOK, tmp_path / "out.ipynb", "--cwd", tmp_path,
         "-p", "pack", SAMPLES, "-p", "period", "2026-10", "-p", "work", tmp_path / "work"],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    node = jupyter.nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert ended(node)
    assert node.metadata.papermill.exception is None
    assert not [
        output for cell in node.cells for output in cell.get("outputs", ()) if output.output_type == "error"
    ]


def add_parameters(node: Any, parameters: dict[str, str]) -> None:
    """As jupyter-scheduler does: a cell of `name = value` lines behind the one tagged `parameters`.

    Values are typed into a form and put in as they are, so that text needs its quotes.
    """
    cell = jupyter.nbformat.v4.new_code_cell(
        "\n".join(f"{name} = {value}" for name, value in parameters.items())
    )
    cell.metadata["tags"] = ["injected-parameters"]
    place = next(
        number for number, other in enumerate(node.cells) if "parameters" in other.metadata.get("tags", ())
    )
    node.cells.insert(place + 1, cell)


@pytest.mark.slow
def test_the_executor_of_jupyter_scheduler_runs_it(tmp_path: Path) -> None:
    """Its way, without its server: a copy in a staging folder, nbconvert's ExecutePreprocessor there."""
    staging = tmp_path / "staging"
    staging.mkdir()
    shutil.copy(NOTEBOOK, staging)
    node = jupyter.nbformat.read(staging / NOTEBOOK.name, as_version=4)
    add_parameters(node, {"pack": f'"{SAMPLES}"', "period": '"2026-10"', "work": f'"{tmp_path / "work"}"'})
    processor = jupyter.nbconvert.preprocessors.ExecutePreprocessor(
        kernel_name=node.metadata.kernelspec["name"], store_widget_state=True, timeout=300
    )
    processor.preprocess(node, {"metadata": {"path": str(staging)}})
    assert ended(node)
    page, _ = jupyter.nbconvert.HTMLExporter().from_notebook_node(node)
    assert "Backup" in page
    assert sorted(path.name for path in staging.iterdir()) == [NOTEBOOK.name]
