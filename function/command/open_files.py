"""How many files a process may have open, and how many of them may be clients' connections."""

import resource
from contextlib import suppress

# Far above what is counted below, and far below what would slow down whoever closes them all.
ENOUGH = 4096
# gunicorn's own default for a process.
MOST_CLIENTS = 1000
# Images, reads of the archive (64 a process), connections to the catalogue, what threads wait by
# (64), the log, shared memory, and what libraries open for a moment.
OTHERS = 300


def allow_open_files() -> int:
    """Raise the limit of this process, and of those forked from it, as far as it is of use.

    Gives the limit, which is 1024 for most processes and lower in some containers.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        # A sandbox may forbid it, which Python tells as a wrong value.
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return ENOUGH if soft == resource.RLIM_INFINITY else soft


def client_connections(open_files: int) -> int:
    """Tell how many connections of clients a process may hold that may open so many files.

    Where there are few, a quarter: a connection on which nothing has come yet may take two.
    """
    return min(MOST_CLIENTS, max(open_files // 4, open_files - OTHERS))
