"""The ``datetime`` of an item search: an instant or an interval (OGC 17-069r4, 7.15.3)."""

import re
from datetime import UTC, datetime, timedelta, timezone

from function.errors import InvalidParameterError
from function.parse.parameters import shown

OPEN = ("", "..")
FORMS = (
    "use 2026-06-01T10:30:15Z, or an interval such as 2026-06-01T00:00:00Z/.. with an end left open"
)

# RFC 3339, 5.6. A plus sign that was not percent-encoded arrives as a space.
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}):(\d{2})(?:\.(\d+))?(?:([Zz])|([+ -])(\d{2}):(\d{2}))",
    re.ASCII,
)
LEAP_SECOND = 60


def read_moments(text: object) -> tuple[datetime | None, datetime | None]:
    """Read the first and the last moment asked for, in UTC; None where an end is open.

    Raises InvalidParameterError.
    """
    if not isinstance(text, str):
        raise InvalidParameterError("datetime is not a text")
    first, *rest = text.split("/")
    if not rest:
        moment = _read_moment(first, text)
        return moment, moment
    last = rest[0]
    if len(rest) > 1 or (first in OPEN and last in OPEN):
        raise _refusal(text)
    start = None if first in OPEN else _read_moment(first, text)
    end = None if last in OPEN else _read_moment(last, text)
    if start is not None and end is not None and end < start:
        raise InvalidParameterError(f"datetime={shown(text)} ends before it starts")
    return start, end


def _read_moment(part: str, text: str) -> datetime:
    match = _MOMENT.fullmatch(part)
    if match is None:
        raise _refusal(text)
    day, minute, second, fraction, zulu, sign, hours, minutes = match.groups()
    leap = int(second) == LEAP_SECOND
    try:
        moment = datetime.fromisoformat(f"{day}T{minute}:{59 if leap else int(second):02d}")
        offset = timedelta() if zulu else timedelta(hours=int(hours), minutes=int(minutes))
        zone = timezone(-offset if sign == "-" else offset)
        # A leap second is the one after it to any clock without them.
        passed = timedelta(seconds=leap, microseconds=int((fraction or "")[:6].ljust(6, "0")))
        return (moment.replace(tzinfo=zone) + passed).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidParameterError(f"datetime={shown(text)} is no date of the calendar") from error


def _refusal(text: str) -> InvalidParameterError:
    return InvalidParameterError(f"datetime={shown(text)} is no moment of RFC 3339: {FORMS}")
