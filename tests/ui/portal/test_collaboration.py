"""External Identities: the overview, the collaboration settings with their review, and the passcode switch."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.journeys import become_guest, prove_mailbox
from tests.support.walker import Page
from tests.ui.portal.office import Desktop, Office
from xenia.core.actor import system_actor
from xenia.core.directory.roles import PRIVILEGED_ROLE_ADMINISTRATOR, REPORTS_READER, USER_FLOW_ADMINISTRATOR
from xenia.core.directory.tenant import (
    DomainRestrictions,
    DomainRule,
    GuestAccess,
    InvitesFrom,
    TenantPolicies,
    Toggle,
)
from xenia.core.query import Query
from xenia.usecases.users.user_roles import add_role

SETTINGS = "external-identities/collaboration-settings"
PASSCODE = "external-identities/identity-providers/email-passcode"
SAVE = "/collaboration-settings"
LABELS = (
    "Guest users have the same access as members (most inclusive)",
    "Guest users have limited access to properties and memberships of directory objects",
    (
        "Guest user access is restricted to properties and memberships of their own directory objects "
        "(most restrictive)"
    ),
    "Anyone in the organization can invite guest users including guests and non-admins (most inclusive)",
    (
        "Member users and users assigned to specific admin roles can invite guest users including guests "
        "with member permissions"
    ),
    "Only users assigned to specific admin roles can invite guest users",
    "No one in the organization can invite guest users including admins (most restrictive)",
    "Allow invitations to be sent to any domain (most inclusive)",
    "Deny invitations to the specified domains",
    "Allow invitations only to the specified domains (most restrictive)",
)


def policies(office: Office) -> TenantPolicies:
    """What is stored."""
    tenant = office.platform.tenant
    with office.platform.ports.store.read(tenant.id) as tx:
        return tx.tenants.policies(tenant.id)


def values(desktop: Desktop, action: str = SAVE) -> dict[str, str]:
    """What the open form would send."""
    return dict(desktop.fields(action))


def settings(office: Office, name: str = "admin") -> Desktop:
    """The settings page, opened by this person."""
    desktop = office.sit(name)
    assert desktop.open(SETTINGS).status == 200
    return desktop


def audited(office: Office, activity: str) -> int:
    """How many records of this activity there are."""
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        records = tx.logs.list_audit(Query(limit=500)).items
    return sum(record.activity == activity for record in records)


# --- settings -------------------------------------------------------------------------------


def test_the_overview_leads_to_everything_about_self_service_sign_up(office: Office) -> None:
    page = office.sit().open("external-identities")
    main = page.source.partition("<main")[2]
    for text, path in (
        ("User flows", "user-flows"),
        ("Custom user attributes", "user-attributes"),
        ("All API connectors", "api-connectors"),
        ("Sign-up requests", "sign-up-requests"),
    ):
        assert f'/external-identities/{path}">{text}</a>' in main


def test_labels_are_the_fields_own(office: Office) -> None:
    page = settings(office).page
    for label in LABELS:
        assert f">{label}</label>" in page.source
    for legend in (
        "Guest user access",
        "Guest invite settings",
        "Collaboration restrictions",
        "Target domains",
    ):
        assert legend in page.text
    assert "PATCH /v1.0/policies/authorizationPolicy HTTP/1.1" in page.text


def test_every_block_is_saved_and_audited(office: Office) -> None:
    desktop = settings(office)
    page = desktop.send(
        SAVE,
        access=GuestAccess.RESTRICTED.value,
        invites=InvitesFrom.ADMINS.value,
        rule="allow",
        denied="Rival.example",
        allowed="partner.example\r\n\r\n @Fabrikam.example \r\nm\u00fcnchen.example\r\npartner.example",
    )
    assert page.status == 200
    assert "Saved." in page.text
    stored = policies(office)
    assert stored.guest_access is GuestAccess.RESTRICTED
    assert stored.allow_invites_from is InvitesFrom.ADMINS
    assert stored.domain_restrictions == DomainRestrictions(
        DomainRule.ALLOW,
        ("rival.example",),
        ("partner.example", "fabrikam.example", "xn--mnchen-3ya.example"),
    )
    assert audited(office, "Update authorization policy") == 1
    assert audited(office, "Update policy") == 1


def test_self_service_sign_up_is_switched_and_audited(office: Office) -> None:
    desktop = settings(office)
    assert "Enable guest self-service sign up via user flows" in desktop.page.text
    assert values(desktop)["sign_up"] == "no"
    assert "Saved." in desktop.send(SAVE, sign_up="yes").text
    assert policies(office).self_service_sign_up
    assert audited(office, "Update policy") == 1
    assert "Guests may sign themselves up" in desktop.open("external-identities").text
    settings(office).send(SAVE, sign_up="no")
    assert not policies(office).self_service_sign_up
    page = settings(office).send(SAVE, sign_up="perhaps")
    assert page.status == 422
    assert 'href="#field-sign_up"' in page.source


def test_administrator_of_user_flows_switches_sign_up_and_nothing_else(office: Office) -> None:
    operator = system_actor(office.platform.tenant.id, office.platform.ports.entropy.guid())
    person = office.people["member"].id
    add_role(office.platform.ports, operator, person, USER_FLOW_ADMINISTRATOR.template_id)
    desktop = settings(office, "member")
    assert set(values(desktop)) == {"form_token", "version", "reviewed", "sign_up"} - (
        set() if "reviewed" in values(desktop) else {"reviewed"}
    )
    assert "Saved." in desktop.send(SAVE, sign_up="yes", invites=InvitesFrom.NONE.value).text
    assert policies(office) == replace(
        TenantPolicies(), self_service_sign_up=True, version=policies(office).version
    )


def test_switching_keeps_the_other_list(office: Office) -> None:
    desktop = settings(office)
    desktop.send(SAVE, rule="deny", denied="rival.example")
    desktop.send(SAVE, rule="allow", allowed="partner.example")
    desktop.send(SAVE, rule="any")
    assert policies(office).domain_restrictions == DomainRestrictions(
        DomainRule.ANY, ("rival.example",), ("partner.example",)
    )
    assert values(desktop)["denied"].strip() == "rival.example"


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"rule": "deny", "denied": "*.example.com"}, "denied", "Not a domain: \u201c*.example.com\u201d"),
        ({"rule": "any", "allowed": "localhost"}, "allowed", "Not a domain"),
        ({"rule": "allow", "allowed": " \r\n"}, "allowed", "Enter at least one domain"),
        ({"rule": "never"}, "rule", "Choose one of the Collaboration restrictions options."),
        ({"access": "root"}, "access", "Choose one of the Guest user access options."),
        (
            {"rule": "deny", "denied": "\n".join(f"d{n}.{'x' * 60}.example" for n in range(400))},
            "denied",
            "25000",
        ),
    ],
)
def test_what_is_wrong_is_said_and_kept(
    office: Office, typed: dict[str, str], field: str, words: str
) -> None:
    desktop = settings(office)
    before = policies(office)
    page = desktop.send(SAVE, {**typed}, invites=InvitesFrom.NONE.value)
    assert page.status == 422
    assert "There is a problem" in page.text
    assert words in page.text
    assert f'href="#field-{field}"' in page.source
    assert values(desktop)["invites"] == InvitesFrom.NONE.value
    assert policies(office) == before


def test_pending_guests_who_would_be_refused_are_named_before_saving(office: Office) -> None:
    office.platform.invite("maria@nordwind.example", display_name="Maria Winter")
    office.platform.invite("ivo@partner.example", display_name="Ivo Novak")
    desktop = settings(office)
    page = desktop.send(SAVE, rule="deny", denied="nordwind.example")
    assert page.status == 200
    assert "1 pending guest would be refused when they accept" in page.text
    assert "Maria Winter (maria@nordwind.example)" in page.text
    assert "Ivo Novak" not in page.text
    assert policies(office).domain_restrictions.rule is DomainRule.ANY
    assert values(desktop)["rule"] == "deny"
    saved = desktop.send(SAVE)
    assert "Saved." in saved.text
    assert policies(office).domain_restrictions.rule is DomainRule.DENY
    assert "As stored, 1 pending guest will be refused" in saved.text


def test_a_review_covers_no_other_list(office: Office) -> None:
    office.platform.invite("maria@nordwind.example")
    office.platform.invite("ivo@partner.example")
    desktop = settings(office)
    desktop.send(SAVE, rule="deny", denied="nordwind.example")
    page = desktop.send(SAVE, denied="nordwind.example\npartner.example")
    assert "2 pending guests would be refused" in page.text
    assert policies(office).domain_restrictions.rule is DomainRule.ANY


def test_more_guests_than_fit_are_counted(office: Office) -> None:
    for number in range(13):
        office.platform.invite(f"guest{number}@nordwind.example")
    page = settings(office).send(SAVE, rule="deny", denied="nordwind.example")
    assert "13 pending guests would be refused" in page.text
    assert "and 3 more" in page.text


def test_guests_who_accepted_are_not_touched(office: Office) -> None:
    become_guest(office.platform, office.platform.walker())
    page = settings(office).send(SAVE, rule="deny", denied="nordwind.example")
    assert "Saved." in page.text


def test_a_save_in_between_is_shown_with_both_values(office: Office) -> None:
    slow, quick = settings(office), settings(office)
    quick.send(SAVE, invites=InvitesFrom.NONE.value)
    office.platform.clock.advance(timedelta(minutes=2))
    page = slow.send(SAVE, invites=InvitesFrom.ADMINS.value, rule="deny", denied="rival.example")
    assert page.status == 409
    assert "Nikos Pappas, 2 minutes ago" in page.text
    stored_now = page.text.partition("These are stored now:")[2].partition("Save again")[0]
    assert "No one in the organization can invite" in stored_now
    assert "Guest user access" not in stored_now
    assert values(slow)["invites"] == InvitesFrom.ADMINS.value
    assert policies(office).allow_invites_from is InvitesFrom.NONE
    assert "Saved." in slow.send(SAVE).text
    assert policies(office).allow_invites_from is InvitesFrom.ADMINS
    assert policies(office).domain_restrictions.denied == ("rival.example",)


def test_two_administrators_of_different_blocks_do_not_meet(office: Office) -> None:
    slow, quick = settings(office), settings(office)
    quick.send(SAVE, rule="deny", denied="rival.example")
    assert "Saved." in slow.send(SAVE, invites=InvitesFrom.ADMINS.value).text
    stored = policies(office)
    assert stored.allow_invites_from is InvitesFrom.ADMINS
    assert stored.domain_restrictions == DomainRestrictions(DomainRule.DENY, ("rival.example",))


def test_administrator_of_roles_sets_access_and_invitations_not_domains(office: Office) -> None:
    operator = system_actor(office.platform.tenant.id, office.platform.ports.entropy.guid())
    person = office.people["member"].id
    add_role(office.platform.ports, operator, person, PRIVILEGED_ROLE_ADMINISTRATOR.template_id)
    desktop = settings(office, "member")
    assert {"access", "invites"} <= set(values(desktop))
    assert not {"rule", "denied", "allowed", "sign_up"} & set(values(desktop))
    assert "You need Global Administrator to change this." in desktop.page.text
    page = desktop.send(SAVE, invites=InvitesFrom.ADMINS.value, rule="deny", denied="rival.example")
    assert "Saved." in page.text
    stored = policies(office)
    assert stored.allow_invites_from is InvitesFrom.ADMINS
    assert stored.domain_restrictions == DomainRestrictions()


@pytest.mark.parametrize("version", ["-1", "", "99", "1e3", "9" * 40])
def test_made_up_versions_save_nothing(office: Office, version: str) -> None:
    desktop = settings(office)
    before = policies(office)
    assert desktop.send(SAVE, invites=InvitesFrom.NONE.value, version=version).status == 409
    assert policies(office) == before


@pytest.mark.parametrize("name", ["reader", "useradmin", "inviter"])
def test_without_the_role_it_is_read_only(office: Office, name: str) -> None:
    desktop = settings(office, name)
    assert "You need Global Administrator to change this." in desktop.page.text
    assert "Ask Nikos Pappas." in desktop.page.text
    assert "Save" not in [text for form in desktop.page.forms for _, _, text in form.buttons]
    fields = [("form_token", values(desktop, "/sign-out")["form_token"])]
    fields += list(values(settings(office)).items())[1:]
    changed = [(key, "none" if key == "invites" else value) for key, value in fields]
    assert desktop.post(SETTINGS, changed).status == 403
    assert policies(office).allow_invites_from is InvitesFrom.EVERYONE


def test_forged_and_foreign_forms_change_nothing(office: Office) -> None:
    desktop = settings(office)
    fields = [(key, value) for key, value in desktop.fields(SAVE) if key != "invites"] + [("invites", "none")]
    without = [pair for pair in fields if pair[0] != "form_token"]
    assert desktop.post(SETTINGS, without).status == 403
    assert desktop.post(SETTINGS, [*without, ("form_token", "1.AAAA.AAAA")]).status == 403
    assert desktop.post(SETTINGS, fields, origin="https://evil.example").status == 403
    other = office.sit(tenant=office.other)
    other.open(SETTINGS)
    stolen = dict(other.fields(SAVE))["form_token"]
    assert desktop.post(SETTINGS, [*without, ("form_token", stolen)]).status == 403
    assert policies(office).allow_invites_from is InvitesFrom.EVERYONE


def test_the_other_tenant_has_its_own_settings(office: Office) -> None:
    office.platform.invite("maria@nordwind.example", display_name="Maria Winter")
    desktop = office.sit(tenant=office.other)
    desktop.open(SETTINGS)
    page = desktop.send(SAVE, rule="deny", denied="nordwind.example")
    assert "Maria" not in page.text
    assert "Saved." in page.text
    assert policies(office).domain_restrictions.rule is DomainRule.ANY


@pytest.mark.parametrize("path", ["external-identities", SETTINGS, PASSCODE])
def test_guests_are_turned_away(office: Office, path: str) -> None:
    office.people["guest"] = office.platform.invite("maria@nordwind.example").user
    assert office.sit("guest").open(path).status == 403
    assert office.sit("member").open(path).status == 403
    signed_out = office.platform.walker().send("GET", f"{office.root}/{path}")
    assert signed_out.status in {302, 303}


# --- overview -------------------------------------------------------------------------------


def test_overview_tells_the_state_and_leads_to_each_setting(office: Office) -> None:
    desktop = office.sit()
    page = desktop.open("external-identities")
    assert "Guests sign in with codes sent to their mailbox." in page.text
    assert "There is no privacy statement." in page.text
    for _, url in [link for link in page.links if link[0] == "Change"]:
        assert desktop.open(url).status == 200


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("maria@nordwind.example", "maria@nordwind.example can be invited."),
        ("x@rival.example", "x@rival.example cannot be invited."),
        ("no address", "no address cannot be invited."),
    ],
)
def test_overview_answers_whether_somebody_can_be_invited(office: Office, address: str, words: str) -> None:
    office.platform.policies(domain_restrictions=DomainRestrictions(DomainRule.DENY, ("rival.example",)))
    desktop = office.sit()
    desktop.open("external-identities")
    page = desktop.open(f"external-identities?address={address.replace(' ', '+')}")
    assert words in page.text
    with office.platform.ports.store.read(office.platform.tenant.id) as tx:
        assert tx.users.find_by_address(address) == ()


def test_a_guest_who_reads_reports_learns_no_settings(office: Office) -> None:
    ports = office.platform.ports
    guest = office.platform.invite("maria@nordwind.example").user
    add_role(ports, office.platform.actor(), guest.id, REPORTS_READER.template_id)
    office.people["guest"] = guest
    assert office.sit("guest").open(SETTINGS).status == 403


# --- e-mail one-time passcode ---------------------------------------------------------------


def passcode(office: Office, name: str = "admin") -> Desktop:
    """The page of the switch."""
    desktop = office.sit(name)
    assert desktop.open(PASSCODE).status == 200
    return desktop


def test_providers_list_leads_to_the_passcode(office: Office) -> None:
    desktop = office.sit()
    page = desktop.open("external-identities/identity-providers")
    assert ("Email one-time passcode", f"{office.root}/{PASSCODE}") in page.links
    assert "On" in page.text


def test_turning_off_without_guests_needs_no_second_look(office: Office) -> None:
    desktop = passcode(office)
    assert "Saved." in desktop.send("/email-passcode", enabled="no").text
    assert policies(office).email_passcode is Toggle.DISABLED
    assert "Codes are off" in desktop.open(PASSCODE).text
    desktop.send("/email-passcode", enabled="yes")
    assert policies(office).email_passcode is Toggle.ENABLED


def test_turning_off_says_first_who_loses_sign_in(office: Office) -> None:
    become_guest(office.platform, office.platform.walker())
    office.platform.invite("ivo@partner.example")
    desktop = passcode(office)
    loss = (
        "1 guest signs in only with codes. They will not be able to sign in until you reset their redemption."
    )
    assert loss in desktop.page.text
    page = desktop.send("/email-passcode", enabled="no")
    assert "Turn off codes by email?" in page.text
    assert loss in page.text
    assert "1 pending guest will have no way to accept." in page.text
    assert policies(office).email_passcode is Toggle.DEFAULT
    assert "Saved." in desktop.send("/email-passcode").text
    assert policies(office).email_passcode is Toggle.DISABLED


def test_pending_guests_meet_the_switch(office: Office) -> None:
    result = office.platform.invite("ivo@partner.example")
    desktop = passcode(office)
    desktop.send("/email-passcode", enabled="no")
    desktop.send("/email-passcode")
    page: Page = office.platform.walker().open(result.redeem_url)
    assert "does not send codes by email" in page.text
    desktop.open(PASSCODE)
    desktop.send("/email-passcode", enabled="yes")
    walker = office.platform.walker()
    assert (
        "Review permissions"
        in prove_mailbox(office.platform, walker, result.redeem_url, "ivo@partner.example").text
    )


def test_passcode_switch_notices_another_save(office: Office) -> None:
    slow, quick = passcode(office), passcode(office)
    quick.send("/email-passcode", enabled="no")
    quick.send("/email-passcode", enabled="yes")
    page = slow.send("/email-passcode", enabled="no")
    assert page.status == 409
    assert "Saved by" in page.text
    assert policies(office).email_passcode is Toggle.ENABLED
    assert "Saved." in slow.send("/email-passcode").text
    assert policies(office).email_passcode is Toggle.DISABLED


def test_passcode_switch_is_read_only_without_the_role(office: Office) -> None:
    desktop = passcode(office, "reader")
    assert "You need External Identity Provider Administrator to change this." in desktop.page.text
    token = dict(desktop.fields("/sign-out"))["form_token"]
    answer = desktop.post(PASSCODE, [("form_token", token), ("enabled", "no"), ("version", "0")])
    assert answer.status == 403
    assert desktop.post(PASSCODE, [("form_token", "x"), ("enabled", "no")]).status == 403
    assert passcode(office).send("/email-passcode", enabled="maybe").status == 422
    assert policies(office).email_passcode is Toggle.DEFAULT
