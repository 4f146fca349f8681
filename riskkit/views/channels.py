"""What is said of each channel: verdict, map, profiles, exposure, tunnels, flows, and what to change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from riskkit.catalog.transmission import Product, load_products, load_profiles
from riskkit.derived.channel_verdicts import FAILED, STATES
from riskkit.derived.channels import REACHED
from riskkit.derived.flow_ends import leads_to
from riskkit.derived.inventory import system_names
from riskkit.derived.tunnel_states import faults
from riskkit.model import SEVERITIES, Assessment
from riskkit.tables import records
from riskkit.views.channel_map import NOBODY, SIGNS, Spot, channel_map
from riskkit.views.findings import missing
from riskkit.views.html import Content, Html, bullets, facts, join, paragraph, tag
from riskkit.views.scope import in_view, inventory, present
from riskkit.views.tables import rows, table
from riskkit.words import be, count, have, listed, none_of, share

ORDER = tuple(STATES)
MOST_ON_MAP = 40
"""Listeners that fit on a map; what is more is counted."""

NO_EVIDENCE = "? no evidence"

_RESULTS = {
    "prohibited": "✗ prohibited",
    "unknown": "? unknown",
    "incomplete": "! incomplete",
    "met": "✓ met",
    "not applicable": "– not meant",
}


def verdicts(assessment: Assessment) -> Html:
    """One row a listener: its verdict in words, what decided, and whether HHS would call PHI secured."""
    if not present(assessment, "channel_observations"):
        return missing(assessment, "channel_observations")
    known, found = inventory(assessment), _verdicts(assessment)
    totals = Counter(one.state for one in found)
    told = listed([f"{totals[state]} {be(totals[state])} {state}" for state in ORDER if totals[state]])
    carried = sum(bool(one.steps) and one.state in FAILED for one in found)
    secured = sum(one.hhs_secured_phi == "yes" for one in found)
    words = [
        f"Of {count(len(found), 'listener')}, {told}.",
        f" Because of a tunnel {carried} of the findings {be(carried, 'weighs', 'weigh')} less: each stays, "
        "and the tunnel's own evidence stands below." if carried else "",
        f" PHI is shown to be secured in the sense of HHS guidance for {count(secured, 'listener')}: that "
        "takes evidence of a FIPS 140 validated module, which no scan can give.",
    ]  # fmt: skip
    frame = rows(
        (
            {
                "listener": f"{one.host}:{one.port}",
                "verdict": f"{SIGNS[one.state]} {one.state}",
                "system": known.label(one.system_id or one.host),
                "because": _because(one),
                "tunnel": one.tunnel,
                "PHI secured (HHS)": one.hhs_secured_phi,
            }
            for one in found
        ),
        ("listener", "verdict", "system", "because", "tunnel", "PHI secured (HHS)"),
    )
    frame = frame if frame["tunnel"].notna().any() else frame.drop(columns="tunnel")
    means = bullets([tag("strong", f"{SIGNS[state]} {state}"), f": {words}."]
                    for state, words in STATES.items() if totals[state])  # fmt: skip
    return join(
        [
            paragraph(*words),
            means,
            table(
                assessment,
                frame,
                caption="Verdict per channel",
                badges={"verdict": "sign"},
                empty="no listener is known.",
            ),
        ]
    )


def overview(assessment: Assessment) -> Html:
    """The map: systems as boxes, a line for each flow to the listener that it ends at."""
    if not present(assessment, "channel_observations"):
        return missing(assessment, "channel_observations")
    known, found = inventory(assessment), _verdicts(assessment)
    flows = list(records(assessment.table("flows"))) if present(assessment, "flows") else []
    systems = system_names(assessment.table("systems")) if present(assessment, "systems") else {}
    spots = []
    for one in found[:MOST_ON_MAP]:
        mine = [flow for flow in flows if leads_to(flow, one, systems)]
        sources = dict.fromkeys(known.of(flow.source_system) or flow.source_system for flow in mine)
        system = known.of(one.system_id or one.host) or one.system_id or one.host
        name = f"{one.port} {one.declared or 'not declared'}"
        spots.append(Spot(system, name, one.state, tuple(sources), bool(one.steps)))
    if not spots:
        return paragraph("No listener is known, so there is nothing to draw.")
    worst = {spot.system: min(ORDER.index(other.state) for other in spots if other.system == spot.system)
             for spot in spots}  # fmt: skip
    spots.sort(key=lambda spot: (worst[spot.system], spot.system, ORDER.index(spot.state), spot.name))
    bad = [f"{spot.system} {spot.name} ({spot.state})" for spot in spots if spot.state in FAILED]
    unnamed = sum(not spot.sources for spot in spots)
    names = f": {listed(bad, most=12)}" if bad else ""
    told = (
        f"The map shows {count(len(spots), 'listener')} of {count(len(worst), 'system')}; {len(bad)} "
        f"{be(len(bad))} unsecured, breakable or unauthenticated{names}."
    )
    rest = f" {len(found) - len(spots)} more are in the table." if len(found) > len(spots) else ""
    nobody = f" Of {count(unnamed, 'listener')} no flow is known ({NOBODY})." if unnamed else ""
    drawn = channel_map(
        spots, alt=told,
        caption="Who connects (left) to which listener of which system (right). The sign and the kind of "
        f"line tell the verdict; colour only repeats it.{nobody}{rest}",
    )  # fmt: skip
    return join([paragraph(told), drawn])


def profiles(assessment: Assessment) -> Html:
    """The matrix: every listener that speaks TLS against every profile of the catalog."""
    if not present(assessment, "channel_observations"):
        return missing(assessment, "channel_observations")
    known, all_profiles = inventory(assessment), load_profiles()
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for one in records(assessment.table("profile_results")):
        if in_view(assessment, known, one.system_id or one.host):
            found.setdefault((one.host, one.port), {})[one.profile] = one
    shown = {place: told for place, told in sorted(found.items())
             if any(one.result != "not applicable" for one in told.values())}  # fmt: skip
    short = [profile.short for profile in all_profiles]
    frame = rows(
        (
            {
                "listener": f"{host}:{port}",
                **{profile.short: _RESULTS[told[profile.id].result] for profile in all_profiles},
            }
            for (host, port), told in shown.items()
        ),
        ("listener", *short),
    )
    details = rows(
        (
            {
                "listener": f"{host}:{port}",
                "profile": profile.short.replace(" ", "\N{NO-BREAK SPACE}"),
                "offered and prohibited": _some(told[profile.id].prohibited),
                "required and missing": _some(told[profile.id].missing),
                "not known": _some(told[profile.id].unclear),
            }
            for (host, port), told in shown.items()
            for profile in all_profiles
            if told[profile.id].result not in {"met", "not applicable"}
        ),
        ("listener", "profile", "offered and prohibited", "required and missing", "not known"),
    )
    empty = [name for name in details.columns[2:] if details[name].isna().all()]
    details = details.drop(columns=empty)
    explained = paragraph(
        "What a profile prohibits and a listener offers is a risk; what it requires and the listener lacks "
        "is conformance (incomplete): a peer may ask for it in vain. Unknown is neither, and no pass."
    )
    return join(
        [
            explained,
            table(assessment, frame, caption="Profiles", badges=dict.fromkeys(short, "sign"),
                  empty="no listener was seen to speak TLS."),
            table(assessment, details, caption="What the profiles found", limit=40, empty="nothing."),
            bullets([tag("strong", profile.short), f": {profile.title}. {profile.checked}"]
                    for profile in all_profiles),
        ]
    )  # fmt: skip


def exposure(assessment: Assessment) -> Html:
    """Whether anybody looked from outside, and what answered; leadership reads it with the scope.

    Leadership's part calls this: keep it to one paragraph.
    """
    verdict, told = _exposure(assessment)
    return paragraph(tag("strong", f"{verdict} "), told)


def exposure_in_short(assessment: Assessment) -> Html:
    """The first sentence of `exposure`, for the page that has no room for more."""
    return paragraph(tag("strong", _exposure(assessment)[0]))


def _exposure(assessment: Assessment) -> tuple[str, str]:
    """What is said in bold, and what follows."""
    not_assessed = "Internet exposure was not assessed."
    if not present(assessment, "channel_observations"):
        return not_assessed, "The pack holds no scan of any listener, from inside or from outside."
    known = inventory(assessment)
    channels = [
        one for one in records(assessment.table("channels"))
        if one.ephi is not False and in_view(assessment, known, one.system_id or one.host)
    ]  # fmt: skip
    looked = [one for one in channels if one.outside is not None]
    answering = [f"{one.host}:{one.port}" for one in looked if one.outside in REACHED]
    if not looked:
        noun = f"listener that {'carry' if len(channels) > 1 else 'carries'} or may carry ePHI"
        return not_assessed, (
            f"{none_of(len(channels), noun, 'was looked at', 'was not looked at')} from "
            "outside, so whether DICOM, HL7 or a viewer can be reached from the internet is not known."
        )
    part = " in part" if len(looked) < len(channels) else ""
    return f"Internet exposure was assessed{part}.", (
        f"{share(len(looked), len(channels), 'listener')} that carry or may carry ePHI "
        f"{be(len(looked), 'was', 'were')} looked at from outside; {len(answering)} "
        f"answered{f' ({listed(answering)})' if answering else ''}. "
        "What was not looked at from outside is not known."
    )


def tunnels(assessment: Assessment) -> Html:
    """Tunnels with their own evidence and weaknesses: what a channel may rest on."""
    if not present(assessment, "tunnels"):
        return missing(assessment, "tunnels")
    frame = rows(
        (
            {
                "tunnel": f"{one.tunnel_id} of {one.host}",
                "weaknesses": "; ".join(faults(one)) or None,
                "not known": one.untold.replace("|", "; ") or None,
                "evidence": one.evidence,
                "networks": " ↔ ".join(
                    (side or "not told").replace("|", ", ") for side in (one.local_cidrs, one.remote_cidrs)
                ),
            }
            for one in records(assessment.table("tunnel_states"))
        ),
        ("tunnel", "weaknesses", "not known", "evidence", "networks"),
    )
    weak = int(frame["weaknesses"].notna().sum())
    return join(
        [
            paragraph(f"{share(weak, len(frame), 'tunnel')} {have(weak)} a weakness or {be(weak)} not up."),
            table(assessment, frame, caption="Tunnels"),
        ]
    )


def flows(assessment: Assessment) -> Html:
    """Flows between systems, each with the verdicts of the listeners that it ends at."""
    if not present(assessment, "flows"):
        return missing(assessment, "flows")
    known = inventory(assessment)
    names = system_names(assessment.table("systems")) if present(assessment, "systems") else {}
    found = _verdicts(assessment) if present(assessment, "channel_observations") else []
    tunnelled = records(assessment.table("tunnel_states")) if present(assessment, "tunnels") else ()
    known_tunnels = {name.casefold() for one in tunnelled for name in (one.tunnel_id, one.host)}
    frame = rows(
        (
            {
                "from": known.label(flow.source_system),
                "to": known.label(flow.target_system),
                "over": f"{flow.protocol}{f', port {flow.port}' if flow.port is not None else ''}",
                "purpose": flow.purpose,
                "ePHI": {True: "yes", False: "no"}.get(flow.ephi, "not told"),
                "crosses": flow.crosses,
                "verdict": _worst([one for one in found if leads_to(flow, one, names)])
                or ("? a tunnel alone" if (flow.tunnel or "").casefold() in known_tunnels else NO_EVIDENCE),
            }
            for flow in records(assessment.table("flows"))
            if in_view(assessment, known, flow.target_system)
        ),
        ("from", "to", "over", "purpose", "ePHI", "crosses", "verdict"),
    )
    dark = int((frame["verdict"] == NO_EVIDENCE).sum())
    return join(
        [
            paragraph(f"{share(dark, len(frame), 'flow')} {have(dark)} no evidence at all."),
            table(assessment, frame, caption="Flows between systems", badges={"verdict": "sign"}),
        ]
    )


def remedies(assessment: Assessment) -> Html:
    """For every finding on a listener whose server product is known: the lines to change, and where."""
    if not present(assessment, "channel_observations"):
        return missing(assessment, "channel_observations")
    products = _products(assessment)
    cards: dict[tuple[int, str, str], list[str]] = {}
    unknown: set[str] = set()
    for outcome in assessment.area("transmission"):
        for verdict in outcome.findings:
            if outcome.check.subject != "listener":
                continue
            product = products.get(verdict.subject)
            if product is None:
                unknown.add(verdict.subject)
            elif product.change(outcome.check.id):
                weight = -SEVERITIES.index(outcome.severity_of(verdict))
                cards.setdefault((weight, product.id, outcome.check.id), []).append(verdict.subject)
    by_id = {product.id: product for product in load_products()}
    merged: dict[tuple[str, str], list[str]] = {}
    for (_, product_id, check), subjects in sorted(cards.items()):
        merged.setdefault((product_id, check), []).extend(subjects)
    shown = [
        _remedy(by_id[product], check, subjects, assessment) for (product, check), subjects in merged.items()
    ]
    rest = paragraph(
        f"Of {count(len(unknown), 'listener')} with findings the server product is not known: "
        f"{listed(sorted(unknown))}. Name it in inventory/systems.csv (product), or add its configuration "
        "to the pack."
    ) if unknown else Html("")  # fmt: skip
    if not shown and not unknown:
        return paragraph("No finding on a listener needs a change.")
    return join([*shown, rest])


def _verdicts(assessment: Assessment) -> list[Any]:
    """Rows of `channel_verdicts` in view, the worst first."""
    known = inventory(assessment)
    found = [
        one for one in records(assessment.table("channel_verdicts"))
        if in_view(assessment, known, one.system_id or one.host)
    ]  # fmt: skip
    return sorted(found, key=lambda one: (ORDER.index(one.state), one.host, one.port))


def _because(one: Any) -> str | None:
    parts = [text for text in one.why.split("|") if text]
    unclear = [text for text in one.not_known.split("|") if text]
    if unclear:
        parts.append(f"not known: {'; '.join(unclear)}")
    return "; ".join(parts) or None


def _worst(found: Sequence[Any]) -> str:
    if not found:
        return ""
    state = min((one.state for one in found), key=ORDER.index)
    return f"{SIGNS[state]} {state}"


_SPELT = {"required": "a required client certificate", "matches": "a certificate name that matches"}


def _some(joined: str, most: int = 5) -> str | None:
    names = [_spelt(name) for name in joined.split("|") if name]
    return listed(names, most=most) if names else None


def _spelt(name: str) -> str:
    """A name of a profile where the column does not tell what kind it is of."""
    kind, _, number = name.partition("-")
    if name.startswith("one of "):
        first, *others = name.split(", ")
        return f"{first} or {len(others)} others" if others else name
    return f"a certificate for {number} days" if kind == "days" else _SPELT.get(name, name)


def _products(assessment: Assessment) -> Mapping[str, Product]:
    """The server product of each listener: by what it says of itself, its configuration, or the inventory."""
    known = inventory(assessment)
    readers = {source.name: source.reader for source in assessment.evidence.sources}
    found: dict[str, Product] = {}
    for channel in records(assessment.table("channels")):
        configured = [readers.get(one["source"]) for one in channel.configured_in or ()]
        system = known.systems.get(known.of(channel.system_id or channel.host) or "")
        named: Iterable[str | None] = (channel.software, getattr(system, "product", None))
        for product in load_products():
            if set(configured) & set(product.readers):
                found[f"{channel.host}:{channel.port}"] = product
                break
        else:
            for text in filter(None, named):
                match = next((product for product in load_products() if product.matches(text)), None)
                if match:
                    found[f"{channel.host}:{channel.port}"] = match
                    break
    return found


def _remedy(product: Product, check: str, subjects: Sequence[str], assessment: Assessment) -> Html:
    change = product.change(check)
    assert change is not None  # noqa: S101 - only those with a change are asked for
    title = assessment.outcome(check).check.title
    lines: Content = tag("pre", tag("code", "\n".join(change.lines)))
    return tag(
        "section",
        tag("h3", f"{product.name}: {title}"),
        facts(
            [
                ("Listeners", listed(sorted(set(subjects)), most=12)),
                ("What to do", change.do),
                ("Where", change.file),
                ("Lines", lines),
                ("Mind", change.note),
                ("Then", product.restart),
                ("Holds for", product.versions),
            ]
        ),
        class_="card findings",
    )
