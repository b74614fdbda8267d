"""Refusals of signing oneself up. Said only to somebody who has proven an account."""

from __future__ import annotations

from xenia.core.errors.base import XeniaError


class SignUpRefused(XeniaError):
    """Somebody cannot become a guest by themselves; each subclass has its own page with a way on."""


class AddressHasAccount(SignUpRefused):
    """The proven mailbox belongs to a user who signs in another way. Never linked, never taken over."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"There is an account with {address} in this organization already. "
            "Sign in the way you did before; accounts are never joined by address alone."
        )
        self.address = address


class ProviderNotOffered(SignUpRefused):
    """An account of a provider that the user flow does not offer (any more)."""

    def __init__(self, provider: str) -> None:
        super().__init__(f"Accounts of {provider} cannot sign up here.")
        self.provider = provider


class MailboxNotProven(SignUpRefused):
    """Only certain domains are accepted, and the provider does not vouch for an address."""

    def __init__(self) -> None:
        super().__init__(
            "This organization accepts guests of certain domains only, and your provider does not vouch for an "
            "email address."
        )
