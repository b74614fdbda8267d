"""App registrations of a seed, with service principal, credentials, permissions and assignments.

Own redirect URIs (paths) follow the address of this server: they are brought up to date at every start,
everything else of an existing app stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.audit import AuditRecord, Target, audit_record
from xenia.core.directory.application import (
    DEFAULT_ACCESS_ROLE,
    GRAPH_APP_ID,
    Application,
    AppRole,
    AppRoleAssignment,
    Audience,
    Certificate,
    ClientSecret,
    DelegatedGrant,
    Platform,
    RedirectUri,
    RequiredResourceAccess,
    Scope,
    ServicePrincipal,
    redirect_uri_problem,
)
from xenia.core.directory.user import User
from xenia.core.graph_permissions import GraphPermission, find_graph_permission
from xenia.core.ids import AppId, parse_guid
from xenia.core.query import Compare, Query
from xenia.ports import Ports, Transaction
from xenia.seed.document import SeedApp, SeedRedirects
from xenia.settings import is_loopback_host
from xenia.usecases.authenticate_client import client_secret_hash
from xenia.usecases.first_party import origins

_SECRET_LIFETIME = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class _Registration:
    """Everything one app consists of, drawn before the transaction so that running it again repeats it."""

    application: Application
    principal: ServicePrincipal
    secrets: tuple[ClientSecret, ...]
    certificates: tuple[Certificate, ...]
    assignments: tuple[AppRoleAssignment, ...]
    grant: DelegatedGrant | None
    records: tuple[AuditRecord, ...]


def apply_app(ports: Ports, actor: Actor, folder: Path, entry: SeedApp) -> AppId:
    """Register the app unless it exists; its client id. Raises ValueError for what may not be registered."""
    found = _find(ports, actor, entry)
    if found is not None:
        _follow_address(ports, actor, found, entry)
        return found.app_id
    registration = _registration(ports, actor, folder, entry)

    def work(tx: Transaction) -> None:
        tx.applications.add(registration.application)
        tx.applications.add_service_principal(registration.principal)
        for secret in registration.secrets:
            tx.applications.add_secret(secret)
        for certificate in registration.certificates:
            tx.applications.add_certificate(certificate)
        for assignment in registration.assignments:
            tx.applications.add_assignment(assignment)
        if registration.grant is not None:
            tx.applications.put_grant(registration.grant)
        for record in registration.records:
            tx.logs.audit(record)

    ports.store.write(actor.tenant_id, work)
    return registration.application.app_id


def _find(ports: Ports, actor: Actor, entry: SeedApp) -> Application | None:
    with ports.store.read(actor.tenant_id) as tx:
        if entry.id:
            return tx.applications.find_by_app_id(_guid(entry.id))
        query = Query(Compare("display_name", "eq", entry.name), limit=1)
        return next(iter(tx.applications.list(query).items), None)


def _registration(ports: Ports, actor: Actor, folder: Path, entry: SeedApp) -> _Registration:
    application = _application(ports, actor, entry)
    principal = ServicePrincipal(
        id=ports.entropy.guid(),
        tenant_id=actor.tenant_id,
        app_id=application.app_id,
        display_name=entry.name,
        owner_tenant_id=actor.tenant_id,
        created_at=application.created_at,
        assignment_required=entry.assignment_required,
        home_page_url=application.home_page_url,
    )
    with ports.store.read(actor.tenant_id) as tx:
        graph = tx.applications.service_principal(GRAPH_APP_ID)
        people = tuple(_person(tx, name) for name in entry.assigned)
    if graph is None:
        raise ValueError("this tenant has no service principal of the Graph resource; start the server once")
    return _Registration(
        application,
        principal,
        tuple(_secret(ports, application, item.name, item.value) for item in entry.secret),
        tuple(_certificate(ports, application, folder / path) for path in entry.certificates),
        _assignments(ports, principal, graph, people, entry),
        _grant(ports, principal, graph, entry),
        _records(ports, actor, application, principal),
    )


def _application(ports: Ports, actor: Actor, entry: SeedApp) -> Application:
    access = [(_permission(name).scope_id, "Scope") for name in entry.permissions.delegated]
    access += [(_permission(name).role_id, "Role") for name in entry.permissions.application]
    for identifier, kind in access:
        if identifier is None:
            raise ValueError(f"a permission has no form as {kind}; see the API permissions reference")
    required = RequiredResourceAccess(GRAPH_APP_ID, tuple((str(key), kind) for key, kind in access))
    return Application(
        id=ports.entropy.guid(),
        tenant_id=actor.tenant_id,
        app_id=_guid(entry.id) if entry.id else ports.entropy.guid(),
        display_name=entry.name,
        created_at=ports.clock.now(),
        audience=Audience.MULTIPLE if entry.audience == "multiple" else Audience.SINGLE,
        redirect_uris=_redirect_uris(ports, entry.redirect_uris),
        id_token_issuance=entry.id_tokens,
        is_fallback_public_client=entry.public_client,
        identifier_uris=entry.identifier_uris,
        scopes=tuple(
            Scope(
                id=_guid(item.id) if item.id else ports.entropy.guid(),
                value=item.value,
                type="Admin" if item.admin_only else "User",
                admin_consent_display_name=item.display_name,
                admin_consent_description=item.description,
                user_consent_display_name=item.display_name,
                user_consent_description=item.description,
            )
            for item in entry.scope
        ),
        app_roles=tuple(
            AppRole(
                id=_guid(item.id) if item.id else ports.entropy.guid(),
                value=item.value,
                display_name=item.display_name,
                description=item.description,
                allowed_member_types=("Application",) if item.for_apps else ("User",),
            )
            for item in entry.app_role
        ),
        required_resource_access=(required,) if access else (),
        requested_access_token_version=entry.token_version,
        home_page_url=_absolute(ports, entry.home_page) if entry.home_page else None,
    )


def _redirect_uris(ports: Ports, entry: SeedRedirects) -> tuple[RedirectUri, ...]:
    """The URIs by platform; a path stands for that page under every address of this server."""
    kinds = ((Platform.WEB, entry.web), (Platform.SPA, entry.spa), (Platform.PUBLIC, entry.public))
    found = []
    for platform, uris in kinds:
        for uri in uris:
            own = [f"{origin}{uri}" for origin in origins(ports.server)] if uri.startswith("/") else [uri]
            for absolute in own:
                problem = redirect_uri_problem(absolute, platform)
                if problem:
                    raise ValueError(f"{uri}: {problem}")
                found.append(RedirectUri(absolute, platform))
    return tuple(found)


def _follow_address(ports: Ports, actor: Actor, application: Application, entry: SeedApp) -> None:
    """Replace own pages under an address this computer had before by those under the present one."""
    wanted = [uri for uri in _redirect_uris(ports, entry.redirect_uris) if _is_own(uri, entry.redirect_uris)]
    kept = tuple(
        uri
        for uri in application.redirect_uris
        if not (_is_own(uri, entry.redirect_uris) and is_loopback_host(urlsplit(uri.uri).hostname or ""))
    )
    home = _absolute(ports, entry.home_page) if entry.home_page else None
    changed = replace(application, redirect_uris=tuple(dict.fromkeys((*kept, *wanted))))
    if home is not None and is_loopback_host(urlsplit(application.home_page_url or "").hostname or ""):
        changed = replace(changed, home_page_url=home)
    if (
        set(changed.redirect_uris) != set(application.redirect_uris)
        or changed.home_page_url != application.home_page_url
    ):
        ports.store.write(actor.tenant_id, lambda tx: tx.applications.replace(changed))


def _is_own(uri: RedirectUri, entry: SeedRedirects) -> bool:
    paths = (*entry.web, *entry.spa, *entry.public)
    return urlsplit(uri.uri).path in [path for path in paths if path.startswith("/")]


def _absolute(ports: Ports, url: str) -> str:
    return f"{ports.server.base_url}{url}" if url.startswith("/") else url


def _secret(ports: Ports, application: Application, name: str, value: str) -> ClientSecret:
    now = ports.clock.now()
    return ClientSecret(
        key_id=ports.entropy.guid(),
        application_id=application.id,
        display_name=name,
        hint=value[:3],
        secret_hash=client_secret_hash(ports, application.id, value),
        starts_at=now,
        ends_at=now + _SECRET_LIFETIME,
    )


def _certificate(ports: Ports, application: Application, path: Path) -> Certificate:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"certificate {path} cannot be read: {error.strerror}") from None
    der, sha1, sha256, starts_at, ends_at, subject = ports.assertions.read_certificate(data)
    return Certificate(ports.entropy.guid(), application.id, subject, der, sha1, sha256, starts_at, ends_at)


def _assignments(
    ports: Ports, principal: ServicePrincipal, graph: ServicePrincipal, people: Iterable[User], entry: SeedApp
) -> tuple[AppRoleAssignment, ...]:
    """People who have the app, and application permissions it has at Graph."""
    now = principal.created_at
    users = [
        AppRoleAssignment(ports.entropy.guid(), user.id, "User", principal.id, DEFAULT_ACCESS_ROLE, now)
        for user in people
    ]
    roles = [
        AppRoleAssignment(
            ports.entropy.guid(),
            principal.id,
            "ServicePrincipal",
            graph.id,
            str(_permission(name).role_id),
            now,
        )
        for name in entry.permissions.application
    ]
    return (*users, *roles)


def _grant(
    ports: Ports, principal: ServicePrincipal, graph: ServicePrincipal, entry: SeedApp
) -> DelegatedGrant | None:
    """Consent for everybody to the delegated permissions."""
    scopes = tuple(_permission(name).value for name in entry.permissions.delegated)
    if not scopes:
        return None
    return DelegatedGrant(ports.entropy.guid(), principal.id, "AllPrincipals", None, graph.id, scopes)


def _records(
    ports: Ports, actor: Actor, application: Application, principal: ServicePrincipal
) -> tuple[AuditRecord, ...]:
    now = application.created_at
    app = Target(application.id, "Application", application.display_name)
    instance = Target(principal.id, "ServicePrincipal", principal.display_name)
    return (
        audit_record(ports.entropy.guid(), audit.ADD_APPLICATION, actor, now, targets=(app,)),
        audit_record(ports.entropy.guid(), audit.ADD_SERVICE_PRINCIPAL, actor, now, targets=(instance,)),
    )


def _permission(name: str) -> GraphPermission:
    found = find_graph_permission(name)
    if found is None:
        raise ValueError(f"'{name}' is no permission that this server serves")
    return found


def _person(tx: Transaction, name: str) -> User:
    tenant = tx.tenants.find(tx.tenant_id or "")
    upn = name if "@" in name or tenant is None else f"{name}@{tenant.default_domain}"
    found = tx.users.find_by_upn(upn) or next(iter(tx.users.find_by_address(name)), None)
    if found is None:
        raise ValueError(f"assigned: there is no user '{name}'")
    return found


def _guid(text: str) -> str:
    found = parse_guid(text)
    if found is None:
        raise ValueError(f"'{text}' is no GUID")
    return found
