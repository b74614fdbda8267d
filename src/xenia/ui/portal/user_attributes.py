"""**Custom user attributes**: what user flows may ask for besides the built-in ones."""

from __future__ import annotations

from xenia.core.directory.roles import ATTRIBUTE_WRITING_ROLES
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted, XeniaError
from xenia.core.user_attributes import (
    AttributeKind,
    DataType,
    UserAttribute,
    attribute_key,
)
from xenia.ui.portal.desk import Desk, Question, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.roles import refusal_words
from xenia.usecases.self_service import manage_user_attributes, manage_user_flows
from xenia.usecases.self_service.manage_user_attributes import NewAttribute
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

HOME = "external-identities/user-attributes"
GRAPH = "/v1.0/identity/userFlowAttributes"
_TRAIL = (("External Identities", "external-identities"), ("Custom user attributes", HOME))
TYPE_WORDS = {DataType.STRING: "String", DataType.BOOLEAN: "Boolean", DataType.INTEGER: "Int"}
_REFUSALS = (Conflict, InvalidValue, NotPermitted)


class UserAttributePages:
    """List, **Add**, description, deletion."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, f"/admin/{{tenant}}/{HOME}"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("GET", f"{base}/new", desk.shown(self.form)),
            Route("POST", f"{base}/new", desk.posted(self.create)),
            Route("GET", f"{base}/{{attribute}}", desk.shown(self.one)),
            Route("POST", f"{base}/{{attribute}}", desk.posted(self.save)),
            Route("GET", f"{base}/{{attribute}}/delete", desk.shown(self.confirm_delete)),
            Route("POST", f"{base}/{{attribute}}/delete", desk.posted(self.delete)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """Built-in and custom attributes, and the flows that ask for them."""
        used = self._uses(visit)
        rows = [
            {
                "id": each.id,
                "name": each.display_name,
                "description": each.description,
                "type": TYPE_WORDS[each.data_type],
                "is_custom": each.kind is AttributeKind.CUSTOM,
                "flows": used.get(attribute_key(each.id), []),
                "url": visit.url(f"{HOME}/{each.id}"),
            }
            for each in manage_user_attributes.list_attributes(self._desk.ports, visit.actor)
        ]
        return self._desk.page(
            visit,
            "user_attributes.html",
            "user_attributes",
            _TRAIL,
            custom=[row for row in rows if row["is_custom"]],
            built_in=[row for row in rows if not row["is_custom"]],
            standing=self._desk.standing(visit, ATTRIBUTE_WRITING_ROLES),
            api=call(visit, "GET", GRAPH, permission="IdentityUserFlow.Read.All"),
        )

    def form(self, visit: Visit) -> HttpResponse:
        """**Add**."""
        return self._form(visit, {"name": "", "type": DataType.STRING.value, "description": ""}, None)

    def create(self, visit: Visit) -> HttpResponse:
        """**Create**."""
        typed = {name: visit.form(name).strip() for name in ("name", "type", "description")}
        try:
            if typed["type"] not in set(DataType):
                raise InvalidValue("type", "Choose a data type.")
            order = NewAttribute(typed["name"], DataType(typed["type"]), typed["description"])
            manage_user_attributes.create_attribute(self._desk.ports, visit.actor, order)
        except _REFUSALS as error:
            return self._form(visit, typed, error)
        return self._desk.back(visit, HOME, "attribute-created")

    def one(self, visit: Visit) -> HttpResponse:
        """A custom attribute: only its description changes."""
        found = self._attribute(visit)
        return self._one(visit, found, found.description, None)

    def save(self, visit: Visit) -> HttpResponse:
        """**Save** the description."""
        found = self._attribute(visit)
        typed = visit.form("description").strip()
        try:
            manage_user_attributes.update_attribute(self._desk.ports, visit.actor, found.id, typed)
        except _REFUSALS as error:
            return self._one(visit, found, typed, error)
        return self._desk.back(visit, f"{HOME}/{found.id}", "saved")

    def confirm_delete(self, visit: Visit) -> HttpResponse:
        """The question before deleting; an attribute in use says where instead."""
        found = self._attribute(visit)
        flows = self._uses(visit).get(attribute_key(found.id), [])
        if flows:
            return self._one(visit, found, found.description, _in_use(found, flows))
        question = Question(
            f"Delete {found.display_name}?",
            "Values that guests gave for it can no longer be read.",
            visit.url(f"{HOME}/{found.id}/delete"),
            "Delete",
            visit.url(HOME),
            (f"The property {found.id} goes from every user",),
        )
        return self._desk.ask(visit, "user_attributes", _trail(found), question)

    def delete(self, visit: Visit) -> HttpResponse:
        """**Delete**, unless a flow asks for it."""
        found = self._attribute(visit)
        try:
            manage_user_attributes.delete_attribute(self._desk.ports, visit.actor, found.id)
        except _REFUSALS as error:
            return self._one(visit, found, found.description, error)
        return self._desk.back(visit, HOME, "attribute-deleted")

    # --- drawing -----------------------------------------------------------------------------

    def _attribute(self, visit: Visit) -> UserAttribute:
        found = manage_user_attributes.get_attribute(
            self._desk.ports, visit.actor, visit.request.args["attribute"]
        )
        if found.kind is not AttributeKind.CUSTOM:
            raise NotFound("Custom attribute", found.id)
        return found

    def _uses(self, visit: Visit) -> dict[str, list[dict[str, str]]]:
        """Flows by the attributes they ask for."""
        found: dict[str, list[dict[str, str]]] = {}
        for flow in manage_user_flows.list_flows(self._desk.ports, visit.actor):
            url = visit.url(f"external-identities/user-flows/{flow.id}/user-attributes")
            for each in flow.attributes:
                entry = {"id": flow.id, "url": url}
                found.setdefault(attribute_key(each.attribute_id), []).append(entry)
        return found

    def _form(self, visit: Visit, typed: dict[str, str], error: XeniaError | None) -> HttpResponse:
        body = {
            "displayName": typed["name"] or "Supplier number",
            "description": typed["description"],
            "dataType": typed["type"],
        }
        return self._desk.page(
            visit,
            "user_attribute_new.html",
            "user_attributes",
            (*_TRAIL, ("Add", "")),
            status=_status(error),
            typed=typed,
            types=[(each.value, words) for each, words in TYPE_WORDS.items()],
            standing=self._desk.standing(visit, ATTRIBUTE_WRITING_ROLES),
            errors=_errors(error, {"display_name": "name", "data_type": "type"}),
            api=call(visit, "POST", GRAPH, body=body, permission="IdentityUserFlow.ReadWrite.All"),
        )

    def _one(self, visit: Visit, found: UserAttribute, typed: str, error: XeniaError | None) -> HttpResponse:
        return self._desk.page(
            visit,
            "user_attribute.html",
            "user_attributes",
            _trail(found),
            status=_status(error),
            attribute=found,
            type_words=TYPE_WORDS[found.data_type],
            flows=self._uses(visit).get(attribute_key(found.id), []),
            typed=typed,
            standing=self._desk.standing(visit, ATTRIBUTE_WRITING_ROLES),
            errors=_errors(error, {}),
            refresh_url=visit.url(f"{HOME}/{found.id}"),
            api=call(visit, "GET", f"{GRAPH}/{found.id}", permission="IdentityUserFlow.Read.All"),
        )


def _in_use(found: UserAttribute, flows: list[dict[str, str]]) -> Conflict:
    names = ", ".join(each["id"] for each in flows)
    return Conflict("id", f"{found.display_name} is asked for in {names}. Remove it there first.")


def _trail(found: UserAttribute) -> tuple[tuple[str, str], ...]:
    return (*_TRAIL, (found.display_name, f"{HOME}/{found.id}"))


def _status(error: XeniaError | None) -> int:
    if error is None:
        return 200
    return 409 if isinstance(error, Conflict) else 403 if isinstance(error, NotPermitted) else 422


def _errors(error: XeniaError | None, names: dict[str, str]) -> list[dict[str, str | None]]:
    if error is None:
        return []
    field = getattr(error, "field", None)
    return [{"field": names.get(field or "", field), "text": refusal_words(error)}]
