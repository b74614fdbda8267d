"""A user's sessions and refresh tokens in the portal: seen, ended one by one, and refused to whoever may not."""

from __future__ import annotations

from datetime import timedelta

from tests.ui.portal.office import Office
from xenia.core.codes import TokenFamily
from xenia.core.directory.application import Platform
from xenia.core.directory.user import User
from xenia.core.logout import LogoutNotice, NoticeAttempt
from xenia.core.refresh_token import REFRESH_IDLE, RefreshToken
from xenia.core.session import Session, SessionAccount, SessionApp
from xenia.core.signin.facts import Factor, Proof
from xenia.ports import Transaction

SID = "51d00000-0000-4000-8000-000000000001"


def signed_in_guest(office: Office) -> User:
    """Somebody with a browser in which Orders was opened, and a refresh token of Orders."""
    guest = office.platform.invite("maria@nordwind.example", display_name="Maria Georgiou").user
    app_id, tenant_id, now = office.platform.app.app_id, guest.tenant_id, office.platform.clock.now()
    proof = Proof("email_passcode", Factor.FIRST, now, ("otp",), "mail", "maria@nordwind.example")
    account = SessionAccount(
        guest.id,
        "maria@nordwind.example",
        "Maria Georgiou",
        SID,
        (proof,),
        now,
        apps=(SessionApp(app_id, "https://login.test/x/v2.0"),),
        user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        ip_address="203.0.113.7",
        used_at=now,
    )

    def work(tx: Transaction) -> None:
        tx.sign_ins.put_session(Session("hash", tenant_id, now, now + timedelta(days=1), (account,)))
        tx.sign_ins.add_family(TokenFamily("family", tenant_id, guest.id, app_id, SID, now))
        tx.sign_ins.add_refresh_token(
            RefreshToken(
                token_hash="token",
                tenant_id=tenant_id,
                app_id=app_id,
                user_id=guest.id,
                family_id="family",
                platform=Platform.WEB,
                scopes=("openid", "offline_access"),
                issued_at=now,
                expires_at=now + REFRESH_IDLE,
                signed_in_at=now,
                sid=SID,
                proofs=(proof,),
            )
        )

    office.platform.ports.store.write(tenant_id, work)
    return guest


def test_sessions_and_refresh_tokens_are_listed(office: Office) -> None:
    guest = signed_in_guest(office)
    page = office.sit("reader").open(f"users/{guest.id}/sessions")
    assert "Firefox on Linux" in page.text
    assert "203.0.113.7" in page.text
    assert page.text.count("Orders") >= 2
    assert not page.has_form("/sessions/end"), "readers read"


def test_one_browser_is_signed_out_with_its_tokens(office: Office) -> None:
    guest = signed_in_guest(office)
    desktop = office.sit("helpdesk")
    desktop.open(f"users/{guest.id}/sessions")
    page = desktop.walker.submit("/sessions/end")
    assert "The browser was signed out." in page.text
    assert "No browser is signed in." in page.text
    assert "No app holds a refresh token of this user." in page.text
    assert "Sign out user session" in office.sit("reader").open(f"audit-logs?target={guest.id}").text


def test_refresh_tokens_of_one_app_are_revoked_and_the_browser_stays(office: Office) -> None:
    guest = signed_in_guest(office)
    desktop = office.sit("useradmin")
    desktop.open(f"users/{guest.id}/sessions")
    page = desktop.walker.submit("/sessions/end-app")
    assert "The refresh tokens were revoked." in page.text
    assert "Firefox on Linux" in page.text
    assert "No app holds a refresh token of this user." in page.text


def test_whoever_may_not_is_refused(office: Office) -> None:
    guest = signed_in_guest(office)
    reader = office.sit("reader")
    page = reader.open(f"users/{guest.id}")
    token = page.form("/sign-out").fields["form_token"]
    here = f"/admin/{office.platform.tenant.initial_domain}/users/{guest.id}/sessions"
    for path, fields in (("/end", {"sid": SID}), ("/end-app", {"family": "family"})):
        url = f"{reader.walker.base}{here}{path}"
        sent = {"form_token": token, **fields}
        answer = reader.walker.send("POST", url, form=sent, headers={"origin": reader.walker.base})
        assert answer.status == 403, answer.body
    with office.platform.ports.store.read(guest.tenant_id) as tx:
        assert tx.sign_ins.families_of(guest.id)
        (session,) = tx.sign_ins.sessions_of(guest.id)
        assert session.signed_in()


def test_a_session_that_is_over_or_of_somebody_else_says_so(office: Office) -> None:
    guest = signed_in_guest(office)
    other = office.platform.invite("other@nordwind.example").user
    desktop = office.sit("useradmin")
    desktop.open(f"users/{guest.id}/sessions")
    assert desktop.walker.page is not None
    form = desktop.walker.page.form("/sessions/end")
    url = f"{desktop.walker.base}{form.action}".replace(guest.id, other.id)
    answer = desktop.walker.send("POST", url, form=form.fields, headers={"origin": desktop.walker.base})
    assert answer.status == 409
    assert b"That was over already." in answer.body
    with office.platform.ports.store.read(guest.tenant_id) as tx:
        assert tx.sign_ins.sessions_of(guest.id)[0].signed_in()


def test_which_apps_were_told_of_a_sign_out(office: Office) -> None:
    guest = signed_in_guest(office)
    now, app = office.platform.clock.now(), office.platform.app
    notice = LogoutNotice(
        "n1",
        guest.tenant_id,
        app.app_id,
        guest.id,
        "https://orders.example/back",
        "iss",
        "sub",
        SID,
        now,
        now,
    )

    def work(tx: Transaction) -> None:
        tx.logout_notices.add(notice)
        failed = NoticeAttempt(now, delivered=False, reply="HTTP 503")
        tx.logout_notices.settle("n1", failed, retry_at=now + timedelta(minutes=1))

    office.platform.ports.store.write(guest.tenant_id, work)
    page = office.sit("reader").open(f"users/{guest.id}/sessions")
    assert "Waiting for its next try" in page.text
    assert "HTTP 503" in page.text


def test_back_channel_logout_uri_is_stored_and_bad_ones_are_said(office: Office) -> None:
    app = office.platform.app
    desktop = office.sit("appadmin")
    desktop.open(f"app-registrations/{app.id}/authentication")
    page = desktop.send("/authentication", back_channel_logout_uri="ftp://orders.example/x")
    assert "Enter an address that starts with https://." in page.text
    assert 'value="ftp://orders.example/x"' in page.source, "what was typed is kept"
    desktop.open(f"app-registrations/{app.id}/authentication")
    page = desktop.send("/authentication", back_channel_logout_uri="https://orders.example/back")
    assert "Saved." in page.text
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        stored = tx.applications.find_by_app_id(app.app_id)
    assert stored is not None
    assert stored.back_channel_logout_uri == "https://orders.example/back"
