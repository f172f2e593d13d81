"""A TCP proxy before a real service, which a test takes away and brings back."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit


class Proxy:
    """Forwards to the service at ``url``; ``self.url`` is the same service through it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port)
        self._open: list[socket.socket] = []
        self._listen(0)
        self.url = f"{parts.scheme}://127.0.0.1:{self._port}"

    def away(self) -> None:
        """Refuse new connections and cut those there are."""
        for one in (self._listener, *self._open):
            # Shut down first: close alone does not wake who waits on it.
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def back(self) -> None:
        """Serve again, on the same port."""
        self._listen(self._port)

    def back_in(self, seconds: float) -> None:
        """As ``back``, later."""
        threading.Timer(seconds, self.back).start()

    def _listen(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self._port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(self._target)
                self._open += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=_pump, args=pair, daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
