"""What ran before on the same inputs is not run again, and nothing else is taken for it."""

import json

import pytest

from riskkit.errors import ReportError
from riskkit.report import make_report
from riskkit.report.pages import Pages
from riskkit.report.parameters import Notebook

BASIS = {"inputs": {"a.csv": {"sha256": "a"}}, "as_of": "2026-11-01", "key": "k"}
GIVEN = {"pack": "p", "period": "2026-10"}


@pytest.fixture
def notebook(write_notebook):
    return Notebook.read(write_notebook("01_one", "x = 1"))


def test_a_page_is_recalled_for_the_same_inputs_only(tmp_path, notebook, write_notebook):
    """Other evidence, another moment, key, parameter or notebook: another page."""
    pages = Pages(tmp_path / "work", BASIS)
    assert pages.recall(notebook, GIVEN) is None
    pages.keep(notebook, GIVEN, "<p>é</p>", "One")
    assert Pages(tmp_path / "work", BASIS).recall(notebook, GIVEN) == ("<p>é</p>", "One")
    for other in (
        BASIS | {"inputs": {"a.csv": {"sha256": "b"}}}, BASIS | {"as_of": "2026-11-02"}, BASIS | {"key": "l"},
    ):  # fmt: skip
        assert Pages(tmp_path / "work", other).recall(notebook, GIVEN) is None
    assert pages.recall(notebook, GIVEN | {"period": "2026-09"}) is None
    assert pages.recall(Notebook.read(write_notebook("01_one", "x = 2")), GIVEN) is None


@pytest.mark.parametrize("place", [0, 12, -30, -2])
def test_a_damaged_page_is_made_again(tmp_path, notebook, place):
    """One bit flipped on the disk, or a file cut short."""
    pages = Pages(tmp_path / "work", BASIS)
    pages.keep(notebook, GIVEN, "<p>10 of 12</p>", "One")
    (file,) = (tmp_path / "work" / "pages").iterdir()
    raw = bytearray(file.read_bytes())
    raw[place] ^= 1
    file.write_bytes(raw)
    assert pages.recall(notebook, GIVEN) is None
    file.write_bytes(raw[: len(raw) // 2])
    assert pages.recall(notebook, GIVEN) is None


def test_other_code_makes_other_pages(tmp_path, notebook, monkeypatch):
    """A page is never older than the program or its packages."""
    Pages(tmp_path / "work", BASIS).keep(notebook, GIVEN, "<p></p>", "One")
    for name in ("_code", "_packages"):
        with monkeypatch.context() as patched:
            patched.setattr(f"riskkit.report.pages.{name}", lambda: "other")
            assert Pages(tmp_path / "work", BASIS).recall(notebook, GIVEN) is None


def test_only_what_is_missing_runs_again(pack, write_notebook, tmp_path):
    """The notebook that failed is tried again, the others are taken as they were; --fresh takes none."""
    count = f"""import pathlib
for p in [pathlib.Path({str(tmp_path / "runs")!r})]: p.open("a").write("%s ")"""
    write_notebook("00_leadership_report", count % "lead")
    folder = write_notebook(
        "01_one", count % "one", f"if not pathlib.Path({str(tmp_path / 'mended')!r}).exists(): 1 / 0"
    ).parent
    told = []
    out = tmp_path / "reports" / "2026-10"
    assert not make_report(pack, out=out, notebooks=folder, jobs=2).ok
    (tmp_path / "mended").touch()
    again = make_report(pack, out=out, notebooks=folder, progress=told.append)
    assert again.ok
    assert [one.reused for one in again.notebooks] == [True, False]
    assert told[1].startswith("1 of 2 00_leadership_report completed, as before")
    assert sorted((tmp_path / "runs").read_text().split()) == ["lead", "one", "one"]
    record = json.loads(again.record.read_text())
    assert [one["reused"] for one in record["notebooks"]] == [True, False]
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    make_report(pack, out=out, notebooks=folder, fresh=True)
    assert sorted((tmp_path / "runs").read_text().split()) == ["lead", "lead", "one", "one", "one"]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_what_ran_while_the_pack_changed_is_not_kept(pack, write_notebook, tmp_path):
    """It may show evidence that the pack, put back, does not hold."""
    folder = write_notebook("01_one", "open(f'{pack}/late.csv', 'w').close()").parent
    with pytest.raises(ReportError, match="the pack changed"):
        make_report(pack, out=tmp_path / "out", notebooks=folder)
    assert not (pack / ".riskkit" / "pages").exists()
