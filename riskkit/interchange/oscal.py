"""OSCAL assessment results and plan of action (POA&M) as JSON: a writer of plain data, no model of OSCAL.

OSCAL knows a finding that is satisfied and one that is not, and no third. What is not demonstrated is
written as not satisfied, with the reason `other`, the property `status` that says so, and without an
observation by TEST: a reader that knows only OSCAL takes it for the worse, never for a pass.
Source: NIST, OSCAL 1.1 reference, assessment-results and plan-of-action-and-milestones.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from riskkit.assess.findings import shown_subject
from riskkit.assess.signing import risk_state, valid_signatures
from riskkit.interchange.registers import status_of
from riskkit.model import Assessment, ControlStatus, Outcome, Risk, Source, Verdict
from riskkit.scoring import actions_of

OSCAL_VERSION = "1.1.3"
NAMESPACE = uuid.UUID("6f1c1d5e-6a0e-5b0d-9a56-9d6b9f0c7d11")
"""Of our own: the same thing has the same UUID in every file of a period."""

NS = "https://riskkit.example/ns/oscal"
"""Namespace of our own properties."""

SATISFIED = frozenset({"met", "alternative documented", "not applicable"})

Json = dict[str, Any]


def assessment_results(assessment: Assessment) -> Json:
    """The assessment-results document: observations with hashed evidence, findings by control, risks."""
    made = _Made(assessment)
    observations = [made.observation(outcome) for outcome in assessment.outcomes if outcome.verdicts]
    result: Json = {
        "uuid": made.id("result"),
        "title": f"Assessment of {assessment.moment.period.name}",
        "description": assessment.settings.scope or "The scope is not stated in site.yaml.",
        "start": _instant(made.start),
        "end": _instant(assessment.moment.as_of),
        "props": [_prop("risk-state", risk_state(assessment))],
        "reviewed-controls": {
            "control-selections": [
                {"include-controls": [{"control-id": _token(one.control.id)} for one in assessment.controls]}
            ]
        },
        "observations": observations,
        "risks": [made.risk(risk) for risk in assessment.risks],
        "findings": [made.finding(status) for status in assessment.controls],
    }
    if signed := valid_signatures(assessment):
        result["attestations"] = [
            {
                "parts": [
                    {
                        "name": "sign-off",
                        "prose": f"Signed by {one.signed_by} ({one.role}) on {one.signed_at.date()}: state "
                        f"{one.risk_state}.",
                    }
                ]
            }
            for one in signed
        ]
    body: Json = {
        "uuid": made.id("assessment-results"),
        "metadata": made.metadata("Assessment results"),
        "import-ap": {"href": f"#{made.id('plan')}"},
        "results": [result],
        "back-matter": {"resources": [made.plan(), *made.resources(observations)]},
    }
    return {"assessment-results": body}


def plan_of_action(assessment: Assessment) -> Json:
    """The plan-of-action-and-milestones document: an item, with measures, for each risk above very low."""
    made = _Made(assessment)
    outcomes = {outcome.check.id: outcome for outcome in assessment.outcomes}
    risks = [risk for risk in assessment.risks if risk.level != "very low"]
    named = {name for risk in risks for name, _, _ in risk.drivers} & outcomes.keys()
    observations = [made.observation(outcomes[name]) for name in sorted(named) if outcomes[name].verdicts]
    body: Json = {
        "uuid": made.id("plan-of-action-and-milestones"),
        "metadata": made.metadata("Plan of action and milestones"),
        "system-id": {"identifier-type": NS, "id": made.id("system")},
        "observations": observations,
        "risks": [made.risk(risk) for risk in risks],
        "poam-items": [made.item(risk, {one["uuid"] for one in observations}) for risk in risks]
        or [{"uuid": made.id("nothing"), "title": "No risk is open", "description": "No item is planned."}],
        "back-matter": {"resources": [*made.resources(observations)] or [made.plan()]},
    }
    for name in ("observations", "risks"):
        if not body[name]:
            del body[name]
    return {"plan-of-action-and-milestones": body}


def as_json(document: Mapping[str, Any] | list[dict[str, Any]]) -> bytes:
    """A document as the same bytes every time."""
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


class _Made:
    """Makes the parts of a document; what is named twice has one UUID."""

    def __init__(self, assessment: Assessment) -> None:
        self.a = assessment
        self.sources = {source.name: source for source in assessment.evidence.sources}
        day = assessment.moment.period.first_day
        self.start = datetime(day.year, day.month, day.day, tzinfo=assessment.moment.zone)

    def id(self, *names: str) -> str:
        """UUIDv5 of these names within organisation, period and moment."""
        moment = self.a.moment
        parts = (self.a.settings.organisation, moment.period.name, moment.as_of.isoformat(), *names)
        return str(uuid.uuid5(NAMESPACE, "\x1f".join(parts)))

    def metadata(self, what: str) -> Json:
        return {
            "title": f"{what}: {self.a.settings.organisation}, {self.a.moment.period.name}",
            "last-modified": _instant(self.a.moment.as_of),
            "version": self.a.moment.period.name,
            "oscal-version": OSCAL_VERSION,
            "props": [
                _prop("tool-version", f"riskkit {self.a.version}"),
                _prop("catalog-version", self.a.catalog.version),
                _prop("synthetic", "yes" if self.a.settings.synthetic else "no"),
            ],
            "remarks": "Controls are named by the ids of riskkit's catalogue of 45 CFR part 164. What is not "
            "demonstrated is written as not satisfied, with the property status.",
        }

    def plan(self) -> Json:
        """What stands for the plan: the catalogue of questions, by its version."""
        return {
            "uuid": self.id("plan"),
            "title": f"riskkit catalogue {self.a.catalog.version}",
            "description": "The questions that riskkit asks and the controls they bear on.",
        }

    def observation(self, outcome: Outcome) -> Json:
        """One check: what was examined, by the method that its verdicts rest on, with the files behind it."""
        counts = outcome.counts
        shown = [verdict for verdict in outcome.verdicts if verdict.result in ("PASS", "FAIL")]
        methods: list[str] = sorted({outcome.method_of(verdict) for verdict in shown})
        dates = [verdict.collected_at for verdict in outcome.verdicts if verdict.collected_at]
        found: Json = {
            "uuid": self.id("observation", outcome.check.id),
            "title": outcome.check.title,
            "description": f"{outcome.check.question} {counts['FAIL']} of {outcome.population} fail, "
            f"{counts['PASS']} pass, {counts['UNKNOWN']} unknown.",
            "props": [_prop("check", outcome.check.id), _prop("condition", outcome.condition)],
            "methods": methods or ["UNKNOWN"],
            "collected": _instant(min(max(dates, default=self.a.moment.as_of), self.a.moment.as_of)),
        }
        if evidence := [
            {"href": f"#{self.id('source', name)}", "description": f"Rows of {name}."}
            for name in self._named(outcome)
        ]:
            found["relevant-evidence"] = evidence
        if outcome.check.signal:
            found["remarks"] = "Selects accesses for review: unexplained is not inappropriate."
        elif failing := [self._told(outcome, verdict) for verdict in outcome.findings[:20]]:
            more = len(outcome.findings) - len(failing)
            found["remarks"] = "\n".join([*failing, *([f"and {more} more"] if more else [])])
        return found

    def finding(self, status: ControlStatus) -> Json:
        """How a control stands; OSCAL has no word for what is not demonstrated, so it is not satisfied."""
        satisfied = status.status in SATISFIED
        state: Json = {"state": "satisfied" if satisfied else "not-satisfied"}
        reasons = {"met": "pass", "not met": "fail", "partly met": "fail"}
        state["reason"] = reasons.get(status.status, "other")
        state["remarks"] = status.reason or status.status
        found: Json = {
            "uuid": self.id("finding", status.control.citation),
            "title": f"{status.control.citation} {status.control.title}",
            "description": f"{status.status}: {status.reason}" if status.reason else status.status,
            "props": [_prop("status", status.status.replace(" ", "-"))],
            "target": {"type": "objective-id", "target-id": _token(status.control.id), "status": state},
        }
        outcomes = {one.check.id: one for one in self.a.outcomes}
        if related := [
            {"observation-uuid": self.id("observation", name)}
            for name in status.checks
            if name in outcomes and outcomes[name].verdicts
        ]:
            found["related-observations"] = related
        if risks := [
            {"risk-uuid": self.id("risk", risk.id)}
            for risk in self.a.risks
            if not satisfied and status.control.citation in risk.controls
        ]:
            found["related-risks"] = risks
        return found

    def risk(self, risk: Risk) -> Json:
        """A scenario with its level, its measures as remediations, and its latest due date."""
        standing = status_of(self.a, risk)
        found: Json = {
            "uuid": self.id("risk", risk.id),
            "title": risk.title,
            "description": risk.story,
            "statement": f"{risk.level}, {risk.low} if every unknown proves fine. "
            f"{risk.treatment or 'No treatment is decided'}.",
            "status": {"open": "open", "in treatment": "remediating", "accepted": "deviation-approved"}[
                standing
            ],
            "props": [_prop("risk-id", risk.id)],
            "characterizations": [
                {
                    "origin": {"actors": [{"type": "tool", "actor-uuid": self.id("tool")}]},
                    "facets": [
                        _facet("likelihood", risk.likelihood),
                        _facet("impact", risk.impact),
                        _facet("risk", risk.level),
                        _facet("risk-if-unknowns-pass", risk.low),
                    ],
                }
            ],
        }
        if risk.due:
            found["deadline"] = f"{risk.due}T23:59:59Z"
        if actions := actions_of(risk, self.a.programme.actions):
            found["remediations"] = [
                {
                    "uuid": self.id("action", risk.id, action.action_id),
                    "lifecycle": "completed" if action.state == "done" else "planned",
                    "title": f"{action.action_id}: {action.title}",
                    "description": f"State {action.state.replace('_', ' ')}; "
                    f"owner {action.owner or 'nobody is named'}; due {action.due_on or 'not set'}.",
                    "props": [_prop("action-id", action.action_id), _prop("state", action.state)],
                    **({"tasks": [self._milestone(risk, action.action_id, action.milestones)]}
                       if action.milestones else {}),
                }
                for action in actions
                if action.state != "cancelled"
            ]  # fmt: skip
            if not found["remediations"]:
                del found["remediations"]
        return found

    def item(self, risk: Risk, known: set[str]) -> Json:
        """An item of the plan: the risk and the observations that raise it."""
        item: Json = {
            "uuid": self.id("item", risk.id),
            "title": risk.title,
            "description": risk.story,
            "props": [_prop("treatment", _text(risk.treatment or "none is decided"))],
            "related-risks": [{"risk-uuid": self.id("risk", risk.id)}],
        }
        raised = dict.fromkeys(self.id("observation", name) for name, _, _ in risk.drivers)
        if related := [{"observation-uuid": name} for name in raised if name in known]:
            item["related-observations"] = related
        return item

    def resources(self, observations: list[Json]) -> list[Json]:
        """The files that observations name, with their SHA-256."""
        wanted = {link["href"][1:] for one in observations for link in one.get("relevant-evidence", ())}
        files = [source for source in self.sources.values() if self.id("source", source.name) in wanted]
        return [self._resource(source) for source in sorted(files, key=lambda source: source.name)]

    def _resource(self, source: Source) -> Json:
        return {
            "uuid": self.id("source", source.name),
            "title": source.name,
            "rlinks": [{"href": source.name, "hashes": [{"algorithm": "SHA-256", "value": source.sha256}]}],
        }

    def _named(self, outcome: Outcome) -> list[str]:
        names = {key[0] for one in outcome.verdicts for rows in one.rows for key in rows.keys}
        return sorted(names & self.sources.keys())

    def _told(self, outcome: Outcome, verdict: Verdict) -> str:
        subject = shown_subject(outcome, verdict, self.a.surrogates)
        return f"{subject}{f' ({verdict.scope})' if verdict.scope else ''}: {verdict.message}"

    def _milestone(self, risk: Risk, action: str, milestones: str) -> Json:
        return {
            "uuid": self.id("milestones", risk.id, action),
            "type": "milestone",
            "title": f"Milestones of {action}",
            "description": milestones,
        }


def _token(name: str) -> str:
    """An id as OSCAL wants it: it begins with a letter."""
    return f"cfr-{name}"


def _prop(name: str, value: str) -> Json:
    return {"name": name, "ns": NS, "value": value}


def _facet(name: str, value: str) -> Json:
    return {"name": name, "system": NS, "value": value.replace(" ", "-")}


def _text(value: str) -> str:
    return " ".join(value.split())


def _instant(when: datetime) -> str:
    return when.isoformat(timespec="seconds")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
