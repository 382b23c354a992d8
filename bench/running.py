"""Servers under measurement: started with their children, waited for, their CPU time, stopped."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 40
TICKS = os.sysconf("SC_CLK_TCK")


class ServerEndedError(Exception):
    """A server ended, or did not listen in time."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its first process, and where it listens on 127.0.0.1."""

    process: int
    port: int

    def cpu_seconds(self) -> float:
        """User and system time of the server's living processes, and of those that they reaped."""
        return sum(_cpu_ticks(process) for process in _family(self.process)) / TICKS

    def resident_bytes(self) -> int:
        """Memory of all its processes, what they share counted in proportion (PSS)."""
        return sum(_proportional_bytes(process) for process in _family(self.process))


@contextmanager
def running(
    command: list[str], port: int, environment: Mapping[str, str], log: Path
) -> Iterator[Server]:
    """Run ``command`` until the block ends; it must listen on ``port`` of 127.0.0.1.

    Raises ServerEndedError with the end of its log where it does not.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for_listener(process, port, log)
        yield Server(process.pid, port)
    finally:
        children = _family(process.pid)[1:]
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # mapserv takes SIGTERM for a wish to end with the next request, which never comes.
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def free_port() -> int:
    """Give a port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_listener(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise ServerEndedError(f"{process.args!r}: {log.read_text(errors='replace')[-2000:]}")


def _family(process: int) -> list[int]:
    """List a process and its living descendants."""
    family = [process]
    for parent in family:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                family.extend(int(child) for child in task.read_text().split())
            except OSError:
                continue
    return family


def _cpu_ticks(process: int) -> int:
    try:
        text = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return 0
    # Field 2, the name, may hold anything; 14 to 17 are utime, stime, cutime and cstime (proc(5)).
    after_name = text.rpartition(")")[2].split()
    return sum(int(field) for field in after_name[11:15])


def _proportional_bytes(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
