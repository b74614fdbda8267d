"""POST /invitations as clients of the original know it: members, texts and codes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.graph_calls import BASE, GraphWorld
from xenia.core.directory.roles import GUEST_INVITER
from xenia.core.directory.tenant import DomainRestrictions, DomainRule, InvitesFrom
from xenia.ports import Transaction

ORDER: dict[str, Any] = {
    "invitedUserEmailAddress": "maria.keller@nordwind.example",
    "inviteRedirectUrl": "https://portal.contoso.example/welcome",
}


def _policies(world: GraphWorld, **changes: Any) -> None:
    from dataclasses import replace

    def work(tx: Transaction) -> None:
        stored = tx.tenants.policies(world.tenant_id)
        tx.tenants.replace_policies(world.tenant_id, replace(stored, **changes))

    world.ports.store.write(None, work)


def test_the_answer_has_every_member_also_without_a_message(world: GraphWorld) -> None:
    answer = world.call("POST", "invitations", ORDER)
    assert answer.status == 201, answer.body
    body = answer.body
    assert body["@odata.context"] == f"{BASE}/v1.0/$metadata#invitations/$entity"
    assert answer.header("Location") == f"{BASE}/v1.0/invitations/{body['id']}"
    assert body["invitedUserMessageInfo"] == {
        "messageLanguage": None,
        "customizedMessageBody": None,
        "ccRecipients": [{"emailAddress": {"name": None, "address": None}}],
    }
    assert {
        name: body[name] for name in ("invitedUserType", "sendInvitationMessage", "resetRedemption", "status")
    } == {
        "invitedUserType": "Guest",
        "sendInvitationMessage": False,
        "resetRedemption": False,
        "status": "PendingAcceptance",
    }
    assert body["inviteRedeemUrl"].startswith(BASE)
    assert set(body["invitedUser"]) == {"id"}
    assert set(body) == {
        *("@odata.context", "id", "inviteRedeemUrl", "invitedUserDisplayName", "invitedUserType"),
        *(
            "invitedUserEmailAddress",
            "sendInvitationMessage",
            "resetRedemption",
            "inviteRedirectUrl",
            "status",
        ),
        *("invitedUserMessageInfo", "invitedUser"),
    }
    guest = world.user(body["invitedUser"]["id"])
    assert guest
    assert guest.is_guest


def test_message_cc_and_sponsors_arrive(world: GraphWorld) -> None:
    sponsor = world.add("sam")
    answer = world.call(
        "POST",
        "invitations",
        {
            **ORDER,
            "@odata.type": "#microsoft.graph.invitation",
            "invitedUserDisplayName": "Maria Keller",
            "sendInvitationMessage": True,
            "invitedUserMessageInfo": {
                "messageLanguage": "de-DE",
                "customizedMessageBody": "Please join project Gletscher.",
                "ccRecipients": [{"emailAddress": {"name": "Sam Host", "address": "sam@contoso.example"}}],
            },
            "invitedUserSponsors@odata.bind": [f"{BASE}/v1.0/users/{sponsor.id}"],
        },
    )
    assert answer.status == 201, answer.body
    assert answer.body["invitedUserDisplayName"] == "Maria Keller"
    info = answer.body["invitedUserMessageInfo"]
    assert info["ccRecipients"][0]["emailAddress"]["address"] == "sam@contoso.example"
    user_id = answer.body["invitedUser"]["id"]
    assert [item["id"] for item in world.get(f"users/{user_id}/sponsors").body["value"]] == [sponsor.id]
    with world.ports.store.read(world.tenant_id) as tx:
        assert len(tx.outbox.of_subject(answer.body["id"])) == 1


def test_inviting_again_keeps_the_user(world: GraphWorld) -> None:
    first = world.call("POST", "invitations", ORDER).body["invitedUser"]
    assert world.call("POST", "invitations", ORDER).body["invitedUser"] == first


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"invitedUserEmailAddress": None}, "A value is required for property 'invitedUserEmailAddress'"),
        ({"inviteRedirectUrl": None}, "A value is required for property 'inviteRedirectUrl'"),
        (
            {"invitedUserEmailAddress": "no address"},
            "Invalid value specified for property 'invitedUserEmailAddress'",
        ),
        (
            {"inviteRedirectUrl": "javascript:alert(1)"},
            "Invalid value specified for property 'inviteRedirectUrl'",
        ),
        ({"invitedUserType": "Admin"}, "Invalid value specified for property 'invitedUserType'"),
        ({"sendInvitationMessage": "yes"}, "Invalid value specified for property 'sendInvitationMessage'"),
        ({"invitedUserMessageInfo": []}, "Invalid value specified for property 'invitedUserMessageInfo'"),
        ({"surprise": 1}, "Property 'surprise' does not exist"),
        (
            {"invitedUserEmailAddress": "x@contoso.onxenia.localhost"},
            "This user cannot be invited because the domain of the user's email address is a verified domain of this directory",
        ),
    ],
)
def test_wrong_orders_are_bad_requests(world: GraphWorld, change: dict[str, object], words: str) -> None:
    sent = {name: value for name, value in {**ORDER, **change}.items() if value is not None}
    answer = world.call("POST", "invitations", sent)
    assert (answer.status, answer.code) == (400, "BadRequest")
    assert words in answer.message
    assert answer.body["error"]["innerError"]["request-id"] == answer.header("request-id")


def test_the_object_id_of_somebody_known_can_be_parsed(world: GraphWorld) -> None:
    known = world.add("maria", guest=True, account_enabled=False)
    answer = world.call("POST", "invitations", {**ORDER, "invitedUserEmailAddress": known.mail})
    assert (answer.status, answer.code) == (400, "BadRequest")
    told = answer.message.partition("object ID: ")[2]
    assert told.partition(",")[0] == known.id
    assert "blocked from signing in" in answer.message


def test_a_reset_needs_the_right_and_a_known_address(world: GraphWorld) -> None:
    known = world.add("maria", guest=True)
    reset = {**ORDER, "resetRedemption": True, "invitedUser": {"id": known.id}}
    unknown = world.call("POST", "invitations", reset)
    assert (unknown.status, unknown.code) == (400, "BadRequest")
    assert "you\u2019re using" in unknown.message
    assert "doesn\u2019t match any emails on the user object" in unknown.message
    reset["invitedUserEmailAddress"] = known.mail
    app = world.token(None, "User.Invite.All")
    refused = world.call("POST", "invitations", reset, token=app)
    assert (refused.status, refused.code) == (403, "Forbidden")
    assert refused.message == "Generic authorization exception."
    assert world.call("POST", "invitations", reset).body["invitedUser"] == {"id": known.id}


def test_the_guest_invite_setting_binds_apps_too(world: GraphWorld) -> None:
    _policies(world, allow_invites_from=InvitesFrom.ADMINS)
    app = world.token(None, "User.Invite.All")
    answer = world.call("POST", "invitations", ORDER, token=app)
    assert (answer.status, answer.code) == (403, "Forbidden")
    assert answer.message == (
        "Guest invitations not allowed for your company. Contact your company administrator for more details."
    )
    inviter = world.token(world.add("ines", GUEST_INVITER), "User.Invite.All")
    assert world.call("POST", "invitations", ORDER, token=inviter).status == 201


def test_without_the_scope_it_is_denied(world: GraphWorld) -> None:
    answer = world.call("POST", "invitations", ORDER, token=world.token(None, "User.Read.All"))
    assert (answer.status, answer.code) == (403, "Authorization_RequestDenied")


def test_a_refused_domain_is_told(world: GraphWorld) -> None:
    _policies(world, domain_restrictions=DomainRestrictions(DomainRule.DENY, denied=("nordwind.example",)))
    answer = world.call("POST", "invitations", ORDER)
    assert (answer.status, answer.code) == (400, "BadRequest")
    assert "nordwind.example" in answer.message


def test_invitations_are_not_listed(world: GraphWorld) -> None:
    answer = world.get("invitations")
    assert (answer.status, answer.header("Allow")) == (405, "POST")
