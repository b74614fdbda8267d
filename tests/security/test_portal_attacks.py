"""Attacks on the portal: forms replayed by people without the role, other tenants' objects, hostile names everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.walker import Walker
from tests.ui.portal.office import Desktop, Office, open_office
from xenia.core.actor import system_actor
from xenia.core.directory.application import Platform, RedirectUri
from xenia.core.directory.tenant import InvitesFrom
from xenia.core.query import Query
from xenia.usecases.applications.manage_applications import (
    NewApplication,
    RegisteredApplication,
    register_application,
)
from xenia.usecases.invitations.invitation_order import InvitationOrder
from xenia.usecases.invitations.invite_guest import invite_guest
from xenia.usecases.tenants.manage_tenant import update_tenant_properties

HOSTILE = "</title></script><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}${7*7}"
RAW = ("<script>alert(1)", "<img src=x", "49$", "{{49}}")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Contoso's portal, and Fabrikam's, both full of hostile names."""
    with open_office(tmp_path) as opened:
        yield opened


@dataclass
class Objects:
    """What the pages are about, in one tenant."""

    guest: str
    app: RegisteredApplication


def fill(office: Office, tenant_id: str, mailbox: str) -> Objects:
    ports = office.platform.ports
    operator = system_actor(tenant_id, ports.entropy.guid(), HOSTILE)
    order = InvitationOrder(
        mailbox,
        "https://app.example/?a=%22onload",
        display_name=HOSTILE,
        send_message=True,
        message_body=f"{HOSTILE}\n{HOSTILE}",
        properties={"job_title": HOSTILE, "company_name": HOSTILE, "department": HOSTILE},
    )
    guest = invite_guest(ports, operator, order).user
    uris = (RedirectUri("https://app.example/cb", Platform.WEB),)
    app = register_application(ports, operator, NewApplication(HOSTILE, redirect_uris=uris))
    update_tenant_properties(ports, operator, {"display_name": HOSTILE})
    return Objects(guest.id, app)


PAGES = (
    "",
    "users",
    "users/new",
    "users/invite",
    "users/{guest}",
    "users/{guest}/properties",
    "users/{guest}/invited",
    "users/{guest}/applications",
    "users/{guest}/assigned-roles",
    "users/{guest}/authentication-methods",
    "users/{guest}/reset-redemption",
    "users/{guest}/invitation-mail",
    "app-registrations",
    "app-registrations/new",
    "app-registrations/{app}",
    "app-registrations/{app}/authentication",
    "app-registrations/{app}/branding",
    "app-registrations/{app}/credentials",
    "app-registrations/{app}/secrets",
    "app-registrations/{app}/permissions",
    "app-registrations/{app}/api-permissions",
    "enterprise-apps",
    "enterprise-apps/{principal}",
    "enterprise-apps/{principal}/users",
    "external-identities",
    "external-identities/identity-providers",
    "external-identities/identity-providers/email-passcode",
    "external-identities/collaboration-settings",
    "security-defaults",
    "properties",
    "mail",
    "audit-logs",
    "sign-in-logs",
    "users?q={hostile}",
    "audit-logs?user={hostile}&activity={hostile}",
    "sign-in-logs?user={hostile}&app={hostile}",
)


def addresses(objects: Objects) -> list[str]:
    return [
        page.format(
            guest=objects.guest,
            app=objects.app.application.id,
            principal=objects.app.principal.id,
            hostile="%3C/title%3E%3Cscript%3Ealert(1)%3C/script%3E%22%3E%3Cimg%20src=x%20onerror=alert(2)%3E",
        )
        for page in PAGES
    ]


Found = tuple[str, list[tuple[str, str]]]


def forms_of(desktop: Desktop, objects: Objects) -> list[Found]:
    """Every POST form of every page, as its own page would send it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for address in addresses(objects):
        page = desktop.open(address)
        for form in page.forms:
            if form.method == "post":
                targets = {form.action, *form.formactions.values()} - {""}
                for target in targets:
                    fields = desktop.fields(form.action.partition("?")[0])
                    named = [(n, v) for n, v, _ in form.buttons if n]
                    found.setdefault(target, [*fields, *named[:1]])
        # Questions ("Delete?") stand on pages of their own, reached by links of this one.
        for _, link in page.links:
            if objects.guest in link or objects.app.application.id in link:
                asked = desktop.open(link)
                for form in asked.forms:
                    if form.method == "post" and form.action:
                        found.setdefault(form.action, desktop.fields(form.action.partition("?")[0]))
    return list(found.items())


def traces(office: Office, tenant_id: str) -> tuple[int, int]:
    with office.platform.ports.store.read(tenant_id) as tx:
        audited = tx.logs.list_audit(Query(limit=1, count=True)).total or 0
        users = tx.users.list(Query(limit=1, count=True)).total or 0
    return audited, users


def token_of(desktop: Desktop) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', desktop.open("").source)
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize("name", ["reader", "inviter", "helpdesk", "appadmin"])
def test_forms_of_an_administrator_do_nothing_for_a_reader(office: Office, name: str) -> None:
    tenant_id = office.platform.tenant.id
    objects = fill(office, tenant_id, "maria@nordwind.example")
    office.platform.policies(allow_invites_from=InvitesFrom.ADMINS)
    forms = forms_of(office.sit(), objects)
    assert len(forms) > 20, sorted(action for action, _ in forms)
    desktop = office.sit(name)
    token, changed = token_of(desktop), []
    for action, fields in forms:
        if action.endswith("/sign-out"):
            continue
        before = traces(office, tenant_id)
        sent = [(n, token if n == "form_token" else v) for n, v in fields]
        desktop.post(action, sent)
        if traces(office, tenant_id) != before:
            changed.append(action)
    allowed = {
        "reader": r"$^",
        "inviter": r"/users/invite|/resend|/withdraw",
        "helpdesk": r"/revoke|/reset|/mfa|/resend|/withdraw|/users/invite|/sessions",
        "appadmin": r"/app-registrations|/enterprise-apps",
    }[name]
    assert [action for action in changed if not re.search(allowed, action)] == []


def test_another_tenants_objects_are_out_of_reach(office: Office) -> None:
    ours = fill(office, office.platform.tenant.id, "maria@nordwind.example")
    theirs = fill(office, office.other.id, "olena@nordwind.example")
    desktop = office.sit()
    forms = forms_of(desktop, ours)
    swaps = (
        (ours.guest, theirs.guest),
        (ours.app.application.id, theirs.app.application.id),
        (ours.app.principal.id, theirs.app.principal.id),
        (ours.app.application.app_id, theirs.app.application.app_id),
    )
    before = traces(office, office.other.id)
    for action, fields in forms:
        target, sent = action, fields
        for mine, other in swaps:
            target = target.replace(mine, other)
            sent = [(n, v.replace(mine, other)) for n, v in sent]
        if (target, sent) == (action, fields) or action.endswith("/sign-out"):
            continue
        page = desktop.post(target, [(n, token_of(desktop) if n == "form_token" else v) for n, v in sent])
        assert page.status < 500, target
        assert traces(office, office.other.id) == before, target
    for address in addresses(theirs):
        if any(key in address for key in (theirs.guest, theirs.app.application.id, theirs.app.principal.id)):
            assert desktop.open(address).status == 404, address


def test_no_name_is_ever_markup(office: Office) -> None:
    objects = fill(office, office.platform.tenant.id, "maria@nordwind.example")
    for name in ("admin", "reader"):
        desktop = office.sit(name)
        seen = 0
        for address in addresses(objects):
            page = desktop.open(address)
            assert page.status < 500, address
            assert not any(raw in page.source for raw in RAW), address
            seen += "&lt;script&gt;" in page.source
        assert seen > 15


def test_names_are_no_markup_on_the_pages_of_guests(office: Office) -> None:
    objects = fill(office, office.platform.tenant.id, "maria@nordwind.example")
    assert objects.guest
    link = office.platform.invite("maria@nordwind.example", message_body=HOSTILE).redeem_url
    walker = Walker(office.platform.router)
    pages = [walker.open(link), walker.submit("/redeem/start")]
    pages.append(walker.submit("/code", code=office.platform.code_for("maria@nordwind.example")))
    for page in pages:
        assert "&lt;script&gt;" in page.source
        assert not any(raw in page.source for raw in RAW)
