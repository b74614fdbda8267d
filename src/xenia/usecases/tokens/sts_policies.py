"""Policies about tokens that are assigned to apps (Microsoft Graph: stsPolicy): entered, changed, assigned.

What a kind of policy says, and what may be said, is that kind's own; keeping them is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any, Generic, TypeVar

from xenia.core.actor import Actor
from xenia.core.claims_mapping_policy import ClaimsMappingPolicy
from xenia.core.errors import Conflict, InvalidValue, NotFound
from xenia.core.ids import ObjectId
from xenia.core.token_lifetime import TokenLifetimePolicy
from xenia.ports import Ports
from xenia.record import replace
from xenia.usecases.tenants import manage_tenant
from xenia.usecases.users import read_directory

READ_PERMITS = ("Policy.Read.All", "Policy.ReadWrite.ApplicationConfiguration")
WRITE_PERMIT = "Policy.ReadWrite.ApplicationConfiguration"
P = TypeVar("P", TokenLifetimePolicy, ClaimsMappingPolicy)


@dataclass(frozen=True)
class StsPolicies(Generic[P]):
    """The policies of one kind."""

    attribute: str
    """Of ``TenantPolicies``, where they are kept."""
    relation: str
    """Name of the relation from apps to them."""
    noun: str
    most: int
    longest: int
    """Characters of a definition."""
    understood: Callable[[P], P]
    """The policy, its definition read. Raises InvalidValue."""

    def list(self, ports: Ports, actor: Actor) -> tuple[P, ...]:
        """In the order they were made. Raises NotPermitted."""
        stored = read_directory.get_policies(ports, actor, *READ_PERMITS)
        found: tuple[P, ...] = getattr(stored, self.attribute)
        return found

    def get(self, ports: Ports, actor: Actor, key: str) -> P:
        """Raises NotPermitted, NotFound."""
        return _found(self.list(ports, actor), key)

    def create(self, ports: Ports, actor: Actor, made: P) -> P:
        """Raises NotPermitted, InvalidValue, Conflict for a second default."""
        checked = self._checked(made)

        def change(present: tuple[P, ...]) -> tuple[P, ...]:
            if len(present) >= self.most:
                raise InvalidValue("definition", f"A tenant has at most {self.most} {self.noun} policies.")
            return tuple(chain(present, (checked,)))

        self._save(ports, actor, change)
        return checked

    def update(self, ports: Ports, actor: Actor, key: str, **changes: Any) -> None:
        """Raises NotPermitted, NotFound, InvalidValue, Conflict for a second default."""

        def change(present: tuple[P, ...]) -> tuple[P, ...]:
            before = _found(present, key)
            after = self._checked(replace(before, **changes))
            return tuple(after if each.id == before.id else each for each in present)

        self._save(ports, actor, change)

    def delete(self, ports: Ports, actor: Actor, key: str) -> None:
        """Its tokens are as any again. Raises NotPermitted, NotFound."""

        def change(present: tuple[P, ...]) -> tuple[P, ...]:
            gone = _found(present, key)
            return tuple(each for each in present if each.id != gone.id)

        self._save(ports, actor, change)

    def assigned_to(self, ports: Ports, actor: Actor, object_id: ObjectId) -> tuple[P, ...]:
        """The policy assigned to an application or service principal, if any. Raises NotPermitted."""
        return tuple(each for each in self.list(ports, actor) if object_id in each.applies_to)

    def assign(self, ports: Ports, actor: Actor, object_id: ObjectId, key: str) -> None:
        """For tokens of this application or service principal. Raises NotPermitted, NotFound, Conflict beside another one."""

        def change(present: tuple[P, ...]) -> tuple[P, ...]:
            chosen: P = _found(present, key)
            if any(object_id in each.applies_to and each.id != chosen.id for each in present):
                raise Conflict(
                    self.relation, f"Another {self.noun} policy is assigned already. Remove it first."
                )
            applied = replace(chosen, applies_to=tuple(dict.fromkeys((*chosen.applies_to, object_id))))
            return tuple(applied if each.id == chosen.id else each for each in present)

        self._save(ports, actor, change)

    def unassign(self, ports: Ports, actor: Actor, object_id: ObjectId, key: str) -> None:
        """Raises NotPermitted, NotFound."""

        def change(present: tuple[P, ...]) -> tuple[P, ...]:
            chosen: P = _found(present, key)
            if object_id not in chosen.applies_to:
                raise NotFound("Resource", key)
            without = replace(chosen, applies_to=tuple(one for one in chosen.applies_to if one != object_id))
            return tuple(without if each.id == chosen.id else each for each in present)

        self._save(ports, actor, change)

    def _save(self, ports: Ports, actor: Actor, change: Callable[[tuple[P, ...]], tuple[P, ...]]) -> None:
        """Somebody else's save in between is a conflict, not lost."""
        with ports.store.read(actor.tenant_id) as tx:
            stored = tx.tenants.policies(actor.tenant_id)
        after = change(getattr(stored, self.attribute))
        if sum(each.is_organization_default for each in after) > 1:
            raise Conflict(
                "isOrganizationDefault", f"Another {self.noun} policy is the organization's default already."
            )
        changes: dict[str, Any] = {self.attribute: after}
        manage_tenant.update_policies(ports, actor, replace(stored, **changes), permission=WRITE_PERMIT)

    def _checked(self, policy: P) -> P:
        name = policy.display_name.strip()
        if not 0 < len(name) <= 256 or not name.isprintable():
            raise InvalidValue("displayName", "Enter a name of at most 256 characters.")
        if len(policy.definition) > self.longest:
            raise InvalidValue("definition", "The definition is too long.")
        return self.understood(replace(policy, display_name=name))


def _found(present: tuple[P, ...], key: str) -> P:
    found = next((each for each in present if each.id == key), None)
    if found is None:
        raise NotFound("Resource", key)
    return found
