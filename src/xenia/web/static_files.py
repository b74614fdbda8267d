"""The stylesheet, scripts and icon of our pages, prepared once at start.

Owns: reading the static folder, naming it by the hash of its contents, compressing it, and answering "which bytes stand
behind this address". Touches the disk only while starting, so a request path can never reach the file system.
"""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

KIT_FOLDER = Path(__file__).parent / "static"

PREFIX = "/static/"

CACHE_CONTROL = "public, max-age=31536000, immutable"
"""Right for every answer of `StaticFiles.find`: another content would have another address."""

_CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain; charset=utf-8",
}


class StaticFile(NamedTuple):
    """One prepared file: its bytes, its media type, and the same bytes compressed."""

    body: bytes
    content_type: str
    gzipped: bytes


class StaticFiles:
    """All files of one folder under `/static/<hash of the contents>/`, held in memory.

    Raises FileNotFoundError when the folder is missing and ValueError for a file whose media type is not listed here.
    """

    def __init__(self, folder: Path = KIT_FOLDER) -> None:
        if not folder.is_dir():
            raise FileNotFoundError(f"no folder of static files at {folder}")
        bodies = {
            found.relative_to(folder).as_posix(): found.read_bytes()
            for found in sorted(folder.rglob("*"))
            if found.is_file() and not found.name.startswith(".")
        }
        self._directory = _fingerprint(bodies)
        self._files = {name: _prepared(name, body) for name, body in bodies.items()}

    @property
    def directory(self) -> str:
        """The part of each address that names the contents."""
        return self._directory

    def names(self) -> list[str]:
        """The names that `url` accepts, sorted."""
        return sorted(self._files)

    def url(self, name: str) -> str:
        """The address of a file. Raises KeyError for an unknown name, so that a typing error fails in the first test."""
        if name not in self._files:
            raise KeyError(f"no static file is called {name!r}")
        return f"{PREFIX}{self._directory}/{name}"

    def data_url(self, name: str) -> str:
        """A small picture as part of the page itself: no request of its own (RFC 2397). Raises KeyError as ``url``."""
        if name not in self._files:
            raise KeyError(f"no static file is called {name!r}")
        kept = self._files[name]
        return f"data:{kept.content_type},{quote(kept.body, safe=' /:=')}"

    def find(self, path: str) -> StaticFile | None:
        """The file behind a request path (`/static/<hash>/<name>`, or the part after `/static/`), or None.

        The name is a key of a dictionary and never a path on the disk: `..`, encoded slashes and links lead nowhere.
        """
        directory, _, name = path.removeprefix(PREFIX).partition("/")
        if directory != self._directory:
            return None
        return self._files.get(name)


def _fingerprint(bodies: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(bodies):
        digest.update(f"{name}\0{len(bodies[name])}\0".encode())
        digest.update(bodies[name])
    return digest.hexdigest()[:16]


def _prepared(name: str, body: bytes) -> StaticFile:
    content_type = _CONTENT_TYPES.get(Path(name).suffix)
    if content_type is None:
        raise ValueError(f"static file {name!r} has a type that is not served")
    # mtime=0 keeps the bytes equal on every node and start.
    return StaticFile(body, content_type, gzip.compress(body, compresslevel=9, mtime=0))
