"""The data directory: its lock, its data key and the small random values that make an installation itself.

Owns the files beside the database. The lock is the operating system's, so a killed process leaves none
behind; the process id in the file is only for the message.
"""

from __future__ import annotations

import base64
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from xenia.outside.ambient import SystemEntropy
from xenia.outside.private_files import create_private, private_folder


class DataDirectoryTaken(Exception):
    """Another process works in this directory."""

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"{path} is in use by another xenia process{f' (pid {holder})' if holder else ''}.")


class DataKeyMissing(Exception):
    """Secrets were sealed with a data key that is not here."""


class DataDirectory:
    """One directory, used by one server process at a time."""

    def __init__(self, path: Path, *, ephemeral: bool = False) -> None:
        self.path = path
        self._ephemeral = ephemeral
        self._lock: IO[str] | None = None

    @classmethod
    def ephemeral(cls) -> DataDirectory:
        """A fresh directory that disappears when it is closed."""
        return cls(Path(tempfile.mkdtemp(prefix="xenia-")), ephemeral=True)

    def open(self) -> None:
        """Create it when missing and lock it for this process. Raises DataDirectoryTaken, OSError."""
        private_folder(self.path)
        # Opened by descriptor, not truncated: the holder's process id stays readable for the message.
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        lock = os.fdopen(handle, "r+")
        if not _try_lock(lock):
            holder = lock.read().strip()
            lock.close()
            raise DataDirectoryTaken(self.path, holder)
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def close(self) -> None:
        """Release the lock; an ephemeral directory is removed."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None
        if self._ephemeral:
            shutil.rmtree(self.path, ignore_errors=True)

    @property
    def certificates(self) -> Path:
        """Folder of the local CA."""
        return self.path / "tls"

    @property
    def stand_in(self) -> Path:
        """Folder of the second CA, of real names on loopback."""
        return self.certificates / "stand-in"

    @property
    def database_url(self) -> str:
        """The embedded database."""
        return f"sqlite:///{(self.path / 'xenia.db').as_posix()}"

    def has_key(self) -> bool:
        """Whether a data key lies here."""
        return (self.path / "data.key").exists()

    def data_key(self, configured: str, *, may_create: bool) -> bytes:
        """The configured key, or the one in ``data.key``; made when *may_create* and there is none.

        Raises DataKeyMissing: a new key could not open what an older one sealed.
        """
        if configured:
            return base64.b64decode(configured, validate=True)
        return base64.b64decode(self._kept("data.key", _new_key if may_create else None))

    def tool_token(self, configured: str) -> str:
        """What the tools ask for on addresses other than loopback."""
        return configured or self._kept("tool-token", lambda: SystemEntropy().token(18))

    def _kept(self, name: str, make: Callable[[], str] | None) -> str:
        path = self.path / name
        if not path.exists():
            if make is None:
                raise DataKeyMissing(f"{path} is missing, and no data_key is set")
            private_folder(self.path)
            create_private(path, make().encode())
        return path.read_text().strip()


def _new_key() -> str:
    return base64.b64encode(SystemEntropy().key()).decode("ascii")


def _try_lock(file: IO[str]) -> bool:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415  (one platform only)

        try:
            # One byte far behind the process id, so that others can still read it.
            file.seek(1 << 20)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            file.seek(0)
            return False
        return True
    import fcntl  # noqa: PLC0415  (one platform only)

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
