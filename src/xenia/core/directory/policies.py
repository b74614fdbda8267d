"""The tenant-wide policies as people change them: one block at a time, each by its own administrators.

All are kept in one document, but two administrators who change different blocks do not meet. Which state of a
block somebody saw is told by its *mark*, a fingerprint of its values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum

from xenia.core.directory.roles import (
    AUTHENTICATION_POLICY_ADMINISTRATOR,
    CONDITIONAL_ACCESS_ADMINISTRATOR,
    EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR,
    GLOBAL_ADMINISTRATOR,
    PRIVILEGED_ROLE_ADMINISTRATOR,
    SECURITY_ADMINISTRATOR,
    USER_FLOW_ADMINISTRATOR,
    DirectoryRole,
)
from xenia.core.directory.tenant import TenantPolicies
from xenia.core.errors import Conflict
from xenia.record import names_of, replace


class PolicyBlock(StrEnum):
    """What is changed, permitted and in conflict by itself."""

    AUTHORIZATION = "authorization"
    CONSENT = "consent"
    CONSENT_REQUESTS = "consent-requests"
    RESTRICTIONS = "restrictions"
    PASSCODE = "passcode"
    SIGN_UP = "sign-up"
    SECURITY_DEFAULTS = "security-defaults"
    OTHERS = "others"
    """Whatever is in none of the above."""


_FIELDS: dict[PolicyBlock, tuple[str, ...]] = {
    PolicyBlock.AUTHORIZATION: ("allow_invites_from", "guest_access", "members_may_register_apps"),
    PolicyBlock.CONSENT: ("user_consent",),
    PolicyBlock.CONSENT_REQUESTS: ("consent_requests",),
    PolicyBlock.RESTRICTIONS: ("domain_restrictions",),
    PolicyBlock.PASSCODE: ("email_passcode",),
    PolicyBlock.SIGN_UP: ("self_service_sign_up",),
    PolicyBlock.SECURITY_DEFAULTS: ("security_defaults",),
}
_NAMED = {name for names in _FIELDS.values() for name in names} | {"version"}
_FIELDS[PolicyBlock.OTHERS] = tuple(name for name in names_of(TenantPolicies) if name not in _NAMED)

_LESSER: dict[PolicyBlock, tuple[DirectoryRole, ...]] = {
    PolicyBlock.AUTHORIZATION: (PRIVILEGED_ROLE_ADMINISTRATOR,),
    PolicyBlock.CONSENT: (PRIVILEGED_ROLE_ADMINISTRATOR,),
    PolicyBlock.PASSCODE: (EXTERNAL_IDENTITY_PROVIDER_ADMINISTRATOR, AUTHENTICATION_POLICY_ADMINISTRATOR),
    PolicyBlock.SIGN_UP: (USER_FLOW_ADMINISTRATOR,),
    PolicyBlock.SECURITY_DEFAULTS: (CONDITIONAL_ACCESS_ADMINISTRATOR, SECURITY_ADMINISTRATOR),
}
"""Who may change a block besides Global Administrators (Microsoft Entra: least privileged roles by task)."""

Marks = Mapping[PolicyBlock, str]


def may_change(block: PolicyBlock) -> frozenset[str]:
    """Template ids of the roles that may change this block."""
    return frozenset(role.template_id for role in (GLOBAL_ADMINISTRATOR, *_LESSER.get(block, ())))


def marks_of(policies: TenantPolicies) -> dict[PolicyBlock, str]:
    """The mark of each block."""
    return {block: _mark(policies, block) for block in PolicyBlock}


def marks_text(policies: TenantPolicies) -> str:
    """All marks in one line, for a hidden field of a form."""
    return " ".join(f"{block}:{mark}" for block, mark in marks_of(policies).items())


def read_marks(text: str) -> dict[PolicyBlock, str]:
    """What a form brings back. A block that is missing or made up was not seen: changing it is a conflict."""
    found = dict(part.split(":", 1) for part in text[:1000].split() if ":" in part)
    return {block: found.get(block.value, "") for block in PolicyBlock}


def changed_blocks(before: TenantPolicies, after: TenantPolicies) -> tuple[PolicyBlock, ...]:
    """The blocks in which the two differ."""
    return tuple(block for block in PolicyBlock if _values(before, block) != _values(after, block))


def merged(stored: TenantPolicies, wanted: TenantPolicies, seen: Marks) -> TenantPolicies:
    """*stored* with those blocks of *wanted* that differ from what its author saw.

    Raises Conflict when somebody else changed such a block meanwhile, unless to the same values.
    """
    taken: dict[str, object] = {}
    for block in PolicyBlock:
        if _mark(wanted, block) == seen.get(block):
            continue
        if _mark(stored, block) != seen.get(block) and _values(stored, block) != _values(wanted, block):
            raise Conflict("version", "The settings were changed meanwhile. Reload them and try again.")
        taken |= _values(wanted, block)
    return replace(stored, **taken)  # type: ignore[arg-type]  # values of the record's own fields


def _values(policies: TenantPolicies, block: PolicyBlock) -> dict[str, object]:
    return {name: getattr(policies, name) for name in _FIELDS[block]}


def _mark(policies: TenantPolicies, block: PolicyBlock) -> str:
    # Equal values have equal representations: they are enumerations, numbers, texts and tuples of such.
    return hashlib.sha256(repr(_values(policies, block)).encode()).hexdigest()[:16]
