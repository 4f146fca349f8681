"""Which courses of the learning system are security training."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from riskkit.words import count, folded

_WORDS = re.compile(
    r"\bhipaa\b|\bhitech\b|\be?phi\b|\bcyber|\bprivacy\b|\bphish|\bpasswords?\b|\binfosec\b|\bransomware\b"
    r"|\bmalware\b|\bsocial engineering\b|\bdata (?:protection|breach)|\bconfidentiality\b|\bgdpr\b"
    r"|(?<!social )(?<!food )(?<!job )(?<!income )\bsecurity\b",
    re.IGNORECASE,
)

_NAME_THEM = (
    "name them in programme/training.csv (column security) or in site.yaml "
    "(checks.people.training_overdue.courses, checks.people.new_staff_trained_late.courses)"
)


def teaches_security(row: Any, named: str) -> bool:
    """Whether a course is on security, privacy or HIPAA (45 CFR 164.308(a)(5)(i)).

    The column `security` decides; else `named`, titles or patterns such as `Compliance 1*` joined by `;`,
    case aside; else a word of the title: security, cyber, privacy, HIPAA, phishing, passwords and the like.
    """
    if row.security is not None:
        return bool(row.security)
    title = folded(row.course)
    if patterns := [folded(part) for part in named.split(";") if part.strip()]:
        return any(fnmatchcase(title, pattern) for pattern in patterns)
    return _WORDS.search(title) is not None


def titles(rows: Iterable[Any]) -> set[str]:
    """The different courses of some rows."""
    return {folded(row.course) for row in rows}


def none_known(rows: Iterable[Any]) -> str:
    """The message where no course of an export is recognised."""
    courses = count(len(titles(rows)), "course")
    return f"Of {courses} in the export none is known as security training: {_NAME_THEM}."
