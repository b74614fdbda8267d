"""**User flows**: the list, **New user flow**, and deleting one."""

from __future__ import annotations

from xenia.core.directory.identity_provider import EMAIL_PASSCODE_PROVIDER_ID, ENTRA_PROVIDER_ID
from xenia.core.directory.provider_defaults import shown_name
from xenia.core.directory.roles import SELF_SERVICE_READING_ROLES
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted, XeniaError
from xenia.core.user_attributes import EMAIL, attribute_key
from xenia.core.user_flow import FLOW_PREFIX, AttributeAssignment
from xenia.ui.portal.desk import Desk, Question, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.roles import refusal_words
from xenia.ui.portal.user_flows.frame import (
    BASE,
    GRAPH,
    HOME,
    READ,
    SETTINGS,
    TRAIL,
    WRITE,
    flow_of,
    flow_path,
    hindrances,
    policies_of,
    standing_of,
    status_of,
)
from xenia.usecases.self_service import manage_identity_providers, manage_user_attributes, manage_user_flows
from xenia.usecases.self_service.manage_user_flows import NewFlow
from xenia.usecases.self_service.sign_up_funnel import measured_flows
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_USUAL = ("displayname", "givenname", "surname")
"""Ticked in a new form: what most organisations ask for."""


class FlowList:
    """The list and the form for a new flow."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk = self._desk
        return (
            Route("GET", BASE, desk.shown(self.show)),
            Route("GET", f"{BASE}/new", desk.shown(self.form)),
            Route("POST", f"{BASE}/new", desk.posted(self.create)),
            Route("GET", f"{BASE}/{{flow}}/delete", desk.shown(self.confirm_delete)),
            Route("POST", f"{BASE}/{{flow}}/delete", desk.posted(self.delete)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """All flows of this tenant."""
        ports, actor = self._desk.ports, visit.actor
        if not actor.holds_any(SELF_SERVICE_READING_ROLES):
            return self._measured(visit)
        flows = manage_user_flows.list_flows(ports, actor)
        names = {each.id: shown_name(each) for each in manage_identity_providers.list_providers(ports, actor)}
        rows = [
            {
                "id": flow.id,
                "name": flow.display_name,
                "url": visit.url(flow_path(flow)),
                "providers": ", ".join(names.get(each, each) for each in flow.provider_ids),
                "attributes": len(flow.attributes),
                "apps": len(flow.app_ids),
                "approval": flow.requires_approval,
            }
            for flow in flows
        ]
        return self._desk.page(
            visit,
            "user_flows.html",
            "user_flows",
            TRAIL,
            rows=rows,
            is_on=policies_of(self._desk, visit).self_service_sign_up,
            settings_url=visit.url(SETTINGS),
            standing=standing_of(self._desk, visit),
            api=call(visit, "GET", GRAPH, permission=READ),
        )

    def _measured(self, visit: Visit) -> HttpResponse:
        """For readers of logs: the funnels, and nothing else of the flows."""
        flows = measured_flows(self._desk.ports, visit.actor)
        return self._desk.page(
            visit,
            "user_flow_funnels.html",
            "user_flows",
            TRAIL,
            rows=[
                {"id": flow.id, "name": flow.display_name, "url": visit.url(flow_path(flow, "/funnel"))}
                for flow in flows
            ],
        )

    def form(self, visit: Visit) -> HttpResponse:
        """**New user flow**."""
        chosen = (ENTRA_PROVIDER_ID, EMAIL_PASSCODE_PROVIDER_ID)
        return self._form(visit, "", chosen, _USUAL, None)

    def create(self, visit: Visit) -> HttpResponse:
        """**Create**."""
        form = visit.request.form
        name = form.get("name").strip()
        providers = tuple(dict.fromkeys((ENTRA_PROVIDER_ID, *form.all("provider"))))
        attributes = tuple(form.all("attribute"))
        known = manage_user_attributes.list_attributes(self._desk.ports, visit.actor)
        wanted = {attribute_key(each) for each in attributes}
        assignments = tuple(
            AttributeAssignment(each.id, each.display_name, is_optional=True)
            for each in known
            if attribute_key(each.id) in wanted
        )
        try:
            order = NewFlow(name, provider_ids=providers, attributes=assignments)
            flow = manage_user_flows.create_flow(self._desk.ports, visit.actor, order)
        except (Conflict, InvalidValue, NotFound, NotPermitted) as error:
            return self._form(visit, name, providers, tuple(wanted), error)
        return self._desk.back(visit, flow_path(flow), "flow-created")

    def confirm_delete(self, visit: Visit) -> HttpResponse:
        """The question before deleting."""
        flow = flow_of(self._desk, visit)
        apps = len(flow.app_ids)
        question = Question(
            f"Delete {flow.id}?",
            "Guests who came through it stay and sign in as before. Layout and texts of the flow are lost.",
            visit.url(flow_path(flow, "/delete")),
            "Delete",
            visit.url(flow_path(flow)),
            (f"{apps} {'application loses' if apps == 1 else 'applications lose'} self-service sign-up",)
            if apps
            else (),
        )
        return self._desk.ask(visit, "user_flows", (*TRAIL, (flow.id, flow_path(flow))), question)

    def delete(self, visit: Visit) -> HttpResponse:
        """**Delete**."""
        flow = flow_of(self._desk, visit)
        manage_user_flows.delete_flow(self._desk.ports, visit.actor, flow.id)
        return self._desk.back(visit, HOME, "flow-deleted")

    def _form(
        self,
        visit: Visit,
        name: str,
        providers: tuple[str, ...],
        attributes: tuple[str, ...],
        error: XeniaError | None,
    ) -> HttpResponse:
        ports, actor = self._desk.ports, visit.actor
        known = manage_identity_providers.list_providers(ports, actor)
        field = getattr(error, "field", None)
        errors = [] if error is None else [{"field": _field(error, field), "text": refusal_words(error)}]
        return self._desk.page(
            visit,
            "user_flow_new.html",
            "user_flows",
            (*TRAIL, ("New user flow", "")),
            status=status_of(error),
            name=name,
            prefix=FLOW_PREFIX,
            providers=[(each.id, shown_name(each)) for each in known],
            hindered=hindrances(self._desk, visit, known),
            entra=ENTRA_PROVIDER_ID,
            chosen_providers=providers,
            attributes=[
                each
                for each in manage_user_attributes.list_attributes(ports, actor)
                if attribute_key(each.id) != EMAIL
            ],
            chosen_attributes={attribute_key(each) for each in attributes},
            attribute_key=attribute_key,
            standing=standing_of(self._desk, visit),
            errors=errors,
            api=call(
                visit,
                "POST",
                GRAPH,
                body={
                    "id": name.removeprefix(FLOW_PREFIX) or "suppliers",
                    "userFlowType": "signUpOrSignIn",
                    "userFlowTypeVersion": 1,
                },
                permission=WRITE,
            ),
        )


def _field(error: XeniaError, field: str | None) -> str | None:
    if isinstance(error, Conflict):
        return "name"
    return {"provider_ids": "provider", "attributes": "attribute"}.get(field or "", field and "name")
