"""The Graph SDK for Python with azure-identity, unmodified, against a running server."""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.clients.conftest import INVITER, READER, SECRET, TENANT
from tests.clients.graph_sdk import run_with_client
from tests.support.running import RunningXenia

# Deprecations inside the SDK are not ours to answer for.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph import GraphServiceClient
    from msgraph.generated.models.invitation import Invitation
    from msgraph.generated.models.invited_user_message_info import InvitedUserMessageInfo
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError
    from msgraph.generated.models.reference_create import ReferenceCreate
    from msgraph.generated.models.user import User
    from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
    from msgraph.generated.users.users_request_builder import UsersRequestBuilder
    from msgraph_core.tasks.page_iterator import PageIterator

pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]


def _run(server: RunningXenia, client_id: str, work: Callable[[GraphServiceClient], Awaitable[Any]]) -> Any:
    return run_with_client(server, (TENANT, client_id, SECRET), work)


def _order(address: str, **more: Any) -> Invitation:
    return Invitation(
        invited_user_email_address=address,
        invite_redirect_url="https://portal.contoso.example/welcome",
        **more,
    )


def test_an_invitation_is_sent_and_the_guest_is_there(trusted: RunningXenia) -> None:
    async def work(client: GraphServiceClient) -> None:
        info = InvitedUserMessageInfo(customized_message_body="Please join.", message_language="en-US")
        sent = await client.invitations.post(
            _order(
                "maria.keller@nordwind.example",
                invited_user_display_name="Maria Keller",
                send_invitation_message=True,
                invited_user_message_info=info,
            )
        )
        assert sent is not None
        assert sent.invited_user is not None
        assert sent.status == "PendingAcceptance"
        assert (sent.invite_redeem_url or "").startswith(trusted.base)
        guest_id = sent.invited_user.id or ""
        select = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters(
            select=["id", "mail", "userPrincipalName", "externalUserState", "createdDateTime", "identities"]
        )
        guest = await client.users.by_user_id(guest_id).get(RequestConfiguration(query_parameters=select))
        assert guest is not None
        assert (guest.mail, guest.external_user_state) == (
            "maria.keller@nordwind.example",
            "PendingAcceptance",
        )
        by_name = await client.users.by_user_id(guest.user_principal_name or "").get()
        assert by_name is not None
        assert by_name.id == guest_id
        assert await client.users.by_user_id(guest_id).patch(User(company_name="Nordwind")) is None

    _run(trusted, INVITER, work)


def test_users_are_filtered_counted_and_paged(trusted: RunningXenia) -> None:
    async def work(client: GraphServiceClient) -> None:
        for number in range(7):
            await client.invitations.post(_order(f"paged{number}@fabrikam.example"))
        query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
            filter="userType eq 'Guest' and endsWith(mail,'@fabrikam.example')",
            select=["id", "displayName"],
            count=True,
            top=3,
        )
        asked = RequestConfiguration(query_parameters=query)
        asked.headers.add("ConsistencyLevel", "eventual")
        first = await client.users.get(asked)
        assert first is not None
        assert (first.odata_count, len(first.value or [])) == (7, 3)
        seen: list[str] = []
        pages = PageIterator(first, client.request_adapter)
        await pages.iterate(lambda user: seen.append(user.display_name) is None)
        assert sorted(seen) == [f"paged{number}" for number in range(7)]
        headers = RequestConfiguration()
        headers.headers.add("ConsistencyLevel", "eventual")
        assert (await client.users.count.get(headers) or 0) >= 8

    _run(trusted, INVITER, work)


def test_a_sponsor_is_set_by_reference(trusted: RunningXenia) -> None:
    async def work(client: GraphServiceClient) -> None:
        sent = await client.invitations.post(_order("sponsored@nordwind.example"))
        assert sent is not None
        assert sent.invited_user is not None
        admin = await client.users.by_user_id("admin@contoso.onxenia.localhost").get()
        assert admin is not None
        sponsors = client.users.by_user_id(sent.invited_user.id or "").sponsors
        await sponsors.ref.post(ReferenceCreate(odata_id=f"{trusted.base}/v1.0/users/{admin.id}"))
        listed = await sponsors.get()
        assert listed is not None
        assert [type(item) for item in listed.value or []] == [User]
        await sponsors.by_directory_object_id(admin.id or "").ref.delete()
        emptied = await sponsors.get()
        assert emptied is not None
        assert emptied.value == []

    _run(trusted, INVITER, work)


def test_refusals_arrive_with_code_and_message(trusted: RunningXenia) -> None:
    async def work(client: GraphServiceClient) -> None:
        with pytest.raises(ODataError) as refused:
            await client.invitations.post(_order("x@nordwind.example"))
        assert refused.value.response_status_code == 403
        assert refused.value.error is not None
        assert refused.value.error.code == "Authorization_RequestDenied"
        assert refused.value.error.message == "Insufficient privileges to complete the operation."
        assert refused.value.error.inner_error is not None
        with pytest.raises(ODataError) as missing:
            await client.users.by_user_id("00000000-1111-4222-8333-444444444444").get()
        assert missing.value.response_status_code == 404
        assert missing.value.error is not None
        assert missing.value.error.code == "Request_ResourceNotFound"
        with pytest.raises(ODataError) as personal:
            await client.me.get()
        assert personal.value.response_status_code == 400

    _run(trusted, READER, work)
