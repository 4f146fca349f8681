"""`@check` and `@derive`: a function's parameters are its needs, its keyword-only defaults its tunables."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from riskkit.errors import CatalogError
from riskkit.model import SEVERITIES, Check, Derived, Family, Method, Moment, Parameter, Severity, Verdict

CheckFunction = Callable[..., Iterable[Verdict]]


def check(
    *,
    id: str,
    title: str,
    question: str,
    subject: str,
    controls: tuple[str, ...],
    severity: Severity,
    worst: Severity | None = None,
    remediation: str,
    method: Method = "EXAMINE",
    look_first: str = "",
    usual_cause: str = "",
    standing: bool = True,
    lasting: bool = False,
    expects: tuple[str, ...] = (),
    signal: bool = False,
    family: Family = "",
    aliases: tuple[str, ...] = (),
    whole_trail: bool = False,
    joins: tuple[str, ...] | None = None,
) -> Callable[[CheckFunction], Check]:
    """Declare a check; the decorated function becomes a `Check`.

    `controls` are exact citations. `worst` is the highest severity of any verdict (default `severity`).
    `expects` lists kinds of systems (`*` for all that hold ePHI)
    for each of which the inventory expects a verdict. Failures of a `lasting` check are closed
    by a pass only. `whole_trail` is for questions about the audit trail
    itself, which see the events of announced scans too. `joins` names the joins of `join_coverage` that a
    pass rests on, where they are not those of the tables that the check needs. The module and the
    function are named as the id with `.` as `_`. Raises CatalogError when the declaration does not hold
    together.
    """

    def declare(function: CheckFunction) -> Check:
        needs, optional, parameters = _signature(function, id)
        if function.__name__ != id.replace(".", "_"):
            raise CatalogError(
                f"check {id} must be a function named {id.replace('.', '_')}",
                file=function.__module__,
            )
        if not controls or severity not in SEVERITIES:
            raise CatalogError(
                f"check {id} names no control, or a severity that is none", file=function.__module__
            )
        return Check(
            id=id,
            title=title,
            question=question,
            subject=subject,
            controls=controls,
            severity=severity,
            worst=worst or severity,
            method=method,
            remediation=remediation,
            look_first=look_first,
            usual_cause=usual_cause,
            needs=needs,
            optional=optional,
            parameters=parameters,
            run=_with_moment(function),
            module=function.__module__,
            standing=standing,
            lasting=lasting,
            expects=expects,
            signal=signal,
            family=family,
            aliases=aliases,
            whole_trail=whole_trail,
            joins=joins,
        )

    return declare


def derive(
    *, name: str, doc: str, phi: tuple[str, ...] = (), whole_trail: bool = False
) -> Callable[[Callable[..., Any]], Derived]:
    """Declare a derived table; the decorated function returns a frame of the kind that it was given.

    Of a long trail it may yield frames of the same columns, which are computed one after the other.
    `phi` names the columns that identify a person. A missing input makes the table missing.
    """

    def declare(function: Callable[..., Any]) -> Derived:
        needs, optional, parameters = _signature(function, name)
        if parameters:
            raise CatalogError(
                f"derived table {name} takes no parameters but tables", file=function.__module__
            )
        return Derived(
            name,
            doc,
            frozenset(phi),
            needs,
            optional,
            _with_moment(function),
            function.__module__,
            whole_trail,
        )

    return declare


def _with_moment(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let every declared function be called with `at`, whether it wants it or not."""
    if "at" in inspect.signature(function).parameters:
        return function

    @functools.wraps(function)
    def run(*tables: Any, at: Moment | None = None, **named: Any) -> Any:
        return function(*tables, **named)

    return run


def _signature(
    function: Callable[..., Any], name: str
) -> tuple[tuple[str, ...], tuple[str, ...], Mapping[str, Parameter]]:
    """Split a function's parameters into needed tables, optional tables and tunables."""
    hints = typing.get_type_hints(function)
    needs, optional, parameters = [], [], {}
    for parameter in inspect.signature(function).parameters.values():
        hint = hints.get(parameter.name)
        if hint is None:
            raise CatalogError(f"{name}: parameter {parameter.name} has no type", file=function.__module__)
        if parameter.name == "at":
            if hint is not Moment:
                raise CatalogError(f"{name}: `at` must be a Moment", file=function.__module__)
        elif parameter.kind is parameter.KEYWORD_ONLY:
            if parameter.default is parameter.empty:
                raise CatalogError(
                    f"{name}: tunable {parameter.name} has no default", file=function.__module__
                )
            parameters[parameter.name] = Parameter(parameter.name, hint, parameter.default)
        elif _allows_none(hint):
            optional.append(parameter.name)
        else:
            needs.append(parameter.name)
    if not needs:
        raise CatalogError(f"{name} needs no table, so it judges nothing", file=function.__module__)
    return tuple(needs), tuple(optional), parameters


def _allows_none(hint: Any) -> bool:
    return typing.get_origin(hint) in (
        types.UnionType,
        typing.Union,
    ) and types.NoneType in typing.get_args(hint)
