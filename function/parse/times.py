"""The TIME parameter: ISO 8601 as WMS profiles it (OGC 06-042, annex D)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from function.errors import InvalidTimeError
from function.parse.parameters import shown
from function.parse.periods import Period, read_period
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

# ISO 8601 repeats an interval so many times more, R alone without end.
_REPEATED = re.compile(r"R(?P<times>\d{0,6})", re.ASCII)
_DAY = Period(0, timedelta(days=1))


@dataclass(frozen=True, slots=True)
class _Time:
    """A time as it was written: when it begins, in its own zone, and how long it leaves open."""

    begins: datetime
    precision: Period

    @property
    def span(self) -> TimeRange:
        return self._after(self.begins)

    def steps(self, period: Period, number: int) -> Iterator[TimeRange]:
        """This and what follows it after one ``period``, two, and so on, ``number`` in all."""
        for place in range(number):
            begins = period.after(self.begins, place)
            if begins is None or _in_utc(begins) is None:
                return
            yield self._after(begins)

    def _after(self, begins: datetime) -> TimeRange:
        return TimeRange(begins.astimezone(UTC), _in_utc(self.precision.after(begins)))

    def as_day(self) -> "_Time":
        """What clients mean that write days to the second: midnight of UTC is its day."""
        begins = self.begins.astimezone(UTC)
        is_midnight = begins == begins.replace(hour=0, minute=0, second=0, microsecond=0)
        is_exact = self.precision.is_covered_by(Period(0, timedelta(seconds=1)))
        return _Time(begins, _DAY) if is_midnight and is_exact else self


def read_times(text: str) -> tuple[TimeRange, ...]:
    """Read a list of times and intervals; none means any time.

    A time of reduced precision is the whole of its year, month, day, hour, minute or second, so
    ``2026-06-01T10:30:15Z`` finds an acquisition at 10:30:15.024. ``first/last`` includes all of
    ``last``; an end left empty, ``..`` or ``current`` is open.

    ``first/last/period`` is ``first``, a period after it, two, and so on up to ``last``, each as
    long as the precision of ``first``: ``2026-01-01/2026-12/P1M`` is the first day of each month.
    Where they leave nothing out, as days every ``P1D`` do, it is the interval. ``R11/first/period``
    is ``first`` and eleven more. All steps count as values of the list.

    A single value of midnight to the second is its day, and so are steps of whole days from one:
    so clients write the steps of a dimension whose period is a day. ``current`` alone is the most
    recent of any time. Times without a zone are UTC. Raises InvalidTimeError.
    """
    if text.lower() == CURRENT:
        return ()
    values = text.split(",")
    _check_number(len(values), "lists")
    ranges: list[TimeRange] = []
    for value in values:
        ranges += _read_value(value.strip())
        _check_number(len(ranges), "lists")
    return tuple(ranges)


def _read_value(text: str) -> Iterable[TimeRange]:
    match text.split("/"):
        case [single]:
            return [_read_time(single).as_day().span]
        case [repeats, *rest] if repeated := _REPEATED.fullmatch(repeats):
            return _read_repeated(text, repeated["times"], rest)
        case [first, last]:
            return [_read_interval(text, first, last)]
        case [first, last, period]:
            return _read_stepped(text, first, last, _read_period(text, period))
    raise InvalidTimeError(f"TIME={shown(text)} is no interval: {FORMS}")


def _read_interval(text: str, first: str, last: str) -> TimeRange:
    first, last = ("" if end == OPEN else end for end in (first, last))
    if not first and not last:
        raise InvalidTimeError(f"TIME={shown(text)} is no interval: {FORMS}")
    start = _read_time(first).span.start if first else None
    end = _read_time(last).span.end if last and last.lower() != CURRENT else None
    if start is not None and end is not None and end <= start:
        raise InvalidTimeError(f"TIME={shown(text)} ends before it starts")
    return TimeRange(start, end)


def _read_stepped(text: str, first: str, last: str, period: Period) -> Iterable[TimeRange]:
    """Read ``first/last/period`` (OGC 06-042, annex C)."""
    interval = _read_interval(text, first, last)
    if interval.start is None:
        raise InvalidTimeError(f"TIME={shown(text)} lacks the first of its steps")
    time = _stepped_from(first, period)
    if period.is_covered_by(time.precision):
        return [interval]
    if interval.end is None:
        raise InvalidTimeError(f"TIME={shown(text)} steps on without end: say the last, as a time")
    number = period.steps_before(time.begins, interval.end)
    _check_number(number, f"is {shown(text)}, which has")
    return time.steps(period, number)


def _read_repeated(text: str, times: str, rest: list[str]) -> Iterable[TimeRange]:
    """Read ``R5/first/period`` (ISO 8601-1:2019, 5.6.6): the ends of five periods, six times."""
    if not times:
        raise InvalidTimeError(f"TIME={shown(text)} repeats without end: say how often, as in R5")
    if len(rest) != 2:  # noqa: PLR2004 - a time and a period
        raise InvalidTimeError(f"TIME={shown(text)} is no repeated interval: use R5/first/period")
    period = _read_period(text, rest[1])
    _check_number(int(times) + 1, f"is {shown(text)}, which has")
    return _stepped_from(rest[0], period).steps(period, int(times) + 1)


def _stepped_from(first: str, period: Period) -> _Time:
    time = _read_time(first)
    return time.as_day() if period.is_of_whole_days else time


def _read_period(text: str, written: str) -> Period:
    period = read_period(written)
    if not period:
        raise InvalidTimeError(
            f"TIME={shown(text)} has no period: use P1Y, P1M, P10D, PT6H or the like"
        )
    return period


def _check_number(number: int, what: str) -> None:
    if number > MAX_VALUES:
        raise InvalidTimeError(f"TIME {what} {number} values, at most {MAX_VALUES} are allowed")


def _read_time(text: str) -> _Time:
    """Read one time with what its precision leaves open."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise InvalidTimeError(f"TIME={shown(text)} is no time: {FORMS}")
    part = match.groupdict()
    try:
        begins = datetime(
            int(part["year"]),
            int(part["month"] or 1),
            int(part["day"] or 1),
            int(part["hour"] or 0),
            int(part["minute"] or 0),
            int(part["second"] or 0),
            int((part["fraction"] or "").ljust(6, "0")),
            tzinfo=_zone(part["zone"]),
        )
        begins.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidTimeError(f"TIME={shown(text)} is no date of the calendar") from error
    return _Time(begins, _precision(part))


def _precision(part: dict[str, str | None]) -> Period:
    if part["month"] is None:
        return Period(12, timedelta(0))
    if part["day"] is None:
        return Period(1, timedelta(0))
    if part["hour"] is None:
        return _DAY
    if part["minute"] is None:
        return Period(0, timedelta(hours=1))
    if part["second"] is None:
        return Period(0, timedelta(minutes=1))
    return Period(0, timedelta(microseconds=10 ** (6 - len(part["fraction"] or ""))))


def _in_utc(moment: datetime | None) -> datetime | None:
    """``moment`` in UTC; None past the last that a datetime can hold."""
    try:
        return None if moment is None else moment.astimezone(UTC)
    except OverflowError:
        return None


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC
    hours, minutes = text[1:].split(":")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if text[0] == "-" else offset)
