"""One API call written for four readers: raw HTTP, curl, PowerShell and Python.

Owns: quoting for each of these languages. Knows nothing of the API itself; the page names method, path and body.
"""

from __future__ import annotations

import json
import pprint
from collections.abc import Mapping
from typing import NamedTuple


class Snippet(NamedTuple):
    """A label for the reader's choice and the text to copy."""

    label: str
    code: str


def snippets(call: Mapping[str, object]) -> list[Snippet]:
    """The call in four notations.

    `call` has `method`, `path` (with its query) and `body` (None, or a value that JSON can hold); `base` is the address
    that goes before the path. The token is always a variable: a page never prints a usable one.
    """
    method = str(call["method"]).upper()
    path = str(call["path"])
    url = f"{call.get('base') or ''}{path}"
    body = call.get("body")
    return [
        Snippet("HTTP", _http(method, path, str(call.get("base") or ""), body)),
        Snippet("curl", _curl(method, url, body)),
        Snippet("PowerShell", _powershell(method, url, body)),
        Snippet("Python", _python(method, url, body)),
    ]


def _json(body: object) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)


def _http(method: str, path: str, base: str, body: object) -> str:
    lines = [f"{method} {path} HTTP/1.1"]
    if base:
        lines.append(f"Host: {base.partition('://')[2] or base}")
    lines.append("Authorization: Bearer {token}")
    if body is not None:
        lines += ["Content-Type: application/json", "", _json(body)]
    return "\n".join(lines)


def _curl(method: str, url: str, body: object) -> str:
    lines = [f"curl --request {method} {_shell(url)}", '--header "Authorization: Bearer $TOKEN"']
    if body is not None:
        lines += ["--header 'Content-Type: application/json'", f"--data {_shell(_json(body))}"]
    return " \\\n  ".join(lines)


def _shell(text: str) -> str:
    # Single quotes, always: `$filter` in a query must not become an empty shell variable.
    return "'" + text.replace("'", "'\\''") + "'"


def _powershell(method: str, url: str, body: object) -> str:
    quoted = url.replace("'", "''")
    call = f"Invoke-RestMethod -Method {method} -Uri '{quoted}' -Headers @{{ Authorization = \"Bearer $token\" }}"
    if body is None:
        return call
    # A literal here-string ends at '@ in the first column; indented JSON never begins a line with it.
    return f"$body = @'\n{_json(body)}\n'@\n{call} -ContentType 'application/json' -Body $body"


def _python(method: str, url: str, body: object) -> str:
    lines = ["import requests", ""]
    arguments = [repr(method), repr(url), 'headers={"Authorization": f"Bearer {token}"}']
    if body is not None:
        lines.append(f"body = {pprint.pformat(body, sort_dicts=False, width=88)}")
        arguments.append("json=body")
    lines.append("answer = requests.request(\n    " + ",\n    ".join(arguments) + ",\n)")
    lines.append("print(answer.status_code, answer.text)")
    return "\n".join(lines)
