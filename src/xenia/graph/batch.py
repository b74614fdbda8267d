"""``$batch``: up to twenty requests in one (OData JSON 4.01 section 19, as Microsoft Graph serves it)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from xenia.graph.bodies import json_object
from xenia.graph.errors import GraphError, bad_request
from xenia.graph.wire import json_answer
from xenia.record import Record, replace
from xenia.web.http import HttpRequest, HttpResponse

MOST_REQUESTS = 20
_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
_INHERITED = ("authorization", "user-agent")


class Part(Record):
    """One inner request."""

    id: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    depends_on: tuple[str, ...]


def answer_batch(
    request: HttpRequest, version: str, answer: Callable[[HttpRequest], HttpResponse]
) -> HttpResponse:
    """Answer every inner request through *answer*, those that depend on others after them.

    Raises GraphError when the batch itself is malformed.
    """
    parts = _parts(json_object(request))
    statuses: dict[str, int] = {}
    responses = []
    for part in _in_order(parts):
        if any(statuses[other] >= 400 for other in part.depends_on):
            response = _failed_dependency(request)
        else:
            response = _answered(request, part, version, answer)
        statuses[part.id] = response.status
        responses.append(_told(part, response))
    return json_answer({"responses": responses})


def _answered(
    request: HttpRequest, part: Part, version: str, answer: Callable[[HttpRequest], HttpResponse]
) -> HttpResponse:
    address = _relative(part.url, request.base_url, version)
    path, _, query = (address or "").partition("?")
    path = unquote(path)
    # Looked at as it will be routed: a batch inside a batch would multiply its requests.
    if address is None or path.strip("/").lower().startswith("$batch"):
        message = "A url of a batch is relative to the version, or absolute on this very host and version."
        return json_answer({"error": {"code": "BadRequest", "message": message}}, status=400)
    inherited = {name: request.headers[name] for name in _INHERITED if name in request.headers}
    inner = replace(
        request,
        method=part.method,
        path=f"/{version}/{path}",
        query_string=query,
        headers={**inherited, **part.headers},
        body=part.body,
    )
    return answer(inner)


def _relative(url: str, base_url: str, version: str) -> str | None:
    """The address below the version root. SDKs send absolute urls of the host they call."""
    if "://" in url:
        root = f"{base_url}/{version}/"
        return url[len(root) :] if url.lower().startswith(root.lower()) else None
    return url.lstrip("/")


def _parts(body: dict[str, Any]) -> tuple[Part, ...]:
    given = body.get("requests")
    if not isinstance(given, list) or not given:
        raise bad_request("A batch needs the member 'requests' with at least one request.")
    if len(given) > MOST_REQUESTS:
        raise bad_request(
            f"The number of batch requests is larger than maximum: {len(given)}, maximum {MOST_REQUESTS}."
        )
    parts = tuple(_part(item) for item in given)
    ids = [part.id for part in parts]
    if len(set(ids)) < len(ids):
        raise bad_request("The ids of the requests of a batch are unique.")
    if any(other not in ids for part in parts for other in part.depends_on):
        raise bad_request("A request of the batch depends on one that is not in it.")
    return parts


def _part(item: object) -> Part:
    if not isinstance(item, dict):
        raise bad_request("A request of a batch is an object.")
    part_id, method, url = item.get("id"), item.get("method"), item.get("url")
    headers = item.get("headers") or {}
    # The Python SDK spells the member in snake case.
    depends_on = item.get("dependsOn") or item.get("depends_on") or []
    if not (isinstance(part_id, str) and part_id and isinstance(url, str) and isinstance(method, str)):
        raise bad_request("A request of a batch has the members id, method and url.")
    if method.upper() not in _METHODS:
        raise bad_request(f"The method '{method}' is not possible in a batch.")
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise bad_request("The headers of a request of a batch are texts.")
    if not isinstance(depends_on, list) or not all(isinstance(other, str) for other in depends_on):
        raise bad_request("The member dependsOn holds ids of requests.")
    body = item.get("body")
    return Part(
        id=part_id,
        method=method.upper(),
        url=url,
        headers={str(name).lower(): value for name, value in headers.items()},
        body=b"" if body is None else msgspec.json.encode(body),
        depends_on=tuple(depends_on),
    )


def _in_order(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Those without open dependencies first. Raises GraphError when they depend on each other."""
    waiting, ordered, done = list(parts), [], set[str]()
    while waiting:
        ready = [part for part in waiting if done.issuperset(part.depends_on)]
        if not ready:
            raise bad_request("The requests of the batch depend on each other.")
        ordered += ready
        done |= {part.id for part in ready}
        waiting = [part for part in waiting if part.id not in done]
    return tuple(ordered)


def _failed_dependency(request: HttpRequest) -> HttpResponse:
    error = GraphError(424, "FailedDependency", "A request this one depends on has failed.")
    return json_answer(
        {
            "error": {
                "code": error.code,
                "message": error.message,
                "innerError": {"request-id": request.request_id},
            }
        },
        status=424,
    )


def _told(part: Part, response: HttpResponse) -> dict[str, object]:
    kind = response.header("Content-Type")
    kept = ("content-type", "location", "retry-after")
    told: dict[str, object] = {
        "id": part.id,
        "status": response.status,
        "headers": {name: value for name, value in response.headers if name.lower() in kept},
    }
    if response.body:
        is_json = kind is not None and kind.startswith("application/json")
        told["body"] = msgspec.Raw(response.body) if is_json else base64.b64encode(response.body).decode()
    return told
