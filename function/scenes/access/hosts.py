"""The hosts of an archive: how much is asked of each at once, and which of them are silent."""

import asyncio
import time
from dataclasses import dataclass

from function.deadline import Deadline
from function.errors import ArchiveUnavailableError
from function.scenes.access.failures import unanswered


@dataclass(frozen=True, slots=True)
class HostLimits:
    """At most ``connections`` reads of a host at once; a try of one takes ``timeout`` seconds.

    A host that is silent is not asked for ``pause`` seconds; with 0 none is held to be.
    """

    connections: int
    timeout: float
    pause: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Since when a request waits for a host, on the monotonic clock, and until when it may."""

    begun: float
    patience: Deadline


class Host:
    """A host, as the reads within one event loop know it.

    It is silent where it gave nothing to anybody while a read waited for it in vain, for as long
    as a try may take at least. After a pause one request asks it again; the others go on without
    it, until it gives anything.
    """

    def __init__(self, name: str, limits: HostLimits) -> None:
        self.name = name
        self.connections = asyncio.Semaphore(limits.connections)
        self._limits = limits
        self._heard = 0.0
        # Until when it is not asked by others than the request of this deadline; 0 means by none.
        self._silent_until = 0.0
        self._asking: Deadline | None = None
        # Of requests that have had nothing since they first asked.
        self._waits: dict[Deadline, Wait] = {}

    def check(self, name: str, deadline: Deadline) -> None:
        """Raise ArchiveUnavailableError where this request is not to ask it.

        That is while it is silent, unless this is who asks again; and once this request has waited
        for it in vain as long as it may, for no time is left for an answer.
        """
        others_ask = bool(self._silent_until) and deadline != self._asking
        if others_ask and time.monotonic() < self._silent_until:
            error = ArchiveUnavailableError(f"the archive of {name} does not answer")
            error.add_note(self.name)
            raise error
        wait = self._waits.get(deadline)
        if wait is not None and wait.patience.remaining() <= 0:
            raise unanswered(name, self.name)
        if others_ask:
            # Who asks may be gone before there is an answer.
            until = min(deadline.moment, time.monotonic() + self._limits.timeout)
            self._asking, self._silent_until = deadline, until

    def wait(self, deadline: Deadline) -> Wait:
        """Tell how long a read may wait: no longer than others of its request that had nothing.

        What is asked after them, as the connections are few, has no time of its own.
        """
        wait = self._waits.get(deadline)
        if wait is None:
            self._waits = {
                other: wait for other, wait in self._waits.items() if other.remaining() > 0
            }
            wait = self._waits[deadline] = Wait(time.monotonic(), deadline.half())
        return wait

    def forget(self, deadline: Deadline) -> None:
        """Note that this request no longer wants what it waited for."""
        self._waits.pop(deadline, None)

    def hear(self) -> None:
        """Note that it gave something, whatever it was."""
        self._heard = time.monotonic()
        self._silent_until, self._asking = 0.0, None
        self._waits.clear()

    def give_up(self, wait: Wait) -> None:
        """Note that a read has waited in vain."""
        now = time.monotonic()
        if self._limits.pause and self._heard < wait.begun <= now - self._limits.timeout:
            self._silent_until, self._asking = now + self._limits.pause, None


class Hosts:
    """The hosts that were asked so far, by their names."""

    def __init__(self, limits: HostLimits) -> None:
        self._limits = limits
        self._hosts: dict[str, Host] = {}

    def find(self, name: str) -> Host:
        if name not in self._hosts:
            self._hosts[name] = Host(name, self._limits)
        return self._hosts[name]
