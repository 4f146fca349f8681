"""Reads the catalog strictly: a citation that does not exist, or a level that is none, is an error."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from riskkit.catalog.priors import read_priors
from riskkit.errors import CatalogError
from riskkit.model import METHODS, SEVERITIES, Catalog, Control, Scenario, Sufficiency
from riskkit.tables import TABLES

FOLDER = Path(__file__).parent
"""Where the data lies."""

RULES = FOLDER / "rules"
"""Where the checks that need no code lie."""

ATTESTATION = "answers"
"""The kind of evidence that is only what somebody said, and so never more than INTERVIEW."""

SILENCE = ("control", "kind", "blind")
"""What can be silent: a whole control, a kind of evidence, a kind that riskkit cannot read yet."""

CITATION = re.compile(r"45 CFR 164\.\d{3}(\([a-z]\)(\(\d\)(\([ivx]+\)(\([A-Z]\))?)?)?)?")
REQUIREMENTS = {"rule": "R", "standard": "S", "spec": "RA", "breach": "R", "privacy": "R"}
MODES = ("auto", "semi", "attest", "rollup")

Row = TypeVar("Row")


@cache
def load_catalog() -> Catalog:
    """The catalog that ships with riskkit, read once; raises CatalogError."""
    return read_catalog(FOLDER)


def catalog_version(folder: Path = FOLDER) -> str:
    """The first 12 hex digits of a SHA-256 over every data file (CSV, YAML), names and contents."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in {".csv", ".yaml"}):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:12]


def read_catalog(folder: Path) -> Catalog:
    """Read and validate a catalog folder; raises CatalogError naming the file and what is wrong."""
    controls = _table(folder / "controls.csv", Control, _control, lambda control: control.citation)
    sufficiency = _table(folder / "sufficiency.csv", Sufficiency, _sufficiency, lambda row: row.control)
    _known(sufficiency, controls, "not in controls.csv", folder / "sufficiency.csv")
    planned = _planned(folder / "planned.yaml")
    asked = {name for row in sufficiency.values() for kind in row.kinds for name in kind.split("|")}
    _known(asked, TABLES.keys() | planned, "neither a table nor in planned.yaml", folder / "sufficiency.csv")
    _known(planned, asked, "not asked for in sufficiency.csv", folder / "planned.yaml")
    scenarios = tuple(_scenario(path, controls) for path in sorted((folder / "scenarios").glob("*.yaml")))
    return Catalog(
        controls=controls,
        sufficiency=sufficiency,
        scenarios=scenarios,
        priors=read_priors(folder / "priors.yaml", scenarios),
        scoring=_scoring(folder / "scoring.yaml"),
        version=catalog_version(folder),
        planned=planned,
    )


def _table(
    path: Path, kind: type[Row], make: Callable[[dict[str, str]], Row], key: Callable[[Row], str]
) -> dict[str, Row]:
    """Rows of a CSV file by key, in their order; the header is the fields of `kind`."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogError("cannot be read as CSV", file=path) from error
    header = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if not lines or len(lines[0]) != len(header) or set(lines[0]) != header:
        raise CatalogError(f"its columns must be {', '.join(sorted(header))}", file=path)
    found: dict[str, Row] = {}
    for number, cells in enumerate(lines[1:], start=2):
        if len(cells) != len(lines[0]):
            raise CatalogError(f"row {number} has {len(cells)} cells, not {len(lines[0])}", file=path)
        try:
            row = make(dict(zip(lines[0], cells, strict=True)))
        except ValueError as error:
            raise CatalogError(f"row {number}: {error}", file=path) from error
        if key(row) in found:
            raise CatalogError(f"row {number}: {key(row)} stands twice", file=path)
        found[key(row)] = row
    return found


def _control(cells: dict[str, str]) -> Control:
    citation = cells["citation"]
    if not CITATION.fullmatch(citation):
        raise ValueError(f"{citation!r} is no citation such as 45 CFR 164.312(a)(2)(iv)")
    if cells["id"] != _id_of(citation):
        raise ValueError(f"the id of {citation} must be {_id_of(citation)}")
    _one_of("kind", cells["kind"], REQUIREMENTS)
    _one_of("requirement", cells["requirement"], REQUIREMENTS[cells["kind"]])
    _one_of("mode", cells["mode"], MODES)
    _filled({name: cells[name] for name in ("title", "paraphrase", "evidence")})
    lists = ("nist_800_53r5", "csf2", "hicp", "hph_cpg")
    return Control(**{name: _list(cell) if name in lists else cell for name, cell in cells.items()})  # type: ignore[arg-type]


def _id_of(citation: str) -> str:
    """`45 CFR 164.312(a)(2)(iv)` has the id `164-312-a-2-iv`."""
    return "-".join(re.findall(r"\w+", citation.removeprefix("45 CFR "))).lower()


def _sufficiency(cells: dict[str, str]) -> Sufficiency:
    _one_of("method", cells["method"], METHODS)
    _one_of("may_not_apply", cells["may_not_apply"], ("yes", ""))
    _filled({name: cells[name] for name in ("kinds", "why")})
    kinds = _list(cells["kinds"])
    names = [name for kind in kinds for name in kind.split("|")]
    if len(set(names)) != len(names) or not all(names):
        raise ValueError("kinds must name each kind once, with `;` between and `|` for alternatives")
    if ATTESTATION in names and cells["method"] != "INTERVIEW":
        raise ValueError(f"{ATTESTATION} are never more than INTERVIEW, so {cells['method']} cannot be had")
    return Sufficiency(
        control=cells["control"],
        kinds=kinds,
        method=cells["method"],  # type: ignore[arg-type]
        why=cells["why"],
        may_not_apply=cells["may_not_apply"] == "yes",
    )


def _scenario(path: Path, controls: Mapping[str, Control]) -> Scenario:
    content = _yaml(path)
    try:
        if wrong := content.keys() ^ {field.name for field in fields(Scenario)}:
            raise ValueError(f"has too many keys, or too few: {', '.join(sorted(map(str, wrong)))}")
        scenario = TypeAdapter(Scenario).validate_python(content)
        _filled({name: value for name, value in content.items() if isinstance(value, str)})
        if scenario.id != path.stem:
            raise ValueError(f"the file of scenario {scenario.id} must be named {scenario.id}.yaml")
        if not scenario.controls or len(set(scenario.controls)) != len(scenario.controls):
            raise ValueError("controls must name at least one control, and each once")
    except ValidationError as error:
        wrong_keys = ", ".join(sorted({str(problem["loc"][0]) for problem in error.errors()}))
        raise CatalogError(f"has a wrong value in: {wrong_keys}", file=path) from error
    except ValueError as error:
        raise CatalogError(str(error), file=path) from error
    _known(scenario.controls, controls, "not in controls.csv", path)
    return scenario


def _scoring(path: Path) -> dict[str, dict[str, int]]:
    """The numbers of gaps, each list rising with severity so that worse is never better."""
    content = _yaml(path)
    try:
        for name, keys in {"floors": SEVERITIES, "ceilings": SEVERITIES, "silence": SILENCE}.items():
            if not isinstance(content.get(name), dict) or content[name].keys() - set(keys):
                raise ValueError(f"{name} must be a mapping of {', '.join(keys)}")
        if extra := content.keys() - {"floors", "ceilings", "silence"}:
            raise ValueError(f"unknown keys: {', '.join(sorted(map(str, extra)))}")
        floors, ceilings = (_percents(name, content[name]) for name in ("floors", "ceilings"))
        if any(floors[severity] > ceilings[severity] for severity in SEVERITIES):
            raise ValueError("a floor must not be above its ceiling")
        silence = {what: _place("silence", content["silence"][what], SEVERITIES) for what in SILENCE}
        if list(silence.values()) != sorted(silence.values(), reverse=True):
            raise ValueError(
                "silence of a control must not count less than of a kind, nor that less than blind"
            )
    except KeyError as error:
        raise CatalogError(f"lacks {error.args[0]}", file=path) from error
    except ValueError as error:
        raise CatalogError(str(error), file=path) from error
    return {"floors": floors, "ceilings": ceilings, "silence": silence}


def _percents(name: str, given: Mapping[str, Any]) -> dict[str, int]:
    numbers: dict[str, int] = {severity: given[severity] for severity in SEVERITIES}
    if not all(type(number) is int and 0 <= number <= 100 for number in numbers.values()):  # noqa: PLR2004
        raise ValueError(f"{name} must be whole numbers from 0 to 100")
    if list(numbers.values()) != sorted(numbers.values()):
        raise ValueError(f"{name} must not fall while severity rises")
    return numbers


def _planned(path: Path) -> dict[str, str]:
    content = _yaml(path)
    if not all(isinstance(part, str) and part.strip() for item in content.items() for part in item):
        raise CatalogError("must map each kind of evidence to what it would hold", file=path)
    return dict(content)


def _yaml(path: Path) -> dict[Any, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CatalogError("cannot be read as YAML", file=path) from error
    if not isinstance(content, dict):
        raise CatalogError("is not a mapping of keys to values", file=path)
    return content


def _known(names: Collection[str], known: Collection[str], complaint: str, path: Path) -> None:
    if unknown := sorted(set(names) - set(known)):
        raise CatalogError(f"{complaint}: {', '.join(unknown)}", file=path)


def _one_of(name: str, value: str, allowed: Collection[str]) -> None:
    if value not in list(allowed):
        raise ValueError(f"{name} {value!r} is none of {', '.join(map(repr, allowed))}")


def _place(name: str, value: object, scale: tuple[str, ...]) -> int:
    if value not in scale:
        raise ValueError(f"{name}: {value!r} is none of {', '.join(scale)}")
    return scale.index(str(value))


def _filled(cells: Mapping[str, str]) -> None:
    if blank := [name for name, value in cells.items() if not value.strip()]:
        raise ValueError(f"{', '.join(blank)} must not be empty")


def _list(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";")) if cell.strip() else ()
