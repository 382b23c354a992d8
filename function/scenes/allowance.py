"""How much may be fetched before it is needed."""

import threading


class Allowance:
    """Bytes that may still be fetched ahead, taken in the order of asking; for threads.

    The first that do not fit end it, so that nothing is fetched of what comes after them.
    """

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._lock = threading.Lock()
        self.used_up = False

    def take(self, count: int) -> bool:
        """Tell whether ``count`` bytes may be fetched, and count them."""
        with self._lock:
            self.used_up = self.used_up or count > self._left
            if not self.used_up:
                self._left -= count
            return not self.used_up
