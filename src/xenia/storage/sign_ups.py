"""``ports.SignUps``: the funnel's events, and requests that wait for approval."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from xenia.core.ids import ObjectId, fold
from xenia.core.sign_up import RequestState, SignUpEvent, SignUpRequest, Stage
from xenia.record import replace
from xenia.storage.documents import Document, written
from xenia.storage.schema.self_service import sign_up_events, sign_up_requests
from xenia.storage.transactions import Both, Kept, Repository

_EVENT = Document(SignUpEvent)
_REQUEST = Document(SignUpRequest)
_TENANT: sa.BindParameter[Any] = sa.bindparam("own_tenant")
_FLOW: sa.BindParameter[Any] = sa.bindparam("flow")
_MOST: sa.BindParameter[int] = sa.bindparam("most", type_=sa.Integer)
_e = sign_up_events.c
_r = sign_up_requests.c
_SELF = (_r.tenant_id == _TENANT, _r.id == sa.bindparam("own_id"))
_DECISION = ("state", "decided_at", "decided_by", "reason", "user_id")
"""What a decision changes: columns, put over the document's attributes."""

_RECORD = Both(sign_up_events, ("tenant_id", "interaction_id", "stage", "left_because"))
_EVENTS = (
    sa.select(_e.doc)
    .where(
        _e.tenant_id == _TENANT,
        _e.flow_id_key == _FLOW,
        _e.at >= sa.bindparam("since", type_=_e.at.type),
        _e.at < sa.bindparam("until", type_=_e.at.type),
    )
    .order_by(_e.at, _e.interaction_id, _e.stage)
)
_REACHED = sa.select(_e.doc).where(
    _e.tenant_id == _TENANT,
    _e.flow_id_key == _FLOW,
    _e.at >= sa.bindparam("since", type_=_e.at.type),
    _e.stage == sa.bindparam("wanted"),
    _e.left_because == sa.literal_column("''"),
)
_ADD = sa.insert(sign_up_requests)
_ALL = sa.select(_r.doc, *(_r[name] for name in _DECISION)).where(_r.tenant_id == _TENANT)
_FIND = Kept(_ALL.where(_r.id == sa.bindparam("own_id")))
_NEWEST = (_r.created_at.desc(), _r.id.desc())
_OF_ACCOUNT = (
    _ALL.where(_r.idp == sa.bindparam("idp"), _r.subject == sa.bindparam("subject"), _r.flow_id_key == _FLOW)
    .order_by(*_NEWEST)
    .limit(1)
)
_LIST = _ALL.order_by(*_NEWEST).limit(_MOST)
_LIST_STATE = _ALL.where(_r.state == sa.bindparam("wanted")).order_by(*_NEWEST).limit(_MOST)
_DECIDE = (
    sa.update(sign_up_requests)
    .where(*_SELF, _r.state == RequestState.PENDING.value)
    .values({name: sa.bindparam(f"new_{name}", type_=_r[name].type) for name in _DECISION})
)


class SqlSignUps(Repository):
    """See ``ports.SignUps``."""

    __slots__ = ()

    def record(self, event: SignUpEvent) -> None:
        """Kept once for each interaction, stage and reason; a repetition is dropped."""
        self._check_owner(event.tenant_id)
        self._run(
            _RECORD,
            {
                "tenant_id": event.tenant_id,
                "interaction_id": event.interaction_id,
                "stage": event.stage.value,
                "left_because": event.left_because or "",
                "flow_id_key": fold(event.flow_id),
                "at": event.at,
                "doc": written(event),
            },
        )

    def events(self, flow_id: str, since: datetime, until: datetime) -> tuple[SignUpEvent, ...]:
        """From *since* to before *until*, oldest first."""
        wanted = {"own_tenant": self._tenant, "flow": fold(flow_id), "since": since, "until": until}
        return tuple(_EVENT.read(row[0]) for row in self._all(_EVENTS, wanted))

    def count(self, flow_id: str, stage: Stage, since: datetime) -> int:
        """How many people reached this station since then; tests are not counted."""
        wanted = {"own_tenant": self._tenant, "flow": fold(flow_id), "since": since, "wanted": stage.value}
        return sum(not _EVENT.read(row[0]).is_test for row in self._all(_REACHED, wanted))

    def add_request(self, request: SignUpRequest) -> None:
        """Raises Conflict when a request of this account in this flow waits already, or the id is taken."""
        self._check_owner(request.tenant_id)
        with self._refusing():
            self._run(
                _ADD,
                {
                    "tenant_id": request.tenant_id,
                    "id": request.id,
                    "flow_id_key": fold(request.flow_id),
                    "idp": request.account.idp,
                    "subject": request.account.subject,
                    "created_at": request.created_at,
                    "state": request.state.value,
                    "decided_at": request.decided_at,
                    "decided_by": request.decided_by,
                    "reason": request.reason,
                    "user_id": request.user_id,
                    "doc": written(request),
                },
            )

    def find_request(self, request_id: str) -> SignUpRequest | None:
        """A request of this tenant, decided or not."""
        row = self._first(_FIND, {"own_tenant": self._tenant, "own_id": request_id})
        return None if row is None else _request(row)

    def request_of(self, idp: str, subject: str, flow_id: str) -> SignUpRequest | None:
        """The newest request of this account in this flow, whatever its state."""
        wanted = {"own_tenant": self._tenant, "idp": idp, "subject": subject, "flow": fold(flow_id)}
        row = self._first(_OF_ACCOUNT, wanted)
        return None if row is None else _request(row)

    def list_requests(self, state: RequestState | None = None, limit: int = 200) -> tuple[SignUpRequest, ...]:
        """Newest first."""
        wanted: dict[str, object] = {"own_tenant": self._tenant, "most": limit}
        if state is None:
            return tuple(map(_request, self._all(_LIST, wanted)))
        return tuple(map(_request, self._all(_LIST_STATE, {**wanted, "wanted": state.value})))

    def decide_request(
        self,
        request: SignUpRequest,
        state: RequestState,
        now: datetime,
        *,
        by: str,
        reason: str,
        user_id: ObjectId | None,
    ) -> bool:
        """Decide a pending request; False when it was decided already (one conditional statement)."""
        decision = {
            "own_tenant": self._tenant,
            "own_id": request.id,
            "new_state": state.value,
            "new_decided_at": now,
            "new_decided_by": by,
            "new_reason": reason,
            "new_user_id": user_id,
        }
        return self._run(_DECIDE, decision) == 1


def _request(row: Any) -> SignUpRequest:
    doc, state, decided_at, decided_by, reason, user_id = row
    return replace(
        _REQUEST.read(doc),
        state=RequestState(state),
        decided_at=decided_at,
        decided_by=decided_by,
        reason=reason,
        user_id=user_id,
    )
