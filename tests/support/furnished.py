"""A tenant with something on every page: guests in each state, an app with its secret, logs, mails.

Owns: making them through the portal's own forms and the API, as people and scripts would, and the two signed-in
people whose cookies other browsers can take over. Knows no test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any
from urllib.parse import urlsplit

from tests.support.people import Desktop, Person, Way, code_now, secret_in_qr
from tests.support.scripts import invite

ADMINISTRATOR = "admin-pages"
LONG = "maximiliane.von-und-zu-hohenstein-weissenberg@a-subsidiary-of-a-rather-long-company-name.example"
FLOWS, FLOW = "external-identities/user-flows", "B2X_1_suppliers"
STANDINGS = ("waiting", "accepted", "blocked", "withdrawn", "deleted")
_OF_A_TENANT = ("/myapps", "/account/sessions")
"""Pages whose address names the tenant in its query."""
_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@dataclass
class Furnished:
    """The ids behind the addresses, and the cookies of the people."""

    users: dict[str, str]
    """Object ids by standing; `admin` is the administrator."""
    values: dict[str, list[str]]
    """What each placeholder of an address may be, by the pattern's beginning and the placeholder's name."""
    administrator: Any
    guest: Any

    def addresses(self, pattern: str) -> Iterator[str]:
        """The pattern with its placeholders filled in, in every way there is. Raises LookupError for an unknown one."""
        pattern = pattern.replace("<path:", "<")
        if pattern in _OF_A_TENANT:
            yield f"{pattern}?tenantId=contoso"
        names = re.findall(r"<(\w+)>", pattern)
        for chosen in product(*(self._known(pattern, name) for name in names)):
            filled = pattern
            for value in chosen:
                filled = re.sub(r"<\w+>", value, filled, count=1)
            yield filled

    def _known(self, pattern: str, name: str) -> list[str]:
        fitting = [key for key in self.values if key.endswith(f"<{name}>") and pattern.startswith(key)]
        if not fitting:
            message = f"nothing is known to fill <{name}> of {pattern} with"
            raise LookupError(message)
        return self.values[max(fitting, key=len)]


def furnish(desktop: Desktop) -> Furnished:
    """Make all of it. Takes some seconds: two people sign in without scripts."""
    admin, base = desktop.person(Way.NO_SCRIPTS), desktop.xenia.base
    _administrator_enters(desktop, admin)
    users = _guests(desktop, admin)
    guest = desktop.person(Way.NO_SCRIPTS)
    _guest_enters(desktop, guest, f"{STANDINGS[1]}@nordwind.example")
    portal = f"{base}/admin/contoso"
    users["admin"] = _ids(admin, f"{portal}/users?q={ADMINISTRATOR}", "users")[0]
    _presses(admin, f"{portal}/users/{users['blocked']}/confirm/block", "Block")
    _presses(admin, f"{portal}/users/{users['withdrawn']}/confirm/withdraw", "Withdraw")
    _presses(admin, f"{portal}/users/{users['deleted']}/delete", "Delete")
    app = _app(admin, portal)
    group = _group(admin, portal, users)
    _newcomer_asks(desktop, admin, portal)
    _presses(admin, f"{portal}/mail", "Send a test mail")
    test_mail = urlsplit(admin.page.url).path.rpartition("/")[2]
    values = _values(desktop, admin, users, app) | {"/admin/<tenant>/groups/<group>": [group]}
    values["/admin/<tenant>/mail/tests/<mail>"] = [test_mail]
    return Furnished(users, values, admin.page.context.storage_state(), guest.page.context.storage_state())


def _administrator_enters(desktop: Desktop, person: Person) -> None:
    user = next(
        one
        for one in desktop.xenia.tenant["users"]
        if one["user_principal_name"].startswith(f"{ADMINISTRATOR}@")
    )
    person.page.goto(f"{desktop.xenia.base}/admin/contoso")
    person.type("Email", user["user_principal_name"])
    person.button("Next")
    person.type("Password", user["password"])
    person.button("Sign in")
    person.type("Enter code", code_now(user["authenticator_secret"]))
    person.button("Verify")
    person.button("Yes")
    person.sees("Contoso")


def _guests(desktop: Desktop, admin: Person) -> dict[str, str]:
    landing = f"{desktop.xenia.base}/myapps?tenantId=contoso"
    users = {}
    for standing in STANDINGS:
        more: dict[str, Any] = {"invitedUserDisplayName": standing.replace("-", " ").capitalize()}
        if standing == STANDINGS[0]:
            more["invitedUserMessageInfo"] = {
                "customizedMessageBody": "Hello, the delivery dates for July.\nSee you there.",
                "ccRecipients": [{"emailAddress": {"address": "sponsor@contoso.example"}}],
            }
        users[standing] = invite(desktop.xenia, f"{standing}@nordwind.example", landing, **more)[
            "invitedUser"
        ]["id"]
    users["long"] = invite(desktop.xenia, LONG, landing)["invitedUser"]["id"]
    return users


def _guest_enters(desktop: Desktop, guest: Person, address: str) -> None:
    guest.page.goto(desktop.accept_link(address))
    guest.button("Send code")
    guest.type("Enter code", desktop.passcode(address))
    guest.button("Sign in")
    guest.button("Accept")
    guest.button("Next")
    guest.type("Enter code", code_now(secret_in_qr(guest)))
    guest.button("Next")
    guest.heading("My Apps")


def _presses(person: Person, url: str, verb: str) -> None:
    person.page.goto(url)
    person.press(person.page.get_by_role("main").get_by_role("button", name=verb).first)


def _app(admin: Person, portal: str) -> str:
    """An app with a redirect URI, a secret and the long name somebody will give one."""
    admin.page.goto(f"{portal}/app-registrations/new")
    admin.type("Name", "Quarterly delivery reporting for suppliers abroad")
    admin.type(
        "Redirect URI", "https://reporting.a-rather-long-host-name.contoso.example/signin-oidc/callback"
    )
    admin.button("Register")
    app = re.search(rf"/app-registrations/({_GUID})", admin.page.url)
    assert app is not None, admin.page.url
    admin.page.goto(f"{portal}/app-registrations/{app[1]}/secrets")
    admin.type("Description", "nightly job")
    admin.button("Add")
    return app[1]


def _group(admin: Person, portal: str, users: dict[str, str]) -> str:
    """A group of people with names and addresses of every length."""
    admin.page.goto(f"{portal}/groups/new")
    admin.type("Group name", "Buyers of the northern warehouses and their deputies")
    admin.type("Owners", users["admin"])
    admin.type("Members", "\n".join((users["long"], users["waiting"], users["admin"])))
    admin.button("Create")
    group = re.search(rf"/groups/({_GUID})", admin.page.url)
    assert group is not None, admin.page.url
    return group[1]


def _newcomer_asks(desktop: Desktop, admin: Person, portal: str) -> None:
    """Somebody signs up by themselves and waits for approval."""
    admin.page.goto(f"{portal}/{FLOWS}/{FLOW}/run")
    newcomer, address = desktop.person(Way.NO_SCRIPTS), "newcomer@nordwind.example"
    newcomer.page.goto(admin.page.locator("#run-url").input_value())
    newcomer.type("Email", address)
    newcomer.button("Next")
    newcomer.button("Send code")
    newcomer.type("Enter code", desktop.passcode(address))
    newcomer.button("Verify")
    newcomer.button("Accept")
    newcomer.type("Given Name", "Kim")
    newcomer.button("Continue")
    newcomer.heading("Waiting for approval")


def _ids(person: Person, url: str, part: str) -> list[str]:
    """The ids that the links of a list lead to."""
    person.page.goto(url)
    found = re.findall(rf'/{part}/({_GUID}|[A-Za-z0-9_-]{{16,}})["/?]', person.page.content())
    return list(dict.fromkeys(found))


def _values(desktop: Desktop, admin: Person, users: dict[str, str], app: str) -> dict[str, list[str]]:
    portal, mine = f"{desktop.xenia.base}/admin/contoso", "/admin/<tenant>"
    outside = f"{mine}/external-identities"
    admin.page.goto(f"{portal}/external-identities/user-attributes")
    attribute = re.search(r"/user-attributes/(extension_\w+)", admin.page.content())
    assert attribute is not None
    mails = [desktop.mail(f"{STANDINGS[0]}@nordwind.example", "invited you")["id"]]
    mails.append(desktop.mail(f"{STANDINGS[1]}@nordwind.example", "verification code")["id"])
    return {
        "/<tenant>": ["contoso"],
        "/admin/<tenant>": ["contoso"],
        f"{mine}/users/<user>": [users["waiting"], users["long"]],
        f"{mine}/users/deleted/<user>": [users["deleted"]],
        f"{mine}/users/<user>/confirm/<act>": ["block", "reset-mfa", "withdraw"],
        f"{mine}/app-registrations/<app>": [app],
        f"{mine}/app-registrations/<app>/expose-api/scopes/<scope>": ["new"],
        f"{mine}/app-registrations/<app>/app-roles/<role>": ["new"],
        f"{mine}/app-registrations/<app>/federated-credentials/<credential>": ["new"],
        f"{mine}/enterprise-apps/<app>": _ids(admin, f"{portal}/enterprise-apps", "enterprise-apps")[:1],
        f"{mine}/audit-logs/<record>": _ids(admin, f"{portal}/audit-logs", "audit-logs")[:1],
        f"{mine}/sign-in-logs/<record>": _ids(admin, f"{portal}/sign-in-logs", "sign-in-logs")[:1],
        f"{mine}/{FLOWS}/<flow>": [FLOW, "B2X_1_drivers"],
        f"{mine}/{FLOWS}/<flow>/languages/<language>": ["el"],
        f"{mine}/{FLOWS}/<flow>/languages/<language>/<page>": ["attributecollection"],
        f"{outside}/identity-providers/new/<kind>": [
            "facebook",
            "microsoft-account",
            "openid-connect",
            "organization",
        ],
        f"{outside}/identity-providers/configured/<provider>": [
            "Google-OAUTH",
            "c0417050-0000-4000-8000-0000000000d1",
        ],
        f"{outside}/user-attributes/<attribute>": [attribute[1]],
        f"{outside}/api-connectors/<connector>": ["c0417050-0000-4000-8000-0000000000e1"],
        f"{outside}/sign-up-requests/<request>": _ids(
            admin, f"{portal}/external-identities/sign-up-requests", "sign-up-requests"
        )[:1],
        # Nobody asked for consent in this workshop: the page that says so.
        f"{mine}/admin-consent-requests/<request>": ["c0417050-0000-4000-8000-0000000000f1"],
        "/<tenant>/signin/logo/<flow>": [FLOW],
        "/<tenant>/federation/oauth2/<provider>": ["c0417050-0000-4000-8000-0000000000d1"],
        "/<tenant>/signin/app-logo/<app>": [app],
        "/te/<tenant>": ["contoso"],
        "/mailbox/messages/<id>": mails,
        "/mailbox/api/messages/<id>": mails[:1],
        "/labs/<lab>": ["invite-guests", "self-service-sign-up"],
        "/<tenant>/userrealm/<name>": ["somebody@nordwind.example"],
        "/v1.0/<rest>": ["users"],
        "/v1.0//<rest>": ["users"],
        "/beta//<rest>": ["users"],
        "/beta/<rest>": ["users"],
        "/static/<rest>": ["none/xenia.css"],
    }
