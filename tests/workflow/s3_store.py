"""An S3 store on the loopback interface (moto), in memory, that goes away or refuses as it is told."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import requests
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

KEY = "testing"  # moto believes any


class _Silent(WSGIRequestHandler):
    def log(self, *arguments: Any) -> None:
        """Say nothing."""


@dataclass
class Store:
    """A running server.

    Attributes
    ----------
    url
        Where it listens.
    writes_left
        After so many writes it drops every connection, as a server does that went away; None: it stays.
    refuses
        Whether it refuses everybody (403).
    """

    url: str = ""
    writes_left: int | None = None
    refuses: bool = False
    _application: Any = field(default_factory=lambda: DomainDispatcherApplication(create_backend_app))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        if self.refuses:
            start_response("403 Forbidden", [("Content-Type", "application/xml")])
            return [b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"]
        with self._lock:
            if self.writes_left == 0:
                environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)  # or the client waits for an answer
                raise ConnectionResetError
            if self.writes_left is not None and environ["REQUEST_METHOD"] == "PUT":
                self.writes_left -= 1
        return self._application(environ, start_response)  # type: ignore[no-any-return]

    def names(self, bucket: str) -> set[str]:
        """Return the names of all objects of a bucket."""
        objects = self.client().get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {entry["Key"] for page in objects for entry in page.get("Contents", [])}

    def client(self) -> Any:
        """Return a client of the store."""
        given = {"aws_access_key_id": KEY, "aws_secret_access_key": KEY, "region_name": "us-east-1"}
        return boto3.client("s3", endpoint_url=self.url, **given)


@contextmanager
def serving(bucket: str) -> Iterator[Store]:
    """Serve a store with one empty bucket."""
    store = Store()
    server = make_server("127.0.0.1", 0, store, threaded=True, request_handler=_Silent)
    server.daemon_threads = True
    store.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    requests.post(f"{store.url}/moto-api/reset", timeout=10).raise_for_status()  # all stores of a process share objects
    store.client().create_bucket(Bucket=bucket)
    try:
        yield store
    finally:
        store.client().close()
        server.shutdown()
        thread.join()
        server.server_close()
