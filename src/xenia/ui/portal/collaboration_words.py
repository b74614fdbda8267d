"""Collaboration settings in words: the field's own labels, letter for letter, and sentences about what they do."""

from __future__ import annotations

from xenia.core.directory.tenant import DomainRule, GuestAccess, InvitesFrom, TenantPolicies
from xenia.ui.portal.desk import Visit
from xenia.usecases.tenants.collaboration_impact import RefusedGuests

GUEST_ACCESS: tuple[tuple[str, str], ...] = (
    (
        GuestAccess.SAME_AS_MEMBERS.value,
        "Guest users have the same access as members (most inclusive)",
    ),
    (
        GuestAccess.LIMITED.value,
        "Guest users have limited access to properties and memberships of directory objects",
    ),
    (
        GuestAccess.RESTRICTED.value,
        (
            "Guest user access is restricted to properties and memberships of their own directory objects "
            "(most restrictive)"
        ),
    ),
)
INVITES_FROM: tuple[tuple[str, str], ...] = (
    (
        InvitesFrom.EVERYONE.value,
        "Anyone in the organization can invite guest users including guests and non-admins (most inclusive)",
    ),
    (
        InvitesFrom.MEMBERS.value,
        (
            "Member users and users assigned to specific admin roles can invite guest users including guests "
            "with member permissions"
        ),
    ),
    (
        InvitesFrom.ADMINS.value,
        "Only users assigned to specific admin roles can invite guest users",
    ),
    (
        InvitesFrom.NONE.value,
        "No one in the organization can invite guest users including admins (most restrictive)",
    ),
)
RESTRICTIONS: tuple[tuple[str, str], ...] = (
    (DomainRule.ANY.value, "Allow invitations to be sent to any domain (most inclusive)"),
    (DomainRule.DENY.value, "Deny invitations to the specified domains"),
    (DomainRule.ALLOW.value, "Allow invitations only to the specified domains (most restrictive)"),
)
YES_NO: tuple[tuple[str, str], ...] = (("yes", "Yes"), ("no", "No"))


def choices(words: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    """Options of a group of radio buttons."""
    return [{"value": value, "text": text} for value, text in words]


def names_of(refused: RefusedGuests) -> list[str]:
    """Who is meant, and how many more."""
    names = [f"{user.display_name} ({user.mail or user.user_principal_name})" for user in refused.named]
    others = refused.count - len(names)
    return [*names, f"and {others} more"] if others else names


def settings_findings(visit: Visit, policies: TenantPolicies) -> list[dict[str, str]]:
    """The settings that rule collaboration, one sentence each, with the page that changes them."""
    settings = visit.url("external-identities/collaboration-settings")
    closed = policies.allow_invites_from is InvitesFrom.NONE
    rules = policies.domain_restrictions
    found = [
        _line("info", dict(GUEST_ACCESS)[policies.guest_access] + ".", settings),
        _line("warn" if closed else "ok", dict(INVITES_FROM)[policies.allow_invites_from] + ".", settings),
        _line("info" if rules.rule != DomainRule.ANY else "ok", _restriction(policies), settings),
    ]
    flows = visit.url("external-identities/user-flows")
    if policies.self_service_sign_up:
        found.append(_line("ok", "Guests may sign themselves up where an app has a user flow.", flows))
    else:
        found.append(_line("info", "Self-service sign-up is off: guests come by invitation only.", settings))
    providers = visit.url("external-identities/identity-providers/email-passcode")
    if policies.email_passcode_enabled:
        found.append(_line("ok", "Guests sign in with codes sent to their mailbox.", providers))
    else:
        text = "Email one-time passcode is off: guests without another identity provider cannot sign in."
        found.append(_line("bad", text, providers))
    if not visit.tenant.privacy_statement_url:
        text = "There is no privacy statement. Guests are told so before they accept."
        found.append(_line("warn", text, visit.url("properties")))
    return found


def _restriction(policies: TenantPolicies) -> str:
    rules = policies.domain_restrictions
    label = dict(RESTRICTIONS)[rules.rule]
    if rules.rule is DomainRule.ANY:
        return f"{label}."
    listed = rules.denied if rules.rule is DomainRule.DENY else rules.allowed
    more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
    return f"{label}: {', '.join(listed[:5]) or 'none'}{more}."


def _line(kind: str, text: str, url: str) -> dict[str, str]:
    return {"kind": kind, "text": text, "url": url, "action": "Change"}
