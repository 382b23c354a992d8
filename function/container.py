"""What the container gives this process: CPUs and memory, by its cgroups, not by the host."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CGROUPS = "sys/fs/cgroup"
KIB = 1024


@dataclass(frozen=True, slots=True)
class Container:
    """``cpus`` is how many threads can compute at once, ``memory`` counts bytes."""

    cpus: int
    memory: int


def read_container(root: Path = Path("/")) -> Container:
    """Read the limits of cgroups, version 1 and 2, this process's own and those above it.

    Without a limit it is the CPUs that the process may run on, and the memory of the machine.
    ``root`` holds the directories proc and sys (cgroups(7); the kernel's cgroup-v2 and
    cgroup-v1/memory).
    """
    allowed = len(os.sched_getaffinity(0))
    quotas = [quota for group in _groups(root, "cpu") for quota in _cpu_quotas(group)]
    limits = [limit for group in _groups(root, "memory") for limit in _memory_limits(group)]
    # Threads on half a CPU more use that half too; throttling shares it out.
    cpus = max(1, math.ceil(min([float(allowed), *quotas])))
    return Container(cpus, min([_machine_memory(root), *limits]))


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Give the directories of the cgroups that this process is in, from its own up."""
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, place = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        # Version 2 names no controllers. Version 1 mounts each where its name is a link to.
        mount = root / CGROUPS / (controller if controllers else "")
        group = mount / place.lstrip("/")
        # Where a container has no namespace of cgroups, its own is mounted as the root, and the
        # place is the host's.
        yield from (path for path in (group, *group.parents) if path.is_relative_to(mount))


def _cpu_quotas(group: Path) -> Iterator[float]:
    for line in _lines(group / "cpu.max"):
        quota, period = line.split()
        if quota != "max":
            yield int(quota) / int(period)
    quotas, periods = (
        [int(line) for line in _lines(group / name)]
        for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us")
    )
    yield from (quota / period for quota, period in zip(quotas, periods, strict=False) if quota > 0)


def _memory_limits(group: Path) -> Iterator[int]:
    for name in ("memory.max", "memory.limit_in_bytes"):
        yield from (int(line) for line in _lines(group / name) if line != "max")


def _machine_memory(root: Path) -> int:
    (kibibytes,) = (
        line.split()[1] for line in _lines(root / "proc/meminfo") if line.startswith("MemTotal:")
    )
    return int(kibibytes) * KIB


def _lines(path: Path) -> list[str]:
    """Read a file of the kernel's; one that is not there, or may not be read, says nothing."""
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
