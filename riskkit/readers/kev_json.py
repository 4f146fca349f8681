"""CISA's catalogue of known exploited vulnerabilities, as the agency publishes it in JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import gather, named, optional
from riskkit.readers.texts import has_keys, head_text
from riskkit.readers.weaknesses import CVE, day, listed, moment
from riskkit.words import amount

TABLE = "known_exploited"


def _recognize(head: bytes, _name: str) -> bool:
    return has_keys(head, "vulnerabilities") and '"cveID"' in head_text(head)


@reader(
    id="kev_json",
    title="CISA Known Exploited Vulnerabilities, JSON",
    version=2,
    tables=(TABLE,),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One row per entry. A file that holds fewer entries than its `count` says so is noted."""
    try:
        content = load_json(member)
        if not isinstance(content, dict):
            raise DocumentError("json_malformed", "no object")
        entries = listed(content.get("vulnerabilities"))
    except DocumentError as error:
        yield refused(TABLE, error, member)
        return
    version, said = content.get("catalogVersion"), content.get("count")
    edition = version if isinstance(version, str) else None
    released = _released(content)
    common = {"catalog_version": edition, "released_on": released.date() if released else None}
    batch = gather(TABLE, member, entries, lambda item: {**_entry(item), **common})
    notes: tuple[str, ...] = ()
    if type(said) is int and said != len(entries):
        notes = (f"the file says {amount(said, 'entry')} and holds {len(entries):,}",)
    yield replace(batch, collected_at=released, notes=notes)


def _released(content: Mapping[str, Any]) -> datetime | None:
    return moment(content.get("dateReleased"))


def _entry(item: Mapping[str, Any]) -> Mapping[str, object]:
    cve, added = named(item, "cveID"), day(named(item, "dateAdded"))
    if not CVE.fullmatch(cve) or added is None:
        raise ValueError
    return {
        "cve": cve,
        "vendor": optional(item, "vendorProject"),
        "product": optional(item, "product"),
        "added_on": added,
        "due_on": day(item.get("dueDate")),
        # The agency writes Known or Unknown; it never says that there is no such campaign.
        "ransomware": True if item.get("knownRansomwareCampaignUse") == "Known" else None,
    }
