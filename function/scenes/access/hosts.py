"""The hosts of an archive: how much is asked of each at once, and which of them are silent."""

import asyncio
import time
from dataclasses import dataclass

from function.deadline import Deadline
from function.errors import ArchiveUnavailableError


@dataclass(frozen=True, slots=True)
class HostLimits:
    """At most ``connections`` reads of a host at once; a try of one takes ``timeout`` seconds.

    A host that is silent is not asked for ``pause`` seconds; with 0 none is held to be.
    """

    connections: int
    timeout: float
    pause: float


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

    def check(self, name: str, deadline: Deadline) -> None:
        """Raise ArchiveUnavailableError where it is silent, and not asked by this request."""
        if not self._silent_until or deadline == self._asking:
            return
        if time.monotonic() < self._silent_until:
            error = ArchiveUnavailableError(f"the archive of {name} does not answer")
            error.add_note(self.name)
            raise error
        self._asking, self._silent_until = deadline, deadline.moment

    def hear(self) -> None:
        """Note that it gave something, whatever it was."""
        self._heard = time.monotonic()
        self._silent_until, self._asking = 0.0, None

    def give_up(self, begun: float) -> None:
        """Note that a read has waited in vain since ``begun``, on the monotonic clock."""
        now = time.monotonic()
        if self._limits.pause and self._heard < begun <= now - self._limits.timeout:
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
