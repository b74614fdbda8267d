"""Who acts: the person or app behind a use case, with the roles and permissions that count."""

from __future__ import annotations

from xenia.core.errors import NotPermitted
from xenia.core.ids import AppId, CorrelationId, ObjectId, TenantId
from xenia.record import Record


class Actor(Record):
    """A caller of a use case. Portal actors have every delegated scope; their roles decide."""

    tenant_id: TenantId
    correlation_id: CorrelationId
    ip_address: str = ""
    user_id: ObjectId | None = None
    display_name: str = ""
    upn: str = ""
    mail: str | None = None
    is_guest: bool = False
    roles: frozenset[str] = frozenset()
    """Template ids of the directory roles the user (or service principal) holds."""
    app_id: AppId | None = None
    app_name: str = ""
    service_principal_id: ObjectId | None = None
    scopes: frozenset[str] | None = None
    """Delegated scopes of the token; None in the portal, where roles alone decide."""
    app_permissions: frozenset[str] = frozenset()
    is_system: bool = False
    """The operator at the command line, or a seed file: may do everything."""

    @property
    def is_app_only(self) -> bool:
        """Whether no person stands behind the call."""
        return self.user_id is None and not self.is_system

    def holds_any(self, role_ids: frozenset[str]) -> bool:
        """Whether one of these directory roles is held (the operator holds all)."""
        return self.is_system or bool(self.roles & role_ids)

    def may(self, *permissions: str) -> bool:
        """Whether the token carries one of these permissions (application or delegated)."""
        if self.is_system or (self.scopes is None and self.user_id is not None):
            return True
        held = self.app_permissions if self.user_id is None else (self.scopes or frozenset())
        return any(permission in held for permission in permissions)

    def require(self, role_ids: frozenset[str], *permissions: str) -> None:
        """Refuse unless the permission is held and, where a person acts, one of the roles too.

        Raises NotPermitted.
        """
        if not self.may(*permissions):
            raise NotPermitted(permissions[0] if permissions else "")
        if not self.is_app_only and not self.holds_any(role_ids):
            raise NotPermitted("directory role")


def system_actor(tenant_id: TenantId, correlation_id: CorrelationId, name: str = "Operator") -> Actor:
    """The operator of the server, for seeds and command-line tools."""
    return Actor(tenant_id, correlation_id, display_name=name, is_system=True)
