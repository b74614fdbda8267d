"""Redirect URIs: whatever is asked for, an answer never reaches another origin than a registered one."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xenia.core.directory.application import Platform, RedirectUri
from xenia.core.signin.answer import Answer
from xenia.web.authorization_response import answer_url

REGISTERED = (
    "https://app.example/cb",
    "http://localhost/cb",
    "http://127.0.0.1:8400/",
    "https://q.example/cb?a=b",
)
PIECES = st.sampled_from(
    ["https://", "http://", "app.example", "localhost", "evil.example", "@", ":", "8400", "/", "cb", "?", "#", "\\",
     "a=b", "%2f", "..", " ", "\t", "\n", "127.0.0.1", "[::1]", "//", ";", "é"]
)  # fmt: skip
URIS = st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=40)


@given(URIS)
@example("https://app.example/cb@evil.example")
@example("http://localhost:80@evil.example/cb")
@example("http://localhost\\@evil.example/cb")
@example("http://localhost:99999/cb")
def test_a_match_has_the_registered_origin_and_path(requested: str) -> None:
    for uri in REGISTERED:
        if not RedirectUri(uri, Platform.WEB).matches(requested):
            continue
        ours, theirs = urlsplit(uri), urlsplit(requested)
        assert (theirs.scheme, theirs.hostname, theirs.username) == (ours.scheme, ours.hostname, None)
        assert (theirs.path or "/", theirs.query, theirs.fragment) == (ours.path or "/", ours.query, "")
        if ours.scheme == "https":
            assert requested == uri


WEB = RedirectUri("https://app.example/cb", Platform.WEB)
LOOPBACK = RedirectUri("http://localhost/cb", Platform.PUBLIC)


@pytest.mark.parametrize(
    "requested",
    [
        "https://user@app.example/cb",
        "https://user:secret@app.example/cb",
        "https://app.example@evil.example/cb",
        "https://app.example\\@evil.example/cb",
        "https://evil.example\\.app.example/cb",
        "https:\\\\app.example/cb",
        "https:/\\app.example/cb",
        "https://app.example%2eevil.example/cb",
        "https://app%2eexample/cb",
        "https://app.example/%63b",
        "https://app.example/cb%2f..%2fopen",
        "https://app.example/cb/../open",
        "https://app.example/cb;jsessionid=1",
        "https://app.example/;x/cb",
        "https://app.example:443/cb",
        "https://app.example:8443/cb",
        "https://app.example./cb",
        "https://APP.example/cb",
        "https://xn--app-example/cb",
        "https://\uff41pp.example/cb",
        "https://app\u3002example/cb",
        "https://app.example/CB",
        "https://app.example/cb/",
        "https://app.example/cb?",
        "https://app.example/cb#",
        "https://app.example/cb ",
        " https://app.example/cb",
        "http://app.example/cb",
        "//app.example/cb",
        "https:app.example/cb",
        "",
    ],
)
def test_what_is_not_the_registered_address_to_the_letter_matches_nothing(requested: str) -> None:
    assert WEB.matches("https://app.example/cb")
    assert not WEB.matches(requested)


@pytest.mark.parametrize(
    ("requested", "fits"),
    [
        ("http://localhost:1/cb", True),
        ("http://localhost:65535/cb", True),
        ("http://localhost:80/cb", True),
        ("http://localhost:0x50/cb", False),
        ("http://localhost:-1/cb", False),
        ("http://localhost:80:81/cb", False),
        ("http://localhost:80/cb;v=1", False),
        ("http://localhost:80/%63b", False),
        ("http://user@localhost:80/cb", False),
        ("http://localhost:80@evil.example/cb", False),
        ("http://localhost:80\\@evil.example/cb", False),
        ("http://localhost.evil.example:80/cb", False),
        ("http://localhost.:80/cb", False),
        ("http://loc%61lhost:80/cb", False),
        ("http://localho\u017ft:80/cb", False),
        ("http://127.0.0.1:80/cb", False),
        ("http://[::1]:80/cb", False),
        ("http://0x7f000001:80/cb", False),
        ("https://localhost:80/cb", False),
        ("http://localhost:80/cb?x=1", False),
        ("http://localhost:80/cb#x", False),
    ],
)
def test_only_the_port_of_this_very_machine_may_vary(requested: str, fits: bool) -> None:
    assert LOOPBACK.matches(requested) == fits


@given(
    st.sampled_from(REGISTERED),
    st.sampled_from(["query", "fragment"]),
    st.text(max_size=60),
    st.text(max_size=60),
)
def test_no_state_can_turn_an_answer_elsewhere(uri: str, mode: str, state: str, description: str) -> None:
    url = answer_url(Answer(uri, mode, (("error_description", description), ("state", state))))
    assert urlsplit(url)[:3] == urlsplit(uri)[:3]
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
