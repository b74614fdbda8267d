"""Federated identity credentials of app registrations (Microsoft Graph: federatedIdentityCredential)."""

from __future__ import annotations

from typing import Any

from xenia.catalog.edm import Entity, Op, Prop, Resource, Values, Write
from xenia.catalog.whole_lists import page_of
from xenia.core.actor import Actor
from xenia.core.directory.application import FederatedIdentityCredential
from xenia.core.errors import NotFound
from xenia.core.federated_identity import DEFAULT_AUDIENCE
from xenia.core.query import Page, Query
from xenia.ports import Ports
from xenia.usecases.applications import federated_credentials
from xenia.usecases.applications.application_rules import READ_APPLICATION_DETAILS, WRITE_APPLICATIONS
from xenia.usecases.users import read_directory

_ATTRIBUTES = ("issuer", "subject", "description")


def object_id_of(ports: Ports, actor: Actor, key: str) -> str:
    """The path names the app by object id, or in parentheses by appId."""
    try:
        return read_directory.get_application(ports, actor, key).id
    except NotFound:
        return read_directory.get_application(ports, actor, key, by_app_id=True).id


def _list(ports: Ports, actor: Actor, app: str, query: Query) -> Page[FederatedIdentityCredential]:
    return page_of(
        federated_credentials.list_federated_credentials(ports, actor, object_id_of(ports, actor, app)), query
    )


def _get(ports: Ports, actor: Actor, app: str, key: str) -> FederatedIdentityCredential:
    return federated_credentials.get_federated_credential(ports, actor, object_id_of(ports, actor, app), key)


def _create(ports: Ports, actor: Actor, app: str, values: Values) -> FederatedIdentityCredential:
    wanted = federated_credentials.TrustedToken(
        name=values["name"],
        issuer=values["issuer"],
        subject=values["subject"],
        audiences=_audiences(values.get("audiences") or [DEFAULT_AUDIENCE]),
        description=values.get("description"),
    )
    return federated_credentials.add_federated_credential(
        ports, actor, object_id_of(ports, actor, app), wanted
    )


def _update(ports: Ports, actor: Actor, app: str, key: str, values: Values) -> None:
    changes: dict[str, Any] = {name: values[name] for name in _ATTRIBUTES if name in values}
    if values.get("audiences") is not None:
        changes["audiences"] = _audiences(values["audiences"])
    federated_credentials.update_federated_credential(
        ports, actor, object_id_of(ports, actor, app), key, **changes
    )


def _delete(ports: Ports, actor: Actor, app: str, key: str) -> None:
    federated_credentials.remove_federated_credential(ports, actor, object_id_of(ports, actor, app), key)


def _audiences(given: list[str | None]) -> tuple[str, ...]:
    return tuple(each or "" for each in given)


FEDERATED_IDENTITY_CREDENTIAL = Entity(
    "federatedIdentityCredential",
    "Trust in tokens of an outside issuer: whoever holds one with this subject is the app.",
    (
        Prop("id", nullable=False),
        Prop("name", nullable=False, write=Write.CREATE, required=True, filter=Op.EQ, plain=Op.EQ),
        Prop("issuer", nullable=False, write=Write.BOTH, required=True, filter=Op.EQ, plain=Op.EQ),
        Prop("subject", nullable=False, write=Write.BOTH, required=True, filter=Op.EQ, plain=Op.EQ),
        Prop("audiences", many=True, nullable=False, write=Write.BOTH),
        Prop("description", write=Write.BOTH),
    ),
)
FEDERATED_IDENTITY_CREDENTIALS = Resource(
    "applications/{id}/federatedIdentityCredentials",
    FEDERATED_IDENTITY_CREDENTIAL,
    list=_list,
    get=_get,
    create=_create,
    update=_update,
    delete=_delete,
    read_permits=READ_APPLICATION_DETAILS,
    write_permits=WRITE_APPLICATIONS,
    note="Found by id or by name. Issuer, subject and audience are compared exactly; at most 20 for an app.",
)
