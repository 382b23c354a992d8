"""What the container gives, read from made-up kernel files."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from function.container import Container, read_container

GIB = 1 << 30
MACHINE = 16 * GIB
EVERY_CPU = len(os.sched_getaffinity(0))
V1 = "5:cpu,cpuacct:{0}\n4:memory:{0}\n1:name=systemd:{0}\n0::{0}\n"


def kernel(directory: Path, cgroup: str | None, files: Mapping[str, str]) -> Path:
    """Write the files that the kernel would show; ``files`` lie below /sys/fs/cgroup."""
    written = {f"sys/fs/cgroup/{name}": text for name, text in files.items()}
    written["proc/meminfo"] = f"MemFree:  1 kB\nMemTotal: {MACHINE // 1024} kB\nBuffers: 2 kB\n"
    if cgroup is not None:
        written["proc/self/cgroup"] = cgroup
    for name, text in written.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


@pytest.mark.parametrize(
    ("cgroup", "files"),
    [
        (None, {}),
        ("0::/\n", {}),
        ("0::/\n", {"memory.max": "max\n", "cpu.max": "max 100000\n"}),
        (
            V1.format("/"),
            {
                "memory/memory.limit_in_bytes": "9223372036854771712\n",
                "cpu/cpu.cfs_quota_us": "-1\n",
                "cpu/cpu.cfs_period_us": "100000\n",
            },
        ),
    ],
    ids=["no cgroups", "empty", "version 2", "version 1"],
)
def test_without_a_limit_it_is_the_machine(
    tmp_path: Path, cgroup: str | None, files: Mapping[str, str]
) -> None:
    assert read_container(kernel(tmp_path, cgroup, files)) == Container(EVERY_CPU, MACHINE)


@pytest.mark.parametrize(
    ("cgroup", "files"),
    [
        # A container with a namespace of its own.
        ("0::/\n", {"memory.max": f"{GIB}\n", "cpu.max": "100000 100000\n"}),
        # A unit of systemd; the CPUs are limited further up.
        (
            "0::/system.slice/maps.service\n",
            {
                "system.slice/cpu.max": "50000 50000\n",
                "system.slice/memory.max": f"{2 * GIB}\n",
                "system.slice/maps.service/cpu.max": "max 100000\n",
                "system.slice/maps.service/memory.max": f"{GIB}\n",
            },
        ),
        # The host's path of the container, whose own group is mounted as the root.
        (
            V1.format("/docker/0123456789abcdef"),
            {
                "memory/memory.limit_in_bytes": f"{GIB}\n",
                "cpu/cpu.cfs_quota_us": "20000\n",
                "cpu/cpu.cfs_period_us": "20000\n",
            },
        ),
        # Version 1 on the host itself, what is above allowing more.
        (
            V1.format("/maps/one"),
            {
                "memory/memory.limit_in_bytes": "9223372036854771712\n",
                "memory/maps/memory.limit_in_bytes": f"{2 * GIB}\n",
                "memory/maps/one/memory.limit_in_bytes": f"{GIB}\n",
                "cpu/maps/cpu.cfs_quota_us": "400000\n",
                "cpu/maps/cpu.cfs_period_us": "100000\n",
                "cpu/maps/one/cpu.cfs_quota_us": "60000\n",
                "cpu/maps/one/cpu.cfs_period_us": "100000\n",
            },
        ),
    ],
    ids=["version 2", "version 2, nested", "version 1, container", "version 1, nested"],
)
def test_the_tightest_limit_counts(tmp_path: Path, cgroup: str, files: Mapping[str, str]) -> None:
    assert read_container(kernel(tmp_path, cgroup, files)) == Container(1, GIB)


def test_half_a_cpu_more_is_another_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8))
    root = kernel(tmp_path, "0::/\n", {"cpu.max": "250000 100000\n"})
    assert read_container(root).cpus == 3


def test_no_more_threads_than_cpus_that_may_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(2))
    root = kernel(tmp_path, "0::/\n", {"cpu.max": "800000 100000\n"})
    assert read_container(root).cpus == 2


def test_a_limit_above_the_machines_memory_is_none(tmp_path: Path) -> None:
    root = kernel(tmp_path, "0::/\n", {"memory.max": f"{64 * GIB}\n"})
    assert read_container(root).memory == MACHINE


def test_this_machine_can_be_read() -> None:
    container = read_container()
    assert 1 <= container.cpus <= EVERY_CPU
    assert 1 << 26 < container.memory < 1 << 46
