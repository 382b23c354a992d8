"""In which order processes see what others write to memory that they share."""

import threading


def in_order() -> None:
    """Let what comes after this be done, and seen, after what came before it.

    Python has no fence, which CPUs such as ARM's need. To take a lock and give it back is none
    either: what comes before may be done later, and what comes after earlier, both while it is
    held. So this is done twice. What came before is done by the time that the lock is first given
    back, what comes after is not begun until it is taken again, and no CPU that CPython runs on
    takes a lock before it has given back one that came before (Arm Architecture Reference Manual,
    B2.3: a load-acquire is not observed before an earlier store-release).
    """
    lock = threading.Lock()  # its own: nobody ever waits
    for _ in range(2):
        with lock:
            pass
