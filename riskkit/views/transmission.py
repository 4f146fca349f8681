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
from riskkit.views.wording import day
from riskkit.words import age, be, count, have, listed, share

_VERSIONS = {
    "ssl2_0": "SSL 2.0", "ssl3_0": "SSL 3.0", "tls1_0": "TLS 1.0", "tls1_1": "TLS 1.1",
    "tls1_2": "TLS 1.2", "tls1_3": "TLS 1.3",
}  # fmt: skip

_OLD = {"ssl2_0", "ssl3_0", "tls1_0", "tls1_1"}

_PROTOCOLS = (
    *((_VERSIONS[version], {version}, False) for version in sorted(_OLD)),
    ("TLS 1.2 or 1.3", {"tls1_2", "tls1_3"}, True),
)
"""What is counted together, and whether accepting it is as wished."""

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
                "verdict": _WORST[result],
                "system": known.label(row.system_id or row.host),
                "declared": (row.declared or "✗ not at all") + _ephi(row),
                "speaks": _speaks(row),
                "accepts": _names(row.accepted) or None,
                "client certificate": (row.client_auth or "unknown").replace("_", " ").lower(),
                "observed": row.observed_at and day(assessment, row.observed_at),
            }
            for row, result in sorted(
                zip(found, results, strict=True),
                key=lambda pair: (list(_WORST).index(pair[1]), _subject(pair[0])),
            )
        ),
        ("listener", "verdict", "system", "declared", "speaks", "accepts", "client certificate", "observed"),
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


def _ephi(row: Any) -> str:
    """What is added where a listener is declared to carry no ePHI, and what speaks against it."""
    if row.ephi_against:
        return f", no ePHI (not believed: {row.ephi_against})"
    return ", no ePHI" if row.ephi is False else ""


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
        seen = {row.endpoint_id for row in records(assessment.table("channels")) if row.observations}
    looked = [row for row in carrying if {row.endpoint_id, (row.host.casefold(), row.port)} & seen]
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
    for name, versions, wished in _PROTOCOLS:
        accepted = sum(bool(versions & _set(row.accepted)) for row in tls)
        unclear = sum(
            not versions & _set(row.accepted) and bool(versions & _set(row.not_known)) for row in tls
        )
        refused = len(tls) - accepted - unclear
        lines.append((name, (accepted, unclear, refused) if wished else (refused, unclear, accepted)))
        told.append(f"{accepted} accept, {unclear} unknown, {refused} refuse")
    old = sum(bool(_OLD & _set(row.accepted)) for row in tls)
    sentence = (
        f"Of the listeners that speak TLS, {share(old, len(tls))} {be(old, 'accepts', 'accept')} a version "
        "before TLS 1.2."
    )
    chart = shares(
        lines,
        caption="Protocol versions of listeners that speak TLS. Refusing old versions is as wished, "
        "and so is accepting a new one.",
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
    early = [name for name, _, row in ends if row.not_before > as_of]
    not_yet = f", and {len(early)} {be(len(early))} not valid yet ({listed(early)})" if early else ""
    told = (
        f"Of {count(len(ends), 'certificate')}, {len(over)} ended before the end of the period"
        f"{f' ({listed(over)})' if over else ''} and {len(soon)} {be(len(soon), 'ends', 'end')} within "
        f"{SOON_DAYS} days after it{f' ({listed(soon)})' if soon else ''}{not_yet}."
    )
    drawn = [
        (
            name,
            days,
            f"{day(assessment, row.not_after)}, {'ended' if days <= 0 else 'ends'} {age(-int(days // 1))}"
            + (f", not valid before {day(assessment, row.not_before)}" if row.not_before > as_of else ""),
        )
        for name, days, row in ends[:25]
    ]
    frame = rows(
        (
            {
                "listener": name,
                "begins": f"✗ {day(assessment, row.not_before)}" if row.not_before > as_of else None,
                "ends": day(assessment, row.not_after),
                "key": " ".join(str(part) for part in (row.key_algorithm, row.key_bits) if part) or None,
                "signature": row.signature_hash,
                "self-signed": row.self_signed,
                "names the host": row.matches_host,
                "issuer": row.issuer,
            }
            for name, _, row in ends
        ),
        ("listener", "begins", "ends", "key", "signature", "self-signed", "names the host", "issuer"),
    )
    frame = frame if early else frame.drop(columns="begins")
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


def _set(versions: str | None) -> set[str]:
    return set(filter(None, (versions or "").split("|")))


def _names(versions: str | None) -> str:
    return ", ".join(name for version, name in _VERSIONS.items() if version in _set(versions))


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
