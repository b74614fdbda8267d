"""The API call behind a screen. Only calls that this server's Graph serves are made into blocks.

Whether it is served is asked of the catalog, so a screen cannot promise what the API does not keep.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from xenia.catalog.edm import Resource
from xenia.catalog.resources import RESOURCES
from xenia.ui.portal.desk import Visit

_VERBS = {"POST": "create", "PATCH": "update", "DELETE": "delete"}


def call(
    visit: Visit, method: str, path: str, *, body: object = None, permission: str = ""
) -> Mapping[str, object] | None:
    """The block for ``method path`` (path with version and query), or None when Graph does not serve it."""
    if not is_served(method, urlsplit(path).path):
        return None
    return {
        "method": method,
        "path": quote(path, safe="/?$&=,()'@-._~%:"),
        "body": body,
        "base": visit.request.base_url,
        "permission": permission or None,
    }


def is_served(method: str, path: str) -> bool:
    """Whether the catalog declares this verb at this address (``/v1.0/users/{id}`` and the like)."""
    plain = path.removeprefix("/v1.0/").strip("/")
    resource, rest = _resource(plain)
    if resource is None:
        return False
    steps = [step for step in rest.split("/") if step]
    if method == "POST" and len(steps) == 2:
        return resource.action(steps[1]) is not None
    if method == "GET":
        has_key = bool(steps) or resource.is_single
        return len(steps) <= 1 and (resource.get if has_key else resource.list) is not None
    return len(steps) <= 1 and getattr(resource, _VERBS[method]) is not None


def _resource(plain: str) -> tuple[Resource | None, str]:
    """The declared resource with the longest path that begins this address, and what follows."""
    fitting = [each for each in RESOURCES if f"{plain}/".startswith(f"{each.path}/")]
    found = max(fitting, key=lambda each: len(each.path), default=None)
    return found, plain[len(found.path) :] if found else ""
