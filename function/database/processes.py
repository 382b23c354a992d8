"""The processes that live in a cluster's data directory, as the kernel tells them."""

from pathlib import Path

PROC = Path("/proc")


def server_processes(data: Path, processes: Path = PROC) -> frozenset[int]:
    """Find the processes of PostgreSQL whose working directory is ``data``.

    Every one of its processes stays in its data directory for life. The process id in
    ``postmaster.pid`` alone proves nothing: after a crash or a restart of the machine it may be
    any process's.
    """
    found = set()
    for process in processes.iterdir():
        if not process.name.isdigit():
            continue
        try:
            name = (process / "comm").read_text().strip()
            if name == "postgres" and (process / "cwd").readlink() == data:
                found.add(int(process.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # gone meanwhile, or another user's
    return frozenset(found)


def postmaster_process(data: Path) -> int | None:
    """Find the process that the others descend from; None where it does not live."""
    try:
        recorded = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):  # none, or just being written
        return None
    return recorded if recorded in server_processes(data) else None
