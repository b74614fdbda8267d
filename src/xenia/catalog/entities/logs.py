"""Audit and sign-in logs, read only (Microsoft Graph: directoryAudit, signIn)."""

from __future__ import annotations

from typing import Any

from xenia.catalog.edm import Complex, Edm, Entity, Op, Prop, Resource, Service, Sort
from xenia.core.actor import Actor
from xenia.core.audit import AuditRecord, SignInRecord
from xenia.core.query import And, AnyOf, Compare, Filter, Not, Or, Page, Query, all_of
from xenia.ports import Ports
from xenia.record import replace
from xenia.usecases.users import read_directory

_EQ = Op.EQ
_TEXT = Op.EQ | Op.STARTS
_TIME = Op.EQ | Op.GE | Op.LE


def _prop(name: str, attribute: str, ops: Op = Op.NONE, **more: Any) -> Prop:
    return Prop(name, attribute=attribute, filter=ops, plain=ops, **more)


# --- directoryAudit -----------------------------------------------------------------------------------

MODIFIED_PROPERTY = Complex("modifiedProperty", (Prop("displayName"), Prop("oldValue"), Prop("newValue")))
TARGET_RESOURCE = Complex(
    "targetResource",
    (
        _prop("id", "id", _EQ),
        _prop("displayName", "display_name", _TEXT),
        _prop("type", "type", _EQ),
        _prop("userPrincipalName", "user_principal_name", _TEXT),
        Prop("groupType"),
        Prop("modifiedProperties", MODIFIED_PROPERTY, many=True),
    ),
)
USER_IDENTITY = Complex(
    "userIdentity",
    (
        _prop("id", "initiated_by_user", _EQ),
        _prop("displayName", "initiated_by_name", _EQ),
        _prop("userPrincipalName", "initiated_by_upn", _TEXT),
        _prop("ipAddress", "ip_address", _EQ),
    ),
)
APP_IDENTITY = Complex(
    "appIdentity",
    (
        _prop("appId", "initiated_by_app", _EQ),
        _prop("displayName", "initiated_by_app_name", _EQ),
        _prop("servicePrincipalId", "initiated_by_service_principal", _EQ),
        Prop("servicePrincipalName"),
    ),
)
INITIATOR = Complex("auditActivityInitiator", (Prop("user", USER_IDENTITY), Prop("app", APP_IDENTITY)))
KEY_VALUE = Complex("keyValue", (Prop("key"), Prop("value")))


def _initiator(record: AuditRecord) -> object:
    if record.initiated_by_app is not None:
        app = {
            "appId": record.initiated_by_app,
            "displayName": record.initiated_by_app_name,
            "servicePrincipalId": record.initiated_by_service_principal,
            "servicePrincipalName": None,
        }
        return {"user": None, "app": app}
    user = {
        "id": record.initiated_by_user,
        "displayName": record.initiated_by_name,
        "userPrincipalName": record.initiated_by_upn,
        "ipAddress": record.ip_address,
    }
    return {"user": user, "app": None}


def _targets(record: AuditRecord) -> object:
    return [
        {
            "id": target.id,
            "displayName": target.display_name,
            "type": target.type,
            "userPrincipalName": target.user_principal_name,
            "groupType": None,
            "modifiedProperties": [
                {"displayName": change.property, "oldValue": change.old, "newValue": change.new}
                for change in target.changes
            ],
        }
        for target in record.targets
    ]


def _details(record: AuditRecord) -> object:
    return [{"key": key, "value": value} for key, value in record.details]


DIRECTORY_AUDIT = Entity(
    "directoryAudit",
    "One thing that was done in the directory.",
    (
        _prop("id", "id", _EQ, nullable=False),
        _prop("category", "category", _EQ),
        _prop("correlationId", "correlation_id", _EQ),
        _prop("result", "result", _EQ, values=("success", "failure", "timeout")),
        _prop("resultReason", "result_reason"),
        _prop("activityDisplayName", "activity", _TEXT),
        _prop("activityDateTime", "at", _TIME, type=Edm.DATE, sort=Sort.PLAIN),
        _prop("loggedByService", "service", _EQ),
        _prop("operationType", "operation"),
        Prop("initiatedBy", INITIATOR, read=_initiator),
        Prop("targetResources", TARGET_RESOURCE, "targets", many=True, filter=_EQ, plain=_EQ, read=_targets),
        Prop("additionalDetails", KEY_VALUE, many=True, read=_details),
    ),
)
DIRECTORY_AUDITS = Resource(
    "auditLogs/directoryAudits",
    DIRECTORY_AUDIT,
    Service.LOGS,
    list=read_directory.list_audit,
    get=read_directory.get_audit,
    largest_page=1000,
    read_permits=read_directory.READ_LOGS,
    note="Newest first. Needs a role that reads logs where a person acts.",
)

# --- signIn -------------------------------------------------------------------------------------------

SIGN_IN_STATUS = Complex(
    "signInStatus",
    (
        _prop("errorCode", "error_code", _EQ, type=Edm.INT32),
        _prop("failureReason", "failure_reason"),
        Prop("additionalDetails"),
    ),
)
AUTHENTICATION_DETAIL = Complex(
    "authenticationDetail",
    (
        Prop("authenticationStepDateTime", Edm.DATE),
        Prop("authenticationMethod"),
        Prop("authenticationMethodDetail"),
        Prop("succeeded", Edm.BOOLEAN),
        Prop("authenticationStepResultDetail"),
        Prop("authenticationStepRequirement"),
    ),
)


def _status(record: SignInRecord) -> object:
    reason = record.failure_reason or ("Other." if record.error_code == 0 else "")
    return {"errorCode": record.error_code, "failureReason": reason, "additionalDetails": None}


def _steps(record: SignInRecord) -> object:
    return [
        {
            "authenticationStepDateTime": step.at,
            "authenticationMethod": step.method,
            "authenticationMethodDetail": None,
            "succeeded": step.succeeded,
            "authenticationStepResultDetail": step.detail,
            "authenticationStepRequirement": step.requirement,
        }
        for step in record.steps
    ]


def _user_type(record: SignInRecord) -> object:
    return record.user_type.lower() if record.user_type else None


SIGN_IN = Entity(
    "signIn",
    "One sign-in, of a person or an app, successful or not.",
    (
        _prop("id", "id", _EQ, nullable=False),
        _prop("createdDateTime", "at", _TIME, type=Edm.DATE, sort=Sort.PLAIN),
        _prop("userDisplayName", "user_display_name", _TEXT),
        _prop("userPrincipalName", "user_principal_name", _TEXT),
        _prop("userId", "user_id", _EQ),
        _prop("appId", "app_id", _EQ),
        _prop("appDisplayName", "app_name", _TEXT),
        _prop("ipAddress", "ip_address", _TEXT),
        _prop("clientAppUsed", "client_app", _EQ),
        _prop("correlationId", "correlation_id", _EQ),
        Prop("conditionalAccessStatus", read=lambda _record: "notApplied"),
        _prop("isInteractive", "is_interactive", _EQ, type=Edm.BOOLEAN),
        _prop("resourceDisplayName", "resource_name", _EQ),
        _prop("resourceId", "resource_id", _EQ),
        _prop("homeTenantId", "home_tenant_id", _EQ),
        _prop("resourceTenantId", "tenant_id"),
        _prop("servicePrincipalId", "service_principal_id", _TEXT),
        _prop("servicePrincipalName", "service_principal_name", _TEXT),
        _prop("userAgent", "user_agent"),
        Prop("status", SIGN_IN_STATUS, read=_status),
        _prop("userType", "user_type", _EQ, read=_user_type, beta=True),
        _prop("crossTenantAccessType", "cross_tenant_access", _EQ, beta=True),
        _prop("authenticationRequirement", "requirement", _EQ, beta=True),
        _prop("signInIdentifier", "sign_in_identifier", _TEXT, beta=True),
        _prop("uniqueTokenIdentifier", "token_id", _EQ, beta=True),
        _prop("sessionId", "session_id", _EQ, beta=True),
        Prop(
            *("signInEventTypes", Edm.STRING, "event_type"),
            many=True,
            filter=_EQ,
            plain=_EQ,
            read=lambda record: [record.event_type],
            beta=True,
        ),
        Prop("authenticationDetails", AUTHENTICATION_DETAIL, many=True, read=_steps, beta=True),
    ),
)


def _list_sign_ins(ports: Ports, actor: Actor, query: Query) -> Page[SignInRecord]:
    """Sign-ins of people at a page, unless the filter names event types, as the API of the field does."""
    condition = query.filter
    if "event_type" not in read_directory.fields_of(condition):
        condition = all_of(condition, Compare("event_type", "eq", "interactiveUser"))
    asked = replace(query, filter=None if condition is None else _one_event_type(condition))
    return read_directory.list_sign_ins(ports, actor, asked)


def _one_event_type(condition: Filter) -> Filter:
    """A record has one event type, which the API tells as a list: ``any(t:t eq 'x')`` is about that one."""
    match condition:
        case AnyOf("event_type", Compare("", operator, value)):
            return Compare("event_type", operator, value)
        case And(items):
            return And(tuple(_one_event_type(item) for item in items))
        case Or(items):
            return Or(tuple(_one_event_type(item) for item in items))
        case Not(item):
            return Not(_one_event_type(item))
        case _:
            return condition


SIGN_INS = Resource(
    "auditLogs/signIns",
    SIGN_IN,
    Service.LOGS,
    list=_list_sign_ins,
    get=read_directory.get_sign_in,
    page_size=1000,
    largest_page=1000,
    read_permits=read_directory.READ_LOGS,
    note="Newest first; interactive ones unless `signInEventTypes/any(t:t eq '…')` asks for others. "
    "Some members are served under /beta only.",
)
