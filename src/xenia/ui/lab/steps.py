"""The steps of each lab, in the words of the field's how-tos, and where each of them happens in this server."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from xenia.core.directory.first_party import TESTER_PAGE
from xenia.core.directory.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what to do, why or how, and the screen where it is done."""

    title: str
    text: str
    link: str
    url: str


def steps_of(lab: str, tenant: Tenant) -> tuple[Step, ...]:
    """The steps for this tenant; a lab without written steps has none."""
    return _invite_guests(tenant) if lab == "invite-guests" else ()


def tester_url(tenant: Tenant) -> str:
    """The tester, filled in as the how-tos do; only the Client ID is left to paste."""
    query = {
        "requesttype": "OpenIdConnect",
        "scope": "openid profile",
        "responsetype": "id_token",
        "responsemode": "form_post",
        "additionalparameters": "prompt=login",
        "importtype": "AzureAD",
        "tenant": tenant.initial_domain,
        "clientid": "",
    }
    return f"{TESTER_PAGE}?{urlencode({name: value for name, value in query.items() if value})}"


def _invite_guests(tenant: Tenant) -> tuple[Step, ...]:
    portal = f"/admin/{tenant.initial_domain}"
    return (
        Step(
            "Sign in to the portal",
            "Name, password and authenticator secret of the administrator were printed at start. The page "
            "Authenticator shows the current code for the secret.",
            "Portal",
            portal,
        ),
        Step(
            "Users > New user > Invite external user",
            "Enter an Email (in the workshop any address will do: mail is kept in the mailbox), a Display name and, "
            "if you like, a message. Choose Review + invite, then Invite.",
            "Invite external user",
            f"{portal}/users/invite",
        ),
        Step(
            "Accept invitation",
            "Be the guest now. Open the invitation mail and choose Accept invitation. The same browser will do: the "
            "administrator stays signed in to the portal.",
            "Mailbox",
            "/mailbox",
        ),
        Step(
            "Enter the passcode",
            "A code is sent to the invited address. It is the newest one in the mailbox.",
            "Mailbox",
            "/mailbox",
        ),
        Step(
            "Review permissions",
            f"{tenant.display_name} says what it receives. Choose Accept.",
            "Mailbox",
            "/mailbox",
        ),
        Step(
            "Set up an authenticator app",
            "If the directory asks for more information: scan the picture with a phone, or copy the key to the page "
            "Authenticator and enter the code that it shows.",
            "Authenticator",
            "/labs/authenticator",
        ),
        Step(
            "App registrations > Overview > Application (client) ID",
            "Open the app Orders (or one of your own) and copy its Application (client) ID.",
            "App registrations",
            f"{portal}/app-registrations",
        ),
        Step(
            "Sign in with the guest account",
            "Paste the Client ID, choose Submit, and sign in as the guest. The token's idp says where the guest "
            "authenticated, and iss which directory issued it.",
            "Tester",
            tester_url(tenant),
        ),
    )
