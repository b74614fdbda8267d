"""The invitation mail as data: which facts it holds, in which language, and who gets it.

Owns the choice of facts; wording and looks belong to the mail renderer. Both the preview and the mail that
is sent come from here, so they cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from xenia.core.directory.tenant import Tenant
from xenia.core.ids import ObjectId
from xenia.core.invitation import Invitation
from xenia.core.mail import Mail, MailKind
from xenia.core.signin.facts import Realm
from xenia.ports import Ports, Transaction
from xenia.usecases.invitations.redemption_ticket import redeem_url


def invitation_mail(
    ports: Ports,
    tenant: Tenant,
    realm: Realm,
    invitation: Invitation,
    preferred_language: str | None,
    apps: tuple[str, ...],
) -> Mail:
    """The mail that carries this invitation. An app that invites is not named as a person: the organization invites."""
    inviter = (invitation.inviter_name or "") if invitation.inviter_id is not None else ""
    return Mail(
        kind=MailKind.INVITATION,
        to=invitation.email,
        cc=None if invitation.cc is None else invitation.cc.address,
        reply_to=invitation.inviter_mail,
        language=mail_language(invitation.message_language, preferred_language, tenant),
        subject_of=invitation.id,
        data={
            "tenant_name": tenant.display_name,
            "tenant_domain": tenant.default_domain,
            "inviter_name": inviter,
            "inviter_address": (invitation.inviter_mail or "") if inviter else "",
            "invited_address": invitation.email,
            "cc_name": "" if invitation.cc is None else invitation.cc.name or "",
            "apps": ", ".join(apps),
            "landing": urlsplit(invitation.redirect_url).netloc,
            "message": invitation.message_body or "",
            "redeem_url": redeem_url(ports, invitation),
            "way": "passcode" if realm is Realm.EMAIL_PASSCODE else "account",
            "privacy_url": tenant.privacy_statement_url or "",
            "terms_url": tenant.terms_url or "",
            "contact": tenant.privacy_contact or tenant.technical_contact or "",
        },
    )


def mail_language(asked: str | None, preferred: str | None, tenant: Tenant) -> str:
    """First match wins: what the inviter chose, the guest's preference, the tenant's notification language."""
    return asked or preferred or tenant.notification_language or "en-US"


def app_names(
    tx: Transaction, user_id: ObjectId | None, added: Iterable[tuple[ObjectId, str]] = ()
) -> tuple[str, ...]:
    """Display names of the apps the guest may open, with those about to be assigned, in order of name."""
    held = () if user_id is None else tx.applications.assignments_held(user_id)
    ids = {assignment.resource_id for assignment in held} | {principal_id for principal_id, _ in added}
    principals = (tx.applications.find_service_principal(principal_id) for principal_id in ids)
    return tuple(sorted({principal.display_name for principal in principals if principal is not None}))
