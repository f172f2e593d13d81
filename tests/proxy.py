"""A TCP proxy before a real service, which a test takes away and brings back."""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Held:
    """Requests with these ``words``, which wait at the proxy until they are released."""

    words: bytes
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def see(self, data: bytes) -> None:
        """Wait here with ``data``, if it is such a request."""
        if self.words in data:
            self.reached.set()
            self.released.wait()


class Proxy:
    """Forwards to the service at ``url``; ``self.url`` is the same service through it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port)
        self._open: list[socket.socket] = []
        self._held: Held | None = None
        self._listen(0)
        self.url = f"{parts.scheme}://127.0.0.1:{self.port}"

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
        self._listen(self.port)

    def back_in(self, seconds: float) -> None:
        """As ``back``, later."""
        threading.Timer(seconds, self.back).start()

    def hold(self, words: bytes) -> Held:
        """From now on every request in which these words stand waits to be released."""
        self._held = Held(words)
        return self._held

    def _listen(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                self._serve(listener.accept()[0])

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target)
        except OSError:
            client.close()
            return
        self._open += [client, server]
        for pair in ((client, server), (server, client)):
            threading.Thread(target=self._pump, args=(*pair, client), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self._held and source is client:
                    self._held.see(data)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)
