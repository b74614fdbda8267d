"""Signing keys of our own tokens: RS256 with 2048-bit RSA (RFC 7518 section 3.3), shared through the store.

Owns their making, publication, rotation and use. A key is published as *next* long before it signs, and
stays published after it retires, so clients that cache the key set never meet an unknown key. Other
processes' keys are picked up by re-reading the store. Must not look at claims.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from xenia.core.directory.application import ServicePrincipal
from xenia.core.directory.first_party import PLATFORM_TENANT_ID
from xenia.core.directory.signing_key import AppSigningKey
from xenia.outside.app_keyring import AppKeyRing, published
from xenia.outside.compact_jws import ENCODER, b64url, from_b64url, key_id, self_signed, unsigned, x5c
from xenia.ports import Clock, Keys, PublicKey, Sealer, Store, StoredKey, Transaction
from xenia.record import Record

SIGNING_PERIOD = timedelta(days=90)
"""How long a key signs before the published next one takes over."""
PUBLISHED_AFTER_RETIREMENT = timedelta(hours=48)
"""Clients cache the key set for a day; the longest token lives a day."""
KNOWN_AFTER = timedelta(hours=24)
"""How long a key is published before it may sign: clients cache the key set for a day."""
_REREAD_AFTER = timedelta(seconds=5)
"""A process signs no longer than this with a key that another has withdrawn: whoever stole it, and whoever must refuse it, share the key."""
_REREAD_UNKNOWN_AFTER = timedelta(seconds=5)
"""At most one look into the store per this time for unknown key ids, which anybody can send."""
_SEAL_PURPOSE = "signing-key"
_CERTIFICATE_LIFETIME = timedelta(days=5 * 365)
_MAX_TOKEN = 64 * 1024


class KeyTooNew(Exception):
    """The next key was published too recently to sign; ``usable_at`` says when it may."""

    def __init__(self, usable_at: datetime) -> None:
        super().__init__(f"The next key may sign from {usable_at:%Y-%m-%d %H:%M} UTC.")
        self.usable_at = usable_at


class HeldKey(Record):
    """A published key, and whether it is ``current``, ``next`` or ``retired``."""

    key: StoredKey
    state: str


class _SigningKey(Record):
    kid: str
    private: rsa.RSAPrivateKey
    public: rsa.RSAPublicKey
    header: bytes
    header_x5t: bytes
    published: PublicKey
    active_from: datetime


class _KeySet(Record):
    current: _SigningKey
    by_kid: dict[str, _SigningKey]
    published: tuple[PublicKey, ...]
    reread_at: datetime


class RsaKeyRing:
    """``KeyRing`` over the store's keys. One instance serves all threads; each process has its own."""

    def __init__(self, store: Store, sealer: Sealer, clock: Clock) -> None:
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._of_apps = AppKeyRing(store, sealer)
        self._lock = threading.Lock()
        self._keys: _KeySet | None = None
        self._unknown_reread_at: datetime | None = None

    def sign(
        self,
        claims: Mapping[str, object],
        *,
        x5t: bool = False,
        typ: str = "JWT",
        own_key: AppSigningKey | None = None,
    ) -> str:
        """A JWT of the current key, or of an app's own; ``x5t`` repeats the kid there (v1.0 tokens), ``typ`` says what kind it is."""
        if own_key is not None:
            return self._of_apps.sign(own_key, claims, x5t=x5t, typ=typ)
        key = self._key_set().current
        header = key.header_x5t if x5t else key.header
        if typ != "JWT":
            header = b64url(ENCODER.encode({"typ": typ, "alg": "RS256", "kid": key.kid}))
        signed = header + b"." + b64url(ENCODER.encode(claims))
        signature = key.private.sign(signed, _PADDING, _SHA256)
        return (signed + b"." + b64url(signature)).decode("ascii")

    def verify(self, token: str, *, app_id: str | None = None) -> dict[str, object] | None:
        """Claims of a token we signed (signature only; the caller checks times, issuer, audience), else None.

        The key is found by ``kid`` among our own and the algorithm is fixed, so neither ``alg: none``,
        nor a public key used as an HMAC secret, nor a key embedded in the header can take part. An app's own key is
        believed for tokens of its tenant to that app: by their audience, or where the caller is that app (*app_id*).
        """
        segments = token.split(".") if len(token) <= _MAX_TOKEN and token.isascii() else []
        if len(segments) != 3:
            return None
        try:
            header = msgspec.json.decode(from_b64url(segments[0]), type=dict[str, object])
            known = self._key_set().by_kid.get(str(header.get("kid")))
            found = None if known else self._of_apps.verify(token, header, app_id)
            if found is not None:
                return found
            key = self._key_for(header)
            if key is None:
                return None
            signed = f"{segments[0]}.{segments[1]}".encode("ascii")
            key.public.verify(from_b64url(segments[2]), signed, _PADDING, _SHA256)
            return msgspec.json.decode(from_b64url(segments[1]), type=dict[str, object])
        except (InvalidSignature, ValueError, msgspec.MsgspecError, RecursionError):
            # The header is read before the signature, so anybody may nest it as deep as they like.
            return None

    def public_keys(self) -> tuple[PublicKey, ...]:
        """Current and next key, and recently retired ones."""
        return self._key_set().published

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
        return self._of_apps.make(principal, algorithm, name, now, ends_at, entry_id)

    def published(self, key: AppSigningKey) -> PublicKey:
        """What the app's key set shows of its own key."""
        return published(key)

    def ensure(self) -> None:
        """Make missing keys (two on a first start), retire the superseded, and load the result.

        Safe to call at every start and from the sweeper of every process: the store decides who was first.
        """
        now = self._clock.now()
        with self._store.read(None) as tx:
            stored = tx.keys.list()
        missing = _missing(stored, now)
        made = _make_keys(missing, now, self._sealer) if missing else ()
        self._store.write(None, lambda tx: _settle(tx.keys, made, now))
        with self._lock:
            self._keys = self._read(now)

    def stored(self) -> tuple[HeldKey, ...]:
        """All keys that are published, the one that signs first; for the operator's eyes."""
        now = self._clock.now()
        with self._store.read(None) as tx:
            keys = tx.keys.list()
        current = _current(keys, now)
        shown = sorted(
            (key for key in keys if _is_published(key, now)),
            key=lambda key: (key is not current, key.created_at),
        )
        return tuple(HeldKey(key, _state(key, current)) for key in shown)

    def rotate(
        self, *, compromised: bool = False, noting: Callable[[Transaction], None] | None = None
    ) -> HeldKey:
        """Let the next key sign from now on, retire the current one and publish a new next key; what signs now.

        Whoever caches our key set must have met the next key, so one published less than ``KNOWN_AFTER`` ago is
        refused with KeyTooNew: also to the second of two operators at once. *compromised*: the current key stops
        being believed at once, and the next one does not wait. Other processes follow within ``_REREAD_AFTER``. *noting* writes the
        audit record into the same transaction, which is the platform's.
        """
        now = self._clock.now()

        def work(tx: Transaction) -> None:
            _hand_over(tx.keys, now, compromised=compromised)
            if noting is not None:
                noting(tx)

        self._store.write(PLATFORM_TENANT_ID, work)
        self.ensure()
        return self.stored()[0]

    def _key_set(self) -> _KeySet:
        keys, now = self._keys, self._clock.now()
        if keys is not None and now < keys.reread_at:
            return keys
        with self._lock:
            if self._keys is None or now >= self._keys.reread_at:
                self._keys = self._read(now)
            return self._keys

    def _key_for(self, header: Mapping[str, object]) -> _SigningKey | None:
        kid = header.get("kid")
        if header.get("alg") != "RS256" or "crit" in header or not isinstance(kid, str):
            return None
        return self._key_set().by_kid.get(kid) or self._reread_for(kid)

    def _reread_for(self, kid: str) -> _SigningKey | None:
        now = self._clock.now()
        with self._lock:
            last = self._unknown_reread_at
            if last is not None and timedelta() <= now - last < _REREAD_UNKNOWN_AFTER:
                return None
            self._unknown_reread_at = now
            self._keys = self._read(now)
            return self._keys.by_kid.get(kid)

    def _read(self, now: datetime) -> _KeySet:
        """Raises LookupError when the store holds no usable key: ``ensure`` has not run."""
        with self._store.read(None) as tx:
            stored = [key for key in tx.keys.list() if _is_published(key, now)]
        known = self._keys.by_kid if self._keys is not None else {}
        loaded = {row.kid: known.get(row.kid) or _load(row, self._sealer) for row in stored}
        current = _current(stored, now)
        if current is None:
            raise LookupError("the store holds no signing key")
        takeovers = [row.active_from for row in stored if row.active_from > now]
        return _KeySet(
            current=loaded[current.kid],
            by_kid=loaded,
            published=tuple(key.published for key in loaded.values()),
            reread_at=min([now + _REREAD_AFTER, *takeovers]),
        )


_PADDING = padding.PKCS1v15()
_SHA256 = hashes.SHA256()


def _is_published(key: StoredKey, now: datetime) -> bool:
    return key.retired_at is None or now < key.retired_at + PUBLISHED_AFTER_RETIREMENT


def _usable(keys: tuple[StoredKey, ...] | list[StoredKey]) -> list[StoredKey]:
    return sorted((key for key in keys if key.retired_at is None), key=lambda key: (key.active_from, key.kid))


def _current(keys: tuple[StoredKey, ...] | list[StoredKey], now: datetime) -> StoredKey | None:
    """The newest key whose time has come; where none has (after an early rotation), the first to come."""
    usable = _usable(keys)
    active = [key for key in usable if key.active_from <= now]
    return active[-1] if active else next(iter(usable), None)


def _state(key: StoredKey, current: StoredKey | None) -> str:
    if key.retired_at is not None:
        return "retired"
    return "current" if key is current else "next"


def _hand_over(keys: Keys, now: datetime, *, compromised: bool) -> None:
    """Inside the write transaction: retire the current key in favour of the next. Raises KeyTooNew, LookupError."""
    usable = _usable(keys.list())
    current = _current(usable, now)
    if current is None:
        raise LookupError("the store holds no signing key")
    following = [key for key in usable if key.active_from > current.active_from]
    if not compromised and (not following or now < following[0].created_at + KNOWN_AFTER):
        raise KeyTooNew((following[0].created_at if following else now) + KNOWN_AFTER)
    # A stolen key must leave the key set now, not after its time among the retired.
    keys.retire(current.kid, now - PUBLISHED_AFTER_RETIREMENT if compromised else now)


def _missing(keys: tuple[StoredKey, ...], now: datetime) -> tuple[datetime, ...]:
    """The take-over times of the keys to make, so that there is a current and a next one."""
    current = _current(keys, now)
    if current is None:
        return (now, now + SIGNING_PERIOD)
    has_next = any(key.active_from > current.active_from for key in _usable(keys))
    return () if has_next else (max(now, current.active_from) + SIGNING_PERIOD,)


def _settle(keys: Keys, made: tuple[StoredKey, ...], now: datetime) -> None:
    """Inside the write transaction: keep of *made* what is still missing, retire what was superseded.

    Another process may have been faster; then its keys stay and ours are dropped.
    """
    wanted = len(_missing(keys.list(), now))
    for key in made[len(made) - wanted :] if wanted else ():
        keys.add(key)
    usable = _usable(keys.list())
    current = _current(usable, now)
    for key in usable:
        if current is not None and key.active_from < current.active_from:
            keys.retire(key.kid, now)


def _make_keys(takeovers: tuple[datetime, ...], now: datetime, sealer: Sealer) -> tuple[StoredKey, ...]:
    """New keys, generated side by side: OpenSSL works without the interpreter lock."""
    made: dict[int, StoredKey] = {}

    def make(index: int) -> None:
        made[index] = _make_key(takeovers[index], now, sealer)

    threads = [threading.Thread(target=make, args=(index,)) for index in range(1, len(takeovers))]
    for thread in threads:
        thread.start()
    make(0)
    for thread in threads:
        thread.join()
    return tuple(made[index] for index in range(len(takeovers)))


def _make_key(active_from: datetime, now: datetime, sealer: Sealer) -> StoredKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    der = self_signed(private, "Xenia token signing", now, active_from + _CERTIFICATE_LIFETIME)
    plain = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return StoredKey(
        kid=key_id(der),
        sealed_private_key=sealer.seal(plain, _SEAL_PURPOSE),
        certificate_der=der,
        created_at=now,
        active_from=active_from,
    )


def _load(row: StoredKey, sealer: Sealer) -> _SigningKey:
    """Raises ValueError when the data key is not the one it was sealed with."""
    # Our own key, authenticated by the seal: checking its primes again would cost 35 ms each start.
    private = load_der_private_key(
        sealer.open(row.sealed_private_key, _SEAL_PURPOSE), None, unsafe_skip_rsa_key_validation=True
    )
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError("stored signing key is no RSA key")
    public = private.public_key()
    numbers = public.public_numbers()
    header = {"typ": "JWT", "alg": "RS256", "kid": row.kid}
    return _SigningKey(
        kid=row.kid,
        private=private,
        public=public,
        header=b64url(ENCODER.encode(header)),
        header_x5t=b64url(ENCODER.encode({"typ": "JWT", "alg": "RS256", "x5t": row.kid, "kid": row.kid})),
        published=PublicKey(
            row.kid,
            unsigned(numbers.n),
            unsigned(numbers.e),
            x5c(row.certificate_der),
        ),
        active_from=row.active_from,
    )
