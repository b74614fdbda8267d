"""Attacks on sessions: planted, borrowed, guessed, framed; and answers that break out of their form."""

from __future__ import annotations

import html as markup

import pytest

from tests.support.journeys import administrator_signs_in
from tests.support.platform import PASSWORD, RunningServer
from tests.support.sign_out import is_signed_in, logout_url
from tests.support.walker import Walker, query_of, read_page

HOSTILE = '"></form><script>alert(1)</script><input name="x'


def session_cookie(server: RunningServer, walker: Walker) -> str:
    return next(name for name in walker.cookies if f"-s-{server.tenant.id}" in name)


def test_a_planted_session_cookie_is_not_adopted(server: RunningServer) -> None:
    """Fixation: whoever set the cookie before must not be signed in afterwards."""
    finder = server.walker()
    administrator_signs_in(server, finder, server.authorize_url())
    name = session_cookie(server, finder)
    victim = server.walker("203.0.113.5")
    victim.cookies[name] = "planted-by-the-attacker"
    victim.open(server.authorize_url())
    victim.submit("/identify", login=server.admin.user_principal_name)
    victim.submit("/password", password=PASSWORD)
    assert victim.cookies[name] == "planted-by-the-attacker", "nothing is signed in before the second factor"
    attacker = server.walker("198.51.100.1")
    attacker.cookies[name] = "planted-by-the-attacker"
    assert not is_signed_in(server, attacker)


def test_a_living_session_of_the_attacker_does_not_become_the_victims(server: RunningServer) -> None:
    """The attacker plants their own valid session; the victim's proof must get a secret the attacker does not know."""
    attacker = server.walker("198.51.100.1")
    _, secret = administrator_signs_in(server, attacker, server.authorize_url())
    name = session_cookie(server, attacker)
    victim = server.walker("203.0.113.5")
    victim.cookies[name] = attacker.cookies[name]
    url = server.authorize_url(prompt="login")
    administrator_signs_in(server, victim, url, secret)
    assert victim.cookies[name] != attacker.cookies[name]
    assert not is_signed_in(server, attacker), "the planted secret is worth nothing any more"


def test_a_sign_in_begun_elsewhere_cannot_be_finished_here(server: RunningServer) -> None:
    """Login CSRF: a link with the attacker's own, half-done sign-in must not sign the victim in as the attacker."""
    attacker = server.walker("198.51.100.1")
    attacker.open(server.authorize_url())
    page = attacker.submit("/identify", login=server.admin.user_principal_name)
    victim = server.walker("203.0.113.5")
    opened = victim.open(page.url)
    assert not opened.has_form("/password")
    form = page.form("/password")
    answer = victim.send(
        "POST",
        f"{victim.base}{form.action}",
        form={**form.fields, "password": PASSWORD},
        headers={"origin": victim.base},
    )
    assert answer.status >= 400
    assert not any("-s-" in name for name in victim.cookies)


def test_a_session_id_is_no_key(server: RunningServer) -> None:
    """``sid`` stands in tokens and logout addresses: sent to any endpoint, it lets nobody in or out."""
    walker = server.walker()
    administrator_signs_in(server, walker, server.authorize_url())
    answer = query_of(walker.send("GET", server.authorize_url(prompt="none")).header("Location") or "")
    sid = answer["session_state"]
    stranger = server.walker("198.51.100.1")
    refused = query_of(
        stranger.send("GET", server.authorize_url(prompt="none", sid=sid)).header("Location") or ""
    )
    assert refused["error"] == "login_required"
    stranger.open(logout_url(server, sid=sid, logout_hint=sid))
    page = walker.open(logout_url(server, sid=sid, logout_hint=sid))
    assert page.has_form("/logout/confirm"), "the person is asked even in their own browser"
    assert is_signed_in(server, walker)


def test_no_page_may_be_framed_and_silent_answers_are_bare_redirects(server: RunningServer) -> None:
    """Clickjacking on the one hand; hidden frames of client libraries, which must work, on the other."""
    walker = server.walker()
    page = walker.open(server.authorize_url())
    tenant = server.tenant.id
    pages = [
        page.response,
        walker.send("GET", logout_url(server)),
        walker.send("GET", f"/myapps?tenantId={tenant}x"),
    ]
    administrator_signs_in(server, walker, server.authorize_url())
    pages += [
        walker.send("GET", logout_url(server)),
        walker.open(f"/account/sessions?tenantId={tenant}").response,
    ]
    for response in pages:
        assert "frame-ancestors 'none'" in (response.header("Content-Security-Policy") or ""), response.body
    for prompting in (walker, server.walker()):
        silent = prompting.send("GET", server.authorize_url(prompt="none"))
        assert (silent.status, silent.body) == (302, b"")
        assert silent.header("X-Frame-Options") is None


@pytest.mark.parametrize("prompt", ["", "none"])
def test_nothing_in_a_posted_answer_leaves_its_field(server: RunningServer, prompt: str) -> None:
    """form_post: ``state`` comes from anybody's link, and every other value is written the same way."""
    walker = server.walker()
    if not prompt:
        administrator_signs_in(server, walker, server.authorize_url())
    url = server.authorize_url(response_mode="form_post", state=HOSTILE, prompt="none")
    response = walker.send("GET", url)
    assert b"<script>alert" not in response.body
    assert markup.escape(HOSTILE).replace("&quot;", "&#34;").encode() in response.body
    page = read_page(url, response)
    (form,) = [form for form in page.forms if form.action == "https://orders.example/signed-in"]
    assert form.fields["state"] == HOSTILE
    assert "x" not in form.fields
