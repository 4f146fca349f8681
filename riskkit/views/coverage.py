"""How much of what holds ePHI is encrypted, what a loss would mean, and who can reach it from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil, floor
from typing import Any

import narwhals as nw

from riskkit.derived.coverage_shares import MEASURES, Measure, Share, by_tier, share
from riskkit.derived.image_stores import counted, image_stores, place_of, places_of_images
from riskkit.derived.storage_coverage import decayed
from riskkit.derived.trail import flag
from riskkit.model import Assessment
from riskkit.statistics.intervals import Stratum, estimate, stratified
from riskkit.tables import records
from riskkit.views.charts import Words, heat, shares
from riskkit.views.findings import missing
from riskkit.views.html import Html, join, paragraph
from riskkit.views.scope import in_view, inventory, present
from riskkit.views.tables import rows, table
from riskkit.views.wording import be, count, day, percent, size

ALL = "all tiers"
NOTHING = "No storage asset that may hold ePHI is listed."
_STATES = {
    "strong": "strongly encrypted",
    "untold": "encrypted, method not told",
    "unknown": "unknown",
    "weak": "weakly encrypted",
    "plain": "not encrypted",
}
_SECURED = {"yes": "✓ secured", "unknown": "? unknown", "no": "✗ unsecured"}


def headline(assessment: Assessment) -> Html:
    """The share of bytes that is shown to be strongly encrypted, from the pessimistic end, by tier."""
    found = _places(assessment)
    if found is None:
        return missing(assessment, "storage_assets")
    if not found:
        return paragraph(NOTHING)
    whole = share(found, "bytes")
    measure: Measure = "bytes" if whole.total else "volumes"
    whole = share(found, measure)
    noun = size(whole.total) if measure == "bytes" else count(whole.total, "place")
    interval = (
        f"At least {percent(whole.proved, whole.total)} and at most {percent(whole.possible, whole.total)} "
        f"of {noun} {be(2 if measure == 'bytes' else whole.total)} strongly encrypted."
    )
    parts = (
        f"Proved: {_told(whole.proved, measure)}; unknown, which counts as not encrypted until it is shown: "
        f"{_told(whole.unknown, measure)}; encrypted by weak methods or with the key beside the data: "
        f"{_told(whole.weak, measure)}; not encrypted: {_told(whole.plain, measure)}."
    )
    if whole.unmeasured:
        parts += f" {count(whole.unmeasured, 'place')} without a size {be(whole.unmeasured)} in no share."
    tiers = {ALL: found, **by_tier(found)}
    measured = {name: share(members, measure) for name, members in tiers.items()}
    drawn = [
        (name, (float(one.proved), float(one.unknown), float(one.weak + one.plain)))
        for name, one in measured.items()
    ]
    chart = shares(
        drawn,
        caption="What rests strongly encrypted, by tier. The hatched band is unknown: the truth lies between "
        "its two ends.",
        alt=f"{interval} {parts}",
        words=Words("strongly encrypted", "unknown", "weakly or not encrypted"),
        told=[
            f"{percent(one.proved, one.total)} to {percent(one.possible, one.total)}"
            for one in measured.values()
        ],
    )
    return join([paragraph(interval, " ", parts), chart])


def tiers(assessment: Assessment) -> Html:
    """Four denominators side by side: each hides what another shows."""
    found = _places(assessment)
    if found is None:
        return missing(assessment, "storage_assets")
    frame = rows(
        (
            {"tier": name, "measured by": measure, **_cells(share(members, measure), measure)}
            for name, members in {ALL: found, **by_tier(found)}.items()
            for measure in MEASURES
        ),
        (
            "tier",
            "measured by",
            "shown to be strong",
            "whole",
            "strong",
            "unknown",
            "weak",
            "plain",
            "not told",
        ),
    )
    return table(
        assessment, frame if found else frame.head(0),
        caption="Coverage by bytes, studies, volumes and devices",
        headings={"shown to be strong": "at least to at most", "not told": "places that do not tell"},
        numbers=("whole", "strong", "unknown", "weak", "plain"),
        note="A device counts as its worst place. Weak is also what has its key beside the data. Evidence "
        f"that is older than {assessment.settings.freshness('storage_assets')} days counts as unknown.",
        empty="no place is listed.",
    )  # fmt: skip


def secured(assessment: Assessment) -> Html:
    """Whether a loss would lose unsecured ePHI: what is weak, mounted or lies with its key is unsecured."""
    found = _places(assessment)
    if found is None:
        return missing(assessment, "storage_assets")
    known = inventory(assessment)
    order = {"no": 0, "unknown": 1, "yes": 2}
    frame = rows(
        (
            {
                "place": row["asset_id"],
                "system": known.name(row["system_id"]) if row["system_id"] else None,
                "tier": row["tier"],
                "size": size(row["bytes"]) if row["bytes"] else None,
                "if lost": _SECURED[row["secured"]],
                "encryption": _STATES[row["state"]],
                "key": {"apart": "apart", "beside": "with the data", "wrapped": "under a passphrase"}.get(
                    row["key_place"], "not told"
                ),
                "in use": "mounted" if row["in_use"] else None,
                "why": row["why"],
            }
            for row in sorted(found, key=lambda r: (order[r["secured"]], -(r["bytes"] or 0), r["asset_id"]))
        ),
        ("place", "system", "tier", "size", "if lost", "encryption", "key", "in use", "why"),
    )
    numbers = Counter(row["secured"] for row in found)
    told = (
        f"Of {count(len(found), 'place')}, {numbers['yes']} would be secured ePHI if lost (45 CFR 164.402), "
        f"{numbers['no']} would not, and of {numbers['unknown']} it is not known."
    )
    return join([
        paragraph(told) if found else Html(""),
        table(assessment, frame, caption="If it were lost", badges={"if lost": "sign"}, numbers=("size",),
              limit=40, rest="All stand in the evidence.", empty="no place is listed.",
              note="Secured: strongly encrypted, key apart, and not mounted. A running host with its volumes "
              "open gives away what lies on them."),
    ])  # fmt: skip


def layers(assessment: Assessment) -> Html:
    """Files against the places that they rest on: two layers, two threats."""
    if not present(assessment, "dicom_scans", "dicom_files"):
        return missing(assessment, "dicom_scans", "dicom_files")
    numbers = _layers(assessment)
    total = sum(numbers.values())
    if not total:
        return paragraph("No complete walk of an image store lies before the end of the period.")
    says = {
        ("no", "yes"): "safe from theft and from whoever is on the host",
        ("yes", "yes"): "safe from theft of the medium; readable to whoever is on the host",
        ("no", "no"): "safe as long as the key is",
        ("yes", "no"): "readable to whoever takes the medium or is on the host",
    }
    names = {"no": "encrypted", "yes": "readable", "unknown": "unknown"}
    frame = rows(
        (
            {
                "files": names[readable],
                "place": {"yes": "encrypted", "no": "not encrypted", "unknown": "unknown"}[encrypted],
                "number": numbers[readable, encrypted],
                "share": percent(numbers[readable, encrypted], total),
                "which means": says.get((readable, encrypted), "not known for lack of evidence"),
            }
            for encrypted in ("yes", "no", "unknown")
            for readable in ("no", "yes", "unknown")
            if (readable, encrypted) in says or numbers[readable, encrypted]
        ),
        ("files", "place", "number", "share", "which means"),
    )
    worst = numbers["yes", "no"]
    told = (
        f"{worst:,} of {total:,} files ({percent(worst, total)}) are readable on a place that is not "
        f"encrypted; {numbers['yes', 'yes']:,} are readable on one that is."
    )
    return join([
        paragraph(told),
        table(assessment, frame, caption="Files and the places that they rest on", numbers=("share",),
              note="An archive's files are usually readable: then only the place protects them from theft, "
              "and only access control from whoever is on the host."),
    ])  # fmt: skip


def exposure(assessment: Assessment) -> Html:
    """Readable files with direct identifiers, by store and by the year in which they were stored."""
    if not present(assessment, "dicom_scans", "dicom_files"):
        return missing(assessment, "dicom_scans", "dicom_files")
    known, found = inventory(assessment), _exposed(assessment)
    if not found:
        return paragraph("No complete walk of an image store lies before the end of the period.")
    years = sorted({year for numbers in found.values() for year in numbers if year is not None})
    exposed = sum(bad for numbers in found.values() for _, bad in numbers.values())
    files = sum(whole for numbers in found.values() for whole, _ in numbers.values())
    undated = sum(numbers.get(None, (0, 0))[1] for numbers in found.values())
    told = (
        f"{exposed:,} of {files:,} files ({percent(exposed, files)}) can be read and carry direct "
        "identifiers." + (f" Of {undated:,} of them the folders do not tell the year." if undated else "")
    )
    if not years:
        return paragraph(told)
    span = list(range(years[0], years[-1] + 1))
    every = 1 if len(span) <= 14 else 2  # noqa: PLR2004 - labels that fit side by side
    labels = [str(year) if place % every == 0 else "" for place, year in enumerate(span)]
    drawn = [
        (known.label(system) if system else root, [numbers.get(year, (0, 0))[1] for year in span])
        for (system, root), numbers in sorted(found.items())
    ]
    worst = max((sum(n.get(year, (0, 0))[1] for n in found.values()), year) for year in span)
    chart = heat(
        drawn, labels, gap=False, noun="exposed file", per="by store and year",
        caption="Readable files with direct identifiers, by store and year of storing.",
        alt=f"{told} The most of one year, {worst[0]:,}, were stored in {worst[1]}.",
    )  # fmt: skip
    return join([paragraph(told), chart])


def samples(assessment: Assessment) -> Html:
    """Stores that were sampled instead of walked, with exact intervals of what all files would show."""
    if not present(assessment, "sampled_scans"):
        return missing(assessment, "sampled_scans")
    known = inventory(assessment)
    groups: dict[str, list[Any]] = {}
    for row in records(assessment.table("sampled_scans")):
        if in_view(assessment, known, row.system_id):
            groups.setdefault(row.sample_id, []).append(row)
    frame = rows(
        ({"sample": name, **_sampled(assessment, found)} for name, found in sorted(groups.items())),
        ("sample", "system", "drawn on", "strata", "files", "drawn", "exposed", "of all files"),
    )
    frame["system"] = [known.name(name) if name else None for name in frame["system"]]
    return table(
        assessment, frame, caption="Random samples of image stores",
        headings={"of all files": "exposed of all files, 95 % exact"},
        note="A sample in which nothing was found shows that there is little, never that there is nothing.",
        empty="none was drawn.",
    )  # fmt: skip


def clouds(assessment: Assessment) -> Html:
    """Buckets and snapshots that are public or shared, and whether reading them is recorded."""
    if not present(assessment, "storage_exposures"):
        return missing(assessment, "storage_exposures")
    known = inventory(assessment)
    found: dict[str, list[Any]] = {}
    for row in records(assessment.table("storage_exposures")):
        if in_view(assessment, known, row.system_id):
            found.setdefault(row.asset_id, []).append(row)
    frame = rows(
        (
            {
                "place": name,
                "provider": next((row.provider for row in answers if row.provider), None),
                "public": _answered(answers, "public", bad="yes"),
                "shared outside": _answered(answers, "shared_outside", bad="yes"),
                "reads recorded": _answered(answers, "object_logging", bad="no"),
                "shared with": ", ".join(sorted({row.shared_with for row in answers if row.shared_with}))
                or None,
            }
            for name, answers in sorted(found.items())
        ),
        ("place", "provider", "public", "shared outside", "reads recorded", "shared with"),
    )
    return table(
        assessment, frame, caption="Storage in clouds, seen from outside",
        badges=dict.fromkeys(("public", "shared outside", "reads recorded"), "sign"),
        empty="none is listed.",
    )  # fmt: skip


def _places(assessment: Assessment) -> list[dict[str, Any]] | None:
    """Rows of storage_coverage in view, with what is too old as unknown; None without any evidence.

    A file's own date is taken where no row and no custody tells one.
    """
    if not present(assessment, "storage_assets"):
        return None
    known = inventory(assessment)
    dated = {source.name: source.collected_at for source in assessment.evidence.sources}
    frame = assessment.table("storage_coverage")
    listed = [row._asdict() for row in records(frame) if in_view(assessment, known, row.system_id)]
    for row in listed:
        told = dated.get(row["source"])
        if row["collected_on"] is None and told is not None:
            row["collected_on"] = told.astimezone(assessment.moment.zone).date()
    return decayed(listed, assessment.moment.today, assessment.settings.freshness("storage_assets"))


def _cells(found: Share, measure: str) -> dict[str, object]:
    none = not found.total
    return {
        "shown to be strong": "not told"
        if none
        else f"{percent(found.proved, found.total)} to {percent(found.possible, found.total)}",
        "whole": None if none else _told(found.total, measure),
        "strong": None if none else _told(found.proved, measure),
        "unknown": None if none else _told(found.unknown, measure),
        "weak": None if none else _told(found.weak, measure),
        "plain": None if none else _told(found.plain, measure),
        "not told": found.unmeasured or None,
    }


def _told(number: int, measure: str) -> str:
    return size(number) if measure == "bytes" else f"{number:,}"


def _layers(assessment: Assessment) -> Counter[tuple[str, str]]:
    """Files by whether anyone can read them and whether their place is encrypted."""
    known = inventory(assessment)
    systems = assessment.table("systems") if present(assessment, "systems") else None
    assets = assessment.table("storage_assets") if present(assessment, "storage_assets") else None
    stores = [
        store
        for store in image_stores(assessment.table("dicom_scans"), systems, assessment.moment)
        if in_view(assessment, known, store.system)
    ]
    places = places_of_images(assets, systems)
    numbers: Counter[tuple[str, str]] = Counter()
    flags = {name: flag(nw.col("readable") == name) for name in ("yes", "no", "unknown")}
    for store, kinds in counted(assessment.lazy("dicom_files"), stores, **flags):
        encrypted = place_of(store, places)
        for row in (row for found in kinds.values() for row in found):
            for name in flags:
                numbers[name, encrypted] += int(getattr(row, name))
    return numbers


def _exposed(assessment: Assessment) -> Mapping[tuple[str, str], Mapping[int | None, tuple[int, int]]]:
    """By store (system and root) and year: all files and those that are exposed."""
    known = inventory(assessment)
    systems = assessment.table("systems") if present(assessment, "systems") else None
    stores = {
        store.scan.scan_id: (store.system, store.root)
        for store in image_stores(assessment.table("dicom_scans"), systems, assessment.moment)
        if store.scan is not None and in_view(assessment, known, store.system)
    }
    bad = (nw.col("readable") == "yes") & (nw.col("direct_identifiers").fill_null(0) > 0)
    grouped = (
        assessment.lazy("dicom_files")
        .filter(nw.col("scan_id").is_in(list(stores)))
        .with_columns(bad=flag(bad))
        .group_by("scan_id", "year")
        .agg(nw.len().alias("files"), nw.col("bad").sum())
    )
    found: dict[tuple[str, str], dict[int | None, tuple[int, int]]] = {}
    for row in records(grouped) if stores else ():
        found.setdefault(stores[row.scan_id], {})[row.year] = (row.files, int(row.bad))
    return found


def _sampled(assessment: Assessment, found: Sequence[Any]) -> dict[str, object]:
    days = [row.sampled_on for row in found if row.sampled_on]
    cells: dict[str, object] = {
        "system": found[0].system_id,
        "drawn on": day(assessment, max(days)) if days else None,
        "strata": len(found),
        "files": sum(row.files for row in found),
        "drawn": sum(row.sampled for row in found),
        "exposed": sum(row.exposed for row in found),
    }
    try:
        strata = [Stratum(row.files, row.sampled, row.exposed) for row in found]
    except ValueError:
        return {**cells, "of all files": "the numbers contradict each other"}
    low, high = stratified(strata)
    told = f"{floor(low):,} to {ceil(high):,}, at best {estimate(strata):,.0f}"
    return {**cells, "of all files": told}


def _answered(answers: Sequence[Any], question: str, *, bad: str) -> str:
    """The worst answer to a question, as a sign with a word."""
    found = {row.answer for row in answers if row.question == question}
    if bad in found:
        return f"✗ {bad}"
    if not found or "unknown" in found:
        return "? unknown"
    return f"✓ {next(iter(found))}"
