"""What the policies about tokens have in common (Microsoft Graph: stsPolicy): a name and a definition in one string."""

from __future__ import annotations

from typing import Any

from xenia.catalog.edm import Edm, Prop, Values, Write
from xenia.core.errors import InvalidValue

STS_POLICY_PROPS = (
    Prop("id", nullable=False),
    Prop("displayName", attribute="display_name", write=Write.BOTH, required=True),
    Prop("definition", many=True, read=lambda policy: [policy.definition], write=Write.BOTH, required=True),
    Prop("isOrganizationDefault", Edm.BOOLEAN, "is_organization_default", write=Write.BOTH),
)


def sole_definition(value: object) -> str:
    """The one string of a ``definition``. Raises InvalidValue."""
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], str):
        raise InvalidValue("definition", "The definition is a collection of exactly one string.")
    return value[0]


def sts_policy_changes(values: Values) -> dict[str, Any]:
    """What a PATCH changes, by the names of the use cases; what it leaves out or sets to null stays. Raises InvalidValue."""
    changes: dict[str, Any] = {}
    if values.get("displayName") is not None:
        changes["display_name"] = values["displayName"]
    if values.get("definition") is not None:
        changes["definition"] = sole_definition(values["definition"])
    if values.get("isOrganizationDefault") is not None:
        changes["is_organization_default"] = values["isOrganizationDefault"]
    return changes
