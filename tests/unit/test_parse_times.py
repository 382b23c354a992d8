"""TIME: every form of ISO 8601 that WMS has, and what each of them covers."""

import calendar
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.errors import InvalidTimeError
from function.parse.times import MAX_VALUES, read_times
from function.search import TimeRange


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


COVERED = {
    "2026": (utc(2026, 1, 1), utc(2027, 1, 1)),
    "2026-06": (utc(2026, 6, 1), utc(2026, 7, 1)),
    "2026-12": (utc(2026, 12, 1), utc(2027, 1, 1)),
    "2024-02": (utc(2024, 2, 1), utc(2024, 3, 1)),
    "2024-02-29": (utc(2024, 2, 29), utc(2024, 3, 1)),
    "2026-06-01": (utc(2026, 6, 1), utc(2026, 6, 2)),
    "2026-06-01T10Z": (utc(2026, 6, 1, 10), utc(2026, 6, 1, 11)),
    "2026-06-01T10:30Z": (utc(2026, 6, 1, 10, 30), utc(2026, 6, 1, 10, 31)),
    "2026-06-01T10:30:15Z": (utc(2026, 6, 1, 10, 30, 15), utc(2026, 6, 1, 10, 30, 16)),
    "2026-06-01T10:30:15": (utc(2026, 6, 1, 10, 30, 15), utc(2026, 6, 1, 10, 30, 16)),
    "2026-06-01T10:30:15.024Z": (
        utc(2026, 6, 1, 10, 30, 15, 24_000),
        utc(2026, 6, 1, 10, 30, 15, 25_000),
    ),
    "2026-06-01T10:30:15.5Z": (
        utc(2026, 6, 1, 10, 30, 15, 500_000),
        utc(2026, 6, 1, 10, 30, 15, 600_000),
    ),
    "2026-06-01T00:00:00Z": (utc(2026, 6, 1), utc(2026, 6, 2)),
    "2026-06-01T00:00:00.000Z": (utc(2026, 6, 1), utc(2026, 6, 2)),
    "2026-06-01T02:00:00+02:00": (utc(2026, 6, 1), utc(2026, 6, 2)),
    "2026-06-01T00:00:01Z": (utc(2026, 6, 1, 0, 0, 1), utc(2026, 6, 1, 0, 0, 2)),
    "2026-06-01T00:00Z": (utc(2026, 6, 1), utc(2026, 6, 1, 0, 1)),
    "2026-06-01T00:00:00Z/2026-06-02T00:00:00Z": (
        utc(2026, 6, 1),
        utc(2026, 6, 2, 0, 0, 1),
    ),
    "2026-06-01T00:30+02:00": (utc(2026, 5, 31, 22, 30), utc(2026, 5, 31, 22, 31)),
    "2026-06-01T00:30 02:00": (utc(2026, 5, 31, 22, 30), utc(2026, 5, 31, 22, 31)),
    "2026-06-01T23:30-01:30": (utc(2026, 6, 2, 1), utc(2026, 6, 2, 1, 1)),
    "2026-06-01/2026-06-30": (utc(2026, 6, 1), utc(2026, 7, 1)),
    "2026-06-01T10:00:00Z/2026-06-01T10:00:00Z": (
        utc(2026, 6, 1, 10),
        utc(2026, 6, 1, 10, 0, 1),
    ),
    "2025/2026": (utc(2025, 1, 1), utc(2027, 1, 1)),
    "2026-06-01/": (utc(2026, 6, 1), None),
    "/2026-06-01": (None, utc(2026, 6, 2)),
    "2026-06-01/..": (utc(2026, 6, 1), None),
    "../2026-06-01": (None, utc(2026, 6, 2)),
    "2026-06-01/../P1D": (utc(2026, 6, 1), None),
    "2026-06-01/2026-06-30/P1D": (utc(2026, 6, 1), utc(2026, 7, 1)),
    "2026-06-01/2026-06-30/P1Y2M3W4DT5H6M7.8S": (utc(2026, 6, 1), utc(2026, 6, 2)),
    "2026-01/2026-12/P1M": (utc(2026, 1, 1), utc(2027, 1, 1)),
    "2020/2026/P4M": (utc(2020, 1, 1), utc(2027, 1, 1)),
    "2026-06-01T00:00:00Z/2026-06-30T00:00:00Z/P1D": (utc(2026, 6, 1), utc(2026, 6, 30, 0, 0, 1)),
    "2026-06-01/current/P1D": (utc(2026, 6, 1), None),
    "R0/2026-06-01/P1M": (utc(2026, 6, 1), utc(2026, 6, 2)),
    "2026-06-01/2026-06-30/PT5M": (utc(2026, 6, 1), utc(2026, 7, 1)),
    "2026-06-01/current": (utc(2026, 6, 1), None),
    "9999": (utc(9999, 1, 1), None),
    "9999-12": (utc(9999, 12, 1), None),
    "9999-12-31": (utc(9999, 12, 31), None),
    "9999-12-31T00:00:00Z": (utc(9999, 12, 31), None),
}


@pytest.mark.parametrize(("text", "covered"), COVERED.items())
def test_a_time_covers_what_its_precision_leaves_open(
    text: str, covered: tuple[datetime | None, datetime | None]
) -> None:
    assert read_times(text) == (TimeRange(*covered),)


@pytest.mark.parametrize("text", ["current", "CURRENT"])
def test_current_is_any_time(text: str) -> None:
    assert read_times(text) == ()


def test_a_list_keeps_its_order_and_mixes_times_and_intervals() -> None:
    assert read_times("2026-06-03, 2026-06-01/2026-06-02,2025") == (
        TimeRange(utc(2026, 6, 3), utc(2026, 6, 4)),
        TimeRange(utc(2026, 6, 1), utc(2026, 6, 3)),
        TimeRange(utc(2025, 1, 1), utc(2026, 1, 1)),
    )


REFUSED = [
    "yesterday",
    "26-06-01",
    "2026-6-1",
    "20260601",
    "2026-13",
    "2026-00",
    "2026-02-29",
    "2026-06-31",
    "0000",
    "2026-06-01T24:00Z",
    "2026-06-01T10:60Z",
    "2026-06-01T10:30:61Z",
    "2026-06-01T10:30:15.1234567Z",
    "2026-06-01 10:30",
    "2026-06-01Z",
    "2026-06-01T10:30+25:00",
    "0001-01-01T00:00+01:00",
    "/",
    "2026//2027",
    "2026/2027/",
    "2026/2027/1D",
    "2026/2027/P",
    "2026/2027/P1DT",
    "2026/2027/P1D/P1D",
    "//P1D",
    "../..",
    "..",
    "2026-06-01/../P1M",
    "2026-06-01/current/P1M",
    "../2026-06-01/P1D",
    "/2026-06-01/P1D",
    "2026/2027/P0D",
    "2026/2027/P99999999D",
    "2027/2026/P1M",
    "R/2026-01-01/P1M",
    "R5/2026-01-01",
    "R5/2026-01-01/P1M/P1M",
    "R5/2026-01-01/2026-01-02",
    "R5/P1M/2026-01-01",
    "R-1/2026-01-01/P1M",
    "R/2026-01-01/2026-01-02",
    "2027/2026",
    "2026-06-02/2026-06-01",
    "2026,",
    ",",
    "2026-06-01,current",
    "\uff12\uff10\uff12\uff16",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_time_is_refused_and_named(text: str) -> None:
    with pytest.raises(InvalidTimeError, match="TIME"):
        read_times(text)


def test_a_list_has_a_limit() -> None:
    assert len(read_times(",".join(["2026"] * MAX_VALUES))) == MAX_VALUES
    with pytest.raises(InvalidTimeError, match=str(MAX_VALUES)):
        read_times(",".join(["2026"] * (MAX_VALUES + 1)))


STEPS = {
    "2026-01-31/2026-04/P1M": [
        utc(2026, 1, 31), utc(2026, 2, 28), utc(2026, 3, 31), utc(2026, 4, 30),
    ],
    "2026-06-01/2026-06-30/P10D": [utc(2026, 6, 1), utc(2026, 6, 11), utc(2026, 6, 21)],
    "2026-06-01/2026-06-21/P10D": [utc(2026, 6, 1), utc(2026, 6, 11), utc(2026, 6, 21)],
    "2024-02-29/2029/P1Y": [utc(2024, 2, 29), *(utc(year, 2, 28) for year in (2025, 2026, 2027)),
                            utc(2028, 2, 29), utc(2029, 2, 28)],
    "2026-06-01T00:00:00Z/2026-06-15T00:00:00Z/P1W": [
        utc(2026, 6, 1), utc(2026, 6, 8), utc(2026, 6, 15),
    ],
    "R2/2026-06-01/P1M": [utc(2026, 6, 1), utc(2026, 7, 1), utc(2026, 8, 1)],
    "R2/9999-12-31/P1D": [utc(9999, 12, 31)],
}  # fmt: skip


@pytest.mark.parametrize(("text", "days"), STEPS.items())
def test_steps_are_each_as_long_as_their_precision(text: str, days: list[datetime]) -> None:
    last = utc(9999, 12, 31)
    assert read_times(text) == tuple(
        TimeRange(day, day + timedelta(days=1) if day < last else None) for day in days
    )


def test_steps_of_other_precisions() -> None:
    assert read_times("2026-01/2027/P6M") == tuple(
        TimeRange(utc(year, month, 1), utc(year, month + 1, 1))
        for year, month in ((2026, 1), (2026, 7), (2027, 1), (2027, 7))
    )
    # Months are those of the zone that the first is written in.
    assert read_times("R1/2026-03-01T00:00+02:00/P1M") == tuple(
        TimeRange(start, start + timedelta(minutes=1))
        for start in (utc(2026, 2, 28, 22), utc(2026, 3, 31, 22))
    )
    # The next would be past the last year in UTC, though not where it is written.
    assert len(read_times("R5/9999-12-30T23:59-05:00/P1D")) == 1
    # Steps of hours from midnight are none of days.
    assert read_times("R1/2026-06-01T00:00:00Z/PT12H") == tuple(
        TimeRange(start, start + timedelta(seconds=1))
        for start in (utc(2026, 6, 1), utc(2026, 6, 1, 12))
    )


def test_steps_have_a_limit_and_are_refused_by_their_number() -> None:
    assert len(read_times(f"R{MAX_VALUES - 1}/2026-01-01/P2D")) == MAX_VALUES
    for text, number in {
        f"R{MAX_VALUES}/2026-01-01/P2D": MAX_VALUES + 1,
        "R999999/2026-01-01/P2D": 1_000_000,
        "2026-01-01T00:00:00.000001Z/2026-01-01T23:59:59Z/PT0.000002S": 43_199_999_999 + 1,
        "2000-01-01/2026/P1W": 1409,
        "R59/2026-01-01/P2D,R59/2026-01-01/P2D": 120,
    }.items():
        with pytest.raises(InvalidTimeError, match=rf"has {number} values|lists {number} values"):
            read_times(text)


# A zone shifts by up to a day, which must not leave the years that a datetime can hold.
# Midnight has a rule of its own, which the table above tells.
moments = st.datetimes(
    datetime(2, 1, 1),  # noqa: DTZ001
    datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
).filter(lambda moment: (moment.hour, moment.minute, moment.second) != (0, 0, 0))
PRECISIONS = {
    "%Y": None,
    "%Y-%m": None,
    "%Y-%m-%d": timedelta(days=1),
    "%Y-%m-%dT%HZ": timedelta(hours=1),
    "%Y-%m-%dT%H:%MZ": timedelta(minutes=1),
    "%Y-%m-%dT%H:%M:%SZ": timedelta(seconds=1),
    "%Y-%m-%dT%H:%M:%S.%fZ": timedelta(microseconds=1),
}


def written(moment: datetime, precision: str) -> str:
    # Python leaves the padding of years below 1000 to the platform.
    return moment.strftime(precision.replace("%Y", f"{moment.year:04}"))


@given(moments, st.sampled_from(list(PRECISIONS)))
def test_a_moment_lies_in_its_own_writing_at_any_precision(
    moment: datetime, precision: str
) -> None:
    (covered,) = read_times(written(moment, precision))
    assert covered.start is not None
    assert covered.end is not None
    assert covered.start <= moment < covered.end
    length = PRECISIONS[precision]
    if length is None:
        days = 365 + calendar.isleap(moment.year)
        if "%m" in precision:
            days = calendar.monthrange(moment.year, moment.month)[1]
        length = timedelta(days=days)
    assert covered.end - covered.start == length


@given(moments, moments, st.sampled_from(list(PRECISIONS)), st.sampled_from(list(PRECISIONS)))
def test_an_interval_runs_from_the_start_of_one_to_the_end_of_the_other(
    first: datetime, last: datetime, first_precision: str, last_precision: str
) -> None:
    first, last = sorted((first, last))
    one, other = written(first, first_precision), written(last, last_precision)
    (start,), (end,) = read_times(one), read_times(other)
    assert read_times(f"{one}/{other}") == (TimeRange(start.start, end.end),)


periods = st.builds(
    "P{}Y{}M{}W{}DT{}H{}M".format,
    st.integers(0, 3), st.integers(0, 30), st.integers(0, 5), st.integers(0, 40),
    st.integers(0, 30), st.integers(0, 70),
)  # fmt: skip


@given(moments, moments, st.sampled_from(list(PRECISIONS)), periods)
def test_steps_lie_in_the_interval_in_order_and_none_is_missing(
    first: datetime, last: datetime, precision: str, period: str
) -> None:
    first, last = sorted((first, last))
    one, other = written(first, precision), written(last, precision)
    (interval,) = read_times(f"{one}/{other}")
    (start,) = read_times(one)
    try:
        ranges = read_times(f"{one}/{other}/{period}")
    except InvalidTimeError:
        return
    assert ranges[0].start == interval.start
    if ranges == (interval,):
        return
    assert ranges[0] == start
    begins = [each.start for each in ranges if each.start is not None]
    assert len(begins) == len(ranges)
    assert interval.end is not None
    assert begins == sorted(set(begins))
    assert begins[-1] < interval.end
    # One more would be too many, and the repeating form says the same.
    assert read_times(f"R{len(ranges) - 1}/{one}/{period}") == ranges
    if len(ranges) < MAX_VALUES:
        following = read_times(f"R{len(ranges)}/{one}/{period}")[len(ranges) :]
        assert all(each.start is None or each.start >= interval.end for each in following)


@given(moments, st.integers(-23 * 60 - 59, 23 * 60 + 59))
def test_a_zone_says_the_same_moment(moment: datetime, minutes: int) -> None:
    there = moment.replace(second=0, microsecond=0).astimezone(timezone(timedelta(minutes=minutes)))
    sign, size = ("-", -minutes) if minutes < 0 else ("+", minutes)
    text = f"{written(there, '%Y-%m-%dT%H:%M')}{sign}{size // 60:02}:{size % 60:02}"
    (covered,) = read_times(text)
    assert covered.start == moment.replace(second=0, microsecond=0)


@given(st.text(max_size=40) | st.from_regex(r"[0-9TZ:./+,current -]{0,40}", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        ranges = read_times(text)
    except InvalidTimeError:
        return
    for covered in ranges:
        assert covered.start is None or covered.start.tzinfo is UTC
        assert covered.start is None or covered.end is None or covered.start < covered.end
