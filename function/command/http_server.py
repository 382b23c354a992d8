"""gunicorn around the composed service."""

import logging
import math
import os
import socket
from itertools import count
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from function.command.balanced_worker import BalancedWorker, OpenConnections
from function.command.open_files import allow_open_files, client_connections
from function.composition import Service
from function.edge.application import Application
from function.errors import OperatorError
from function.telemetry import logging_configuration

# Requests are answered within the deadline; what follows it is sending the last bytes.
SEND_SECONDS = 5
# Longer than Go's HTTP client, which Knative's queue-proxy is, keeps an idle connection (90 s):
# a proxy that reuses one just as it is closed here answers 502.
KEEPALIVE_SECONDS = 95
# A worker whose main loop stands still this long is killed and replaced. Where a drawing MapServer
# holds the interpreter after all, it must exceed the slowest map: the deadline interrupts none.
HUNG_SECONDS = 120
# The longest request line that gunicorn can be told to take. A GetMap of many layers is long.
REQUEST_LINE_BYTES = 8190
# Connections that wait to be accepted; the kernel bounds it by net.core.somaxconn (4096).
BACKLOG = 2048
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the kernel's own, not a place for temporary files

log = logging.getLogger("sentinel_ows.start")


class AddressError(OperatorError):
    """The address to listen on cannot be had."""


def listen(host: str, port: int) -> socket.socket:
    """Take the address, or raise AddressError with the reason."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OverflowError as error:
        raise AddressError(f"there is no port {port}") from error
    except OSError as error:
        # Numbers below zero are those of name resolution.
        number = error.errno or 0
        raise AddressError(
            f"port {port} of {host} cannot be listened on:"
            f" {os.strerror(number) if number > 0 else error}. Another port is chosen with PORT=…"
        ) from error
    # gunicorn sets it too, but not on connections that wait while the service starts: each answer
    # on those would take 40 ms more, for its body would wait until its head is acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


class HttpServer(BaseApplication):  # type: ignore[misc]
    """Processes that answer, and one over them that replaces those that die.

    The service is made before the fork, so that what keeps it from being made is told once and
    ends the command, and that the processes share what it holds; its connections and threads start
    after the fork.
    """

    def __init__(self, service: Service, listener: socket.socket) -> None:
        self._service = service
        settings = service.settings
        # The number of each process by its age, as gunicorn calls the count of those before it.
        self._numbers: dict[int, int] = {}
        self.open_connections = OpenConnections()
        self._options = {
            # gunicorn takes over the descriptor and closes it.
            "bind": f"fd://{listener.detach()}",
            "worker_class": BalancedWorker,
            "workers": settings.processes,
            "threads": settings.connections,
            "worker_connections": client_connections(allow_open_files()),
            "timeout": HUNG_SECONDS,
            "graceful_timeout": math.ceil(settings.deadline_seconds) + SEND_SECONDS,
            "keepalive": KEEPALIVE_SECONDS,
            # Or gunicorn believes what a client on this machine, such as a sidecar, hands through:
            # X-Forwarded-Proto, SCRIPT_NAME. What to believe is a setting of ours.
            "forwarded_allow_ips": "",
            "limit_request_line": REQUEST_LINE_BYTES,
            "logconfig_dict": logging_configuration(),
            # Nothing uses it, and it wants a home directory that can be written.
            "control_socket_disable": True,
            # The worker touches a file every second; on a slow disk that may block it.
            "worker_tmp_dir": str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None,
            "when_ready": self._announce,
            "pre_fork": self._number,
            "post_fork": self._start,
            "worker_exit": self._close,
        }
        super().__init__(prog="sentinel-ows")

    def load_config(self) -> None:
        """Hand gunicorn its configuration; neither its environment variable nor a file counts."""
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Application:
        return self._service.application

    def number_of(self, worker: Any) -> int:
        """Give the least number, from 0 on, that was free when this process was forked."""
        return self._numbers[worker.age]

    def _announce(self, _arbiter: Any) -> None:
        """Tell how many will serve: much of it may follow from the container."""
        settings = self._service.settings
        log.info(
            "%d processes serve up to %d requests at once on %s, port %d",
            settings.processes,
            settings.threads,
            settings.host,
            settings.port,
        )

    def _number(self, arbiter: Any, worker: Any) -> None:
        """Give the least number that no living process has; each of them is forked with its own."""
        living = {each.age for each in arbiter.WORKERS.values()}
        self._numbers = {age: number for age, number in self._numbers.items() if age in living}
        taken = set(self._numbers.values())
        self._numbers[worker.age] = next(n for n in count() if n not in taken)

    def _start(self, _arbiter: Any, worker: Any) -> None:
        self._service.start(self.number_of(worker))

    def _close(self, _arbiter: Any, _worker: Any) -> None:
        self._service.close()
