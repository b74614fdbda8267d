"""Plausible records of a tenant for the storage tests; keyword arguments override attributes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from xenia.core.api_connector import (
    ApiConnector,
    ConnectorAuthentication,
    ConnectorCall,
    ConnectorCertificate,
)
from xenia.core.audit import AuditRecord, AuthenticationStep, Change, SignInRecord, Target
from xenia.core.codes import AuthorizationCode, TokenFamily
from xenia.core.consent_request import ConsentAsker, ConsentRequest
from xenia.core.credentials import AuthenticatorApp, EmailPasscode, PasswordCredential
from xenia.core.device_code import DEVICE_CODE_LIFETIME, DeviceCode
from xenia.core.directory.application import (
    Application,
    AppRole,
    AppRoleAssignment,
    Certificate,
    ClientSecret,
    DelegatedGrant,
    FederatedIdentityCredential,
    Platform,
    RedirectUri,
    Scope,
    ServicePrincipal,
)
from xenia.core.directory.group import Group
from xenia.core.directory.identity_provider import (
    ClaimMapping,
    ExternalAccount,
    IdentityProvider,
    ProviderKind,
)
from xenia.core.directory.signing_key import AppSigningKey
from xenia.core.directory.tenant import Domain, Tenant, TenantPolicies
from xenia.core.directory.user import Identity, User, UserType
from xenia.core.invitation import CcRecipient, Invitation
from xenia.core.logout import LogoutNotice
from xenia.core.mail import CapturedMail, Mail, MailKind
from xenia.core.refresh_token import REFRESH_IDLE, RefreshToken
from xenia.core.session import PortalSession, Session, SessionAccount
from xenia.core.sign_up import SignUpEvent, SignUpRequest, Stage
from xenia.core.signin.facts import Factor, Facts, Proof
from xenia.core.signin.federation import Federation
from xenia.core.signin.interaction import Interaction
from xenia.core.signin.request import AuthorizeRequest
from xenia.core.user_attributes import AttributeKind, DataType, UserAttribute
from xenia.core.user_flow import (
    AttributeAssignment,
    Choice,
    FlowLanguage,
    Hook,
    InputType,
    OwnOption,
    OwnText,
    PageText,
    UserFlow,
)
from xenia.storage.store import SqlStore

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONTOSO = "11111111-0000-4000-8000-000000000001"
FABRIKAM = "22222222-0000-4000-8000-000000000002"
MIA = "aaaaaaaa-0000-4000-8000-000000000001"
ADMIN = "aaaaaaaa-0000-4000-8000-000000000002"
PROOF = Proof("email_passcode", Factor.FIRST, NOW, ("otp",), "mail", "mia@example.com")


def tenant(tenant_id: str = CONTOSO, name: str = "contoso", **changes: Any) -> Tenant:
    made = Tenant(
        id=tenant_id,
        display_name=name.title(),
        domains=(
            Domain(f"{name}.onxenia.localhost", is_initial=True),
            Domain(f"{name}.com", is_default=True),
        ),
        created_at=NOW,
        subject_salt="00ff",
    )
    return replace(made, **changes)


def add_tenants(store: SqlStore) -> None:
    store.write(None, lambda tx: tx.tenants.add(tenant(), TenantPolicies()))
    store.write(None, lambda tx: tx.tenants.add(tenant(FABRIKAM, "fabrikam"), TenantPolicies()))


def user(user_id: str = MIA, tenant_id: str = CONTOSO, name: str = "mia", **changes: Any) -> User:
    made = User(
        id=user_id,
        tenant_id=tenant_id,
        user_principal_name=f"{name}_example.com#EXT#@contoso.onxenia.localhost",
        display_name=name.title(),
        user_type=UserType.GUEST,
        created_at=NOW,
        mail=f"{name}@example.com",
        identities=(Identity("federated", "mail", f"{name}@example.com"),),
    )
    return replace(made, **changes)


def application(object_id: str = "app-object", app_id: str = "app-id", **changes: Any) -> Application:
    made = Application(
        id=object_id,
        tenant_id=CONTOSO,
        app_id=app_id,
        display_name="Orders",
        created_at=NOW,
        redirect_uris=(RedirectUri("https://orders.example.com/in", Platform.WEB),),
        identifier_uris=(f"api://{app_id}",),
        scopes=(Scope("scope-id", "read"),),
        app_roles=(AppRole("role-id", "Reader", "Reader"),),
        optional_claims={"idToken": [{"name": "email", "essential": False}]},
    )
    return replace(made, **changes)


def principal(object_id: str = "sp-object", app_id: str = "app-id", **changes: Any) -> ServicePrincipal:
    made = ServicePrincipal(object_id, CONTOSO, app_id, "Orders", CONTOSO, NOW)
    return replace(made, **changes)


def app_key(kid: str = "app-key-1", tenant_id: str = CONTOSO) -> AppSigningKey:
    """A key of the service principal ``sp-object``."""
    ends = NOW + HOUR
    names = ("key-1", tenant_id, "sp-object", "app-id", "RS256", "CN=Own")
    return AppSigningKey(kid, *names, "sealed", b"\x00\xff", "AB", NOW, ends)


def group(group_id: str = "group-1", tenant_id: str = CONTOSO, **changes: Any) -> Group:
    made = Group(group_id, tenant_id, group_id.title(), group_id, NOW)
    return replace(made, **changes)


def secret(key_id: str = "secret-1", application_id: str = "app-object") -> ClientSecret:
    return ClientSecret(key_id, application_id, "ci", "abc", "hash", NOW, NOW + HOUR)


def certificate(key_id: str = "cert-1", application_id: str = "app-object") -> Certificate:
    return Certificate(key_id, application_id, "ci", b"\x00\x01\xff", "aa", "bb", NOW, NOW + HOUR)


def federated(
    credential_id: str = "fic-1", application_id: str = "app-object", **changes: Any
) -> FederatedIdentityCredential:
    made = FederatedIdentityCredential(
        credential_id,
        application_id,
        "pipeline",
        "https://issuer.example.com",
        "repo:Contoso/orders",
        ("api://AzureADTokenExchange",),
    )
    return replace(made, **changes)


def assignment(assignment_id: str = "as-1", **changes: Any) -> AppRoleAssignment:
    return replace(AppRoleAssignment(assignment_id, MIA, "User", "sp-object", "role-id", NOW), **changes)


def grant(grant_id: str = "gr-1", **changes: Any) -> DelegatedGrant:
    made = DelegatedGrant(grant_id, "sp-object", "AllPrincipals", None, "sp-object", ("read",))
    return replace(made, **changes)


def invitation(invitation_id: str = "inv-1", tenant_id: str = CONTOSO, **changes: Any) -> Invitation:
    made = Invitation(
        id=invitation_id,
        tenant_id=tenant_id,
        user_id=MIA,
        email="mia@example.com",
        redirect_url="https://orders.example.com/",
        created_at=NOW,
        generation=1,
        cc=CcRecipient(None, "boss@example.com"),
    )
    return replace(made, **changes)


def password(user_id: str = MIA, hashed: str = "$argon2id$x") -> PasswordCredential:
    return PasswordCredential(user_id, hashed, NOW)


def authenticator(app_id: str = "totp-1", tenant_id: str = CONTOSO) -> AuthenticatorApp:
    return AuthenticatorApp(app_id, tenant_id, MIA, "Phone", "sealed", NOW)


def interaction(interaction_id: str = "ctx-1", tenant_id: str = CONTOSO, **changes: Any) -> Interaction:
    made = Interaction(
        id=interaction_id,
        tenant_id=tenant_id,
        browser_hash="browser",
        authorize=AuthorizeRequest(
            "app-id", "https://orders.example.com/in", Platform.WEB, ("code",), "query", ("openid",)
        ),
        redeem=None,
        correlation_id="corr",
        created_at=NOW,
        expires_at=NOW + HOUR,
    )
    return replace(made, **changes)


def facts() -> Facts:
    return Facts(login="mia@example.com", user_id=MIA, proofs=(PROOF,))


def session(secret_hash: str = "session-1", tenant_id: str = CONTOSO, user_id: str = MIA) -> Session:
    account = SessionAccount(user_id, "mia@example.com", "Mia", "sid-1", (PROOF,), NOW)
    return Session(secret_hash, tenant_id, NOW, NOW + HOUR, (account,))


def portal_session(
    secret_hash: str = "portal-1", tenant_id: str = CONTOSO, sid: str = "sid-1"
) -> PortalSession:
    return PortalSession(secret_hash, tenant_id, MIA, "portal", sid, NOW, NOW + HOUR)


def passcode(passcode_id: str = "pc-1", tenant_id: str = CONTOSO, **changes: Any) -> EmailPasscode:
    made = EmailPasscode(
        passcode_id, tenant_id, "ctx-1", "mia@example.com", "hash", NOW, NOW + timedelta(minutes=30)
    )
    return replace(made, **changes)


def code(
    code_hash: str = "code-1", tenant_id: str = CONTOSO, family_id: str = "family-1"
) -> AuthorizationCode:
    return AuthorizationCode(
        code_hash=code_hash,
        tenant_id=tenant_id,
        app_id="app-id",
        user_id=MIA,
        family_id=family_id,
        redirect_uri="https://orders.example.com/in",
        platform=Platform.WEB,
        scopes=("openid",),
        issued_at=NOW,
        expires_at=NOW + timedelta(minutes=10),
        sid="sid-1",
        proofs=(PROOF,),
        auth_time=NOW,
    )


def family(family_id: str = "family-1", tenant_id: str = CONTOSO) -> TokenFamily:
    return TokenFamily(family_id, tenant_id, MIA, "app-id", "sid-1", NOW, proofs=(PROOF,))


def refresh_token(token_hash: str = "refresh-1", tenant_id: str = CONTOSO, **changes: Any) -> RefreshToken:
    made = RefreshToken(
        token_hash=token_hash,
        tenant_id=tenant_id,
        app_id="app-id",
        user_id=MIA,
        family_id="family-1",
        platform=Platform.PUBLIC,
        scopes=("openid", "offline_access"),
        issued_at=NOW,
        expires_at=NOW + REFRESH_IDLE,
        signed_in_at=NOW,
        sid="sid-1",
        proofs=(PROOF,),
    )
    return replace(made, **changes)


def logout_notice(notice_id: str = "notice-1", tenant_id: str = CONTOSO, **changes: Any) -> LogoutNotice:
    made = LogoutNotice(
        id=notice_id,
        tenant_id=tenant_id,
        app_id="app-id",
        user_id=MIA,
        uri="https://orders.example.com/back",
        issuer="https://login.test/contoso/v2.0",
        subject="subject-1",
        sid="sid-1",
        created_at=NOW,
        next_attempt_at=NOW,
    )
    return replace(made, **changes)


def device_code(code_hash: str = "device-1", tenant_id: str = CONTOSO, **changes: Any) -> DeviceCode:
    made = DeviceCode(
        code_hash=code_hash,
        user_code_hash=f"user-{code_hash}",
        tenant_id=tenant_id,
        app_id="app-id",
        scopes=("openid",),
        created_at=NOW,
        expires_at=NOW + DEVICE_CODE_LIFETIME,
        ip_address="192.0.2.4",
    )
    return replace(made, **changes)


def audit(record_id: str = "audit-1", tenant_id: str = CONTOSO, **changes: Any) -> AuditRecord:
    made = AuditRecord(
        id=record_id,
        tenant_id=tenant_id,
        at=NOW,
        activity="Invite external user",
        category="UserManagement",
        service="Invited Users",
        operation="Add",
        result="success",
        correlation_id="corr",
        initiated_by_user=ADMIN,
        targets=(Target(MIA, "User", "Mia", None, (Change("mail", None, '"mia"'),)),),
        details=(("invitationId", "inv-1"),),
    )
    return replace(made, **changes)


def sign_in(record_id: str = "sign-in-1", tenant_id: str = CONTOSO, **changes: Any) -> SignInRecord:
    made = SignInRecord(
        id=record_id,
        tenant_id=tenant_id,
        at=NOW,
        correlation_id="corr",
        app_id="app-id",
        app_name="Orders",
        error_code=0,
        user_id=MIA,
        steps=(AuthenticationStep("Email one-time passcode", NOW, succeeded=True, detail="ok"),),
    )
    return replace(made, **changes)


def mail(dedupe_key: str = "", subject_of: str | None = "inv-1") -> Mail:
    return Mail(
        MailKind.INVITATION, "mia@example.com", "en-US", {}, dedupe_key=dedupe_key, subject_of=subject_of
    )


def captured(mail_id: str = "mail-1", **changes: Any) -> CapturedMail:
    made = CapturedMail(
        id=mail_id,
        tenant_id=CONTOSO,
        kind="invitation",
        received_at=NOW,
        sender="Contoso <noreply@contoso.com>",
        recipients=("mia@example.com", "boss@example.com"),
        subject="Élodie invited you",
        html="<p>Hi</p>",
        text="Hi\x00there",
        source=b"From: x\r\n\xff",
    )
    return replace(made, **changes)


def provider(provider_id: str = "Google-OAUTH", tenant_id: str = CONTOSO, **changes: Any) -> IdentityProvider:
    made = IdentityProvider(
        id=provider_id,
        tenant_id=tenant_id,
        kind=ProviderKind.GOOGLE,
        display_name="Google",
        created_at=NOW,
        client_id="client",
        sealed_secret="sealed",
        claims=ClaimMapping(email="mail"),
        domains=("gmail.example",),
    )
    return replace(made, **changes)


def user_flow(name: str = "Partners", tenant_id: str = CONTOSO, **changes: Any) -> UserFlow:
    made = UserFlow(
        id=f"B2X_1_{name}",
        tenant_id=tenant_id,
        created_at=NOW,
        provider_ids=("Google-OAUTH", "EmailOtpSignup-OAUTH"),
        languages=(
            FlowLanguage(
                "el",
                is_enabled=False,
                texts=(OwnText("attributecollection", "DisplayName", "Πόλη <b>", "city"),),
                options=(OwnOption("city", "a", "Ένα"),),
            ),
        ),
        attributes=(
            AttributeAssignment("city", "City"),
            AttributeAssignment(
                "extension_0_Size", "Size", InputType.RADIO, choices=(Choice("S", "s", is_default=True),)
            ),
            AttributeAssignment("extension_0_News", "News", InputType.CHECKBOXES, default=True),
        ),
        connectors={Hook.BEFORE_CREATION: "connector-1"},
        text=PageText(intro="Welcome"),
    )
    return replace(made, **changes)


def user_attribute(name: str = "Size", tenant_id: str | None = CONTOSO, **changes: Any) -> UserAttribute:
    made = UserAttribute(
        id=f"extension_0_{name}",
        display_name=name,
        description=f"The {name}",
        data_type=DataType.INTEGER,
        kind=AttributeKind.CUSTOM,
        tenant_id=tenant_id,
        created_at=NOW,
    )
    return replace(made, **changes)


def connector(connector_id: str = "connector-1", tenant_id: str = CONTOSO, **changes: Any) -> ApiConnector:
    made = ApiConnector(
        id=connector_id,
        tenant_id=tenant_id,
        display_name="Approvals",
        target_url="https://approvals.example.com/",
        created_at=NOW,
        authentication=ConnectorAuthentication.CERTIFICATE,
        certificates=(ConnectorCertificate("AB12", NOW, NOW + HOUR, "pem", "sealed"),),
    )
    return replace(made, **changes)


def federation(state_hash: str = "state-1", tenant_id: str = CONTOSO, **changes: Any) -> Federation:
    made = Federation(
        state_hash=state_hash,
        tenant_id=tenant_id,
        interaction_id="ctx-1",
        provider_id="Google-OAUTH",
        nonce="nonce",
        sealed_verifier="sealed",
        redirect_uri="https://login.example.com/federation/oauth2",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
    )
    return replace(made, **changes)


def connector_call(call_id: str = "call-1", tenant_id: str = CONTOSO, **changes: Any) -> ConnectorCall:
    made = ConnectorCall(
        id=call_id,
        tenant_id=tenant_id,
        connector_id="connector-1",
        at=NOW,
        took_ms=40,
        outcome="Continue",
        status=200,
    )
    return replace(made, **changes)


def sign_up_event(stage: Stage = Stage.STARTED, tenant_id: str = CONTOSO, **changes: Any) -> SignUpEvent:
    made = SignUpEvent(
        id=f"event-{stage}",
        tenant_id=tenant_id,
        flow_id="B2X_1_Partners",
        interaction_id="ctx-1",
        at=NOW,
        stage=stage,
        app_id="app-id",
    )
    return replace(made, **changes)


def account(subject: str = "1234", **changes: Any) -> ExternalAccount:
    made = ExternalAccount(
        provider_id="Google-OAUTH",
        kind=ProviderKind.GOOGLE,
        idp="google.com",
        subject=subject,
        email="mia@gmail.example",
        email_verified=True,
        claims=(("displayName", "Mia"),),
    )
    return replace(made, **changes)


def consent_request(request_id: str = "asked-1", tenant_id: str = CONTOSO, **changes: Any) -> ConsentRequest:
    asker = ConsentAsker(MIA, "Mia", "mia@contoso.example", "For the plan", NOW)
    made = ConsentRequest(
        request_id, tenant_id, "app-id", "Orders", ("openid",), (asker,), NOW, NOW + timedelta(days=30)
    )
    return replace(made, **changes)


def sign_up_request(request_id: str = "request-1", tenant_id: str = CONTOSO, **changes: Any) -> SignUpRequest:
    made = SignUpRequest(
        id=request_id,
        tenant_id=tenant_id,
        flow_id="B2X_1_Partners",
        app_id="app-id",
        account=account(),
        details=(("city", "Bonn"), ("extension_0_Size", 42), ("extension_0_News", True)),
        created_at=NOW,
    )
    return replace(made, **changes)
