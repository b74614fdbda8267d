"""The steps of each lab, in the words of the field's how-tos, and where each of them happens in this server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from xenia.core.directory.first_party import TESTER_PAGE
from xenia.core.directory.tenant import Tenant
from xenia.record import Record


class Step(Record):
    """One step: what to do, why or how, and the screen where it is done."""

    title: str
    text: str
    link: str
    url: str


def steps_of(lab: str, tenant: Tenant) -> tuple[Step, ...]:
    """The steps for this tenant; a lab without written steps has none."""
    written = _STEPS.get(lab)
    return written(tenant) if written is not None else ()


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


def _self_service_sign_up(tenant: Tenant) -> tuple[Step, ...]:
    return (*_make_the_flow(tenant), *_be_the_guest(tenant))


def _make_the_flow(tenant: Tenant) -> tuple[Step, ...]:
    portal = f"/admin/{tenant.initial_domain}"
    external = f"{portal}/external-identities"
    return (
        Step(
            "External Identities > External collaboration settings",
            "Sign in to the portal as the administrator. Under Enable guest self-service sign up via user flows "
            "choose Yes, then Save.",
            "External collaboration settings",
            f"{external}/collaboration-settings",
        ),
        Step(
            "Custom user attributes > Add",
            "If you like, define something of your own to ask for: Name Supplier number, Data Type String. Choose "
            "Create.",
            "Custom user attributes",
            f"{external}/user-attributes",
        ),
        Step(
            "User flows > New user flow",
            "Enter a Name (it gets the prefix B2X_1_). Under Identity providers tick Email one-time passcode, under "
            "User attributes Given Name, Surname and Country/Region. Choose Create.",
            "New user flow",
            f"{external}/user-flows/new",
        ),
        Step(
            "Your user flow > Applications > Add application",
            "Open the flow, choose Applications, and add the app Orders. An app has one user flow at most.",
            "User flows",
            f"{external}/user-flows",
        ),
        Step(
            "App registrations > Overview > Application (client) ID",
            "Open the app Orders and copy its Application (client) ID.",
            "App registrations",
            f"{portal}/app-registrations",
        ),
    )


def _be_the_guest(tenant: Tenant) -> tuple[Step, ...]:
    return (
        Step(
            "No account? Create one",
            "Be somebody nobody invited. Paste the Client ID in the tester and choose Submit (Use another account, if "
            "the administrator's is offered). On the sign-in page choose Create one, and enter an address that is "
            "not known here yet.",
            "Tester",
            tester_url(tenant),
        ),
        Step(
            "Enter the passcode",
            "A code is sent to that address. It is the newest one in the mailbox.",
            "Mailbox",
            "/mailbox",
        ),
        Step(
            "Review permissions and add details",
            f"{tenant.display_name} says what it receives: choose Accept. Then it asks for the user attributes of the "
            "flow: fill them in and choose Continue.",
            "Tester",
            tester_url(tenant),
        ),
        Step(
            "Set up an authenticator app",
            "If the directory asks for more information: scan the picture with a phone, or copy the key to the page "
            "Authenticator and enter the code that it shows.",
            "Authenticator",
            "/labs/authenticator",
        ),
        Step(
            "Read the token",
            "The tester shows it: idp says where you proved who you are, iss which directory issued it.",
            "Tester",
            tester_url(tenant),
        ),
        Step(
            "Users > the new guest",
            "In the portal the user has User type Guest and Creation type SelfServiceSignUp, and the user attributes "
            "that you filled in. Nobody invited this guest, and the next sign-in asks for none of it.",
            "Users",
            f"/admin/{tenant.initial_domain}/users",
        ),
    )


_STEPS: Mapping[str, Callable[[Tenant], tuple[Step, ...]]] = {
    "invite-guests": _invite_guests,
    "self-service-sign-up": _self_service_sign_up,
}
