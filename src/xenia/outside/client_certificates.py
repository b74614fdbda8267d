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
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        handle = os.memfd_create("certificate", os.MFD_CLOEXEC)
        try:
            os.write(handle, content)
            yield f"/proc/self/fd/{handle}"
        finally:
            os.close(handle)
        return
    handle, path = tempfile.mkstemp(prefix="xenia-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        yield path
    finally:
        Path(path).unlink(missing_ok=True)
