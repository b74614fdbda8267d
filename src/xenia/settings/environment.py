"""What the environment says besides our own settings: the user's directories, proxies, trusted certificates."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def default_data_dir() -> Path:
    """The platform's place for a user's data, with our name."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "xenia"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "xenia"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "xenia"


def forward_proxy() -> str:
    """The proxy named by the environment."""
    return os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy") or ""


def hosts_without_proxy() -> tuple[str, ...]:
    """What the environment already excepts from its proxy."""
    named = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return tuple(host.strip() for host in named.split(",") if host.strip())


def system_ca_bundle() -> Path | None:
    """The CA bundle named by the environment, for tools that add to it."""
    named = os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE")
    return Path(named) if named and Path(named).is_file() else None
