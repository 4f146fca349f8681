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
from riskkit.views.wording import day
from riskkit.words import be, count, percent, size

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
            percent(one.proved, one.total)
            + (f" to {percent(one.possible, one.total)}" if one.proved != one.possible else "")
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
            {
                "tier": name,
                **{
                    measure: _interval(share(members, measure), measure, len(members)) for measure in MEASURES
                },
            }
            for name, members in ({ALL: found, **by_tier(found)}.items() if found else ())
        ),
        ("tier", *MEASURES),
    )
    return table(
        assessment, frame, caption="Shown to be strongly encrypted, at least to at most",
        note="A device counts as its worst place. What has its key beside the data is not strong. Evidence "
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
                "system": known.label(row["system_id"]) if row["system_id"] else None,
                "size": size(row["bytes"]) if row["bytes"] else None,
                "if lost": _SECURED[row["secured"]],
                "because": "; ".join(_because(row)),
            }
            for row in sorted(found, key=lambda r: (order[r["secured"]], -(r["bytes"] or 0), r["asset_id"]))
        ),
        ("place", "system", "size", "if lost", "because"),
    )
    numbers = Counter(row["secured"] for row in found)
    told = (
        f"Of {count(len(found), 'place')}, {numbers['yes']} would be secured ePHI if lost, "
        f"{numbers['no']} would not, and of {numbers['unknown']} it is not known."
    )
    return join([
        paragraph(told) if found else Html(""),
        table(assessment, frame, caption="If it were lost", badges={"if lost": "sign"}, numbers=("size",),
              limit=40, rest="All stand in the evidence.", empty="no place is listed.",
              note="Secured: strongly encrypted, key apart, and not mounted. Whoever takes a running host "
              "takes what lies on its open volumes."),
    ])  # fmt: skip


def layers(assessment: Assessment) -> Html:
    """Files against the places that they rest on: two layers, two threats."""
    if not present(assessment, "dicom_scans", "dicom_files"):
        return missing(assessment, "dicom_scans", "dicom_files")
    numbers = _layers(assessment)
    total = sum(numbers.values())
    if not total:
        return paragraph("No complete walk of an image store lies before the end of the period.")
    names = {"no": "encrypted", "yes": "readable", "unknown": "unknown"}
    places = {"yes": "place encrypted", "no": "place not encrypted", "unknown": "place unknown"}
    shown = [name for name in names if name != "unknown" or any(numbers[name, place] for place in places)]
    columns = [p for p in places if p != "unknown" or any(numbers[name, p] for name in names)]
    frame = rows(
        (
            {
                "files": names[readable],
                **{places[place]: _cell(numbers[readable, place], total) for place in columns},
            }
            for readable in shown
        ),
        ("files", *(places[place] for place in columns)),
    )
    worst = numbers["yes", "no"]
    told = (
        f"{worst:,} of {total:,} files ({percent(worst, total)}) are readable on a place that is not "
        f"encrypted; {numbers['yes', 'yes']:,} are readable on one that is."
    )
    return join([
        paragraph(told),
        table(assessment, frame, caption="Files, and the places that they rest on",
              note="Both encrypted: safe from theft, and from whoever is on the host. A readable file on an "
              "encrypted place: safe from theft of the medium only, as is usual for archives. A readable "
              "file on a place that is not: open to whoever takes the medium or is on the host."),
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
    few = len(span) <= 14  # noqa: PLR2004 - labels that fit side by side
    labels = [str(year) if few or place % 2 == 0 else "" for place, year in enumerate(span)]
    drawn = [
        (known.label(system) if system else root, [numbers.get(year, (0, 0))[1] for year in span])
        for (system, root), numbers in sorted(found.items())
    ]
    worst = max((sum(n.get(year, (0, 0))[1] for n in found.values()), year) for year in span)
    chart = heat(
        drawn, labels, gap=False, numbered=few, noun="exposed file", per="by store and year",
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
        ("sample", "system", "drawn on", "counted", "strata", "all", "drawn", "exposed", "of all"),
    )
    frame["system"] = [known.name(name) if name else None for name in frame["system"]]
    return table(
        assessment, frame, caption="Random samples of image stores",
        headings={"of all": "exposed of all, 95 % exact"},
        note="A sample in which nothing was found shows that there is little, never that there is nothing. "
        "Files of one study are alike: where it is not told that files were drawn one by one, the interval "
        "may be too narrow.",
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


def _interval(found: Share, measure: str, places: int) -> str:
    if not found.total:
        return "not told"
    low, high = percent(found.proved, found.total), percent(found.possible, found.total)
    told = f"{low} of " if found.proved == found.possible else f"{low} to {high} of "
    silent = f" ({found.unmeasured} of {places} do not tell)" if found.unmeasured else ""
    return f"{told}{_told(found.total, measure)}{silent}"


def _because(row: Mapping[str, Any]) -> list[str]:
    key = {"apart": "key apart", "beside": "key with the data", "wrapped": "key under a passphrase"}
    told = [_STATES[row["state"]]]
    if row["state"] != "plain":
        told.append(key.get(row["key_place"], "where the key lies is not told"))
    if row["in_use"]:
        told.append("mounted")
    return [*told, row["why"]] if row["why"] and row["state"] not in {"untold", "weak"} else told


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


def _cell(number: int, total: int) -> str:
    return f"{number:,} ({percent(number, total)})"


def _sampled(assessment: Assessment, found: Sequence[Any]) -> dict[str, object]:
    days = [row.sampled_on for row in found if row.sampled_on]
    cells: dict[str, object] = {
        "system": found[0].system_id,
        "drawn on": day(assessment, max(days)) if days else None,
        "counted": _counted_in({row.unit for row in found}),
        "strata": len(found),
        "all": sum(row.files for row in found),
        "drawn": sum(row.sampled for row in found),
        "exposed": sum(row.exposed for row in found),
    }
    try:
        strata = [Stratum(row.files, row.sampled, row.exposed) for row in found]
    except ValueError:
        return {**cells, "of all": "the numbers contradict each other"}
    if len({row.unit == "study" for row in found}) > 1:
        return {**cells, "of all": "studies and files do not add up"}
    low, high = stratified(strata)
    told = f"{floor(low):,} to {ceil(high):,}; estimate {estimate(strata):,.0f}"
    return {**cells, "of all": told}


def _counted_in(units: set[str | None]) -> str:
    """What was drawn, in words."""
    names = {"study": "studies", "file": "files, one by one", None: "files, how drawn not told"}
    return " and ".join(sorted(names[unit] for unit in units))


def _answered(answers: Sequence[Any], question: str, *, bad: str) -> str:
    """The worst answer to a question, as a sign with a word."""
    found = {row.answer for row in answers if row.question == question}
    if bad in found:
        return f"✗ {bad}"
    if not found or "unknown" in found:
        return "? unknown"
    return f"✓ {next(iter(found))}"
