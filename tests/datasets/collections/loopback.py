"""A server on loopback that misbehaves on request, and counts what it is asked."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """Serves `files` by path.

    `breaks`: bytes after which a transfer of a path ends early, one number per transfer; `redirects`: path to path;
    `errors`: statuses to answer with, one per request; `ranges`: whether Range is honoured; `tags`: ETag by path.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.breaks: dict[str, list[int]] = {}
        self.redirects: dict[str, str] = {}
        self.errors: list[int] = []
        self.tags: dict[str, str] = {}
        self.ranges = True
        self.asked: list[tuple[str, str, str]] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *values: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        server, path = self.server, self.path
        wanted = self.headers.get("Range", "")
        server.asked.append((self.command, path, wanted))
        if body and server.errors:
            self.send_error(server.errors.pop(0))
            return
        if path in server.redirects:
            self.send_response(302)
            self.send_header("Location", server.redirects[path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if path not in server.files:
            self.send_error(404)
            return
        content = server.files[path]
        tag = server.tags.get(path, "")
        honoured = server.ranges and wanted and self.headers.get("If-Range", tag) == tag
        first, last = 0, len(content) - 1
        if honoured:
            begin, _, end = wanted.removeprefix("bytes=").partition("-")
            first, last = int(begin), min(last, int(end)) if end else last
        if first > last:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if honoured else 200)
        if honoured:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        if tag:
            self.send_header("ETag", tag)
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        if body:
            part = content[first : last + 1]
            if server.breaks.get(path):
                part = part[: server.breaks[path].pop(0)]
            with contextlib.suppress(ConnectionError):
                self.wfile.write(part)
        self.close_connection = True


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
