"""The set-up files say the same: pyproject.toml, the lock, conda's list, setup.sh and the code."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
CORE = [Requirement(line) for line in PROJECT["dependencies"]]
EXTRAS = [Requirement(line) for name in ("dev", "lab") for line in PROJECT["optional-dependencies"][name]]
CONDA_NAMES = {"bleach-with-css": "bleach", "python-duckdb": "duckdb", "python-tzdata": "tzdata"}
IMPORT_NAMES = {"beautifulsoup4": "bs4", "pyyaml": "yaml"}
COPYLEFT = {"sslyze", "nassl"}


def conda_specifiers() -> dict[str, str]:
    """What environment.yml asks for, by the name on the Python package index."""
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    lines = [line for line in listed if isinstance(line, str)]
    lines += [line for part in listed if isinstance(part, dict) for line in part["pip"]]
    requirements = [Requirement(line) for line in lines if not line.startswith("-e")]
    return {canonicalize_name(CONDA_NAMES.get(r.name, r.name)): str(r.specifier) for r in requirements}


def lock_pins() -> dict[str, list[tuple[str, int]]]:
    """Every pin of the lock as name -> (version, number of hashes)."""
    pins = defaultdict(list)
    for entry in re.split(r"\n(?=[a-z0-9])", "\n" + LOCK)[1:]:
        name, version = re.match(r"([\w.-]+)==([\w.+!]+)", entry).groups()
        pins[canonicalize_name(name)].append((version, len(re.findall(r"--hash=sha256:\w{64}", entry))))
    return pins


def imported_packages(source: str) -> Iterator[str]:
    """The packages that a module imports, also by name through importlib."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield module.partition(".")[0]


def test_conda_asks_for_what_pyproject_asks_for():
    """Every core package, with the same bounds, and the same Pythons."""
    conda = conda_specifiers()
    assert conda.pop("python") == str(Requirement(f"python{PROJECT['requires-python']}").specifier)
    conda.pop("pip")
    assert conda == {r.name: str(r.specifier) for r in CORE}


def test_conda_installs_riskkit_itself_and_needs_no_paid_channel():
    """nodefaults keeps Anaconda's own channel out, whose terms bind larger organisations."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    assert "-e ." in environment["dependencies"][-1]["pip"]


@pytest.mark.parametrize("requirement", CORE + EXTRAS, ids=lambda r: r.name)
def test_the_lock_pins_what_pyproject_allows(requirement):
    """One pin at least of every direct requirement, and each within its bounds."""
    versions = [version for version, _ in lock_pins()[canonicalize_name(requirement.name)]]
    assert versions
    assert all(requirement.specifier.contains(version) for version in versions)


def test_every_pin_has_hashes():
    """pip refuses a file that is not the one that was locked."""
    pins = lock_pins()
    assert len(pins) > len(CORE + EXTRAS)
    assert not [name for name, entries in pins.items() if any(n == 0 for _, n in entries)]


def test_the_lock_names_no_address():
    """The index is the user's own; the lock works with any mirror."""
    assert "://" not in LOCK
    assert not re.search(r"^--|^-[a-z]", LOCK, re.MULTILINE)


def test_what_is_imported_is_asked_for():
    """A package that comes only because another needs it can go with that one's next release.

    Spark, PDF and the widgets of a notebook are extras of their own, imported only where they are used.
    """
    allowed = {IMPORT_NAMES.get(r.name, r.name.replace("-", "_")) for r in CORE}
    allowed |= sys.stdlib_module_names | {"riskkit"}
    imported = {
        (package, module.name)
        for module in (ROOT / "riskkit").rglob("*.py")
        for package in imported_packages(module.read_text("utf-8"))
    }
    assert {package for package, _ in imported} - allowed == {"ipywidgets", "pyspark", "weasyprint"}
    assert {module for package, module in imported if package == "pyspark"} == {"cluster.py"}
    assert any(line.startswith("pyspark") for line in PROJECT["optional-dependencies"]["spark"])


def test_copyleft_scanner_is_never_imported():
    """sslyze is under the AGPL: riskkit starts it as a process of its own."""
    modules = sorted((ROOT / "riskkit").rglob("*.py"))
    assert modules
    importers = [m for m in modules if COPYLEFT & set(imported_packages(m.read_text("utf-8")))]
    assert importers == []


@pytest.mark.parametrize(
    "source",
    [
        "import sslyze",
        "import json, sslyze.errors as e",
        "from sslyze.scanner import models",
        "def f():\n    import nassl",
        "import importlib\nimportlib.import_module('sslyze.cli')",
        "__import__('sslyze')",
    ],
)
def test_every_way_to_import_the_scanner_is_seen(source):
    """The test above can fail."""
    assert COPYLEFT & set(imported_packages(source))


def test_the_licence_is_the_whole_text():
    """Apache-2.0 asks that its text goes with the copies."""
    assert PROJECT["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text()
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in text
    assert "END OF TERMS AND CONDITIONS" in text


def set_up(checkout: Path, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs setup.sh in a copy of the checkout's set-up files, with the programs of `path`."""
    for name in ("setup.sh", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, checkout)
    return subprocess.run(
        ["/bin/sh", str(checkout / "setup.sh")],
        env={"PATH": str(path)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def programs(folder: Path, *names: str, **scripts: str) -> Path:
    """A folder for PATH that holds these programs of the system, and these scripts."""
    folder.mkdir()
    for name in names:
        (folder / name).symlink_to(shutil.which(name))
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


posix_only = pytest.mark.skipif(os.name != "posix", reason="setup.sh is for a POSIX shell")


@posix_only
def test_set_up_without_a_python_says_what_is_needed(tmp_path):
    """An old Python is passed over, and the message names what would do."""
    path = programs(tmp_path / "bin", "cat", "cksum", "dirname", "head", python3="echo 3.9")
    result = set_up(tmp_path, path)
    assert result.returncode == 1
    assert "no Python 3.11, 3.12 or 3.13 found" in result.stderr


@posix_only
def test_set_up_refuses_a_python_that_was_named_and_does_not_fit(tmp_path):
    """PYTHON is never silently replaced by another."""
    path = programs(tmp_path / "bin", "cat", "cksum", "dirname", "head", old="echo 3.14")
    (path / "python3").symlink_to(sys.executable)
    result = set_up(tmp_path, path, PYTHON="old")
    assert result.returncode == 1
    assert "PYTHON=old is not a Python 3.11, 3.12 or 3.13" in result.stderr


@posix_only
def test_set_up_without_an_installer_says_what_to_install(tmp_path):
    """Debian's Python has neither venv nor pip until they are installed."""
    bare = 'case "$*" in *version_info*) echo 3.11;; *sys.executable*) echo bare;; *) exit 1;; esac'
    path = programs(tmp_path / "bin", "cat", "cksum", "dirname", "head", "rm", bare=bare)
    result = set_up(tmp_path, path, PYTHON="bare")
    assert result.returncode == 1
    assert "apt install python3-venv" in result.stderr


def test_the_wheel_holds_the_data_and_the_command(tmp_path):
    """What pip installs has every file that the package reads."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        entry_points = next(name for name in held if name.endswith("entry_points.txt"))
        assert "riskkit = riskkit.cli:main" in archive.read(entry_points).decode()
    listing = ["git", "ls-files", "riskkit"]
    tracked = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert set(tracked.split()) <= held
    assert any(name.endswith("LICENSE") for name in held)


@pytest.mark.slow
def test_a_fresh_clone_sets_itself_up_with_pip(tmp_path):
    """Nothing but Python, git and make: no uv, no cache, no settings of the user's."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    folders = [f for f in os.environ["PATH"].split(os.pathsep) if not (Path(f) / "uv").exists()]
    environment = os.environ | {"HOME": str(tmp_path), "PATH": os.pathsep.join(folders)}
    environment.pop("MAKEFLAGS", None)  # a make above this test has its own
    first = subprocess.run(
        ["make", "setup"], cwd=clone, env=environment, check=True, capture_output=True, text=True
    )
    assert ".venv is ready" in first.stderr
    again = subprocess.run(
        ["make", "setup"], cwd=clone, env=environment, check=True, capture_output=True, text=True
    )
    assert again.stderr == ""
    where = subprocess.run(
        [clone / ".venv/bin/python", "-c", "import riskkit; print(riskkit.__file__)"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert Path(where.stdout.strip()) == clone / "riskkit/__init__.py"
