"""What breaks in the trail itself: silence, clocks, damaged and doubled messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from riskkit.simulator.incidents.scene import DAY, Incident, Scene

TUESDAY, WEDNESDAY, THURSDAY = 1, 2, 3


def silent_source(scene: Scene) -> Iterator[Incident]:
    """The router records nothing on two weekdays, while images went through it."""
    day = scene.span.back(scene.back(14), TUESDAY)
    starts = scene.span.at(day)
    yield Incident("silent_source", "technical", "Nothing recorded on two weekdays", starts,
                   scene.span.at(day + 2 * DAY), "router1", silences=True)  # fmt: skip


def slow_clock(scene: Scene) -> Iterator[Incident]:
    """The clock of the CT scanner lags from a day on."""
    starts = scene.at(20, 0, WEDNESDAY)
    yield Incident("slow_clock", "technical", "Clock lags 192 s", starts, scene.span.as_of, "ct1",
                   slow=timedelta(seconds=192))  # fmt: skip


def damaged_messages(scene: Scene) -> Iterator[Incident]:
    """One message is cut off, and two carry a time without a zone."""
    cut = scene.at(7, 9, THURSDAY)
    yield Incident("truncated_message", "technical", "One message cut off", cut, cut + DAY, "viewer1",
                   flaw="truncated", flawed=1)  # fmt: skip
    bare = scene.at(11, 8)
    yield Incident("time_without_zone", "technical", "Two times without a zone", bare, bare + 2 * DAY, "vna",
                   flaw="zoneless", flawed=2)  # fmt: skip


def clock_step(scene: Scene) -> Iterator[Incident]:
    """The clock of the RIS is set back by an hour, and put right after some hours."""
    starts = scene.at(24, 9, WEDNESDAY)
    yield Incident("clock_step", "technical", "Clock set back 61 min for 4 h", starts, starts + DAY / 6,
                   "ris1", slow=timedelta(minutes=61))  # fmt: skip


def sent_twice(scene: Scene) -> Iterator[Incident]:
    """The router gets no acknowledgement and sends some messages again."""
    starts = scene.at(5, 6)
    yield Incident("sent_twice", "technical", "12 messages sent twice", starts, starts + 4 * DAY, "router1",
                   flaw="doubled", flawed=12)  # fmt: skip


TECHNICAL: tuple[Callable[[Scene], Iterator[Incident]], ...] = (
    silent_source, slow_clock, damaged_messages, clock_step, sent_twice,
)  # fmt: skip
