"""Group claims: which memberships an application wants in its tokens, and in what form. Pure.

Source: "Configure group claims and app roles in tokens" and the access token claims reference of the field:
``groupMembershipClaims`` and the optional claim ``groups`` of the registration that a token is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from xenia.core.claims import Claims, optional_claims
from xenia.core.directory.application import Application
from xenia.core.ids import ObjectId, fold
from xenia.record import Record

MOST_GROUPS = 200
"""More do not fit into a JSON Web Token; the token then says where they are told."""
MOST_IN_FRAGMENT = 5
"""More would make the address of an implicit answer too long for browsers."""


class Membership(StrEnum):
    """Which groups are meant."""

    ALL = "All"
    """Every group, through groups in groups too."""
    SECURITY = "SecurityGroup"
    """Security-enabled ones, through groups in groups too."""
    APPLICATION = "ApplicationGroup"
    """Those assigned to the application, with the person as a direct member."""


class WantedGroups(Record):
    """What an application wants to be told of memberships in one kind of token."""

    membership: Membership
    as_roles: bool
    """Told in ``roles``; app roles are left out then."""
    by_name: bool
    """Told by display name instead of object id."""


def membership_kinds(application: Application) -> frozenset[str]:
    """The values of ``groupMembershipClaims``, folded; lists are separated by commas."""
    setting = application.group_membership_claims
    return frozenset(fold(kind) for kind in setting.split(",")) if setting else frozenset()


def wanted_groups(application: Application, token: str) -> WantedGroups | None:
    """What ``idToken`` or ``accessToken`` of this application tells; None, and nothing to look up, by default."""
    kinds = membership_kinds(application)
    membership = next((each for each in Membership if fold(each.value) in kinds), None)
    if membership is None:
        return None
    properties = optional_claims(application, token).get("groups", ())
    return WantedGroups(
        membership,
        as_roles="emit_as_roles" in properties,
        # Names are not unique and can be changed by owners: only groups somebody chose for this application.
        by_name="cloud_displayname" in properties and membership is Membership.APPLICATION,
    )


def group_claims(
    wanted: WantedGroups, values: Sequence[str], base_url: str, user_id: ObjectId, *, in_fragment: bool
) -> Claims:
    """``groups`` (or ``roles``); beyond the limits ``hasgroups``, or ``_claim_names`` with ``_claim_sources``.

    The source is the address at which whoever the token is about may ask for all of them (OpenID Connect
    Core section 5.6.2, distributed claims): ``POST`` with ``{"securityEnabledOnly": …}`` and a Graph token.
    """
    if not values:
        return {}
    if in_fragment and len(values) > MOST_IN_FRAGMENT:
        return {"hasgroups": True}
    if len(values) > MOST_GROUPS:
        endpoint = f"{base_url}/v1.0/users/{user_id}/getMemberObjects"
        return {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": endpoint}}}
    return {"roles" if wanted.as_roles else "groups": list(values)}
