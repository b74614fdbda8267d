"""What a sign-in demands of the provider besides an account: a new proof, a bounded age, or another choice. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from xenia.core.directory.identity_provider import ProviderKind
from xenia.core.signin.federation import ANOTHER_ACCOUNT
from xenia.core.signin.interaction import Interaction

_SELECTING = (
    ProviderKind.ENTRA,
    ProviderKind.ENTRA_TENANT,
    ProviderKind.GOOGLE,
    ProviderKind.MICROSOFT_ACCOUNT,
)
"""Providers that know ``prompt=select_account``; of others only a new sign-in is certain to offer a choice."""


def demanded_since(interaction: Interaction) -> datetime | None:
    """The app wants a proof newer than this (``prompt=login``, ``max_age``).

    Sessions that were revoked here are no reason: a new word of the provider is enough then.
    """
    request = interaction.authorize
    if request is None:
        return None
    if "login" in request.prompts:
        return interaction.created_at
    return None if request.max_age is None else interaction.created_at - timedelta(seconds=request.max_age)


def demands_of(kind: ProviderKind, interaction: Interaction) -> dict[str, str]:
    """Parameters of the authentication request (OpenID Connect Core section 3.1.2.1), in the provider's spelling."""
    request = interaction.authorize
    prompts = request.prompts if request is not None else ()
    another = interaction.facts.trouble == ANOTHER_ACCOUNT
    if "login" in prompts or (another and kind not in _SELECTING):
        return _again(kind)
    if another or "select_account" in prompts:
        return {"prompt": "select_account"} if kind in _SELECTING else {}
    if request is not None and request.max_age is not None and kind is not ProviderKind.FACEBOOK:
        return {"max_age": str(request.max_age)}
    return {}


def _again(kind: ProviderKind) -> dict[str, str]:
    """A session at the provider is not enough: whoever sits there proves it anew."""
    if kind is ProviderKind.FACEBOOK:
        return {"auth_type": "reauthenticate"}
    # Google knows no prompt=login; the account is chosen there again at least.
    return {"prompt": "select_account"} if kind is ProviderKind.GOOGLE else {"prompt": "login"}
