"""The examples of scheduling work as they stand: parsed, checked against the command line, or run."""

from __future__ import annotations

import configparser
import importlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import click
import pytest
import yaml

from riskkit.cli import cli
from tests.packs import ROOT

EXAMPLES = ROOT / "examples"
MONTHLY = EXAMPLES / "monthly.sh"
SERVICE = EXAMPLES / "systemd" / "riskkit-report.service"
TIMER = EXAMPLES / "systemd" / "riskkit-report.timer"
PAGE = ROOT / "docs" / "scheduling.md"
NEEDED = {"RISKKIT_PACK", "RISKKIT_REPORTS", "RISKKIT_FIRST", "RISKKIT_DELIVER"}


def accepted(words: list[str]) -> dict[str, Any]:
    """What the command line understands of `riskkit VERB ...`; an unknown verb or option raises."""
    assert words[0] == "riskkit"
    if words[1:] == ["--version"]:
        return {}
    verb = cli.get_command(click.Context(cli), words[1])
    assert verb is not None, words[1]
    return verb.make_context(words[1], words[2:]).params


@pytest.fixture(autouse=True)
def any_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths of the examples are not there on this machine."""
    monkeypatch.setattr(click.Path, "convert", lambda _, value, *__: Path(value))


def delivered(options: str) -> dict[str, Any]:
    """Options of RISKKIT_DELIVER, as the script gives them to the command."""
    return accepted(["riskkit", "deliver", "/srv/riskkit/reports/2026-10", *options.split()])


# ---------------------------------------------------------------- the script behind timer, cron and workflow

FAKE = """#!/bin/sh
echo "riskkit $*" >> "$LOG"
case " $* " in *" $BREAKS "*) exit 2;; esac
"""


class Machine:
    """A folder with a `riskkit` that only notes how it was called, and a clock that stands still."""

    def __init__(self, folder: Path, today: str) -> None:
        self.folder = folder
        programs = folder / "bin"
        programs.mkdir()
        (folder / "reports").mkdir()
        for name, text in (("riskkit", FAKE), ("date", f'#!/bin/sh\ntest "$1" = +%Y-%m && echo {today}\n')):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)

    def run(self, *, first: str = "2025-11", breaks: str = "none") -> subprocess.CompletedProcess[str]:
        """Run the script once."""
        environment = {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "LOG": str(self.folder / "log"), "BREAKS": breaks, "RISKKIT_PACK": "/srv/pa ck",
            "RISKKIT_REPORTS": str(self.folder / "reports"), "RISKKIT_FIRST": first,
            "RISKKIT_DELIVER": "--folder /srv/leadership",
        }  # fmt: skip
        return subprocess.run(
            [MONTHLY], env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    def calls(self) -> list[str]:
        """What was called since the last look: verb and month."""
        log = self.folder / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [f"{line.split()[1]} {re.findall(r'20[0-9]{2}-[0-9]{2}', line)[0]}" for line in lines]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path, "2026-02")


def test_missed_months_are_made_up_for_oldest_first(machine: Machine) -> None:
    """Over the turn of the year, up to the last complete month, and nothing is done twice."""
    assert machine.run().returncode == 0
    assert machine.calls() == [
        f"{verb} {month}" for month in ("2025-11", "2025-12", "2026-01") for verb in ("report", "deliver")
    ]
    assert machine.run().returncode == 0
    assert machine.calls() == []


@pytest.mark.parametrize("breaks", ["--period 2025-12", "2025-12 --folder"])
def test_a_month_that_fails_stops_and_is_tried_again(machine: Machine, breaks: str) -> None:
    """A later month compares itself with it; so it waits, and the exit code says so."""
    failed = machine.run(breaks=breaks if breaks.startswith("--") else _deliver_of(machine))
    assert failed.returncode == 2
    assert machine.calls()[-1].endswith("2025-12")
    assert machine.run().returncode == 0
    assert machine.calls()[0] == "report 2025-12"


def _deliver_of(machine: Machine) -> str:
    return f"deliver {machine.folder / 'reports' / '2025-12'}"


@pytest.mark.parametrize("first", ["2026-02", "2026-03", "2027-01"])
def test_nothing_is_due_before_the_first_month_ended(machine: Machine, first: str) -> None:
    """No report of a month that still runs or lies ahead."""
    assert machine.run(first=first).returncode == 0
    assert machine.calls() == []


def test_the_script_calls_what_exists() -> None:
    """Each of its commands is understood by the command line; findings are not taken for a failure."""
    lines = [line.strip() for line in MONTHLY.read_text().splitlines() if line.strip().startswith("riskkit ")]
    assert len(lines) == 2
    report = accepted(shlex.split(lines[0]))
    assert report["fail_on"] == "never"
    accepted(shlex.split(lines[1].replace("$RISKKIT_DELIVER", "--folder /srv/leadership")))


def test_the_script_says_what_it_needs() -> None:
    """A variable that is not set is named, and nothing runs."""
    done = subprocess.run(
        [MONTHLY], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "RISKKIT_PACK: name the folder of the evidence" in done.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_has_nothing_to_say() -> None:
    """The script is plain POSIX shell."""
    subprocess.run(["shellcheck", MONTHLY], check=True)


# ---------------------------------------------------------------- systemd


class _Many(dict[str, Any]):
    """Keys of a unit may be repeated: what they say is joined."""

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self and isinstance(value, list) and isinstance(self[key], list):
            value = self[key] + value
        super().__setitem__(key, value)


def unit(path: Path) -> configparser.RawConfigParser:
    """A unit file; repeated keys are joined by line ends."""
    parser = configparser.RawConfigParser(
        strict=False, dict_type=_Many, comment_prefixes=("#",), delimiters=("=",)
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path, encoding="utf-8")
    return parser


def test_the_timer_catches_up() -> None:
    """Once a month, and a time that passed while the machine was off is made up for."""
    timer = unit(TIMER)["Timer"]
    assert timer["Persistent"] == "true"
    assert timer["OnCalendar"].startswith("*-*-02 ")
    assert unit(TIMER)["Install"]["WantedBy"] == "timers.target"
    assert TIMER.stem == SERVICE.stem


def test_the_service_runs_the_script_with_all_that_it_needs() -> None:
    """Its variables, delivery options that the command takes, and a password that only it can read."""
    service = unit(SERVICE)["Service"]
    assert service["ExecStart"] == "/opt/riskkit/examples/monthly.sh"
    given = dict(word.split("=", 1) for word in shlex.split(service["Environment"].replace("\n", " ")))
    assert given.keys() >= NEEDED
    options = delivered(given["RISKKIT_DELIVER"])
    credentials = {line.split(":")[0] for line in service["LoadCredential"].splitlines()}
    assert options["password_file"] == Path("%d/smtp-password")
    assert credentials == {"site-key", "smtp-password"}
    writable = service["ReadWritePaths"].split()
    for path in (given["RISKKIT_PACK"], given["RISKKIT_REPORTS"], str(options["folder"])):
        assert any(Path(path).is_relative_to(place) for place in writable), path


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing, once the script is where the unit says."""
    for path in (SERVICE, TIMER):
        text = path.read_text(encoding="utf-8").replace("/opt/riskkit/examples/monthly.sh", str(MONTHLY))
        (tmp_path / path.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / TIMER.name, tmp_path / SERVICE.name],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    calendar = unit(TIMER)["Timer"]["OnCalendar"]
    subprocess.run(["systemd-analyze", "calendar", calendar], check=True, capture_output=True, timeout=60)


# ---------------------------------------------------------------- cron

RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def test_the_crontab_runs_the_script_every_day() -> None:
    """Variables as cron reads them, one line with a time, a user and a command."""
    variables: dict[str, str] = {}
    jobs = []
    for line in (EXAMPLES / "cron" / "riskkit").read_text().splitlines():
        if assigned := re.fullmatch(r"([A-Z_]+)=(.*)", line):
            variables[assigned[1]] = assigned[2]
        elif line and not line.startswith("#"):
            jobs.append(line.split(None, 6))
    assert variables.keys() >= NEEDED | {"RISKKIT_SITE_KEY", "MAILTO"}
    delivered(variables["RISKKIT_DELIVER"])
    [[*times, user, command]] = jobs
    assert times[2:] == ["*", "*", "*"], "cron has no catch-up, so it asks every day"
    for field, (least, most) in zip(times, RANGES, strict=True):
        assert field == "*" or least <= int(field) <= most
    assert user == "riskkit"
    assert command.endswith("/opt/riskkit/examples/monthly.sh")
    assert "%" not in command, "cron takes it for a line end"


# ---------------------------------------------------------------- GitHub Actions


def test_the_workflow_keeps_evidence_at_home() -> None:
    """On a runner of one's own, without rights, one at a time, nothing uploaded, commands that exist."""
    text = (EXAMPLES / "github" / "risk-report.yml").read_text()
    workflow = yaml.safe_load(text)
    triggers = workflow[True]  # YAML 1.1 reads `on` as a truth
    assert triggers["schedule"] == [{"cron": "23 11 2-8 * *"}]
    assert workflow["permissions"] == {}
    assert workflow["concurrency"]["cancel-in-progress"] is False
    [job] = workflow["jobs"].values()
    assert job["runs-on"][0] == "self-hosted"
    assert job["env"].keys() >= NEEDED
    options = delivered(job["env"]["RISKKIT_DELIVER"])
    assert options["smtp"].startswith("smtps://")
    assert options["password_file"] is None
    assert "secrets." in job["env"]["RISKKIT_SMTP_PASSWORD"]
    commands = [step["run"] for step in job["steps"]]
    assert not any("${{" in command for command in commands), "values go through the environment"
    assert all("uses" not in step for step in job["steps"])
    for command in commands:
        if command.startswith("riskkit"):
            accepted(shlex.split(command))
        else:
            assert command == "/opt/riskkit/examples/monthly.sh"


# ---------------------------------------------------------------- Airflow


class _Standing:
    """What stands in for Airflow: it notes what the file declares."""

    tasks: ClassVar[list[Any]] = []

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.arguments, self.options = arguments, options
        self.after: list[_Standing] = []

    def __enter__(self) -> _Standing:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __rshift__(self, other: _Standing) -> _Standing:
        other.after.append(self)
        return other


class _Task(_Standing):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.tasks.append(self)


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("risk_report_dag", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DAG_FILE = EXAMPLES / "airflow" / "risk_report.py"


def test_the_dag_declares_three_steps_and_catches_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run against a stand-in for Airflow; the commands are those of the command line."""
    for name in ("airflow", "airflow.providers", "airflow.providers.standard",
                 "airflow.providers.standard.operators", "airflow.providers.standard.operators.bash",
                 "airflow.sdk"):  # fmt: skip
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    bash, sdk = sys.modules["airflow.providers.standard.operators.bash"], sys.modules["airflow.sdk"]
    monkeypatch.setattr(bash, "BashOperator", _Task, raising=False)
    monkeypatch.setattr(sdk, "DAG", _Standing, raising=False)
    monkeypatch.setattr(sdk, "CronDataIntervalTimetable", _Standing, raising=False)
    monkeypatch.setattr(_Standing, "tasks", [])
    dag = load(DAG_FILE).dag
    assert dag.options["catchup"] is True
    assert dag.options["max_active_runs"] == 1
    assert dag.options["default_args"]["depends_on_past"] is True
    assert dag.options["schedule"].arguments == ("0 6 2 * *",)
    assert dag.options["schedule"].options["timezone"] == "America/Chicago"
    assert [task.options["task_id"] for task in _Standing.tasks] == ["report", "verify", "deliver"]
    report, verify, deliver = _Standing.tasks
    assert verify.after == [report]
    assert deliver.after == [verify]
    for task in _Standing.tasks:
        command = re.sub(r"\{\{.*?\}\}", "2026-10", task.options["bash_command"])
        accepted(shlex.split(command))


@pytest.mark.slow
def test_airflow_itself_reads_the_dag() -> None:
    """Where Airflow is installed: no import error, and October's interval reports on October."""
    pytest.importorskip("airflow", reason="Airflow is not installed: only a stand-in has read the DAG")
    dag = load(DAG_FILE).dag
    assert [task.task_id for task in dag.topological_sort()] == ["report", "verify", "deliver"]


# ---------------------------------------------------------------- the page


def test_the_page_names_what_is_there() -> None:
    """Every file of examples/ is told of, and every command on the page is one."""
    text = PAGE.read_text(encoding="utf-8")
    for path in EXAMPLES.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(ROOT).as_posix() in text, path.name
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)).replace("\\\n", " ")
    commands = [line.strip() for line in blocks.splitlines() if line.strip().startswith("riskkit ")]
    assert len(commands) >= 4
    for command in commands:
        accepted(shlex.split(command, comments=True))
