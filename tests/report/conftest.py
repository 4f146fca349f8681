"""Small notebooks and packs for the tests of reports."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from riskkit.report import make_report

PARAMETERS = """pack: str = "data/samples"  # the evidence pack
period: str | None = None  # month or quarter
work: str | None = None  # work folder"""

MARK = """from IPython.display import display
display({"application/vnd.riskkit.completed+json": {"completed": True}}, raw=True)"""

OPEN = """import riskkit
assessment = riskkit.open(pack, period=period, work=work)
name = assessment.settings.organisation.replace('<', '&lt;')
shown = f"{name}, {assessment.moment.period.name}, {len(assessment.evidence.sources)} file"
display({"text/html": f"<p>{shown}</p>"}, raw=True)"""

SITE = """organisation: Example <Hospital>
synthetic: true
period: '2026-10'
timezone: America/Chicago
scope: The archive and its viewers
not_covered: [Home reading]
confidentiality: For the security committee
"""


def make_notebook(
    folder: Path,
    name: str,
    *code: str,
    parameters: str | None = PARAMETERS,
    mark: bool = True,
    text: str = "",
) -> Path:
    """Write a notebook: a title, parameters, the given code, and the mark at its end."""
    cells = [new_markdown_cell(text or f"# {name}")]
    if parameters is not None:
        cells.append(new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    cells += [new_code_cell(source) for source in code]
    if mark:
        cells.append(new_code_cell(MARK))
    folder.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=cells), folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


def make_pack(folder: Path) -> Path:
    """Write a simulated pack that holds settings and one file that no reader knows."""
    folder.mkdir()
    (folder / "site.yaml").write_text(SITE)
    (folder / "notes.txt").write_text("nothing that a reader knows\n")
    return folder


@pytest.fixture
def write_notebook(tmp_path: Path) -> Callable[..., Path]:
    """Write a notebook into a folder of the test's own."""
    return lambda name, *code, **options: make_notebook(tmp_path / "notebooks", name, *code, **options)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack of the test's own."""
    return make_pack(tmp_path / "pack")


@dataclass(frozen=True)
class Made:
    """A complete report with what it was made from, all under one folder."""

    root: Path

    @property
    def pack(self) -> Path:
        """The evidence."""
        return self.root / "pack"

    @property
    def notebooks(self) -> Path:
        """A leadership page and a part."""
        return self.root / "notebooks"

    @property
    def out(self) -> Path:
        """The report's folder."""
        return self.root / "reports" / "2026-10"

    @property
    def record(self) -> Path:
        """The run record."""
        return self.root / "reports" / "2026-10.run.json"


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Made once, as it takes two kernels; tests get copies."""
    made = Made(tmp_path_factory.mktemp("made"))
    make_pack(made.pack)
    make_notebook(made.notebooks, "00_leadership_report", OPEN, text="# Where we stand")
    make_notebook(made.notebooks, "01_audit_trail", "x = 1")
    assert make_report(made.pack, out=made.out, notebooks=made.notebooks).ok
    return made


@pytest.fixture
def made(original: Made, tmp_path: Path) -> Made:
    """A report that the test may spoil."""
    shutil.copytree(original.root, tmp_path / "made")
    return Made(tmp_path / "made")
