"""Properties of the organization, security defaults, and the mail page with its test mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.journeys import become_guest, prove_mailbox
from tests.ui.portal.office import Desktop, Office, open_office
from xenia.core.actor import system_actor
from xenia.core.directory.roles import CONDITIONAL_ACCESS_ADMINISTRATOR
from xenia.core.directory.tenant import Tenant, TenantPolicies
from xenia.core.query import Query
from xenia.outside.mail.mailbox import MailboxTransport
from xenia.outside.mail.render import MailRenderer
from xenia.ports import MailDeferred, MailRefused, MailTransport
from xenia.usecases.users.manage_users import add_role
from xenia.workers.mail import MailDispatcher

STATEMENT = "https://contoso.example/privacy"


def stored(office: Office) -> Tenant:
    """The tenant as it is stored."""
    with office.platform.ports.store.read(None) as tx:
        found = tx.tenants.find(office.platform.tenant.id)
    assert found is not None
    return found


def properties(office: Office, name: str = "admin") -> Desktop:
    """The properties, opened by this person."""
    desktop = office.sit(name)
    assert desktop.open("properties").status == 200
    return desktop


# --- properties -----------------------------------------------------------------------------


def test_properties_are_shown_saved_and_audited(office: Office) -> None:
    desktop = properties(office)
    assert office.platform.tenant.id in desktop.page.source
    for label in ("Name", "Country/region", "Notification language", "Tenant ID", "Technical contact"):
        assert label in desktop.page.text
    office.platform.clock.advance(timedelta(minutes=1))
    page = desktop.send(
        "/properties",
        display_name="Contoso Works",
        country="de",
        notification_language="de-AT",
        technical_contact=" help@contoso.example ",
        privacy_contact="privacy@contoso.example",
        privacy_statement_url=STATEMENT,
        terms_url="https://contoso.example/terms",
    )
    assert "Saved." in page.text
    tenant = stored(office)
    assert (tenant.display_name, tenant.country) == ("Contoso Works", "DE")
    assert tenant.notification_language == "de-AT"
    assert tenant.technical_contact == "help@contoso.example"
    assert tenant.privacy_contact == "privacy@contoso.example"
    assert (tenant.privacy_statement_url, tenant.terms_url) == (STATEMENT, "https://contoso.example/terms")
    with office.platform.ports.store.read(tenant.id) as tx:
        newest = tx.logs.list_audit(Query(limit=1)).items[0]
    assert newest.activity == "Set Company Information"
    assert {change.property for change in newest.targets[0].changes} == {
        *("DisplayName", "Country", "NotificationLanguage", "TechnicalContact", "PrivacyContact"),
        *("PrivacyStatementUrl", "TermsUrl"),
    }


def test_emptied_properties_are_removed(office: Office) -> None:
    desktop = properties(office)
    desktop.send("/properties", privacy_statement_url=STATEMENT, technical_contact="help@contoso.example")
    desktop.send("/properties", privacy_statement_url="", technical_contact="")
    assert stored(office).privacy_statement_url is None
    assert stored(office).technical_contact is None


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("display_name", "", "Enter a name"),
        ("country", "Germany", "two-letter country code"),
        ("notification_language", "German!", "Enter a language"),
        ("technical_contact", "help desk", "Enter one e-mail address."),
        ("privacy_statement_url", "javascript:alert(1)", "starts with https://"),
        ("terms_url", "https://user@contoso.example/", "starts with https://"),
    ],
)
def test_wrong_properties_are_refused_and_kept(office: Office, field: str, value: str, words: str) -> None:
    desktop = properties(office)
    before = stored(office)
    page = desktop.send("/properties", {field: value}, privacy_contact="privacy@contoso.example")
    assert page.status == 422
    assert words in page.text
    assert f'href="#field-{field}"' in page.source
    assert dict(desktop.fields("/properties"))["privacy_contact"] == "privacy@contoso.example"
    assert stored(office) == before
    mended = desktop.send("/properties", {field: getattr(before, field) or ""})
    assert "Saved." in mended.text
    assert stored(office).privacy_contact == "privacy@contoso.example"


@pytest.mark.parametrize("contact", ["", "privacy@contoso.example"])
def test_missing_privacy_statement_shows_the_sentence_guests_read(office: Office, contact: str) -> None:
    desktop = properties(office)
    if contact:
        desktop.send("/properties", privacy_contact=contact)
    found = re.search(r"<q>(.*?)</q>", desktop.page.source)
    assert found is not None
    result = office.platform.invite("maria@nordwind.example")
    guest_page = prove_mailbox(office.platform, office.platform.walker(), result.redeem_url)
    assert found.group(1) in " ".join(guest_page.text.split())
    assert bool(contact) == (contact in found.group(1) and contact != "")
    desktop.send("/properties", privacy_statement_url=STATEMENT)
    assert "<q>" not in desktop.page.source


def test_a_save_in_between_is_shown_with_both_values(office: Office) -> None:
    slow, quick = properties(office), properties(office)
    quick.send("/properties", technical_contact="quick@contoso.example")
    page = slow.send("/properties", technical_contact="slow@contoso.example", country="GR")
    assert page.status == 409
    assert "quick@contoso.example" in page.text
    assert "Nikos Pappas, less than a minute ago" in page.text
    assert dict(slow.fields("/properties"))["technical_contact"] == "slow@contoso.example"
    assert stored(office).technical_contact == "quick@contoso.example"
    assert "Saved." in slow.send("/properties").text
    assert (stored(office).technical_contact, stored(office).country) == ("slow@contoso.example", "GR")


def test_properties_are_read_only_without_the_role(office: Office) -> None:
    desktop = properties(office, "useradmin")
    assert "You need Global Administrator to change this." in desktop.page.text
    assert (
        'name="display_name" type="text" value="Contoso" autocomplete="organization" required readonly'
        in (desktop.page.source)
    )
    token, seen = (dict(desktop.fields("/properties"))[name] for name in ("form_token", "seen"))
    fields = [
        ("form_token", token),
        ("seen", seen),
        ("display_name", "Mine"),
        ("notification_language", "en-US"),
    ]
    assert desktop.post("properties", fields).status == 403
    assert stored(office).display_name == "Contoso"


@pytest.mark.parametrize("path", ["properties", "security-defaults", "mail"])
def test_forged_foreign_and_guest_requests_change_nothing(office: Office, path: str) -> None:
    before = stored(office)
    desktop = office.sit()
    desktop.open(path)
    sent = desktop.fields(f"/{path}")
    own = [pair for pair in sent if pair[0] != "form_token"]
    other = office.sit(tenant=office.other)
    other.open(path)
    stolen = dict(other.fields(f"/{path}"))["form_token"]
    for token in ("", "1.AAAA.AAAA", stolen):
        assert desktop.post(path, [*own, ("form_token", token)]).status == 403
    assert desktop.post(path, sent, origin="https://evil.example").status == 403
    office.people["guest"] = office.platform.invite("maria@nordwind.example").user
    assert office.sit("guest").open(path).status == 403
    assert office.sit("member").open(path).status == 403
    assert stored(office) == before


# --- security defaults ----------------------------------------------------------------------


def stored_policies(office: Office) -> TenantPolicies:
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        return tx.tenants.policies(office.platform.tenant.id)


def is_on(office: Office) -> bool:
    """Whether everybody proves a second factor."""
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        return tx.tenants.policies(office.platform.tenant.id).security_defaults


def test_security_defaults_are_switched_and_take_effect(office: Office) -> None:
    desktop = office.sit()
    desktop.open("security-defaults")
    assert "Everybody proves a second step" in desktop.page.text
    page = desktop.send("/security-defaults", enabled="no")
    assert "Saved." in page.text
    assert "One step is enough to sign in" in page.text
    result = office.platform.invite("maria@nordwind.example", redirect_url="https://portal.contoso.example/")
    walker = office.platform.walker()
    prove_mailbox(office.platform, walker, result.redeem_url)
    assert not walker.submit("/accept").has_form("/enrol")
    desktop.send("/security-defaults", enabled="yes")
    assert is_on(office)
    become_guest(office.platform, office.platform.walker(), "ivo@partner.example")


def test_apps_may_take_passwords_only_after_a_switch(office: Office) -> None:
    def allowed() -> bool:
        with office.platform.ports.store.read(office.platform.tenant.id) as tx:
            return tx.tenants.policies(office.platform.tenant.id).password_grant

    desktop = office.sit()
    desktop.open("security-defaults")
    assert not allowed()
    assert "Saved." in desktop.send("/security-defaults", passwords="yes").text
    assert (allowed(), is_on(office)) == (True, True)
    assert desktop.send("/security-defaults", passwords="perhaps").status == 422
    desktop.send("/security-defaults", passwords="no")
    assert not allowed()


def test_security_defaults_notice_another_save(office: Office) -> None:
    slow = office.sit()
    slow.open("security-defaults")
    # Kept with the password grant, and shown nowhere on this page: what is saved is a decision about both.
    office.platform.policies(offer_stay_signed_in=False)
    page = slow.send("/security-defaults", passwords="yes")
    assert page.status == 409
    assert "These are stored now" in page.text
    assert not stored_policies(office).password_grant
    slow.send("/security-defaults")
    assert stored_policies(office).password_grant
    assert not stored_policies(office).offer_stay_signed_in


def test_two_administrators_turn_the_two_switches_at_once(office: Office) -> None:
    slow, quick = office.sit(), office.sit()
    slow.open("security-defaults")
    quick.open("security-defaults")
    quick.send("/security-defaults", enabled="no")
    assert "Saved." in slow.send("/security-defaults", passwords="yes").text
    assert not is_on(office)
    assert stored_policies(office).password_grant


def test_conditional_access_administrator_turns_security_defaults_alone(office: Office) -> None:
    operator = system_actor(office.platform.tenant.id, office.platform.ports.entropy.guid())
    add_role(
        office.platform.ports,
        operator,
        office.people["member"].id,
        CONDITIONAL_ACCESS_ADMINISTRATOR.template_id,
    )
    desktop = office.sit("member")
    desktop.open("security-defaults")
    assert "You need Global Administrator to change this." in desktop.page.text
    assert "Saved." in desktop.send("/security-defaults", enabled="no", passwords="yes").text
    assert not is_on(office)
    assert not stored_policies(office).password_grant


def test_security_defaults_refuse_nonsense_and_readers(office: Office) -> None:
    desktop = office.sit()
    desktop.open("security-defaults")
    assert desktop.send("/security-defaults", enabled="").status == 422
    reader = office.sit("reader")
    assert "You need Conditional Access Administrator" in reader.open("security-defaults").text
    token = dict(reader.fields("/security-defaults"))["form_token"]
    form = [("form_token", token), ("enabled", "no"), ("passwords", "yes"), ("version", "0")]
    assert reader.post("security-defaults", form).status == 403
    assert is_on(office)


# --- mail -----------------------------------------------------------------------------------


class Answering:
    """A mail server at the edge: it answers as told."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)

    def deliver(self, message: object) -> str:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def deliver(office: Office, transport: MailTransport) -> None:
    """One round of the dispatcher."""
    ports = office.platform.ports
    MailDispatcher(
        ports.store, ports.clock, ports.sealer, MailRenderer(ports.server), transport
    ).deliver_due()


@contextmanager
def real_mail(directory: Path, **server: object) -> Iterator[Office]:
    """A server whose mail leaves."""
    facts = {"mail_leaves": True, "mail_server": "smtp.contoso.example:587", **server}
    with open_office(directory, **facts) as office:
        yield office


def test_mail_page_tells_the_transport(office: Office, tmp_path: Path) -> None:
    page = office.sit().open("mail")
    assert "codes@login.test" in page.text
    assert "Kept in the mailbox of this server; nothing leaves it" in page.text
    assert "its links open only on this computer" not in page.text
    (tmp_path / "real").mkdir()
    with real_mail(tmp_path / "real", base_url="https://localhost:8443", is_loopback=True) as other:
        page = other.sit().open("mail")
        assert "smtp.contoso.example:587" in page.text
        assert "Mail leaves, but its links open only on this computer" in page.text


def test_test_mail_shows_what_the_mailbox_answers(office: Office) -> None:
    ports = office.platform.ports
    desktop = office.sit()
    desktop.open("mail")
    page = desktop.send("/mail", {"to": "nikos@contoso.example"})
    assert "Waiting to be handed over." in page.text
    assert '<noscript><meta http-equiv="refresh" content="3">' in page.source
    live = re.search(r'data-live="([^"]+)"', page.source)
    assert live is not None
    deliver(office, MailboxTransport(ports.store, ports.clock))
    fragment = desktop.open(live.group(1))
    assert "data-live-stop" in fragment.source
    assert "<html" not in fragment.source
    page = desktop.open(page.url.removeprefix(desktop.walker.base))
    assert "Kept in the mailbox of this server." in page.text
    assert "http-equiv" not in page.source
    assert "data-live=" not in page.source
    with ports.store.read(None) as tx:
        assert tx.mailbox.list()[0].recipients == ("nikos@contoso.example",)


def test_test_mail_shows_refusals_and_delays_in_the_servers_words(tmp_path: Path) -> None:
    with real_mail(tmp_path) as office:
        desktop = office.sit()
        desktop.open("mail")
        page = desktop.send("/mail", {"to": "nikos@contoso.example"})
        where = page.url.removeprefix(desktop.walker.base)
        server = Answering(
            MailDeferred("451 4.7.1 Greylisted, <try> later"), MailRefused("550 5.1.1 No such user")
        )
        deliver(office, server)
        page = desktop.open(where)
        assert "451 4.7.1 Greylisted, <try> later" in page.text
        assert "Next try" in page.text
        office.platform.clock.advance(timedelta(minutes=10))
        deliver(office, server)
        page = desktop.open(where)
        assert "550 5.1.1 No such user" in page.text
        assert "Not accepted. This mail is not tried again." in page.text


def test_test_mail_refuses_no_address_no_role_and_other_tenants(office: Office) -> None:
    desktop = office.sit()
    desktop.open("mail")
    page = desktop.send("/mail", {"to": "nikos@@contoso"})
    assert page.status == 422
    assert "Enter an email address, like name@example.com." in page.text
    assert dict(desktop.fields("/mail"))["to"] == "nikos@@contoso"
    where = desktop.send("/mail", {"to": "nikos@contoso.example"}).url.rpartition("/mail/")[2]
    other = office.sit(tenant=office.other)
    assert other.open(f"mail/{where}").status == 404
    helpdesk = office.sit("helpdesk")
    assert "You need User Administrator to change this." in helpdesk.open("mail").text
    assert not helpdesk.has_form("/mail")
    token = dict(helpdesk.fields("/sign-out"))["form_token"]
    assert helpdesk.open(f"mail/{where}").status == 403
    assert helpdesk.post("mail", [("form_token", token), ("to", "x@contoso.example")]).status == 403
    assert office.sit("useradmin").open(f"mail/{where}").status == 200
