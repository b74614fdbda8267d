"""The API call of a screen in four notations: each is parsed by its own language's rules, awkward characters included."""

from __future__ import annotations

import ast
import json
import shlex

from xenia.web.api_snippets import snippets

BODY = {
    "invitedUserDisplayName": 'O\'Neil "Ann" $HOME `x` <b>',
    "sendInvitationMessage": True,
    "ccRecipients": [None],
}
CALL = {
    "method": "post",
    "path": "/v1.0/invitations?$select=id&note='a'",
    "base": "https://localhost:8443",
    "body": BODY,
}


def _code(label: str, call: dict[str, object] = CALL) -> str:
    return next(snippet.code for snippet in snippets(call) if snippet.label == label)


def test_http_is_a_request_with_its_body() -> None:
    head, _, body = _code("HTTP").partition("\n\n")
    assert head.splitlines()[0] == "POST /v1.0/invitations?$select=id&note='a' HTTP/1.1"
    assert "Host: localhost:8443" in head
    assert json.loads(body) == BODY


def test_a_shell_reads_the_curl_call_unchanged() -> None:
    words = shlex.split(_code("curl").replace("\\\n", ""))
    assert words[:4] == [
        "curl",
        "--request",
        "POST",
        "https://localhost:8443/v1.0/invitations?$select=id&note='a'",
    ]
    assert json.loads(words[words.index("--data") + 1]) == BODY


def test_powershell_keeps_dollar_signs_and_quotes() -> None:
    code = _code("PowerShell")
    assert "-Uri 'https://localhost:8443/v1.0/invitations?$select=id&note=''a'''" in code
    here_string = code.removeprefix("$body = @'\n").partition("\n'@\n")[0]
    assert json.loads(here_string) == BODY


def test_python_parses_and_carries_the_same_values() -> None:
    tree = ast.parse(_code("Python"))
    body = next(
        node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "body"
    )
    assert ast.literal_eval(body) == BODY


def test_a_call_without_body_has_none() -> None:
    call = {"method": "DELETE", "path": "/v1.0/users/1", "body": None}
    for snippet in snippets(call):
        assert "Content-Type" not in snippet.code
        assert "json=" not in snippet.code
