"""Verdicts that were reached before on the same inputs by the same code are taken from the work folder."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from riskkit.assess.registry import all_checks
from riskkit.model import Evidence, Moment, Outcome, Rows, Signal, Verdict
from riskkit.settings import Settings
from riskkit.store import private_folder, replace_file

FOLDER = "assessments"


@cache
def code_digest() -> str:
    """SHA-256 over the package: other code may reach other verdicts."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.suffix in {".py", ".yaml", ".csv"}:
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def memo_key(
    evidence: Evidence, history: Sequence[Any], settings: Settings, moment: Moment, site_key: bytes
) -> str:
    """What an assessment depends on, as one digest."""
    content = {
        "code": code_digest(),
        "sources": [dataclasses.asdict(source) for source in evidence.sources],
        "history": [dataclasses.asdict(source) for source in history],
        "settings": settings.model_dump(),
        "moment": [moment.as_of, moment.period.name, str(moment.zone)],
        "key": hashlib.sha256(site_key).hexdigest(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def recall(work: Path, key: str) -> tuple[Outcome, ...] | None:
    """The outcomes of an earlier run; None when there is none or it cannot be read."""
    try:
        content = json.loads((work / FOLDER / f"{key}.json").read_text(encoding="utf-8"))
        return tuple(_outcome(check, content[check.id]) for check in all_checks())
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember(work: Path, key: str, outcomes: Sequence[Outcome]) -> None:
    """Keep outcomes, identities included, in the work folder (mode 0600)."""
    folder = private_folder(work / FOLDER)
    content = {outcome.check.id: _as_json(outcome) for outcome in outcomes}
    replace_file(folder / f"{key}.json", json.dumps(content, default=lambda value: value.isoformat()))


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "condition": outcome.condition,
        "reason": outcome.reason,
        "unused": outcome.unused,
        "parameters": {name: value for name, value in outcome.parameters.items() if _is_plain(value)},
        "verdicts": [
            {
                field.name: _plain(getattr(verdict, field.name))
                for field in dataclasses.fields(verdict)
                if getattr(verdict, field.name) != field.default
            }
            for verdict in outcome.verdicts
        ],
    }


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool | type(None))


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dataclasses.asdict(value) if isinstance(value, Rows | Signal) else value


def _outcome(check: Any, content: Mapping[str, Any]) -> Outcome:
    defaults = {name: parameter.default for name, parameter in check.parameters.items()}
    return Outcome(
        check=check,
        condition=content["condition"],
        reason=content["reason"],
        verdicts=tuple(_verdict(item) for item in content["verdicts"]),
        parameters={**defaults, **content["parameters"]},
        unused=tuple(content["unused"]),
    )


def _verdict(content: dict[str, Any]) -> Verdict:
    rows = _rows(content.pop("rows", ()))
    signals = tuple(_signal(item) for item in content.pop("signals", ()))
    collected, until = content.pop("collected_at", None), content.pop("valid_until", None)
    controls = tuple(content.pop("controls", ()))
    return Verdict(
        **content,
        rows=rows,
        signals=signals,
        controls=controls,
        collected_at=datetime.fromisoformat(collected) if collected else None,
        valid_until=date.fromisoformat(until) if until else None,
    )


def _signal(content: dict[str, Any]) -> Signal:
    day, rows = date.fromisoformat(content.pop("day")), _rows(content.pop("rows"))
    return Signal(day=day, rows=rows, **content)


def _rows(items: Sequence[Mapping[str, Any]]) -> tuple[Rows, ...]:
    return tuple(
        Rows(item["table"], item["count"], tuple(tuple(key) for key in item["keys"]), item["predicate"])
        for item in items
    )
