"""Reading app registrations with their credentials, as the API and the manifest tell them."""

from __future__ import annotations

from collections.abc import Mapping

from xenia.core.actor import Actor
from xenia.core.directory.application import Application, Certificate, ClientSecret, ServicePrincipal
from xenia.core.directory.signing_key import AppSigningKey
from xenia.core.query import Page, Query
from xenia.ports import Ports, Transaction
from xenia.record import Record, field
from xenia.usecases.applications import application_lifecycle
from xenia.usecases.users import read_directory


class DetailedApplication(Record):
    """A registration, what it proves itself with, and the domain its publisher is known by."""

    application: Application
    secrets: tuple[ClientSecret, ...]
    certificates: tuple[Certificate, ...]
    publisher_domain: str | None
    texts: Mapping[str, str] = field(default_factory=dict)
    """Of secrets that were made just now, by the id of the secret."""
    base_url: str = ""
    """Of this server: where its logo is."""


class DetailedPrincipal(Record):
    """An enterprise app with the registration behind it; None when that is gone."""

    principal: ServicePrincipal
    application: Application | None
    signing_keys: tuple[AppSigningKey, ...] = ()
    """Its own, by which tokens for it are or can be signed."""
    base_url: str = ""


def get_application(ports: Ports, actor: Actor, key: str, *, by_app_id: bool = False) -> DetailedApplication:
    """By object id or application id. Raises NotPermitted, NotFound."""
    found = read_directory.get_application(ports, actor, key, by_app_id=by_app_id)
    with ports.store.read(actor.tenant_id) as tx:
        return detailed(ports, tx, found)


def as_made(ports: Ports, actor: Actor, application: Application) -> DetailedApplication:
    """A registration as whoever just made it is told of it."""
    with ports.store.read(actor.tenant_id) as tx:
        return detailed(ports, tx, application)


def list_applications(ports: Ports, actor: Actor, query: Query) -> Page[DetailedApplication]:
    """Those of the tenant. Raises NotPermitted."""
    return _page(ports, actor, read_directory.list_applications(ports, actor, query))


def get_deleted_application(ports: Ports, actor: Actor, key: str) -> DetailedApplication:
    """One that can be restored. Raises NotPermitted, NotFound."""
    found = application_lifecycle.get_deleted_application(ports, actor, key)
    with ports.store.read(actor.tenant_id) as tx:
        return detailed(ports, tx, found)


def list_deleted_applications(ports: Ports, actor: Actor, query: Query) -> Page[DetailedApplication]:
    """Those that can be restored. Raises NotPermitted."""
    return _page(ports, actor, application_lifecycle.list_deleted_applications(ports, actor, query))


def get_service_principal(
    ports: Ports, actor: Actor, key: str, *, by_app_id: bool = False
) -> DetailedPrincipal:
    """By object id or application id. Raises NotPermitted, NotFound."""
    found = read_directory.get_service_principal(ports, actor, key, by_app_id=by_app_id)
    return with_application(ports, actor, found)


def list_service_principals(ports: Ports, actor: Actor, query: Query) -> Page[DetailedPrincipal]:
    """Apps as this tenant knows them. Raises NotPermitted."""
    page = read_directory.list_service_principals(ports, actor, query)
    with ports.store.read(actor.tenant_id) as tx:
        items = tuple(_detailed_principal(ports, tx, each) for each in page.items)
    return Page(items, page.next, page.total)


def with_application(ports: Ports, actor: Actor, principal: ServicePrincipal) -> DetailedPrincipal:
    """The enterprise app with its registration, which may be another tenant's."""
    with ports.store.read(actor.tenant_id) as tx:
        return _detailed_principal(ports, tx, principal)


def _detailed_principal(ports: Ports, tx: Transaction, principal: ServicePrincipal) -> DetailedPrincipal:
    application = tx.applications.find_by_app_id(principal.app_id)
    keys = tx.app_keys.of_principal(principal.id)
    return DetailedPrincipal(principal, application, keys, ports.server.base_url)


def detailed(ports: Ports, tx: Transaction, application: Application) -> DetailedApplication:
    """The registration with what hangs on it."""
    tenant = tx.tenants.find(application.tenant_id)
    return DetailedApplication(
        application,
        tx.applications.secrets(application.id),
        tx.applications.certificates(application.id),
        tenant.initial_domain if tenant else None,
        base_url=ports.server.base_url,
    )


def _page(ports: Ports, actor: Actor, page: Page[Application]) -> Page[DetailedApplication]:
    with ports.store.read(actor.tenant_id) as tx:
        return Page(tuple(detailed(ports, tx, each) for each in page.items), page.next, page.total)
