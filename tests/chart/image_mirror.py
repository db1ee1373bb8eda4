"""A mirror of packages on loopback that wants a password, as closed sites have one."""

import base64
import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from typing_extensions import override

USER = "builder"


class _Handler(SimpleHTTPRequestHandler):
    """Serves a folder to whoever has the password."""

    def __init__(self, *arguments: object, password: str, directory: str) -> None:
        self._expected = f"Basic {base64.b64encode(f'{USER}:{password}'.encode()).decode()}"
        super().__init__(*arguments, directory=directory)  # type: ignore[arg-type] # request, address, server: its own

    @override
    def do_GET(self) -> None:
        if self.headers.get("Authorization") == self._expected:
            super().do_GET()
            return
        self.send_response(HTTPStatus.UNAUTHORIZED)
        self.send_header("WWW-Authenticate", 'Basic realm="mirror"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    @override
    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: what pip asks for is in its own log."""


@contextmanager
def mirror(folder: Path, password: str) -> Iterator[str]:
    """Serve a folder of wheels for a while; give the pip.conf that uses it."""
    handler = functools.partial(_Handler, password=password, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            url = f"http://{USER}:{password}@127.0.0.1:{server.server_port}/"
            yield f"[global]\nno-index = true\nfind-links = {url}\n"
        finally:
            server.shutdown()
            serving.join()
