"""Somebody else's server on a loopback port, which remembers what it was told."""

import contextlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver(ThreadingHTTPServer):
    """Says yes to everything, as long as `answering`; `ids` are those of the messages themselves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Heard)
        self.heard: list[dict] = []
        self.ids: list[str] = []
        self.answering = threading.Event()
        self.answering.set()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/hook"

    def jobs(self) -> list[str]:
        """Return the job of every message that came."""
        return [message["id"] for message in self.heard]


class _Heard(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.ids.append(self.headers["webhook-id"])
        self.server.heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.server.answering.wait()
        with contextlib.suppress(ConnectionError):  # whoever asked may be gone
            self.send_response(204)
            self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: the tests look at what was heard."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens meanwhile."""
    receiver = Receiver()
    listening = threading.Thread(target=receiver.serve_forever, daemon=True)
    listening.start()
    try:
        yield receiver
    finally:
        receiver.answering.set()
        receiver.shutdown()
        receiver.server_close()
