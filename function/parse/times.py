"""The TIME parameter: ISO 8601 as WMS profiles it (OGC 06-042, annex D)."""

import re
from datetime import MAXYEAR, UTC, datetime, timedelta, timezone

from function.errors import InvalidTimeError
from function.parse.parameters import shown
from function.search import TimeRange

# Each value is a condition of the search. A hundred is a season of daily values.
MAX_VALUES = 100

CURRENT = "current"

FORMS = "use 2026, 2026-06, 2026-06-01, 2026-06-01T10:30:15Z or an interval of them, first/last"

# A plus sign that was not percent-encoded arrives as a space.
_TIME = re.compile(
    r"(?P<year>\d{4})"
    r"(?:-(?P<month>\d{2})"
    r"(?:-(?P<day>\d{2})"
    r"(?:T(?P<hour>\d{2})"
    r"(?::(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,6}))?)?)?"
    r"(?P<zone>Z|[+ -]\d{2}:\d{2})?)?)?)?",
    re.ASCII,
)

# How ISO 8601-2 and STAC write an end that is open.
OPEN = ".."

# ISO 8601 repeats an interval of first/last or first/period R times over, R alone without end.
_REPEATED = re.compile(r"R\d{0,6}", re.ASCII)

_PERIOD = re.compile(
    r"P(?=.)(?:\d+Y)?(?:\d+M)?(?:\d+W)?(?:\d+D)?"
    r"(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?",
    re.ASCII,
)


def read_times(text: str) -> tuple[TimeRange, ...]:
    """Read a list of times and intervals; none means any time.

    A time of reduced precision is the whole of its year, month, day, hour, minute or second, so
    ``2026-06-01T10:30:15Z`` finds an acquisition at 10:30:15.024. ``first/last`` includes all of
    ``last``; an end left empty, ``..`` or ``current`` is open. ``first/last/period``, as
    capabilities have it, is that interval: scenes do not come in periods. A single value of
    midnight to the second is its day: so clients write the steps of a dimension whose period is a
    day. ``current`` alone is the most recent of any time. Times without a zone are UTC.
    Raises InvalidTimeError.
    """
    if text.lower() == CURRENT:
        return ()
    values = text.split(",")
    if len(values) > MAX_VALUES:
        raise InvalidTimeError(f"TIME lists {len(values)} values, at most {MAX_VALUES} are allowed")
    return tuple(_read_value(value.strip()) for value in values)


def _read_value(text: str) -> TimeRange:
    first, *rest = text.split("/")
    if not rest:
        return _read_single(text)
    if _REPEATED.fullmatch(first):
        raise InvalidTimeError(
            f"TIME={shown(text)} repeats an interval, which WMS has no room for: list the intervals"
        )
    last, *period = rest
    first, last = ("" if end == OPEN else end for end in (first, last))
    if not (first or last) or not all(map(_PERIOD.fullmatch, period)) or len(period) > 1:
        raise InvalidTimeError(f"TIME={shown(text)} is no interval: {FORMS}")
    start = _read_time(first).start if first else None
    end = _read_time(last).end if last and last.lower() != CURRENT else None
    if start is not None and end is not None and end <= start:
        raise InvalidTimeError(f"TIME={shown(text)} ends before it starts")
    return TimeRange(start, end)


def _read_single(text: str) -> TimeRange:
    """Read a time that stands alone, where midnight to the second is the day it begins."""
    time = _read_time(text)
    if time.start is None or time.end is None or time.end - time.start > timedelta(seconds=1):
        return time
    if time.start != time.start.replace(hour=0, minute=0, second=0, microsecond=0):
        return time
    return TimeRange(time.start, _after(time.start, timedelta(days=1)))


def _read_time(text: str) -> TimeRange:
    """Read one time as the span that its precision leaves open."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise InvalidTimeError(f"TIME={shown(text)} is no time: {FORMS}")
    try:
        start = _start(match)
    except (ValueError, OverflowError) as error:
        raise InvalidTimeError(f"TIME={shown(text)} is no date of the calendar") from error
    return TimeRange(start, _end(match, start))


def _start(match: re.Match[str]) -> datetime:
    part = match.groupdict()
    return datetime(
        int(part["year"]),
        int(part["month"] or 1),
        int(part["day"] or 1),
        int(part["hour"] or 0),
        int(part["minute"] or 0),
        int(part["second"] or 0),
        int((part["fraction"] or "").ljust(6, "0")),
        tzinfo=_zone(part["zone"]),
    ).astimezone(UTC)


def _end(match: re.Match[str], start: datetime) -> datetime | None:
    """The first moment after the span; None past the last year that a datetime can hold."""
    part = match.groupdict()
    if part["month"] is None:
        return start.replace(year=start.year + 1) if start.year < MAXYEAR else None
    if part["day"] is None:
        next_month = _after(start, timedelta(days=31))
        return next_month and next_month.replace(day=1)
    return _after(start, _length(part))


def _after(start: datetime, length: timedelta) -> datetime | None:
    """The moment ``length`` after ``start``; None past the last that a datetime can hold."""
    try:
        return start + length
    except OverflowError:
        return None


def _length(part: dict[str, str | None]) -> timedelta:
    if part["hour"] is None:
        return timedelta(days=1)
    if part["minute"] is None:
        return timedelta(hours=1)
    if part["second"] is None:
        return timedelta(minutes=1)
    return timedelta(microseconds=10 ** (6 - len(part["fraction"] or "")))


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    hours, minutes = text[1:].split(":")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if text[0] == "-" else offset)
