"""One identity provider: its form, the addresses to copy, **Test**, and deletion.

Endpoints are data: the usual ones are filled in and may be changed. A client secret goes in and never comes out.
"""

from __future__ import annotations

from collections.abc import Mapping

from xenia.core import endpoints
from xenia.core.addresses import domain_key
from xenia.core.directory.first_party import TESTER_APP_ID
from xenia.core.directory.identity_provider import (
    ClaimMapping,
    ClientAuthentication,
    IdentityProvider,
    ProviderEndpoints,
    ProviderKind,
)
from xenia.core.directory.provider_defaults import DISCOVERY_PATH
from xenia.core.directory.roles import PROVIDER_WRITING_ROLES
from xenia.core.errors import (
    Conflict,
    InvalidValue,
    LimitReached,
    NotFound,
    NotPermitted,
    XeniaError,
)
from xenia.core.ids import parse_guid
from xenia.core.signin.home_realm import hint_of
from xenia.record import replace
from xenia.ui.portal.app_words import try_in_tester
from xenia.ui.portal.changed_meanwhile import is_stale, saved_by, version_of
from xenia.ui.portal.desk import Desk, Model, Question, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.provider_words import CLAIMS, CLIENT_AUTHENTICATION, KIND_WORDS, graph_body, slug_of
from xenia.ui.portal.roles import refusal_words
from xenia.usecases.federation.check import check_provider
from xenia.usecases.self_service import manage_identity_providers
from xenia.usecases.self_service.manage_identity_providers import NewProvider, ProviderDefaults
from xenia.usecases.self_service.provider_rules import OIDC_KINDS, SOCIAL_KINDS
from xenia.web.http import HttpResponse, redirect
from xenia.web.routing import Route

LIST = "external-identities/identity-providers"
GRAPH = "/v1.0/identity/identityProviders"
_TRAIL = (("External Identities", "external-identities"), ("All identity providers", LIST))
_REFUSALS = (Conflict, InvalidValue, NotPermitted)
_TEXTS = (
    "display_name",
    "client_id",
    "well_known_url",
    "issuer",
    "authorization",
    "token",
    "profile",
    "scope",
    "client_authentication",
)
_LABELS = {
    "display_name": "Display name",
    "client_id": "Client ID",
    "well_known_url": "Discovery document",
    "issuer": "Issuer",
    "scope": "Scope",
    "domains": "Domains",
}
_FIELDS: dict[str, str | None] = {
    "endpoints": "authorization",
    "claims": "claim-subject",
    "kind": None,
    "id": None,
}


class IdentityProviderForm:
    """Configure, test, delete."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, f"/admin/{{tenant}}/{LIST}"
        return (
            Route("GET", f"{base}/new/{{kind}}", desk.shown(self.form)),
            Route("POST", f"{base}/new/{{kind}}", desk.posted(self.create)),
            Route("GET", f"{base}/configured/{{provider}}", desk.shown(self.one)),
            Route("POST", f"{base}/configured/{{provider}}", desk.posted(self.save)),
            Route("POST", f"{base}/configured/{{provider}}/test", desk.posted(self.test)),
            Route("GET", f"{base}/configured/{{provider}}/delete", desk.shown(self.confirm_delete)),
            Route("POST", f"{base}/configured/{{provider}}/delete", desk.posted(self.delete)),
        )

    def form(self, visit: Visit) -> HttpResponse:
        """**Configure** a provider of this kind.

        One with a redirect URI of its own has its id from here on, in the address: what was registered yesterday
        still fits when the form is opened again today.
        """
        kind = _kind(visit)
        is_own = manage_identity_providers.next_callback_is_own(self._desk.ports, visit.actor, kind)
        if is_own and not _own_id(visit):
            return redirect(visit.url(f"{LIST}/new/{slug_of(kind)}", id=self._desk.ports.entropy.guid()))
        return self._new(visit, kind, _usual(manage_identity_providers.default_provider(kind)), None)

    def create(self, visit: Visit) -> HttpResponse:
        """**Save** a new one."""
        kind, typed = _kind(visit), self._typed(visit)
        try:
            wanted = _wanted(typed, manage_identity_providers.default_provider(kind).claims)
            secret, own = visit.form("client_secret"), _own_id(visit)
            order = NewProvider(kind, id=own, has_own_callback=own is not None, **wanted)  # type: ignore[arg-type]  # the names of the record
            order = replace(order, client_secret=secret)
            made = manage_identity_providers.create_provider(self._desk.ports, visit.actor, order)
        except _REFUSALS as error:
            return self._new(visit, kind, typed, error)
        return self._desk.back(visit, f"{LIST}/configured/{made.id}", "provider-created")

    def one(self, visit: Visit) -> HttpResponse:
        """A configured provider."""
        found = self._provider(visit)
        return self._one(visit, found, _typed(found), None)

    def save(self, visit: Visit) -> HttpResponse:
        """**Save**. An empty secret keeps the one that is stored."""
        found, typed = self._provider(visit), self._typed(visit)
        try:
            wanted = _wanted(typed, found.claims)
            changes = {name: value for name, value in wanted.items() if value != getattr(found, name)}
            if visit.form("client_secret"):
                changes["client_secret"] = visit.form("client_secret")
            moving = self._moving(visit, found, typed)
            if moving and visit.form("reviewed") != moving:
                return self._one(visit, found, typed, None, moving=moving)
            manage_identity_providers.update_provider(
                self._desk.ports, visit.actor, found.id, changes, expected_version=version_of(visit)
            )
        except _REFUSALS as error:
            return self._one(visit, self._provider(visit), typed, error)
        return self._desk.back(visit, f"{LIST}/configured/{found.id}", "saved")

    def test(self, visit: Visit) -> HttpResponse:
        """**Test**: asks the provider's own server, as stored, and says what each check found."""
        found = self._provider(visit)
        try:
            result = check_provider(self._desk.ports, visit.actor, found.id)
        except (LimitReached, NotPermitted) as error:
            return self._one(visit, found, _typed(found), error)
        checks: list[Model] = [
            {"kind": each.kind, "text": each.text, "detail": each.detail} for each in result.findings
        ]
        return self._one(visit, found, _typed(found), None, checks)

    def _moving(self, visit: Visit, found: IdentityProvider, typed: Model) -> str:
        """The issuer that is entered for another one at which guests are bound; empty: nobody loses anything."""
        issuer = str(typed["issuer"] or str(typed["well_known_url"]).removesuffix(DISCOVERY_PATH))
        if found.kind not in OIDC_KINDS or issuer == found.issuer:
            return ""
        count = manage_identity_providers.provider_reliance(self._desk.ports, visit.actor, found.id)
        return issuer if count else ""

    def confirm_delete(self, visit: Visit) -> HttpResponse:
        """The question before deleting, with the number of guests who lose their way in."""
        found = self._provider(visit)
        count = manage_identity_providers.provider_reliance(self._desk.ports, visit.actor, found.id)
        lost = f"{count} {'guest signs' if count == 1 else 'guests sign'} in with it and will not be able to"
        question = Question(
            f"Delete {found.display_name}?",
            "Client id, client secret and addresses are lost. User flows no longer offer it.",
            visit.url(f"{LIST}/configured/{found.id}/delete"),
            "Delete",
            visit.url(f"{LIST}/configured/{found.id}"),
            (f"{lost} until you reset their redemption",) if count else ("No guest signs in with it",),
            type_to_confirm=found.display_name if count else None,
        )
        problem = ""
        if visit.request.method == "POST":
            problem = f"Type {found.display_name} to confirm."
        return self._desk.ask(visit, "identity_providers", self._trail(found), question, problem)

    def delete(self, visit: Visit) -> HttpResponse:
        """**Delete**; where guests lose their way in, its name must have been typed."""
        ports, found = self._desk.ports, self._provider(visit)
        count = manage_identity_providers.provider_reliance(ports, visit.actor, found.id)
        if count and visit.form("confirmation").strip() != found.display_name:
            return self.confirm_delete(visit)
        try:
            manage_identity_providers.remove_provider(ports, visit.actor, found.id)
        except _REFUSALS as error:
            return self._one(visit, found, _typed(found), error)
        return self._desk.back(visit, LIST, "provider-deleted")

    # --- drawing -----------------------------------------------------------------------------

    def _provider(self, visit: Visit) -> IdentityProvider:
        found = manage_identity_providers.get_provider(
            self._desk.ports, visit.actor, visit.request.args["provider"]
        )
        if not found.client_id:
            raise NotFound("Identity provider", found.id)
        return found

    def _typed(self, visit: Visit) -> Model:
        form = visit.request.form
        typed: Model = {name: form.get(name).strip() for name in _TEXTS}
        claims = {name: form.get(f"claim-{name}").strip() for name in CLAIMS}
        return typed | {"claims": claims, "domains": form.get("domains").replace("\r\n", "\n").strip()}

    def _trail(self, found: IdentityProvider) -> tuple[tuple[str, str], ...]:
        return (*_TRAIL, (found.display_name, f"{LIST}/configured/{found.id}"))

    def _new(self, visit: Visit, kind: ProviderKind, typed: Model, error: XeniaError | None) -> HttpResponse:
        own = _own_id(visit)
        return self._desk.page(
            visit,
            "identity_provider_new.html",
            "identity_providers",
            (*_TRAIL, (f"Configure {KIND_WORDS[kind]}", "")),
            status=_status(error),
            more=self._model(visit, kind, typed, error),
            action=visit.url(f"{LIST}/new/{slug_of(kind)}", **({"id": own} if own else {})),
            redirect_uris=self._redirect_uris(visit, kind, own or ""),
            api=self._creating_call(visit, kind, typed),
        )

    def _creating_call(self, visit: Visit, kind: ProviderKind, typed: Model) -> Mapping[str, object] | None:
        """Graph makes providers of every kind but the one that is built in and waits for its client."""
        if kind is ProviderKind.MICROSOFT_ACCOUNT:
            return None
        body, permission = graph_body(kind, typed), "IdentityProvider.ReadWrite.All"
        return call(visit, "POST", GRAPH, body=body, permission=permission)

    def _one(
        self,
        visit: Visit,
        found: IdentityProvider,
        typed: Model,
        error: XeniaError | None,
        checks: list[Model] | None = None,
        moving: str = "",
    ) -> HttpResponse:
        ports, actor = self._desk.ports, visit.actor
        return self._desk.page(
            visit,
            "identity_provider.html",
            "identity_providers",
            self._trail(found),
            status=_status(error),
            more=self._model(visit, found.kind, typed, error),
            provider=found,
            action=visit.url(f"{LIST}/configured/{found.id}"),
            version=found.version,
            stored=self._stale(visit, found, typed, error),
            reliance=manage_identity_providers.provider_reliance(ports, actor, found.id),
            redirect_uris=self._redirect_uris(visit, found.kind, found.id if found.has_own_callback else ""),
            checks=checks,
            verdict=_verdict(checks or []),
            moving=moving,
            tester_url=self._tester_url(visit, found),
            outcome=manage_identity_providers.provider_outcomes(ports, actor).get(found.id),
            refresh_url=visit.url(f"{LIST}/configured/{found.id}"),
            api=call(visit, "GET", f"{GRAPH}/{found.id}", permission="IdentityProvider.Read.All"),
        )

    def _tester_url(self, visit: Visit, found: IdentityProvider) -> str | None:
        """A real sign-in with this provider, shown claim by claim; where the workshop's tools are."""
        if not self._desk.ports.server.tools:
            return None
        return try_in_tester(visit.tenant, TESTER_APP_ID, hint_of(found))

    def _stale(
        self, visit: Visit, found: IdentityProvider, typed: Model, error: XeniaError | None
    ) -> list[dict[str, str]]:
        """Who saved what meanwhile, where it differs from what is in the form."""
        if not is_stale(error):
            return []
        now_stored = _typed(found)
        differing = [
            {"label": words, "value": str(now_stored[name]).replace("\n", ", ")}
            for name, words in _LABELS.items()
            if now_stored[name] != typed[name]
        ]
        return saved_by(self._desk.ports, visit, ("Update identity provider",)) + differing

    def _model(self, visit: Visit, kind: ProviderKind, typed: Model, error: XeniaError | None) -> Model:
        field = getattr(error, "field", None)
        return {
            "kind": kind,
            "kinds": ProviderKind,
            "kind_words": KIND_WORDS[kind],
            "typed": typed,
            "claim_labels": CLAIMS,
            "authentications": CLIENT_AUTHENTICATION,
            "is_published": kind in SOCIAL_KINDS and not self._desk.ports.server.allows_private,
            "standing": self._desk.standing(visit, PROVIDER_WRITING_ROLES),
            "errors": []
            if error is None or is_stale(error)
            else [{"field": _FIELDS.get(field or "", field), "text": refusal_words(error)}],
        }

    def _redirect_uris(self, visit: Visit, kind: ProviderKind, own: str) -> list[str]:
        """To be registered at the provider: of the public address, and of the one in use where it differs."""
        bases = dict.fromkeys((self._desk.ports.server.base_url, visit.request.base_url))
        return [endpoints.federation_callback(base, kind, visit.tenant.id, own) for base in bases]


def _own_id(visit: Visit) -> str | None:
    """The id that a new provider will have, when its redirect URI ends with it."""
    return parse_guid(visit.request.query.get("id"))


def _verdict(checks: list[Model]) -> tuple[str, str]:
    """Kind and heading of the notice above the checks: what could not be seen is not called passed."""
    kinds = {check["kind"] for check in checks}
    if "bad" in kinds:
        return "bad", "A check did not pass"
    if kinds <= {"ok"}:
        return "ok", "Every check passed"
    return "info", "No check failed, but something is left to look at"


def _kind(visit: Visit) -> ProviderKind:
    found = next((kind for kind in KIND_WORDS if slug_of(kind) == visit.request.args["kind"]), None)
    if found is None:
        raise NotFound("Page", visit.request.path)
    return found


def _typed(provider: IdentityProvider) -> Model:
    """The stored values as the form spells them; the secret is not among them."""
    return _usual(provider) | {
        "client_id": provider.client_id,
        "client_authentication": provider.client_authentication.value,
        "domains": "\n".join(provider.domains),
    }


def _usual(known: IdentityProvider | ProviderDefaults) -> Model:
    """What is known before anything was entered."""
    return {
        "display_name": known.display_name,
        "client_id": "",
        "well_known_url": known.well_known_url,
        "issuer": known.issuer,
        "authorization": known.endpoints.authorization,
        "token": known.endpoints.token,
        "profile": known.endpoints.profile,
        "scope": known.scope,
        "client_authentication": ClientAuthentication.SECRET_POST.value,
        "claims": {name: getattr(known.claims, name) for name in CLAIMS},
        "domains": "",
    }


def _wanted(typed: Mapping[str, object], claims: ClaimMapping) -> dict[str, object]:
    """What the form says, by the names of the record. *claims*: for those without a control. Raises InvalidValue."""
    if typed["client_authentication"] not in set(ClientAuthentication):
        raise InvalidValue("client_authentication", "Choose how we prove ourselves.")
    entered = typed["claims"]
    known = {name: str(value) for name, value in entered.items()} if isinstance(entered, dict) else {}
    return {
        "display_name": str(typed["display_name"]),
        "client_id": str(typed["client_id"]),
        "well_known_url": str(typed["well_known_url"]),
        "issuer": str(typed["issuer"]),
        "endpoints": ProviderEndpoints(
            str(typed["authorization"]), str(typed["token"]), str(typed["profile"])
        ),
        "scope": str(typed["scope"]),
        "client_authentication": ClientAuthentication(str(typed["client_authentication"])),
        "claims": replace(claims, **known),
        "domains": _domains(str(typed["domains"])),
    }


def _domains(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for line in (each.strip() for each in text.splitlines()):
        key = domain_key(line.removeprefix("@"))
        if line and (key is None or "." not in key):
            raise InvalidValue(
                "domains", f"Not a domain: \u201c{line[:60]}\u201d. Enter names like example.com, one a line."
            )
        if line and key is not None:
            found.append(key)
    return tuple(dict.fromkeys(found))


def _status(error: XeniaError | None) -> int:
    if error is None:
        return 200
    return 409 if isinstance(error, Conflict) else 403 if isinstance(error, NotPermitted) else 422
