"""What all pages of one user flow share: its sections, its summary line, and how a refusal is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xenia.core.directory.identity_provider import IdentityProvider, ProviderKind
from xenia.core.directory.provider_defaults import shown_name
from xenia.core.directory.roles import FLOW_WRITING_ROLES, SELF_SERVICE_READING_ROLES
from xenia.core.directory.tenant import TenantPolicies
from xenia.core.errors import Conflict, NotFound, NotPermitted, XeniaError
from xenia.core.flow_languages import offered_languages
from xenia.core.user_flow import Hook, UserFlow
from xenia.ui.portal.changed_meanwhile import is_stale, saved_by
from xenia.ui.portal.desk import FRAMING_CSP, Desk, Model, Visit
from xenia.ui.portal.provider_words import KIND_WORDS, slug_of
from xenia.ui.portal.roles import Standing, refusal_words
from xenia.ui.portal.user_flows.language_names import both_names
from xenia.usecases.self_service import manage_api_connectors, manage_user_flows
from xenia.usecases.self_service.sign_up_funnel import sign_ups_this_month
from xenia.usecases.users import read_directory
from xenia.web.http import HttpResponse

HOME = "external-identities/user-flows"
SETTINGS = "external-identities/collaboration-settings"
PROVIDERS = "external-identities/identity-providers"
PASSCODE = f"{PROVIDERS}/email-passcode"
BASE = f"/admin/{{tenant}}/{HOME}"
TRAIL = (("External Identities", "external-identities"), ("User flows", HOME))
READ = "IdentityUserFlow.Read.All"
WRITE = "IdentityUserFlow.ReadWrite.All"
GRAPH = "/v1.0/identity/b2xUserFlows"
ACTIVITIES = ("Update user flow",)
SECTIONS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("", (("Overview", ""),)),
    ("Settings", (("Identity providers", "/identity-providers"), ("User attributes", "/user-attributes"))),
    ("Customize", (("Page layouts", "/page-layouts"), ("Languages", "/languages"))),
    (
        "Use",
        (
            ("Applications", "/applications"),
            ("API connectors", "/api-connectors"),
            ("Run user flow", "/run"),
            ("Funnel", "/funnel"),
        ),
    ),
)
PREVIEW_STEPS: tuple[tuple[str, str], ...] = (
    ("sign-up", "Sign-up page"),
    ("code", "Code"),
    ("permissions", "Permissions"),
    ("details", "Details"),
)
"""The pages of a sign-up in the order people see them."""


def flow_of(desk: Desk, visit: Visit) -> UserFlow:
    """The flow of this address. Raises NotFound, NotPermitted."""
    return manage_user_flows.get_flow(desk.ports, visit.actor, visit.request.args["flow"])


def flow_path(flow: UserFlow, section: str = "") -> str:
    """The path of its pages within the portal."""
    return f"{HOME}/{flow.id}{section}"


def policies_of(desk: Desk, visit: Visit) -> TenantPolicies:
    """The tenant's switches, for pages that say whether flows do anything."""
    return read_directory.get_policies(desk.ports, visit.actor, "Policy.Read.All")


def hindrances(desk: Desk, visit: Visit, known: Iterable[IdentityProvider]) -> dict[str, Model]:
    """Providers nobody can prove themselves at now: why, and where that is mended. A flow cannot take them in."""
    codes_are_on = policies_of(desk, visit).email_passcode_enabled
    found: dict[str, Model] = {}
    for provider in known:
        if provider.kind is ProviderKind.EMAIL_PASSCODE and not codes_are_on:
            found[provider.id] = {"text": "Switched off.", "link": "Turn it on", "url": visit.url(PASSCODE)}
        elif provider.kind in KIND_WORDS and not provider.client_id:
            found[provider.id] = {
                "text": "Not configured.",
                "link": f"Configure {shown_name(provider)}",
                "url": visit.url(f"{PROVIDERS}/new/{slug_of(provider.kind)}"),
            }
    return found


def connector_names(desk: Desk, visit: Visit, flow: UserFlow) -> dict[Hook, str]:
    """What the flow asks at each hook, by the names people gave."""
    names = {}
    for hook, connector_id in flow.connectors.items():
        try:
            names[hook] = manage_api_connectors.get_connector(
                desk.ports, visit.actor, connector_id
            ).display_name
        except NotFound:
            names[hook] = connector_id
    return names


def standing_of(desk: Desk, visit: Visit) -> Standing:
    """Whether this person may change flows."""
    return desk.standing(visit, FLOW_WRITING_ROLES)


def flow_page(
    desk: Desk,
    visit: Visit,
    template: str,
    section: str,
    flow: UserFlow,
    *,
    error: XeniaError | None = None,
    problems: Sequence[Model] = (),
    **model: object,
) -> HttpResponse:
    """A section of a flow's pages. A refusal keeps what was typed; *problems* are those of single fields."""
    errors = list(problems)
    if error is not None and not is_stale(error):
        errors.append({"field": getattr(error, "field", None), "text": refusal_words(error)})
    reads_flows = visit.actor.holds_any(SELF_SERVICE_READING_ROLES)
    own: Model = {
        "flow": flow,
        "reads_flows": reads_flows,
        "section": section,
        "sections": [
            (
                heading,
                [
                    {"label": label, "url": visit.url(flow_path(flow, path)), "current": label == section}
                    for label, path in entries
                    if reads_flows or label == section
                ],
            )
            for heading, entries in SECTIONS
            if reads_flows or section in dict(entries)
        ],
        "standing": standing_of(desk, visit),
        "is_on": policies_of(desk, visit).self_service_sign_up,
        "sign_ups": sign_ups_this_month(desk.ports, visit.actor, flow.id),
        "steps": PREVIEW_STEPS,
        "languages": [{"value": each, "text": both_names(each)} for each in offered_languages(flow)],
        "here": visit.url(flow_path(flow, dict(e for _, entries in SECTIONS for e in entries)[section])),
        "flow_url": visit.url(flow_path(flow)),
        "errors": errors,
    }
    trail = (*TRAIL, (flow.id, flow_path(flow)), *(() if section == "Overview" else ((section, ""),)))
    status = status_of(error, problems)
    return desk.page(visit, template, "user_flows", trail, status=status, csp=FRAMING_CSP, more=own | model)


def status_of(error: XeniaError | None, problems: Sequence[Model] = ()) -> int:
    """Of the page that says what was refused."""
    if isinstance(error, Conflict):
        return 409
    if isinstance(error, NotPermitted):
        return 403
    return 422 if error is not None or problems else 200


def stale_rows(
    desk: Desk, visit: Visit, error: XeniaError | None, rows: Sequence[tuple[str, str, str]]
) -> list[dict[str, str]]:
    """Who saved meanwhile, and (label, stored, typed) rows where the two differ; nothing for other refusals."""
    if not is_stale(error):
        return []
    differing = [{"label": label, "value": stored} for label, stored, typed in rows if stored != typed]
    return saved_by(desk.ports, visit, ACTIVITIES) + differing
