"""What an invitation would do, before it is sent: the checks' findings and the mail as it will look.

Owns nothing of its own: findings come from ``invitation_rules`` and the mail from ``invitation_mail``, the
same functions that ``invite_guest`` uses. Must not write.
"""

from __future__ import annotations

from xenia.core.actor import Actor
from xenia.core.errors import NotFound
from xenia.core.mail import RenderedMail
from xenia.ports import Ports, ServerInfo, Transaction
from xenia.record import replace
from xenia.usecases.federation.partner import partner_of
from xenia.usecases.invitations.invitation_mail import app_names, invitation_mail
from xenia.usecases.invitations.invitation_order import (
    Finding,
    InvitationOrder,
    checked_address,
    checked_fields,
    drafted,
)
from xenia.usecases.invitations.invitation_rules import Plan, judge
from xenia.usecases.sign_in.realm import at_home, realm_of

PREVIEW_ID = "00000000-0000-0000-0000-000000000000"
"""Stands for the ids that only a real invitation has. Its link opens nothing."""
_PLACEHOLDER_ADDRESS = "guest@example.com"


def preflight(ports: Ports, actor: Actor, order: InvitationOrder) -> tuple[Finding, ...]:
    """*Will this be allowed?* The first bad finding is exactly the refusal of ``invite_guest``; none means it succeeds.

    Raises NotFound for an unknown tenant only.
    """
    with ports.store.read(actor.tenant_id) as tx:
        verdict = judge(tx, actor, order)
        if verdict.plan is None:
            return verdict.findings
        return verdict.findings + _outlook(ports.server, tx, verdict.plan)


def preview_invitation(ports: Ports, actor: Actor, order: InvitationOrder) -> RenderedMail:
    """The mail of this order as it would be sent now, but for its ids and ticket.

    An empty address is filled by a placeholder, so that the form has a preview from the start.
    Raises InvalidValue.
    """
    now = ports.clock.now()
    if not order.email.strip():
        order = replace(order, email=_PLACEHOLDER_ADDRESS)
    with ports.store.read(actor.tenant_id) as tx:
        tenant = tx.tenants.find(actor.tenant_id)
        if tenant is None:
            raise NotFound("Tenant", actor.tenant_id)
        policies = tx.tenants.policies(tenant.id)
        order = checked_fields(checked_address(order, allow_plus=policies.allow_plus_addresses))
        # Only the inviter who is allowed to invite learns from the preview what the guest's language is.
        plan = judge(tx, actor, order).plan
        user = plan.user if plan is not None else None
        preferred = order.properties.get("preferred_language") if user is None else user.preferred_language
        invitation = drafted(order, actor, PREVIEW_ID, PREVIEW_ID, now)
        apps = app_names(tx, None if user is None else user.id, order.app_assignments)
        realm = realm_of(tx, tenant, order.email).realm
        mail = invitation_mail(ports, tenant, realm, invitation, preferred, apps)
    return ports.preview.render(mail, PREVIEW_ID, now)


def _outlook(server: ServerInfo, tx: Transaction, plan: Plan) -> tuple[Finding, ...]:
    """What is allowed but worth knowing: how the guest gets in, what the mail says, where it goes."""
    findings = [_way_in(server, tx, plan)]
    if plan.policies.security_defaults:
        findings.append(
            Finding(
                "info",
                "Security defaults are on: the guest sets up an authenticator app.",
                "security-defaults",
            )
        )
    if not plan.tenant.privacy_statement_url:
        findings.append(
            Finding(
                "warn", "No privacy statement is set: the mail and the guest's page say so.", "properties"
            )
        )
    findings.extend(_where_the_mail_goes(server, plan.order))
    return tuple(findings)


def _way_in(server: ServerInfo, tx: Transaction, plan: Plan) -> Finding:
    providers = "external-identities/identity-providers"
    facts = at_home(tx, plan.tenant, plan.order.email)
    partner = partner_of(tx, plan.tenant, facts, None, server.at(server.base_url))
    if partner is not None:
        return Finding("info", f"{plan.order.email} signs in at {partner.display_name}.", providers)
    if plan.policies.email_passcode_enabled:
        return Finding("info", f"{plan.order.email} signs in with a code sent to that mailbox.", providers)
    return Finding(
        "warn",
        f"Email one-time passcode is off: {plan.order.email} has no way to sign in at present.",
        providers,
    )


def _where_the_mail_goes(server: ServerInfo, order: InvitationOrder) -> list[Finding]:
    if not order.send_message:
        return [
            Finding("info", "No mail is sent. Copy the link from the next page and hand it over yourself.")
        ]
    if not server.mail_leaves:
        return [Finding("info", "The mail stays on this server: read it in the mailbox.")]
    if server.is_loopback:
        return [
            Finding(
                "warn",
                f"Links start with {server.base_url} and open on this computer only. "
                "Start the server with a public URL to reach other people.",
            )
        ]
    return [Finding("info", f"The mail goes to {order.email} at once.")]
