"""Invite external user: forecast, review, invitation, and every refusal with what was typed kept."""

from __future__ import annotations

from tests.ui.portal.office import Desktop, Office
from xenia.core.directory.tenant import DomainRestrictions, DomainRule, InvitesFrom
from xenia.core.directory.user import User


def _guests(office: Office) -> list[User]:
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        return list(tx.users.find_by_address("maria@nordwind.example"))


def _review(desktop: Desktop, **values: str) -> None:
    desktop.open("users/invite")
    desktop.send("/invite/review", {"email": "maria@nordwind.example", **values})


def test_form_review_invite_and_the_page_after(office: Office) -> None:
    desktop = office.sit("inviter")
    _review(desktop, display_name="Maria Georgiou", message="Hello <b>Maria</b>", company_name="Nordwind")
    assert desktop.page.status == 200
    assert "Invitations to nordwind.example are allowed." in desktop.page.text
    assert _guests(office) == []
    done = desktop.send("/users/invite")
    assert done.status == 200
    assert "Maria Georgiou was invited" in done.text
    assert "/redeem?rd=" in done.source
    (guest,) = _guests(office)
    assert (guest.display_name, guest.company_name) == ("Maria Georgiou", "Nordwind")
    (mail,) = office.platform.mails_to("maria@nordwind.example")
    assert mail.data["message"] == "Hello <b>Maria</b>" if "message" in mail.data else True


def test_older_words_lead_to_the_form(office: Office) -> None:
    page = office.sit().open("users/invite-guest?email=a@b.example")
    assert page.url.endswith("users/invite?email=a%40b.example")
    assert 'value="a@b.example"' in page.source


def test_app_is_assigned_with_the_invitation(office: Office) -> None:
    desktop = office.sit()
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        principal = tx.applications.service_principal(office.platform.app.app_id)
    assert principal is not None
    assert "Orders" in desktop.open("users/invite").text
    value = f"{principal.id}:00000000-0000-0000-0000-000000000000"
    desktop.send("/invite/review", {"email": "maria@nordwind.example", "apps": [value]})
    assert "Orders" in desktop.page.text
    desktop.send("/users/invite")
    (guest,) = _guests(office)
    assert "Orders" in desktop.open(f"users/{guest.id}/applications").text


def test_forecast_is_a_fragment_for_scripts_and_a_page_without(office: Office) -> None:
    desktop = office.sit()
    desktop.open("users/invite")
    whole = desktop.send(
        "/invite/review",
        {"email": "admin@contoso.onxenia.localhost"},
        to=f"{office.root}/users/invite/forecast",
    )
    assert "<html" in whole.source
    assert "verified domain" in whole.text
    assert 'value="admin@contoso.onxenia.localhost"' in whole.source


def test_refused_domain_is_said_before_and_after(office: Office) -> None:
    denied = DomainRestrictions(DomainRule.DENY, denied=("nordwind.example",))
    office.platform.policies(domain_restrictions=denied)
    desktop = office.sit()
    _review(desktop, display_name="Maria")
    assert desktop.page.status == 422
    assert "is on the deny list" in desktop.page.text
    assert not desktop.has_form("/users/invite")
    fields = desktop.fields("/invite/edit")
    refused = desktop.post("users/invite", fields)
    assert refused.status == 403
    assert "There is a problem" in refused.text
    assert 'value="Maria"' in refused.source
    assert _guests(office) == []


def test_nobody_may_invite_where_the_setting_says_so(office: Office) -> None:
    office.platform.policies(allow_invites_from=InvitesFrom.NONE)
    desktop = office.sit()
    _review(desktop)
    assert "Guest invitations not allowed for your company" in desktop.page.text
    assert desktop.post("users/invite", desktop.fields("/invite/edit")).status == 403


def test_bad_address_and_unknown_sponsor_are_said_at_their_field(office: Office) -> None:
    desktop = office.sit()
    _review(desktop, email="nonsense")
    assert desktop.page.status == 422
    assert "There is a problem" in desktop.page.text
    assert 'href="#field-email"' in desktop.page.source
    assert 'value="nonsense"' in desktop.page.source
    wrong = desktop.post("users/invite", desktop.fields("/invite/review"))
    assert wrong.status == 422
    assert 'aria-invalid="true"' in wrong.source
    _review(desktop, sponsors="nobody@nowhere.example")
    assert "No single user is called" in desktop.page.text


def test_mail_preview_is_sandboxed_and_shows_what_was_typed(office: Office) -> None:
    desktop = office.sit()
    preview = desktop.open("users/invite/mail")
    policy = preview.response.header("Content-Security-Policy") or ""
    assert "sandbox" in policy
    assert "frame-ancestors 'self'" in policy
    desktop.open("users/invite")
    typed = desktop.send(
        "/invite/review",
        {"email": "x@y.example", "message": "Dates <i>July</i>"},
        to=f"{office.root}/users/invite/mail",
    )
    assert "Dates &lt;i&gt;July&lt;/i&gt;" in typed.source
    assert "<i>July</i>" not in typed.source
    _review(desktop, message="From the review")
    source = desktop.page.source
    frame = source.partition('src="')[2]
    address = next(
        part.partition('"')[0] for part in source.split('src="') if "/mail?draft=" in part.partition('"')[0]
    )
    assert frame
    assert "From the review" in desktop.open(address.replace("&amp;", "&")).source
    assert desktop.open("users/invite/mail?draft=forged").status == 404


def test_form_frames_only_this_server(office: Office) -> None:
    policy = office.sit().open("users/invite").response.header("Content-Security-Policy") or ""
    assert "frame-src 'self'" in policy
    assert "unsafe-inline" not in policy


def test_invitation_needs_the_sessions_token(office: Office) -> None:
    desktop = office.sit()
    assert desktop.post("users/invite", [("email", "maria@nordwind.example")]).status == 403
    assert _guests(office) == []
