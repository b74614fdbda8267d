"""Log records in words: who, what about whom, what changed, and what an error number means."""

from __future__ import annotations

import json

from xenia.core.aadsts import meanings
from xenia.core.audit import AuditRecord, SignInRecord
from xenia.ui.portal.desk import Visit

EVENT_TYPES = {
    "interactiveUser": "User sign-ins (interactive)",
    "nonInteractiveUser": "User sign-ins (non-interactive)",
    "servicePrincipal": "Service principal sign-ins",
}
_CROSS_TENANT = {"none": "None", "b2bCollaboration": "B2B collaboration"}
_REQUIREMENTS = {
    "singleFactorAuthentication": "Single-factor authentication",
    "multiFactorAuthentication": "Multifactor authentication",
}

Fact = dict[str, object]


def fact(label: str, value: object, *, url: str = "", mono: bool = False, copy: bool = False) -> Fact:
    """One row of a list of facts."""
    return {"label": label, "value": value, "url": url, "mono": mono, "has_copy": copy}


def initiator(record: AuditRecord) -> str:
    """Who did it."""
    return record.initiated_by_name or record.initiated_by_upn or record.initiated_by_app_name or "The server"


def audit_facts(visit: Visit, record: AuditRecord) -> list[Fact]:
    """The facts of an audit record."""
    user_url = visit.url(f"users/{record.initiated_by_user}") if record.initiated_by_user else ""
    facts = [
        fact("Activity", record.activity),
        fact("Status", "Success" if record.result == "success" else "Failure"),
        fact("Status reason", record.result_reason),
        fact("Service", record.service),
        fact("Category", record.category),
        fact("Operation", record.operation),
        fact("Initiated by (actor)", initiator(record), url=user_url),
        fact("User principal name", record.initiated_by_upn),
        fact("Application (client) ID", record.initiated_by_app, mono=True),
        fact("IP address", record.ip_address, mono=True),
        fact("Correlation ID", record.correlation_id, mono=True, copy=True),
        fact("Record ID", record.id, mono=True, copy=True),
    ]
    return [each for each in facts if each["value"]]


def target_rows(visit: Visit, record: AuditRecord) -> list[dict[str, str]]:
    """What it was done to; users lead to their page."""
    return [
        {
            "name": target.display_name or target.user_principal_name or target.id,
            "url": visit.url(f"users/{target.id}") if target.type == "User" else "",
            "type": target.type,
            "upn": target.user_principal_name or "",
            "id": target.id,
        }
        for target in record.targets
    ]


def change_rows(record: AuditRecord) -> list[dict[str, str]]:
    """Every modified property before and after. How it differs is said in a word, not by colour alone."""
    rows = []
    for target in record.targets:
        for change in target.changes:
            old, new = _plain(change.old), _plain(change.new)
            kind = "Added" if not old else "Removed" if not new else "Changed"
            rows.append(
                {
                    "target": target.display_name or target.id,
                    "property": change.property,
                    "old": old,
                    "new": new,
                    "kind": kind if old != new else "Unchanged",
                }
            )
    return rows


def _plain(text: str | None) -> str:
    """A logged value, which is JSON text, for people."""
    if text is None:
        return ""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    items = value if isinstance(value, list) else [value]
    return ", ".join(_word(item) for item in items if item is not None)


def _word(item: object) -> str:
    if isinstance(item, bool):
        return "Yes" if item else "No"
    return item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)


def sign_in_facts(visit: Visit, record: SignInRecord) -> list[Fact]:
    """The facts of a sign-in; for guests the tenants they cross come first."""
    user_url = visit.url(f"users/{record.user_id}") if record.user_id else ""
    crossing = [
        fact(
            "Cross tenant access type",
            _CROSS_TENANT.get(record.cross_tenant_access, record.cross_tenant_access),
        ),
        fact("Home tenant ID", record.home_tenant_id, mono=True),
        fact("Resource tenant ID", record.tenant_id, mono=True),
    ]
    who = [
        fact("User", record.user_display_name, url=user_url),
        fact("Username", record.user_principal_name),
        fact("Sign-in identifier", record.sign_in_identifier),
        fact("User ID", record.user_id, mono=True, copy=True),
        fact("User type", record.user_type),
        fact("Service principal", record.service_principal_name),
        fact("Service principal ID", record.service_principal_id, mono=True),
    ]
    where = [
        fact("Application", record.app_name),
        fact("Application ID", record.app_id, mono=True, copy=True),
        fact("Resource", record.resource_name),
        fact("Resource ID", record.resource_id, mono=True),
        fact("Client app", record.client_app),
        fact("IP address", record.ip_address, mono=True),
        fact("User agent", record.user_agent),
        fact("Sign-in event type", EVENT_TYPES.get(record.event_type, record.event_type)),
        fact("Authentication requirement", _REQUIREMENTS.get(record.requirement, record.requirement)),
        fact("Identity provider", record.identity_provider),
    ]
    ids = [
        fact("Request ID", record.id, mono=True, copy=True),
        fact("Correlation ID", record.correlation_id, mono=True, copy=True),
        fact("Unique token identifier", record.token_id, mono=True),
        fact("Session ID", record.session_id, mono=True),
        fact("Token issuer", record.issuer, mono=True),
    ]
    crosses = record.cross_tenant_access != "none"
    ordered = [*crossing, *who, *where, *ids] if crosses else [*who, *where, *crossing, *ids]
    return [each for each in ordered if each["value"]]


def meaning_of(code: int) -> str | None:
    """What an AADSTS number means; None for success and for numbers this server does not send."""
    found = meanings().get(code, [])
    return found[0][1].replace("``", "") if code and found else None
