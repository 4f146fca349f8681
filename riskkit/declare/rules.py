"""Rules: "column op value per row of one table, where ..." as a YAML file, a Check like any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from riskkit.errors import CatalogError
from riskkit.model import Check, Method, Moment, Parameter, Rows, Severity, Verdict
from riskkit.tables import TABLES, records

Test = Callable[[Any, Any, Moment], bool]


def _day(value: Any, at: Moment) -> date:
    return value.astimezone(at.zone).date() if isinstance(value, datetime) else value


OPERATORS: Mapping[str, Test] = {
    "is": lambda seen, wanted, at: seen == wanted,
    "is_not": lambda seen, wanted, at: seen != wanted,
    "in": lambda seen, wanted, at: seen in wanted,
    "not_in": lambda seen, wanted, at: seen not in wanted,
    "at_least": lambda seen, wanted, at: seen >= wanted,
    "at_most": lambda seen, wanted, at: seen <= wanted,
    "not_older_than_days": lambda seen, wanted, at: _day(seen, at) >= at.today - timedelta(days=wanted),
    "later_than_days": lambda seen, wanted, at: _day(seen, at) > at.today + timedelta(days=wanted),
}
"""All there are: a question that needs more is a function in riskkit/checks/."""


class _Condition(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    column: str
    op: Literal[tuple(OPERATORS)]  # type: ignore[valid-type]
    value: Any


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Annotated[str, Field(pattern=r"^[a-z]+\.[a-z0-9_]+$")]
    title: str
    question: str
    subject: str
    controls: Annotated[tuple[str, ...], Field(min_length=1)]
    severity: Severity
    method: Method = "TEST"
    remediation: str
    look_first: str = ""
    usual_cause: str = ""
    table: str
    name: Annotated[tuple[str, ...], Field(min_length=1)]
    scope: str = ""
    where: tuple[_Condition, ...] = ()
    expect: _Condition
    void: tuple[_Condition, ...] = ()
    unknown_values: tuple[str, ...] = ()
    message: str
    expects: tuple[str, ...] = ()
    standing: bool = True
    profiles: Mapping[str, Literal["fail", "warn", "info", "pass"]] = Field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    examples: Mapping[Literal["pass", "fail", "unknown"], tuple[Mapping[str, Any], ...]]


def load_rules(folder: Path) -> tuple[Check, ...]:
    """All rules of a folder, sorted by id; raises CatalogError naming the file and the key."""
    return tuple(sorted((rule_from(path) for path in folder.glob("*.yaml")), key=lambda rule: rule.id))


def rule_from(path: Path) -> Check:
    """Make a Check of one rule file; raises CatalogError."""
    try:
        rule = _Rule(**yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise CatalogError(f"is not a rule: {error}", file=path) from error
    table = TABLES.get(rule.table)
    if table is None or table.lazy:
        raise CatalogError(f"table {rule.table} does not exist or is too big for a rule", file=path)
    named = {
        *rule.name,
        *filter(None, [rule.scope]),
        rule.expect.column,
        *(c.column for c in (*rule.where, *rule.void)),
    }
    if unknown := named - table.by_name.keys():
        raise CatalogError(f"table {rule.table} has no column {sorted(unknown)}", file=path)
    if path.stem != rule.id:
        raise CatalogError(f"the file of rule {rule.id} must be named {rule.id}.yaml", file=path)
    if not rule.examples.get("pass") or not rule.examples.get("fail"):
        raise CatalogError("a rule needs examples that pass and that fail", file=path)
    return Check(
        id=rule.id,
        title=rule.title,
        question=rule.question,
        subject=rule.subject,
        controls=rule.controls,
        severity=rule.severity,
        worst=rule.severity,
        method=rule.method,
        remediation=rule.remediation,
        look_first=rule.look_first,
        usual_cause=rule.usual_cause,
        needs=(rule.table,),
        optional=(),
        parameters={"value": Parameter("value", type(rule.expect.value), rule.expect.value)},
        run=_runner(rule),
        module=str(path.name),
        standing=rule.standing,
        expects=rule.expects,
        profiles=rule.profiles,
        aliases=rule.aliases,
        examples=dict(rule.examples.items()),
    )


def _runner(rule: _Rule) -> Callable[..., Iterator[Verdict]]:
    def run(*, at: Moment, value: Any, **tables: Any) -> Iterator[Verdict]:
        for row in records(tables[rule.table]):
            holds = [_holds(condition, row, at) for condition in rule.where]
            if False not in holds:
                yield _verdict(rule, row, value, at, in_question=None in holds)

    return run


def _holds(condition: _Condition, row: Any, at: Moment) -> bool | None:
    seen = getattr(row, condition.column)
    return None if seen is None else OPERATORS[condition.op](seen, condition.value, at)


def _verdict(rule: _Rule, row: Any, value: Any, at: Moment, *, in_question: bool) -> Verdict:
    seen = getattr(row, rule.expect.column)
    shown = "nothing" if seen is None else str(_day(seen, at) if isinstance(seen, datetime) else seen)
    # Null and the words that stand for it say nothing: they never pass and never fail.
    # A row that may not even be meant (a null in `where`) is not left out: it is unknown too.
    unknown = in_question or seen is None or seen in rule.unknown_values
    good = not unknown and OPERATORS[rule.expect.op](seen, value, at)
    # A row of which a `void` condition holds is about nothing, and cannot pass.
    void = next((condition for condition in rule.void if good and _holds(condition, row, at)), None)
    facts = {"seen": shown, "value": value}
    message = rule.message.format(**facts)
    if void is not None:
        message += f" It shows nothing: {void.column} is {getattr(row, void.column)}."
    return Verdict(
        subject=" ".join(str(getattr(row, column)) for column in rule.name),
        result="UNKNOWN" if unknown or void else "PASS" if good else "FAIL",
        message=message,
        observed=shown,
        expected=f"{rule.expect.column} {rule.expect.op.replace('_', ' ')} {value}",
        scope=str(getattr(row, rule.scope) or "") if rule.scope else "",
        rows=(Rows.of(rule.table, [row]),),
    )
