"""**Invite external user**: the form with its forecast and the mail beside it, review, and what came of it."""

from __future__ import annotations

from xenia.core.directory.application import ServicePrincipal
from xenia.core.errors import (
    InvalidValue,
    InvitationRefused,
    LimitReached,
    NotFound,
    NotPermitted,
    XeniaError,
)
from xenia.core.mail import RenderedMail
from xenia.core.query import Order, Query
from xenia.ui.portal.desk import FRAMING_CSP, Desk, Model, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.invitation_form import MAIL_LANGUAGES, PROFILE, InvitationForm, field_of
from xenia.ui.portal.roles import refusal_words
from xenia.ui.portal.user_words import state_of
from xenia.usecases.applications.enterprise_apps import list_roles
from xenia.usecases.invitations.invitation_forecast import preflight, preview_invitation
from xenia.usecases.invitations.invitation_order import Finding, checked_address, checked_fields, order_of
from xenia.usecases.invitations.invite_guest import invite_guest
from xenia.usecases.users import read_directory
from xenia.usecases.users.user_dossier import read_user_dossier
from xenia.web.http import HttpResponse, html, redirect
from xenia.web.routing import Route

MAIL_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'"
)
"""A mail in a frame: it needs its inline styles, and nothing in it runs or loads."""
_TRAIL = (("Users", "users"), ("Invite external user", "users/invite"))
_MOST_APPS = 50
_REFUSALS = (InvalidValue, InvitationRefused, LimitReached, NotFound, NotPermitted)
_STATUS = {InvalidValue: 422, LimitReached: 429}


class Invite:
    """The pages of inviting."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, "/admin/{tenant}/users"
        return (
            Route("GET", f"{base}/invite", desk.shown(self.show)),
            Route("GET", f"{base}/invite-guest", desk.shown(self.older_name)),
            Route("POST", f"{base}/invite", desk.posted(self.invite)),
            Route("POST", f"{base}/invite/edit", desk.posted(self.edit)),
            Route("POST", f"{base}/invite/review", desk.posted(self.review)),
            Route("POST", f"{base}/invite/forecast", desk.posted(self.forecast)),
            Route("GET", f"{base}/invite/mail", desk.shown(self.mail)),
            Route("POST", f"{base}/invite/mail", desk.posted(self.mail)),
            Route("GET", f"{base}/{{user}}/invited", desk.shown(self.invited)),
            Route("GET", f"{base}/{{user}}/invitation-mail", desk.shown(self.sent_mail)),
        )

    def older_name(self, visit: Visit) -> HttpResponse:
        """How-tos written earlier say *Invite guest user*."""
        return redirect(visit.url("users/invite", email=visit.request.query.get("email")))

    def show(self, visit: Visit) -> HttpResponse:
        """The form."""
        form = InvitationForm.fresh(visit, self._desk.ports.server.base_url)
        return self._draw(visit, form, self._findings(visit, form) if form.texts["email"] else [])

    def edit(self, visit: Visit) -> HttpResponse:
        """Back from the review, with everything that was typed."""
        form = InvitationForm.posted(visit)
        return self._draw(visit, form, self._findings(visit, form))

    def forecast(self, visit: Visit) -> HttpResponse:
        """*What will happen*: the list alone for the script that asks while somebody types, else the whole form."""
        form = InvitationForm.posted(visit)
        findings = self._findings(visit, form) if form.texts["email"] else []
        if visit.request.header("sec-fetch-dest") != "empty":
            return self._draw(visit, form, findings)
        model = self._desk.frame(visit, "users", ()) | self._model(visit, form, findings)
        return html(self._desk.pages.render_block("portal/invite.html", "forecast", **model))

    def review(self, visit: Visit) -> HttpResponse:
        """**Review + invite**: everything once more, and whether it will be allowed. What is mistyped stays on the form."""
        form = InvitationForm.posted(visit)
        findings = self._findings(visit, form)
        try:
            checked_fields(checked_address(form.order(self._desk.ports, visit), allow_plus=True))
        except InvalidValue as error:
            return self._draw(visit, form, findings, error)
        refused = any(finding["kind"] == "bad" for finding in findings)
        return self._desk.page(
            visit,
            "invite_review.html",
            "users",
            (*_TRAIL, ("Review + invite", "")),
            status=422 if refused else 200,
            csp=FRAMING_CSP,
            more=self._model(visit, form, findings),
            refused=refused,
            draft=form.sealed(self._desk.ports, visit),
        )

    def invite(self, visit: Visit) -> HttpResponse:
        """**Invite**."""
        form = InvitationForm.posted(visit)
        try:
            order = form.order(self._desk.ports, visit)
            result = invite_guest(self._desk.ports, visit.actor, order)
        except _REFUSALS as error:
            return self._draw(visit, form, self._findings(visit, form), error)
        return redirect(visit.url(f"users/{result.user.id}/invited"))

    def mail(self, visit: Visit) -> HttpResponse:
        """The mail as it would be sent now: for the frame, from what was typed or from the review."""
        ports = self._desk.ports
        draft = visit.request.query.get("draft")
        if visit.request.method == "POST":
            form: InvitationForm | None = InvitationForm.posted(visit)
        elif draft:
            form = InvitationForm.unsealed(ports, visit, draft)
        else:
            form = InvitationForm.fresh(visit, ports.server.base_url)
        if form is None:
            raise NotFound("Page", visit.request.path)
        try:
            rendered = preview_invitation(ports, visit.actor, form.order(ports, visit))
        except _REFUSALS as error:
            return _framed(self._desk, f"No preview yet. {refusal_words(error)}")
        return self._mail(rendered, text="text" in visit.request.form)

    def invited(self, visit: Visit) -> HttpResponse:
        """What came of it: state, the link to hand on, the mail."""
        dossier = read_user_dossier(self._desk.ports, visit.actor, visit.request.args["user"])
        if dossier.invitation is None:
            raise NotFound("Invitation", dossier.user.id)
        return self._desk.page(
            visit,
            "invited.html",
            "users",
            (*_TRAIL, (dossier.user.display_name, "")),
            csp=FRAMING_CSP,
            user=dossier.user,
            invitation=dossier.invitation,
            redeem_url=dossier.redeem_url,
            state=state_of(dossier.user, withdrawn=False),
            mail_leaves=self._desk.ports.server.mail_leaves,
            is_loopback=self._desk.ports.server.is_loopback,
        )

    def sent_mail(self, visit: Visit) -> HttpResponse:
        """The mail of the newest invitation, rendered anew but for its ticket."""
        dossier = read_user_dossier(self._desk.ports, visit.actor, visit.request.args["user"])
        if dossier.invitation is None:
            raise NotFound("Invitation", dossier.user.id)
        return self._mail(
            preview_invitation(self._desk.ports, visit.actor, order_of(dossier.invitation)), text=False
        )

    # --- drawing -----------------------------------------------------------------------------

    def _mail(self, rendered: RenderedMail, *, text: bool) -> HttpResponse:
        if text:
            return _framed(self._desk, rendered.text, subject=rendered.subject)
        page = f'<!doctype html><meta charset="utf-8"><base target="_blank">{rendered.html}'
        return html(page, csp=MAIL_CSP)

    def _findings(self, visit: Visit, form: InvitationForm) -> list[Model]:
        try:
            found = preflight(self._desk.ports, visit.actor, form.order(self._desk.ports, visit))
        except InvalidValue as error:
            found = (Finding("bad", error.message),)
        return [
            {
                "kind": finding.kind,
                "text": finding.text,
                "url": visit.url(finding.setting_link) if finding.setting_link else None,
                "action": "Change setting",
            }
            for finding in found
        ]

    def _draw(
        self, visit: Visit, form: InvitationForm, findings: list[Model], error: XeniaError | None = None
    ) -> HttpResponse:
        field = field_of(getattr(error, "field", "")) if error else ""
        known = field if field in form.texts else "email" if isinstance(error, InvitationRefused) else None
        return self._desk.page(
            visit,
            "invite.html",
            "users",
            _TRAIL,
            status=200 if error is None else _STATUS.get(type(error), 403),
            csp=FRAMING_CSP,
            more=self._model(visit, form, findings),
            errors=[] if error is None else [{"field": known, "text": refusal_words(error)}],
        )

    def _model(self, visit: Visit, form: InvitationForm, findings: list[Model]) -> Model:
        permission = "User.Invite.All"
        apps = self._apps(visit)
        return {
            "typed": form.texts,
            "send": form.send,
            "chosen_apps": form.apps,
            "apps": apps,
            "chosen_names": [app["name"] for app in apps if app["value"] in form.apps],
            "profile": PROFILE,
            "filled": {name: value for name, value in form.texts.items() if value},
            "languages": MAIL_LANGUAGES,
            "has_profile": form.has_profile,
            "findings": findings,
            "api": call(visit, "POST", "/v1.0/invitations", body=form.body(), permission=permission),
        }

    def _apps(self, visit: Visit) -> list[dict[str, str]]:
        """Apps with their roles as they can be assigned; what ships with the server is left out."""
        query = Query(order=(Order("display_name"),), limit=_MOST_APPS)
        page = read_directory.list_service_principals(self._desk.ports, visit.actor, query)
        return [
            {
                "value": f"{principal.id}:{role}",
                "name": principal.display_name
                if name == "Default Access"
                else f"{principal.display_name}: {name}",
            }
            for principal in page.items
            if _is_assignable(principal)
            for role, name in list_roles(self._desk.ports, visit.actor, principal.id)
        ]


def _is_assignable(principal: ServicePrincipal) -> bool:
    return principal.visible_to_users and principal.account_enabled


def _framed(desk: Desk, text: str, subject: str | None = None) -> HttpResponse:
    return html(desk.pages.render("portal/mail_text.html", text=text, subject=subject), csp=MAIL_CSP)
