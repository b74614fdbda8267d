"""Somebody's web app on this machine: answers every GET with its path, remembers them, and can fall silent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class AppServer:
    """``asked`` holds the paths with their queries."""

    def __init__(self, port: int) -> None:
        self.url = f"http://localhost:{port}"
        self.asked: list[str] = []
        self.is_silent = False
        self.ended = threading.Event()


class _Site(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.app = AppServer(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    server: _Site

    def do_GET(self) -> None:
        app = self.server.app
        app.asked.append(self.path)
        if app.is_silent:
            app.ended.wait(120)
        body = f"<!doctype html><title>App</title><p>{self.path.partition('?')[0]}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def app_server() -> Iterator[AppServer]:
    """A running app."""
    site = _Site()
    thread = threading.Thread(target=site.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site.app
    finally:
        site.app.ended.set()
        site.shutdown()
        site.server_close()
        thread.join()
