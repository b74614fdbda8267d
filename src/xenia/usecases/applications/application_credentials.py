"""Client secrets and certificates of app registrations.

A secret's value leaves this module once, as the answer of ``add_client_secret``; only its keyed hash is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.application import Application, Certificate, ClientSecret
from xenia.core.errors import InvalidValue, NotFound, NotPermitted
from xenia.core.ids import ObjectId
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.applications.application_rules import (
    READ_APPLICATION_DETAILS,
    application_target,
    guard_change,
    note,
    require_application,
)
from xenia.usecases.tokens.authenticate_client import client_secret_hash

LONGEST_SECRET = timedelta(days=731)
"""24 months, one of them in a leap year."""
GRAPH_LIFETIME = timedelta(days=730)
"""Of a secret made through the API without an end."""
MOST_CREDENTIALS = 50
_SECRET_BYTES = 30
"""40 characters of base64url."""
_HINT = 3
_Removal = Callable[[Transaction], bool]


class NewSecret(Record):
    """A client secret just made; ``value`` is not readable later."""

    secret: ClientSecret
    value: str


class CredentialList(Record):
    """What an application proves itself with; values are not among it."""

    secrets: tuple[ClientSecret, ...]
    certificates: tuple[Certificate, ...]


def add_client_secret(
    ports: Ports,
    actor: Actor,
    object_id: ObjectId,
    display_name: str,
    ends_at: datetime | None = None,
    *,
    value: str | None = None,
) -> NewSecret:
    """Make a client secret of 40 characters (Microsoft Graph: addPassword), valid for 180 days unless told.

    *value* is for the operator's seed files alone. Raises NotPermitted, NotFound, InvalidValue.
    """
    if value is not None and not actor.is_system:
        raise NotPermitted("operator")
    made = made_secret(ports, object_id, display_name, ends_at, value)
    record_id = ports.entropy.guid()

    def work(tx: Transaction) -> NewSecret:
        application = require_application(tx, object_id)
        guard_change(tx, actor, application)
        put_secret(tx, application, made)
        target = application_target(application)
        note(tx, record_id, audit.UPDATE_CREDENTIALS, actor, made.secret.starts_at, target)
        return made

    return ports.store.write(actor.tenant_id, work)


def made_secret(
    ports: Ports, object_id: ObjectId, display_name: str, ends_at: datetime | None, value: str | None = None
) -> NewSecret:
    """A secret for this app, not stored yet. Raises InvalidValue."""
    now = ports.clock.now()
    ends_at = ends_at or now + timedelta(days=180)
    if not now < ends_at <= now + LONGEST_SECRET:
        raise InvalidValue("ends_at", "A client secret ends in the future, at most 24 months from now.")
    text = value or ports.entropy.token(_SECRET_BYTES)
    secret = ClientSecret(
        key_id=ports.entropy.guid(),
        application_id=object_id,
        display_name=_description(display_name) or "Password uploaded on " + f"{now:%Y-%m-%d}",
        hint=text[:_HINT],
        secret_hash=client_secret_hash(ports, object_id, text),
        starts_at=now,
        ends_at=ends_at,
    )
    return NewSecret(secret, text)


def put_secret(tx: Transaction, application: Application, made: NewSecret) -> None:
    """Store what ``made_secret`` made. Raises InvalidValue when there are too many."""
    if len(tx.applications.secrets(application.id)) >= MOST_CREDENTIALS:
        raise InvalidValue("display_name", "Delete an old client secret before you add another.")
    tx.applications.add_secret(made.secret)


def remove_client_secret(ports: Ports, actor: Actor, object_id: ObjectId, key_id: str) -> None:
    """Delete a secret; it fails from the next token request on. Raises NotPermitted, NotFound."""

    def removal(tx: Transaction) -> bool:
        return tx.applications.remove_secret(object_id, key_id)

    _remove(ports, actor, object_id, key_id, removal)


def add_certificate(
    ports: Ports, actor: Actor, object_id: ObjectId, data: bytes, display_name: str = ""
) -> Certificate:
    """Add a public certificate (PEM or DER). Raises NotPermitted, NotFound, InvalidValue (unreadable, expired, twice)."""
    certificate = checked_certificate(ports, object_id, data, display_name)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> Certificate:
        application = require_application(tx, object_id)
        guard_change(tx, actor, application)
        present = tx.applications.certificates(application.id)
        is_there = any(each.thumbprint_sha256 == certificate.thumbprint_sha256 for each in present)
        if len(present) >= MOST_CREDENTIALS or is_there:
            raise InvalidValue("certificate", "This certificate is there already, or the list is full.")
        tx.applications.add_certificate(certificate)
        note(tx, record_id, audit.UPDATE_CREDENTIALS, actor, now, application_target(application))
        return certificate

    return ports.store.write(actor.tenant_id, work)


def checked_certificate(
    ports: Ports, object_id: ObjectId, data: bytes, display_name: str = ""
) -> Certificate:
    """The public certificate (PEM or DER) as it is stored for this app. Raises InvalidValue (unreadable, expired)."""
    now = ports.clock.now()
    try:
        der, sha1, sha256, starts_at, ends_at, subject = ports.assertions.read_certificate(data)
    except ValueError:
        raise InvalidValue(
            "certificate",
            "This file holds no certificate. Upload a .cer, .pem or .crt file with the public part.",
        ) from None
    if ends_at <= now:
        raise InvalidValue(
            "certificate", f"This certificate ended on {ends_at:%Y-%m-%d}. Upload a current one."
        )
    return Certificate(
        ports.entropy.guid(), object_id, _description(display_name) or subject[:120], der, sha1, sha256,
        starts_at, ends_at,
    )  # fmt: skip


def remove_certificate(ports: Ports, actor: Actor, object_id: ObjectId, key_id: str) -> None:
    """Delete a certificate. Raises NotPermitted, NotFound."""

    def removal(tx: Transaction) -> bool:
        return tx.applications.remove_certificate(object_id, key_id)

    _remove(ports, actor, object_id, key_id, removal)


def list_credentials(ports: Ports, actor: Actor, object_id: ObjectId) -> CredentialList:
    """Secrets and certificates of a registration of this tenant. Raises NotPermitted, NotFound."""
    if not actor.may(*READ_APPLICATION_DETAILS):
        raise NotPermitted(READ_APPLICATION_DETAILS[0])
    with ports.store.read(actor.tenant_id) as tx:
        application = require_application(tx, object_id)
        return CredentialList(
            tx.applications.secrets(application.id), tx.applications.certificates(application.id)
        )


def _remove(ports: Ports, actor: Actor, object_id: ObjectId, key_id: str, removal: _Removal) -> None:
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        application = require_application(tx, object_id)
        guard_change(tx, actor, application)
        if not removal(tx):
            raise NotFound("Resource", key_id)
        note(tx, record_id, audit.UPDATE_CREDENTIALS, actor, now, application_target(application))

    ports.store.write(actor.tenant_id, work)


def _description(text: str) -> str:
    description = text.strip()
    if len(description) > 120 or not description.isprintable():
        raise InvalidValue("display_name", "Use one line of at most 120 characters.")
    return description
