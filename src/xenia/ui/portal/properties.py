"""**Properties** of the tenant with what guests read of them, and **Security defaults**."""

from __future__ import annotations

from xenia.core.directory.policies import PolicyBlock, marks_text, may_change, read_marks
from xenia.core.directory.tenant import Tenant, TenantPolicies
from xenia.core.errors import Conflict, InvalidValue
from xenia.record import replace
from xenia.ui.portal.changed_meanwhile import saved_by
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.roles import GLOBAL
from xenia.usecases.tenants import manage_tenant
from xenia.usecases.users import read_directory
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

_LABELS = {
    "display_name": "Name",
    "country": "Country/region",
    "notification_language": "Notification language",
    "technical_contact": "Technical contact",
    "privacy_contact": "Global privacy contact",
    "privacy_statement_url": "Privacy statement URL",
    "terms_url": "Terms URL",
}
_PROPERTIES = (("Properties", "properties"),)
_DEFAULTS = (("Security defaults", "security-defaults"),)
_READ_DEFAULTS = ("Policy.Read.All",)
_WRITE_DEFAULTS = "Policy.ReadWrite.SecurityDefaults"
_YES_NO = {"yes": "Yes", "no": "No"}


class Properties:
    """The organization's own data."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk = self._desk
        return (
            Route("GET", "/admin/{tenant}/properties", desk.shown(self.show)),
            Route("POST", "/admin/{tenant}/properties", desk.posted(self.save)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """The properties as they are stored."""
        seen = read_directory.get_organization(self._desk.ports, visit.actor)
        return self._draw(visit, seen.tenant, _values(seen.tenant))

    def save(self, visit: Visit) -> HttpResponse:
        """**Save**. What somebody else saved in the meantime is shown, never silently overwritten."""
        stored = read_directory.get_organization(self._desk.ports, visit.actor).tenant
        values = _values(stored)
        typed = {name: visit.form(name).strip() for name in _LABELS}
        changes: dict[str, object] = {
            name: typed[name] or None for name in _LABELS if typed[name] != values[name]
        }
        if changes and visit.form("seen") != self._mark(stored):
            return self._overtaken(visit, typed)
        try:
            manage_tenant.update_tenant_properties(self._desk.ports, visit.actor, changes, expected=stored)
        except InvalidValue as error:
            errors = [{"field": error.field, "text": str(error)}]
            return self._draw(visit, stored, typed, status=422, errors=errors)
        except Conflict:
            return self._overtaken(visit, typed)
        return self._desk.back(visit, "properties", "saved")

    def _overtaken(self, visit: Visit, typed: dict[str, str]) -> HttpResponse:
        """Somebody else saved first: both versions, nothing lost."""
        stored = read_directory.get_organization(self._desk.ports, visit.actor).tenant
        differing = [
            {"label": _LABELS[name], "value": value or "–"}
            for name, value in _values(stored).items()
            if value != typed[name]
        ]
        stale = saved_by(self._desk.ports, visit, ("Set Company Information",)) + differing
        return self._draw(visit, stored, typed, status=409, stale=stale)

    def _mark(self, tenant: Tenant) -> str:
        """What was on the page when it was opened, as one value."""
        return self._desk.ports.sealer.mac("tenant-properties", tenant.id, *_values(tenant).values())

    def _draw(
        self,
        visit: Visit,
        stored: Tenant,
        typed: dict[str, str],
        *,
        status: int = 200,
        errors: list[dict[str, str]] | None = None,
        stale: list[dict[str, str]] | None = None,
    ) -> HttpResponse:
        standing = self._desk.standing(visit, GLOBAL)
        return self._desk.page(
            visit,
            "properties.html",
            "properties",
            _PROPERTIES,
            status=status,
            organization=stored,
            typed=typed,
            # After an error the page still stands on what was seen first; after a conflict on what is stored now.
            seen=visit.form("seen") if errors else self._mark(stored),
            guest_words=_guest_words(stored),
            standing=standing,
            stored=stale or [],
            errors=errors or [],
            api=_organization_call(visit, stored, may=standing.may),
        )


class SecurityDefaults:
    """One switch: everybody proves a second factor."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk = self._desk
        return (
            Route("GET", "/admin/{tenant}/security-defaults", desk.shown(self.show)),
            Route("POST", "/admin/{tenant}/security-defaults", desk.posted(self.save)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """The switches as they are stored."""
        stored = self._stored(visit)
        return self._draw(visit, stored, _switches(stored))

    def save(self, visit: Visit) -> HttpResponse:
        """**Save**."""
        stored, version = self._stored(visit), visit.form("version")
        typed = self._typed(visit, stored)
        wrong = [name for name, value in typed.items() if name != _FREQUENCY and value not in _YES_NO]
        errors = [{"field": name, "text": "Choose Yes or No."} for name in wrong]
        hours = _hours(typed[_FREQUENCY])
        if hours == _NO_HOURS:
            errors.append({"field": _FREQUENCY, "text": _HOURS_WANTED})
        if errors:
            return self._draw(visit, stored, typed, status=422, errors=errors)
        wanted = replace(
            stored,
            security_defaults=typed["enabled"] == "yes",
            password_grant=typed["passwords"] == "yes",
            sign_in_frequency_hours=hours,
        )
        try:
            manage_tenant.update_policies(
                self._desk.ports, visit.actor, wanted, seen=read_marks(version), permission=_WRITE_DEFAULTS
            )
        except Conflict:
            stored = self._stored(visit)
            now = _switches(stored)
            rows = [
                {"label": label, "value": _YES_NO.get(now[name], now[name]) or "–"}
                for name, label in _SWITCHES.items()
            ]
            stale = saved_by(self._desk.ports, visit, ("Update policy", "Update authorization policy")) + rows
            return self._draw(visit, stored, typed, status=409, stale=stale)
        return self._desk.back(visit, "security-defaults", "saved")

    def _stored(self, visit: Visit) -> TenantPolicies:
        return read_directory.get_policies(self._desk.ports, visit.actor, *_READ_DEFAULTS)

    def _typed(self, visit: Visit, stored: TenantPolicies) -> dict[str, str]:
        """What the form says. Browsers leave out what somebody may only read: that stays as it is stored."""
        now_stored = _switches(stored)
        return {
            name: visit.form(name) if self._desk.standing(visit, may_change(block)).may else now_stored[name]
            for name, block in _BLOCKS.items()
        }

    def _draw(
        self,
        visit: Visit,
        stored: TenantPolicies,
        typed: dict[str, str],
        *,
        status: int = 200,
        errors: list[dict[str, str]] | None = None,
        stale: list[dict[str, str]] | None = None,
    ) -> HttpResponse:
        standing = self._desk.standing(visit, may_change(PolicyBlock.SECURITY_DEFAULTS))
        return self._desk.page(
            visit,
            "security_defaults.html",
            "security_defaults",
            _DEFAULTS,
            status=status,
            typed=typed,
            version=marks_text(stored),
            is_on=stored.security_defaults,
            standing=standing,
            passwords_standing=self._desk.standing(visit, may_change(PolicyBlock.OTHERS)),
            stored=stale or [],
            errors=errors or [],
            api=call(
                visit,
                "PATCH" if standing.may else "GET",
                "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy",
                body={"isEnabled": stored.security_defaults} if standing.may else None,
                permission=_WRITE_DEFAULTS if standing.may else "Policy.Read.All",
            ),
        )


def _values(tenant: Tenant) -> dict[str, str]:
    """The stored properties as the form spells them."""
    return {name: getattr(tenant, name) or "" for name in _LABELS}


def _guest_words(tenant: Tenant) -> str | None:
    """The sentence of *Review permissions* for a tenant without privacy statement, as guests read it."""
    if tenant.privacy_statement_url:
        return None
    sentence = f"{tenant.display_name} has not given a link to its privacy statement."
    contact = tenant.privacy_contact or tenant.technical_contact
    return f"{sentence} You can ask {contact} before you accept." if contact else sentence


def _organization_call(visit: Visit, stored: Tenant, *, may: bool) -> object:
    path = f"/v1.0/organization/{stored.id}"
    if not may:
        return call(visit, "GET", path, permission="Organization.Read.All")
    body = {
        "preferredLanguage": stored.notification_language,
        "technicalNotificationMails": [stored.technical_contact] if stored.technical_contact else [],
        "privacyProfile": {
            "contactEmail": stored.privacy_contact,
            "statementUrl": stored.privacy_statement_url,
        },
    }
    return call(visit, "PATCH", path, body=body, permission="Organization.ReadWrite.All")


_FREQUENCY = "frequency"
_SWITCHES = {"enabled": "Security defaults", "passwords": "Password grant", _FREQUENCY: "Sign-in frequency"}
"""Fields of the form, in the words of what was saved meanwhile."""
_BLOCKS = {
    "enabled": PolicyBlock.SECURITY_DEFAULTS,
    "passwords": PolicyBlock.OTHERS,
    _FREQUENCY: PolicyBlock.OTHERS,
}


def _switches(policies: TenantPolicies) -> dict[str, str]:
    stored = {"enabled": policies.security_defaults, "passwords": policies.password_grant}
    hours = policies.sign_in_frequency_hours
    return {
        **{name: "yes" if value else "no" for name, value in stored.items()},
        _FREQUENCY: "" if hours is None else str(hours),
    }


_NO_HOURS = -1
_HOURS_WANTED = f"Enter whole hours, 1 to {manage_tenant.LONGEST_FREQUENCY_HOURS}, or leave the field empty."


def _hours(typed: str) -> int | None:
    """The hours typed; None for none, ``_NO_HOURS`` for anything else."""
    text = typed.strip()
    if not text:
        return None
    is_number = text.isascii() and text.isdigit() and len(text) < 6
    hours = int(text) if is_number else 0
    return hours if 1 <= hours <= manage_tenant.LONGEST_FREQUENCY_HOURS else _NO_HOURS
