"""What the engine adds to what a check says: dates, age, gaps, expectation, history, review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from riskkit.assess.expected import Inventory
from riskkit.assess.history import History
from riskkit.assess.judge import Court, judge
from riskkit.declare import check
from riskkit.errors import SettingsError
from riskkit.model import (
    Check,
    Counts,
    Evidence,
    Moment,
    Outcome,
    Period,
    Rows,
    Source,
    TableState,
    Verdict,
)
from riskkit.settings import Settings
from riskkit.tables import TABLES

MOMENT = Moment.closing(Period.parse("2026-10"), ZoneInfo("UTC"))
FRESH = MOMENT.as_of - timedelta(days=3)
OLD = MOMENT.as_of - timedelta(days=200)


class Tables:
    """Stands for the engine: one table, in a given state."""

    def __init__(self, state: TableState) -> None:
        self._state = state

    def state(self, name: str) -> TableState:
        return replace(self._state, table=name)

    def tables_for(self, thing: Any) -> dict[str, Any]:
        return {name: pd.DataFrame() for name in thing.needs}


def source(name: str = "people/accounts/a.csv", **changes: Any) -> Source:
    made = Source(
        name=name,
        sha256="0" * 64,
        size=1,
        reader="canonical",
        reader_version=1,
        counts={"accounts": Counts(2, 2, 2)},
        collected_at=FRESH,
    )
    return replace(made, **changes)


PRESENT = TableState("accounts", "present", "", rows=2)


def court(
    *sources: Source,
    state: TableState = PRESENT,
    history: History | None = None,
    settings: Settings | None = None,
    inventory: Inventory | None = None,
    reviewed: Mapping[str, str] | None = None,
) -> Court:
    evidence = Evidence(Path(), sources or (source(),), {}, {}, TABLES)
    return Court(
        settings=settings or Settings(),
        moment=MOMENT,
        evidence=evidence,
        engine=Tables(state),  # type: ignore[arg-type]
        history=history or History(),
        inventory=inventory or Inventory(),
        reviewed=reviewed or {},
        fingerprint=lambda text: text.replace("\x1f", "/"),
    )


def saying(*verdicts: Verdict | Exception, **changes: Any) -> Check:
    @check(
        id="test.accounts",
        title="t",
        question="q",
        subject="system",
        controls=("45 CFR 164.312(d)",),
        severity="high",
        remediation="r",
        method=changes.pop("method", "EXAMINE"),
    )
    def test_accounts(accounts: pd.DataFrame, *, limit: int = 3) -> Iterator[Verdict]:
        for verdict in verdicts:
            if isinstance(verdict, Exception):
                raise verdict
            yield verdict

    return replace(test_accounts, **changes)


def verdict(result: Any = "PASS", subject: str = "a", scope: str = "pacs", **changes: Any) -> Verdict:
    return Verdict(subject, result, "said", scope=scope, **changes)


def results(outcome: Outcome) -> dict[str, str]:
    return {verdict.shown_as or verdict.subject: verdict.result for verdict in outcome.verdicts}


def earlier(
    result: str = "FAIL", scope: str = "pacs", subject: str = "a", method: str = "EXAMINE"
) -> History:
    """The findings of 2026-09 with one verdict."""
    subject = "a"
    told = {
        "fingerprint": f"test.accounts/{scope}/{subject}",
        "subject": subject,
        "scope": scope,
        "result": result,
        "severity": "high",
        "method": method,
        "message": "was so",
        "since": "",
        "engine": False,
    }
    return History(findings=({"period": "2026-09"},), last={"test.accounts": {told["fingerprint"]: told}})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("verdicts", "condition"),
    [
        ([verdict()], "CLEAN"),
        ([verdict(), verdict("UNKNOWN", "b")], "PARTIAL"),
        ([verdict("UNKNOWN", "b"), verdict("FAIL", "c")], "FINDINGS"),
        ([], "NOT_ASSESSED"),
        ([verdict(), ValueError("Smith, John")], "ERROR"),
    ],
)
def test_condition(verdicts: list[Any], condition: str) -> None:
    """Nobody examined is not clean, unknown is not clean, and a crash is an outcome."""
    assert judge(saying(*verdicts), court()).condition == condition


def test_a_crash_tells_no_value() -> None:
    """The text of an exception may hold a name."""
    outcome = judge(saying(ValueError("Smith, John")), court())
    assert outcome.reason == "the check failed with ValueError"


@pytest.mark.parametrize("state", ["missing", "empty", "unreadable", "set_aside"])
def test_absent_evidence_is_not_assessed(state: Any) -> None:
    """A check is not even asked when its table cannot be judged, and the reason is told."""
    outcome = judge(saying(ValueError()), court(state=TableState("accounts", state, "because")))
    assert (outcome.condition, outcome.reason) == ("NOT_ASSESSED", "because")


def test_a_stale_pass_is_unknown_and_a_stale_failure_stays() -> None:
    """Evidence older than the site allows shows nothing good any more."""
    outcome = judge(saying(verdict(), verdict("FAIL", "b")), court(source(collected_at=OLD)))
    assert results(outcome) == {"a": "UNKNOWN", "b": "FAIL"}
    lenient = Settings(freshness_days={"accounts": 365})
    assert results(judge(saying(verdict()), court(source(collected_at=OLD), settings=lenient))) == {
        "a": "PASS"
    }


def test_a_verdict_is_as_old_as_the_oldest_evidence_behind_it() -> None:
    """Rows name their source; without rows every source of the table counts; undated stays undated."""
    old, new = source("old.csv", collected_at=OLD), source("new.csv")
    with_rows = verdict(rows=(Rows("accounts", 1, (("new.csv", 2, 0),)),))
    assert judge(saying(with_rows), court(old, new)).verdicts[0].collected_at == FRESH
    assert judge(saying(verdict()), court(old, new)).verdicts[0].collected_at == OLD
    undated = judge(saying(verdict()), court(new, source("undated.csv", collected_at=None)))
    assert undated.verdicts[0].collected_at is None


def test_rows_of_optional_evidence_date_a_verdict_too() -> None:
    """What a check could do without is as old as it is, once a verdict rests on it."""
    roster = source("people/roster.csv", counts={"roster": Counts(2, 2, 2)}, collected_at=OLD)
    asked = saying(
        verdict(rows=(Rows("roster", 1, (("people/roster.csv", 2, 0),)),)),
        verdict(subject="b"),
        optional=("roster",),
    )
    assert results(judge(asked, court(source(), roster))) == {"a": "UNKNOWN", "b": "PASS"}


def test_unread_records_are_a_gap() -> None:
    """What was quarantined might have failed."""
    broken = source(counts={"accounts": Counts(3, 2, 2, 1)})
    outcome = judge(saying(verdict()), court(broken))
    assert outcome.condition == "PARTIAL"
    gap = next(verdict for verdict in outcome.verdicts if verdict.engine)
    assert "1 record quarantined" in gap.message


def test_systems_of_the_inventory_are_expected() -> None:
    """A system without a verdict is unknown, under whichever of its names others were judged."""
    inventory = Inventory({"pacs": "archive", "vna": "archive", "ris": "worklist"}, {"pacs-host": "pacs"})
    asked = saying(verdict(scope="PACS-HOST"), expects=("archive",))
    assert results(judge(asked, court(inventory=inventory))) == {"a": "PASS", "vna": "UNKNOWN"}
    everything = saying(verdict(scope="pacs"), expects=("*",))
    assert set(results(judge(everything, court(inventory=inventory)))) == {"a", "vna", "ris"}


@pytest.mark.parametrize("kind", ["PACS", "RIS", "vendor neutral archive", "arhive", "", " Archive "])
def test_a_kind_that_nobody_knows_counts_as_every_kind(kind: str) -> None:
    """What the inventory calls a system is free text, and no word of it may leave a question aside."""
    inventory = Inventory({"seen": "archive", "other": kind, "ct": "modality"}, {})
    outcome = judge(saying(verdict(scope="seen"), expects=("archive",)), court(inventory=inventory))
    assert results(outcome) == {"a": "PASS", "other": "UNKNOWN"}
    (gap,) = (one for one in outcome.verdicts if one.engine)
    assert ("its kind is none of archive, viewer" in gap.message) is (kind != " Archive ")


def test_without_inventory_expectation_is_unknown() -> None:
    """Deleting the inventory must not make a check clean."""
    outcome = judge(saying(verdict(), expects=("*",)), court(inventory=Inventory(absent="no evidence")))
    assert outcome.condition == "PARTIAL"


def test_a_failure_stays_until_as_strong_a_pass() -> None:
    """UNKNOWN and a weaker method do not close; an equal one does; the first period is kept."""
    stays = judge(saying(verdict("UNKNOWN")), court(history=earlier()))
    assert results(stays) == {"a": "FAIL"}
    assert stays.verdicts[0].since == "2026-09"
    weaker = judge(saying(verdict(), method="INTERVIEW"), court(history=earlier()))
    assert results(weaker) == {"a": "FAIL"}
    assert results(judge(saying(verdict()), court(history=earlier()))) == {"a": "PASS"}
    assert results(judge(saying(verdict()), court(history=earlier(method="TEST")))) == {"a": "FAIL"}


def test_a_subject_that_is_gone_and_evidence_that_is_gone() -> None:
    """Other subjects of the same scope show that it is gone; without them its failure stays."""
    other = verdict(subject="b")
    assert results(judge(saying(other), court(history=earlier()))) == {"b": "PASS"}
    elsewhere = verdict(subject="b", scope="vna")
    assert results(judge(saying(elsewhere), court(history=earlier()))) == {"a": "FAIL", "b": "PASS"}
    assert results(judge(saying(elsewhere), court(history=earlier("PASS")))) == {"a": "UNKNOWN", "b": "PASS"}


def test_what_happened_is_not_gone_with_its_evidence() -> None:
    """A lasting failure stays without the evidence of it, until a pass; a pass leaves nothing behind."""
    other = verdict(subject="b")
    assert results(judge(saying(other, lasting=True), court(history=earlier()))) == {"a": "FAIL", "b": "PASS"}
    assert results(judge(saying(other, lasting=True), court(history=earlier("PASS")))) == {"b": "PASS"}
    assert results(judge(saying(verdict(), lasting=True), court(history=earlier()))) == {"a": "PASS"}


def test_a_subject_in_quarantine_is_not_gone() -> None:
    """Evidence that was not read whole cannot show that a subject is gone."""
    broken = source(counts={"accounts": Counts(3, 2, 2, 1)})
    assert results(judge(saying(verdict(subject="b")), court(broken, history=earlier())))["a"] == "FAIL"


def test_not_assessed_keeps_what_history_knows() -> None:
    """Without evidence the failure is still open."""
    state = TableState("accounts", "missing", "because")
    outcome = judge(saying(verdict()), court(state=state, history=earlier()))
    assert (outcome.condition, results(outcome)) == ("NOT_ASSESSED", {"a": "FAIL"})


def test_missing_history_is_a_gap() -> None:
    """When earlier findings should be there and are not, nothing is clean."""
    assert judge(saying(verdict()), court(history=History(missing="2026-09"))).condition == "PARTIAL"
    passing = saying(verdict(), standing=False)
    assert judge(passing, court(history=History(missing="2026-09"))).condition == "CLEAN"


def test_a_reviewed_signal_is_closed() -> None:
    """A signal asks for a look; the look answers it."""
    asked = saying(verdict("FAIL"), signal=True)
    reviewed = {"test.accounts/pacs/a": "explained"}
    assert results(judge(asked, court())) == {"a": "FAIL"}
    assert results(judge(asked, court(reviewed=reviewed))) == {"a": "PASS"}
    assert results(judge(saying(verdict("FAIL")), court(reviewed=reviewed))) == {"a": "FAIL"}


def test_two_verdicts_on_one_subject_give_the_worst() -> None:
    """Order does not matter."""
    said = [verdict("FAIL"), verdict("PASS"), verdict("UNKNOWN")]
    for order in (said, said[::-1]):
        assert results(judge(saying(*order), court())) == {"a": "FAIL"}


@pytest.mark.parametrize(
    ("checks", "word"),
    [
        ({"test.accounts": {"limt": 2}}, "limt: there is no such parameter.*limit"),
        ({"test.accounts": {"limit": "many"}}, "limit: must be int"),
    ],
)
def test_overrides_are_checked(checks: dict[str, Any], word: str) -> None:
    """A misspelt or ill-typed tunable is an error, never a default."""
    with pytest.raises(SettingsError, match=word):
        judge(saying(verdict()), court(settings=Settings(checks=checks)))


def test_an_override_reaches_the_check() -> None:
    """The outcome tells the parameters that were used."""
    settings = Settings(checks={"test.accounts": {"limit": 9}})
    assert judge(saying(verdict()), court(settings=settings)).parameters == {"limit": 9}


def test_a_silent_system_leaves_people_unknown() -> None:
    """What somebody did on a system without a trail cannot be known."""
    inventory = Inventory({"pacs": "archive", "vna": "archive"}, silent=("vna",))
    on_trail = saying(needs=("audit_events",), run=lambda **_: [verdict(scope="")])
    assert results(judge(on_trail, court(inventory=inventory))) == {"a": "PASS", "vna": "UNKNOWN"}
    assert results(judge(saying(verdict()), court(inventory=inventory))) == {"a": "PASS"}
