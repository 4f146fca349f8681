"""Earlier periods' findings: what failed stays failed until something as strong shows it closed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from riskkit.errors import SettingsError
from riskkit.ingest.walk import HISTORY, sha256_of
from riskkit.model import Check, Moment, Period, Source, Verdict
from riskkit.model.levels import METHODS
from riskkit.settings import Settings

FINDINGS = "findings.json"
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class History:
    """Findings of earlier periods, oldest first, and the files that they came from."""

    findings: tuple[Mapping[str, Any], ...] = ()
    sources: tuple[Source, ...] = ()
    missing: str = ""
    last: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)


def read_history(pack: Path, settings: Settings, moment: Moment) -> History:
    """Read history/<period>/findings.json of every earlier period.

    `missing` says why an earlier failure cannot be ruled out: the previous period's findings are
    expected (site.yaml `first_period`) and not there, or a file cannot be read.
    """
    findings, sources, problems = [], [], []
    for path in sorted((pack / HISTORY).glob(f"*/{FINDINGS}")):
        name = path.relative_to(pack).as_posix()
        try:
            period = Period.parse(path.parent.name)
            if period.first_day >= moment.period.first_day:
                continue
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["schema"] != SCHEMA or content["period"] != period.name:
                raise ValueError
            _index(content)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, SettingsError):
            problems.append(f"{name} cannot be read")
            sources.append(
                Source(
                    name,
                    sha256_of(path),
                    path.stat().st_size,
                    None,
                    0,
                    {},
                    None,
                    problem="is no findings.json",
                )
            )
            continue
        findings.append((period.first_day, content))
        sources.append(Source(name, sha256_of(path), path.stat().st_size, HISTORY, SCHEMA, {}, None))
    ordered = [content for _, content in sorted(findings, key=lambda item: item[0])]
    return History(
        tuple(ordered),
        tuple(sources),
        "; ".join(problems) or _gap(ordered, settings, moment),
        _index(ordered[-1]) if ordered else {},
    )


def _index(content: Mapping[str, Any]) -> dict[str, dict[str, Mapping[str, Any]]]:
    return {
        outcome["check"]: {
            verdict["fingerprint"]: verdict for verdict in outcome["verdicts"] if not verdict["engine"]
        }
        for outcome in content["outcomes"]
    }


def _gap(findings: Sequence[Mapping[str, Any]], settings: Settings, moment: Moment) -> str:
    if settings.first_period is None:
        return ""
    first, previous = Period.parse(settings.first_period), moment.period.previous()
    if previous.first_day < first.first_day or any(item["period"] == previous.name for item in findings):
        return ""
    return f"the findings of {previous.name} are not in history/"


def with_history(
    check: Check,
    verdicts: Sequence[Verdict],
    last: Mapping[str, Mapping[str, Any]],
    period: str,
    *,
    whole: bool,
) -> list[Verdict]:
    """Join this period's verdicts with the last period's of the same check.

    A failure is closed only by a pass of the same unit by an equal or stronger method, or by
    evidence of its scope in which the unit no longer occurs; of a `lasting` check only by the pass. A unit
    that vanished together with its scope, or out of evidence that was not read `whole`, is UNKNOWN.
    """
    judged = {verdict.scope for verdict in verdicts if whole and verdict.scope and not verdict.engine}
    current = {verdict.fingerprint for verdict in verdicts}
    joined = [_sticky(check, verdict, last.get(verdict.fingerprint), period) for verdict in verdicts]
    for print_, earlier in sorted(last.items()):
        if print_ in current or earlier["result"] == "NA":
            continue
        gone = earlier["scope"] and earlier["scope"] in judged
        if gone and not (check.lasting and earlier["result"] == "FAIL"):
            continue
        joined.append(_vanished(print_, earlier, period))
    return joined


def _sticky(check: Check, verdict: Verdict, earlier: Mapping[str, Any] | None, period: str) -> Verdict:
    if earlier is None or earlier["result"] != "FAIL":
        return verdict
    since = earlier["since"] or period
    method = verdict.method or check.method
    weaker = METHODS.index(method) < METHODS.index(earlier["method"])
    if verdict.result == "FAIL":
        return verdict.but(since=since)
    if verdict.result == "UNKNOWN" or (verdict.result == "PASS" and weaker):
        return verdict.but(
            result="FAIL",
            since=since,
            severity=earlier["severity"],
            message=f"Failed in {since}, and nothing as strong shows it closed: {verdict.message}",
        )
    return verdict


def _vanished(print_: str, earlier: Mapping[str, Any], period: str) -> Verdict:
    failed = earlier["result"] == "FAIL"
    since = earlier["since"] or period
    return Verdict(
        subject=print_,
        shown_as=earlier["subject"],
        result="FAIL" if failed else "UNKNOWN",
        message=(
            f"Failed in {since}, and no evidence of this period shows it: {earlier['message']}"
            if failed
            else f"Judged in {period}; the evidence of this period does not show it."
        ),
        scope=earlier["scope"],
        severity=earlier["severity"],
        method=earlier["method"],
        since=since if failed else earlier["since"],
        fingerprint=print_,
    )
