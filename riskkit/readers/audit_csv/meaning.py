"""From typed cells to a row of `audit_events`: times, and the words for actions and results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC
from zoneinfo import ZoneInfo

from riskkit.model.time import microseconds
from riskkit.readers.action_words import ACTIONS, CODES, category_of, outcome_of
from riskkit.readers.audit_codes import known
from riskkit.readers.audit_csv.mapping import TIME
from riskkit.readers.canonical.cells import RefusedError
from riskkit.readers.events import Row
from riskkit.readers.text_log import as_json, harmless, ip_of
from riskkit.readers.values import BadValueError, Dates, local_time
from riskkit.tables.audit import CATEGORIES
from riskkit.words import count

_USER_TYPES = ("person", "application", "node")
_OUTCOMES = ("success", "failure", "unknown")
_TEXTS = frozenset({
    "event_id", "event_code", "event_subcode", "event_reason", "user_id", "user_name", "user_role",
    "purpose_of_use", "source_ip", "source_host", "source_aet", "dest_aet", "dest_id", "dest_host",
    "media_type", "source_system", "source_site", "patient_id", "patient_id_issuer", "study_uid",
    "accession", "sop_class_uids", "object_lifecycle", "object_sensitivity", "query_text",
    "correlation_id",
})  # fmt: skip


class Meaning:
    """Makes rows of the events of one file, and counts what it had to assume."""

    def __init__(self, dates: Dates, zone: ZoneInfo, form: str) -> None:
        self._dates, self._zone, self._form = dates, zone, form
        self._seen: Counter[str] = Counter()

    def row(self, values: Mapping[str, object], kept: Mapping[str, str]) -> Row:
        """The row of one record; raises RefusedError when it has no time."""
        written = str(values.get(TIME) or "")
        instant, zoned = self._time(written)
        action = str(values.get("event_category") or "")
        category = self._category(action)
        outcome = self._outcome(str(values.get("event_outcome") or ""), action)
        code = str(values.get("event_action") or "").upper()[:1]
        texts = {
            name: harmless(known(str(value)))
            for name, value in values.items()
            if value is not None and name in _TEXTS
        }
        user_type = str(values.get("user_type") or "").casefold()
        unlisted = harmless(action) if action and action.casefold() != category else None
        return {
            **values,
            "event_code": CODES.get(category),
            **texts,
            **_place(texts),
            **_patient(texts),
            TIME: instant,
            "event_time_raw": harmless(written),
            "time_quality": "zoned" if zoned else "assumed_tz",
            "event_category": category,
            "event_action": code if code in "CRUDE" and code else ACTIONS.get(category, "E"),
            "event_outcome": outcome,
            "user_type": user_type if user_type in _USER_TYPES else "unknown",
            "user_authenticated": values.get("user_authenticated", _proved(category, outcome)),
            "entities": as_json({"action": unlisted, **{key: harmless(text) for key, text in kept.items()}}),
            "source_format": self._form,
            "parse_status": "ok",
        }

    def notes(self) -> tuple[str, ...]:
        """What was assumed."""
        found = []
        if self._seen["zoneless"]:
            found.append(
                f"times without zone were read in {self._zone.key} ({count(self._seen['zoneless'], 'row')})"
            )
        if self._seen["by_word"]:
            found.append(
                f"actions were told by their words, not by a map ({count(self._seen['by_word'], 'row')})"
            )
        if self._seen["other"]:
            found.append(f"actions that no word explains are `other` ({count(self._seen['other'], 'row')})")
        return tuple(found)

    def _time(self, written: str) -> tuple[int, bool]:
        if not written:
            raise RefusedError("no_timestamp", "no time")
        try:
            local, day_only = local_time(written, self._dates)
            if day_only:
                raise RefusedError("no_timestamp", "a day without time")
            zoned = local.tzinfo is not None
            instant = (local if zoned else local.replace(tzinfo=self._zone)).astimezone(UTC)
        except (BadValueError, OverflowError):
            raise RefusedError("no_timestamp", "the time is not written as was told") from None
        self._seen["zoneless"] += not zoned
        return microseconds(instant), zoned

    def _category(self, action: str) -> str:
        word = action.casefold()
        if word in CATEGORIES:
            return word
        found = category_of(action)
        if action:
            self._seen["by_word" if found else "other"] += 1
        return found or "other"

    @staticmethod
    def _outcome(result: str, action: str) -> str:
        if result.casefold() in _OUTCOMES:
            return result.casefold()
        if result:
            return outcome_of(result)
        return "failure" if outcome_of(action) == "failure" else "unknown"


def _proved(category: str, outcome: str) -> bool | None:
    return outcome == "success" if category == "authentication" and outcome != "unknown" else None


def _place(texts: Mapping[str, str | None]) -> Row:
    """An address that stands where a host name is expected, and the other way round."""
    ip = ip_of(texts.get("source_ip")) or ip_of(texts.get("source_host"))
    names = [text for text in (texts.get("source_host"), texts.get("source_ip")) if text and not ip_of(text)]
    return {"source_ip": ip, "source_host": names[0] if names else None}


def _patient(texts: Mapping[str, str | None]) -> Row:
    """PatientID and its issuer where an export holds both as HL7 CX (`4711^^^HOSP&1.2.3&ISO`)."""
    parts = (texts.get("patient_id") or "").partition("~")[0].split("^")
    issuer = parts[3].partition("&")[0].strip() if len(parts) > 3 else ""  # noqa: PLR2004 - CX.4
    return {
        "patient_id": known(parts[0]),
        "patient_id_issuer": texts.get("patient_id_issuer") or issuer or None,
    }
