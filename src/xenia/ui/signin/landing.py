"""The landing page of an invitation link.

Opening it changes nothing, by GET or HEAD, by a person, a prefetch or a scanner that runs scripts: it
reads the invitation and shows a form. Only the form's POST starts the redemption, and only a proof of
the invited mailbox finishes it.
"""

from __future__ import annotations

from xenia.core.addresses import masked
from xenia.core.directory.tenant import Tenant
from xenia.core.errors import GuestBlocked, GuestDomainRefused, InvitationNotUsable, PasscodesOff, XeniaError
from xenia.core.invitation import Invitation, InvitationStatus
from xenia.core.signin.facts import Realm
from xenia.ports import Ports
from xenia.record import replace
from xenia.ui.signin.browser import browser_of
from xenia.ui.signin.refusals import Refusals
from xenia.ui.signin.speech import words_for
from xenia.ui.signin.views import chosen_theme, host_of
from xenia.usecases.federation.partner import partner_of
from xenia.usecases.invitations.redemption_ticket import RedeemLink, find_invitation, parse_redeem_query
from xenia.usecases.sign_in import begin_redeem
from xenia.usecases.sign_in.passcode import send_code
from xenia.usecases.sign_in.realm import at_home, realm_of
from xenia.usecases.sign_in.situation import find_session
from xenia.usecases.sign_in.steps import Posted
from xenia.web.cookies import Cookies
from xenia.web.form_guard import FormGuard
from xenia.web.http import HttpRequest, HttpResponse, Params, html, redirect
from xenia.web.pages import Pages

_PURPOSE = "redeem"


class Landing:
    """``/redeem``: shows an invitation, and starts its redemption by POST."""

    def __init__(self, ports: Ports, pages: Pages, cookies: Cookies, guard: FormGuard) -> None:
        self._ports = ports
        self._pages = pages
        self._cookies = cookies
        self._guard = guard
        self._refusals = Refusals(ports, pages)

    def show(self, request: HttpRequest) -> HttpResponse:
        """GET or HEAD of the link in either form. Sets no cookie and writes nothing."""
        link = parse_redeem_query(_mapping(request.query))
        tenant, invitation, refusal = self._load(link)
        if refusal is not None:
            return self._refusals.of_tenant(request, refusal, tenant)
        provider = self._provider(tenant, invitation, request.base_url)
        signed_in = self._other_account(request, tenant, invitation)
        page = self._pages.render(
            "signin/landing.html",
            words_for(self._ports, request, tenant),
            theme=chosen_theme(request),
            host=host_of(tenant),
            tenant=tenant,
            invitation=invitation,
            accepted=invitation.status is InvitationStatus.COMPLETED,
            address=masked(invitation.email),
            signed_in=signed_in,
            provider=provider,
            form={"tenant": link.tenant_id, "user": link.invitation_id, "ticket": link.ticket},
            # No cookie may be set here, so the token is bound to the ticket, which only the mail's reader has.
            form_token=self._guard.token(link.ticket, _PURPOSE),
        )
        return html(page)

    def start(self, request: HttpRequest) -> HttpResponse:
        """**Accept invitation**: begin, send the passcode, go on to its page."""
        link = parse_redeem_query(_mapping(request.form))
        self._guard.check(request, link.ticket, _PURPOSE)
        tenant, invitation, refusal = self._load(link)
        if refusal is not None:
            return self._refusals.of_tenant(request, refusal, tenant)
        browser = browser_of(request, self._cookies, tenant.id)
        turn = begin_redeem(self._ports, tenant, invitation, browser)
        known = replace(browser, browser_secret=turn.browser_secret or browser.browser_secret)
        # A refusal (too many codes) is shown by the page itself; the interaction waits there.
        send_code(self._ports, Posted(tenant.id, turn.interaction_id or "", 0, known))
        response = redirect(f"/{tenant.id}/signin?ctx={turn.interaction_id}")
        return self._cookies.set_browser(response, turn.browser_secret) if turn.browser_secret else response

    def _load(self, link: RedeemLink) -> tuple[Tenant, Invitation, XeniaError | None]:
        """Tenant and invitation of a genuine link, and what stands against redeeming it now.

        Raises InvitationNotUsable, which names no organization: the link proves no acquaintance with one.
        """
        with self._ports.store.read(link.tenant_id) as tx:
            tenant = tx.tenants.find(link.tenant_id)
            if tenant is None:
                raise InvitationNotUsable(detail="unknown tenant")
            invitation = find_invitation(self._ports, tx, link.tenant_id, link.invitation_id, link.ticket)
            user = tx.users.find(invitation.user_id)
            policies = tx.tenants.policies(tenant.id)
            home = realm_of(tx, tenant, invitation.email)
        refusal: XeniaError | None = None
        if user is None or not user.account_enabled:
            refusal = GuestBlocked()
        elif user.is_pending and not policies.domain_restrictions.permits(invitation.email):
            refusal = GuestDomainRefused(invitation.email.rpartition("@")[2])
        elif not policies.email_passcode_enabled and home.realm is Realm.EMAIL_PASSCODE:
            refusal = PasscodesOff()
        return tenant, invitation, refusal

    def _provider(self, tenant: Tenant, invitation: Invitation, base_url: str) -> str | None:
        """The provider that the invited address proves itself at, by name; None for a code by mail."""
        with self._ports.store.read(tenant.id) as tx:
            facts = at_home(tx, tenant, invitation.email)
            partner = partner_of(tx, tenant, facts, None, self._ports.server.at(base_url))
        return partner.display_name if partner is not None else None

    def _other_account(self, request: HttpRequest, tenant: Tenant, invitation: Invitation) -> str | None:
        """Another account signed in here, to be named: people wonder why the link wants a different one."""
        secret = self._cookies.session(request, tenant.id)
        if secret is None:
            return None
        with self._ports.store.read(tenant.id) as tx:
            session = find_session(self._ports, tx, secret, self._ports.clock.now())
        entries = session.signed_in() if session else ()
        if any(entry.user_id == invitation.user_id for entry in entries):
            return None
        return entries[0].sign_in_name if entries else None


def _mapping(params: Params) -> dict[str, str]:
    return {name: params.get(name) for name in params}
