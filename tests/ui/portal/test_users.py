"""Users: list, detail and acts, each success beside its refusal."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.support.walker import Page
from tests.ui.portal.office import Office
from xenia.core.directory.tenant import InvitesFrom
from xenia.core.directory.user import User
from xenia.core.mail import MailAttempt
from xenia.usecases.invitations.invitation_timeline import invitation_timeline
from xenia.usecases.users.manage_users import NewMember, create_member


def _guest(office: Office, email: str = "maria@nordwind.example", **order: object) -> User:
    return office.platform.invite(email, display_name="Maria Georgiou", **order).user


def _stored(office: Office, user: User) -> User | None:
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        return tx.users.find(user.id, deleted=True)


def _badges(page: Page) -> list[str]:
    """The states that rows of a list bear, without their signs."""
    return re.findall(r'<span class="badge[^>]*>.*?</span>\s*([^<]*?)\s*</span>', page.source, re.DOTALL)


def test_list_filters_searches_and_names_the_state(office: Office) -> None:
    _guest(office)
    desktop = office.sit("reader")
    everybody = desktop.open("users")
    assert "Maria Georgiou" in everybody.text
    assert "Nikos Pappas" in everybody.text
    pending = desktop.open("users?type=Guest&state=PendingAcceptance")
    assert "Pending acceptance" in pending.text
    assert "Nikos Pappas" not in pending.text.partition("Users")[2].partition("Saved views")[2]
    assert "Maria Georgiou" in desktop.open("users?q=nordwind").text
    assert "No user fits these filters" in desktop.open("users?q=%3Cscript%3E").text
    assert "<script>alert" not in desktop.open("users?q=%3Cscript%3Ealert(1)").source


def test_list_walks_all_pages_once_each(office: Office) -> None:
    ports, actor = office.platform.ports, office.platform.actor()
    for number in range(60):
        order = NewMember(
            f"u{number:02}@contoso.onxenia.localhost", f"User {number:02}", password="Xx-12345678"
        )
        create_member(ports, actor, order)
    desktop = office.sit()
    seen: list[str] = []
    page = desktop.open("users?q=User+")
    while True:
        seen += [text for text, href in page.links if text.startswith("User ") and "/users/" in href]
        if not any(label == "Next" for label, _ in page.links):
            break
        page = desktop.walker.follow("Next")
    assert sorted(seen) == sorted({*seen})
    assert {f"User {number:02}" for number in range(60)} <= set(seen)


def test_forged_place_in_a_list_is_refused(office: Office) -> None:
    assert office.sit().open("users?after=nonsense").status == 422


def test_detail_shows_tile_link_and_timeline(office: Office) -> None:
    guest = _guest(office, send_message=True)
    page = office.sit().open(f"users/{guest.id}")
    for words in (
        "B2B collaboration",
        "Invitation state",
        "Pending acceptance",
        "Copy link",
        "Timeline",
        "queued",
    ):
        assert words in page.text
    assert "/redeem?rd=" in page.source
    assert "/redeem?rd=" not in office.sit("reader").open(f"users/{guest.id}").source


def test_mail_servers_answer_appears_in_the_timeline(office: Office) -> None:
    guest = _guest(office, send_message=True)
    ports, now = office.platform.ports, office.platform.clock.now()

    mail = ports.store.write(None, lambda tx: tx.outbox.claim(9, now, timedelta(minutes=1)))[0]
    attempt = MailAttempt(now, False, "550 5.1.1 No such mailbox")
    ports.store.write(None, lambda tx: tx.outbox.settle(mail.id, attempt, retry_at=None, message_id="<m@x>"))
    fragment = office.sit().open(f"users/{guest.id}?part=timeline")
    assert "550 5.1.1 No such mailbox" in fragment.text
    assert "<html" not in fragment.source
    assert "data-live-stop" in fragment.source


@pytest.mark.parametrize(
    ("act", "notice"),
    [
        ("resend", "The invitation was sent again."),
        ("withdraw", "The invitation was withdrawn."),
        ("revoke-sessions", "Sessions revoked."),
        ("block", "Sign-in blocked."),
        ("reset-mfa", "Authenticator apps removed."),
    ],
)
def test_acts_answer_by_a_redirect_and_say_what_was_done(office: Office, act: str, notice: str) -> None:
    guest = _guest(office)
    desktop = office.sit()
    desktop.open(f"users/{guest.id}")
    page = desktop.post(f"users/{guest.id}/act/{act}", desktop.fields("/sign-out"))
    assert page.status == 200
    assert notice in page.text


@pytest.mark.parametrize("act", ["resend", "withdraw", "revoke-sessions", "block", "reset-mfa"])
def test_acts_are_refused_to_readers_and_change_nothing(office: Office, act: str) -> None:
    guest = _guest(office)
    office.platform.policies(allow_invites_from=InvitesFrom.ADMINS)
    before = _stored(office, guest)
    desktop = office.sit("reader")
    page = desktop.open(f"users/{guest.id}")
    assert "You need " in page.text
    assert not any(f"/act/{act}" in form.action for form in page.forms)
    refused = desktop.post(f"users/{guest.id}/act/{act}", desktop.fields("/sign-out"))
    assert refused.status in (403, 409)
    assert "There is a problem" in refused.text
    assert _stored(office, guest) == before


def test_acts_want_a_token_of_this_session(office: Office) -> None:
    guest = _guest(office)
    desktop = office.sit()
    assert desktop.post(f"users/{guest.id}/act/block", []).status == 403
    stored = _stored(office, guest)
    assert stored is not None
    assert stored.account_enabled


def test_withdrawn_guest_is_called_that_wherever_listed(office: Office) -> None:
    guest = _guest(office)
    desktop = office.sit()
    assert "Pending acceptance" in _badges(desktop.open("users?q=Maria"))
    desktop.open(f"users/{guest.id}")
    desktop.post(f"users/{guest.id}/act/withdraw", desktop.fields("/sign-out"))
    assert "Withdrawn" in _badges(desktop.open("users?q=Maria"))
    page = desktop.open(f"users/{guest.id}")
    assert "Withdrawn" in page.text
    assert "No link of this guest works at present." in page.text
    assert "Accepts the invitation" not in page.text
    office.platform.invite(guest.mail or "")
    assert "Pending acceptance" in _badges(desktop.open("users?q=Maria"))


def test_resend_after_acceptance_is_refused_on_the_same_page(office: Office) -> None:
    guest = _guest(office)
    desktop = office.sit()
    desktop.open(f"users/{guest.id}")
    office.platform.invite("maria@nordwind.example")
    token = desktop.fields("/sign-out")
    desktop.post(f"users/{guest.id}/act/withdraw", token)
    page = desktop.post(f"users/{guest.id}/act/resend", token)
    assert page.status == 409
    assert "There is a problem" in page.text


def test_user_of_another_tenant_is_not_there(office: Office) -> None:
    desktop = office.sit()
    desktop.open()
    token = desktop.fields("/sign-out")
    foreign = office.other_user.id
    for path in ("", "/properties", "/assigned-roles", "/authentication-methods", "/applications", "/delete"):
        assert desktop.open(f"users/{foreign}{path}").status == 404
    for path in ("act/block", "delete", "properties", "assigned-roles", "reset-redemption"):
        assert desktop.post(f"users/{foreign}/{path}", token).status == 404


def test_delete_restore_and_purge(office: Office) -> None:
    guest = _guest(office)
    desktop = office.sit()
    assert "Delete Maria Georgiou?" in desktop.open(f"users/{guest.id}/delete").text
    assert "can be restored for 30 days" in desktop.send(f"{guest.id}/delete").text
    assert desktop.open(f"users/{guest.id}").status == 404
    desktop.open("users/deleted")
    assert "The user was restored." in desktop.send("/restore").text
    desktop.open(f"users/{guest.id}/delete")
    desktop.send(f"{guest.id}/delete")
    desktop.open(f"users/deleted/{guest.id}/purge")
    wrong = desktop.send("/purge", confirmation="somebody")
    assert wrong.status == 422
    assert "deleted permanently" in desktop.send("/purge", confirmation="Maria Georgiou").text
    assert _stored(office, guest) is None


def test_last_administrator_cannot_be_deleted_or_blocked(office: Office) -> None:
    desktop = office.sit()
    admin = office.people["admin"].id
    desktop.open(f"users/{admin}/delete")
    refused = desktop.send(f"{admin}/delete")
    assert refused.status == 422
    assert "last Global Administrator" in refused.text


def test_properties_are_saved_and_bad_values_kept_beside_their_sentence(office: Office) -> None:
    guest = _guest(office)
    desktop = office.sit("useradmin")
    desktop.open(f"users/{guest.id}/properties")
    saved = desktop.send(
        "/properties", job_title="Buyer", other_mails="m.g@nordwind.example", sponsors="nobody"
    )
    assert saved.status == 422
    assert "No single user is called" in saved.text
    assert 'value="Buyer"' in saved.source
    saved = desktop.send("/properties", sponsors=office.people["useradmin"].user_principal_name)
    assert "Saved." in saved.text
    stored = _stored(office, guest)
    assert stored is not None
    assert (stored.job_title, stored.other_mails) == ("Buyer", ("m.g@nordwind.example",))
    desktop.open(f"users/{guest.id}/properties")
    bad = desktop.send("/properties", usage_location="Greece")
    assert bad.status == 422
    assert "two-letter country code" in bad.text


def test_properties_saved_by_somebody_else_meanwhile_are_shown(office: Office) -> None:
    guest = _guest(office)
    first, second = office.sit(), office.sit("useradmin")
    first.open(f"users/{guest.id}/properties")
    second.open(f"users/{guest.id}/properties")
    second.send("/properties", job_title="Planner")
    stale = first.send("/properties", job_title="Buyer")
    assert stale.status == 409
    assert "Planner" in stale.text
    assert 'value="Buyer"' in stale.source
    assert "Saved." in first.send("/properties").text


def test_properties_are_read_only_without_the_role(office: Office) -> None:
    guest = _guest(office)
    desktop = office.sit("helpdesk")
    page = desktop.open(f"users/{guest.id}/properties")
    assert "You need User Administrator to change this." in page.text
    assert "Save" not in [text for form in page.forms for *_, text in form.buttons]
    fields = [*desktop.fields("/properties"), ("job_title", "Boss")]
    assert desktop.post(f"users/{guest.id}/properties", fields).status in (403, 422)
    stored = _stored(office, guest)
    assert stored is not None
    assert stored.job_title is None


def test_reset_redemption_keeps_the_object_and_opens_the_state(office: Office) -> None:
    guest = _guest(office)
    desktop = office.sit("helpdesk")
    desktop.open(f"users/{guest.id}/reset-redemption")
    page = desktop.send("/reset-redemption")
    assert page.status in (200, 403), page.text
    if page.status == 200:
        assert "Redemption status reset." in page.text
    events = invitation_timeline(office.platform.ports, office.platform.actor(), guest.id)
    assert events[0].kind == "created"
    refused = office.sit("reader")
    refused.open(f"users/{guest.id}/reset-redemption")
    assert not any(text == "Reset" for form in refused.page.forms for *_, text in form.buttons)
    assert refused.send("/reset-redemption").status == 403


def test_roles_are_given_and_taken_by_global_administrators_only(office: Office) -> None:
    user = office.people["member"]
    desktop = office.sit()
    desktop.open(f"users/{user.id}/assigned-roles")
    assert (
        "The role was assigned."
        in desktop.send("/assigned-roles", role="95e79109-95c0-4d8e-aee3-d01accf2d47b").text
    )
    assert "Guest Inviter" in desktop.page.text
    assert "The role was removed." in desktop.send("/assigned-roles/remove").text
    climber = office.sit("useradmin")
    climber.open(f"users/{user.id}/assigned-roles")
    token = climber.fields("/sign-out")
    refused = climber.post(
        f"users/{user.id}/assigned-roles", [*token, ("role", "62e90394-69f5-4237-9190-012177145e10")]
    )
    assert refused.status == 403
    assert "You need" in refused.text


def test_new_member_gets_a_password_shown_once(office: Office) -> None:
    desktop = office.sit("useradmin")
    desktop.open("users/new")
    page = desktop.send("/new", upn="adele", display_name="Adele Vance")
    assert "Adele Vance was created" in page.text
    assert "adele@contoso.onxenia.localhost" in page.source
    assert "was created" not in desktop.open("users/new").text
    again = desktop.send("/new", upn="adele", display_name="Adele Vance")
    assert again.status == 422
    assert "taken" in again.text
    reader = office.sit("reader")
    reader.open("users/new")
    assert reader.post(
        "users/new", [*reader.fields("/sign-out"), ("upn", "x"), ("display_name", "X")]
    ).status in (403, 422)


def test_members_password_is_reset_and_guests_never_get_one(office: Office) -> None:
    desktop = office.sit()
    member = office.people["member"].id
    desktop.open(f"users/{member}/authentication-methods")
    assert "shown only this once" in desktop.send("/password").text
    guest = _guest(office)
    desktop.open(f"users/{guest.id}/authentication-methods")
    assert not desktop.has_form("/password")
    refused = desktop.post(f"users/{guest.id}/authentication-methods/password", desktop.fields("/sign-out"))
    assert refused.status == 422
