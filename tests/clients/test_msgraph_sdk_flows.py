"""The documented samples of self-service sign-up, with the unmodified Graph SDK against a running server."""

from __future__ import annotations

import json
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.clients.conftest import FLOWS, READER, SECRET, TENANT
from tests.clients.graph_sdk import run_with_client
from tests.support.running import RunningXenia

# Deprecations inside the SDK are not ours to answer for.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph import GraphServiceClient
    from msgraph.generated.identity.b2x_user_flows.item.api_connector_configuration.api_connector_configuration_request_builder import (
        ApiConnectorConfigurationRequestBuilder,
    )
    from msgraph.generated.identity.b2x_user_flows.item.user_attribute_assignments.set_order.set_order_post_request_body import (
        SetOrderPostRequestBody,
    )
    from msgraph.generated.models.assignment_order import AssignmentOrder
    from msgraph.generated.models.authentication_attribute_collection_input_configuration import (
        AuthenticationAttributeCollectionInputConfiguration,
    )
    from msgraph.generated.models.authentication_attribute_collection_input_type import (
        AuthenticationAttributeCollectionInputType,
    )
    from msgraph.generated.models.authentication_attribute_collection_page import (
        AuthenticationAttributeCollectionPage,
    )
    from msgraph.generated.models.authentication_attribute_collection_page_view_configuration import (
        AuthenticationAttributeCollectionPageViewConfiguration,
    )
    from msgraph.generated.models.authentication_condition_application import (
        AuthenticationConditionApplication,
    )
    from msgraph.generated.models.authentication_conditions import AuthenticationConditions
    from msgraph.generated.models.authentication_conditions_applications import (
        AuthenticationConditionsApplications,
    )
    from msgraph.generated.models.authentication_flows_policy import AuthenticationFlowsPolicy
    from msgraph.generated.models.b2x_identity_user_flow import B2xIdentityUserFlow
    from msgraph.generated.models.basic_authentication import BasicAuthentication
    from msgraph.generated.models.built_in_identity_provider import BuiltInIdentityProvider
    from msgraph.generated.models.external_users_self_service_sign_up_events_flow import (
        ExternalUsersSelfServiceSignUpEventsFlow,
    )
    from msgraph.generated.models.identity_api_connector import IdentityApiConnector
    from msgraph.generated.models.identity_built_in_user_flow_attribute import (
        IdentityBuiltInUserFlowAttribute,
    )
    from msgraph.generated.models.identity_provider import IdentityProvider
    from msgraph.generated.models.identity_user_flow_attribute import IdentityUserFlowAttribute
    from msgraph.generated.models.identity_user_flow_attribute_assignment import (
        IdentityUserFlowAttributeAssignment,
    )
    from msgraph.generated.models.identity_user_flow_attribute_data_type import (
        IdentityUserFlowAttributeDataType,
    )
    from msgraph.generated.models.identity_user_flow_attribute_input_type import (
        IdentityUserFlowAttributeInputType,
    )
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError
    from msgraph.generated.models.object_identity import ObjectIdentity
    from msgraph.generated.models.on_attribute_collection_external_users_self_service_sign_up import (
        OnAttributeCollectionExternalUsersSelfServiceSignUp,
    )
    from msgraph.generated.models.on_authentication_method_load_start_external_users_self_service_sign_up import (
        OnAuthenticationMethodLoadStartExternalUsersSelfServiceSignUp,
    )
    from msgraph.generated.models.on_interactive_auth_flow_start_external_users_self_service_sign_up import (
        OnInteractiveAuthFlowStartExternalUsersSelfServiceSignUp,
    )
    from msgraph.generated.models.reference_create import ReferenceCreate
    from msgraph.generated.models.reference_update import ReferenceUpdate
    from msgraph.generated.models.self_service_sign_up_authentication_flow_configuration import (
        SelfServiceSignUpAuthenticationFlowConfiguration,
    )
    from msgraph.generated.models.social_identity_provider import SocialIdentityProvider
    from msgraph.generated.models.user import User
    from msgraph.generated.models.user_flow_language_configuration import UserFlowLanguageConfiguration
    from msgraph.generated.models.user_flow_type import UserFlowType

pytestmark = [pytest.mark.clients, pytest.mark.filterwarnings("ignore")]


def _run(server: RunningXenia, work: Callable[[GraphServiceClient], Awaitable[Any]]) -> Any:
    return run_with_client(server, (TENANT, FLOWS, SECRET), work)


def test_a_provider_is_set_up(trusted: RunningXenia) -> None:
    async def work(client: GraphServiceClient) -> None:
        made = await client.identity.identity_providers.post(
            SocialIdentityProvider(
                odata_type="microsoft.graph.socialIdentityProvider",
                display_name="Login with Google",
                identity_provider_type="Google",
                client_id="4711.apps.googleusercontent.example",
                client_secret="s3cr3t",
            )
        )
        assert isinstance(made, SocialIdentityProvider)
        assert (made.id, made.client_secret) == ("Google-OAUTH", "******")
        item = client.identity.identity_providers.by_identity_provider_base_id("Google-OAUTH")
        change = SocialIdentityProvider(
            odata_type="#microsoft.graph.socialIdentityProvider", client_secret="another"
        )
        assert await item.patch(change) is None
        listed = await client.identity.identity_providers.get()
        assert listed is not None
        assert [type(found) for found in listed.value or []] == [
            BuiltInIdentityProvider,
            BuiltInIdentityProvider,
            BuiltInIdentityProvider,
            SocialIdentityProvider,
        ]
        types = await client.identity.identity_providers.available_provider_types.get()
        assert types is not None
        assert "Google" in (types.value or [])
        await item.delete()
        with pytest.raises(ODataError) as gone:
            await item.get()
        assert gone.value.response_status_code == 404

    _run(trusted, work)


async def _connector(client: GraphServiceClient) -> str:
    made = await client.identity.api_connectors.post(
        IdentityApiConnector(
            display_name="Test API",
            target_url="https://someapi.contoso.example/api",
            authentication_configuration=BasicAuthentication(
                odata_type="#microsoft.graph.basicAuthentication",
                username="MyUsername",
                password="MyPassword",
            ),
        )
    )
    assert made is not None
    assert isinstance(made.authentication_configuration, BasicAuthentication)
    assert made.authentication_configuration.password == "******"
    return made.id or ""


async def _attribute(client: GraphServiceClient, name: str) -> str:
    made = await client.identity.user_flow_attributes.post(
        IdentityUserFlowAttribute(
            display_name=name,
            description=f"Your {name}",
            data_type=IdentityUserFlowAttributeDataType.String,
        )
    )
    assert made is not None
    assert (made.id or "").startswith("extension_")
    return made.id or ""


def test_a_user_flow_with_everything_below_it(trusted: RunningXenia) -> None:
    async def work(client: GraphServiceClient) -> None:
        connector, hobby = await _connector(client), await _attribute(client, "Hobby")
        made = await client.identity.b2x_user_flows.post(
            B2xIdentityUserFlow(
                id="UserFlowWithProviders",
                user_flow_type=UserFlowType.SignUpOrSignIn,
                user_flow_type_version=1,
                identity_providers=[
                    IdentityProvider(
                        id="EmailOtpSignup-OAUTH", type="EmailOTP", name="Email One Time Passcode"
                    )
                ],
            )
        )
        assert made is not None
        assert made.id == "B2X_1_UserFlowWithProviders"
        assert made.user_flow_type is UserFlowType.SignUpOrSignIn
        flow = client.identity.b2x_user_flows.by_b2x_identity_user_flow_id(made.id)
        for attribute, kind in (("city", "TextBox"), (hobby, "TextBox")):
            assigned = await flow.user_attribute_assignments.post(
                IdentityUserFlowAttributeAssignment(
                    is_optional=False,
                    requires_verification=False,
                    user_input_type=getattr(IdentityUserFlowAttributeInputType, kind),
                    display_name=attribute,
                    user_attribute_values=[],
                    user_attribute=IdentityUserFlowAttribute(id=attribute),
                )
            )
            assert assigned is not None
            assert assigned.user_input_type is IdentityUserFlowAttributeInputType.TextBox
        order = AssignmentOrder(order=[hobby, "City"])
        body = SetOrderPostRequestBody(new_assignment_order=order)
        assert await flow.user_attribute_assignments.set_order.post(body) is None
        told = await flow.user_attribute_assignments.get_order.get()
        assert told is not None
        assert told.order == [hobby, "city"]
        providers = await flow.user_flow_identity_providers.get()
        assert providers is not None
        assert [found.id for found in providers.value or []] == ["AADSignup-OAUTH", "EmailOtpSignup-OAUTH"]
        url = f"{trusted.base}/v1.0/identity/identityProviders/EmailOtpSignup-OAUTH"
        item = flow.user_flow_identity_providers.by_identity_provider_base_id("EmailOtpSignup-OAUTH")
        assert await item.ref.delete() is None
        assert await flow.user_flow_identity_providers.ref.post(ReferenceCreate(odata_id=url)) is None
        reference = ReferenceUpdate(odata_id=f"{trusted.base}/v1.0/identity/apiConnectors/{connector}")
        hook = flow.api_connector_configuration.post_attribute_collection
        assert await hook.ref.put(reference) is None
        query = (
            ApiConnectorConfigurationRequestBuilder.ApiConnectorConfigurationRequestBuilderGetQueryParameters(
                expand=["postFederationSignup", "postAttributeCollection"]
            )
        )
        hooks = await flow.api_connector_configuration.get(RequestConfiguration(query_parameters=query))
        assert hooks is not None
        assert hooks.post_federation_signup is None
        assert hooks.post_attribute_collection is not None
        assert hooks.post_attribute_collection.display_name == "Test API"
        await flow.delete()

    _run(trusted, work)


def test_the_languages_of_a_flow(trusted: RunningXenia) -> None:
    async def work(client: GraphServiceClient) -> None:
        made = await client.identity.b2x_user_flows.post(B2xIdentityUserFlow(id="Languages"))
        assert made is not None
        flow = client.identity.b2x_user_flows.by_b2x_identity_user_flow_id(made.id or "")
        listed = await flow.languages.get()
        assert listed is not None
        assert len(listed.value or []) == 36
        greek = flow.languages.by_user_flow_language_configuration_id("el")
        assert await greek.patch(UserFlowLanguageConfiguration(is_enabled=False)) is None
        told = await greek.get()
        assert told is not None
        assert (told.display_name, told.is_enabled) == ("Greek", False)
        pages = await greek.default_pages.get()
        assert pages is not None
        assert [page.id for page in pages.value or []] == ["idpselections", "attributecollection"]
        page = greek.overrides_pages.by_user_flow_language_page_id("attributecollection")
        defaults = greek.default_pages.by_user_flow_language_page_id("attributecollection")
        document = json.loads(await defaults.content.get() or b"")
        heading = next(each for each in document["LocalizedStrings"] if each["StringId"] == "heading")
        heading.update(Override=True, Value="Στοιχεία")
        await page.content.put(json.dumps(document).encode())
        assert json.loads(await page.content.get() or b"")["LocalizedStrings"] == [heading]
        with pytest.raises(ODataError) as refused:
            await page.content.put(b"{}}")
        assert refused.value.response_status_code == 400
        await page.delete()
        assert json.loads(await page.content.get() or b"")["LocalizedStrings"] == []
        await flow.delete()

    _run(trusted, work)


def test_an_events_flow_and_its_application(trusted: RunningXenia) -> None:
    async def work(client: GraphServiceClient) -> None:
        view = AuthenticationAttributeCollectionPageViewConfiguration(
            inputs=[
                AuthenticationAttributeCollectionInputConfiguration(
                    attribute="city",
                    label="City",
                    input_type=AuthenticationAttributeCollectionInputType.Text,
                    hidden=False,
                    editable=True,
                    write_to_directory=True,
                    required=True,
                    validation_reg_ex="^.+$",
                )
            ]
        )
        apps = AuthenticationConditionsApplications(
            include_applications=[AuthenticationConditionApplication(app_id=READER)]
        )
        made = await client.identity.authentication_events_flows.post(
            ExternalUsersSelfServiceSignUpEventsFlow(
                odata_type="#microsoft.graph.externalUsersSelfServiceSignUpEventsFlow",
                display_name="Woodgrove Drive User Flow",
                conditions=AuthenticationConditions(applications=apps),
                on_authentication_method_load_start=OnAuthenticationMethodLoadStartExternalUsersSelfServiceSignUp(
                    odata_type=(
                        "#microsoft.graph.onAuthenticationMethodLoadStartExternalUsersSelfServiceSignUp"
                    ),
                    identity_providers=[
                        BuiltInIdentityProvider(
                            odata_type="#microsoft.graph.builtInIdentityProvider", id="EmailOtpSignup-OAUTH"
                        )
                    ],
                ),
                on_interactive_auth_flow_start=OnInteractiveAuthFlowStartExternalUsersSelfServiceSignUp(
                    odata_type="#microsoft.graph.onInteractiveAuthFlowStartExternalUsersSelfServiceSignUp",
                    is_sign_up_allowed=True,
                ),
                on_attribute_collection=OnAttributeCollectionExternalUsersSelfServiceSignUp(
                    odata_type="#microsoft.graph.onAttributeCollectionExternalUsersSelfServiceSignUp",
                    attributes=[
                        IdentityBuiltInUserFlowAttribute(
                            odata_type="#microsoft.graph.identityBuiltInUserFlowAttribute",
                            id="city",
                            display_name="City",
                        )
                    ],
                    attribute_collection_page=AuthenticationAttributeCollectionPage(views=[view]),
                ),
            )
        )
        assert isinstance(made, ExternalUsersSelfServiceSignUpEventsFlow)
        assert isinstance(made.on_attribute_collection, OnAttributeCollectionExternalUsersSelfServiceSignUp)
        page = made.on_attribute_collection.attribute_collection_page
        assert page is not None
        assert page.views is not None
        assert [item.attribute for item in page.views[0].inputs or []] == ["city"]
        flow = client.identity.authentication_events_flows.by_authentication_events_flow_id(made.id or "")
        included = flow.conditions.applications.include_applications
        served = await included.get()
        assert served is not None
        assert [app.app_id for app in served.value or []] == [READER]
        await included.by_authentication_condition_application_app_id(READER).delete()
        added = await included.post(AuthenticationConditionApplication(app_id=READER))
        assert added is not None
        assert added.app_id == READER
        cast = flow.graph_external_users_self_service_sign_up_events_flow
        handler = cast.on_authentication_method_load_start
        specific = handler.graph_on_authentication_method_load_start_external_users_self_service_sign_up
        providers = await specific.identity_providers.get()
        assert providers is not None
        assert [found.id for found in providers.value or []] == ["AADSignup-OAUTH", "EmailOtpSignup-OAUTH"]
        same = await client.identity.b2x_user_flows.by_b2x_identity_user_flow_id(made.id or "").get()
        assert same is not None
        assert same.id == "B2X_1_Woodgrove_Drive_User_Flow"
        await flow.delete()

    _run(trusted, work)


def test_the_switch_and_an_approved_guest(trusted: RunningXenia) -> None:
    async def work(client: GraphServiceClient) -> None:
        policy = client.policies.authentication_flows_policy
        for is_enabled in (True, False):
            wanted = SelfServiceSignUpAuthenticationFlowConfiguration(is_enabled=is_enabled)
            assert await policy.patch(AuthenticationFlowsPolicy(self_service_sign_up=wanted)) is None
            told = await policy.get()
            assert told is not None
            assert told.self_service_sign_up is not None
            assert told.self_service_sign_up.is_enabled is is_enabled
        mail = "johnsmith@fabrikam.example"
        made = await client.users.post(
            User(
                account_enabled=True,
                display_name="John Smith",
                user_principal_name="johnsmith_fabrikam.example#EXT@contoso.onxenia.localhost",
                mail=mail,
                user_type="Guest",
                identities=[ObjectIdentity(sign_in_type="federated", issuer="mail", issuer_assigned_id=mail)],
            )
        )
        assert made is not None
        assert made.mail == mail

    _run(trusted, work)


def test_refusals_arrive_with_code_and_message(trusted: RunningXenia) -> None:
    async def work(client: GraphServiceClient) -> None:
        with pytest.raises(ODataError) as refused:
            await client.identity.b2x_user_flows.get()
        assert refused.value.response_status_code == 403
        assert refused.value.error is not None
        assert refused.value.error.code == "AccessDenied"

    run_with_client(trusted, (TENANT, READER, SECRET), work)
