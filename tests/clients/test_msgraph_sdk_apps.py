"""App registrations by the unmodified Graph SDK for Python, in the steps of the published samples."""

from __future__ import annotations

import uuid
import warnings
from typing import Any

import pytest

from tests.clients.conftest import REGISTRAR, SECRET, TENANT
from tests.clients.graph_sdk import run_with_client
from tests.support.running import RunningXenia

# Deprecations inside the SDK are not ours to answer for.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from msgraph import GraphServiceClient
    from msgraph.generated.applications.item.add_password.add_password_post_request_body import (
        AddPasswordPostRequestBody,
    )
    from msgraph.generated.models.api_application import ApiApplication
    from msgraph.generated.models.app_role import AppRole
    from msgraph.generated.models.application import Application
    from msgraph.generated.models.federated_identity_credential import FederatedIdentityCredential
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError
    from msgraph.generated.models.password_credential import PasswordCredential
    from msgraph.generated.models.permission_scope import PermissionScope
    from msgraph.generated.models.service_principal import ServicePrincipal

pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]


async def _registers(client: GraphServiceClient) -> Any:
    made = await client.applications.post(
        Application(display_name="Orders API", sign_in_audience="AzureADMyOrg")
    )
    assert made is not None
    item = client.applications.by_application_id(made.id or "")
    scope = PermissionScope(
        id=uuid.uuid4(),
        value="orders.read",
        type="User",
        is_enabled=True,
        admin_consent_display_name="Read orders",
        admin_consent_description="Reads all orders.",
    )
    role = AppRole(
        id=uuid.uuid4(),
        value="Orders.Approve",
        display_name="Approver",
        description="Approves orders.",
        allowed_member_types=["User", "Application"],
        is_enabled=True,
    )
    change = Application(
        identifier_uris=[f"api://{made.app_id}"],
        api=ApiApplication(oauth2_permission_scopes=[scope], requested_access_token_version=2),
        app_roles=[role],
    )
    await item.patch(change)
    return made, item


def test_an_api_is_registered_with_everything_it_needs(trusted: RunningXenia) -> None:
    async def work(client: GraphServiceClient) -> None:
        made, item = await _registers(client)
        told = await item.get()
        assert told is not None
        assert told.api is not None
        assert [each.value for each in told.api.oauth2_permission_scopes or []] == ["orders.read"]
        assert [each.value for each in told.app_roles or []] == ["Orders.Approve"]
        wanted = AddPasswordPostRequestBody(password_credential=PasswordCredential(display_name="ci"))
        secret = await item.add_password.post(wanted)
        assert secret is not None
        assert (secret.secret_text or "").startswith(secret.hint or "none")
        trust = FederatedIdentityCredential(
            name="pipeline",
            issuer="https://token.actions.githubusercontent.com",
            subject="repo:contoso/orders:ref:refs/heads/main",
            audiences=["api://AzureADTokenExchange"],
        )
        federated = await item.federated_identity_credentials.post(trust)
        assert federated is not None
        assert federated.subject == trust.subject
        principal = await client.service_principals.post(ServicePrincipal(app_id=made.app_id))
        assert principal is not None
        assert [each.value for each in principal.app_roles or []] == ["Orders.Approve"]
        found = await client.applications_with_app_id(made.app_id).get()
        assert found is not None
        assert found.id == made.id
        with pytest.raises(ODataError) as refused:
            await item.patch(Application(app_roles=[]))
        assert refused.value.error is not None
        assert refused.value.error.code == "CannotDeleteOrUpdateEnabledEntitlement"
        await item.delete()
        with pytest.raises(ODataError):
            await item.get()

    run_with_client(trusted, (TENANT, REGISTRAR, SECRET), work)
