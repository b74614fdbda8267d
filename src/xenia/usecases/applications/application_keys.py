"""Certificates of app registrations as scripts handle them: with proof of one that is there, or as a whole list.

Microsoft Graph: application: addKey, removeKey, and PATCH of keyCredentials.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.directory.application import Application, Certificate
from xenia.core.errors import InvalidValue, NotFound, NotPermitted
from xenia.core.ids import ObjectId
from xenia.ports import Ports, Transaction
from xenia.record import Record
from xenia.usecases.applications.application_credentials import MOST_CREDENTIALS, checked_certificate
from xenia.usecases.applications.application_rules import (
    application_target,
    guard_change,
    note,
    require_application,
)

PROOF_AUDIENCES = ("00000002-0000-0000-c000-000000000000", "https://graph.windows.net")
"""What the ``aud`` of a proof is: published how-tos name the older directory API."""
LONGEST_PROOF = timedelta(minutes=10)
_SKEW = timedelta(minutes=5)


class WantedKey(Record):
    """One entry of a list of certificates: a new one by its data, or one that is there by its id."""

    key_id: str | None
    data: bytes | None
    display_name: str = ""


def add_key(
    ports: Ports, actor: Actor, object_id: ObjectId, data: bytes, display_name: str, proof: str
) -> Certificate:
    """Add a certificate; *proof* is signed by one the app holds already.

    The app itself may do so without any permission: holding the key is the right. Raises NotPermitted, NotFound,
    InvalidValue.
    """
    certificate = checked_certificate(ports, object_id, data, display_name)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> Certificate:
        application = _proven(ports, tx, actor, object_id, proof)
        present = tx.applications.certificates(application.id)
        if any(each.thumbprint_sha256 == certificate.thumbprint_sha256 for each in present):
            raise InvalidValue("certificate", "This certificate is there already.")
        tx.applications.add_certificate(certificate)
        note(tx, record_id, audit.UPDATE_CREDENTIALS, actor, now, application_target(application))
        return certificate

    return ports.store.write(actor.tenant_id, work)


def remove_key(ports: Ports, actor: Actor, object_id: ObjectId, key_id: str, proof: str) -> None:
    """Delete a certificate; *proof* as for ``add_key``. Raises NotPermitted, NotFound, InvalidValue."""
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        application = _proven(ports, tx, actor, object_id, proof)
        if not tx.applications.remove_certificate(application.id, key_id):
            raise NotFound("Resource", key_id)
        note(tx, record_id, audit.UPDATE_CREDENTIALS, actor, now, application_target(application))

    ports.store.write(actor.tenant_id, work)


class CertificateList:
    """A whole list of certificates for one app, read and checked before the transaction that stores it."""

    def __init__(self, ports: Ports, object_id: ObjectId, wanted: Sequence[WantedKey]) -> None:
        """Raises InvalidValue for data that holds no usable certificate."""
        self._wanted = wanted
        self._fresh = {
            place: checked_certificate(ports, object_id, each.data, each.display_name)
            for place, each in enumerate(wanted)
            if each.data is not None
        }

    def put(self, tx: Transaction, application: Application) -> bool:
        """Make these the certificates of the app: what is not named goes. Whether that changed anything.

        Raises InvalidValue.
        """
        present = {each.thumbprint_sha256: each for each in tx.applications.certificates(application.id)}
        by_id = {each.key_id: each for each in present.values()}
        kept: dict[str, Certificate] = {}
        for place, each in enumerate(self._wanted):
            held = self._fresh.get(place) or by_id.get(each.key_id or "")
            if held is None:
                raise InvalidValue(
                    "keyCredentials", f"There is no key credential '{each.key_id}'; a new one needs its key."
                )
            # The same certificate sent back is the one that is there.
            kept[held.thumbprint_sha256] = present.get(held.thumbprint_sha256, held)
        if len(kept) > MOST_CREDENTIALS:
            raise InvalidValue("keyCredentials", f"An app has at most {MOST_CREDENTIALS} certificates.")
        for gone in present.keys() - kept.keys():
            tx.applications.remove_certificate(application.id, present[gone].key_id)
        for new in kept.keys() - present.keys():
            tx.applications.add_certificate(kept[new])
        return kept.keys() != present.keys()


def _proven(ports: Ports, tx: Transaction, actor: Actor, object_id: ObjectId, proof: str) -> Application:
    """The app, once *proof* shows that the caller holds one of its keys.

    A proof is a JWT of at most ten minutes whose ``iss`` is the object id of the app. Raises NotPermitted, NotFound.
    """
    application = require_application(tx, object_id)
    is_itself = actor.is_app_only and actor.app_id == application.app_id
    if not is_itself:
        guard_change(tx, actor, application)
    parts = ports.assertions.header_and_claims(proof)
    claims = parts[1] if parts else {}
    now = ports.clock.now()
    span = [claims.get(name) for name in ("nbf", "exp")]
    audience = str(claims.get("aud", "")).rstrip("/")
    starts, ends = (float(each) if isinstance(each, int | float) else None for each in span)
    is_timely = (
        starts is not None
        and ends is not None
        and starts - _SKEW.total_seconds() <= now.timestamp() <= ends
        and 0 < ends - starts <= LONGEST_PROOF.total_seconds()
    )
    usable = (
        each for each in tx.applications.certificates(application.id) if each.starts_at <= now < each.ends_at
    )
    fits = is_timely and claims.get("iss") == application.id and audience in PROOF_AUDIENCES
    if not fits or not any(ports.assertions.is_signed_by(proof, each.der) for each in usable):
        raise NotPermitted(
            "proof",
            "Authentication_MissingOrMalformed: the proof must be a JWT of at most 10 minutes, signed by a valid "
            f"certificate of this app, with iss '{application.id}' and aud '{PROOF_AUDIENCES[0]}'.",
        )
    return application
