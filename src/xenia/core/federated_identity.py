"""Which federated identity credentials may be stored: trust in somebody else's tokens is entered without slips.

Limits are the published ones: name 3 to 120 letters, digits, ``-`` and ``_``; one audience; issuer and subject at
most 600 characters, unique together within the app; at most 20 per app.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from xenia.core.directory.application import FederatedIdentityCredential
from xenia.core.errors import Conflict, InvalidValue

DEFAULT_AUDIENCE = "api://AzureADTokenExchange"
MOST_PER_APPLICATION = 20
LONGEST = 600
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,119}")


def checked_federated(
    credential: FederatedIdentityCredential, others: Iterable[FederatedIdentityCredential]
) -> FederatedIdentityCredential:
    """The credential, fit to be stored beside *others* of the same app. Raises InvalidValue, Conflict."""
    if not _NAME.fullmatch(credential.name):
        raise InvalidValue(
            "name",
            "Use 3 to 120 letters, digits, hyphens and underscores for the name, beginning with a letter or a digit.",
        )
    _check_issuer(credential.issuer)
    if not _fits(credential.subject, LONGEST):
        raise InvalidValue(
            "subject", f"Enter the subject as the issuer writes it, at most {LONGEST} characters."
        )
    if len(credential.audiences) != 1 or not _fits(credential.audiences[0], LONGEST):
        raise InvalidValue("audiences", f"Enter exactly one audience; {DEFAULT_AUDIENCE} is the usual one.")
    if credential.description is not None and len(credential.description) > LONGEST:
        raise InvalidValue("description", f"A description has at most {LONGEST} characters.")
    _check_others(credential, [other for other in others if other.id != credential.id])
    return credential


def _check_issuer(issuer: str) -> None:
    """Its keys are fetched from there, so it is an https address; it is compared exactly, so nothing is trimmed."""
    if not _fits(issuer, LONGEST) or not _is_plain_https(issuer):
        raise InvalidValue(
            "issuer",
            "Enter the issuer exactly as its tokens name it: an https:// address without query and fragment, at most "
            f"{LONGEST} characters.",
        )


def _is_plain_https(address: str) -> bool:
    try:
        parts = urlsplit(address)
        has_place = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return has_place and not set("@?#\\") & set(address)


def _check_others(credential: FederatedIdentityCredential, others: list[FederatedIdentityCredential]) -> None:
    if len(others) >= MOST_PER_APPLICATION:
        raise InvalidValue(
            "name", f"An app has at most {MOST_PER_APPLICATION} federated credentials. Delete one first."
        )
    if any(other.name == credential.name for other in others):
        raise Conflict("name", f"FederatedIdentityCredential with name {credential.name} already exists.")
    if any((other.issuer, other.subject) == (credential.issuer, credential.subject) for other in others):
        raise Conflict(
            "subject",
            "FederatedIdentityCredential with the same issuer and subject already exists on this app.",
        )


def _fits(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isprintable() and text == text.strip()
