"""Nothing half-written is ever taken for a report."""

import os
import stat

import pytest

from riskkit.errors import ReportError
from riskkit.report.folder import MANIFEST, canonical, exclusive, new_folder, replace, write

posix_only = pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")


def report(folder, text="old"):
    """A folder that looks like a report."""
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_text("{}")
    (folder / "index.html").write_text(text)
    return folder


def fill(draft, text="new"):
    write(draft / "index.html", text.encode())
    write(draft / MANIFEST, b"{}")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_report_appears_when_it_is_complete(tmp_path):
    """Before the block ends there is nothing under its name; after, nothing else is left."""
    out = tmp_path / "2026-10"
    with new_folder(out) as draft:
        fill(draft)
        assert not out.exists()
    assert (out / "index.html").read_text() == "new"
    assert names(tmp_path) == ["2026-10"]


def test_the_old_report_stays_until_the_new_one_is_complete(tmp_path):
    """And goes as a whole: a page that only the old one had does not stay."""
    out = report(tmp_path / "2026-10")
    (out / "gone.html").write_text("old page")
    with new_folder(out) as draft:
        fill(draft)
        assert (out / "index.html").read_text() == "old"
    assert names(out) == ["index.html", MANIFEST]
    assert (out / "index.html").read_text() == "new"
    assert names(tmp_path) == ["2026-10"]


def _break_off(draft, error):
    fill(draft)
    raise error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_a_run_that_breaks_off_leaves_the_old_report(tmp_path, error):
    """Whatever ends the run, there is the old report and no scrap of the new one."""
    out = report(tmp_path / "2026-10")
    with pytest.raises(error), new_folder(out) as draft:
        _break_off(draft, error)
    assert (out / "index.html").read_text() == "old"
    assert names(tmp_path) == ["2026-10"]


def test_scraps_of_a_killed_run_are_cleared(tmp_path):
    """Killed while building, or between the two renames."""
    (tmp_path / ".2026-10.new-abcd1234").mkdir()
    report(tmp_path / ".2026-10.old")
    out = tmp_path / "2026-10"
    with new_folder(out) as draft:
        assert (out / "index.html").read_text() == "old"
        fill(draft)
    assert names(tmp_path) == ["2026-10"]


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_no_report_is_not_replaced(tmp_path, kind):
    """--out ~/Documents must not cost the documents."""
    out = tmp_path / "Documents"
    if kind == "folder":
        out.mkdir()
        (out / "thesis.txt").write_text("years of work")
    elif kind == "file":
        out.write_text("years of work")
    else:
        out.symlink_to(report(tmp_path / "elsewhere"), target_is_directory=True)
    with pytest.raises(ReportError, match="is there and is no report"), new_folder(out):
        raise AssertionError("must not be reached")
    assert out.exists()
    assert not list(tmp_path.glob(".Documents.*"))


def test_an_empty_folder_may_be_replaced(tmp_path):
    """Somebody made the place ready."""
    out = tmp_path / "2026-10"
    out.mkdir()
    with new_folder(out) as draft:
        fill(draft)
    assert names(out) == ["index.html", MANIFEST]


def test_two_runs_do_not_make_one_report(tmp_path):
    """The second is told so at once; another report goes on; and the first may run again later."""
    out = tmp_path / "reports" / "2026-10"
    with exclusive(out):
        with pytest.raises(ReportError, match="another run makes this report"), exclusive(out):
            raise AssertionError("must not be reached")
        with exclusive(out.with_name("2026-09")):
            pass
    with exclusive(out):
        pass


@posix_only
def test_only_the_owner_may_look(tmp_path):
    """Files 0600 in a folder 0700, whatever the umask."""
    out = tmp_path / "2026-10"
    before = os.umask(0o000)
    try:
        with new_folder(out) as draft:
            fill(draft)
        replace(tmp_path / "2026-10.run.json", b"{}")
    finally:
        os.umask(before)
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    for path in [*out.iterdir(), tmp_path / "2026-10.run.json"]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_is_replaced_whole(tmp_path):
    """The old content or the new, and no scrap when writing fails."""
    path = tmp_path / "run.json"
    replace(path, b"one")
    replace(path, b"two")
    with pytest.raises(TypeError):
        replace(path, "text")  # type: ignore[arg-type]
    assert path.read_bytes() == b"two"
    assert names(tmp_path) == ["run.json"]


def test_canonical_json_is_the_same_bytes_for_the_same_data():
    """Sorted, indented by one, UTF-8, a line end; what is no JSON is refused."""
    assert canonical({"b": 1, "a": "é"}) == '{\n "a": "é",\n "b": 1\n}\n'.encode()
    with pytest.raises(ValueError, match="Out of range"):
        canonical({"a": float("nan")})
