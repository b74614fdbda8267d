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
    resource, steps = _resource([step for step in path.removeprefix("/v1.0/").split("/") if step])
    if resource is None:
        return False
    if steps and steps[-1] == "$ref":
        link = resource.attach if method == "POST" else resource.detach
        return link is not None and len(steps) == (1 if method == "POST" else 2)
    if method == "POST" and steps:
        of_item = len(steps) == 2 and resource.action(steps[1]) is not None
        return of_item or (len(steps) == 1 and resource.action(steps[0], of_collection=True) is not None)
    if method == "GET":
        if len(steps) == 2:
            return any(nav.name == steps[1] for nav in resource.entity.navs)
        has_key = bool(steps) or resource.is_single
        return len(steps) <= 1 and (resource.get if has_key else resource.list) is not None
    return len(steps) <= 1 and getattr(resource, _VERBS[method]) is not None


def _resource(steps: list[str]) -> tuple[Resource | None, list[str]]:
    """The declared resource with the longest path that begins this address, and what follows."""
    fitting = [each for each in RESOURCES if _begins(each.path.split("/"), steps)]
    found = max(fitting, key=lambda each: each.path.count("/"), default=None)
    return found, steps[found.path.count("/") + 1 :] if found else []


def _begins(pattern: list[str], steps: list[str]) -> bool:
    return len(pattern) <= len(steps) and all(
        part in ("{id}", step) for part, step in zip(pattern, steps, strict=False)
    )
