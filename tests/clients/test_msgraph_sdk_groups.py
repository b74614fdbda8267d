"""Groups by the Graph SDK for Python, unmodified, against a running server."""

from __future__ import annotations

import warnings
from typing import Any
from uuid import UUID

import pytest

from tests.clients.conftest import GROUPS, SECRET, SHOP, TENANT
from tests.clients.graph_sdk import run_with_client
from tests.support.running import RunningXenia

# Deprecations inside the SDK are not ours to answer for.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph import GraphServiceClient
    from msgraph.generated.groups.groups_request_builder import GroupsRequestBuilder
    from msgraph.generated.groups.item.members.graph_user.graph_user_request_builder import (
        GraphUserRequestBuilder,
    )
    from msgraph.generated.models.app_role_assignment import AppRoleAssignment
    from msgraph.generated.models.group import Group
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError
    from msgraph.generated.models.reference_create import ReferenceCreate
    from msgraph.generated.models.user import User
    from msgraph.generated.users.item.check_member_groups.check_member_groups_post_request_body import (
        CheckMemberGroupsPostRequestBody,
    )
    from msgraph.generated.users.item.get_member_groups.get_member_groups_post_request_body import (
        GetMemberGroupsPostRequestBody,
    )

pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]
_GROUP_QUERY = GroupsRequestBuilder.GroupsRequestBuilderGetQueryParameters
_USER_QUERY = GraphUserRequestBuilder.GraphUserRequestBuilderGetQueryParameters


async def _make(client: GraphServiceClient, name: str, **more: Any) -> Group:
    wanted = Group(
        display_name=name, mail_nickname=name.lower(), mail_enabled=False, security_enabled=True, **more
    )
    made = await client.groups.post(wanted)
    assert made is not None
    assert made.id
    return made


async def _id_of(client: GraphServiceClient, name: str) -> str:
    found = await client.users.by_user_id(f"{name}@contoso.onxenia.localhost").get()
    assert found is not None
    return found.id or ""


def test_groups_members_and_memberships(trusted: RunningXenia) -> None:
    async def work(client: GraphServiceClient) -> None:
        mia, admin = await _id_of(client, "mia"), await _id_of(client, "admin")
        bound = {"members@odata.bind": [f"{trusted.base}/v1.0/directoryObjects/{mia}"]}
        inner = await _make(client, "SdkInner", additional_data=bound)
        outer = await _make(client, "SdkOuter", description="Everybody")
        members = client.groups.by_group_id(outer.id or "").members
        await members.ref.post(ReferenceCreate(odata_id=f"{trusted.base}/v1.0/directoryObjects/{inner.id}"))
        await members.ref.post(ReferenceCreate(odata_id=f"{trusted.base}/v1.0/directoryObjects/{admin}"))
        listed = await members.get()
        assert listed is not None
        assert {type(item) for item in listed.value or []} == {User, Group}
        query = RequestConfiguration(query_parameters=_USER_QUERY(filter="userType eq 'Member'", count=True))
        query.headers.add("ConsistencyLevel", "eventual")
        people = await members.graph_user.get(query)
        assert people is not None
        assert (people.odata_count, [user.id for user in people.value or []]) == (1, [admin])
        deep = await client.groups.by_group_id(outer.id or "").transitive_members.get()
        assert {item.id for item in (deep.value if deep else None) or []} == {inner.id, admin, mia}
        above = await client.users.by_user_id(mia).transitive_member_of.graph_group.get()
        assert {item.display_name for item in (above.value if above else None) or []} == {
            "SdkInner",
            "SdkOuter",
        }
        user = client.users.by_user_id(mia)
        ids = await user.get_member_groups.post(GetMemberGroupsPostRequestBody(security_enabled_only=True))
        assert set((ids.value if ids else None) or []) == {inner.id, outer.id}
        asked = CheckMemberGroupsPostRequestBody(group_ids=[outer.id or ""])
        checked = await user.check_member_groups.post(asked)
        assert checked is not None
        assert checked.value == [outer.id]
        await members.by_directory_object_id(admin).ref.delete()
        with pytest.raises(ODataError) as twice:
            await members.ref.post(
                ReferenceCreate(odata_id=f"{trusted.base}/v1.0/directoryObjects/{inner.id}")
            )
        assert twice.value.error is not None
        assert "already exist for the following modified properties: 'members'" in (
            twice.value.error.message or ""
        )

    run_with_client(trusted, (TENANT, GROUPS, SECRET), work)


def test_a_group_is_found_changed_assigned_to_an_app_and_deleted(trusted: RunningXenia) -> None:
    async def work(client: GraphServiceClient) -> None:
        made = await _make(client, "SdkBuyers")
        query = RequestConfiguration(query_parameters=_GROUP_QUERY(search='"displayName:sdkbuy"', top=5))
        query.headers.add("ConsistencyLevel", "eventual")
        found = await client.groups.get(query)
        assert [group.id for group in (found.value if found else None) or []] == [made.id]
        group = client.groups.by_group_id(made.id or "")
        assert await group.patch(Group(description="Who buys")) is None
        read = await group.get()
        assert read is not None
        assert (read.description, read.group_types, read.security_enabled) == ("Who buys", [], True)
        shop = await client.service_principals_with_app_id(SHOP).get()
        assert shop is not None
        given = AppRoleAssignment(
            principal_id=UUID(made.id), resource_id=UUID(shop.id), app_role_id=UUID(int=0)
        )
        principal = client.service_principals.by_service_principal_id(shop.id or "")
        assigned = await principal.app_role_assigned_to.post(given)
        assert assigned is not None
        assert (assigned.principal_type, assigned.principal_display_name) == ("Group", "SdkBuyers")
        own = await group.app_role_assignments.get()
        assert [item.id for item in (own.value if own else None) or []] == [assigned.id]
        await principal.app_role_assigned_to.by_app_role_assignment_id(assigned.id or "").delete()
        await group.delete()
        with pytest.raises(ODataError) as gone:
            await group.get()
        assert gone.value.response_status_code == 404

    run_with_client(trusted, (TENANT, GROUPS, SECRET), work)
