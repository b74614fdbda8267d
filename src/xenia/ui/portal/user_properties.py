"""**Properties** of a user, and the form for a **New user** of the directory's own."""

from __future__ import annotations

from xenia.core.directory.roles import USER_WRITING_ROLES
from xenia.core.directory.user import User, UserType
from xenia.core.directory.user_rules import AGE_GROUPS, MINOR_CONSENTS
from xenia.core.errors import Conflict, InvalidValue, NotPermitted, XeniaError
from xenia.record import Record
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.roles import refusal_words
from xenia.ui.portal.user_detail import user_tabs
from xenia.usecases.users import manage_users
from xenia.usecases.users.user_dossier import UserDossier, find_person, read_user_dossier
from xenia.web.http import HttpResponse
from xenia.web.routing import Route


class FormField(Record):
    """One control of the form. ``kind``: text, email, lines (several values), or the name of a list of choices."""

    name: str
    label: str
    kind: str = "text"


GROUPS: tuple[tuple[str, tuple[FormField, ...]], ...] = (
    (
        "Identity",
        (
            FormField("display_name", "Display name"),
            FormField("given_name", "First name"),
            FormField("surname", "Last name"),
            FormField("user_principal_name", "User principal name"),
            FormField("user_type", "User type", "user_type"),
        ),
    ),
    (
        "Job information",
        (
            FormField("job_title", "Job title"),
            FormField("company_name", "Company name"),
            FormField("department", "Department"),
            FormField("employee_id", "Employee ID"),
            FormField("employee_type", "Employee type"),
            FormField("office_location", "Office location"),
        ),
    ),
    (
        "Contact information",
        (
            FormField("street_address", "Street address"),
            FormField("city", "City"),
            FormField("state", "State or province"),
            FormField("postal_code", "ZIP or postal code"),
            FormField("country", "Country or region"),
            FormField("business_phones", "Business phone", "lines"),
            FormField("mobile_phone", "Mobile phone"),
            FormField("mail", "Email", "email"),
            FormField("other_mails", "Other emails", "lines"),
            FormField("fax_number", "Fax number"),
        ),
    ),
    (
        "Parental controls",
        (
            FormField("age_group", "Age group", "age_group"),
            FormField("consent_provided_for_minor", "Consent provided for minor", "minor_consent"),
        ),
    ),
    (
        "Settings",
        (
            FormField("usage_location", "Usage location"),
            FormField("preferred_language", "Preferred language"),
        ),
    ),
)
CHOICES = {
    "user_type": [(kind.value, kind.value) for kind in UserType],
    "age_group": [("", "None"), *((each, each) for each in AGE_GROUPS)],
    "minor_consent": [("", "None"), *((each, each) for each in MINOR_CONSENTS)],
}
_FIELDS = tuple(field for _, fields in GROUPS for field in fields)
_LABELS = {field.name: field.label for field in _FIELDS} | {"manager": "Manager", "sponsors": "Sponsors"}


class UserProperties:
    """The form with all writable properties."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, "/admin/{tenant}/users"
        return (
            Route("GET", f"{base}/{{user}}/properties", desk.shown(self.show)),
            Route("POST", f"{base}/{{user}}/properties", desk.posted(self.save)),
            Route("GET", f"{base}/new", desk.shown(self.new)),
            Route("POST", f"{base}/new", desk.posted(self.create)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """The properties as they are stored."""
        dossier = read_user_dossier(self._desk.ports, visit.actor, visit.request.args["user"])
        return self._draw(visit, dossier, _values(dossier), None)

    def save(self, visit: Visit) -> HttpResponse:
        """**Save**. What somebody else saved in the meantime is shown, never silently overwritten."""
        dossier = read_user_dossier(self._desk.ports, visit.actor, visit.request.args["user"])
        stored = _values(dossier)
        typed = {name: visit.form(name).replace("\r\n", "\n").strip() for name in stored}
        if visit.form("seen") != self._mark(stored):
            return self._draw(visit, dossier, typed, Conflict("version", ""))
        try:
            self._apply(visit, dossier.user, stored, typed)
        except (InvalidValue, Conflict, NotPermitted) as error:
            return self._draw(visit, dossier, typed, error)
        return self._desk.back(visit, f"users/{dossier.user.id}", "saved")

    def _apply(self, visit: Visit, user: User, stored: dict[str, str], typed: dict[str, str]) -> None:
        ports, actor = self._desk.ports, visit.actor
        changed = {name for name in stored if typed[name] != stored[name]}
        manager = self._person(visit, "manager", typed["manager"]) if "manager" in changed else None
        sponsors = [
            self._person(visit, "sponsors", line) for line in typed["sponsors"].split("\n") if line.strip()
        ]
        changes: dict[str, object] = {
            field.name: typed[field.name].split("\n") if field.kind == "lines" and typed[field.name]
            else typed[field.name] or ([] if field.kind == "lines" else None)
            for field in _FIELDS
            if field.name in changed
        }  # fmt: skip
        change = manage_users.UserChange(
            changes,
            sponsors=tuple(each.id for each in sponsors if each) if "sponsors" in changed else None,
            manager=manage_users.NewManager(manager.id if manager else None)
            if "manager" in changed
            else None,
        )
        manage_users.change_user(ports, actor, user.id, change)

    def _person(self, visit: Visit, field: str, text: str) -> User | None:
        """Raises InvalidValue unless exactly one user is meant; None for blank text."""
        if not text.strip():
            return None
        found = find_person(self._desk.ports, visit.actor, text)
        if found is None:
            raise InvalidValue(
                field,
                f"No single user is called \u201c{text.strip()[:80]}\u201d. Enter an email address, user principal name or object ID.",
            )
        return found

    def _mark(self, stored: dict[str, str]) -> str:
        """What was on the page when it was opened, as one value."""
        return self._desk.ports.sealer.mac("user-properties", *stored.values())

    def _draw(
        self, visit: Visit, dossier: UserDossier, typed: dict[str, str], error: XeniaError | None
    ) -> HttpResponse:
        user, stored = dossier.user, _values(dossier)
        is_stale = isinstance(error, Conflict) and error.field == "version"
        differing = [
            {"label": _LABELS[name], "value": stored[name]} for name in stored if stored[name] != typed[name]
        ]
        locked = {"user_principal_name"} if user.is_external else set()
        return self._desk.page(
            visit,
            "user_properties.html",
            "users",
            (("Users", "users"), (user.display_name, f"users/{user.id}"), ("Properties", "")),
            status=409
            if is_stale
            else 200
            if error is None
            else 403
            if isinstance(error, NotPermitted)
            else 422,
            user=user,
            tabs=user_tabs(visit, user.id, "Properties"),
            groups=GROUPS,
            choices=CHOICES,
            typed=typed,
            locked=locked,
            seen=self._mark(stored),
            stored=differing if is_stale else [],
            standing=self._desk.standing(visit, USER_WRITING_ROLES),
            errors=[] if error is None or is_stale else [_problem(error)],
            api=call(
                visit,
                "PATCH",
                f"/v1.0/users/{user.id}",
                body={"jobTitle": user.job_title or "Buyer"},
                permission="User.ReadWrite.All",
            ),
        )

    # --- a member of the directory's own ------------------------------------------------------

    def new(self, visit: Visit) -> HttpResponse:
        """**New user**; after creating, the password once."""
        shown = self._desk.once.read(visit.request, visit.secret)
        if not shown:
            return self._new(visit, {}, None)
        trail = (("Users", "users"), ("New user", "users/new"))
        page = self._desk.page(visit, "user_created.html", "users", trail, created=shown)
        return self._desk.once.forget(page)

    def create(self, visit: Visit) -> HttpResponse:
        """**Create**."""
        typed = {name: visit.form(name).strip() for name in ("upn", "domain", "display_name", "password")}
        order = manage_users.NewMember(
            f"{typed['upn']}@{typed['domain']}",
            typed["display_name"],
            password=typed["password"] or None,
            must_change_password=False,
            account_enabled="enabled" in visit.request.form,
        )
        try:
            created = manage_users.create_member(self._desk.ports, visit.actor, order)
        except (InvalidValue, Conflict, NotPermitted) as error:
            return self._new(visit, typed, error)
        shown = {
            "id": created.user.id,
            "name": created.user.display_name,
            "upn": created.user.user_principal_name,
            "password": created.password,
        }
        return self._desk.once.hand_over(visit.secret, visit.url("users/new"), shown)

    def _new(self, visit: Visit, typed: dict[str, str], error: XeniaError | None) -> HttpResponse:
        domain = visit.tenant.default_domain
        body = {
            "accountEnabled": True,
            "displayName": typed.get("display_name") or "Adele Vance",
            "mailNickname": typed.get("upn") or "adele",
            "userPrincipalName": f"{typed.get('upn') or 'adele'}@{domain}",
            "passwordProfile": {"password": "{password}", "forceChangePasswordNextSignIn": False},
        }
        return self._desk.page(
            visit,
            "new_user.html",
            "users",
            (("Users", "users"), ("New user", "users/new")),
            status=200 if error is None else 403 if isinstance(error, NotPermitted) else 422,
            typed={"upn": "", "domain": domain, "display_name": ""} | typed,
            domains=[(each.name, each.name) for each in visit.tenant.domains],
            enabled="enabled" in visit.request.form if error else True,
            standing=self._desk.standing(visit, USER_WRITING_ROLES),
            errors=[] if error is None else [_new_user_problem(error)],
            api=call(visit, "POST", "/v1.0/users", body=body, permission="User.ReadWrite.All"),
        )


def _values(dossier: UserDossier) -> dict[str, str]:
    """The stored properties as the form spells them."""
    user = dossier.user
    values = {}
    for field in _FIELDS:
        value = getattr(user, field.name)
        values[field.name] = "\n".join(value) if isinstance(value, tuple) else str(value or "")
    values["user_type"] = user.user_type.value
    values["manager"] = dossier.manager.sign_in_name if dossier.manager else ""
    values["sponsors"] = "\n".join(sponsor.sign_in_name for sponsor in dossier.sponsors)
    return values


def _problem(error: XeniaError) -> dict[str, str | None]:
    field = getattr(error, "field", None)
    return {"field": field if field in _LABELS else None, "text": refusal_words(error)}


def _new_user_problem(error: XeniaError) -> dict[str, str | None]:
    names = {"user_principal_name": "upn", "mail_nickname": "upn"}
    field = getattr(error, "field", None)
    known = names.get(field or "", field)
    text = "This user principal name is taken." if isinstance(error, Conflict) else refusal_words(error)
    return {"field": known if known in ("upn", "display_name", "password") else None, "text": text}
