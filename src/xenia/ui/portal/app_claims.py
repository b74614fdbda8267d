"""**Token configuration** of a registration: optional claims of each kind of token, and the groups claim."""

from __future__ import annotations

from xenia.core.directory.application import Application
from xenia.core.errors import InvalidValue, NotFound
from xenia.core.optional_claims import (
    ACCESS_TOKEN,
    ID_TOKEN,
    OFFERED_CLAIMS,
    SAML_TOKEN,
    TOKEN_KINDS,
    OptionalClaims,
    claim_offered,
)
from xenia.ui.portal.app_section import BASE, REFUSALS, AppSection
from xenia.ui.portal.desk import Visit
from xenia.usecases.applications.change_registration import Changes
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

KINDS = ((ID_TOKEN, "ID"), (ACCESS_TOKEN, "Access"), (SAML_TOKEN, "SAML"))
GROUPS = (
    ("SecurityGroup", "Security groups"),
    ("DirectoryRole", "Directory roles"),
    ("ApplicationGroup", "Groups assigned to the application"),
    ("All", "All groups and directory roles"),
)
_OWN = "other"


class AppClaims(AppSection):
    """The section."""

    section, path, template = "Token configuration", "token-configuration", "app_claims.html"

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, here = self._desk, f"{BASE}/{self.path}"
        return (
            Route("GET", here, desk.shown(self.show)),
            Route("POST", f"{here}/add", desk.posted(self.add)),
            Route("POST", f"{here}/properties", desk.posted(self.properties)),
            Route("POST", f"{here}/remove", desk.posted(self.remove)),
            Route("POST", f"{here}/groups", desk.posted(self.groups)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """What is configured, and what may be added."""
        return self._page(visit, None)

    def add(self, visit: Visit) -> HttpResponse:
        """**Add optional claim** to one kind of token, or to several at once."""
        kinds = [kind for kind in visit.request.form.all("token") if kind in TOKEN_KINDS]
        chosen = visit.form("claim")
        name = visit.form("other").strip() if chosen == _OWN else chosen

        def changes(before: Application) -> Changes:
            if not kinds:
                raise InvalidValue("token", "Choose at least one kind of token.")
            if not name:
                raise InvalidValue("other" if chosen == _OWN else "claim", "Choose a claim.")
            claims = _claims(before)
            for kind in kinds:
                source = "user" if name.startswith("extension_") else None
                claims.setdefault(kind, []).append({"name": name, "source": source, "essential": False})
            return {"optional_claims": claims}

        return self._do(visit, changes)

    def properties(self, visit: Visit) -> HttpResponse:
        """The additional properties of one claim, and whether it is essential."""
        wanted = visit.request.form.all("property")
        is_essential = "essential" in visit.request.form

        def changes(before: Application) -> Changes:
            claims = _claims(before)
            claim = _named(claims, visit)
            claim |= {"additionalProperties": list(wanted), "essential": is_essential}
            return {"optional_claims": claims}

        return self._do(visit, changes)

    def remove(self, visit: Visit) -> HttpResponse:
        """Take one claim away from one kind of token."""

        def changes(before: Application) -> Changes:
            claims = _claims(before)
            claims[visit.form("token")].remove(_named(claims, visit))
            return {"optional_claims": claims if any(claims.values()) else None}

        return self._do(visit, changes)

    def groups(self, visit: Visit) -> HttpResponse:
        """**Add groups claim**: which groups tokens name."""
        chosen = visit.request.form.all("groups")
        wanted = ", ".join(kind for kind, _ in GROUPS if kind in chosen)
        return self._do(visit, lambda _before: {"group_membership_claims": wanted or None})

    def _do(self, visit: Visit, changes: object) -> HttpResponse:
        view = self._view(visit)
        try:
            return self._change(visit, view, changes)  # type: ignore[arg-type]  # one of the functions above
        except REFUSALS as error:
            return self._page(visit, error)

    def _page(self, visit: Visit, error: Exception | None) -> HttpResponse:
        view = self._view(visit)
        app = view.application
        claims = _claims(app)
        rows = [
            {
                "kind": kind,
                "kind_label": label,
                "name": claim.get("name"),
                "essential": claim.get("essential", False),
                "description": offered.description if offered else "Issued as it is named, where it is known",
                "properties": [
                    {"name": name, "is_set": name in _properties(claim)}
                    for name in (offered.properties if offered else ())
                ],
            }
            for kind, label in KINDS
            for claim in claims.get(kind, [])
            for offered in (claim_offered(str(claim.get("name"))),)
        ]
        chosen = {kind.strip() for kind in (app.group_membership_claims or "").split(",")}
        body = {"optionalClaims": claims or {ID_TOKEN: [{"name": "email", "essential": False}]}}
        return self._draw(
            visit,
            view,
            error,  # type: ignore[arg-type]  # one of REFUSALS
            rows=rows,
            kinds=KINDS,
            offered=[
                {"value": claim.name, "text": f"{claim.name}: {claim.description}"}
                for claim in OFFERED_CLAIMS
            ]
            + [{"value": _OWN, "text": "Another one, or a custom attribute (extension_…)"}],
            typed={
                "tokens": visit.request.form.all("token") if error else [ID_TOKEN],
                "claim": visit.form("claim") if error else "",
                "other": visit.form("other") if error else "",
            },
            groups=[{"value": kind, "text": text, "is_set": kind in chosen} for kind, text in GROUPS],
            api=self._patch(visit, view, body),
        )


def _claims(app: Application) -> OptionalClaims:
    """A copy that may be changed."""
    found = app.optional_claims or {}
    return {kind: [dict(claim) for claim in claims] for kind, claims in found.items()}


def _properties(claim: dict[str, object]) -> list[str]:
    found = claim.get("additionalProperties")
    return [str(name) for name in found] if isinstance(found, list) else []


def _named(claims: OptionalClaims, visit: Visit) -> dict[str, object]:
    name = visit.form("name")
    found = next((claim for claim in claims.get(visit.form("token"), []) if claim.get("name") == name), None)
    if found is None:
        raise NotFound("Claim", name)
    return found
