"""Which files were read, how their records ended, and how old they are."""

from __future__ import annotations

from riskkit.model import DOCUMENTATION, NOT_RECOGNIZED, UNREAD_DO, Assessment, Source
from riskkit.tables import TABLES
from riskkit.views.html import Html, bullets, facts, join, paragraph, tag
from riskkit.views.scope import present
from riskkit.views.tables import rows, table
from riskkit.views.wording import day
from riskkit.words import age, count, listed, plural, share

_READ = ("source", "table", "reader", "records", "rows", "quarantined", "ignored", "set aside", "superseded",
         "balance")  # fmt: skip


def reconciliation(assessment: Assessment, *tables: str) -> Html:
    """Every record of every file: became a row, is quarantined, or is ignored for a stated reason.

    tables: only files that feed one of these; all without them.
    """
    frame = rows(
        (
            {
                "source": source.name,
                "table": name,
                "reader": source.reader,
                "records": found.records,
                "rows": found.rows,
                "quarantined": found.quarantined,
                "ignored": sum(found.ignored.values()),
                "set aside": found.set_aside,
                "superseded": found.superseded,
                "balance": "✓"
                if found.records == found.accepted + found.quarantined + sum(found.ignored.values())
                else "✗ does not add up",
            }
            for source in _sources(assessment, tables)
            for name, found in sorted(source.counts.items())
            if not tables or name in tables
        ),
        _READ,
    )
    return join([_totals(assessment, tables), table(
        assessment,
        frame,
        caption="How the records of each file ended", badges={"balance": "sign"},
        headings={"source": "file", "set aside": "set aside (after the period)",
                  "superseded": "superseded (a later export of the same list says it anew)"},
        note="A record can become several rows. Balance: records = accepted + quarantined + ignored.",
        empty="No file was read for this.",
    )])  # fmt: skip


def lost(assessment: Assessment, *tables: str) -> Html:
    """Why records were quarantined or ignored, by file; `riskkit inspect` tells where each stands."""
    if not _sources(assessment, tables):
        return Html("")
    frame = rows(
        (
            {"source": source.name, "what": what, "reason": reason.replace("_", " "), "records": number}
            for source in _sources(assessment, tables)
            for what, reason, number in _reasons(source, tables)
        ),
        ("source", "what", "reason", "records"),
    )
    return table(
        assessment, frame, caption="Records that are not rows, and why", headings={"source": "file"},
        empty="Every record became a row.",
    )  # fmt: skip


def files(assessment: Assessment) -> Html:
    """Every file of the pack with its digest, reader, age, and what is wrong with it."""
    frame = rows(
        (
            {
                "file": source.name,
                "reader": source.reader or "not recognized",
                "collected": day(assessment, source.collected_at) if source.collected_at else "not dated",
                "first event": day(assessment, source.first),
                "last event": day(assessment, source.last),
                "remark": _remark(source),
                "sha256": source.sha256[:16],
            }
            for source in assessment.evidence.sources
        ),
        ("file", "reader", "collected", "first event", "last event", "remark", "sha256"),
    )
    return table(
        assessment,
        frame,
        caption=f"Evidence files: {len(frame):,}",
        headings={"sha256": "SHA-256 (first 16 digits)"},
        empty="The pack holds no evidence.",
    )


def unused(assessment: Assessment) -> Html:
    """Files that were not recognized, not readable, set aside or not dated: they show nothing."""
    sources = assessment.evidence.sources
    groups = (
        ("Not recognized by any reader", [s.name for s in sources if s.problem == NOT_RECOGNIZED]),
        (
            "Not readable",
            [
                f"{s.name} ({s.problem})"
                for s in sources
                if s.problem not in {"", NOT_RECOGNIZED, DOCUMENTATION}
            ],
        ),
        ("Documentation, not evidence", [s.name for s in sources if s.problem == DOCUMENTATION]),
        ("Collected after the period, set aside", [s.name for s in sources if s.set_aside]),
        (
            "Not dated, so they can be read but demonstrate nothing; evidence.csv says when a file was "
            "exported",
            [s.name for s in sources if s.collected_at is None and s.counts and not s.set_aside],
        ),
    )
    told = [(title, f"{len(names):,}: {listed(names, most=12)}") for title, names in groups if names]
    if any(source.passed_over for source in sources):
        told.append(("What to do about files that were not read", f"{UNREAD_DO}."))
    if not told:
        return paragraph(
            f"All {count(len(sources), 'file')} were recognized, read and dated." if sources else "No file."
        )
    return facts(told)


def freshness(assessment: Assessment) -> Html:
    """How old the newest evidence of each table is, and for how long it holds."""
    moment = assessment.moment
    records = []
    for name, state in sorted(assessment.evidence.states.items()):
        if state.state != "present" or name == "custody":  # says when the others were exported
            continue
        dates = [
            s.collected_at for s in assessment.evidence.sources if s.name in state.sources and s.collected_at
        ]
        holds = assessment.settings.freshness(name)
        newest = max(dates, default=None)
        days = None if newest is None else max(moment.age_days(newest), 0)
        records.append(
            {
                "evidence of": name.replace("_", " "),
                "files": len(state.sources),
                "rows": state.rows,
                "newest": day(assessment, newest) if newest else "not dated",
                "age": "unknown" if days is None else age(days),
                "holds for": f"{holds} days",
                "state": "? not dated" if days is None else "✓ fresh" if days <= holds else "? too old",
            }
        )
    columns = ("evidence of", "files", "rows", "newest", "age", "holds for", "state")
    return table(
        assessment,
        rows(records, columns),
        caption="Age of the evidence at the end of the period",
        badges={"state": "sign"},
        note="What is too old or not dated no longer shows that something is in order; what it shows to "
        "be wrong stays.",
        empty="No evidence was read.",
    )


def absent(assessment: Assessment) -> Html:
    """Kinds of evidence that are not in the pack or cannot be judged, and what to ask for."""
    gone = [state for _, state in sorted(assessment.evidence.states.items()) if state.state != "present"]
    frame = rows(
        (
            {
                "evidence of": state.table.replace("_", " "),
                "state": state.state.replace("_", " "),
                "ask for": TABLES[state.table].ask if state.table in TABLES else "",
                "put it under": TABLES[state.table].place if state.table in TABLES else "",
            }
            for state in gone
        ),
        ("evidence of", "state", "ask for", "put it under"),
    )
    return table(
        assessment, frame,
        caption=f"Evidence that is not there: {len(gone)} of {len(assessment.evidence.states)} kinds",
        empty="Every kind of evidence is there.",
    )  # fmt: skip


def custody(assessment: Assessment) -> Html:
    """How many files have a chain of custody, and which have none."""
    names = sorted(
        {s.name.partition("!")[0] for s in assessment.evidence.sources if s.counts} - {"evidence.csv"}
    )
    if not present(assessment, "custody"):
        return paragraph(
            f"Chain of custody: evidence.csv is not there, so for {count(len(names), 'file')} it is not "
            "known who exported them, when and how."
        )
    listed_files = set(assessment.table("custody")["file"])
    without = [name for name in names if name not in listed_files]
    told = share(len(names) - len(without), len(names), "file")
    words = f"Chain of custody: evidence.csv says it of {told}."
    return join([paragraph(words), bullets(["Not in it: ", tag("code", name)] for name in without)])


def _totals(assessment: Assessment, tables: tuple[str, ...]) -> Html:
    found = [
        number
        for source in _sources(assessment, tables)
        for name, number in source.counts.items()
        if not tables or name in tables
    ]
    total = sum(number.records for number in found)
    if not found:
        return Html("")
    return paragraph(
        f"{total:,} {plural('record', total)} in {count(len(_sources(assessment, tables)), 'file')}: "
        f"{sum(n.accepted for n in found):,} became {sum(n.rows for n in found):,} rows, "
        f"{sum(n.quarantined for n in found):,} quarantined, "
        f"{sum(sum(n.ignored.values()) for n in found):,} ignored for stated reasons. Set aside because "
        f"they happened after the period: {sum(n.set_aside for n in found):,} rows. "
        "Superseded because a later export of the same list says them anew: "
        f"{sum(n.superseded for n in found):,} rows."
    )


def _sources(assessment: Assessment, tables: tuple[str, ...]) -> list[Source]:
    sources = assessment.evidence.sources
    return [s for s in sources if (not tables and s.counts) or any(name in s.counts for name in tables)]


def _reasons(source: Source, tables: tuple[str, ...]) -> list[tuple[str, str, int]]:
    quarantined = [("quarantined", reason, number) for reason, number in sorted(source.quarantine.items())]
    ignored = [
        ("ignored", reason, number)
        for name, found in sorted(source.counts.items())
        if not tables or name in tables
        for reason, number in sorted(found.ignored.items())
    ]
    return quarantined + ignored


def _remark(source: Source) -> str:
    parts = [source.problem] if source.problem else []
    if source.set_aside:
        parts.append("collected after the period, set aside")
    elif source.obtained_later:
        parts.append("obtained later, after the period")
    if source.unread:
        parts.append(f"{count(source.unread, 'record')} quarantined")
    if source.mapping:
        parts.append(f"columns mapped by {source.mapping}")
    return "; ".join([*parts, *source.notes])
