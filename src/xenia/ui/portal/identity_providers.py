"""**All identity providers**: how guests prove who they are; at present **Email one-time passcode** and its switch."""

from __future__ import annotations

from dataclasses import replace

from xenia.core.directory.tenant import TenantPolicies, Toggle
from xenia.core.errors import Conflict
from xenia.ui.portal.changed_meanwhile import saved_by
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.roles import GLOBAL
from xenia.usecases import manage_tenant, read_directory
from xenia.usecases.collaboration_impact import passcode_reliance
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

LIST = "external-identities/identity-providers"
PASSCODE = f"{LIST}/email-passcode"
_TRAIL = (
    ("External Identities", "external-identities"),
    ("All identity providers", LIST),
    ("Email one-time passcode", PASSCODE),
)
_READ = ("Policy.Read.AuthenticationMethod", "Policy.Read.All")
_WRITE = "Policy.ReadWrite.AuthenticationMethod"
_METHODS = "/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations"
_ACTIVITIES = ("Update policy",)
_WORDS = {"yes": "Yes", "no": "No"}


class IdentityProviders:
    """The list, and the page of each provider."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk = self._desk
        return (
            Route("GET", f"/admin/{{tenant}}/{LIST}", desk.shown(self.show)),
            Route("GET", f"/admin/{{tenant}}/{PASSCODE}", desk.shown(self.passcode)),
            Route("POST", f"/admin/{{tenant}}/{PASSCODE}", desk.posted(self.save_passcode)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """**All identity providers**."""
        policies = read_directory.get_policies(self._desk.ports, visit.actor, *_READ)
        reliance = passcode_reliance(self._desk.ports, visit.actor)
        row = {
            "name": "Email one-time passcode",
            "url": visit.url(PASSCODE),
            "enabled": policies.email_passcode_enabled,
            "guests": reliance.accepted,
        }
        return self._desk.page(
            visit,
            "identity_providers.html",
            "identity_providers",
            _TRAIL[:2],
            rows=[row],
            api=call(visit, "GET", _METHODS, permission="Policy.Read.AuthenticationMethod"),
        )

    def passcode(self, visit: Visit) -> HttpResponse:
        """**Email one-time passcode**."""
        stored = read_directory.get_policies(self._desk.ports, visit.actor, *_READ)
        return self._draw(visit, stored, _yes_or_no(stored))

    def save_passcode(self, visit: Visit) -> HttpResponse:
        """**Save**. Turning it off asks once more when somebody would lose their way in."""
        ports, actor = self._desk.ports, visit.actor
        stored = read_directory.get_policies(ports, actor, *_READ)
        typed, version = visit.form("enabled"), visit.form("version")
        if typed not in _WORDS:
            errors = [{"field": "enabled", "text": "Choose Yes or No."}]
            return self._draw(visit, stored, _yes_or_no(stored), status=422, errors=errors)
        if typed == _yes_or_no(stored):
            return self._desk.back(visit, PASSCODE, "saved")
        reliance = passcode_reliance(ports, actor)
        if typed == "no" and reliance.accepted + reliance.pending and visit.form("reviewed") != "no":
            return self._draw(visit, stored, typed, version=version, is_review=True)
        wanted = replace(
            stored,
            email_passcode=Toggle.ENABLED if typed == "yes" else Toggle.DISABLED,
            version=int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1,
        )
        try:
            manage_tenant.update_policies(ports, actor, wanted, permission=_WRITE)
        except Conflict:
            stored = read_directory.get_policies(ports, actor, *_READ)
            value = _WORDS[_yes_or_no(stored)]
            rows = [{"label": "Email one-time passcode for guests", "value": value}]
            stale = saved_by(ports, visit, _ACTIVITIES) + rows
            return self._draw(visit, stored, typed, status=409, stale=stale)
        return self._desk.back(visit, PASSCODE, "saved")

    def _draw(
        self,
        visit: Visit,
        stored: TenantPolicies,
        typed: str,
        *,
        status: int = 200,
        errors: list[dict[str, str]] | None = None,
        stale: list[dict[str, str]] | None = None,
        version: str = "",
        is_review: bool = False,
    ) -> HttpResponse:
        standing = self._desk.standing(visit, GLOBAL)
        body = {
            "@odata.type": "#microsoft.graph.emailAuthenticationMethodConfiguration",
            "allowExternalIdToUseEmailOtp": stored.email_passcode,
        }
        return self._desk.page(
            visit,
            "email_passcode.html",
            "identity_providers",
            _TRAIL,
            status=status,
            typed=typed,
            version=version or str(stored.version),
            is_on=stored.email_passcode_enabled,
            is_review=is_review,
            reliance=passcode_reliance(self._desk.ports, visit.actor),
            standing=standing,
            stored=stale or [],
            errors=errors or [],
            api=call(
                visit,
                "PATCH" if standing.may else "GET",
                f"{_METHODS}/email",
                body=body if standing.may else None,
                permission=_WRITE if standing.may else "Policy.Read.AuthenticationMethod",
            ),
        )


def _yes_or_no(policies: TenantPolicies) -> str:
    return "yes" if policies.email_passcode_enabled else "no"
