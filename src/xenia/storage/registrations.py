"""App registrations and their credentials. Reading one by client id is platform-wide by design."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from xenia.core.directory.application import (
    Application,
    Certificate,
    ClientSecret,
    FederatedIdentityCredential,
    Logo,
)
from xenia.core.errors import Conflict, NotFound
from xenia.core.ids import AppId, ObjectId, fold
from xenia.core.query import Page, Query
from xenia.record import replace
from xenia.storage.documents import Document, written
from xenia.storage.filter_sql import Collection, Searchable, attribute_columns
from xenia.storage.paging import list_page
from xenia.storage.schema.applications import (
    application_identifier_uris,
    application_logos,
    application_owners,
    application_owning_apps,
    applications,
    certificates,
    client_secrets,
    federated_identity_credentials,
    used_assertions,
)
from xenia.storage.transactions import Both, Repository

_APPLICATION = Document(Application)
_SECRET = Document(ClientSecret)
_CERTIFICATE = Document(Certificate)
_FEDERATED = Document(FederatedIdentityCredential)
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_APP: sa.BindParameter[Any] = sa.bindparam("application")
_c = applications.c
_uris = application_identifier_uris.c
_SELF = (_c.tenant_id == _TENANT, _c.id == sa.bindparam("own_id"))
_KEYS = tuple(column.name for column in _c if column.name.endswith("_key"))
_PLAIN = tuple(column.name for column in _c if not column.name.endswith("_key") and column.name != "doc")

_LIVE = _c.deleted_at.is_(None)
_ANY = sa.select(_c.doc).where(*_SELF)
_FIND = _ANY.where(_LIVE)
_ANY_BY_APP_ID = sa.select(_c.doc).where(_c.app_id == sa.bindparam("app_id"))
_FIND_BY_APP_ID = _ANY_BY_APP_ID.where(_LIVE)
_FIND_BY_URI = (
    sa.select(_c.doc)
    .join(
        application_identifier_uris,
        sa.and_(_uris.tenant_id == _c.tenant_id, _uris.application_id == _c.id),
    )
    .where(_uris.uri_key == sa.bindparam("uri"), _LIVE)
)
_ADD = sa.insert(applications)
_REPLACE = sa.update(applications).where(*_SELF, _c.version == sa.bindparam("expected"))
_REMOVE = sa.delete(applications).where(*_SELF)
_ADD_URIS = sa.insert(application_identifier_uris)
_DROP_URIS = sa.delete(application_identifier_uris).where(
    _uris.tenant_id == _TENANT, _uris.application_id == sa.bindparam("own_id")
)
_apps = application_owning_apps.c
_OWNERS = sa.union_all(
    sa.select(application_owners.c.user_id.label("owner")).where(
        application_owners.c.tenant_id == _TENANT, application_owners.c.application_id == _APP
    ),
    sa.select(_apps.principal_id).where(_apps.tenant_id == _TENANT, _apps.application_id == _APP),
).order_by("owner")
_ADD_OWNER = Both(application_owners, ("tenant_id", "application_id", "user_id"))
_REMOVE_OWNER = sa.delete(application_owners).where(
    application_owners.c.tenant_id == _TENANT,
    application_owners.c.application_id == _APP,
    application_owners.c.user_id == sa.bindparam("owner"),
)
_ADD_OWNING_APP = Both(application_owning_apps, ("tenant_id", "application_id", "principal_id"))
_REMOVE_OWNING_APP = sa.delete(application_owning_apps).where(
    _apps.tenant_id == _TENANT, _apps.application_id == _APP, _apps.principal_id == sa.bindparam("owner")
)
_logos = application_logos.c
_LOGO = sa.select(_logos.media_type, _logos.content).where(
    _logos.tenant_id == _TENANT, _logos.application_id == _APP
)
_ADD_LOGO = sa.insert(application_logos)
_DROP_LOGO = sa.delete(application_logos).where(_logos.tenant_id == _TENANT, _logos.application_id == _APP)
_USE_ASSERTION = Both(used_assertions, ("application_id", "jti_hash"))

_SEARCHABLE = Searchable(
    _c.id,
    _c.tenant_id,
    attribute_columns(applications),
    {
        "identifier_uris": Collection(_uris.application_id, {"": _uris.uri_key}),
        "owners": Collection(application_owners.c.application_id, {"": application_owners.c.user_id}),
    },
)


def _credentials_of(table: sa.Table) -> sa.Select[Any]:
    return (
        sa.select(table.c.doc)
        .where(table.c.application_id == _APP)
        .order_by(table.c.starts_at, table.c.key_id)
    )


def _removal_of(table: sa.Table) -> sa.Delete:
    return sa.delete(table).where(
        table.c.tenant_id == _TENANT, table.c.application_id == _APP, table.c.key_id == sa.bindparam("key")
    )


_SECRETS, _REMOVE_SECRET = _credentials_of(client_secrets), _removal_of(client_secrets)
_CERTIFICATES, _REMOVE_CERTIFICATE = _credentials_of(certificates), _removal_of(certificates)
_ADD_SECRET, _ADD_CERTIFICATE = sa.insert(client_secrets), sa.insert(certificates)
_f = federated_identity_credentials.c
_OWN_FEDERATED = (_f.tenant_id == _TENANT, _f.application_id == _APP, _f.id == sa.bindparam("key"))
_ALL_FEDERATED = sa.select(_f.doc).where(_f.application_id == _APP).order_by(_f.name)
_ADD_FEDERATED = sa.insert(federated_identity_credentials)
_REPLACE_FEDERATED = sa.update(federated_identity_credentials).where(*_OWN_FEDERATED)
_REMOVE_FEDERATED = sa.delete(federated_identity_credentials).where(*_OWN_FEDERATED)


class Registrations(Repository):
    """The part of ``ports.Applications`` about registrations."""

    __slots__ = ()

    def find(self, object_id: ObjectId, *, deleted: bool = False) -> Application | None:
        """A registration of this tenant. With ``deleted`` also a deleted one is found."""
        row = self._first(_ANY if deleted else _FIND, {"own_tenant": self._tenant, "own_id": object_id})
        return None if row is None else _APPLICATION.read(row[0])

    def find_by_app_id(self, app_id: AppId, *, deleted: bool = False) -> Application | None:
        """Platform-wide: the one registration with this client id, whichever tenant owns it.

        With ``deleted`` also a deleted one is found.
        """
        if deleted:
            found = self._first(_ANY_BY_APP_ID, {"app_id": app_id})
            return None if found is None else _APPLICATION.read(found[0])

        def read() -> Application | None:
            row = self._first(_FIND_BY_APP_ID, {"app_id": app_id})
            return None if row is None else _APPLICATION.read(row[0])

        return self._scope.directory.record(("application", app_id), read)

    def find_by_identifier_uri(self, uri: str) -> Application | None:
        """Platform-wide."""

        def read() -> Application | None:
            row = self._first(_FIND_BY_URI, {"uri": fold(uri)})
            return None if row is None else _APPLICATION.read(row[0])

        return self._scope.directory.record(("identifier uri", fold(uri)), read)

    def list(self, query: Query, *, deleted: bool = False) -> Page[Application]:
        """Registrations of this tenant. With ``deleted`` only deleted ones."""
        return list_page(
            self._scope.connection,
            _SEARCHABLE,
            query,
            self._tenant,
            lambda row: _APPLICATION.read(row[0]),
            columns=(_c.doc,),
            within=(_c.deleted_at.is_not(None) if deleted else _LIVE,),
        )

    def add(self, application: Application) -> None:
        """Raises Conflict on a taken app id or identifier URI."""
        self._check_owner(application.tenant_id)
        with self._refusing():
            self._run(_ADD, _columns(application))
            self._put_uris(application)

    def replace(self, application: Application) -> None:
        """Stored with ``version + 1``. Raises Conflict when the stored version differs or a URI is taken."""
        self._check_owner(application.tenant_id)
        stored = replace(application, version=application.version + 1)
        own = {"own_tenant": self._tenant, "own_id": application.id}
        with self._refusing():
            if not self._run(_REPLACE, {**own, "expected": application.version, **_columns(stored)}):
                if self.find(application.id, deleted=True) is None:
                    raise NotFound("Application", application.id)
                raise Conflict("version", "The application was changed meanwhile. Reload it and try again.")
            self._run(_DROP_URIS, own)
            self._put_uris(stored)

    def remove(self, object_id: ObjectId) -> None:
        """With its credentials and owners; service principals stay, as they belong to their tenants."""
        self._run(_REMOVE, {"own_tenant": self._tenant, "own_id": object_id})

    def secrets(self, application_id: ObjectId) -> tuple[ClientSecret, ...]:
        """Platform-wide: the application may belong to another tenant."""
        return tuple(_SECRET.read(row[0]) for row in self._all(_SECRETS, {"application": application_id}))

    def add_secret(self, secret: ClientSecret) -> None:
        """Raises NotFound when the application is not this tenant's."""
        self._add_credential(_ADD_SECRET, secret)

    def remove_secret(self, application_id: ObjectId, key_id: str) -> bool:
        """False when there was none."""
        own = {"own_tenant": self._tenant, "application": application_id, "key": key_id}
        return self._run(_REMOVE_SECRET, own) == 1

    def certificates(self, application_id: ObjectId) -> tuple[Certificate, ...]:
        """Platform-wide."""
        rows = self._all(_CERTIFICATES, {"application": application_id})
        return tuple(_CERTIFICATE.read(row[0]) for row in rows)

    def add_certificate(self, certificate: Certificate) -> None:
        """Raises NotFound when the application is not this tenant's."""
        self._add_credential(_ADD_CERTIFICATE, certificate)

    def remove_certificate(self, application_id: ObjectId, key_id: str) -> bool:
        """False when there was none."""
        own = {"own_tenant": self._tenant, "application": application_id, "key": key_id}
        return self._run(_REMOVE_CERTIFICATE, own) == 1

    def logo(self, application_id: ObjectId) -> Logo | None:
        """The picture of a registration of this tenant."""
        row = self._first(_LOGO, {"own_tenant": self._tenant, "application": application_id})
        return None if row is None else Logo(row[0], bytes(row[1]))

    def put_logo(self, application_id: ObjectId, logo: Logo | None) -> None:
        """Keep this picture, or none. Raises NotFound when there is no such registration in this tenant."""
        self._run(_DROP_LOGO, {"own_tenant": self._tenant, "application": application_id})
        if logo is not None:
            row = {"tenant_id": self._tenant, "application_id": application_id}
            with self._refusing():
                self._run(_ADD_LOGO, {**row, "media_type": logo.media_type, "content": logo.content})

    def owners(self, application_id: ObjectId) -> tuple[ObjectId, ...]:
        """Object ids of the owners: users, and service principals."""
        rows = self._all(_OWNERS, {"own_tenant": self._tenant, "application": application_id})
        return tuple(row[0] for row in rows)

    def add_owner(self, application_id: ObjectId, user_id: ObjectId) -> None:
        """An owner already is fine. Raises NotFound when one of the two is not in this tenant."""
        with self._refusing():
            self._run(
                _ADD_OWNER, {"tenant_id": self._tenant, "application_id": application_id, "user_id": user_id}
            )

    def add_owning_app(self, application_id: ObjectId, principal_id: ObjectId) -> None:
        """As ``add_owner``, of a service principal."""
        row = {"tenant_id": self._tenant, "application_id": application_id, "principal_id": principal_id}
        with self._refusing():
            self._run(_ADD_OWNING_APP, row)

    def remove_owner(self, application_id: ObjectId, owner_id: ObjectId) -> bool:
        """False when this user or service principal was no owner."""
        own = {"own_tenant": self._tenant, "application": application_id, "owner": owner_id}
        return self._run(_REMOVE_OWNER, own) + self._run(_REMOVE_OWNING_APP, own) == 1

    def federated_credentials(self, application_id: ObjectId) -> tuple[FederatedIdentityCredential, ...]:
        """Platform-wide, by name."""
        rows = self._all(_ALL_FEDERATED, {"application": application_id})
        return tuple(_FEDERATED.read(row[0]) for row in rows)

    def add_federated_credential(self, credential: FederatedIdentityCredential) -> None:
        """Raises Conflict on a taken name or issuer with subject, NotFound when the app is not this tenant's."""
        with self._refusing():
            self._run(_ADD_FEDERATED, {"tenant_id": self._tenant, **_federated_columns(credential)})

    def replace_federated_credential(self, credential: FederatedIdentityCredential) -> None:
        """Raises Conflict when another has its name or its issuer with subject, NotFound."""
        own = {"own_tenant": self._tenant, "application": credential.application_id, "key": credential.id}
        with self._refusing():
            if not self._run(_REPLACE_FEDERATED, {**own, **_federated_columns(credential)}):
                raise NotFound("Federated identity credential", credential.id)

    def remove_federated_credential(self, application_id: ObjectId, credential_id: str) -> bool:
        """False when there was none."""
        own = {"own_tenant": self._tenant, "application": application_id, "key": credential_id}
        return self._run(_REMOVE_FEDERATED, own) == 1

    def use_assertion(self, application_id: ObjectId, jti_hash: str, expires_at: datetime) -> bool:
        """Record a client assertion's id; False when it was used before (RFC 7523 section 3). Platform-wide."""
        used = {"application_id": application_id, "jti_hash": jti_hash, "expires_at": expires_at}
        return self._run(_USE_ASSERTION, used) == 1

    def _add_credential(self, statement: sa.Executable, credential: ClientSecret | Certificate) -> None:
        with self._refusing():
            self._run(
                statement,
                {
                    "tenant_id": self._tenant,
                    "application_id": credential.application_id,
                    "key_id": credential.key_id,
                    "starts_at": credential.starts_at,
                    "doc": written(credential),
                },
            )

    def _put_uris(self, application: Application) -> None:
        rows = [
            {"uri_key": uri, "tenant_id": application.tenant_id, "application_id": application.id}
            for uri in sorted({fold(uri) for uri in application.identifier_uris})
        ]
        if rows:
            self._run(_ADD_URIS, rows)


def _federated_columns(credential: FederatedIdentityCredential) -> dict[str, Any]:
    return {
        "application_id": credential.application_id,
        "id": credential.id,
        "name": credential.name,
        "issuer": credential.issuer,
        "subject": credential.subject,
        "doc": written(credential),
    }


def _columns(application: Application) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(application, name) for name in _PLAIN}
    for name in _KEYS:
        text = getattr(application, name[:-4])
        values[name] = None if text is None else fold(text)
    values["doc"] = written(application)
    return values
