"""What became of a notebook is told truthfully, also where papermill alone reports success."""

import os
import sys
import time

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from riskkit.report.parameters import Notebook
from riskkit.report.run import COMPLETED, _judge, run_notebook
from riskkit.views.completion import MEDIA_TYPE


def run(path, scratch, timeout_s=60.0, **given):
    return run_notebook(Notebook.read(path), {"pack": "p"} | given, timeout_s=timeout_s, scratch=scratch)


def test_a_notebook_that_reaches_its_end_is_completed(write_notebook, tmp_path, monkeypatch):
    """It runs in this interpreter, apart from this folder, and nobody else can reach its kernel."""
    monkeypatch.setenv("RISKKIT_SITE_KEY", "keys/site.key")
    monkeypatch.setenv("MPLBACKEND", "agg")
    path = write_notebook(
        "one",
        "import os, sys\nfrom ipykernel.connect import get_connection_info\n"
        "e = os.environ\n"
        "display({'text/plain': [sys.executable, os.getcwd(), e['RISKKIT_RENDERING'], e['PYTHONHASHSEED'],"
        " e['RISKKIT_SITE_KEY'], get_connection_info(unpack=True)['transport'], pack]}, raw=True)",
    )
    awkward = 'a "quoted" \\ path\n{x} $HOME'
    found = run(path, tmp_path, pack=awkward)
    assert (found.status, found.reason) == ("completed", "")
    shown = found.executed.cells[2].outputs[0].data["text/plain"]
    assert shown == [
        sys.executable, str(tmp_path), "1", "0", str((tmp_path.cwd() / "keys/site.key").absolute()),
        "ipc" if os.name == "posix" else "tcp", awkward,
    ]  # fmt: skip
    assert "RISKKIT_RENDERING" not in os.environ


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("x = {'patient': 1}\nraise KeyError('Ann Example')", "failed", "KeyError in code cell 2"),
        ("import sys; sys.exit(0)", "exited_early", "SystemExit in code cell 2"),
        ("import sys; sys.exit(3)", "exited_early", "SystemExit in code cell 2"),
        ("def broken(:", "failed", "SyntaxError in code cell 2"),
        pytest.param(
            "import os; os.kill(os.getpid(), 9)", "killed", "the kernel died",
            marks=pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL"),
        ),
    ],
    ids=["raises", "exit 0", "exit 3", "syntax", "killed"],
)  # fmt: skip
def test_a_notebook_that_stops_says_how(write_notebook, tmp_path, code, status, reason):
    """The class of the exception and the code cell are named, no value of it is."""
    found = run(write_notebook("one", code), tmp_path)
    assert (found.status, found.reason, found.executed) == (status, reason, None)


def test_the_time_limit_holds_for_the_whole_notebook(write_notebook, tmp_path):
    """Two cells of two seconds each do not fit into three."""
    path = write_notebook("one", "import time; time.sleep(2)", "time.sleep(2)", "x = 1")
    begun = time.monotonic()
    found = run(path, tmp_path, timeout_s=3)
    assert (found.status, found.reason) == ("timed_out", "did not end within 3 s")
    assert time.monotonic() - begun < 12


def executed(*cells):
    """A notebook as papermill returns it: (source, execution count, outputs, exception)."""
    made = []
    for source, count, outputs, exception in cells:
        cell = new_code_cell(source, execution_count=count, outputs=outputs)
        cell.metadata.papermill = {"exception": exception}
        made.append(cell)
    notebook = new_notebook(cells=made)
    notebook.metadata.papermill = {"exception": None}
    return notebook


MARKED = new_output("display_data", {COMPLETED: {"completed": True}})
FALSE = new_output("display_data", {COMPLETED: {"completed": False}})
ERROR = new_output("error", ename="E", evalue="", traceback=[])
WORDS = new_output("stream", text="completed")
END = ("end", 2, [MARKED], False)


@pytest.mark.parametrize(
    ("cells", "status"),
    [
        pytest.param([("1", 1, [], False), END], "completed", id="whole"),
        pytest.param([("1", 1, [], False), ("", None, [], False), END], "completed", id="empty cell"),
        pytest.param([("1", None, [], None), END], "exited_early", id="not run"),
        pytest.param([("1", 1, [], True), END], "failed", id="exception"),
        pytest.param([("1", 1, [ERROR], False), END], "failed", id="error output"),
        pytest.param([END, ("1", 3, [], False)], "exited_early", id="mark not last"),
        pytest.param([("1", 1, [], False)], "exited_early", id="no mark"),
        pytest.param([("end", 2, [FALSE], False)], "exited_early", id="false mark"),
        pytest.param([("end", 2, [WORDS], False)], "exited_early", id="words"),
    ],
)
def test_only_a_whole_run_is_completed(cells, status):
    """Each condition is needed: count, no exception, no error output, and the mark in the last cell."""
    assert _judge(executed(*cells)).status == status


def test_views_show_the_mark_that_is_looked_for():
    """Two modules name the media type; they name the same."""
    assert MEDIA_TYPE == COMPLETED
