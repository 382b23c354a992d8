"""The address that is listened on."""

import socket

from function.command.http_server import listen


def test_connections_that_wait_for_the_start_send_without_delay() -> None:
    with listen("127.0.0.1", 0) as listener:
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
