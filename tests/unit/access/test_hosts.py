"""Which hosts of an archive are held to be silent, and who asks them again."""

from types import SimpleNamespace

import pytest

from function import deadline
from function.deadline import Deadline
from function.errors import ArchiveUnavailableError, with_notes
from function.scenes.access import hosts
from function.scenes.access.hosts import Host, HostLimits, Wait

TIMEOUT, PAUSE = 8.0, 5.0
FIRST, SECOND, THIRD = Deadline(125.0), Deadline(130.0), Deadline(135.0)


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (hosts, deadline):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


def silent_host(clock: Clock, pause: float = PAUSE) -> Host:
    """A host that a read of the first request has waited for in vain, a moment ago."""
    host = Host("archive.example", HostLimits(4, TIMEOUT, pause))
    host.check("a.jp2", FIRST)
    clock.now += TIMEOUT
    host.give_up(Wait(clock.now - TIMEOUT, FIRST))
    return host


def is_asked(host: Host, deadline: Deadline) -> bool:
    try:
        host.check("b.jp2", deadline)
    except ArchiveUnavailableError:
        return False
    return True


def test_a_silent_host_is_not_asked_by_anybody_for_a_while(clock: Clock) -> None:
    host = silent_host(clock)
    clock.now += PAUSE - 0.1
    assert not is_asked(host, FIRST)
    with pytest.raises(ArchiveUnavailableError) as raised:
        host.check("b.jp2", SECOND)
    assert with_notes(raised.value) == "the archive of b.jp2 does not answer (archive.example)"


def test_one_request_asks_again_after_the_pause(clock: Clock) -> None:
    host = silent_host(clock)
    clock.now += PAUSE
    assert is_asked(host, SECOND)
    assert not is_asked(host, THIRD)
    # All that this request reads.
    assert is_asked(host, SECOND)
    host.hear()
    assert is_asked(host, THIRD)


def test_a_host_that_is_still_silent_is_left_alone_again(clock: Clock) -> None:
    host = silent_host(clock)
    clock.now += PAUSE
    begun = clock.now
    assert is_asked(host, SECOND)
    clock.now += TIMEOUT
    host.give_up(Wait(begun, SECOND))
    assert not is_asked(host, SECOND)
    clock.now += PAUSE
    assert is_asked(host, THIRD)


def test_who_was_to_ask_again_and_did_not_is_replaced(clock: Clock) -> None:
    host = silent_host(clock)
    clock.now += PAUSE
    assert is_asked(host, SECOND)
    # As long as a try may take; not until its time is over, for it may be gone.
    clock.now += TIMEOUT - 0.1
    assert not is_asked(host, THIRD)
    clock.now += 0.1
    assert clock.now < SECOND.moment
    assert is_asked(host, THIRD)
    assert not is_asked(host, SECOND)


def test_a_host_that_answers_others_is_not_silent(clock: Clock) -> None:
    host = Host("archive.example", HostLimits(4, TIMEOUT, PAUSE))
    begun = clock.now
    clock.now += 0.1
    host.hear()
    clock.now += 2 * TIMEOUT
    host.give_up(Wait(begun, SECOND))
    assert is_asked(host, FIRST)


def test_a_host_that_was_not_waited_for_long_enough_is_not_silent(clock: Clock) -> None:
    host = Host("archive.example", HostLimits(4, TIMEOUT, PAUSE))
    clock.now += TIMEOUT - 0.1
    host.give_up(Wait(100.0, FIRST))
    assert is_asked(host, FIRST)


def test_without_a_pause_no_host_is_silent(clock: Clock) -> None:
    assert is_asked(silent_host(clock, pause=0.0), SECOND)


def test_all_reads_of_a_request_wait_no_longer_than_the_first(clock: Clock) -> None:
    host = Host("archive.example", HostLimits(4, TIMEOUT, PAUSE))
    first = host.wait(FIRST)
    assert first == Wait(100.0, Deadline(112.5))
    clock.now += TIMEOUT
    assert host.wait(FIRST) == first
    assert host.wait(SECOND) == Wait(108.0, Deadline(119.0))
    host.hear()
    assert host.wait(FIRST) == Wait(108.0, Deadline(116.5))


def test_nothing_is_kept_of_requests_that_are_over(clock: Clock) -> None:
    host = Host("archive.example", HostLimits(4, TIMEOUT, PAUSE))
    host.wait(FIRST)
    clock.now = FIRST.moment + 1
    host.wait(SECOND)
    clock.now = 100.0
    assert host.wait(FIRST).begun == 100.0
    clock.now = 101.0
    assert host.wait(SECOND).begun == FIRST.moment + 1


def test_who_has_waited_in_vain_neither_asks_again_nor_holds_others_back(clock: Clock) -> None:
    host = Host("archive.example", HostLimits(4, TIMEOUT, PAUSE))
    late = Deadline(clock.now + TIMEOUT)
    wait = host.wait(late)
    clock.now = wait.patience.moment
    # Less than a try: nobody else is told that it is silent.
    host.give_up(wait)
    clock.now = late.moment - 0.1
    with pytest.raises(ArchiveUnavailableError, match=r"^the archive of b\.jp2 did not answer"):
        host.check("b.jp2", late)
    assert is_asked(host, SECOND)
    host.hear()
    assert is_asked(host, late)


def test_who_has_waited_in_vain_is_not_who_asks_after_the_pause(clock: Clock) -> None:
    host = Host("archive.example", HostLimits(4, TIMEOUT, PAUSE))
    wait = host.wait(FIRST)
    clock.now = wait.patience.moment
    host.give_up(wait)
    clock.now += PAUSE
    assert clock.now < FIRST.moment
    assert not is_asked(host, FIRST)
    assert is_asked(host, SECOND)


def test_what_is_no_longer_wanted_was_not_in_vain(clock: Clock) -> None:
    host = Host("archive.example", HostLimits(4, TIMEOUT, PAUSE))
    wait = host.wait(FIRST)
    host.forget(FIRST)
    clock.now = wait.patience.moment
    assert is_asked(host, FIRST)
    assert host.wait(FIRST).begun == clock.now
