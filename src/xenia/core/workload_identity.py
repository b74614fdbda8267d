"""Federated identity credentials: which outside token proves which application. Pure; signatures are checked elsewhere.

An application says whose tokens it trusts by issuer, subject and audience, all compared exactly, capitals included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xenia.core.directory.application import FederatedIdentityCredential
from xenia.core.errors import ClientAssertionInvalid

ALGORITHMS = ("RS256",)


def is_from_outside(claims: Mapping[str, object]) -> bool:
    """Whether an assertion names an OpenID Connect issuer; what a client signs itself names its client ID."""
    issuer = claims.get("iss")
    return isinstance(issuer, str) and "://" in issuer


def trusted_issuer(
    held: Iterable[FederatedIdentityCredential], claims: Mapping[str, object]
) -> tuple[FederatedIdentityCredential, ...]:
    """The credentials that trust the issuer of an assertion; nobody else's keys are asked for.

    Raises ClientAssertionInvalid (``no-federation``, ``federated-issuer``).
    """
    credentials = tuple(held)
    if not credentials:
        raise ClientAssertionInvalid(
            "no-federation",
            "No matching federated identity record found for presented assertion: the application has none.",
        )
    issuer = claims.get("iss")
    found = tuple(credential for credential in credentials if credential.issuer == issuer)
    if not found:
        raise _no_match("federated-issuer", "issuer", issuer)
    return found


def check_federated(
    trusted: Iterable[FederatedIdentityCredential], claims: Mapping[str, object]
) -> FederatedIdentityCredential:
    """The credential that a proven assertion matches, with subject and audience.

    Raises ClientAssertionInvalid (``federated-subject``, ``federated-audience``).
    """
    subject, named = claims.get("sub"), claims.get("aud")
    audiences = named if isinstance(named, list) else [named]
    of_subject = tuple(credential for credential in trusted if credential.subject == subject)
    if not of_subject:
        raise _no_match("federated-subject", "subject", subject)
    found = next(
        (each for each in of_subject if any(audience in audiences for audience in each.audiences)), None
    )
    if found is None:
        raise _no_match("federated-audience", "audience", audiences[0] if audiences else None)
    return found


def _no_match(reason: str, what: str, value: object) -> ClientAssertionInvalid:
    """What a stranger sent is repeated short and on one line."""
    shown = ascii(value)[1:-1][:200] if isinstance(value, str) else ""
    return ClientAssertionInvalid(
        reason,
        f"No matching federated identity record found for presented assertion {what} '{shown}'. Check your federated "
        "identity credential Subject, Audience and Issuer against the presented assertion.",
    )
