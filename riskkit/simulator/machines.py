"""Machine traffic: images on their way, worklists, prefetching, applications that start and stop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from riskkit.simulator.care import Care, Encounter, Study
from riskkit.simulator.chance import Chance
from riskkit.simulator.events import MINOR, Actor, Event
from riskkit.simulator.hospital import DOMAIN, SYSTEMS
from riskkit.simulator.span import Span

SCANNERS = {"CT": "ct1", "MR": "mr1"}
WORKLIST_HOURS = (7, 10, 13, 16, 20)
RETRY_SHARE = 0.01
SUNDAY, WEDNESDAY = 6, 2
MAINTAINED = {
    "pacs1": (SUNDAY, 3.0),
    "vna": (SUNDAY, 3.5),
    "viewer1": (WEDNESDAY, 4.0),
    "ris1": (SUNDAY, 2.0),
}
SCANNER_OPENS, SCANNER_CLOSES = 6.5, 22.5
SHARED = {"ct1": Actor("ctroom", "CT room", SYSTEMS["ct1"].ip, SYSTEMS["ct1"].host)}
SHARED_HOURS = (7.1, 15.1)
"""The scanner's console has one log-in for everyone."""
TRIAGE = Actor("svc-ai", "image analysis", "10.20.1.61", f"ai1.{DOMAIN}", machine=True)
"""A service account that opens every CT study and draws no conclusions about people."""
SERVICE = Actor("root", "system service", "127.0.0.1", "localhost", machine=True)


class Machines:
    """What the machines do on a day, given what people had scanned."""

    def __init__(self, seed: int, care: Care) -> None:
        self.seed, self.care = seed, care
        self.span: Span = care.span

    def day(self, day: date, started: Sequence[Encounter]) -> Iterator[Event]:
        """The machine traffic of a day."""
        chance = Chance(self.seed, "machines", day)
        for encounter in started:
            if encounter.study:
                yield from self._journey(chance, encounter.study)
        yield from self._worklists(chance, day)
        yield from self._prefetch(chance, day, started)
        yield from self._maintenance(chance, day)

    def _journey(self, chance: Chance, study: Study) -> Iterable[Event]:
        """From the scanner over the router to the archive, and on to the second archive."""
        scanner = SCANNERS[study.modality]
        at = study.performed + timedelta(minutes=chance.integer(4, 12), milliseconds=chance.integer(0, 999))
        seconds = timedelta(milliseconds=study.instances * 60)
        sent = _transfer(study, scanner, "router1")
        if chance.happens(RETRY_SHARE):
            yield replace(sent, at=at - 2 * seconds, outcome=MINOR, reason="Association aborted by peer")
        yield replace(sent, at=at)
        at += seconds / 4
        onward = replace(_transfer(study, "router1", "pacs1"), at=at + seconds)
        yield onward
        yield replace(onward, system="pacs1", kind="begin", at=at + timedelta(milliseconds=80))
        yield replace(onward, system="pacs1", at=at + seconds + timedelta(milliseconds=90))
        if study.modality == "CT":
            opened = at + 2 * seconds
            yield Event(opened, "viewer1", "read", TRIAGE, study.patient, study)
        copied = replace(_transfer(study, "pacs1", "vna"), system="vna")
        yield replace(copied, at=at + 2 * seconds + timedelta(minutes=chance.integer(5, 40)))

    def _worklists(self, chance: Chance, day: date) -> Iterable[Event]:
        for scanner in SCANNERS.values():
            for hour in WORKLIST_HOURS:
                at = self.span.at(day, hour + chance.between(0, 0.4))
                query = f"Modality={scanner[:2].upper()}&ScheduledProcedureStepStartDate={day:%Y%m%d}"
                yield Event(at, "ris1", "query", Actor.system(scanner), to="ris1", query=query)

    def _prefetch(self, chance: Chance, day: date, started: Sequence[Encounter]) -> Iterable[Event]:
        """Earlier studies of the day's patients, brought near before the day begins."""
        for encounter in started:
            if encounter.kind == "appointment" and encounter.study:
                prior = self.care.earlier_study(encounter.patient)
                at = self.span.at(day, chance.between(4.6, 6))
                yield replace(_transfer(prior, "vna", "pacs1"), system="vna", at=at)

    def _maintenance(self, chance: Chance, day: date) -> Iterable[Event]:
        for system, (weekday, hour) in MAINTAINED.items():
            if day.weekday() == weekday:
                at = self.span.at(day, hour + chance.between(0, 0.1))
                yield Event(at, system, "stop", SERVICE)
                yield Event(at + timedelta(minutes=chance.integer(3, 20)), system, "start", SERVICE)
        for scanner in SCANNERS.values():
            by = SHARED.get(scanner, SERVICE)
            yield Event(self.span.at(day, SCANNER_OPENS + chance.between(0, 0.3)), scanner, "start", by)
            if scanner in SHARED:
                for hour in SHARED_HOURS:
                    yield Event(
                        self.span.at(day, hour + chance.between(0, 0.2)), scanner, "login", SHARED[scanner]
                    )
            yield Event(self.span.at(day, SCANNER_CLOSES + chance.between(0, 0.3)), scanner, "stop", by)


def _transfer(study: Study, source: str, destination: str) -> Event:
    actor = Actor.system(source)
    return Event(study.performed, source, "transfer", actor, study.patient, study, to=destination)
