"""The admin consent workflow (Microsoft Graph: adminConsentRequestPolicy, appConsentRequest, userConsentRequest)."""

from __future__ import annotations

from datetime import datetime

from xenia.catalog.edm import Complex, Edm, Entity, Prop, Resource, Service, Values, Write
from xenia.catalog.whole_lists import page_of
from xenia.core.actor import Actor
from xenia.core.consent_request import ConsentAsker, ConsentRequest, ConsentRequestState
from xenia.core.directory.tenant import TenantPolicies
from xenia.core.errors import InvalidValue, NotFound
from xenia.core.query import Page, Query
from xenia.ports import Ports
from xenia.record import Record, replace
from xenia.usecases.consent import consent_requests
from xenia.usecases.tenants import manage_tenant
from xenia.usecases.users import read_directory

_READ_POLICY = ("Policy.Read.All", "Policy.ReadWrite.ConsentRequest")
_WRITE_POLICY = "Policy.ReadWrite.ConsentRequest"
_USERS = "/users/"
_STATUS = {
    ConsentRequestState.PENDING: "InProgress",
    ConsentRequestState.EXPIRED: "Expired",
}

REVIEWER = Complex(
    "accessReviewReviewerScope",
    (
        Prop("query", write=Write.UPDATE),
        Prop("queryType", write=Write.UPDATE),
        Prop("queryRoot", write=Write.UPDATE),
    ),
)


def _reviewers(policies: TenantPolicies) -> object:
    return [
        {"query": f"{_USERS}{each}", "queryType": "MicrosoftGraph", "queryRoot": None}
        for each in policies.consent_requests.reviewers
    ]


def _user_of(scope: Values) -> str:
    """``/users/{id}``, with or without the version in front. Raises InvalidValue: users alone review here."""
    _, found, user_id = (scope.get("query") or "").rpartition(_USERS)
    if not found or not user_id or "/" in user_id:
        raise InvalidValue("reviewers", "Name each reviewer by a query such as /users/{id}.")
    return user_id.lower()


def _get_policy(ports: Ports, actor: Actor, _key: str) -> TenantPolicies:
    return read_directory.get_policies(ports, actor, *_READ_POLICY)


def _update_policy(ports: Ports, actor: Actor, _key: str, values: Values) -> None:
    names = {
        "isEnabled": "is_enabled",
        "notifyReviewers": "notifies_reviewers",
        "remindersEnabled": "reminds",
        "requestDurationInDays": "duration_days",
    }
    changes: dict[str, object] = {
        attribute: values[name] for name, attribute in names.items() if values.get(name) is not None
    }
    if values.get("reviewers") is not None:
        changes["reviewers"] = tuple(dict.fromkeys(map(_user_of, values["reviewers"])))
    with ports.store.read(actor.tenant_id) as tx:
        present = tx.tenants.policies(actor.tenant_id)
    raised = replace(present.consent_requests, version=present.consent_requests.version + 1)
    wanted = replace(raised, **changes)  # type: ignore[arg-type]  # checked against the declaration
    manage_tenant.update_policies(
        ports, actor, replace(present, consent_requests=wanted), permission=_WRITE_POLICY
    )


POLICY = Entity(
    "adminConsentRequestPolicy",
    "Whether people may ask an administrator to agree to an app, and who is told.",
    (
        Prop("id", nullable=False, read=lambda _record: "adminConsentRequestPolicy"),
        Prop("isEnabled", Edm.BOOLEAN, "consent_requests.is_enabled", nullable=False, write=Write.UPDATE),
        Prop(
            "notifyReviewers",
            Edm.BOOLEAN,
            "consent_requests.notifies_reviewers",
            nullable=False,
            write=Write.UPDATE,
        ),
        Prop("remindersEnabled", Edm.BOOLEAN, "consent_requests.reminds", nullable=False, write=Write.UPDATE),
        Prop("requestDurationInDays", Edm.INT32, "consent_requests.duration_days", write=Write.UPDATE),
        Prop("reviewers", REVIEWER, many=True, write=Write.UPDATE, read=_reviewers),
        Prop("version", Edm.INT32, "consent_requests.version"),
    ),
)
CONSENT_REQUEST_POLICY = Resource(
    "policies/adminConsentRequestPolicy",
    POLICY,
    Service.POLICIES,
    "policies/adminConsentRequestPolicy",
    is_single=True,
    get=_get_policy,
    update=_update_policy,
    is_put=True,
    read_permits=_READ_POLICY,
    write_permits=(_WRITE_POLICY,),
    note="PUT and PATCH both change what is given. Reviewers are users.",
)

# --- requests -----------------------------------------------------------------------------------------

SCOPE = Complex("appConsentRequestScope", (Prop("displayName"),))


def _pending_scopes(request: ConsentRequest) -> object:
    return [{"displayName": scope} for scope in request.scopes]


APP_CONSENT_REQUEST = Entity(
    "appConsentRequest",
    "People ask an administrator to agree to one app.",
    (
        Prop("id", nullable=False),
        Prop("appId", nullable=False),
        Prop("appDisplayName", attribute="app_name"),
        Prop("pendingScopes", SCOPE, many=True, read=_pending_scopes),
    ),
)


def _list(ports: Ports, actor: Actor, query: Query) -> Page[ConsentRequest]:
    return page_of(consent_requests.list_requests(ports, actor), query)


APP_CONSENT_REQUESTS = Resource(
    "identityGovernance/appConsent/appConsentRequests",
    APP_CONSENT_REQUEST,
    Service.POLICIES,
    list=_list,
    get=consent_requests.get_request,
    read_permits=consent_requests.READ_REQUESTS,
    note="Decided in the portal; the API tells.",
)


class AskedByUser(Record):
    """One person's part of a request."""

    request: ConsentRequest
    asker: ConsentAsker

    @property
    def id(self) -> str:
        """The person: everybody asks once in a request."""
        return self.asker.user_id


def _status(record: AskedByUser) -> object:
    return _STATUS.get(record.request.state, "Completed")


def _created_by(record: AskedByUser) -> object:
    return {"user": {"id": record.asker.user_id, "displayName": record.asker.name}}


IDENTITY = Complex("identity", (Prop("id"), Prop("displayName")))
IDENTITY_SET = Complex("identitySet", (Prop("user", IDENTITY),))
USER_CONSENT_REQUEST = Entity(
    "userConsentRequest",
    "One person who asks, and why.",
    (
        Prop("id", nullable=False),
        Prop("approvalId", read=lambda record: record.request.id),
        Prop("completedDateTime", Edm.DATE, "request.decided_at"),
        Prop("createdBy", IDENTITY_SET, read=_created_by),
        Prop("createdDateTime", Edm.DATE, "asker.at"),
        Prop("customData", read=lambda _record: None),
        Prop("status", read=_status),
        Prop("reason", attribute="asker.justification"),
    ),
)


def _list_askers(ports: Ports, actor: Actor, request_id: str, query: Query) -> Page[AskedByUser]:
    request = consent_requests.get_request(ports, actor, request_id)
    return page_of(
        [AskedByUser(_as_seen(request, ports.clock.now()), each) for each in request.askers], query
    )


def _get_asker(ports: Ports, actor: Actor, request_id: str, user_id: str) -> AskedByUser:
    request = consent_requests.get_request(ports, actor, request_id)
    found = next((each for each in request.askers if each.user_id == user_id.lower()), None)
    if found is None:
        raise NotFound("Resource", user_id)
    return AskedByUser(_as_seen(request, ports.clock.now()), found)


def _as_seen(request: ConsentRequest, now: datetime) -> ConsentRequest:
    return replace(request, state=request.state_at(now))


USER_CONSENT_REQUESTS = Resource(
    "identityGovernance/appConsent/appConsentRequests/{id}/userConsentRequests",
    USER_CONSENT_REQUEST,
    Service.POLICIES,
    list=_list_askers,
    get=_get_asker,
    read_permits=consent_requests.READ_REQUESTS,
)
CONSENT_REQUEST_RESOURCES = (CONSENT_REQUEST_POLICY, APP_CONSENT_REQUESTS, USER_CONSENT_REQUESTS)
