"""What goes wrong during a run: what the reader sees, what the run record says, and the exit code."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from html import unescape
from pathlib import Path

import pytest

from riskkit.report import verify
from tests.report.conftest import make_notebook

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="signals, limits and mounts of POSIX"),
]

WAIT_S = 120.0


def command(pack, out, notebooks, *options):
    return [
        sys.executable, "-m", "riskkit", "report", str(pack), "--out", str(out),
        "--notebooks", str(notebooks), "--fail-on", "never", *map(str, options),
    ]  # fmt: skip


def start(pack, out, notebooks, *options, **how):
    return subprocess.Popen(
        command(pack, out, notebooks, *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )


def run(pack, out, notebooks, *options, **how):
    return subprocess.run(
        command(pack, out, notebooks, *options),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        **how,
    )


def text(page):
    """What a reader sees of a page."""
    body = page.read_text(encoding="utf-8").partition("<body>")[2]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def record(out):
    return json.loads(out.with_name(f"{out.name}.run.json").read_text())


def leftovers(out):
    """Names beside a report that are neither it, its record nor its lock."""
    usual = {out.name, f"{out.name}.run.json", f".{out.name}.lock"}
    return sorted(path.name for path in out.parent.iterdir() if path.name not in usual)


def until(holds):
    end = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def fill(path):
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "reports" / "2026-10"


@pytest.fixture
def slow_part(tmp_path):
    """A quick first page, and a part that tells its kernel's process and waits while a file is there."""
    folder = tmp_path / "notebooks"
    make_notebook(folder, "00_leadership_report", "x = 1", text="# Where we stand")
    wait = f"""import os, pathlib, time
here = pathlib.Path({str(tmp_path)!r})
(here / "kernel.tmp").write_text(str(os.getpid()))
(here / "kernel.tmp").rename(here / "kernel")
while (here / "wait").exists():
    time.sleep(0.05)"""
    make_notebook(folder, "01_audit_trail", wait)
    (tmp_path / "wait").touch()
    return folder


ENDS = {
    "raises": ("raise KeyError('Ann Example')", "failed", "failed (KeyError in code cell 2)"),
    "exits with success": (
        "import sys; sys.exit(0)",
        "exited_early",
        "stopped early (SystemExit in code cell 2)",
    ),
    "os._exit": ("import os; os._exit(0)", "killed", "was killed (the kernel died)"),
    "is killed": ("import os; os.kill(os.getpid(), 9)", "killed", "was killed (the kernel died)"),
    "takes too long": ("import time; time.sleep(99)", "timed_out", "took too long (did not end within 8 s)"),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_notebook_that_does_not_come_to_its_end(pack, tmp_path, out, how):
    """The first page says which part is missing and how it ended, and so does the part's own; exit code 2."""
    code, status, words = ENDS[how]
    folder = tmp_path / "notebooks"
    make_notebook(folder, "00_leadership_report", "x = 1", text="# Where we stand")
    make_notebook(folder, "01_audit_trail", code)
    make_notebook(folder, "02_access_patterns", "x = 1", text="# Patterns")
    limit = ("--timeout", 8) if status == "timed_out" else ()
    done = run(pack, out, folder, "--jobs", 2, *limit)
    assert done.returncode == 2, done.stderr
    assert "not trustworthy: a notebook did not complete" in done.stderr
    first = text(out / "index.html")
    assert "This report is incomplete. 1 of 3 parts could not be made." in first
    assert f"Audit trail {words}." in first
    assert "Where we stand" in first
    part = text(out / "01_audit_trail.html")
    assert "This part could not be made." in part
    assert f"The notebook {words}." in part
    assert "Patterns" in text(out / "02_access_patterns.html")
    kept = record(out)
    assert kept["outcome"] == "incomplete report"
    assert [one["status"] for one in kept["notebooks"]] == ["completed", status, "completed"]
    assert "Ann Example" not in done.stderr + json.dumps(kept) + first + part
    assert verify(out, pack) == []


@pytest.mark.parametrize("earlier", [False, True], ids=["no report before", "a report before"])
def test_kill_9_and_run_again(pack, tmp_path, out, slow_part, earlier):
    """No report, or the one before, untouched; no kernel lives on; the next run does only what is missing."""
    before = {}
    if earlier:
        (tmp_path / "wait").unlink()
        assert run(pack, out, slow_part).returncode == 0
        before = {path.name: path.read_bytes() for path in out.iterdir()}
        (pack / "more.txt").write_text("new evidence\n")
        (tmp_path / "wait").touch()
        (tmp_path / "kernel").unlink()
    process = start(pack, out, slow_part)
    until((tmp_path / "kernel").exists)
    until(lambda: any(one["name"].startswith("00") for one in record(out)["notebooks"]))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -9
    assert record(out)["outcome"] == "not ended"
    if earlier:
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before
        assert verify(out) == []
    else:
        assert not out.exists()
    kernel = int((tmp_path / "kernel").read_text())
    until(lambda: not alive(kernel))
    (tmp_path / "wait").unlink()
    again = run(pack, out, slow_part)
    assert again.returncode == 0, again.stderr
    assert "1 of 2 00_leadership_report completed, as before" in again.stderr
    assert record(out)["earlier"][-1]["outcome"] == "not ended"
    assert verify(out, pack) == []
    assert leftovers(out) == []


@pytest.fixture
def short():
    """A folder for TMPDIR: sockets lie in it, so its name is short."""
    with tempfile.TemporaryDirectory(prefix="t") as folder:
        yield Path(folder)


def test_kill_9_leaves_nothing_once_it_is_run_again(pack, tmp_path, out, short):
    """What notebooks put down lies in the work folder; with the sockets it goes as the next run begins."""
    folder = tmp_path / "notebooks"
    wait = f"""import os, pathlib, tempfile, time
pathlib.Path("rows.csv").write_text("Ann Example")
file = tempfile.NamedTemporaryFile(delete=False)
file.write(b"Ann Example")
file.close()
here = pathlib.Path({str(tmp_path)!r})
(here / "kernel.tmp").write_text(str(os.getpid()))
(here / "kernel.tmp").rename(here / "kernel")
while (here / "wait").exists():
    time.sleep(0.05)"""
    make_notebook(folder, "00_leadership_report", wait, text="# Where we stand")
    (tmp_path / "wait").touch()
    other = short / "rk-of-somebody-else"
    other.mkdir()
    environment = {"env": {**os.environ, "TMPDIR": str(short)}}
    process = start(pack, out, folder, **environment)
    until((tmp_path / "kernel").exists)
    running = pack / ".riskkit" / "running"
    (work,), (sockets,) = running.iterdir(), set(short.glob("rk-*")) - {other}
    assert {path.stat().st_mode & 0o777 for path in (running.parent, running, work, sockets)} == {0o700}
    second = run(pack, out.with_name("2026-09"), folder, "--period", "2026-09", "--timeout", 1, **environment)
    assert second.returncode == 2
    assert work.exists(), "a run that lives keeps its folders"
    assert sockets.exists()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kernel = int((tmp_path / "kernel").read_text())
    until(lambda: not alive(kernel))
    put_down = [path for path in work.rglob("*") if path.is_file() and b"Ann Example" in path.read_bytes()]
    assert len(put_down) == 2
    assert not any(b"Ann Example" in path.read_bytes() for path in short.rglob("*") if path.is_file())
    (tmp_path / "wait").unlink()
    # Another period of the same pack: whose place the dead run held does not matter.
    again = run(pack, out.with_name("2026-08"), folder, "--period", "2026-08", **environment)
    assert again.returncode == 0, again.stderr
    assert list(running.iterdir()) == []
    assert list(short.iterdir()) == [other]


@pytest.fixture
def heard():
    """What a shell starts in the background ignores Ctrl-C, and so would the runs that tests start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_asked_to_stop(pack, tmp_path, out, slow_part, sent):
    """At once, not after the notebook; exit code 2, the record says so, and no kernel or draft is left."""
    process = start(pack, out, slow_part)
    until((tmp_path / "kernel").exists)
    begun = time.monotonic()
    process.send_signal(sent)
    _, told = process.communicate(timeout=WAIT_S)
    assert time.monotonic() - begun < 30
    assert process.returncode == 2
    assert "stopped; no report was made" in told
    assert "Traceback" not in told
    assert record(out)["outcome"] == "no report"
    assert not alive(int((tmp_path / "kernel").read_text()))
    assert not out.exists()
    assert leftovers(out) == []


def test_two_runs_at_once(pack, tmp_path, out, slow_part):
    """The second is told so at once with exit code 2, and the first is not disturbed."""
    first = start(pack, out, slow_part)
    until((tmp_path / "kernel").exists)
    second = run(pack, out, slow_part)
    assert second.returncode == 2
    assert "another run makes this report just now" in second.stderr
    other = run(pack, out.with_name("2026-09"), slow_part, "--period", "2026-09", "--timeout", 1)
    assert other.returncode == 2  # another report may be made; its slow part took too long
    assert "took too long" in text(out.with_name("2026-09") / "index.html")
    (tmp_path / "wait").unlink()
    _, told = first.communicate(timeout=WAIT_S)
    assert first.returncode == 0, told
    assert record(out)["outcome"] == "complete report"
    assert verify(out, pack) == []


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounting a small tmpfs needs root")
def test_a_full_disk(pack, tmp_path, slow_part):
    """A clear word, exit code 2, and the report that was there before; with room again the run goes on."""
    (tmp_path / "wait").unlink()
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        out = place / "2026-10"
        assert run(pack, out, slow_part).returncode == 0
        before = {path.name: path.read_bytes() for path in out.iterdir()}
        (pack / "more.txt").write_text("new evidence\n")
        filling = place / "filling"
        fill(filling)
        full = run(pack, out, slow_part)
        assert (full.returncode, "No space left on device" in full.stderr) == (2, True), full.stderr
        assert "Traceback" not in full.stderr
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before
        assert verify(out) == []
        # Room for the record, not for the pages.
        os.truncate(filling, filling.stat().st_size - 32 * 1024)
        full = run(pack, out, slow_part)
        assert (full.returncode, "No space left on device" in full.stderr) == (2, True), full.stderr
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before
        assert verify(out) == []
        filling.unlink()
        assert leftovers(out) == []
        again = run(pack, out, slow_part)
        assert again.returncode == 0, again.stderr
        assert verify(out, pack) == []
    finally:
        subprocess.run(["umount", place], check=False)


def test_files_that_may_not_grow(pack, tmp_path, out, slow_part):
    """The same with a limit to the size of a file, which needs no root: a quota behaves so."""
    (tmp_path / "wait").unlink()
    limited = run(
        pack, out, slow_part,
        preexec_fn=lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
            resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
        ),
    )  # fmt: skip
    assert limited.returncode == 2, limited.stderr
    assert "Traceback" not in limited.stderr
    assert not out.exists()
    assert leftovers(out) == []
    assert run(pack, out, slow_part).returncode == 0
    assert verify(out, pack) == []


def test_a_defect_is_no_finding(monkeypatch, capsys):
    """Python ends a program that raises with 1, which means findings here; so it is 2."""
    from riskkit import cli  # noqa: PLC0415

    def broken(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli.cli, "main", broken)
    with pytest.raises(SystemExit) as ended:
        cli.main(["inspect"])
    assert ended.value.code == 2
    assert "ZeroDivisionError" in capsys.readouterr().err
