"""The redemption link of an invitation: how its ticket is derived, written into a URL and read again.

Owns both URL forms and the ticket. A ticket is a keyed MAC over tenant, invitation and generation and is
never stored: the link of one invitation stays the same however often it is mailed, and dies with its
generation. Must not change anything: opening a link is not redeeming it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from xenia.core.errors import InvitationNotUsable
from xenia.core.ids import TenantId, parse_guid
from xenia.core.invitation import Invitation
from xenia.ports import Ports, Transaction
from xenia.record import Record

_PURPOSE = "redemption-ticket"
_TICKET = re.compile(r"[A-Za-z0-9_-]{20,128}")
_LONGEST_LINK = 2048


class RedeemLink(Record):
    """What a redemption link says; nothing of it is believed before ``find_invitation`` has checked it."""

    tenant_id: TenantId
    invitation_id: str
    ticket: str


def ticket_of(ports: Ports, invitation: Invitation) -> str:
    """The ticket of this invitation in its present generation."""
    return ports.sealer.mac(_PURPOSE, invitation.tenant_id, invitation.id, str(invitation.generation))


def redeem_url(ports: Ports, invitation: Invitation) -> str:
    """The link that goes into mails and API answers (``inviteRedeemUrl``).

    ``{base}/redeem?rd=`` followed by the encoded inner link, as clients of the invitation API know it.
    """
    base = ports.server.base_url
    query = urlencode(
        {
            "tenant": invitation.tenant_id,
            "user": invitation.id,
            "ticket": ticket_of(ports, invitation),
            "ver": "2.0",
        }
    )
    return f"{base}/redeem?rd={quote(f'{base}/redeem/?{query}', safe='')}"


def parse_redeem_query(query: Mapping[str, str]) -> RedeemLink:
    """Read the query string of ``/redeem`` in either form: ``rd=`` (current) or ``tenant=&user=&ticket=``.

    Of the inner URL only the query counts. Its host is never followed, so a forged ``rd`` redirects
    nobody anywhere. Raises InvitationNotUsable.
    """
    inner = query.get("rd")
    values = dict(query)
    if inner is not None:
        if len(inner) > _LONGEST_LINK:
            raise InvitationNotUsable(detail="link too long")
        try:
            values = dict(parse_qsl(urlsplit(inner).query, max_num_fields=20))
        except ValueError:
            raise InvitationNotUsable(detail="malformed link") from None
    tenant_id, invitation_id = parse_guid(values.get("tenant")), parse_guid(values.get("user"))
    ticket = values.get("ticket", "")
    if tenant_id is None or invitation_id is None or not _TICKET.fullmatch(ticket):
        raise InvitationNotUsable(detail="incomplete link")
    return RedeemLink(tenant_id, invitation_id, ticket)


def find_invitation(
    ports: Ports, tx: Transaction, tenant_id: TenantId, invitation_id: str, ticket: str
) -> Invitation:
    """The invitation a link stands for, before or after it was accepted.

    Whether the guest is blocked or the domain refused by now is not asked here. Raises InvitationNotUsable
    for a link that is unknown, forged, withdrawn, replaced, of another tenant or of a deleted user: one answer
    for all, and the same work, so that links cannot be probed.
    """
    bound = tx.tenant_id == tenant_id
    invitation = tx.invitations.find(invitation_id) if bound else None
    generation = invitation.generation if invitation is not None else 0
    expected = ports.sealer.mac(_PURPOSE, tenant_id, invitation_id, str(generation))
    genuine = ports.sealer.same(expected, ticket)
    if invitation is None or not genuine:
        raise InvitationNotUsable(detail="unknown invitation or wrong ticket")
    if not invitation.is_usable:
        raise InvitationNotUsable(detail="withdrawn or replaced")
    if tx.users.find(invitation.user_id) is None:
        raise InvitationNotUsable(detail="the invited user was deleted")
    return invitation
