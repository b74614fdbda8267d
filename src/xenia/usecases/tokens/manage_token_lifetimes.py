"""Token lifetime policies (Microsoft Graph: tokenLifetimePolicy): entered, changed, assigned. One default at most."""

from __future__ import annotations

from collections.abc import Callable

from xenia.core.actor import Actor
from xenia.core.directory.tenant import TenantPolicies
from xenia.core.errors import Conflict, InvalidValue, NotFound
from xenia.core.ids import ObjectId
from xenia.core.token_lifetime import MOST_POLICIES, TokenLifetimePolicy, lifetime_of
from xenia.ports import Ports
from xenia.record import Record, replace
from xenia.usecases.tenants import manage_tenant
from xenia.usecases.users import read_directory

READ_PERMITS = ("Policy.Read.All", "Policy.ReadWrite.ApplicationConfiguration")
WRITE_PERMIT = "Policy.ReadWrite.ApplicationConfiguration"
_Policies = tuple[TokenLifetimePolicy, ...]


class NewTokenLifetime(Record):
    """What an administrator enters."""

    display_name: str
    definition: str
    is_organization_default: bool = False


def list_token_lifetimes(ports: Ports, actor: Actor) -> _Policies:
    """In the order they were made. Raises NotPermitted."""
    return read_directory.get_policies(ports, actor, *READ_PERMITS).token_lifetimes


def get_token_lifetime(ports: Ports, actor: Actor, key: str) -> TokenLifetimePolicy:
    """Raises NotPermitted, NotFound."""
    return _found(list_token_lifetimes(ports, actor), key)


def create_token_lifetime(ports: Ports, actor: Actor, wanted: NewTokenLifetime) -> TokenLifetimePolicy:
    """Raises NotPermitted, InvalidValue, Conflict for a second default."""
    made = _checked(
        TokenLifetimePolicy(
            ports.entropy.guid(), wanted.display_name, wanted.definition, 0, wanted.is_organization_default
        )
    )

    def change(present: _Policies) -> _Policies:
        if len(present) >= MOST_POLICIES:
            raise InvalidValue("definition", f"A tenant has at most {MOST_POLICIES} token lifetime policies.")
        return (*present, made)

    _save(ports, actor, change)
    return made


def update_token_lifetime(ports: Ports, actor: Actor, key: str, **changes: object) -> None:
    """Raises NotPermitted, NotFound, InvalidValue, Conflict for a second default."""

    def change(present: _Policies) -> _Policies:
        before = _found(present, key)
        after = _checked(replace(before, **changes))  # type: ignore[arg-type]  # the record's own attributes
        return tuple(after if each.id == before.id else each for each in present)

    _save(ports, actor, change)


def delete_token_lifetime(ports: Ports, actor: Actor, key: str) -> None:
    """Its tokens live as long as any again. Raises NotPermitted, NotFound."""

    def change(present: _Policies) -> _Policies:
        gone = _found(present, key)
        return tuple(each for each in present if each.id != gone.id)

    _save(ports, actor, change)


def lifetimes_of(ports: Ports, actor: Actor, object_id: ObjectId) -> _Policies:
    """The policy assigned to an application or service principal, if any. Raises NotPermitted."""
    return tuple(each for each in list_token_lifetimes(ports, actor) if object_id in each.applies_to)


def assign_token_lifetime(ports: Ports, actor: Actor, object_id: ObjectId, key: str) -> None:
    """For tokens of this application or service principal. Raises NotPermitted, NotFound, Conflict beside another one."""

    def change(present: _Policies) -> _Policies:
        chosen = _found(present, key)
        if any(object_id in each.applies_to and each.id != chosen.id for each in present):
            raise Conflict(
                "tokenLifetimePolicies", "Another token lifetime policy is assigned already. Remove it first."
            )
        applied = replace(chosen, applies_to=tuple(dict.fromkeys((*chosen.applies_to, object_id))))
        return tuple(applied if each.id == chosen.id else each for each in present)

    _save(ports, actor, change)


def unassign_token_lifetime(ports: Ports, actor: Actor, object_id: ObjectId, key: str) -> None:
    """Raises NotPermitted, NotFound."""

    def change(present: _Policies) -> _Policies:
        chosen = _found(present, key)
        if object_id not in chosen.applies_to:
            raise NotFound("Resource", key)
        without = replace(chosen, applies_to=tuple(one for one in chosen.applies_to if one != object_id))
        return tuple(without if each.id == chosen.id else each for each in present)

    _save(ports, actor, change)


def _save(ports: Ports, actor: Actor, change: Callable[[_Policies], _Policies]) -> None:
    """Somebody else's save in between is a conflict, not lost."""
    with ports.store.read(actor.tenant_id) as tx:
        stored: TenantPolicies = tx.tenants.policies(actor.tenant_id)
    after = change(stored.token_lifetimes)
    if sum(each.is_organization_default for each in after) > 1:
        raise Conflict(
            "isOrganizationDefault", "Another token lifetime policy is the organization's default already."
        )
    wanted = replace(stored, token_lifetimes=after)
    manage_tenant.update_policies(ports, actor, wanted, permission=WRITE_PERMIT)


def _checked(policy: TokenLifetimePolicy) -> TokenLifetimePolicy:
    name = policy.display_name.strip()
    if not 0 < len(name) <= 256 or not name.isprintable():
        raise InvalidValue("displayName", "Enter a name of at most 256 characters.")
    if len(policy.definition) > 4096:
        raise InvalidValue("definition", "The definition is too long.")
    seconds = int(lifetime_of(policy.definition).total_seconds())
    return replace(policy, display_name=name, seconds=seconds)


def _found(present: _Policies, key: str) -> TokenLifetimePolicy:
    found = next((each for each in present if each.id == key), None)
    if found is None:
        raise NotFound("Resource", key)
    return found
