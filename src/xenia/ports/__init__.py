"""What the use cases need from outside, as small protocols. Adapters live in ``storage`` and ``outside``.

Storage hands out transactions that are *bound to one tenant*: every repository below sees that
tenant's rows only, so no query can forget the wall. What is platform-wide says so.
"""

from xenia.ports.directory import (
    Applications,
    Credentials,
    Invitations,
    Tenants,
    Users,
)
from xenia.ports.journeys import (
    Keys,
    Limits,
    Logs,
    Mailbox,
    Outbox,
    SignIns,
    StoredKey,
    Sweeping,
)
from xenia.ports.outside import (
    AssertionVerifier,
    Clock,
    Entropy,
    Fetched,
    Fetcher,
    FetchFailed,
    FetchRefused,
    FetchRequest,
    KeyRing,
    MailDeferred,
    MailPreview,
    MailRefused,
    MailTransport,
    PasswordHasher,
    Ports,
    PublicKey,
    Sealer,
    ServerInfo,
    Totp,
)
from xenia.ports.store import (
    Store,
    StoreUnavailable,
    Transaction,
)

__all__ = [
    "Applications",
    "AssertionVerifier",
    "Clock",
    "Credentials",
    "Entropy",
    "FetchFailed",
    "FetchRefused",
    "FetchRequest",
    "Fetched",
    "Fetcher",
    "Invitations",
    "KeyRing",
    "Keys",
    "Limits",
    "Logs",
    "MailDeferred",
    "MailPreview",
    "MailRefused",
    "MailTransport",
    "Mailbox",
    "Outbox",
    "PasswordHasher",
    "Ports",
    "PublicKey",
    "Sealer",
    "ServerInfo",
    "SignIns",
    "Store",
    "StoreUnavailable",
    "StoredKey",
    "Sweeping",
    "Tenants",
    "Totp",
    "Transaction",
    "Users",
]
