"""The names under which the vendor's public cloud answers, for programs that have them built in.

A workshop may answer to them on loopback (``xenia up --hosts``), where a hosts file leads them here. Which
names there are, and which of them tokens and links start with, is a public fact and no setting: nobody can
make this server answer to other people's names beyond these.
"""

from __future__ import annotations

from collections.abc import Sequence

LOGIN_NAME = "login.microsoftonline.com"
GRAPH_NAME = "graph.microsoft.com"
LOGIN_ALIASES = ("login.windows.net", "login.microsoft.com", "sts.windows.net")
"""Further names of the sign-in service; clients take tokens of one as tokens of all."""
CACHE_NAME = "login.windows.net"
"""Under which clients keep tokens (``preferred_cache`` of instance discovery)."""
REAL_NAMES = (LOGIN_NAME, GRAPH_NAME, *LOGIN_ALIASES)
NEEDED_NAMES = (LOGIN_NAME, GRAPH_NAME)
"""Go together: a token that is issued here for the Graph API must not reach the real one, nor the other way round."""

LOGIN_ORIGIN = f"https://{LOGIN_NAME}"
GRAPH_ORIGIN = f"https://{GRAPH_NAME}"
CLOUD_NAME = "microsoftonline.com"
"""``cloud_instance_name`` of the sign-in service's documents."""


def objections_to(names: Sequence[str], *, on_loopback: bool, own_tls: bool) -> list[str]:
    """Why a server must not answer to these names: what is wrong, each with the way out."""
    if not names:
        return []
    found = []
    foreign = [name for name in names if name not in REAL_NAMES]
    missing = [name for name in NEEDED_NAMES if name not in names]
    if foreign:
        found.append(
            f"{', '.join(foreign)} is none of {', '.join(REAL_NAMES)}; name hosts of your own in host"
        )
    if missing:
        found.append(
            f"add {', '.join(missing)}: else what is issued here would be sent to the real {missing[0]}"
        )
    if not on_loopback:
        found.append("only this computer may be answered under these names; leave host and public_url away")
    if not own_tls:
        found.append("needs certificates of its own CA; leave tls on and trusted_proxy away")
    return found
