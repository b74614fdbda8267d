"""``POST /xenia/v1/invitations/{id}/redeem``: a guest's journey to its end, without the guest."""

from __future__ import annotations

from xenia.core.errors import NotFound
from xenia.core.ids import parse_guid
from xenia.ports import Ports
from xenia.usecases.tokens.scripted_sign_in import redeem_for_script
from xenia.web.http import HttpRequest, HttpResponse, json


class Redemption:
    """Handler of the call."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def redeem(self, request: HttpRequest) -> HttpResponse:
        """Accept in the guest's name; answers the invitation in the Graph's words.

        Raises NotFound, InvitationNotUsable, Conflict, and what the guest would have been refused with.
        """
        invitation_id = parse_guid(request.args["id"])
        if invitation_id is None:
            raise NotFound("Invitation", request.args["id"])
        invitation, user = redeem_for_script(self._ports, invitation_id)
        return json(
            {
                "id": invitation.id,
                "invitedUserEmailAddress": invitation.email,
                "inviteRedirectUrl": invitation.redirect_url,
                "status": invitation.status,
                "invitedUser": {
                    "id": user.id,
                    "userPrincipalName": user.user_principal_name,
                    "externalUserState": user.external_user_state,
                },
            },
            headers=(("Cache-Control", "no-store"),),
        )
