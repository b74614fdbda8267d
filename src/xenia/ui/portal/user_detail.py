"""One user: overview with the B2B collaboration tile, and the acts an administrator has for people in trouble."""

from __future__ import annotations

from collections.abc import Callable

from xenia.core.actor import Actor
from xenia.core.directory.roles import GUEST_SUPPORT_ROLES, INVITING_ROLES, USER_WRITING_ROLES
from xenia.core.errors import Conflict, InvalidValue, InvitationRefused, NotFound, NotPermitted, XeniaError
from xenia.core.invitation import Invitation
from xenia.ports import Ports
from xenia.ui.portal.desk import Desk, Model, Question, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.roles import may_invite, refusal_words
from xenia.ui.portal.user_words import (
    extension_rows,
    identities_words,
    identity_rows,
    is_test_guest,
    state_of,
)
from xenia.usecases.invitations import invite_guest
from xenia.usecases.invitations.invitation_order import InvitationOrder
from xenia.usecases.invitations.invitation_timeline import TimelineEntry, invitation_timeline
from xenia.usecases.users import manage_users, read_directory
from xenia.usecases.users.user_dossier import UserDossier, read_user_dossier
from xenia.usecases.users.user_extensions import extension_attributes
from xenia.web.http import HttpResponse, html, redirect
from xenia.web.routing import Route

Act = Callable[[Ports, Actor, str], object]


def _block(ports: Ports, actor: Actor, user_id: str) -> object:
    return manage_users.update_user(ports, actor, user_id, {"account_enabled": False})


def _unblock(ports: Ports, actor: Actor, user_id: str) -> object:
    return manage_users.update_user(ports, actor, user_id, {"account_enabled": True})


_ACTS: dict[str, tuple[Act, str]] = {
    "resend": (invite_guest.resend_invitation, "resent"),
    "withdraw": (invite_guest.withdraw_invitation, "withdrawn"),
    "revoke-sessions": (manage_users.revoke_sessions, "revoked"),
    "block": (_block, "blocked"),
    "unblock": (_unblock, "unblocked"),
    "reset-mfa": (manage_users.reset_mfa, "mfa-reset"),
}
"""Acts by the last part of their address, and the notice that follows."""


class UserDetail:
    """The overview of a user and its acts."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk, base = self._desk, "/admin/{tenant}/users/{user}"
        return (
            Route("GET", base, desk.shown(self.show)),
            Route("GET", f"{base}/delete", desk.shown(self.confirm_delete)),
            Route("POST", f"{base}/delete", desk.posted(self.delete)),
            Route("GET", f"{base}/reset-redemption", desk.shown(self.ask_reset)),
            Route("POST", f"{base}/reset-redemption", desk.posted(self.reset)),
            Route("GET", f"{base}/confirm/{{act}}", desk.shown(self.confirm)),
            Route("POST", f"{base}/act/{{act}}", desk.posted(self.act)),
            Route("GET", f"{base}/sign-ins", desk.shown(self.sign_ins)),
            Route("GET", f"{base}/audit", desk.shown(self.audit)),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """**Overview**; ``?part=timeline`` answers the part that moves while a mail is under way."""
        dossier = self._dossier(visit)
        if visit.request.query.get("part") == "timeline":
            model = self._desk.frame(visit, "users", ()) | self._model(visit, dossier)
            return html(self._desk.pages.render_block("portal/user.html", "timeline", **model))
        return self._draw(visit, dossier, None)

    def act(self, visit: Visit) -> HttpResponse:
        """One of the acts; a refusal is said on the user's page."""
        found = _ACTS.get(visit.request.args["act"])
        if found is None:
            raise NotFound("Page", visit.request.path)
        dossier = self._dossier(visit)
        try:
            found[0](self._desk.ports, visit.actor, dossier.user.id)
        except (Conflict, InvalidValue, InvitationRefused, NotFound, NotPermitted) as error:
            return self._draw(visit, dossier, error)
        return self._desk.back(visit, f"users/{dossier.user.id}", found[1])

    def confirm(self, visit: Visit) -> HttpResponse:
        """The question before an act that ends something."""
        dossier = self._dossier(visit)
        act = visit.request.args["act"]
        question = _questions(dossier, visit).get(act)
        if question is None:
            raise NotFound("Page", visit.request.path)
        return self._desk.ask(visit, "users", _trail(dossier), question)

    def confirm_delete(self, visit: Visit) -> HttpResponse:
        """The question before deleting."""
        dossier = self._dossier(visit)
        user = dossier.user
        question = Question(
            f"Delete {user.display_name}?",
            "The user can be restored for 30 days. Sessions end and invitation links stop working now.",
            visit.url(f"users/{user.id}/delete"),
            "Delete",
            visit.url(f"users/{user.id}"),
            tuple(f"Loses access to {app.name}" for app in dossier.apps),
        )
        return self._desk.ask(visit, "users", _trail(dossier), question)

    def delete(self, visit: Visit) -> HttpResponse:
        """**Delete**: a soft one."""
        dossier = self._dossier(visit)
        try:
            manage_users.delete_user(self._desk.ports, visit.actor, dossier.user.id)
        except (InvalidValue, NotPermitted) as error:
            return self._draw(visit, dossier, error)
        return self._desk.back(visit, "users/deleted", "deleted")

    def ask_reset(self, visit: Visit) -> HttpResponse:
        """**Reset redemption status**: at which address, and with a mail or without."""
        return self._reset_form(visit, self._dossier(visit), None)

    def reset(self, visit: Visit) -> HttpResponse:
        """The same user is invited anew."""
        dossier = self._dossier(visit)
        order = InvitationOrder(
            email=visit.form("address"),
            redirect_url=self._redirect_url(visit, dossier.invitation),
            send_message="send" in visit.request.form,
            reset_redemption=True,
            user_id=dossier.user.id,
        )
        try:
            invite_guest.invite_guest(self._desk.ports, visit.actor, order)
        except (Conflict, InvalidValue, InvitationRefused, NotPermitted) as error:
            return self._reset_form(visit, dossier, error)
        return self._desk.back(visit, f"users/{dossier.user.id}", "reset")

    def sign_ins(self, visit: Visit) -> HttpResponse:
        """**Sign-in logs**, filtered by this user."""
        return redirect(visit.url("sign-in-logs", user=self._dossier(visit).user.id))

    def audit(self, visit: Visit) -> HttpResponse:
        """**Audit logs**, filtered by this user."""
        return redirect(visit.url("audit-logs", target=self._dossier(visit).user.id))

    # --- drawing -----------------------------------------------------------------------------

    def _dossier(self, visit: Visit) -> UserDossier:
        return read_user_dossier(self._desk.ports, visit.actor, visit.request.args["user"])

    def _draw(self, visit: Visit, dossier: UserDossier, error: XeniaError | None) -> HttpResponse:
        return self._desk.page(
            visit,
            "user.html",
            "users",
            _trail(dossier),
            status=200 if error is None else _status(error),
            more=self._model(visit, dossier),
            errors=[] if error is None else [{"field": None, "text": refusal_words(error)}],
            refresh_url=visit.url(f"users/{dossier.user.id}"),
            api=call(visit, "GET", f"/v1.0/users/{dossier.user.id}", permission="User.Read.All"),
        )

    def _model(self, visit: Visit, dossier: UserDossier) -> Model:
        user = dossier.user
        entries = invitation_timeline(self._desk.ports, visit.actor, user.id)
        actor = visit.actor
        is_withdrawn = bool(read_directory.withdrawn_among(self._desk.ports, actor, (user,)))
        return {
            "user": user,
            "dossier": dossier,
            "tabs": user_tabs(visit, user.id, "Overview"),
            "identities": identities_words(user),
            "identity_rows": identity_rows(user),
            "extensions": extension_rows(user, extension_attributes(self._desk.ports, actor)),
            "is_test_guest": is_test_guest(user),
            "state": state_of(user, withdrawn=is_withdrawn),
            "timeline": [
                *(_event(entry) for entry in entries),
                *_ahead(user.is_pending and not is_withdrawn),
            ],
            "live": dossier.mail_under_way,
            "may_invite": may_invite(self._desk.ports, actor),
            "may_write": actor.holds_any(USER_WRITING_ROLES),
            "may_support": actor.holds_any(USER_WRITING_ROLES)
            or (user.is_guest and actor.holds_any(GUEST_SUPPORT_ROLES)),
            "standing": self._desk.standing(visit, GUEST_SUPPORT_ROLES | INVITING_ROLES),
        }

    def _reset_form(self, visit: Visit, dossier: UserDossier, error: XeniaError | None) -> HttpResponse:
        user = dossier.user
        addresses = list(dict.fromkeys(each for each in (user.mail, *user.other_mails) if each))
        return self._desk.page(
            visit,
            "reset_redemption.html",
            "users",
            (*_trail(dossier), ("Reset redemption status", "")),
            status=200 if error is None else _status(error),
            user=user,
            addresses=[(address, address) for address in addresses],
            chosen=visit.form("address") or (addresses[0] if addresses else ""),
            send="send" in visit.request.form if error else True,
            standing=self._desk.standing(visit, GUEST_SUPPORT_ROLES),
            errors=[] if error is None else [{"field": "address", "text": refusal_words(error)}],
            api=call(
                visit,
                "POST",
                "/v1.0/invitations",
                body={
                    "invitedUserEmailAddress": addresses[0] if addresses else "",
                    "inviteRedirectUrl": self._redirect_url(visit, dossier.invitation),
                    "resetRedemption": True,
                    "sendInvitationMessage": True,
                    "invitedUser": {"id": user.id},
                },
                permission="User.ReadWrite.All",
            ),
        )

    def _redirect_url(self, visit: Visit, invitation: Invitation | None) -> str:
        if invitation is not None:
            return invitation.redirect_url
        return f"{self._desk.ports.server.base_url}/myapps?tenantId={visit.tenant.id}"


def user_tabs(visit: Visit, user_id: str, current: str) -> list[dict[str, object]]:
    """The sections of a user's pages."""
    sections = (
        ("Overview", ""),
        ("Properties", "/properties"),
        ("Assigned roles", "/assigned-roles"),
        ("Groups", "/groups"),
        ("Applications", "/applications"),
        ("Authentication methods", "/authentication-methods"),
        ("Sessions", "/sessions"),
        ("Sign-in logs", "/sign-ins"),
        ("Audit logs", "/audit"),
    )
    return [
        {"label": label, "url": visit.url(f"users/{user_id}{path}"), "current": label == current}
        for label, path in sections
    ]


def _trail(dossier: UserDossier) -> tuple[tuple[str, str], ...]:
    return (("Users", "users"), (dossier.user.display_name, f"users/{dossier.user.id}"))


def _status(error: XeniaError) -> int:
    kinds: tuple[tuple[type[XeniaError], int], ...] = ((InvalidValue, 422), (Conflict, 409), (NotFound, 409))
    return next((status for kind, status in kinds if isinstance(error, kind)), 403)


def _event(entry: TimelineEntry) -> Model:
    failed = entry.kind in ("deferred", "abandoned", "withdrawn")
    return {
        "text": entry.text,
        "at": entry.at,
        "detail": entry.detail,
        "state": "failed" if failed else "done",
    }


def _ahead(pending: bool) -> list[Model]:  # noqa: FBT001  (one fact, at one place)
    return [{"text": "Accepts the invitation", "at": None, "state": "next"}] if pending else []


def _questions(dossier: UserDossier, visit: Visit) -> dict[str, Question]:
    user = dossier.user
    apps = len(dossier.authenticator_apps)
    texts = {
        "block": (
            f"Block sign-in of {user.display_name}?",
            "Running sessions end at once. Apps may keep working until their access tokens run out.",
            "Block sign-in",
        ),
        "withdraw": (
            f"Withdraw the invitation of {user.display_name}?",
            "Every link sent so far stops working, and no app lets the guest in. The user stays, and can be invited again.",
            "Withdraw invitation",
        ),
        "reset-mfa": (
            f"Require {user.display_name} to register multifactor authentication again?",
            f"{apps} authenticator app{'s are' if apps != 1 else ' is'} removed. The next sign-in asks for a new one.",
            "Require re-register multifactor authentication",
        ),
    }
    return {
        act: Question(
            title,
            text,
            visit.url(f"users/{user.id}/act/{act}"),
            verb,
            visit.url(f"users/{user.id}"),
        )
        for act, (title, text, verb) in texts.items()
    }
