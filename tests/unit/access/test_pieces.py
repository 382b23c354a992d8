"""Pieces of a file, and the cache that keeps them."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.scenes.access.pieces import Pieces
from function.scenes.access.range_cache import Identity, RangeCache
from function.scenes.access.rounds import Range

DATA = bytes(range(200))
ONE: Identity = ("s3://bucket/one.jp2", 200, '"a"')
OTHER_STATE: Identity = ("s3://bucket/one.jp2", 200, '"b"')
parts = st.tuples(st.integers(0, 199), st.integers(1, 60)).map(
    lambda part: (part[0], min(part[1], 200 - part[0]))
)


def piece(offset: int, length: int) -> tuple[int, memoryview]:
    return offset, memoryview(DATA)[offset : offset + length]


@given(held=st.lists(parts, max_size=8), wanted=st.lists(parts, min_size=1, max_size=4))
def test_what_is_missing_and_what_is_held_make_up_what_is_wanted(
    held: list[Range], wanted: list[Range]
) -> None:
    pieces = Pieces(piece(*part) for part in held)
    known = {byte for offset, length in held for byte in range(offset, offset + length)}
    missing = pieces.missing(wanted)
    for offset, length in wanted:
        lacking = set(range(offset, offset + length)) - known
        told = {
            byte
            for start, size in pieces.missing([(offset, length)])
            for byte in range(start, start + size)
        }
        assert told == lacking
        if lacking:
            with pytest.raises(KeyError):
                pieces.read(offset, length)
        else:
            assert pieces.read(offset, length) == DATA[offset : offset + length]
    pieces.add(piece(*part) for part in missing)
    for offset, length in wanted:
        assert pieces.read(offset, length) == DATA[offset : offset + length]


def test_nothing_is_missing_of_an_empty_range() -> None:
    assert Pieces().missing([(7, 0)]) == []
    assert Pieces().read(7, 0) == b""


def test_what_is_kept_is_found_again_in_the_same_state_alone() -> None:
    cache = RangeCache(100)
    cache.keep(ONE, [piece(10, 20), piece(50, 10)])
    assert cache.take(ONE, [(15, 10)]).missing([(15, 10), (50, 10)]) == [(50, 10)]
    assert cache.take(ONE, [(15, 10), (0, 100)]).missing([(50, 10)]) == []
    assert cache.take(OTHER_STATE, [(15, 10)]).missing([(15, 10)]) == [(15, 10)]


def test_the_longest_unused_goes_first() -> None:
    cache = RangeCache(60)
    cache.keep(ONE, [piece(0, 20), piece(20, 20), piece(40, 20)])
    cache.take(ONE, [(0, 5)])
    cache.keep(OTHER_STATE, [piece(0, 30)])
    assert cache.bytes_kept == 50
    whole = [(0, 60)]
    assert cache.take(ONE, whole).missing(whole) == [(20, 40)]
    assert cache.take(OTHER_STATE, whole).missing(whole) == [(30, 30)]


def test_a_piece_that_is_kept_again_takes_its_place_once() -> None:
    cache = RangeCache(100)
    for length in (20, 30, 10):
        cache.keep(ONE, [piece(5, length)])
        assert cache.bytes_kept == length


def test_what_is_larger_than_the_cache_is_not_kept() -> None:
    cache = RangeCache(50)
    cache.keep(ONE, [piece(0, 20), piece(100, 51)])
    assert cache.bytes_kept == 20


def test_what_went_is_found_as_long_as_somebody_holds_it() -> None:
    cache = RangeCache(30)
    wanted = [(0, 60)]
    small, large = piece(0, 20), piece(20, 40)
    cache.keep(ONE, [small, large])
    held = cache.take(ONE, wanted)
    cache.keep(OTHER_STATE, [piece(0, 30)])
    del small, large
    assert cache.bytes_kept == 30
    assert cache.take(ONE, wanted).missing(wanted) == []
    assert cache.take(OTHER_STATE, wanted).missing(wanted) == [(30, 30)]
    assert held.read(0, 60) == DATA[:60]
    del held
    assert cache.take(ONE, wanted).missing(wanted) == wanted


def test_threads_share_a_cache() -> None:
    cache = RangeCache(300)
    together = threading.Barrier(4)
    failures = []

    def work(number: int) -> None:
        together.wait()
        for turn in range(300):
            file = (f"file {turn % 5}", 200, "")
            cache.keep(file, [piece((number * 37 + turn) % 150, 40)])
            pieces = cache.take(file, [(0, 200)])
            for offset, length in [(10, 30), (60, 5)]:
                known = not pieces.missing([(offset, length)])
                if known and pieces.read(offset, length) != DATA[offset : offset + length]:
                    failures.append((number, turn))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert cache.bytes_kept <= 300
