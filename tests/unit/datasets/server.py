"""A web server on the loopback interface that misbehaves as it is told."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What is served, and how; `requests` remembers the Range header of each request, "" for none.

    Attributes
    ----------
    files
        Path -> content.
    ranges
        Whether the server can continue a file.
    broken
        For each of the next answers: the number of bytes after which the connection breaks.
    statuses
        For each of the next answers: its status.
    pause
        Seconds between two pieces of `step` bytes.
    content_range
        Sent in place of the true one.
    length
        Whether the length is told; a body without it ends when the connection does.
    surplus
        Sent after the file, where no length is told.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    ranges: bool = True
    broken: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    pause: float = 0.0
    step: int = 10**9
    content_range: str | None = None
    length: bool = True
    surplus: bytes = b""
    requests: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""


class _Server(ThreadingHTTPServer):
    site: Site
    block_on_close = False
    daemon_threads = True

    def handle_error(self, *_arguments: object) -> None:
        """Stay silent when a client has gone."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        site, path, asked = self.server.site, self.path, self.headers.get("Range", "")
        site.requests.append((path, asked))
        if site.statuses:
            self.send_error(site.statuses.pop(0))
            return
        if path not in site.files:
            self.send_error(404)
            return
        content, start = site.files[path], 0
        if asked and site.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                self.send_error(416)
                return
        # Before the head is sent: after it, the client may have gone on, and its next answer be faster than this one.
        end = site.broken.pop(0) if site.broken else None
        if asked and site.ranges:
            self.send_response(206)
            told = site.content_range or f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.send_header("Content-Range", told)
        else:
            self.send_response(200)
        if site.length:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = (content[start:] + site.surplus)[:end]
        for position in range(0, len(body), site.step):
            self.wfile.write(body[position : position + site.step])
            self.wfile.flush()
            time.sleep(site.pause)
        self.close_connection = True

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""


@contextmanager
def serving() -> Iterator[Site]:
    """Serve a site on 127.0.0.1 until the block ends."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.site = Site(url=f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server.site
        finally:
            server.shutdown()
            thread.join()
