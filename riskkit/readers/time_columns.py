"""Many times at once: what `times.read_time` says of each, most of them worked out by Arrow."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from riskkit.readers.times import read_time

# What Arrow reads as `read_time` does; the rest of what that reads is seen too seldom to hurry.
_PLAIN = r"^[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?(Z|[+-]\d\d:\d\d)$"
_LENGTH = len("2026-10-01T00:00:00.000000-05:00")
_BEYOND_MICROSECONDS = r"(\.\d{6})\d+"


def read_times(texts: pa.StringArray, zone: ZoneInfo) -> tuple[pa.Int64Array, pa.StringArray]:
    """Microseconds since 1970 UTC and the quality of each time, as `read_time` gives them; null is ""."""
    texts = pc.fill_null(texts, "")
    plain = pc.match_substring_regex(texts, _PLAIN)
    try:
        fitting = texts.filter(plain)
        if (pc.max(pc.binary_length(fitting)).as_py() or 0) > _LENGTH:
            fitting = pc.replace_substring_regex(fitting, _BEYOND_MICROSECONDS, r"\1")
        instants = fitting.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    except pa.ArrowInvalid:  # a day that no calendar has, a leap second
        plain, instants = pa.array([False] * len(texts)), pa.array([], pa.int64())
    if len(instants) == len(texts):
        return instants, pa.repeat("zoned", len(texts))
    others = pc.invert(plain)
    written = texts.filter(others).to_pylist()
    read = {text: read_time(text, zone) for text in set(written)}
    number = pa.array([read[text][0] for text in written], pa.int64())
    quality = pa.array([read[text][1] for text in written], pa.string())
    nothing, zoned = pa.nulls(len(texts), pa.int64()), pa.repeat("zoned", len(texts))
    numbers = pc.replace_with_mask(pc.replace_with_mask(nothing, plain, instants), others, number)
    return numbers, pc.replace_with_mask(zoned, others, quality)


def zoned_times(texts: pa.StringArray) -> pa.Int64Array:
    """Microseconds since 1970 UTC of times that name their zone, else null."""
    numbers, quality = read_times(texts, ZoneInfo("UTC"))
    return pc.if_else(pc.equal(quality, "zoned"), numbers, pa.scalar(None, pa.int64()))
