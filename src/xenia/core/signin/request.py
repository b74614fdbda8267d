"""What an interaction is for: an app's authorization request, or the redemption of an invitation.

Both are complete, validated values: a page needs nothing from the URL to go on, so the browser may
wander, reload or change accounts without losing the app's ``state`` and PKCE challenge.
"""

from __future__ import annotations

from xenia.core.directory.application import Platform
from xenia.core.ids import AppId
from xenia.record import Record


class AuthorizeRequest(Record):
    """A validated authorization request (OpenID Connect Core section 3.1.2.1)."""

    app_id: AppId
    redirect_uri: str
    platform: Platform
    response_types: tuple[str, ...]
    response_mode: str
    scopes: tuple[str, ...]
    state: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    prompts: tuple[str, ...] = ()
    login_hint: str | None = None
    domain_hint: str | None = None
    max_age: int | None = None
    client_info: bool = False
    claims_request: str | None = None
    endpoint_version: str = "2.0"
    resource: str | None = None
    flow_run: str | None = None
    """Seal of **Run user flow**: the sign-up is a test."""
    ui_locales: str | None = None
    """Languages the app asks for, best first; told to API connectors."""

    admin_consent: bool = False
    """The admin consent endpoint: an administrator agrees for everybody, and no token is issued."""
    device_code: str | None = None
    """Hash of the device code that this sign-in approves: then nothing is answered, the device fetches its tokens."""

    @property
    def is_silent(self) -> bool:
        """Whether no page may be shown (``prompt=none``)."""
        return "none" in self.prompts

    @property
    def wants_sign_up(self) -> bool:
        """Whether an account is to be created (``prompt=create``, Initiating User Registration via OpenID Connect)."""
        return "create" in self.prompts


class RedeemRequest(Record):
    """The redemption of one invitation; ends at its redirect URL."""

    invitation_id: str
    redirect_url: str
