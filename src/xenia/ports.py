"""What the use cases need from outside, as small protocols. Adapters live in ``storage`` and ``outside``.

Storage hands out transactions that are *bound to one tenant*: every repository below sees that
tenant's rows only, so no query can forget the wall. What is platform-wide says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from xenia.core.audit import AuditRecord, SignInRecord
from xenia.core.codes import AuthorizationCode, TokenFamily
from xenia.core.credentials import AuthenticatorApp, EmailPasscode, PasswordCredential
from xenia.core.directory.application import (
    Application,
    AppRoleAssignment,
    Certificate,
    ClientSecret,
    DelegatedGrant,
    ServicePrincipal,
)
from xenia.core.directory.tenant import Tenant, TenantPolicies
from xenia.core.directory.user import User
from xenia.core.ids import AppId, ObjectId, TenantId
from xenia.core.invitation import Invitation
from xenia.core.mail import CapturedMail, Mail, MailAttempt, OutgoingMail, RenderedMail
from xenia.core.query import Page, Query
from xenia.core.session import PortalSession, Session
from xenia.core.signin.interaction import Interaction

T = TypeVar("T")

# --- repositories (bound to the transaction's tenant unless said) ------------------------------------


class Tenants(Protocol):
    """All tenants of the server (platform-wide)."""

    def find(self, tenant_id: TenantId) -> Tenant | None: ...
    def find_by_name(self, name: str) -> Tenant | None:
        """By GUID, any verified domain, or short name; any case."""
        ...

    def list(self) -> tuple[Tenant, ...]: ...
    def add(self, tenant: Tenant, policies: TenantPolicies) -> None:
        """Raises Conflict when the id or one of the domains is taken."""
        ...

    def replace(self, tenant: Tenant) -> None: ...
    def policies(self, tenant_id: TenantId) -> TenantPolicies: ...
    def replace_policies(self, tenant_id: TenantId, policies: TenantPolicies) -> None:
        """Store with ``version + 1``. Raises Conflict when the stored version is not ``policies.version``."""
        ...


class Users(Protocol):
    """Users with their identities. ``find*`` ignore deleted users unless asked."""

    def find(self, user_id: ObjectId, *, deleted: bool = False) -> User | None:
        """With ``deleted`` also soft-deleted users are found."""
        ...

    def find_by_upn(self, upn: str) -> User | None: ...
    def find_by_identity(self, issuer: str, subject: str) -> User | None: ...
    def find_by_address(self, address: str) -> tuple[User, ...]:
        """Users holding the address in mail, otherMails or proxyAddresses (oldest first)."""
        ...

    def list(self, query: Query, *, deleted: bool = False) -> Page[User]:
        """With ``deleted`` only soft-deleted users."""
        ...

    def add(self, user: User) -> None:
        """Raises Conflict on a taken UPN or identity."""
        ...

    def replace(self, user: User) -> None:
        """Raises Conflict on a taken UPN or identity."""
        ...

    def remove(self, user_id: ObjectId) -> None:
        """Permanently, with all that hangs on the user."""
        ...

    def sponsors(self, user_id: ObjectId) -> tuple[User, ...]: ...
    def set_sponsors(self, user_id: ObjectId, sponsor_ids: Sequence[ObjectId]) -> None: ...
    def roles(self, user_id: ObjectId) -> frozenset[str]:
        """Template ids of directory roles the user (or service principal) holds."""
        ...

    def add_role(self, user_id: ObjectId, role_template_id: str) -> None: ...
    def remove_role(self, user_id: ObjectId, role_template_id: str) -> None: ...
    def with_role(self, role_template_id: str) -> tuple[ObjectId, ...]: ...
    def manager(self, user_id: ObjectId) -> ObjectId | None: ...
    def set_manager(self, user_id: ObjectId, manager_id: ObjectId | None) -> None: ...


class Credentials(Protocol):
    """Passwords and authenticator apps of users."""

    def password(self, user_id: ObjectId) -> PasswordCredential | None: ...
    def set_password(self, credential: PasswordCredential) -> None: ...
    def authenticator_apps(self, user_id: ObjectId) -> tuple[AuthenticatorApp, ...]:
        """Confirmed and pending ones."""
        ...

    def add_authenticator_app(self, app: AuthenticatorApp) -> None: ...
    def confirm_authenticator_app(self, app_id: str, now: datetime, step: int) -> bool:
        """False when it was confirmed already (one conditional statement)."""
        ...

    def use_authenticator_step(self, app_id: str, step: int) -> bool:
        """Record an accepted time step; False when this or a later one was used (replay)."""
        ...

    def remove_authenticator_app(self, app_id: str) -> bool: ...


class Applications(Protocol):
    """Registrations of this tenant, their credentials; service principals; assignments and grants."""

    def find(self, object_id: ObjectId) -> Application | None: ...
    def find_by_app_id(self, app_id: AppId) -> Application | None:
        """Platform-wide: the one registration with this client id, whichever tenant owns it."""
        ...

    def find_by_identifier_uri(self, uri: str) -> Application | None:
        """Platform-wide."""
        ...

    def list(self, query: Query) -> Page[Application]: ...
    def add(self, application: Application) -> None:
        """Raises Conflict on a taken app id."""
        ...

    def replace(self, application: Application) -> None:
        """Stored with ``version + 1``. Raises Conflict when the stored version differs."""
        ...

    def remove(self, object_id: ObjectId) -> None: ...
    def secrets(self, application_id: ObjectId) -> tuple[ClientSecret, ...]:
        """Platform-wide: the application may belong to another tenant."""
        ...

    def add_secret(self, secret: ClientSecret) -> None: ...
    def remove_secret(self, application_id: ObjectId, key_id: str) -> bool: ...
    def certificates(self, application_id: ObjectId) -> tuple[Certificate, ...]:
        """Platform-wide."""
        ...

    def add_certificate(self, certificate: Certificate) -> None: ...
    def remove_certificate(self, application_id: ObjectId, key_id: str) -> bool: ...
    def owners(self, application_id: ObjectId) -> tuple[ObjectId, ...]: ...
    def add_owner(self, application_id: ObjectId, user_id: ObjectId) -> None: ...
    def use_assertion(self, application_id: ObjectId, jti_hash: str, expires_at: datetime) -> bool:
        """Record a client assertion's id; False when it was used before (replay, RFC 7523 section 3)."""
        ...

    def service_principal(self, app_id: AppId) -> ServicePrincipal | None:
        """The local instance of the application in this tenant."""
        ...

    def find_service_principal(self, object_id: ObjectId) -> ServicePrincipal | None: ...
    def list_service_principals(self, query: Query) -> Page[ServicePrincipal]: ...
    def add_service_principal(self, principal: ServicePrincipal) -> None:
        """Raises Conflict when the tenant has one for this app id."""
        ...

    def replace_service_principal(self, principal: ServicePrincipal) -> None: ...
    def remove_service_principal(self, object_id: ObjectId) -> None: ...
    def assignments_of(self, principal_id: ObjectId) -> tuple[AppRoleAssignment, ...]: ...
    def assignments_to(self, resource_id: ObjectId) -> tuple[AppRoleAssignment, ...]: ...
    def add_assignment(self, assignment: AppRoleAssignment) -> None:
        """Raises Conflict when the same assignment exists."""
        ...

    def remove_assignment(self, assignment_id: str) -> bool: ...
    def grants_of(self, client_id: ObjectId) -> tuple[DelegatedGrant, ...]:
        """Delegated grants given to this client service principal."""
        ...

    def put_grant(self, grant: DelegatedGrant) -> None:
        """Add, or replace the one with the same client, principal and resource."""
        ...

    def remove_grant(self, grant_id: str) -> bool: ...


class Invitations(Protocol):
    """Invitations of this tenant."""

    def find(self, invitation_id: str) -> Invitation | None: ...
    def of_user(self, user_id: ObjectId) -> tuple[Invitation, ...]:
        """Newest first."""
        ...

    def add(self, invitation: Invitation) -> None: ...
    def replace(self, invitation: Invitation) -> None: ...
    def complete(self, invitation_id: str, now: datetime) -> bool:
        """Mark redeemed; False when it was redeemed or withdrawn already (one conditional statement)."""
        ...

    def withdraw_all(self, user_id: ObjectId, now: datetime) -> int:
        """End all usable invitations of the user: their links die."""
        ...


class SignIns(Protocol):
    """Interactions, sessions, passcodes, codes: everything short-lived of signing in."""

    def add_interaction(self, interaction: Interaction) -> None: ...
    def find_interaction(self, interaction_id: str) -> Interaction | None: ...
    def advance_interaction(self, interaction: Interaction) -> bool:
        """Store facts with ``version + 1`` where the stored version is ``interaction.version`` and it is unfinished."""
        ...

    def finish_interaction(self, interaction: Interaction, now: datetime) -> bool:
        """Store and mark finished, once; False for the loser of a race or a stale version."""
        ...

    def find_session(self, secret_hash: str) -> Session | None: ...
    def put_session(self, session: Session) -> None:
        """Add or replace."""
        ...

    def remove_session(self, secret_hash: str) -> None: ...
    def end_sessions_of(self, user_id: ObjectId, now: datetime) -> int:
        """Sign the user out of every browser session and portal session; how many ended."""
        ...

    def find_portal_session(self, secret_hash: str) -> PortalSession | None: ...
    def add_portal_session(self, session: PortalSession) -> None: ...
    def remove_portal_session(self, secret_hash: str) -> None: ...
    def remove_portal_sessions_of_sid(self, sid: str) -> None: ...

    def add_passcode(self, passcode: EmailPasscode) -> None: ...
    def passcodes_of(self, interaction_id: str) -> tuple[EmailPasscode, ...]:
        """Newest first."""
        ...

    def live_passcodes_for(self, address_key: str, now: datetime) -> int: ...
    def count_passcode_try(self, passcode_id: str) -> int:
        """Count a try (one statement) and return how many there are now."""
        ...

    def consume_passcode(self, passcode_id: str, now: datetime) -> bool:
        """Spend it; False when it was spent, replaced or exhausted (one conditional statement)."""
        ...

    def replace_passcodes(self, interaction_id: str, now: datetime) -> None:
        """End the live passcodes of this interaction: a newer one takes over."""
        ...

    def add_code(self, code: AuthorizationCode, family: TokenFamily) -> None: ...
    def find_code(self, code_hash: str) -> AuthorizationCode | None: ...
    def find_code_anywhere(self, code_hash: str) -> AuthorizationCode | None:
        """Platform-wide, only to tell a code of another tenant from an unknown one."""
        ...

    def consume_code(self, code_hash: str, now: datetime) -> bool:
        """Spend it; False when it was spent already (one conditional statement)."""
        ...

    def count_verifier_failure(self, code_hash: str) -> int: ...
    def find_family(self, family_id: str) -> TokenFamily | None: ...
    def revoke_family(self, family_id: str, now: datetime) -> None: ...
    def revoke_families_of(self, user_id: ObjectId, now: datetime) -> None: ...


class Logs(Protocol):
    """Audit and sign-in records of this tenant; rows are never changed."""

    def audit(self, record: AuditRecord) -> None: ...
    def sign_in(self, record: SignInRecord) -> None: ...
    def list_audit(self, query: Query) -> Page[AuditRecord]:
        """Newest first unless ordered otherwise. Filter fields: attribute names, plus ``target_id``."""
        ...

    def list_sign_ins(self, query: Query) -> Page[SignInRecord]: ...
    def find_audit(self, record_id: str) -> AuditRecord | None: ...
    def find_sign_in(self, record_id: str) -> SignInRecord | None: ...


class Outbox(Protocol):
    """Outgoing mail. ``enqueue`` is tenant-bound; the rest is for the dispatcher (platform-wide)."""

    def enqueue(self, mail: Mail, mail_id: str, sealed_mail: str, now: datetime) -> None:
        """Add as pending, due now; dropped silently when the dedupe key is known."""
        ...

    def find(self, mail_id: str) -> OutgoingMail | None: ...
    def of_subject(self, subject_of: str) -> tuple[OutgoingMail, ...]:
        """Mails about this invitation or user, newest first (tenant-bound)."""
        ...

    def claim(self, limit: int, now: datetime, lease: timedelta) -> tuple[OutgoingMail, ...]:
        """Take due mails for sending; a claim lapses after ``lease`` (the process died)."""
        ...

    def settle(
        self, mail_id: str, attempt: MailAttempt, *, retry_at: datetime | None, message_id: str
    ) -> None:
        """Record an attempt: sent (payload erased), to be retried at ``retry_at``, or abandoned (None)."""
        ...

    def next_due(self) -> datetime | None: ...


class Mailbox(Protocol):
    """The workshop's captured mail (platform-wide)."""

    def add(self, mail: CapturedMail) -> None:
        """Idempotent by id."""
        ...

    def list(self, search: str = "", limit: int = 50, before: str | None = None) -> tuple[CapturedMail, ...]:
        """Newest first; ``search`` looks at sender, recipients, subject and text, with ``to:``, ``from:``, ``subject:``."""
        ...

    def find(self, mail_id: str) -> CapturedMail | None: ...
    def mark_read(self, mail_id: str, now: datetime) -> None: ...
    def remove(self, mail_id: str) -> bool: ...
    def remove_all(self) -> int: ...


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A signing key at rest; the private key is sealed with the data key."""

    kid: str
    sealed_private_key: str
    certificate_der: bytes
    created_at: datetime
    active_from: datetime
    retired_at: datetime | None = None


class Keys(Protocol):
    """Signing keys (platform-wide)."""

    def list(self) -> tuple[StoredKey, ...]: ...
    def add(self, key: StoredKey) -> None: ...
    def retire(self, kid: str, now: datetime) -> None: ...


class Limits(Protocol):
    """Counters of tries, shared by all processes (platform-wide)."""

    def hit(self, key: str, limit: int, window: timedelta, now: datetime) -> timedelta | None:
        """Count one event in a fixed window. None when allowed, else the time to wait.

        The count must commit even when the answer is no: return refusals, do not raise them.
        """
        ...

    def count(self, key: str, window: timedelta, now: datetime) -> int: ...
    def clear(self, key: str) -> None: ...


class Sweeping(Protocol):
    """Removal of what has expired (platform-wide)."""

    def sweep(self, now: datetime) -> int:
        """Delete expired short-lived rows and users deleted over 30 days ago; how many."""
        ...


class Transaction(Protocol):
    """One transaction, bound to one tenant (None: platform-wide work only)."""

    @property
    def tenant_id(self) -> TenantId | None: ...
    @property
    def tenants(self) -> Tenants: ...
    @property
    def users(self) -> Users: ...
    @property
    def credentials(self) -> Credentials: ...
    @property
    def applications(self) -> Applications: ...
    @property
    def invitations(self) -> Invitations: ...
    @property
    def sign_ins(self) -> SignIns: ...
    @property
    def logs(self) -> Logs: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def mailbox(self) -> Mailbox: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def sweeping(self) -> Sweeping: ...


class Store(Protocol):
    """The database."""

    def read(self, tenant_id: TenantId | None) -> AbstractContextManager[Transaction]:
        """A consistent read-only view."""
        ...

    def write(self, tenant_id: TenantId | None, work: Callable[[Transaction], T]) -> T:
        """Run *work* in one write transaction and commit.

        Exceptions roll everything back. On a serialization failure or deadlock *work* runs again
        from the start, so it must not have effects outside; random ids are drawn before it.
        A refusal whose counters must survive is therefore a *return value*, never an exception.
        No network I/O inside.
        """
        ...

    def migrate(self) -> None:
        """Bring the schema to the newest revision (both dialects)."""
        ...

    def check(self) -> str:
        """A line naming engine, version and schema revision. Raises when unreachable or out of date."""
        ...

    def close(self) -> None: ...


# --- everything else from outside ----------------------------------------------------------------------


class Clock(Protocol):
    """The time. Tests and the workshop turn it."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...


class Entropy(Protocol):
    """Unpredictable values."""

    def guid(self) -> str: ...
    def token(self, size: int = 32) -> str:
        """``size`` random bytes as base64url without padding."""
        ...

    def digits(self, count: int) -> str: ...
    def totp_secret(self) -> str:
        """160 random bits in base32."""
        ...


class Sealer(Protocol):
    """Authenticated encryption and keyed hashes with the data key; ``purpose`` separates uses."""

    def seal(self, plain: bytes, purpose: str) -> str: ...
    def open(self, sealed: str, purpose: str) -> bytes:
        """Raises ValueError when it was not sealed by us for this purpose."""
        ...

    def mac(self, purpose: str, *parts: str) -> str:
        """Keyed hash (base64url) of the parts, unambiguous in their number and length."""
        ...

    def same(self, left: str, right: str) -> bool:
        """Comparison in constant time."""
        ...


class PasswordHasher(Protocol):
    """Argon2id, in a bounded pool."""

    def hash(self, password: str) -> str: ...
    def verify(self, password: str, hashed: str | None) -> bool:
        """With None it verifies against a dummy, so that an unknown account costs the same."""
        ...


class Totp(Protocol):
    """Authenticator-app codes (RFC 6238)."""

    def step_of(self, secret: str, code: str, now: datetime, *, window: int = 1) -> int | None:
        """The time step this code belongs to, at most ``window`` steps away, or None."""
        ...

    def code(self, secret: str, now: datetime) -> str: ...
    def provisioning_uri(self, secret: str, account: str, issuer: str) -> str:
        """``otpauth://totp/...`` for QR codes."""
        ...

    def qr_svg(self, text: str) -> str:
        """An inline SVG of the QR code, black on white with a quiet zone, no style attributes."""
        ...


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A signing key as published: RSA modulus and exponent (base64url), certificate (base64)."""

    kid: str
    n: str
    e: str
    x5c: str


class KeyRing(Protocol):
    """Signing and verifying our own tokens (RS256)."""

    def sign(self, claims: Mapping[str, object], *, x5t: bool = False) -> str:
        """A JWT of the current key; ``x5t`` repeats the kid there (v1.0 tokens)."""
        ...

    def verify(self, token: str) -> dict[str, object] | None:
        """Claims of a token we signed (signature only; the caller checks times, issuer, audience), else None."""
        ...

    def public_keys(self) -> tuple[PublicKey, ...]:
        """Current and next key, and recently retired ones."""
        ...


class AssertionVerifier(Protocol):
    """Signatures of client assertions (RFC 7523) and reading of certificates."""

    def header_and_claims(self, assertion: str) -> tuple[dict[str, object], dict[str, object]] | None:
        """Unverified parts, or None when it is no JWT."""
        ...

    def is_signed_by(self, assertion: str, certificate_der: bytes) -> bool:
        """RS256 or PS256 only."""
        ...

    def read_certificate(self, data: bytes) -> tuple[bytes, str, str, datetime, datetime, str]:
        """(DER, SHA-1 thumbprint, SHA-256 thumbprint (hex), not before, not after, subject) of PEM or DER.

        Raises ValueError.
        """
        ...


class MailPreview(Protocol):
    """Rendering of mail without sending, for the live preview."""

    def render(self, mail: Mail, mail_id: str, now: datetime) -> RenderedMail: ...


class MailTransport(Protocol):
    """Hands a finished message to a mail server (or the mailbox)."""

    def deliver(self, message: RenderedMail) -> str:
        """The server's reply. Raises MailRefused (permanent) or MailDeferred (try again)."""
        ...


class MailRefused(Exception):
    """The server said no for good (5xx); ``args[0]`` is its reply."""


class MailDeferred(Exception):
    """Not now: 4xx, no connection, time-out; ``args[0]`` says what happened."""


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Facts of this installation that use cases and mails need."""

    base_url: str
    """Public URL without trailing slash, e.g. ``https://localhost:8443``. Links in mails start with it."""
    hosts: tuple[str, ...]
    """All ``host[:port]`` under which it may be addressed."""
    is_loopback: bool
    """Whether links open on this computer only."""
    mail_leaves: bool
    """Whether mail goes to a real SMTP server."""
    tools: bool
    """Whether the workshop tools (mailbox, labs, tester) are on."""
    instance: str
    """Suffix of cookie names, so that ports do not share cookies."""
    mail_from: str = ""
    initial_domain_suffix: str = "onxenia.localhost"
    signin_limit_scale: int = 1
    """Multiplier of the limits per network: a classroom sits behind one address."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything from outside, handed to every use case as its first argument."""

    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    passwords: PasswordHasher
    totp: Totp
    keys: KeyRing
    assertions: AssertionVerifier
    preview: MailPreview
    server: ServerInfo
    mail_queued: Callable[[], None]
    """Wakes the mail dispatcher; call after commit."""
