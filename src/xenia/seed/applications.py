"""App registrations of a seed, with enterprise app, credentials, permissions and assignments.

Own redirect URIs (paths) follow the address of this server: they are brought up to date at every start,
everything else of an existing app stays as it is.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from xenia.core.actor import Actor
from xenia.core.directory.application import (
    DEFAULT_ACCESS_ROLE,
    GRAPH_APP_ID,
    Application,
    AppRole,
    Audience,
    Platform,
    PreAuthorizedApplication,
    RedirectUri,
    Scope,
)
from xenia.core.graph_permissions import GraphPermission, find_graph_permission
from xenia.core.ids import AppId, ObjectId, parse_guid
from xenia.core.query import Compare, Query
from xenia.ports import Ports
from xenia.record import replace
from xenia.seed.consent import apply_grant, check_grant
from xenia.seed.document import Seed, SeedApp, SeedAssignment, SeedPermissions, SeedRedirects
from xenia.seed.groups import find_group, find_person
from xenia.settings import is_loopback_host
from xenia.usecases.applications.application_credentials import LONGEST_SECRET
from xenia.usecases.applications.application_lifecycle import restore_application
from xenia.usecases.applications.application_owners import add_owner
from xenia.usecases.applications.federated_credentials import TrustedToken, add_federated_credential
from xenia.usecases.applications.manage_applications import (
    NewApplication,
    add_certificate,
    add_client_secret,
    assign_principal,
    register_application,
    set_api_permissions,
    update_enterprise_app,
)
from xenia.usecases.consent.granted_permissions import grant_admin_consent


def apply_app(ports: Ports, actor: Actor, seed: Seed, path: str, entry: SeedApp) -> AppId:
    """Register the app unless it exists; its client id.

    Raises ValueError for what may not be registered, SeedError for grants (each has its line).
    """
    found = _find(ports, actor, entry)
    if found is not None and found.deleted_at is not None:
        # Its client ID is not free for another one: what a seed describes is there at every start.
        found = restore_application(ports, actor, found.id)
    if found is not None:
        _follow_address(ports, actor, found, entry)
        return found.app_id
    # Looked up and checked before anything is made: a misspelt name must not leave half an app behind.
    holders = [_holder(ports, actor, one) for one in entry.assigned]
    certificates = [_file(seed.folder / name) for name in entry.certificates]
    access = _access(entry.permissions)
    owners = [find_person(ports, actor, one, "owners").id for one in entry.owners]
    grants = []
    for index, grant in enumerate(entry.grant):
        with seed.at(f"{path}.grant[{index}]"):
            grants.append(check_grant(ports, actor, grant))
    made = register_application(ports, actor, _order(ports, entry))
    app = made.application
    for secret in entry.secret:
        ends_at = ports.clock.now() + LONGEST_SECRET
        add_client_secret(ports, actor, app.id, secret.name, ends_at, value=secret.value)
    for certificate in certificates:
        add_certificate(ports, actor, app.id, certificate)
    for owner in owners:
        add_owner(ports, actor, app.id, owner)
    for trust in entry.federated:
        wanted = TrustedToken(trust.name, trust.issuer, trust.subject, (trust.audience,), trust.description)
        add_federated_credential(ports, actor, app.id, wanted)
    if access:
        set_api_permissions(ports, actor, app.id, app.version, GRAPH_APP_ID, access)
        grant_admin_consent(ports, actor, app.id)
    if entry.assignment_required:
        update_enterprise_app(
            ports,
            actor,
            made.principal.id,
            account_enabled=True,
            assignment_required=True,
            visible_to_users=True,
        )
    roles = {role.value: role.id for role in app.app_roles}
    for holder_id, one in zip(holders, entry.assigned, strict=True):
        named = None if isinstance(one, str) else one.role
        role = DEFAULT_ACCESS_ROLE if named is None else roles.get(named, named)
        assign_principal(ports, actor, made.principal.id, holder_id, role)
    for index, checked in enumerate(grants):
        with seed.at(f"{path}.grant[{index}]"):
            apply_grant(ports, actor, made.principal.id, checked)
    return app.app_id


def _find(ports: Ports, actor: Actor, entry: SeedApp) -> Application | None:
    with ports.store.read(actor.tenant_id) as tx:
        if entry.id:
            return tx.applications.find_by_app_id(_guid(entry.id), deleted=True)
        query = Query(Compare("display_name", "eq", entry.name), limit=1)
        return next(iter(tx.applications.list(query).items), None)


def _order(ports: Ports, entry: SeedApp) -> NewApplication:
    order = _plain_order(ports, entry)
    ids = {scope.value: scope.id for scope in order.scopes}
    trusted = tuple(
        PreAuthorizedApplication(_guid(one.client), tuple(_scope_id(ids, value) for value in one.scopes))
        for one in entry.trusted_clients
    )
    claims = {
        kind: [{"name": name, "source": None, "essential": False} for name in names]
        for kind, names in entry.optional_claims.items()
    }
    more = {
        "pre_authorized_applications": trusted,
        "known_client_applications": tuple(map(_guid, entry.known_clients)),
        "optional_claims": claims or None,
        "group_membership_claims": entry.group_claims,
    }
    return replace(order, more=more)


def _scope_id(ids: dict[str, str], value: str) -> str:
    if value not in ids:
        raise ValueError(f"trusted_clients: there is no scope '{value}'")
    return ids[value]


def _plain_order(ports: Ports, entry: SeedApp) -> NewApplication:
    return NewApplication(
        display_name=entry.name,
        audience=Audience.MULTIPLE if entry.audience == "multiple" else Audience.SINGLE,
        redirect_uris=_redirect_uris(ports, entry.redirect_uris),
        id_token_issuance=entry.id_tokens,
        app_id=entry.id,
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
        home_page_url=_absolute(ports, entry.home_page) if entry.home_page else None,
        logout_url=entry.front_channel_logout,
        back_channel_logout_uri=entry.back_channel_logout,
        is_fallback_public_client=entry.public_client,
        requested_access_token_version=entry.token_version,
    )


def _access(permissions: SeedPermissions) -> tuple[tuple[str, str], ...]:
    """Permission ids with their kind, as a registration asks for them."""
    pairs = [(name, _permission(name).scope_id, "Scope") for name in permissions.delegated]
    pairs += [(name, _permission(name).role_id, "Role") for name in permissions.application]
    for name, identifier, kind in pairs:
        if identifier is None:
            raise ValueError(f"{name} is no {'delegated' if kind == 'Scope' else 'application'} permission")
    return tuple((str(identifier), kind) for _, identifier, kind in pairs)


def _redirect_uris(ports: Ports, entry: SeedRedirects) -> tuple[RedirectUri, ...]:
    """The URIs by platform; a path stands for that page at the public address of this server."""
    kinds = ((Platform.WEB, entry.web), (Platform.SPA, entry.spa), (Platform.PUBLIC, entry.public))
    return tuple(RedirectUri(_absolute(ports, uri), platform) for platform, uris in kinds for uri in uris)


def _follow_address(ports: Ports, actor: Actor, application: Application, entry: SeedApp) -> None:
    """Replace own pages under an address this computer had before by those under the present one.

    An own page that somebody unregistered stays unregistered.
    """
    stale = [uri for uri in application.redirect_uris if _is_own(uri, entry.redirect_uris)]
    wanted = [uri for uri in _redirect_uris(ports, entry.redirect_uris) if _is_own(uri, entry.redirect_uris)]
    if not stale or set(stale) == set(wanted):
        return
    kept = [uri for uri in application.redirect_uris if uri not in stale]
    home = application.home_page_url
    if entry.home_page and entry.home_page.startswith("/") and home and home.endswith(entry.home_page):
        home = _absolute(ports, entry.home_page)
    changed = replace(application, redirect_uris=tuple(dict.fromkeys((*wanted, *kept))), home_page_url=home)
    ports.store.write(actor.tenant_id, lambda tx: tx.applications.replace(changed))


def _is_own(uri: RedirectUri, entry: SeedRedirects) -> bool:
    """Whether this is one of our own pages, on this computer under whatever port."""
    parts = urlsplit(uri.uri)
    paths = [path for path in (*entry.web, *entry.spa, *entry.public) if path.startswith("/")]
    return parts.path in paths and parts.scheme == "https" and is_loopback_host(parts.hostname or "")


def _absolute(ports: Ports, url: str) -> str:
    return f"{ports.server.base_url}{url}" if url.startswith("/") else url


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"certificate {path} cannot be read: {error.strerror}") from None


def _permission(name: str) -> GraphPermission:
    found = find_graph_permission(name)
    if found is None:
        raise ValueError(f"'{name}' is no permission that this server serves")
    return found


def _holder(ports: Ports, actor: Actor, entry: str | SeedAssignment) -> ObjectId:
    """Object id of the user or group that is assigned."""
    if isinstance(entry, str):
        return find_person(ports, actor, entry, "assigned").id
    if (entry.user is None) == (entry.group is None):
        raise ValueError("assigned: name either a user or a group")
    if entry.user is not None:
        return find_person(ports, actor, entry.user, "assigned").id
    group = find_group(ports, actor, entry.group or "")
    if group is None:
        raise ValueError(f"assigned: there is no group '{entry.group}'")
    return group.id


def _guid(text: str) -> str:
    found = parse_guid(text)
    if found is None:
        raise ValueError(f"'{text}' is no GUID")
    return found
