"""How each control stands: met only on sufficient evidence, and silence is never a pass."""

from __future__ import annotations

from collections.abc import Sequence

from riskkit.catalog import ATTESTATION
from riskkit.model import METHODS, Catalog, Control, ControlStatus, Programme, Sufficiency
from riskkit.model.programme import NO_PROGRAMME
from riskkit.scoring.units import Unit, does_not_apply, worst_of_each
from riskkit.tables import TABLES


def control_status(
    control: Control, said: Sequence[Unit], catalog: Catalog, programme: Programme = NO_PROGRAMME
) -> ControlStatus:
    """The status of one control, worst-of over its units in the order PASS, UNKNOWN, FAIL.

    not met: something fails, and no required kind of evidence passes as a whole. partly met: something
    fails, and one does. met: every required kind has a check that passes as a whole by a method at
    least as strong as asked, and nothing is unknown. not applicable: answered or decided so, with
    reason, approver and last day, where that can be, and no evidence says otherwise. alternative
    documented: an addressable specification that is not met, with a decision in force that names the
    equivalent measure (164.306(d)(3)(ii)(B)). not demonstrated: all else.
    """
    units = worst_of_each(said)
    row = catalog.sufficiency.get(control.citation)
    passed = sum(unit.said == "PASS" for unit in units)
    failed = sum(unit.said == "FAIL" for unit in units)
    unknown = sum(unit.unknown for unit in units)
    lacking = () if row is None else tuple(kind for kind in row.kinds if not _shown(kind, row, units))
    if failed:
        status = "partly met" if row and len(lacking) < len(row.kinds) else "not met"
    elif does_not_apply(units):
        status, lacking = "not applicable", ()
    elif row and passed and not unknown and not lacking:
        status = "met"
    else:
        status = "not demonstrated"
    reason = _reason(status, control, row, units, lacking)
    if status not in ("met", "not applicable"):
        status, reason = _decided(status, reason, control, row, units, programme)
    return ControlStatus(
        control=control,
        status=status,  # type: ignore[arg-type]
        reason=reason,
        checks=tuple(sorted({unit.check for unit in units})),
        passed=passed,
        failed=failed,
        unknown=unknown,
        lacking=lacking,
        undated=sum(unit.flaw == "undated" for unit in units),
    )


def _decided(
    status: str,
    reason: str,
    control: Control,
    row: Sufficiency | None,
    units: Sequence[Unit],
    programme: Programme,
) -> tuple[str, str]:
    """What somebody decided in writing, where that can be; the evidence is still told."""
    out = programme.in_force([control.citation], "not_applicable")
    spoken = any(unit.said in ("PASS", "FAIL", "UNKNOWN") for unit in units)
    if out and row and row.may_not_apply and not spoken:
        return "not applicable", (
            f"{out.reason.rstrip('.')} ({out.exception_id}, approved by {out.approved_by}, "
            f"until {out.expires_on})"
        )
    decision = programme.decision(control.citation) if control.addressable else None
    if decision is None or decision.decision != "alternative" or not decision.equivalent_measure:
        return status, reason
    if not decision.in_force(programme.today):
        return status, f"{reason}; the decision on an alternative was to be reviewed by {decision.until}"
    return "alternative documented", (
        f"in its place: {decision.equivalent_measure.rstrip('.')}, because "
        f"{_lowered(decision.rationale)} (approved by {decision.approved_by}, review by "
        f"{decision.until}); by the evidence {status}: {reason}"
    )


def _shown(kind: str, row: Sufficiency, units: Sequence[Unit]) -> bool:
    """Whether all that rests on a kind of evidence passes, one check of it by a method strong enough."""
    asked = METHODS.index(row.method)
    if _contradicted(units):
        asked = max(asked, METHODS.index("INTERVIEW") + 1)
    for name in kind.split("|"):
        speaking = [unit for unit in units if name in unit.kinds and unit.said != "NA"]
        weak = {unit.check for unit in speaking if METHODS.index(unit.method) < asked}
        if all(unit.said == "PASS" for unit in speaking) and {unit.check for unit in speaking} - weak:
            return True
    return False


def _contradicted(units: Sequence[Unit]) -> bool:
    """Whether data show what an answer denies: then the data count, and the answer shows nothing."""
    return any(unit.said == "FAIL" and unit.method != "INTERVIEW" for unit in units)


def _reason(
    status: str, control: Control, row: Sufficiency | None, units: Sequence[Unit], lacking: Sequence[str]
) -> str:
    if row is None:
        return _counts(units) or "follows from all other controls, which are reported one by one"
    if not units:
        if lacking == (ATTESTATION,):
            return f"not answered; needs {_named(ATTESTATION)}: {_lowered(row.why)}"
        return f"riskkit has no check for this; needs {_list(lacking)}: {_lowered(row.why)}"
    if status == "not applicable":
        return "answered: it does not apply here"
    parts = [_counts(units)]
    if _contradicted(units) and any(unit.said == "PASS" and unit.method == "INTERVIEW" for unit in units):
        parts.append("answered yes, but the data show otherwise, and the data count")
    if any(unit.flaw == "always applies" for unit in units):
        parts.append("answered not applicable, but it applies to everybody who must keep the rule")
    if status == "not demonstrated" and lacking:
        parts.append(f"not shown by {_list(lacking)}: {_lowered(row.why)}")
    return "; ".join(parts)


def _counts(units: Sequence[Unit]) -> str:
    """Such as `failed: 3 of 40, unknown: 2 of 40 (1 undated)`; empty without units."""
    judged = [unit for unit in units if unit.said != "NA"]
    failed = sum(unit.said == "FAIL" for unit in judged)
    unknown = sum(unit.unknown for unit in judged)
    undated = sum(unit.flaw == "undated" for unit in judged)
    parts = [f"failed: {failed} of {len(judged)}"] if failed else []
    if unknown:
        parts.append(f"unknown: {unknown} of {len(judged)}" + (f" ({undated} undated)" if undated else ""))
    if judged and not parts:
        parts.append(f"passed: {len(judged)} of {len(judged)}")
    if not judged and units:
        parts.append("nothing that was looked at is in its scope")
    return ", ".join(parts)


def _list(kinds: Sequence[str]) -> str:
    return " and ".join(" or ".join(map(_named, kind.split("|"))) for kind in kinds)


def _named(kind: str) -> str:
    """A kind of evidence with where it goes in a pack."""
    return f"{kind} ({TABLES[kind].place})" if kind in TABLES else f"{kind} (riskkit cannot read it yet)"


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:].rstrip(".")
