"""API connectors (Microsoft Graph: identityApiConnector). Passwords and certificates go in and are never told."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from xenia.catalog.edm import TYPE, Action, Complex, Edm, Entity, Prop, Resource, Service, Values, Write
from xenia.catalog.whole_lists import page_of
from xenia.core.actor import Actor
from xenia.core.api_connector import ApiConnector, ConnectorAuthentication, ConnectorCertificate
from xenia.core.errors import InvalidValue
from xenia.core.query import Page, Query
from xenia.ports import Ports
from xenia.record import Record
from xenia.usecases.self_service import manage_api_connectors as connectors

MASK = "******"
READ_PERMITS = ("APIConnectors.Read.All", "APIConnectors.ReadWrite.All")
WRITE_PERMITS = ("APIConnectors.ReadWrite.All",)
_BASIC, _PKCS12, _CERTIFICATE = "basicAuthentication", "pkcs12Certificate", "clientCertificateAuthentication"

CERTIFICATE_INFORMATION = Complex(
    "pkcs12CertificateInformation",
    (
        Prop("thumbprint"),
        Prop("notBefore", Edm.INT64),
        Prop("notAfter", Edm.INT64),
        Prop("isActive", Edm.BOOLEAN),
    ),
)
AUTHENTICATION = Complex(
    "apiAuthenticationConfigurationBase",
    (),
    derived=(
        Complex(_BASIC, (Prop("username", write=Write.BOTH), Prop("password", write=Write.BOTH))),
        Complex(_PKCS12, (Prop("pkcs12Value", write=Write.BOTH), Prop("password", write=Write.BOTH))),
        Complex(_CERTIFICATE, (Prop("certificateList", CERTIFICATE_INFORMATION, many=True),)),
    ),
)


class ShownConnector(Record):
    """A connector at one moment: which of its certificates is presented depends on the time."""

    connector: ApiConnector
    active: ConnectorCertificate | None

    @property
    def id(self) -> str:
        """Of the connector."""
        return self.connector.id


def shown(ports: Ports, connector: ApiConnector) -> ShownConnector:
    """The connector as it is now."""
    return ShownConnector(connector, connector.certificate_at(ports.clock.now()))


def _authentication(record: ShownConnector) -> object:
    connector = record.connector
    if connector.authentication is ConnectorAuthentication.NONE:
        return None
    if connector.authentication is ConnectorAuthentication.BASIC:
        password = MASK if connector.sealed_password else None
        return {
            TYPE: f"#microsoft.graph.{_BASIC}",
            "username": connector.username,
            "password": password,
        }
    return {TYPE: f"#microsoft.graph.{_CERTIFICATE}", "certificateList": _certificates(record)}


def _certificates(record: ShownConnector) -> list[dict[str, object]]:
    return [
        {
            "thumbprint": entry.thumbprint,
            "notBefore": _epoch(entry.not_before),
            "notAfter": _epoch(entry.not_after),
            "isActive": entry == record.active,
        }
        for entry in record.connector.certificates
    ]


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def _list(ports: Ports, actor: Actor, query: Query) -> Page[ShownConnector]:
    found = [shown(ports, connector) for connector in connectors.list_connectors(ports, actor)]
    return page_of(found, query)


def _get(ports: Ports, actor: Actor, key: str) -> ShownConnector:
    return shown(ports, connectors.get_connector(ports, actor, key))


def _create(ports: Ports, actor: Actor, values: Values) -> ShownConnector:
    authentication = values.get("authenticationConfiguration")
    if authentication is None:
        raise InvalidValue(
            "authenticationConfiguration",
            "Say how the connector proves itself: by basicAuthentication or pkcs12Certificate.",
        )
    is_certificate = authentication[TYPE] == _PKCS12
    password = authentication.get("password") or ""
    order = connectors.NewConnector(
        display_name=values["displayName"],
        target_url=values["targetUrl"],
        authentication=_method(authentication),
        username=authentication.get("username") or "",
        password="" if is_certificate else password,
        pkcs12=_pkcs12(authentication) if is_certificate else b"",
        pkcs12_password=password if is_certificate else "",
    )
    return shown(ports, connectors.create_connector(ports, actor, order))


def _method(authentication: Values) -> ConnectorAuthentication:
    if authentication[TYPE] == _BASIC:
        return ConnectorAuthentication.BASIC
    return ConnectorAuthentication.CERTIFICATE


def _pkcs12(values: Values) -> bytes:
    text = "".join((values.get("pkcs12Value") or "").split())
    try:
        found = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        found = b""
    if not found:
        raise InvalidValue("pkcs12Value", "The certificate is a PKCS #12 file (.pfx), base64 encoded.")
    return found


def _update(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    fields = {"displayName": "display_name", "targetUrl": "target_url"}
    changes: dict[str, object] = {
        field: values[name] or "" for name, field in fields.items() if name in values
    }
    authentication = values.get("authenticationConfiguration")
    if authentication is not None and authentication[TYPE] == _PKCS12:
        password = authentication.get("password") or ""
        connectors.upload_certificate(ports, actor, key, _pkcs12(authentication), password, changes)
        return
    if authentication is not None and authentication[TYPE] == _BASIC:
        changes["authentication"] = ConnectorAuthentication.BASIC
        if "username" in authentication:
            changes["username"] = authentication["username"] or ""
        if authentication.get("password") not in (None, MASK):
            changes["password"] = authentication["password"]
    if changes:
        connectors.update_connector(ports, actor, key, changes)


def _upload(ports: Ports, actor: Actor, key: str, values: Values) -> ShownConnector:
    password = values.get("password") or ""
    return shown(ports, connectors.upload_certificate(ports, actor, key, _pkcs12(values), password))


API_CONNECTOR = Entity(
    "identityApiConnector",
    "A server of the organization that a user flow asks before it goes on.",
    (
        Prop("id", nullable=False),
        Prop("displayName", attribute="connector.display_name", write=Write.BOTH, required=True),
        Prop("targetUrl", attribute="connector.target_url", write=Write.BOTH, required=True),
        Prop("authenticationConfiguration", AUTHENTICATION, write=Write.BOTH, read=_authentication),
    ),
)
API_CONNECTORS = Resource(
    "identity/apiConnectors",
    API_CONNECTOR,
    Service.IDENTITY,
    list=_list,
    get=_get,
    create=_create,
    update=_update,
    delete=connectors.delete_connector,
    actions=(
        Action(
            "uploadClientCertificate",
            _upload,
            "graph.identityApiConnector",
            WRITE_PERMITS,
            params=(Prop("pkcs12Value", write=Write.BOTH), Prop("password", write=Write.BOTH)),
            entity=API_CONNECTOR,
            context="identity/apiConnectors/$entity",
        ),
    ),
    read_permits=READ_PERMITS,
    write_permits=WRITE_PERMITS,
    note="A `pkcs12Certificate` goes in; `clientCertificateAuthentication` with its certificates comes out.",
)
