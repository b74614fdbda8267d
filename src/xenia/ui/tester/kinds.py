"""The kinds of requests the tester sends: where each goes, what it carries, and what it must have.

Names and labels are those of the field's public request tester. Data and sentences only.
"""

from __future__ import annotations

from enum import Enum, auto

from xenia.record import Record

GRAPH_DEFAULT = "https://graph.microsoft.com/.default"
_PERSON = "openid profile"


class Goes(Enum):
    """Which endpoint a request goes to."""

    BY_BROWSER = auto()
    """The authorization endpoint, by the person's browser."""
    TO_TOKEN_ENDPOINT = auto()
    TO_DEVICE_ENDPOINT = auto()


class RequestKind(Record):
    """One entry of **Request Type**."""

    name: str
    label: str
    goes: Goes = Goes.TO_TOKEN_ENDPOINT
    grant_type: str = ""
    fields: tuple[str, ...] = ()
    """Fields of the form that only this kind has; each must be filled in."""
    confidential: str = ""
    """What cannot do without the client secret, as the beginning of a sentence; empty: a public client can."""
    scope: str = ""
    """What **Scope** begins with."""
    has_scope: bool = True
    constants: tuple[tuple[str, str], ...] = ()


OPENID_CONNECT = RequestKind("OpenIdConnect", "OpenID Connect", Goes.BY_BROWSER, scope="openid")
CODE = RequestKind("AuthorizationCode", "OAuth 2.0 Authorization Code Grant", Goes.BY_BROWSER, scope="openid")
IMPLICIT = RequestKind(
    "Implicit", "OAuth 2.0 Implicit Grant (not recommended)", Goes.BY_BROWSER, scope="openid"
)
CLIENT_CREDENTIALS = RequestKind(
    "ClientCredentials",
    "OAuth 2.0 Client Credentials Grant",
    grant_type="client_credentials",
    confidential="Client credentials need",
    scope=GRAPH_DEFAULT,
)
REFRESH_TOKEN = RequestKind(
    "RefreshToken",
    "OAuth 2.0 Refresh Token Grant",
    grant_type="refresh_token",
    fields=("refresh_token",),
)
DEVICE_CODE = RequestKind(
    "DeviceCode",
    "OAuth 2.0 Device Authorization Grant - Code Request",
    Goes.TO_DEVICE_ENDPOINT,
    scope=_PERSON,
)
DEVICE_TOKEN = RequestKind(
    "DeviceToken",
    "OAuth 2.0 Device Authorization Grant - Token Request",
    grant_type="urn:ietf:params:oauth:grant-type:device_code",
    fields=("device_code",),
    has_scope=False,
)
ON_BEHALF_OF = RequestKind(
    "OnBehalfOf",
    "OAuth 2.0 On-Behalf-Of Grant",
    grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer",
    fields=("assertion",),
    confidential="On-behalf-of needs",
    scope=GRAPH_DEFAULT,
    constants=(("requested_token_use", "on_behalf_of"),),
)
PASSWORD = RequestKind(
    "ResourceOwnerPasswordCredentials",
    "OAuth 2.0 Resource Owner Password Credentials Grant (not recommended)",
    grant_type="password",
    fields=("user_name", "password"),
    scope=_PERSON,
)
CUSTOM = RequestKind("OAuth2CustomGrant", "OAuth 2.0 Custom Grant", fields=("grant_type",), has_scope=False)

KINDS: tuple[RequestKind, ...] = (
    OPENID_CONNECT,
    CODE,
    IMPLICIT,
    CLIENT_CREDENTIALS,
    REFRESH_TOKEN,
    DEVICE_CODE,
    DEVICE_TOKEN,
    ON_BEHALF_OF,
    PASSWORD,
    CUSTOM,
)
_BY_NAME = {kind.name: kind for kind in KINDS}

MISSING = {
    "refresh_token": "Enter the Refresh Token. The answer to a request with the scope offline_access holds one.",
    "device_code": "Enter the Device Code. The answer to a Device Authorization Grant - Code Request holds one.",
    "assertion": "Enter the Assertion: an access token that was issued for the app whose Client ID stands above.",
    "user_name": "Enter the User Name.",
    "password": "Enter the Password.",
    "grant_type": "Enter the Grant Type.",
}
"""What to say where a field of a kind is empty."""
PARAMETERS = {"user_name": "username"}
"""Where the parameter on the wire is not named like the field of the form."""
SECRETS = frozenset({"client_secret", "password", "refresh_token", "assertion", "device_code"})
"""Fields whose values are no part of a link, unless its maker asks for them."""


def kind_of(name: str) -> RequestKind:
    """The kind of this name; OpenID Connect for any other."""
    return _BY_NAME.get(name, OPENID_CONNECT)
