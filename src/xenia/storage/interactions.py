"""Sign-ins under way. Each accepted step raises the version, so that a stale page cannot post."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from xenia.core.signin.interaction import Interaction
from xenia.record import replace
from xenia.storage.documents import Document, written
from xenia.storage.schema.signing_in import interactions
from xenia.storage.transactions import Repository

_INTERACTION = Document(Interaction)
_c = interactions.c
_SELF = (_c.tenant_id == sa.bindparam("own_tenant"), _c.id == sa.bindparam("own_id"))

_ADD = sa.insert(interactions)
_FIND = sa.select(_c.doc, _c.version, _c.finished_at).where(*_SELF)
_CURRENT = (*_SELF, _c.version == sa.bindparam("expected"), _c.finished_at.is_(None))
_ADVANCE = (
    sa.update(interactions).where(*_CURRENT).values(doc=sa.bindparam("document"), version=_c.version + 1)
)
_FINISH = _ADVANCE.values(finished_at=sa.bindparam("now", type_=_c.finished_at.type))


class Interactions(Repository):
    """The part of ``ports.SignIns`` about interactions."""

    __slots__ = ()

    def add_interaction(self, interaction: Interaction) -> None:
        """Raises Conflict on a taken id."""
        self._check_owner(interaction.tenant_id)
        self._run(
            _ADD,
            {
                "tenant_id": interaction.tenant_id,
                "id": interaction.id,
                "version": interaction.version,
                "expires_at": interaction.expires_at,
                "finished_at": interaction.finished_at,
                "doc": written(interaction),
            },
        )

    def find_interaction(self, interaction_id: str) -> Interaction | None:
        """The interaction, finished and expired ones too."""
        row = self._first(_FIND, {"own_tenant": self._tenant, "own_id": interaction_id})
        if row is None:
            return None
        doc, version, finished_at = row
        return replace(_INTERACTION.read(doc), version=version, finished_at=finished_at)

    def advance_interaction(self, interaction: Interaction) -> bool:
        """Store facts with ``version + 1`` where the stored version is ``interaction.version`` and it is unfinished."""
        return self._run(_ADVANCE, self._step(interaction)) == 1

    def finish_interaction(self, interaction: Interaction, now: datetime) -> bool:
        """Store and mark finished, once; False for the loser of a race or a stale version."""
        return self._run(_FINISH, {**self._step(interaction), "now": now}) == 1

    def _step(self, interaction: Interaction) -> dict[str, object]:
        self._check_owner(interaction.tenant_id)
        return {
            "own_tenant": self._tenant,
            "own_id": interaction.id,
            "expected": interaction.version,
            "document": written(interaction),
        }
