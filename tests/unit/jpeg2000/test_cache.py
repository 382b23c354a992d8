"""The byte-bounded cache, running tasks in parallel, and the merging of ranges."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import pairwise

import pytest
from codestreams import MemorySource
from hypothesis import given
from hypothesis import strategies as st

from function.scenes.jpeg2000.cache import ByteBoundedCache
from function.scenes.jpeg2000.fetching import fetch, merge_ranges
from function.scenes.jpeg2000.parallel import SharedCpus, run_all


def text_cache(limit: int) -> ByteBoundedCache[str, str]:
    return ByteBoundedCache(limit, len)


def refuse() -> str:
    raise AssertionError("made twice")


def test_a_value_is_made_once() -> None:
    cache = text_cache(10)
    assert cache.get("a", lambda: "value") == "value"
    assert cache.get("a", refuse) == "value"
    assert cache.bytes_kept == 5


def test_the_longest_unused_goes_first() -> None:
    cache = text_cache(6)
    for key in "abc":
        cache.get(key, lambda: "xx")
    cache.get("a", refuse)
    cache.get("d", lambda: "xx")
    assert cache.get("a", refuse) == "xx"
    assert cache.get("b", lambda: "yy") == "yy"
    assert cache.bytes_kept == 6


def test_what_is_larger_than_the_cache_is_not_kept() -> None:
    cache = text_cache(3)
    assert cache.get("a", lambda: "large") == "large"
    assert cache.get("a", lambda: "again") == "again"
    assert cache.bytes_kept == 0


def test_many_threads_make_a_value_once() -> None:
    cache = text_cache(100)
    begun, release = threading.Event(), threading.Event()
    made = []

    def make() -> str:
        made.append(threading.get_ident())
        begun.set()
        assert release.wait(60)
        return "value"

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(cache.get, "a", make) for _ in range(8)]
        assert begun.wait(60)
        release.set()
        assert [future.result(60) for future in futures] == ["value"] * 8
    assert len(made) == 1


def test_a_failure_reaches_all_who_wait_and_is_forgotten() -> None:
    cache = text_cache(100)
    claim = cache.claim("a")
    waiting = cache.claim("a")
    assert claim.to_make
    assert not waiting.to_make
    cache.abandon("a", OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        waiting.future.result(0)
    assert cache.get("a", lambda: "value") == "value"


def fail() -> str:
    raise OSError("gone")


def test_a_failure_to_make_is_raised() -> None:
    cache = text_cache(100)
    with pytest.raises(OSError, match="gone"):
        cache.get("a", fail)
    assert cache.get("a", lambda: "value") == "value"


def test_tasks_run_where_the_pool_is_busy_with_their_callers() -> None:
    with ThreadPoolExecutor(2) as pool:

        def call() -> list[int]:
            return run_all(pool, [partial(pow, n, 2) for n in range(20)])

        futures = [pool.submit(call) for _ in range(10)]
        assert [future.result(60) for future in futures] == [[n * n for n in range(20)]] * 10


def test_no_task_runs_on_after_a_failure() -> None:
    running = threading.Semaphore(0)
    finished = []
    release = threading.Event()

    def slow() -> None:
        running.release()
        assert release.wait(60)
        finished.append(True)

    def broken() -> None:
        assert running.acquire(timeout=60)
        threading.Timer(0.05, release.set).start()
        raise OSError("broken")

    tasks: list[Callable[[], None]] = [broken, slow]
    with ThreadPoolExecutor(1) as pool, pytest.raises(OSError, match="broken"):
        run_all(pool, tasks)
    assert finished == [True]


def test_nothing_is_waited_for_while_a_task_is_not_begun() -> None:
    """The pool's one thread is held by the second task; the caller does all the others first."""
    begun, release = threading.Event(), threading.Event()
    alone: list[int] = []

    def first() -> None:
        assert begun.wait(60)

    def held() -> None:
        begun.set()
        assert release.wait(60)

    def other(number: int) -> None:
        alone.append(number)
        if number == 4:
            release.set()

    tasks: list[Callable[[], None]] = [first, held]
    tasks.extend(partial(other, number) for number in range(5))
    with ThreadPoolExecutor(1) as pool:
        run_all(pool, tasks)
    assert alone == [0, 1, 2, 3, 4]


def test_cpus_are_shared_out_by_the_weight_of_the_work_that_is_left() -> None:
    cpus = SharedCpus(4)
    with cpus.expecting([10, 10, 10]) as ended:
        assert cpus.threads(10) == 3
        with cpus.expecting([50]):
            assert (cpus.threads(50), cpus.threads(10)) == (4, 1)
        ended(10)
        assert cpus.threads(10) == 4
        with suppress(OSError), cpus.expecting([80] * 9) as end_one:
            assert cpus.threads(10) == 1
            end_one(80)
            raise OSError("broken")
        assert cpus.threads(10) == 4
    with cpus.expecting([300, 90, 10]):
        assert [cpus.threads(weight) for weight in (300, 90, 10)] == [4, 2, 1]
    assert SharedCpus(1).threads(5) == 1


def test_threads_that_cost_are_for_more_than_the_part_of_one_cpu() -> None:
    cpus = SharedCpus(4)
    with cpus.expecting([26, 25, 25, 24]):
        assert [cpus.threads(weight, costly=True) for weight in (26, 25, 24)] == [3, 1, 1]
    pair = SharedCpus(2)
    with pair.expecting([51, 49]):
        assert [pair.threads(weight, costly=True) for weight in (51, 49)] == [2, 1]


def test_no_tasks_give_no_results() -> None:
    with ThreadPoolExecutor(1) as pool:
        empty: list[Callable[[], int]] = []
        assert run_all(pool, empty) == []


@given(
    ranges=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 100)), min_size=1, max_size=20),
    gap=st.integers(0, 200),
)
def test_merged_ranges_hold_all_that_was_asked(ranges: list[tuple[int, int]], gap: int) -> None:
    data = bytes(n * 7 % 251 for n in range(1000))
    source = MemorySource(data, gap)
    found, fetched = fetch(source, ranges)
    assert [bytes(view) for view in found] == [data[o : o + n] for o, n in ranges]
    assert len(source.calls) == 1
    assert fetched == sum(length for _, length in source.calls[0])
    merged = merge_ranges(ranges, gap)
    assert all(second[0] - sum(first) > gap for first, second in pairwise(merged))
    wanted = set().union(*(range(o, o + n) for o, n in ranges))
    read = set().union(*(range(o, o + n) for o, n in merged))
    assert wanted <= read
    if gap == 0:
        assert wanted == read
