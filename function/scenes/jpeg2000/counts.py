"""What the engine has done, in figures."""

import threading
from collections import Counter
from collections.abc import Mapping


class DecodingCounts:
    """Figures that only grow, from any thread.

    ``windows`` and ``fetches`` count calls, ``tiles_decoded`` and ``tiles_kept`` the tiles they
    met. ``bytes_needed`` are those of the packets, blocks and headers asked for, ``bytes_fetched``
    those read with the gaps between them; ``retries`` are of those that failed. ``indexes_loaded``
    from the store and ``indexes_built`` count files, ``windows_unfit`` the windows left to the
    other decoder.
    """

    def __init__(self) -> None:
        self._figures: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, **figures: int) -> None:
        with self._lock:
            self._figures.update(figures)

    def snapshot(self) -> Mapping[str, int]:
        """Every figure at one moment; what has not occurred is 0."""
        with self._lock:
            return self._figures.copy()
