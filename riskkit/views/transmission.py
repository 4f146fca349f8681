"""The channels over which images travel, and what was observed of each."""

from __future__ import annotations

from typing import Any

from riskkit.model import Assessment, Verdict
from riskkit.tables import records
from riskkit.views.charts import Words, expiries, shares
from riskkit.views.findings import missing, of_part
from riskkit.views.html import Html, join, paragraph
from riskkit.views.scope import in_view, inventory, present
from riskkit.views.tables import rows, table
from riskkit.views.wording import age, be, count, day, have, listed, share

_VERSIONS = {
    "ssl2_0": "SSL 2.0", "ssl3_0": "SSL 3.0", "tls1_0": "TLS 1.0", "tls1_1": "TLS 1.1",
    "tls1_2": "TLS 1.2", "tls1_3": "TLS 1.3",
}  # fmt: skip

_WORST = {
    "FAIL": "✗ findings",
    "UNKNOWN": "? partly unknown",
    "PASS": "✓ nothing found",
    None: "– not judged",
}

SOON_DAYS = 30
"""Certificates that end within this many days are marked; the check has its own setting."""


def channels(assessment: Assessment) -> Html:
    """Every listener: what was declared, what it speaks, and the worst that any check says of it."""
    if not present(assessment, "channel_observations"):
        return missing(assessment, "channel_observations")
    known, worst = inventory(assessment), _worst(assessment)
    found = [
        row
        for row in records(assessment.table("channels"))
        if in_view(assessment, known, row.system_id or row.host)
    ]
    results = [worst.get(_subject(row)) for row in found]
    total = len(found)
    numbers = {result: results.count(result) for result in ("PASS", "UNKNOWN", "FAIL", None)}
    unclear = numbers["UNKNOWN"] + numbers[None]
    told = (
        f"Of {count(total, 'listener')}, {numbers['PASS']} {have(numbers['PASS'])} nothing to correct, "
        f"{unclear} {be(unclear)} partly unknown or not judged, and {numbers['FAIL']} "
        f"{have(numbers['FAIL'])} findings."
    )
    frame = rows(
        (
            {
                "listener": _subject(row),
                "system": known.name(row.system_id or row.host),
                "declared": row.declared or "✗ not declared",
                "ePHI": row.ephi,
                "speaks": _speaks(row),
                "accepts": ", ".join(
                    _VERSIONS.get(name, name) for name in (row.accepted or "").split("|") if name
                )
                or None,
                "asks clients for a certificate": (row.client_auth or "unknown").replace("_", " "),
                "observed": row.observed_at and day(assessment, row.observed_at),
                "verdict": _WORST[result],
            }
            for row, result in sorted(
                zip(found, results, strict=True),
                key=lambda pair: (list(_WORST).index(pair[1]), _subject(pair[0])),
            )
        ),
        (
            "listener",
            "system",
            "declared",
            "ePHI",
            "speaks",
            "accepts",
            "asks clients for a certificate",
            "observed",
            "verdict",
        ),
    )
    return join(
        [
            paragraph(told),
            table(
                assessment,
                frame,
                caption="Channels",
                badges={"verdict": "sign"},
                empty="no listener is known.",
            ),
        ]
    )


def declared(assessment: Assessment) -> Html:
    """How many of the declared listeners that carry ePHI were looked at, and which were not."""
    if not present(assessment, "endpoints"):
        return missing(assessment, "endpoints")
    known = inventory(assessment)
    points = [
        row for row in records(assessment.table("endpoints")) if in_view(assessment, known, row.system_id)
    ]
    carrying = [row for row in points if row.ephi is not False]
    seen = set()
    if present(assessment, "channel_observations"):
        seen = {
            (row.host.casefold(), row.port)
            for row in records(assessment.table("channels"))
            if row.observations
        }
    looked = [row for row in carrying if (row.host.casefold(), row.port) in seen]
    unseen = [f"{row.host}:{row.port}" for row in carrying if row not in looked]
    return paragraph(
        f"Observed: {share(len(looked), len(carrying), 'declared listener')} that carry or may carry ePHI"
        f"{f'; not observed: {listed(unseen)}' if unseen else ''}. A listener that nobody declared and "
        "nobody scanned is not on this page."
    )


def protocols(assessment: Assessment) -> Html:
    """For each protocol version, how many listeners accept it, refuse it, or did not answer."""
    if not present(assessment, "channel_observations"):
        return missing(assessment, "channel_observations")
    known = inventory(assessment)
    tls = [
        row for row in records(assessment.table("channels"))
        if row.connectivity == "tls" and in_view(assessment, known, row.system_id or row.host)
    ]  # fmt: skip
    if not tls:
        return paragraph("No listener was seen to speak TLS.")
    lines, told = [], []
    for version, name in _VERSIONS.items():
        accepted = sum(version in (row.accepted or "").split("|") for row in tls)
        unclear = sum(version in (row.not_known or "").split("|") for row in tls)
        refused = len(tls) - accepted - unclear
        modern = version in ("tls1_2", "tls1_3")
        lines.append((name, (accepted if modern else refused, unclear, refused if modern else accepted)))
        told.append(f"{accepted} accept, {unclear} unknown, {refused} refuse")
    old = sum(
        bool({"ssl2_0", "ssl3_0", "tls1_0", "tls1_1"} & set((row.accepted or "").split("|"))) for row in tls
    )
    sentence = (
        f"Of the listeners that speak TLS, {share(old, len(tls))} {be(old, 'accepts', 'accept')} a version "
        "before TLS 1.2."
    )
    chart = shares(
        lines,
        caption="Protocol versions of listeners that speak TLS. For TLS 1.2 and 1.3 accepting is as "
        "wished, for older versions refusing is.",
        alt=sentence,
        words=Words("as wished", "unknown", "not as wished"),
        told=told,
    )
    return join([paragraph(sentence), chart])


def certificates(assessment: Assessment) -> Html:
    """When the certificate of each listener ends, counted from the end of the period."""
    if not present(assessment, "certificates"):
        return missing(assessment, "certificates")
    known, as_of = inventory(assessment), assessment.moment.as_of
    leaves = [
        row for row in records(assessment.table("leaf_certificates"))
        if row.position == 0 and in_view(assessment, known, row.system_id or row.host)
    ]  # fmt: skip
    if not leaves:
        return paragraph("No scan shows a certificate of a listener.")
    ends = sorted(
        ((_subject(row), (row.not_after - as_of).total_seconds() / 86_400, row) for row in leaves),
        key=lambda item: (item[1], item[0]),
    )
    over = [name for name, days, _ in ends if days <= 0]
    soon = [name for name, days, _ in ends if 0 < days <= SOON_DAYS]
    told = (
        f"Of {count(len(ends), 'certificate')}, {len(over)} ended before the end of the "
        f"period{f' ({listed(over)})' if over else ''} and {len(soon)} {be(len(soon), 'ends', 'end')} within {SOON_DAYS} days after "
        f"it{f' ({listed(soon)})' if soon else ''}."
    )
    drawn = [
        (
            name,
            days,
            f"{day(assessment, row.not_after)}, {'ended' if days <= 0 else 'ends'} {age(-int(days // 1))}",
        )
        for name, days, row in ends[:25]
    ]
    frame = rows(
        (
            {
                "listener": name,
                "ends": day(assessment, row.not_after),
                "key": " ".join(str(part) for part in (row.key_algorithm, row.key_bits) if part) or None,
                "signature": row.signature_hash,
                "self-signed": row.self_signed,
                "names the host": row.matches_host,
                "issuer": row.issuer,
            }
            for name, _, row in ends
        ),
        ("listener", "ends", "key", "signature", "self-signed", "names the host", "issuer"),
    )
    chart = expiries(
        drawn, alt=told, warn=SOON_DAYS,
        caption="End of the certificate that each listener presented last. A cross marks what has ended "
        "or ends soon.",
    )  # fmt: skip
    return join([paragraph(told), chart, table(assessment, frame, caption="Certificates of listeners")])


def _worst(assessment: Assessment) -> dict[str, str]:
    """The worst result of each listener over all checks of this area."""
    order = ("NA", "PASS", "UNKNOWN", "FAIL")
    worst: dict[str, str] = {}
    verdicts: list[Verdict] = [v for outcome in of_part(assessment, "transmission") for v in outcome.verdicts]
    for verdict in verdicts:
        if verdict.result != "NA":
            known = worst.get(verdict.subject, "NA")
            worst[verdict.subject] = max(known, verdict.result, key=order.index)
    return worst


def _subject(row: Any) -> str:
    return f"{row.host}:{row.port}"


def _speaks(row: Any) -> str:
    if row.connectivity is None:
        return "? never observed"
    return (
        f"? unknown: {row.connectivity_reason}"
        if row.connectivity == "unknown"
        else row.connectivity.replace("_", " ")
    )
