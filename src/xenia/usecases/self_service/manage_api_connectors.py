"""API connectors: entering, changing and deleting them (Microsoft Graph: identityApiConnector).

Passwords and private keys come in here and are sealed at once; nothing reads them back to people. How a
connector is asked is ``call_connector``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.api_connector import (
    ApiConnector,
    ConnectorAuthentication,
    ConnectorCall,
    ConnectorCertificate,
)
from xenia.core.directory.roles import FLOW_WRITING_ROLES, USER_FLOW_ADMINISTRATOR
from xenia.core.errors import Conflict, InvalidValue, NotFound
from xenia.core.ids import fold
from xenia.core.outgoing_url import origin_of
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.self_service.self_service_rules import (
    MASK,
    READ_CONNECTORS,
    WRITE_CONNECTORS,
    checked_outgoing_url,
    checked_text,
    guard_version,
    note_change,
    require_reader,
    require_writer,
    unknown_property,
)

SECRET_PURPOSE = "api-connector"  # noqa: S105  (what the sealed value is for)
MOST_CERTIFICATES = 10
LARGEST_PKCS12 = 64 * 1024
RECENT_CALLS = 100
"""What is said of a connector's speed is said of these."""
_Change = Callable[[ApiConnector], ApiConnector]


class NewConnector(Record):
    """What somebody says who enters a connector."""

    display_name: str
    target_url: str
    authentication: ConnectorAuthentication = ConnectorAuthentication.BASIC
    username: str = ""
    password: str = ""
    pkcs12: bytes = b""
    pkcs12_password: str = ""
    id: str | None = None
    """For seed files; None: one is made."""


def list_connectors(ports: Ports, actor: Actor) -> tuple[ApiConnector, ...]:
    """The connectors of the tenant, by name. Raises NotPermitted."""
    require_reader(actor, *READ_CONNECTORS)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.api_connectors.list()


def get_connector(ports: Ports, actor: Actor, connector_id: str) -> ApiConnector:
    """The connector of this id. Raises NotPermitted, NotFound."""
    require_reader(actor, *READ_CONNECTORS)
    with ports.store.read(actor.tenant_id) as tx:
        return _require_connector(tx, connector_id)


def recent_calls(ports: Ports, actor: Actor) -> Mapping[str, tuple[ConnectorCall, ...]]:
    """The last calls of each connector of the tenant, newest first, by its id. Raises NotPermitted."""
    require_reader(actor, *READ_CONNECTORS)
    with ports.store.read(actor.tenant_id) as tx:
        connectors = tx.api_connectors.list()
        return {one.id: tx.api_connectors.calls(one.id, RECENT_CALLS) for one in connectors}


def calls_of(ports: Ports, actor: Actor, connector_id: str) -> tuple[ConnectorCall, ...]:
    """The last calls of one connector, newest first. Raises NotPermitted, NotFound."""
    require_reader(actor, *READ_CONNECTORS)
    with ports.store.read(actor.tenant_id) as tx:
        return tx.api_connectors.calls(_require_connector(tx, connector_id).id, RECENT_CALLS)


def create_connector(ports: Ports, actor: Actor, order: NewConnector) -> ApiConnector:
    """Enter a connector (Microsoft Graph: create identityApiConnector). Raises NotPermitted, InvalidValue."""
    _require_writer(actor)
    now, record_id = ports.clock.now(), ports.entropy.guid()
    blank = ApiConnector(fold(order.id or "") or ports.entropy.guid(), actor.tenant_id, "", "", now)
    changes: dict[str, object] = {
        "display_name": order.display_name,
        "target_url": order.target_url,
        "authentication": order.authentication,
    }
    if order.authentication is ConnectorAuthentication.BASIC:
        changes |= {"username": order.username, "password": order.password}
    if order.pkcs12:
        opened = _certificate(ports, order.pkcs12, order.pkcs12_password)
        blank = _with_certificate(blank, opened, now)
    made = _changed(ports, blank, changes)

    def work(tx: Transaction) -> ApiConnector:
        tx.api_connectors.add(made)
        note_change(tx, record_id, audit.CREATE_API_CONNECTOR, actor, now, before=None, after=made)
        return made

    return ports.store.write(actor.tenant_id, work)


def update_connector(
    ports: Ports,
    actor: Actor,
    connector_id: str,
    changes: Mapping[str, object],
    *,
    expected_version: int | None = None,
) -> ApiConnector:
    """Set properties named as in ``ApiConnector``, and ``password``; ``******`` leaves the password as it is.

    Raises NotPermitted, NotFound, InvalidValue, and Conflict when it changed meanwhile.
    """
    _require_writer(actor)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> ApiConnector:
        before = _require_connector(tx, connector_id)
        guard_version(before.version, expected_version, "API connector")
        after = _changed(ports, before, changes)
        if after == before:
            return before
        tx.api_connectors.replace(after)
        note_change(tx, record_id, audit.UPDATE_API_CONNECTOR, actor, now, before=before, after=after)
        return _require_connector(tx, connector_id)

    return ports.store.write(actor.tenant_id, work)


def upload_certificate(
    ports: Ports,
    actor: Actor,
    connector_id: str,
    pkcs12: bytes,
    password: str,
    changes: Mapping[str, object] | None = None,
) -> ApiConnector:
    """Add a client certificate with its key and prove ourselves by it (Microsoft Graph: uploadClientCertificate).

    Expired ones go; the newest that is valid is presented. *changes*: what is set with it, as by
    ``update_connector``. Raises NotPermitted, NotFound, InvalidValue.
    """
    _require_writer(actor)
    # Before the transaction: opening it takes its time.
    opened = _certificate(ports, pkcs12, password)

    def added(connector: ApiConnector) -> ApiConnector:
        with_it = _with_certificate(connector, opened, ports.clock.now())
        proven = replace(with_it, authentication=ConnectorAuthentication.CERTIFICATE)
        return _changed(ports, proven, changes or {})

    return _change_certificates(ports, actor, connector_id, added)


def remove_certificate(ports: Ports, actor: Actor, connector_id: str, thumbprint: str) -> ApiConnector:
    """Take a certificate away. Raises NotPermitted, NotFound, InvalidValue for the last one that is in use."""

    def without(connector: ApiConnector) -> ApiConnector:
        left = tuple(entry for entry in connector.certificates if fold(entry.thumbprint) != fold(thumbprint))
        if left == connector.certificates:
            raise NotFound("Certificate", thumbprint)
        if not left and connector.authentication is ConnectorAuthentication.CERTIFICATE:
            raise InvalidValue(
                "certificates", "Upload the next certificate first, or choose another authentication."
            )
        return replace(connector, certificates=left)

    return _change_certificates(ports, actor, connector_id, without)


def delete_connector(ports: Ports, actor: Actor, connector_id: str) -> None:
    """Delete a connector that no flow asks. Raises NotPermitted, NotFound, and Conflict while a user flow asks it."""
    _require_writer(actor)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> None:
        connector = _require_connector(tx, connector_id)
        flows = [flow.id for flow in tx.user_flows.list() if connector.id in flow.connectors.values()]
        if flows:
            raise Conflict("id", f"Remove it from these user flows first: {', '.join(flows)}.")
        tx.api_connectors.remove(connector.id)
        note_change(tx, record_id, audit.DELETE_API_CONNECTOR, actor, now, before=connector, after=None)

    ports.store.write(actor.tenant_id, work)


def _changed(ports: Ports, before: ApiConnector, changes: Mapping[str, object]) -> ApiConnector:
    """The connector with *changes*, all of it checked. Raises InvalidValue."""
    after, is_new_secret = before, False
    for name, value in changes.items():
        if name == "display_name":
            after = replace(after, display_name=checked_text(name, value, 100, is_required=True))
        elif name == "target_url":
            after = replace(after, target_url=checked_outgoing_url(ports, name, value))
        elif name == "authentication":
            after = replace(after, authentication=_authentication(value))
        elif name == "username":
            after = replace(after, username=_username(value))
        elif name == "password":
            if value is not None and value != MASK:
                sealed = ports.sealer.seal(_password(value).encode(), SECRET_PURPOSE)
                after, is_new_secret = replace(after, sealed_password=sealed), True
        else:
            raise unknown_property(name)
    _guard_proof(before, after, is_new_secret=is_new_secret)
    return after


def _guard_proof(before: ApiConnector, after: ApiConnector, *, is_new_secret: bool) -> None:
    if after.authentication is ConnectorAuthentication.CERTIFICATE and not after.certificates:
        raise InvalidValue("certificates", "Upload a client certificate (.pfx) first.")
    if after.authentication is not ConnectorAuthentication.BASIC:
        return
    if not after.username:
        raise InvalidValue("username", "Enter the user name the connector expects.")
    if not after.sealed_password:
        raise InvalidValue("password", "Enter the password the connector expects.")
    if (
        before.target_url
        and origin_of(before.target_url) != origin_of(after.target_url)
        and not is_new_secret
    ):
        # Else whoever may change the address, and may not read the password, has it sent to themself.
        raise InvalidValue("password", "The connector moves to another server: enter the password anew.")


def _change_certificates(ports: Ports, actor: Actor, connector_id: str, change: _Change) -> ApiConnector:
    _require_writer(actor)
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> ApiConnector:
        before = _require_connector(tx, connector_id)
        after = change(before)
        tx.api_connectors.replace(after)
        note_change(tx, record_id, audit.UPDATE_API_CONNECTOR, actor, now, before=before, after=after)
        return _require_connector(tx, connector_id)

    return ports.store.write(actor.tenant_id, work)


def _certificate(ports: Ports, pkcs12: bytes, password: str) -> ConnectorCertificate:
    """What is in the file, its key sealed. Raises InvalidValue."""
    if not pkcs12 or len(pkcs12) > LARGEST_PKCS12:
        raise InvalidValue(
            "pkcs12",
            f"Choose a certificate file with its private key (.pfx), of at most {LARGEST_PKCS12 // 1024} kB.",
        )
    try:
        opened = ports.assertions.read_pkcs12(pkcs12, password)
    except ValueError as problem:
        raise InvalidValue("pkcs12", str(problem)) from None
    return ConnectorCertificate(
        thumbprint=opened.thumbprint,
        not_before=opened.not_before,
        not_after=opened.not_after,
        certificate_pem=opened.certificate_pem,
        sealed_key=ports.sealer.seal(opened.private_key_pem.encode(), SECRET_PURPOSE),
    )


def _with_certificate(connector: ApiConnector, added: ConnectorCertificate, now: datetime) -> ApiConnector:
    """The connector with it; expired ones go. Raises InvalidValue."""
    if added.not_after <= now:
        raise InvalidValue("pkcs12", f"This certificate expired on {added.not_after:%Y-%m-%d}.")
    others = tuple(
        entry
        for entry in connector.certificates
        if entry.thumbprint != added.thumbprint and entry.not_after > now
    )
    if len(others) >= MOST_CERTIFICATES:
        raise InvalidValue("pkcs12", f"A connector has at most {MOST_CERTIFICATES} certificates.")
    return replace(connector, certificates=(*others, added))


def _require_connector(tx: Transaction, connector_id: str) -> ApiConnector:
    found = tx.api_connectors.find(fold(connector_id))
    if found is None:
        raise NotFound("ApiConnector", connector_id)
    return found


def _authentication(value: object) -> ConnectorAuthentication:
    try:
        return ConnectorAuthentication(str(value))
    except ValueError:
        raise InvalidValue("authentication", "Choose basic, certificate or none.") from None


def _username(value: object) -> str:
    text = checked_text("username", value, 256)
    if ":" in text:
        # The colon ends the user name on the wire (RFC 7617 section 2).
        raise InvalidValue("username", "A user name may not hold a colon.")
    return text


def _password(value: object) -> str:
    if not isinstance(value, str) or not value or len(value) > 1000 or not value.isprintable():
        raise InvalidValue("password", "Enter a password of at most 1000 characters.")
    return value


def _require_writer(actor: Actor) -> None:
    require_writer(actor, FLOW_WRITING_ROLES, USER_FLOW_ADMINISTRATOR.name, *WRITE_CONNECTORS)
