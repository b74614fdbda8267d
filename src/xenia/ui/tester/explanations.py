"""What an error of the platform means, and which setting of the portal mends it.

Owns the sentences. The numbers are the published AADSTS codes of the field.
"""

from __future__ import annotations

import re

from xenia.core.ids import ObjectId, TenantId
from xenia.record import Record

_CODE = re.compile(r"AADSTS(\d{4,8})")

AUTHENTICATION, SECRETS, OVERVIEW, APPS, PERMISSIONS = (
    "authentication",
    "secrets",
    "overview",
    "apps",
    "permissions",
)
USERS, ENTERPRISE, LOGS, SECURITY = "users", "enterprise", "logs", "security"

_LABELS = {
    AUTHENTICATION: "App registrations > Authentication",
    SECRETS: "App registrations > Certificates & secrets",
    OVERVIEW: "App registrations > Overview",
    APPS: "App registrations",
    PERMISSIONS: "App registrations > API permissions",
    USERS: "Users",
    ENTERPRISE: "Enterprise apps",
    LOGS: "Sign-in logs",
    SECURITY: "Security defaults",
}

_TEXTS: dict[int, tuple[str, str]] = {
    50011: (
        "The Redirect URI is not registered for this app. Register exactly the one above.",
        AUTHENTICATION,
    ),
    900971: ("The request named no Redirect URI, and the app has none registered.", AUTHENTICATION),
    700016: ("No app with this Client ID is known in this tenant. Compare ID and tenant.", APPS),
    700038: ("The Client ID is not a GUID. Copy the Application (client) ID.", OVERVIEW),
    7000112: ("The app is switched off for sign-in in this tenant.", ENTERPRISE),
    50194: ("The app is for one tenant only. Use its own tenant, or make it multi-tenant.", OVERVIEW),
    700054: (
        "The app may not receive ID tokens from the authorization endpoint. Turn on ID tokens.",
        AUTHENTICATION,
    ),
    70005: ("This Response Type is not offered, or not switched on for the app.", AUTHENTICATION),
    70007: ("Tokens may not travel in a query string. Choose form_post or fragment.", ""),
    9002325: ("Apps without a secret need PKCE. Tick Use PKCE.", ""),
    9002326: ("The Redirect URI is not of the kind Single-page application.", AUTHENTICATION),
    9002327: (
        "The Redirect URI is of the kind Single-page application: a browser must redeem it.",
        AUTHENTICATION,
    ),
    7000218: ("The Redirect URI is of the kind Web: enter the app's Client Secret.", SECRETS),
    7000215: ("The Client Secret is wrong. Use its Value, not its Secret ID.", SECRETS),
    7000222: ("The Client Secret has ended. Make a new one.", SECRETS),
    700025: ("The app is a public client here: leave Client Secret empty.", AUTHENTICATION),
    700027: ("The certificate of the client assertion is not registered for the app.", SECRETS),
    70011: ("A scope is unknown. Compare its spelling with the API's permissions.", PERMISSIONS),
    28000: ("Ask for scopes of one API at a time.", ""),
    500011: ("The API named by a scope is unknown in this tenant.", APPS),
    65001: ("Nobody has agreed to these permissions yet. Sign in without prompt=none.", PERMISSIONS),
    65004: ("The person pressed Cancel when asked for permissions. Try again and accept.", ""),
    90094: ("An administrator must agree to these permissions first.", PERMISSIONS),
    50058: ("prompt=none was sent, and nobody is signed in. Remove it from Additional Parameters.", ""),
    16000: ("prompt=none was sent, but a page must be shown. Remove it from Additional Parameters.", ""),
    50076: ("A second step is needed. Sign in without prompt=none.", SECURITY),
    50020: ("The account is not a user of this tenant. Invite it as a guest.", USERS),
    500571: ("The guest is blocked from signing in.", USERS),
    50057: ("The account is blocked from signing in.", USERS),
    50105: ("The app requires assignment, and this person has none.", ENTERPRISE),
    501051: ("The API requires assignment, and this app has no role there.", ENTERPRISE),
    50126: ("User name or password does not match.", USERS),
    70000: ("The code is unknown or of another app. Start again.", ""),
    70016: ("Nobody has entered the user code yet. Do so, then send this request again.", ""),
    70019: ("The code of the device has run out. Ask for a new one.", ""),
    70020: ("The code of the device is unknown or has run out. Ask for a new one.", ""),
    700082: ("The refresh token was not used for too long. Sign in again.", ""),
    50173: ("The sign-in was revoked since. Sign in again.", USERS),
    50013: ("The assertion is no access token of this server, or was changed.", ""),
    500131: (
        "The assertion was issued for another app: ask for a token with this app as its API.",
        PERMISSIONS,
    ),
    500133: ("The assertion has run out. Get a new access token first.", ""),
    70008: ("The code has run out. Start again: codes work for minutes.", ""),
    54005: ("The code was redeemed already. A code works once; start again.", ""),
    700005: ("The code is of another tenant. Compare Token Endpoint and tenant.", ""),
    500112: ("The Redirect URI differs between the two requests.", ""),
    501481: ("The PKCE verifier does not fit. Start again in this browser.", ""),
    70003: ("This grant is not offered here.", ""),
    90002: ("No tenant of this server has that name. Compare it with the start-up text.", ""),
    50059: ("The address names no tenant. Enter one instead of common.", ""),
    50053: ("Too many tries. Wait as long as the message says.", LOGS),
    900144: ("A parameter is missing in the request; the message names it.", ""),
    9000411: ("A parameter was sent twice; look at Additional Parameters.", ""),
    90014: ("A parameter is missing in the request; the message names it.", ""),
    90023: ("A parameter is malformed; the message names it.", ""),
    90102: ("The Redirect URI is not an absolute address.", ""),
    90033: ("Something failed on the server's side. Try again in a minute.", ""),
}


class Explanation(Record):
    """A plain sentence, and the portal screen that mends it (empty: none)."""

    code: int | None
    text: str
    label: str = ""
    url: str = ""


def explain(
    description: str, error: str, *, tenant_id: TenantId | None, application_id: ObjectId | None
) -> Explanation:
    """The explanation of an error response; one that is unknown says where its details are."""
    match = _CODE.search(description)
    code = int(match.group(1)) if match else None
    known = _TEXTS.get(code) if code is not None else None
    if known is None:
        words = {
            "access_denied": "The person or the server declined. The message says why.",
            "invalid_client": "The app could not prove itself. Compare Client ID and Client Secret.",
        }.get(error, "The message of the server stands below.")
        return Explanation(code, words)
    text, screen = known
    url = portal_url(screen, tenant_id, application_id)
    return Explanation(code, text, _LABELS.get(screen, "") if url else "", url)


def portal_url(screen: str, tenant_id: TenantId | None, application_id: ObjectId | None) -> str:
    """Address of a portal screen; of an app's list where the app is unknown."""
    if not screen or tenant_id is None:
        return ""
    base = f"/admin/{tenant_id}"
    plain = {
        USERS: "users",
        ENTERPRISE: "enterprise-apps",
        LOGS: "sign-in-logs",
        SECURITY: "security-defaults",
    }
    if screen in plain:
        return f"{base}/{plain[screen]}"
    if screen == APPS or application_id is None:
        return f"{base}/app-registrations"
    parts = {AUTHENTICATION: "/authentication", SECRETS: "/secrets", PERMISSIONS: "/api-permissions"}
    return f"{base}/app-registrations/{application_id}{parts.get(screen, '')}"
