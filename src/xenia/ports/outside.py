"""Ports that are not storage: time, randomness, cryptography, keys, mail, and their bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from xenia.core.directory.application import ServicePrincipal
from xenia.core.directory.signing_key import AppSigningKey
from xenia.core.endpoints import Addressed
from xenia.core.ids import TenantId
from xenia.core.mail import Mail, RenderedMail
from xenia.core.wording import Words
from xenia.ports.store import Store
from xenia.record import Record, field


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


class PublicKey(Record):
    """A signing key as published: RSA modulus and exponent, or the point on P-256 (base64url), certificate (base64)."""

    kid: str
    n: str
    e: str
    x5c: str
    algorithm: str = "RS256"
    x: str = ""
    y: str = ""


class KeyRing(Protocol):
    """Signing and verifying our own tokens: RS256, and what an app's own key says."""

    def sign(
        self,
        claims: Mapping[str, object],
        *,
        x5t: bool = False,
        typ: str = "JWT",
        own_key: AppSigningKey | None = None,
    ) -> str:
        """A JWT of the current key, or of an app's own; ``x5t`` repeats the kid there (v1.0 tokens), ``typ`` says what kind it is."""
        ...

    def verify(self, token: str, *, app_id: str | None = None) -> dict[str, object] | None:
        """Claims of a token we signed (signature only; the caller checks times, issuer, audience), else None.

        An app's own key counts for tokens of its tenant to that app: by their audience, or where *app_id* says that
        this app is the one that presents what it was given.
        """
        ...

    def make_app_key(
        self,
        principal: ServicePrincipal,
        algorithm: str,
        name: str,
        now: datetime,
        ends_at: datetime,
        entry_id: str,
    ) -> AppSigningKey:
        """A key pair of an app's own, not yet stored. RSA takes its time: not within a transaction."""
        ...

    def published(self, key: AppSigningKey) -> PublicKey:
        """What the app's key set shows of its own key."""
        ...

    def public_keys(self) -> tuple[PublicKey, ...]:
        """Current and next key, and recently retired ones."""
        ...


class KeyedCertificate(Record):
    """A certificate (with its chain) and its private key, both as PEM, and what portals show of it."""

    certificate_pem: str
    private_key_pem: str
    thumbprint: str
    """SHA-1, upper-case hex."""
    not_before: datetime
    not_after: datetime


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

    def read_pkcs12(self, data: bytes, password: str) -> KeyedCertificate:
        """The certificate and key of a PKCS #12 file (.pfx). Raises ValueError with a sentence for people."""
        ...


class MailPreview(Protocol):
    """Rendering of mail without sending, for the live preview."""

    def render(self, mail: Mail, mail_id: str, now: datetime) -> RenderedMail: ...


class Wordbook(Protocol):
    """The languages of the pages."""

    def in_language(self, language: str) -> Words:
        """The words of one of ``core.wording.LANGUAGES``; English for anything else."""
        ...


class MailTransport(Protocol):
    """Hands a finished message to a mail server (or the mailbox)."""

    def deliver(self, message: RenderedMail) -> str:
        """The server's reply. Raises MailRefused (permanent) or MailDeferred (try again)."""
        ...


class MailRefused(Exception):
    """The server said no for good (5xx); ``args[0]`` is its reply."""


class MailDeferred(Exception):
    """Not now: 4xx, no connection, time-out; ``args[0]`` says what happened."""


class ClientCertificate(Record):
    """What we prove ourselves with in TLS, both as PEM."""

    certificate: str
    private_key: str


class FetchRequest(Record):
    """One outgoing HTTP request."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float | None = None
    """Longest time for the whole request; None takes the fetcher's own limit."""
    client_certificate: ClientCertificate | None = None
    tenant_id: TenantId | None = None
    """In whose name: tenants share the places. None: in the installation's own."""


class Fetched(Record):
    """What came back; header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Fetcher(Protocol):
    """Other people's web servers, at arm's length. Our own hosts are answered in process."""

    def fetch(self, request: FetchRequest) -> Fetched:
        """Raises FetchRefused (an address we do not go to) or FetchFailed (no usable answer). Blocks: never in a transaction."""
        ...


class ProviderDocuments(Protocol):
    """Discovery documents and keys of identity providers, cached. Blocks: never in a transaction."""

    def metadata(self, url: str, tenant_id: TenantId) -> Mapping[str, object]:
        """The discovery document, asked for in the name of this tenant when none is cached. Raises FetchRefused, FetchFailed (also for what is no JSON object)."""
        ...

    def keys(
        self, jwks_uri: str, tenant_id: TenantId, kid: str | None = None
    ) -> Sequence[Mapping[str, object]]:
        """The provider's keys (RFC 7517). Raises as ``metadata``.

        A *kid* that is not among the cached ones fetches anew, within a limit, so that a rotated key
        works at once and a forged one costs the provider nothing.
        """
        ...

    def forget(self, url: str) -> None:
        """Drop what is cached of this document: an administrator has changed or tests it."""
        ...


class ForeignTokens(Protocol):
    """Signatures of tokens that other identity providers issued."""

    def header(self, token: str) -> dict[str, object] | None:
        """The unverified JOSE header, or None when it is no signed JWT."""
        ...

    def claims(
        self, token: str, keys: Sequence[Mapping[str, object]], algorithms: Sequence[str]
    ) -> dict[str, object] | None:
        """Claims when one of *keys* signed it with one of *algorithms*, else None. ``none`` never passes.

        The caller checks issuer, audience, nonce and times.
        """
        ...


class Errands(Protocol):
    """Requests to other people's servers in the background, in a pool of their own, shared by tenants and by hosts."""

    def start(self, key: str, tenant_id: TenantId, host: str, work: Callable[[], None]) -> bool:
        """Run *work* in the background. False when too much is waiting already (of this tenant or altogether)."""
        ...

    def wait(self, key: str, seconds: float) -> bool:
        """Wait until the errand of this key has ended, at most so long; True also when none is known here.

        May answer earlier when many wait.
        """
        ...


class FetchRefused(Exception):
    """This address is not fetched; ``args[0]`` says why."""


class FetchFailed(Exception):
    """No answer, too slow, or too large; ``args[0]`` says what happened."""


class FetchTooLarge(FetchFailed):
    """It answered with more than is read; asking again would not help."""


class ServerInfo(Record):
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
    mail_server: str = ""
    """``host:port`` of the real SMTP server, for administrators; empty when mail stays here."""
    initial_domain_suffix: str = "onxenia.localhost"
    signin_limit_scale: int = 1
    """Multiplier of the limits per network: a classroom sits behind one address."""
    allows_private: bool = False
    """Whether outgoing requests may reach private addresses; only then plain http to this machine may be entered."""
    fixed_issuer: str = ""
    """Origin that tokens name as their issuer wherever they were asked for; empty: the origin of the request."""

    def at(self, base_url: str) -> Addressed:
        """What a request to this origin means for links and for issuers."""
        return Addressed(base_url, self.fixed_issuer or base_url)


class Ports(Record):
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
    wordbook: Wordbook
    server: ServerInfo
    fetcher: Fetcher
    provider_documents: ProviderDocuments
    foreign_tokens: ForeignTokens
    errands: Errands
    mail_queued: Callable[[], None]
    """Wakes the mail dispatcher; call after commit."""
    logout_queued: Callable[[], None]
    """Wakes whoever delivers logout tokens; call after commit. Without it they go out a few seconds later."""
