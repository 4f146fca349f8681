"""What Keycloak's log-in flow asks for: whether a second factor is met on every way through it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from riskkit.readers.keycloak_realm.shape import mapping, mappings

Asked = Literal["all", "enrolled", "none", "unclear"]
"""Of whom a second factor is asked: everybody, whoever has one, nobody, or it depends."""

_SECOND = frozenset(
    {
        "auth-otp-form", "webauthn-authenticator", "webauthn-authenticator-passwordless",
        "auth-recovery-authn-code-form",
    }
)  # fmt: skip
_FIRST = frozenset({"auth-username-password-form", "auth-username-form", "auth-password-form", "basic-auth"})
_PASSED = frozenset({"auth-cookie", "identity-provider-redirector", "organization", "reset-credentials"})
"""A session that exists, or a log-in elsewhere: they ask for nothing here."""
_ENROLLED = frozenset({"conditional-user-configured", "conditional-credential"})
_DEEPEST = 20


def second_factor(realm: Mapping[str, Any]) -> Asked | None:
    """Of whom the browser flow asks a second factor; None when the export holds no flows."""
    flows = {flow.get("alias"): flow for flow in mappings(realm.get("authenticationFlows"))}
    flow = flows.get(realm.get("browserFlow") or "browser")
    if flow is None:
        return None
    asked = _flow(flow, flows, 0) or "unclear"
    overridden = any(
        mapping(client.get("authenticationFlowBindingOverrides")).get("browser")
        for client in mappings(realm.get("clients"))
    )
    return "unclear" if overridden and asked != "none" else asked


def _flow(flow: Mapping[str, Any], flows: Mapping[Any, Mapping[str, Any]], depth: int) -> Asked | None:
    """What one flow asks; None when it has no opinion."""
    steps = [step for step in mappings(flow.get("authenticationExecutions")) if _counts(step)]
    must = [step for step in steps if step.get("requirement") in ("REQUIRED", "CONDITIONAL")]
    # Keycloak skips alternatives beside a step that must be done.
    if must:
        return _together(_step(step, flows, depth) for step in must)
    return _either(_step(step, flows, depth) for step in steps)


def _counts(step: Mapping[str, Any]) -> bool:
    return step.get("requirement") in ("REQUIRED", "CONDITIONAL", "ALTERNATIVE") and not _condition(step)


def _condition(step: Mapping[str, Any]) -> bool:
    return str(step.get("authenticator") or "").startswith("conditional-")


def _step(step: Mapping[str, Any], flows: Mapping[Any, Mapping[str, Any]], depth: int) -> Asked | None:
    name = step.get("authenticator")
    below = flows.get(step.get("flowAlias"))
    if step.get("flowAlias") and not name:
        if below is None or depth >= _DEEPEST:
            return "unclear"
        asked = _flow(below, flows, depth + 1)
        return _under_condition(below, asked) if step["requirement"] == "CONDITIONAL" else asked
    if name in _PASSED:
        return None
    return "all" if name in _SECOND else "none" if name in _FIRST else "unclear"


def _under_condition(flow: Mapping[str, Any], asked: Asked | None) -> Asked | None:
    if asked in ("none", None):
        return asked
    conditions = {
        step.get("authenticator")
        for step in mappings(flow.get("authenticationExecutions"))
        if _condition(step) and step.get("requirement") == "REQUIRED"
    }
    return "enrolled" if conditions and conditions <= _ENROLLED and asked != "unclear" else "unclear"


def _together(steps: Iterable[Asked | None]) -> Asked | None:
    """Steps that must all be done: one that asks everybody decides."""
    found = {asked for asked in steps if asked}
    order: tuple[Asked, ...] = ("all", "unclear", "enrolled", "none")
    return next((asked for asked in order if asked in found), None)


def _either(steps: Iterable[Asked | None]) -> Asked | None:
    """Steps of which one is enough: the easiest decides."""
    found = {asked for asked in steps if asked}
    order: tuple[Asked, ...] = ("none", "unclear", "enrolled", "all")
    return next((asked for asked in order if asked in found), None)
