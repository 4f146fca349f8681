"""What the documents say is what the code does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from riskkit.catalog import load_catalog
from riskkit.cli import cli

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["tables", "checks", "coverage"])
def test_generated_documents_are_current(generate: ModuleType, name: str) -> None:
    """A change of tables or checks is followed by `make docs`."""
    assert (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") == getattr(generate, name)()


@pytest.mark.parametrize(
    ("page", "function"), [("evidence", "evidence"), ("glossary", "terms"), ("cli", "commands")]
)
def test_generated_guides_are_current(generate: ModuleType, page: str, function: str) -> None:
    """A change of requests, terms or commands is followed by `make docs`."""
    assert (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8") == getattr(generate, function)()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_and_citations_hold(path: Path) -> None:
    """Every relative link leads somewhere, and every citation stands in the catalog."""
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (path.parent / target).exists(), target
    known = load_catalog().controls
    for citation in re.findall(r"45 CFR 164\.\d+(?:\([a-zA-Z0-9]+\))*", text):
        assert citation in known or any(name.startswith(citation) for name in known), citation


def test_verbs_in_the_readme_exist() -> None:
    """A command that the README shows is one."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for verb in re.findall(
        r"riskkit (?!-)([a-z]+)\b", " ".join(re.findall(r"`([^`]*)`|^    (.*)$", text)[0])
    ):
        assert verb in cli.list_commands(None)  # type: ignore[arg-type]


def test_every_standard_and_specification_has_its_evidence(generate: ModuleType) -> None:
    """All 71 stand in the coverage, each with a kind of evidence, a method and whether it can be met."""
    text = generate.coverage()
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| 45 CFR")]
    asked = [one for one in load_catalog().controls.values() if one.kind in ("standard", "spec")]
    assert len(rows) == len(asked) == 71
    assert [row[0].removeprefix("| ") for row in rows] == [one.citation for one in asked]
    for row in rows:
        assert "**" in row[4]
        assert ("no check yet" in row[4]) == row[-1].startswith("not yet")
