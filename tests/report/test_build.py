"""From a pack and notebooks to a report: whole, truthful, the same bytes each time, verifiable."""

import json
import os
from datetime import UTC, date, datetime, timedelta

import pytest
from bs4 import BeautifulSoup

from riskkit.errors import ReportError, SettingsError
from riskkit.report import make_report, verify


def clock_from(year):
    """A clock that goes a second further each time it is looked at."""
    instants = iter(datetime(year, 11, 2, tzinfo=UTC) + timedelta(seconds=n) for n in range(10_000))
    return lambda: next(instants)


def flipped(path, place=-2):
    """Flip one bit of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_report_is_whole_and_verifiable(made):
    """Pages, findings and manifest, the first page as the notebook shows it, nothing beside."""
    names = ["01_audit_trail.html", "findings.json", "index.html", "manifest.json"]
    assert sorted(path.name for path in made.out.iterdir()) == names
    page = BeautifulSoup((made.out / "index.html").read_text(), "html.parser")
    assert page.find("h1").get_text() == "Where we stand"
    assert "Example <Hospital>, 2026-10, 1 file" in page.get_text()
    assert verify(made.out) == verify(made.out, made.pack) == []


def test_the_same_evidence_gives_the_same_bytes(made, tmp_path):
    """Made again in another year, in another place, from an empty work folder; only the record differs."""
    told = []
    again = make_report(
        made.pack, out=tmp_path / "again", period="2026-10", work=tmp_path / "work", notebooks=made.notebooks,
        progress=told.append, clock=clock_from(2031),
    )  # fmt: skip
    assert again.ok
    assert told[-1] == "2 of 2 01_audit_trail completed"
    first, second = (
        {path.name: path.read_bytes() for path in folder.iterdir()}
        for folder in (made.out, tmp_path / "again")
    )
    assert first == second
    assert json.loads(again.record.read_text())["begun"].startswith("2031-11-02")


@pytest.mark.parametrize("name", ["01_audit_trail.html", "findings.json", "index.html"])
@pytest.mark.parametrize("place", [0, 1000, -1])
def test_one_changed_byte_is_named(made, name, place):
    """Wherever it is."""
    flipped(made.out / name, place)
    assert verify(made.out) == [f"{name}: the output is not what it was when the report was made"]


def test_verify_names_every_change(made):
    """Outputs changed, gone or added; inputs changed, gone or added; the manifest itself."""
    out, pack = made.out, made.pack
    (out / "extra.html").write_text("slipped in")
    (out / "findings.json").unlink()
    flipped(pack / "notes.txt")
    (pack / "site.yaml").unlink()
    (pack / "late.csv").write_text("a\n1\n")
    (pack / "history" / "2026-10").mkdir(parents=True)
    (pack / "history" / "2026-10" / "findings.json").write_text("{}")
    problems = verify(out, pack)
    assert problems == [
        "findings.json: the output is missing",
        "extra.html: is no part of the report",
        "notes.txt: the input is not what it was when the report was made",
        "site.yaml: the input is missing",
        "late.csv: came into the pack after the report was made",
    ]


def test_a_forged_manifest_shows(made):
    """Hashes made to fit a changed page do not fit the run record beside the folder."""
    stated = json.loads((made.out / "manifest.json").read_text())
    stated["outputs"]["index.html"]["sha256"] = "0" * 64
    (made.out / "manifest.json").write_text(json.dumps(stated))
    assert verify(made.out) == [
        "index.html: the output is not what it was when the report was made",
        "manifest.json: is not as it was written",
        "manifest.json: is not what the run record says",
    ]


def test_a_manifest_does_not_lead_out_of_its_folder(made):
    """verify reads what a stranger wrote: it opens no file elsewhere."""
    (made.root / "outside").write_text("x")
    stated = json.loads((made.out / "manifest.json").read_text())
    stated["outputs"]["../../outside"] = stated["outputs"]["/etc/hostname"] = {"sha256": "0" * 64}
    (made.out / "manifest.json").write_text(json.dumps(stated))
    problems = verify(made.out)
    assert "../../outside: the manifest names an output outside of its folder" in problems
    assert "/etc/hostname: the manifest names an output outside of its folder" in problems


def test_what_is_no_report_cannot_be_verified(tmp_path):
    """An error, not a clean bill."""
    for text in (None, "", "{}", '{"schema": 1}', "[]", '{"schema": 1, "outputs": 3, "inputs": {}}'):
        if text is not None:
            (tmp_path / "manifest.json").write_text(text)
        with pytest.raises(ReportError, match="is no report"):
            verify(tmp_path)


def test_the_manifest_names_what_the_report_rests_on(made):
    """Settings, evidence, notebooks, versions, parameters; no time, no path of this machine."""
    stated = json.loads((made.out / "manifest.json").read_text())
    assert set(stated["inputs"]) == {"site.yaml", "notes.txt"}
    assert set(stated["notebooks"]) == {"00_leadership_report.ipynb", "01_audit_trail.ipynb"}
    assert stated["parameters"] == {"period": "2026-10", "as_of": None, "site": None, "department": None}
    assert (stated["period"], stated["previous"]) == ("2026-10", None)
    folder = made.out
    for path in folder.iterdir():
        assert str(made.root) not in path.read_text(), path.name
    assert str(made.root) not in made.record.read_text()


def test_a_failed_notebook_does_not_stop_the_others_and_is_told(pack, write_notebook, tmp_path):
    """The first page says so on top, the run record too, and the result is not ok."""
    write_notebook("00_leadership_report", "x = 1")
    write_notebook("01_audit_trail", "raise LookupError('Ann Example')")
    folder = write_notebook("02_access_patterns", "x = 1").parent
    result = make_report(pack, out=tmp_path / "out", notebooks=folder)
    assert not result.ok
    assert [(n.name, n.status, n.page) for n in result.notebooks] == [
        ("00_leadership_report", "completed", "index.html"),
        ("01_audit_trail", "failed", "01_audit_trail.html"),
        ("02_access_patterns", "completed", "02_access_patterns.html"),
    ]
    banner = (
        BeautifulSoup(result.index.read_text(), "html.parser").find(class_="banner").get_text(" ", strip=True)
    )
    assert "Audit trail failed (LookupError in code cell 2)." in banner
    for path in [*result.index.parent.iterdir(), result.record]:
        assert "Ann Example" not in path.read_text(), path.name
    record = json.loads(result.record.read_text())
    assert record["outcome"] == "incomplete report"
    assert [entry["status"] for entry in record["notebooks"]] == ["completed", "failed", "completed"]
    assert verify(result.index.parent, pack) == []


def test_the_first_page_may_not_show_single_people(pack, write_notebook, tmp_path):
    """A surrogate on the leadership page fails it; other pages may show surrogates."""
    show = "display({'text/html': '<p>user-3F9A2C71 looked</p>'}, raw=True)"
    write_notebook("00_leadership_report", show)
    folder = write_notebook("01_audit_trail", show).parent
    result = make_report(pack, out=tmp_path / "out", notebooks=folder)
    assert [n.status for n in result.notebooks] == ["failed", "completed"]
    assert "user-3F9A2C71" not in result.index.read_text()
    assert "This report is incomplete" in result.index.read_text()


def test_without_a_leadership_notebook_the_first_page_is_a_list(pack, write_notebook, tmp_path):
    """A site's own notebooks still make a report that one can enter."""
    folder = write_notebook("05_our_own", "x = 1").parent
    result = make_report(pack, out=tmp_path / "out", notebooks=folder)
    links = [
        a["href"] for a in BeautifulSoup(result.index.read_text(), "html.parser").find("main").find_all("a")
    ]
    assert links == ["05_our_own.html"]


def test_a_running_period_reaches_the_notebooks(pack, write_notebook, tmp_path):
    """The day that counts is the same in every notebook and in findings.json, or the run is refused."""
    parameters = "pack: str = ''  # pack\nperiod: str = ''  # period"
    deaf = write_notebook("01_one", parameters=parameters)
    with pytest.raises(SettingsError, match="has no parameter 'as_of'"):
        make_report(pack, out=tmp_path / "out", as_of=date(2026, 10, 15), notebooks=deaf.parent)
    show = "display({'text/html': f'<p>until {as_of}</p>'}, raw=True)"
    folder = write_notebook(
        "01_one", show, parameters=f"{parameters}\nas_of: str | None = None  # last day"
    ).parent
    result = make_report(pack, out=tmp_path / "out", as_of=date(2026, 10, 15), notebooks=folder)
    assert "until 2026-10-15" in (tmp_path / "out" / "01_one.html").read_text()
    assert "as of the end of 15 October 2026" in result.index.read_text()
    assert json.loads(result.findings.read_text())["as_of"] == "2026-10-16T05:00:00+00:00"


def refused(pack, out, **options):
    """What a run that must not begin leaves: the record."""
    with pytest.raises((ReportError, SettingsError)) as raised:
        make_report(pack, out=out, **options)
    assert not out.exists()
    return str(raised.value)


def test_a_wrong_parameter_is_refused_before_any_notebook_runs(pack, write_notebook, tmp_path):
    """One careless notebook stops the run at once, not after an hour of the others."""
    write_notebook("00_leadership_report", "x = 1")
    folder = write_notebook(
        "01_audit_trail", parameters="pack: int = 1  # pack\nperiod: str = ''  # period"
    ).parent
    out = tmp_path / "reports" / "2026-10"
    message = refused(pack, out, notebooks=folder)
    assert "01_audit_trail.ipynb: takes no str for the parameter pack (int)" in message
    record = json.loads((out.parent / "2026-10.run.json").read_text())
    assert (record["outcome"], record["notebooks"]) == ("no report", [])
    assert record["reason"].startswith("SettingsError: takes no str")
    assert not (pack / ".riskkit").exists()


def test_a_pack_that_changes_meanwhile_gives_no_report(pack, write_notebook, tmp_path):
    """Else one part would speak of other evidence than the next."""
    folder = write_notebook("01_one", "open(f'{pack}/late.csv', 'w').close()").parent
    out = tmp_path / "reports" / "2026-10"
    assert "the pack changed while the report was made" in refused(pack, out, notebooks=folder)
    record = json.loads((out.parent / "2026-10.run.json").read_text())
    assert record["reason"] == "ReportError: the pack changed while the report was made"
    assert record["notebooks"][0]["status"] == "completed"


@pytest.mark.parametrize("place", ["inside", "around"])
def test_report_and_pack_do_not_lie_in_one_another(pack, write_notebook, place):
    """A report in the pack would be evidence the next time."""
    out = pack / "reports" if place == "inside" else pack.parent
    with pytest.raises(ReportError, match="lie in one another"):
        make_report(pack, out=out, notebooks=write_notebook("01_one").parent)


def test_a_folder_without_notebooks_is_an_error(pack, tmp_path):
    """An empty report would look like good news."""
    (tmp_path / "none").mkdir()
    assert "holds no notebook" in refused(pack, tmp_path / "out", notebooks=tmp_path / "none")


def test_a_failed_run_leaves_the_earlier_report(made):
    """A period that does not exist costs neither the report nor the truth about this run."""
    before = (made.out / "manifest.json").read_bytes()
    with pytest.raises(SettingsError):
        make_report(made.pack, out=made.out, period="2026-13", notebooks=made.notebooks)
    assert (made.out / "manifest.json").read_bytes() == before
    assert json.loads(made.record.read_text())["outcome"] == "no report"
    assert verify(made.out, made.pack) == []


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_a_place_that_cannot_be_written_is_an_error(pack, write_notebook, tmp_path):
    """The message names the folder."""
    (tmp_path / "file").write_text("")
    message = refused(pack, tmp_path / "file" / "out", notebooks=write_notebook("01_one").parent)
    assert "cannot be written" in message
