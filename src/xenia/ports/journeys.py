"""Storage ports of what happens: sign-ins, logs, mail, keys, limits, sweeping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from xenia.core.audit import AuditRecord, SignInRecord
from xenia.core.codes import AuthorizationCode, TokenFamily
from xenia.core.credentials import EmailPasscode
from xenia.core.device_code import DeviceCode
from xenia.core.ids import AppId, ObjectId, TenantId
from xenia.core.logout import LogoutNotice, NoticeAttempt
from xenia.core.mail import CapturedMail, Mail, MailAttempt, OutgoingMail
from xenia.core.query import Page, Query
from xenia.core.refresh_token import HeldRefreshToken, RefreshToken
from xenia.core.retention import USUAL, Retention
from xenia.core.session import PortalSession, Session
from xenia.core.signin.federation import Federation
from xenia.core.signin.interaction import Interaction
from xenia.record import Record

T = TypeVar("T")


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

    def add_federation(self, federation: Federation) -> None: ...
    def find_federation(self, state_hash: str) -> Federation | None:
        """The hand-over of this state, spent or not."""
        ...

    def consume_federation(self, state_hash: str, now: datetime) -> bool:
        """Spend it; False when it was spent or has expired (one conditional statement)."""
        ...

    def find_session(self, secret_hash: str) -> Session | None: ...
    def put_session(self, session: Session) -> None:
        """Add or replace."""
        ...

    def remove_session(self, secret_hash: str) -> None: ...
    def end_sessions_of(self, user_id: ObjectId, now: datetime) -> int:
        """Sign the user out of every browser session and portal session; how many ended."""
        ...

    def sessions_of(self, user_id: ObjectId) -> tuple[Session, ...]:
        """Sessions of browsers where this user has an account, signed in or out, expired or not.

        Within a write, nobody else changes them until the commit.
        """
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
        """Spend it, after ``count_passcode_try``: the right fifth try still wins.

        False when it was spent, replaced, expired or exhausted (one conditional statement).
        """
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
    def add_family(self, family: TokenFamily) -> None:
        """A family that no authorization code founds."""
        ...

    def find_family(self, family_id: str) -> TokenFamily | None:
        """Revoked or not; within a write, nobody else changes it until the commit."""
        ...

    def revoke_family(self, family_id: str, now: datetime) -> None: ...
    def revoke_families_of(self, user_id: ObjectId, now: datetime) -> None: ...
    def revoke_families_by(self, app_id: AppId, user_id: ObjectId | None, now: datetime) -> None:
        """End all tokens this client holds for the user, or for everybody."""
        ...

    def revoke_families_of_sid(self, user_id: ObjectId, sid: str, now: datetime) -> None:
        """End all tokens that descend from one sign-in of the user."""
        ...

    def families_of(self, user_id: ObjectId) -> tuple[TokenFamily, ...]:
        """Those of the user that are not revoked, newest first, without their proofs."""
        ...

    def held_refresh_tokens(self, user_id: ObjectId, now: datetime) -> tuple[HeldRefreshToken, ...]:
        """The usable refresh tokens apps hold for this user, the newest of each family, newest family first."""
        ...

    def add_refresh_token(self, token: RefreshToken) -> None: ...
    def find_refresh_token(self, token_hash: str) -> RefreshToken | None:
        """Used and expired ones too, as long as they are remembered."""
        ...

    def tenant_of_refresh_token(self, token_hash: str) -> TenantId | None:
        """Platform-wide: clients renew tokens at an alias too."""
        ...

    def consume_refresh_token(self, token: RefreshToken, now: datetime) -> bool:
        """Use it up, and its unused siblings with it; False when it was used before (one conditional statement)."""
        ...

    def retry_refresh_token(self, token_hash: str, now: datetime) -> bool:
        """Count a repeated use shortly after the first; False when it is too late or too many."""
        ...

    def add_device_code(self, code: DeviceCode) -> None:
        """Raises Conflict on a taken user code."""
        ...

    def find_device_code(self, code_hash: str) -> DeviceCode | None:
        """Decided, spent and expired ones too."""
        ...

    def find_device_code_anywhere(self, user_code_hash: str) -> DeviceCode | None:
        """Platform-wide: a person types the short code before any tenant is known."""
        ...

    def tenant_of_device_code(self, code_hash: str) -> TenantId | None:
        """Platform-wide: a device that named no tenant asks at an alias."""
        ...

    def claim_device_code(self, code: DeviceCode, tenant_id: TenantId, now: datetime) -> bool:
        """Hand an undecided code to another tenant; False when it was decided or has expired meanwhile."""
        ...

    def poll_device_code(self, code_hash: str, interval: timedelta, now: datetime) -> bool:
        """Note a poll; False when the last one is not ``interval`` ago (one conditional statement)."""
        ...

    def decide_device_code(self, code: DeviceCode, now: datetime) -> bool:
        """Store its ``approval`` (None: declined), once; False when it was decided before or has expired."""
        ...

    def consume_device_code(self, code_hash: str, now: datetime) -> bool:
        """Spend a decided code; False when it was spent before (one conditional statement)."""
        ...


class Logs(Protocol):
    """Audit and sign-in records of this tenant; rows are never changed."""

    def audit(self, record: AuditRecord) -> None: ...
    def sign_in(self, record: SignInRecord) -> None: ...
    def sign_in_all(self, records: Sequence[SignInRecord]) -> None:
        """Many at once: apps sign in by the thousand."""
        ...

    def list_audit(self, query: Query) -> Page[AuditRecord]:
        """Newest first unless ordered otherwise. Filter fields: attribute names, plus ``target_id``."""
        ...

    def list_sign_ins(self, query: Query) -> Page[SignInRecord]: ...
    def last_sign_ins(self, user_ids: Sequence[ObjectId]) -> Mapping[ObjectId, datetime]:
        """When each of these people last signed in themselves, successfully; whoever never did is missing."""
        ...

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

    def renew(self, mail_ids: Sequence[str], until: datetime) -> int:
        """Let the claims on these mails lapse at *until*; how many were still claimed."""
        ...

    def release(self, now: datetime) -> int:
        """Make every claimed mail due at once; how many. Only for a process that knows it is the only one."""
        ...

    def hasten(self, now: datetime) -> int:
        """Make every mail that waits for its next try due at once; how many. For a start: somebody may have mended it."""
        ...

    def settle(
        self, mail_id: str, attempt: MailAttempt, *, retry_at: datetime | None, message_id: str
    ) -> None:
        """Record an attempt: sent (payload erased), to be retried at ``retry_at``, or abandoned (None)."""
        ...

    def next_due(self) -> datetime | None: ...


class LogoutNotices(Protocol):
    """Logout tokens apps are owed. ``add`` and ``of_user`` are tenant-bound; the rest is for whoever delivers."""

    def add(self, notice: LogoutNotice) -> None: ...
    def of_user(self, user_id: ObjectId, limit: int = 20) -> tuple[LogoutNotice, ...]:
        """Those about sign-outs of this user, newest first."""
        ...

    def claim(self, limit: int, now: datetime, lease: timedelta) -> tuple[LogoutNotice, ...]:
        """Take due ones for sending; a claim lapses after ``lease`` (the process died)."""
        ...

    def renew(self, notice_ids: Sequence[str], until: datetime) -> int:
        """Let the claims on these lapse at *until*; how many were still claimed. For who is still delivering."""
        ...

    def release(self, now: datetime) -> int:
        """Make every claimed one due at once; how many. Only for a process that knows it is the only one."""
        ...

    def hasten(self, now: datetime) -> int:
        """Make every one that waits for its next try due at once; how many."""
        ...

    def settle(self, notice_id: str, attempt: NoticeAttempt, *, retry_at: datetime | None) -> bool:
        """Record an attempt: sent, to be retried at ``retry_at``, or abandoned (None).

        False when it was settled for good before.
        """
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


class StoredKey(Record):
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

    def sweep(self, now: datetime, kept: Retention = USUAL) -> int:
        """Delete some expired short-lived rows, users deleted over 30 days ago, and records older than *kept*; how many.

        A bounded number, so that the transaction is short: call again while something was deleted.
        """
        ...
