"""My Account, where you're signed in: what is listed, what ends, and that nobody ends anybody else's."""

from __future__ import annotations

import re

from tests.support.journeys import MARIA, become_guest, enrol, guest_signs_in, prove_mailbox
from tests.support.platform import RunningServer
from tests.support.sign_out import is_signed_in
from tests.support.walker import Page, Walker
from xenia.core.audit import AuditRecord
from xenia.core.query import Compare, Query


def guest_in_two_browsers(server: RunningServer) -> tuple[Walker, Walker]:
    """The first one opened the invitation; the second signed in to Orders."""
    first = server.walker("192.0.2.10")
    secret = become_guest(server, first)
    second = server.walker("203.0.113.7")
    guest_signs_in(server, second, server.authorize_url(), secret)
    assert second.page is not None
    if second.page.has_form("/consent"):
        second.submit("/consent", button="Accept")
    assert is_signed_in(server, second)
    return first, second


def places(server: RunningServer, walker: Walker) -> Page:
    return walker.open(f"/account/sessions?tenantId={server.tenant.id}")


def audited(server: RunningServer, activity: str) -> tuple[AuditRecord, ...]:
    with server.ports.store.read(server.tenant.id) as tx:
        return tx.logs.list_audit(Query(Compare("activity", "eq", activity))).items


def test_each_browser_is_listed_with_its_network_and_apps(server: RunningServer) -> None:
    first, _ = guest_in_two_browsers(server)
    page = places(server, first)
    assert "Where you're signed in" in page.text
    assert "192.0.2.10" in page.text
    assert "203.0.113.7" in page.text
    assert "Orders" in page.text
    assert page.source.count("This browser") == 1
    assert len([form for form in page.forms if form.action.endswith("/sessions/end")]) == 2


def test_one_browser_is_signed_out_and_the_other_stays(server: RunningServer) -> None:
    first, second = guest_in_two_browsers(server)
    page = places(server, first)
    form = next(
        form
        for form in page.forms
        if form.action.endswith("/sessions/end") and "203.0.113.7" in label_of(page, form.fields["sid"])
    )
    page = first._arrive("POST", f"{first.base}{form.action}", form.fields)
    assert "That browser is signed out." in page.text
    assert "203.0.113.7" not in page.text
    assert not is_signed_in(server, second)
    assert "Where you're signed in" in places(server, first).text
    (record,) = audited(server, "Sign out user session")
    assert record.initiated_by_user == record.targets[0].id
    again = first._arrive("POST", f"{first.base}{form.action}", form.fields)
    assert "That was over already." in again.text


def label_of(page: Page, sid: str) -> str:
    """The button's spoken words of the form with this sid."""
    found = re.search(rf'value="{sid}".*?aria-label="([^"]*)"', page.source, re.DOTALL)
    assert found is not None
    return found.group(1)


def test_signing_out_everywhere_ends_this_browser_too(server: RunningServer) -> None:
    first, second = guest_in_two_browsers(server)
    places(server, first)
    page = first.submit("/sessions/end-all")
    assert "You signed out everywhere" in page.text
    assert "2 browsers" in page.text
    assert not is_signed_in(server, first)
    assert not is_signed_in(server, second)
    assert "Where you're signed in" not in places(server, first).text, "the page itself asks to sign in again"


def test_the_session_of_somebody_else_cannot_be_ended(server: RunningServer) -> None:
    """A sid is in every token and in logout addresses: knowing one must not sign its person out."""
    first, second = guest_in_two_browsers(server)
    page = places(server, first)
    victim = {form.fields["sid"] for form in page.forms if "sid" in form.fields}
    stranger = server.walker("198.51.100.9")
    become_guest(server, stranger, "stranger@nordwind.example")
    own = places(server, stranger)
    form = own.form("/sessions/end")
    for sid in victim:
        stranger._arrive("POST", f"{stranger.base}{form.action}", {**form.fields, "sid": sid})
    assert is_signed_in(server, second)
    assert audited(server, "Sign out user session") == ()


def test_nobody_elses_page_can_post_it(server: RunningServer) -> None:
    first, second = guest_in_two_browsers(server)
    page = places(server, first)
    for part in ("/sessions/end", "/sessions/end-all"):
        form = next(form for form in page.forms if form.action.endswith(part))
        url = f"{first.base}{form.action}"
        forged = {**form.fields, "form_token": "1.AAAA.AAAA"}
        evil = {"origin": "https://evil.example"}
        assert first.send("POST", url, form=forged, headers={"origin": first.base}).status == 400
        assert first.send("POST", url, form=form.fields, headers=evil).status == 400
    assert is_signed_in(server, second)


def test_a_browser_names_itself_and_its_name_is_only_text(server: RunningServer) -> None:
    result = server.invite(MARIA)
    walker = server.walker()
    walker.agent = "<script>alert(1)</script> Firefox/1"
    prove_mailbox(server, walker, result.redeem_url)
    walker.submit("/accept")
    enrol(server, walker)
    page = places(server, walker)
    assert "<script>alert" not in page.source
    assert "Firefox" in page.text
