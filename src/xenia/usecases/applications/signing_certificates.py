"""Token signing certificates of an enterprise app: made here, taken into use, removed.

Microsoft Graph: servicePrincipal: addTokenSigningCertificate, preferredTokenSigningKeyThumbprint. A key's private
half never leaves this server, and nobody can bring their own: whoever holds it could sign for anybody.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.audit import Change
from xenia.core.directory.application import ServicePrincipal
from xenia.core.directory.first_party import FIRST_PARTY_APP_IDS
from xenia.core.directory.roles import APP_WRITING_ROLES
from xenia.core.directory.signing_key import MOST_CERTIFICATES, RS256, USUAL_LIFETIME, AppSigningKey
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.ids import ObjectId
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.applications.application_rules import (
    READ_APPLICATION_DETAILS,
    WRITE_APPLICATIONS,
    note,
    principal_target,
    require_principal,
)
from xenia.usecases.applications.enterprise_apps import UPDATE_SERVICE_PRINCIPAL

LONGEST_LIFETIME = timedelta(days=10 * 365)
LONGEST_NAME = 64
"""Of a common name (RFC 5280, ``ub-common-name``)."""


class SigningCertificates(Record):
    """An app's keys, and which of them signs."""

    principal: ServicePrincipal
    keys: tuple[AppSigningKey, ...]

    @property
    def active(self) -> AppSigningKey | None:
        """The one that signs, unless the common key does."""
        return next((key for key in self.keys if key.kid == self.principal.token_signing_key), None)


def list_signing_certificates(ports: Ports, actor: Actor, principal_id: ObjectId) -> SigningCertificates:
    """Oldest first, keys for ES256 too. Raises NotPermitted, NotFound."""
    if not actor.may(*READ_APPLICATION_DETAILS):
        raise NotPermitted(READ_APPLICATION_DETAILS[0])
    with ports.store.read(actor.tenant_id) as tx:
        principal = require_principal(tx, principal_id)
        return SigningCertificates(principal, tx.app_keys.of_principal(principal.id))


def add_signing_certificate(
    ports: Ports, actor: Actor, principal_id: ObjectId, display_name: str, ends_at: datetime | None = None
) -> AppSigningKey:
    """A new key pair with its self-signed certificate. The first one signs at once; a further one is published
    and waits until it is taken into use, so that clients can know it.

    Raises NotPermitted, NotFound, InvalidValue (name, end, an app that ships with this server), Conflict (enough).
    """
    actor.require(APP_WRITING_ROLES, *WRITE_APPLICATIONS)
    now, record_id = ports.clock.now(), ports.entropy.guid()
    name, ends_at = _checked_name(display_name), _checked_end(ends_at, now)
    with ports.store.read(actor.tenant_id) as tx:
        principal = _changeable(tx, principal_id)
        _check_room(tx, principal)
    made = ports.keys.make_app_key(principal, RS256, name, now, ends_at, ports.entropy.guid())

    def work(tx: Transaction) -> AppSigningKey:
        before = _changeable(tx, principal_id)
        _check_room(tx, before)
        tx.app_keys.add(made)
        changes = [Change("KeyDescription", "[]", json.dumps([made.thumbprint]))]
        if before.token_signing_key is None and not _certificates(tx, before, but=made.kid):
            tx.applications.replace_service_principal(replace(before, token_signing_key=made.kid))
            changes.append(_preferred(None, made))
        note(
            tx,
            record_id,
            audit.UPDATE_SERVICE_PRINCIPAL_CREDENTIALS,
            actor,
            now,
            principal_target(before, tuple(changes)),
        )
        return made

    return ports.store.write(actor.tenant_id, work)


def use_signing_certificate(
    ports: Ports, actor: Actor, principal_id: ObjectId, thumbprint: str | None
) -> None:
    """Let this certificate sign from now on; None: the common key. What signed before stays published.

    Raises NotPermitted, NotFound, InvalidValue (no such certificate).
    """
    actor.require(APP_WRITING_ROLES, *WRITE_APPLICATIONS)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        before = _changeable(tx, principal_id)
        held = _certificates(tx, before)
        chosen = None
        if thumbprint:
            chosen = next((key for key in held if key.thumbprint == thumbprint.strip().upper()), None)
            if chosen is None:
                raise InvalidValue(
                    "preferredTokenSigningKeyThumbprint",
                    f"This app has no token signing certificate with the thumbprint '{thumbprint}'.",
                )
        signed = next((key for key in held if key.kid == before.token_signing_key), None)
        if chosen == signed:
            return
        after = replace(before, token_signing_key=chosen.kid if chosen else None)
        tx.applications.replace_service_principal(after)
        changes = (_preferred(signed, chosen),)
        note(tx, record_id, UPDATE_SERVICE_PRINCIPAL, actor, now, principal_target(after, changes))

    ports.store.write(actor.tenant_id, work)


def remove_signing_certificate(ports: Ports, actor: Actor, principal_id: ObjectId, key_id: str) -> None:
    """Take a key away: what it signed is believed no longer, at once. The one that signs stays.

    A key for ES256 may always go: the next sign-in makes another. Raises NotPermitted, NotFound, Conflict.
    """
    actor.require(APP_WRITING_ROLES, *WRITE_APPLICATIONS)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        principal = _changeable(tx, principal_id)
        held = tx.app_keys.of_principal(principal.id)
        found = next((key for key in held if key.key_id == key_id), None)
        if found is None:
            raise NotFound("Resource", key_id)
        if found.kid == principal.token_signing_key:
            raise Conflict(
                "keyCredentials", "This certificate signs. Let another one, or the common key, sign first."
            )
        tx.app_keys.remove(found.kid)
        target = principal_target(
            principal, (Change("KeyDescription", json.dumps([found.thumbprint]), "[]"),)
        )
        note(tx, record_id, audit.UPDATE_SERVICE_PRINCIPAL_CREDENTIALS, actor, now, target)

    ports.store.write(actor.tenant_id, work)


def keep_signing_certificates(
    ports: Ports, actor: Actor, principal_id: ObjectId, kept: frozenset[str]
) -> None:
    """Remove every certificate whose id is not among *kept* (PATCH of ``keyCredentials``).

    Raises NotPermitted, NotFound, Conflict, and InvalidValue for an id that is not there: keys are made here.
    """
    present = list_signing_certificates(ports, actor, principal_id)
    ids = {key.key_id for key in present.keys}
    if not kept <= ids:
        raise InvalidValue(
            "keyCredentials",
            "Token signing certificates are made by addTokenSigningCertificate; keep those that are there by their keyId.",
        )
    for key_id in sorted(ids - kept):
        remove_signing_certificate(ports, actor, principal_id, key_id)


def _changeable(tx: Transaction, principal_id: ObjectId) -> ServicePrincipal:
    principal = require_principal(tx, principal_id)
    if principal.app_id in FIRST_PARTY_APP_IDS:
        raise InvalidValue("id", "Apps that ship with this server cannot be changed.")
    return principal


def _certificates(tx: Transaction, principal: ServicePrincipal, but: str = "") -> tuple[AppSigningKey, ...]:
    held = tx.app_keys.of_principal(principal.id)
    return tuple(key for key in held if key.algorithm == RS256 and key.kid != but)


def _check_room(tx: Transaction, principal: ServicePrincipal) -> None:
    if len(_certificates(tx, principal)) >= MOST_CERTIFICATES:
        raise Conflict(
            "keyCredentials",
            f"An app has at most {MOST_CERTIFICATES} token signing certificates. Remove one that is not used any more.",
        )


def _checked_name(text: str) -> str:
    name = text.strip().removeprefix("CN=").removeprefix("cn=").strip()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidValue(
            "displayName", f"Enter a name of 1 to {LONGEST_NAME} characters, such as CN=Orders."
        )
    return name


def _checked_end(ends_at: datetime | None, now: datetime) -> datetime:
    end = ends_at or now + USUAL_LIFETIME
    if not now < end <= now + LONGEST_LIFETIME:
        raise InvalidValue("endDateTime", "The certificate ends in the future, at most 10 years from now.")
    return end


def _preferred(before: AppSigningKey | None, after: AppSigningKey | None) -> Change:
    old, new = (json.dumps([key.thumbprint] if key else []) for key in (before, after))
    return Change("PreferredTokenSigningKeyThumbprint", old, new)
