"""Periods of ISO 8601, and the moments that steps of one lead to."""

import calendar
import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import MAXYEAR, datetime, timedelta

_PERIOD = re.compile(
    r"P(?=.)(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,6})W)?"
    r"(?:(?P<days>\d{1,7})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,8})H)?(?:(?P<minutes>\d{1,9})M)?"
    r"(?:(?P<seconds>\d{1,11})(?:\.(?P<fraction>\d{1,6}))?S)?)?",
    re.ASCII,
)
SHORTEST_MONTH = timedelta(days=28)
LONGEST_MONTH = timedelta(days=31)
# More than moments of a microsecond's distance in all years that a datetime can hold.
_ANY_NUMBER = 10**18


@dataclass(frozen=True, slots=True)
class Period:
    """Calendar months and, after them, a length of time."""

    months: int
    length: timedelta

    def __bool__(self) -> bool:
        return self.months > 0 or self.length > timedelta(0)

    @property
    def is_of_whole_days(self) -> bool:
        return self.length % timedelta(days=1) == timedelta(0)

    def is_covered_by(self, other: "Period") -> bool:
        """Tell whether this is no longer than ``other``, whatever month both begin in."""
        if not self.length and not other.length:
            return self.months <= other.months
        longest = self.months * LONGEST_MONTH + self.length
        return longest <= other.months * SHORTEST_MONTH + other.length

    def after(self, start: datetime, number: int = 1) -> datetime | None:
        """The moment ``number`` periods after ``start``; None past the last of a datetime.

        A day that the month lacks is its last: a month after 31 January is the end of February,
        two months after it is 31 March.
        """
        years, month = divmod(start.year * 12 + start.month - 1 + self.months * number, 12)
        if years > MAXYEAR:
            return None
        day = min(start.day, calendar.monthrange(years, month + 1)[1])
        try:
            return start.replace(year=years, month=month + 1, day=day) + self.length * number
        except OverflowError:
            return None

    def steps_before(self, start: datetime, end: datetime) -> int:
        """Count the moments ``start``, one period after it, two, and so on before ``end``."""

        def is_past(number: int) -> bool:
            moment = self.after(start, number)
            return moment is None or moment >= end

        return bisect_left(range(_ANY_NUMBER), True, key=is_past)


def read_period(text: str) -> Period | None:
    """Read ``P1M``, ``P10D``, ``PT6H``; None is no period."""
    match = _PERIOD.fullmatch(text)
    if match is None:
        return None
    part = {name: int(digits or 0) for name, digits in match.groupdict().items()}
    fraction = (match["fraction"] or "").ljust(6, "0")
    return Period(
        part["years"] * 12 + part["months"],
        timedelta(
            weeks=part["weeks"],
            days=part["days"],
            hours=part["hours"],
            minutes=part["minutes"],
            seconds=part["seconds"],
            microseconds=int(fraction),
        ),
    )
