"""A server on loopback that only notes what reaches it."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Listener:
    """Notes the first bytes of every connection, then closes it.

    Attributes:
        port: where it listens, on 127.0.0.1.
        heard: what was sent, one entry a connection.
    """

    def __init__(self) -> None:
        """Listen on a free port."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    self.heard.append(connection.recv(4096))
                except OSError:
                    self.heard.append(b"")


@contextmanager
def listening() -> Iterator[Listener]:
    """Have a listener for the time of a test."""
    listener = Listener()
    try:
        yield listener
    finally:
        listener.close()
