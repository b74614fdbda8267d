"""Client certificates for outgoing TLS, without private keys lying on a disk.

OpenSSL's loader takes file names only. Where the system has files in memory (Linux), the key never gets a
name in any folder; elsewhere it is in a file of this process's owner for the moment of loading.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xenia.ports import ClientCertificate


def present(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    """Have *context* prove itself with this certificate when it is asked. Raises ssl.SSLError for an unusable one."""
    pem = f"{certificate.certificate.strip()}\n{certificate.private_key.strip()}\n"
    with _named(pem.encode()) as path:
        # The empty password: a protected key is an error here, never a question at the terminal.
        context.load_cert_chain(path, password="")


@contextmanager
def _named(content: bytes) -> Iterator[str]:
    memory = _in_memory(content)
    if memory is not None:
        try:
            yield f"/proc/self/fd/{memory}"
        finally:
            os.close(memory)
        return
    handle, path = tempfile.mkstemp(prefix="xenia-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        yield path
    finally:
        Path(path).unlink(missing_ok=True)


def _in_memory(content: bytes) -> int | None:
    """The descriptor of a file in memory, or None where the system has none or does not allow it."""
    if not hasattr(os, "memfd_create") or not Path("/proc/self/fd").is_dir():
        return None
    try:
        handle = os.memfd_create("certificate", os.MFD_CLOEXEC)
    except OSError:
        return None
    os.write(handle, content)
    return handle
