"""The record of a claims mapping policy; what its definition means is ``claims_mapping``'s."""

from __future__ import annotations

from xenia.core.ids import ObjectId
from xenia.record import Record

MOST_POLICIES = 50
LONGEST_DEFINITION = 16_384


class ClaimsMappingPolicy(Record):
    """A mapping, and whose tokens it is for."""

    id: str
    display_name: str
    definition: str
    """As it was written."""
    is_organization_default: bool = False
    """Always False: a mapping is for the apps it is assigned to."""
    applies_to: tuple[ObjectId, ...] = ()
    """Object ids of service principals."""
