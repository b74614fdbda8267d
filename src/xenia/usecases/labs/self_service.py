"""The lab *Self-service sign-up*: switched on, a user flow, its app, a guest by themselves, a token with ``idp``."""

from __future__ import annotations

from datetime import UTC, datetime

from xenia.core.audit import SignInRecord
from xenia.core.directory.identity_provider import ENTRA_PROVIDER_ID, IdentityProvider
from xenia.core.directory.provider_defaults import shown_name
from xenia.core.directory.user import CreationType, User
from xenia.core.ids import TenantId, fold
from xenia.core.query import Compare, Order, Query, all_of
from xenia.core.sign_up import TEST_GUEST, RequestState
from xenia.core.user_flow import UserFlow
from xenia.ports import Transaction
from xenia.usecases.labs.criteria import (
    Criterion,
    Lab,
    failed_sign_in,
    failure_words,
    name_of,
    successful_sign_in,
    time_words,
)
from xenia.usecases.self_service.provider_rules import all_providers, unusable

_SWITCHED_ON = "Guest self-service sign-up switched on"
_FLOW = "User flow created, with identity providers and user attributes"
_APPLICATION = "Application added to the user flow"
_SIGNED_UP = "Somebody signed up by themselves"
_SIGNED_IN = "Sign-in with the new account successful"
_END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
_SETTING = "Enable guest self-service sign up via user flows"


def _check(tx: Transaction) -> tuple[Criterion, ...]:
    """Guest and flow belong together where they can: the guest that came furthest, and the flow it came by."""
    signed_in = successful_sign_in(tx, _came_by_themselves)
    guest = signed_in[0] if signed_in else _newest_guest(tx)
    flow = _flow_of(tx, guest) or _best_flow(tx)
    return (
        _switched_on(tx),
        _flow_made(tx, flow),
        _application_added(tx, flow),
        _signed_up(tx, flow, guest),
        _signed_in(tx, guest, signed_in[1] if signed_in else None),
    )


def _came_by_themselves(user: User) -> bool:
    return user.creation_type is CreationType.SELF_SERVICE_SIGN_UP


def _newest_guest(tx: Transaction) -> User | None:
    wanted = Compare("creation_type", "eq", CreationType.SELF_SERVICE_SIGN_UP.value)
    found = tx.users.list(Query(wanted, (Order("created_at", descending=True),), limit=1)).items
    return next(iter(found), None)


def _flow_of(tx: Transaction, guest: User | None) -> UserFlow | None:
    """The flow that the guest's audit record names, if it is still there."""
    if guest is None:
        return None
    wanted = all_of(Compare("target_id", "eq", guest.id), Compare("activity", "eq", "Add user"))
    for record in tx.logs.list_audit(Query(wanted, limit=5)).items:
        flow_id = dict(record.details).get("UserFlow")
        if flow_id:
            return tx.user_flows.find(flow_id)
    return None


def _best_flow(tx: Transaction) -> UserFlow | None:
    """The one that is furthest on, the newest among equals."""

    def standing(flow: UserFlow) -> tuple[bool, bool, bool, str]:
        has_providers = any(entry != ENTRA_PROVIDER_ID for entry in flow.provider_ids)
        return bool(flow.app_ids), bool(flow.attributes), has_providers, flow.created_at.isoformat()

    return max(tx.user_flows.list(), key=standing, default=None)


def _switched_on(tx: Transaction) -> Criterion:
    if tx.tenants.policies(_tenant(tx)).self_service_sign_up:
        return Criterion(_SWITCHED_ON, met=True, evidence=((_SETTING, "Yes"),))
    missing = (
        f"It is switched off: no user flow does anything. Choose External Identities > External collaboration "
        f"settings > {_SETTING} > Yes, then Save."
    )
    return Criterion(_SWITCHED_ON, met=False, missing=missing)


def _flow_made(tx: Transaction, flow: UserFlow | None) -> Criterion:
    if flow is None:
        missing = "No user flow yet. Choose External Identities > User flows > New user flow."
        return Criterion(_FLOW, met=False, missing=missing)
    offered = _offered(tx, flow)
    evidence = (
        ("User flow", flow.id),
        ("Identity providers", ", ".join(shown_name(provider) for provider in offered)),
        ("User attributes", ", ".join(item.label for item in flow.attributes)),
    )
    missing = _what_the_flow_lacks(tx, flow, offered)
    return Criterion(_FLOW, met=not missing, evidence=() if missing else evidence, missing=missing)


def _what_the_flow_lacks(tx: Transaction, flow: UserFlow, offered: tuple[IdentityProvider, ...]) -> str:
    own = f"{flow.id} > Identity providers"
    chosen = [provider for provider in offered if provider.id != ENTRA_PROVIDER_ID]
    if not chosen:
        return (
            f"{flow.id} offers nothing but accounts of other organizations on this server. Choose {own}, tick Email "
            "one-time passcode (or a provider that you configured), then Save."
        )
    problems = [unusable(tx, provider) for provider in chosen]
    if all(problems):
        return f"Nobody can use the identity providers of {flow.id}: {problems[0]}"
    if not flow.attributes:
        return f"{flow.id} asks for nothing. Choose {flow.id} > User attributes, add one (Given Name, say), then Save."
    return ""


def _offered(tx: Transaction, flow: UserFlow) -> tuple[IdentityProvider, ...]:
    known = {fold(provider.id): provider for provider in all_providers(tx, _tenant(tx))}
    return tuple(known[fold(entry)] for entry in flow.provider_ids if fold(entry) in known)


def _application_added(tx: Transaction, flow: UserFlow | None) -> Criterion:
    if flow is None:
        return Criterion(_APPLICATION, met=False, missing="There is no user flow yet.")
    if not flow.app_ids:
        missing = f"No application is in {flow.id}: nobody meets it. Choose {flow.id} > Applications > Add application."
        return Criterion(_APPLICATION, met=False, missing=missing)
    if not flow.is_sign_up_allowed:
        missing = f"Sign-up is closed in {flow.id}. Open it on the flow's Overview, then Save."
        return Criterion(_APPLICATION, met=False, missing=missing)
    evidence = tuple(
        ("Application (client) ID", f"{app_id} ({_app_name(tx, app_id)})") for app_id in flow.app_ids
    )
    return Criterion(_APPLICATION, met=True, evidence=(("User flow", flow.id), *evidence))


def _app_name(tx: Transaction, app_id: str) -> str:
    app = tx.applications.find_by_app_id(app_id)
    return app.display_name if app is not None else "not registered any more"


def _signed_up(tx: Transaction, flow: UserFlow | None, guest: User | None) -> Criterion:
    if guest is None:
        return Criterion(_SIGNED_UP, met=False, missing=_why_nobody(tx, flow))
    evidence = (
        ("Guest", name_of(guest)),
        ("Signed up", time_words(guest.created_at)),
        ("User type", guest.user_type.value),
        ("Creation type", CreationType.SELF_SERVICE_SIGN_UP.value),
        *((("By", "Run user flow (a test)"),) if guest.employee_type == TEST_GUEST else ()),
        ("Object ID", guest.id),
    )
    return Criterion(_SIGNED_UP, met=True, evidence=evidence)


def _why_nobody(tx: Transaction, flow: UserFlow | None) -> str:
    waiting = next(iter(tx.sign_ups.list_requests(RequestState.PENDING, limit=1)), None)
    if waiting is not None:
        who = waiting.account.email or waiting.account.subject
        return f"{who} signed up in {waiting.flow_id} and waits for approval. Choose External Identities > Sign-up requests."
    if flow is None:
        return "There is no user flow yet."
    denied = next(iter(tx.sign_ups.list_requests(RequestState.DENIED, limit=1)), None)
    if denied is not None:
        who = denied.account.email or denied.account.subject
        return f"The sign-up of {who} in {denied.flow_id} was turned down. Sign up with another address."
    return f"{_last_try(tx, flow)} Open the tester with the Client ID of the app, choose Create one on the sign-in page, and go through {flow.id} to its end."


def _last_try(tx: Transaction, flow: UserFlow) -> str:
    """How far the last one came who tried."""
    events = tx.sign_ups.events(flow.id, flow.created_at, _END_OF_TIME)
    if not events:
        return "Nobody has started to sign up yet."
    last = events[-1]
    ended = f" and it ended there: {_plain(last.left_because)}" if last.left_because else ""
    return (
        f"The last one who tried ({time_words(last.at)}) came to the station '{_plain(last.stage)}'{ended}."
    )


def _plain(key: str) -> str:
    return key.replace("-", " ")


def _signed_in(tx: Transaction, guest: User | None, record: SignInRecord | None) -> Criterion:
    if guest is None:
        return Criterion(_SIGNED_IN, met=False, missing="Nobody has signed up yet.")
    if record is not None:
        evidence = (
            ("Guest", name_of(guest)),
            ("App", record.app_name),
            ("Time", time_words(record.at)),
            ("idp (where the guest authenticated)", record.identity_provider or "this directory"),
            ("iss (who issued the token)", record.issuer or "not recorded"),
            ("creationType (of the user)", CreationType.SELF_SERVICE_SIGN_UP.value),
        )
        return Criterion(_SIGNED_IN, met=True, evidence=evidence)
    missing = (
        f"{name_of(guest)} signed up, but has no token yet. Sign in to the app as this guest in the tester."
    )
    failed = failed_sign_in(tx, guest)
    if failed is not None:
        missing = f"{name_of(guest)} signed up, but no sign-in to an app succeeded. {failure_words(failed)}"
    return Criterion(_SIGNED_IN, met=False, missing=missing)


def _tenant(tx: Transaction) -> TenantId:
    tenant_id = tx.tenant_id
    assert tenant_id is not None
    return tenant_id


SELF_SERVICE_SIGN_UP = Lab(
    "self-service-sign-up",
    "Self-service sign-up",
    "Let people become guests of an app by themselves: switch it on, make a user flow, and sign up.",
    20,
    _check,
)
