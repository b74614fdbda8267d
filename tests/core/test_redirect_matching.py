"""Redirect URIs: whatever is asked for, an answer never reaches another origin than a registered one."""

from __future__ import annotations

from urllib.parse import urlsplit

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
