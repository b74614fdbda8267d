"""**All identity providers**: built-in and custom ones in a list, and **Email one-time passcode** with its switch."""

from __future__ import annotations

from xenia.core.directory.identity_provider import IdentityProvider, ProviderKind, ProviderOutcome
from xenia.core.directory.policies import PolicyBlock, marks_text, may_change, read_marks
from xenia.core.directory.provider_defaults import shown_name
from xenia.core.directory.roles import PROVIDER_WRITING_ROLES
from xenia.core.directory.tenant import TenantPolicies, Toggle
from xenia.core.errors import Conflict
from xenia.record import replace
from xenia.ui.portal.changed_meanwhile import saved_by
from xenia.ui.portal.desk import Desk, Model, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.provider_words import KIND_HELP, KIND_WORDS, slug_of
from xenia.usecases.self_service import manage_identity_providers
from xenia.usecases.tenants import manage_tenant
from xenia.usecases.tenants.collaboration_impact import passcode_reliance
from xenia.usecases.users import read_directory
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

LIST = "external-identities/identity-providers"
PASSCODE = f"{LIST}/email-passcode"
_TRAIL = (
    ("External Identities", "external-identities"),
    ("All identity providers", LIST),
    ("Email one-time passcode", PASSCODE),
)
_PROVIDERS = "/v1.0/identity/identityProviders"
_SOCIAL_KINDS = (ProviderKind.GOOGLE, ProviderKind.FACEBOOK, ProviderKind.MICROSOFT_ACCOUNT)
_CUSTOM_KINDS = (ProviderKind.OPENID_CONNECT, ProviderKind.ENTRA_TENANT)
_BUILT_IN_HELP = {
    ProviderKind.ENTRA: "Accounts of other organizations on this server.",
    ProviderKind.EMAIL_PASSCODE: "A code by mail, for everybody who has no other way.",
}
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
        """**All identity providers**, on two tabs: **Built-in**, and **Custom** for those with addresses of their own."""
        known = manage_identity_providers.list_providers(self._desk.ports, visit.actor)
        is_custom = visit.request.query.get("view") == "custom"
        rows = self._custom(visit, known) if is_custom else self._built_in(visit, known)
        outcomes = manage_identity_providers.provider_outcomes(self._desk.ports, visit.actor)
        for row in rows:
            row["outcome"] = outcomes.get(str(row["id"]), ProviderOutcome())
        addable = _CUSTOM_KINDS if is_custom else ()
        return self._desk.page(
            visit,
            "identity_providers.html",
            "identity_providers",
            _TRAIL[:2],
            view="custom" if is_custom else "built-in",
            views=[
                {"label": "Built-in", "url": visit.url(LIST), "current": not is_custom},
                {"label": "Custom", "url": visit.url(LIST, view="custom"), "current": is_custom},
            ],
            rows=rows,
            addable=[
                {
                    "label": KIND_WORDS[kind],
                    "help": KIND_HELP[kind],
                    "url": visit.url(f"{LIST}/new/{slug_of(kind)}"),
                }
                for kind in addable
            ],
            standing=self._desk.standing(visit, PROVIDER_WRITING_ROLES),
            api=call(visit, "GET", _PROVIDERS, permission="IdentityProvider.Read.All"),
        )

    def _built_in(self, visit: Visit, known: tuple[IdentityProvider, ...]) -> list[Model]:
        """One row for each kind there is one of, configured or not."""
        passcodes = read_directory.get_policies(self._desk.ports, visit.actor, *_READ).email_passcode_enabled
        of_kind = {provider.kind: provider for provider in known}
        rows: list[Model] = []
        for kind in (ProviderKind.ENTRA, ProviderKind.EMAIL_PASSCODE, *_SOCIAL_KINDS):
            found = of_kind.get(kind)
            if kind is ProviderKind.ENTRA:
                url, ready, state = None, True, "Always on"
            elif kind is ProviderKind.EMAIL_PASSCODE:
                url, ready, state = visit.url(PASSCODE), passcodes, "On" if passcodes else "Off"
            elif found is not None and found.client_id:
                url, ready, state = visit.url(f"{LIST}/configured/{found.id}"), True, "Configured"
            else:
                url, ready, state = visit.url(f"{LIST}/new/{slug_of(kind)}"), False, "Not configured"
            rows.append(
                {
                    "id": found.id if found is not None else "",
                    "name": shown_name(found) if found is not None else KIND_WORDS[kind],
                    "url": url,
                    "note": _BUILT_IN_HELP.get(kind, KIND_HELP.get(kind, "")),
                    "ready": ready,
                    "state": state,
                    "guests": self._guests(visit, found),
                }
            )
        return rows

    def _custom(self, visit: Visit, known: tuple[IdentityProvider, ...]) -> list[Model]:
        return [
            {
                "id": found.id,
                "name": found.display_name,
                "url": visit.url(f"{LIST}/configured/{found.id}"),
                "note": ", ".join(found.domains) or found.issuer,
                "ready": True,
                "state": KIND_WORDS[found.kind],
                "guests": self._guests(visit, found),
            }
            for found in known
            if found.kind in _CUSTOM_KINDS
        ]

    def _guests(self, visit: Visit, found: IdentityProvider | None) -> int:
        if found is None:
            return 0
        if found.kind is ProviderKind.EMAIL_PASSCODE:
            return passcode_reliance(self._desk.ports, visit.actor).accepted
        return manage_identity_providers.provider_reliance(self._desk.ports, visit.actor, found.id)

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
        )
        try:
            manage_tenant.update_policies(ports, actor, wanted, seen=read_marks(version), permission=_WRITE)
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
        standing = self._desk.standing(visit, may_change(PolicyBlock.PASSCODE))
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
            version=version or marks_text(stored),
            is_on=stored.email_passcode_enabled,
            is_review=is_review,
            has_others=self._has_others(visit),
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

    def _has_others(self, visit: Visit) -> bool:
        """Whether guests of some domains have another way in."""
        with self._desk.ports.store.read(visit.tenant.id) as tx:
            return any(provider.client_id for provider in tx.identity_providers.list())


def _yes_or_no(policies: TenantPolicies) -> str:
    return "yes" if policies.email_passcode_enabled else "no"
