"""What can go wrong at another identity provider. People read words of the page; these are for apps and logs."""

from __future__ import annotations

from xenia.core.errors.requests import ProtocolError


class ProviderFailed(ProtocolError):
    """Another identity provider did not prove who somebody is."""

    words = "There is an issue with the federated identity provider '{provider}'."

    def __init__(self, provider: str, *, detail: str = "") -> None:
        super().__init__(self.words.format(provider=provider), detail=detail)
        self.provider = provider


class ProviderDeclined(ProviderFailed):
    """The person pressed Cancel at the other provider, or it refused them."""

    words = "Access was denied at the identity provider '{provider}'."


class ProviderDown(ProviderFailed):
    """The other provider cannot be reached, is too slow, or too much is waiting for it."""

    words = "The identity provider '{provider}' did not answer. Try again in a minute."


class ProviderCodeRefused(ProviderFailed):
    """The other provider did not accept our client, or the code it gave itself."""

    words = "The identity provider '{provider}' did not redeem its authorization code."


class ProviderTokenRefused(ProviderFailed):
    """The other provider's ID token or profile says something that it must not say."""

    words = "The answer of the identity provider '{provider}' is not acceptable."


class ProviderIssuerWrong(ProviderTokenRefused):
    """The other provider calls itself otherwise than an administrator entered."""

    words = "The requested federation realm object does not exist: '{provider}' names another issuer."
