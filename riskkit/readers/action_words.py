"""What a product calls an action, to the category that it is: by the words in it, where no map says so."""

from __future__ import annotations

import re
from functools import lru_cache

# The first line with a word that fits decides: "delete log-in" is a deletion, "view export" an export.
# A stem ends in `-`.
_WORDS: tuple[tuple[str, str], ...] = (
    ("delete", "delet- remov- purg- eras- destroy- trash-"),
    ("export", "export- download- burn- print- email- e-mail- mail- fax- send- sent- transmit- share- "
               "copy- archive media"),
    ("security_alert", "break- breakglass- glass emergenc- overrid- denied lockout-"),
    ("authentication", "login- logon- logout- logoff- signin- signon- signout- signoff- authenticat- "
                       "password- session-"),
    ("import", "import- upload- receiv- stor- ingest- scan- acquir-"),
    ("config", "config- setting- permission- privilege- role grant- revok- install-"),
    ("query", "quer- search- find- found lookup- list- browse- worklist-"),
    ("update", "edit- modif- updat- chang- merg- split- renam- mov- correct- assign- reassign- sign- "
               "anonym- label- link- unlink- annotat- complet- approv-"),
    ("read", "view- read- open- display- retriev- access- show- launch- load- get fetch- prefetch- "
             "preview- brought close- closed"),
    ("create", "creat- add- new insert- writ-"),
)  # fmt: skip
_JOINED = re.compile(r"\b(log|sign|break)[\s\-_]+(in|on|out|off|glass|the)\b", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[a-z]+")
_EXACT = {word: category for category, words in _WORDS for word in words.split() if not word.endswith("-")}
_STEMS = tuple(
    (category, tuple(word.rstrip("-") for word in words.split() if word.endswith("-")))
    for category, words in _WORDS
)

ACTIONS = {
    "query": "E", "read": "R", "export": "R", "import": "C", "create": "C", "update": "U", "delete": "D",
    "authentication": "E", "config": "U", "security_alert": "E",
}  # fmt: skip
"""EventActionCode of a category (PS3.15 A.5.3)."""

CODES = {
    "query": "110112", "read": "110103", "export": "110106", "import": "110107", "delete": "110105",
    "authentication": "110114", "audit_log_used": "110101", "security_alert": "110113",
}  # fmt: skip
"""The DICOM event (PS3.15 A.5.3) that a category is nearest to, for trails that have no codes."""


_FAILED = ("fail", "denied", "deny", "refus", "reject", "error", "invalid", "unauthori", "forbid", "abort")
_SUCCEEDED = ("success", "succeed", "passed", "grant", "allow", "complet")
_YES = frozenset({"ok", "okay", "pass", "true", "yes"})


@lru_cache(maxsize=4096)
def outcome_of(result: str) -> str:
    """success, failure or unknown, by the words of a result; a word of failure goes before any other."""
    words = _WORD.findall(_CAMEL.sub(" ", result[:200]).casefold())
    if any(word.startswith(_FAILED) for word in words) or {"not", "unsuccessful"} & set(words):
        return "failure"
    well = any(word.startswith(_SUCCEEDED) or word in _YES for word in words)
    return "success" if well else "unknown"


@lru_cache(maxsize=4096)
def category_of(action: str) -> str | None:
    """The category of an action's name; None when no word of it is known."""
    text = _JOINED.sub(lambda found: found[1] + found[2], _CAMEL.sub(" ", action[:200]))
    words = _WORD.findall(text.casefold())
    for category, stems in _STEMS:
        if any(_EXACT.get(word) == category or word.startswith(stems) for word in words):
            return category
    return None
