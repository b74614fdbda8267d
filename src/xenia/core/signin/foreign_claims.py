"""What a provider says about a person, in our words. Pure: the claims were checked before.

Claim names are data of the provider. Whatever is malformed, too long or not of the expected type is
passed over: a provider may not put more into the directory than a person could type.
"""

from __future__ import annotations

from collections.abc import Mapping

from xenia.core.addresses import address_key, domain_of, parse_address
from xenia.core.directory.identity_provider import (
    ClaimMapping,
    ExternalAccount,
    IdentityProvider,
    ProviderKind,
)
from xenia.core.directory.provider_defaults import default_provider

_LONGEST = 256
_ENTRA = (ProviderKind.ENTRA, ProviderKind.ENTRA_TENANT)
_ENTRA_ADDRESSES = ("preferred_username", "upn", "email")
"""Claims in which a tenant names its people; believed for its own domains only."""
_NAMES = {ProviderKind.GOOGLE: "google.com", ProviderKind.FACEBOOK: "facebook.com", ProviderKind.MICROSOFT_ACCOUNT: "live.com"}  # fmt: skip
_ATTRIBUTES = (
    ("displayName", "display_name"),
    ("givenName", "given_name"),
    ("surname", "surname"),
    ("streetAddress", "street_address"),
    ("city", "city"),
    ("state", "state"),
    ("postalCode", "postal_code"),
    ("country", "country"),
)
"""User attributes and the fields of the claim mapping they come from."""


class AccountRefused(Exception):
    """The account is none this provider may speak for; ``args[0]`` is the reason's key, ``args[1]`` for operators."""


def idp_of(provider: IdentityProvider) -> str:
    """The ``idp`` claim of accounts there: the social providers' names, else the issuer."""
    return _NAMES.get(provider.kind, provider.issuer)


def claim(claims: Mapping[str, object], name: str) -> object:
    """The claim of this name; ``address.locality`` looks inside (OpenID Connect Core section 5.1.1).

    A claim that really has dots in its name comes first: URLs are usual names.
    """
    if name in claims:
        return claims[name]
    head, _, rest = name.partition(".")
    inner = claims.get(head)
    return claim(inner, rest) if rest and isinstance(inner, dict) else None


def account_of(
    provider: IdentityProvider, idp: str, claims: Mapping[str, object], *, login: str | None
) -> ExternalAccount:
    """Who somebody is there. *login*: the address they came with, preferred among those the provider vouches for.

    Raises AccountRefused without a usable subject, and for a tenant's guest: only the home speaks for a person.
    """
    names = provider.claims
    subject = _subject(claim(claims, _subject_name(provider.kind, names)))
    if not subject:
        raise AccountRefused("subject", "no usable subject claim")
    if provider.kind in _ENTRA and claims.get("idp") not in (None, idp, provider.issuer):
        raise AccountRefused("not-home", "the account is a guest there itself")
    email, verified = _address(provider, claims, login)
    attributes = tuple(
        (attribute, value)
        for attribute, field in _ATTRIBUTES
        if (value := _text(claim(claims, getattr(names, field))))
    )
    return ExternalAccount(provider.id, provider.kind, idp, subject, email, verified, attributes)


def _subject_name(kind: ProviderKind, names: ClaimMapping) -> str:
    # ``sub`` of these differs for every client; ``oid`` stays when the client is registered anew.
    return "oid" if kind in _ENTRA and names.subject == "sub" else names.subject


def _address(
    provider: IdentityProvider, claims: Mapping[str, object], login: str | None
) -> tuple[str | None, bool]:
    """The mail address of the account, and whether the provider may vouch for it.

    A tenant is believed for the domains that are its own. Other providers say ``email_verified``; where they
    do not say, the domains an administrator entered count, and those that are known to be the provider's own.
    Facebook never vouches: it forwards what was typed.
    """
    names = provider.claims
    claimed = [names.email, *(_ENTRA_ADDRESSES if provider.kind in _ENTRA else ())]
    addresses = [found for name in claimed if (found := _mailbox(claim(claims, name)))]
    if not addresses:
        return None, False
    vouched = [address for address in addresses if _vouches(provider, claims, address)]
    wanted = [found for found in vouched if login is not None and address_key(found) == address_key(login)]
    if wanted or vouched:
        return (wanted or vouched)[0], True
    return addresses[0], False


def _vouches(provider: IdentityProvider, claims: Mapping[str, object], address: str) -> bool:
    if provider.kind is ProviderKind.FACEBOOK:
        return False
    listed = domain_of(address) in (*provider.domains, *default_provider(provider.kind).domains)
    if provider.kind in _ENTRA:
        return listed
    said = claim(claims, provider.claims.email_verified)
    return said is True or said == "true" or (said is None and listed)


def _mailbox(value: object) -> str | None:
    return parse_address(value) if isinstance(value, str) else None


def _subject(value: object) -> str:
    """As it was sent, nothing trimmed or folded: two spellings are two people. Facebook and others send numbers."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text if isinstance(text, str) and len(text) < _LONGEST and text.isprintable() else ""


def _text(value: object) -> str:
    """A short line of text; everything else is nothing."""
    if not isinstance(value, str):
        return ""
    text = value.strip()
    return text if len(text) <= _LONGEST and text.isprintable() else ""
