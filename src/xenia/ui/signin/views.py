"""Steps as pages: the template of each step and the values it shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from xenia.core.addresses import masked
from xenia.core.consent import COMMON_PERMISSIONS, ConsentItem, mixes_alphabets
from xenia.core.consent_request import LONGEST_JUSTIFICATION
from xenia.core.directory.first_party import PLATFORM_TENANT_ID
from xenia.core.directory.tenant import Tenant
from xenia.core.flow_languages import organization_name_in
from xenia.core.signin.interrupts import Step
from xenia.core.wording import ENGLISH, Words, say
from xenia.ports import Ports
from xenia.record import replace
from xenia.ui.signin.drawn import Drawn
from xenia.ui.signin.federating import federate_model, wait_model
from xenia.ui.signin.sign_up_views import SIGN_UP_VIEWS, is_open_to_sign_up, logo_url, sign_up_page
from xenia.ui.signin.words import field_of, sentence
from xenia.usecases.applications.application_logos import logo_path
from xenia.usecases.federation.ways import offered_providers
from xenia.usecases.sign_in import Rejected, Situation
from xenia.usecases.sign_in.passcode import passcode_status
from xenia.usecases.sign_in.second_factor import pending_enrolment
from xenia.web.http import HttpRequest
from xenia.web.pages import THEME_COOKIE, theme_of
from xenia.web.sign_up_pages import flow_host

Model = dict[str, object]


def host_of(tenant: Tenant) -> Model:
    """Whose house this is: name, help and privacy links for the page frame."""
    return {
        "name": tenant.display_name,
        "logo_url": None,
        "help_contact": tenant.technical_contact or tenant.privacy_contact,
        "privacy_url": tenant.privacy_statement_url,
    }


def chosen_theme(request: HttpRequest) -> str:
    """Light, dark, or as the system: what the person chose on another page of this server."""
    return theme_of(request.cookies.get(THEME_COOKIE))


def page_of(
    ports: Ports,
    situation: Situation,
    base_url: str,
    words: Words,
    *,
    other: bool,
    rejected: Rejected | None,
    has_lapsed: bool = False,
) -> Drawn:
    """The page of the step that is due. ``other``: the address page was asked for instead."""
    step = situation.interrupt.step if situation.interrupt else Step.IDENTIFY
    if step is Step.PICK and not _accounts(situation):
        step = Step.IDENTIFY
    if other and situation.interaction.redeem is None:
        signs_up = situation.standing is not None and situation.standing.demands.is_open
        step = Step.SIGN_UP if signs_up else Step.IDENTIFY
    if step in SIGN_UP_VIEWS:
        return _sign_up(ports, situation, step, rejected, words)
    if step is Step.FEDERATE:
        template, values = "federate", federate_model(ports, situation, base_url, words)
    elif step is Step.WAIT:
        template, values = "wait", wait_model(situation, has_lapsed=has_lapsed)
    else:
        template, view = _VIEWS[step]
        values = view(ports, situation, words)
    model = {**_frame(situation, words), **values}
    if rejected is not None:
        to = str(model.get("address", "")) if step is Step.PASSCODE else ""
        model["errors"] = [{"field": field_of(rejected), "text": sentence(rejected, words, sent_to=to)}]
        model["typed"] = rejected.typed("login")
    return Drawn(f"signin/{template}.html", model, words)


def _sign_up(
    ports: Ports, situation: Situation, step: Step, rejected: Rejected | None, words: Words
) -> Drawn:
    frame = _frame(situation, words)
    if rejected is not None and not rejected.fields:
        frame["errors"] = [{"field": "address", "text": sentence(rejected, words)}]
    drawn = sign_up_page(ports, situation, words, step=step, rejected=rejected)
    return replace(drawn, model={**frame, **drawn.model})


def host_in(situation: Situation, words: Words) -> Model:
    """The organisation; while somebody signs up, under the name and the picture of the user flow."""
    host, flow = host_of(situation.tenant), situation.standing.flow if situation.standing else None
    if flow is None:
        return host
    text = replace(flow.text, organization_name=organization_name_in(flow, words))
    return flow_host(host, text, logo_url(situation.tenant.id, flow))


def _frame(situation: Situation, words: Words) -> Model:
    request, redeeming = situation.interaction.authorize, situation.interaction.redeem is not None
    name = situation.tenant.display_name
    return {
        "host": host_in(situation, words),
        "app_name": None if redeeming else situation.client.display_name,
        # An app of another organization must not be taken for one of ours.
        "publisher_name": name
        if situation.client.tenant_id in (situation.tenant.id, PLATFORM_TENANT_ID)
        else None,
        "redeeming": redeeming,
        "on_device": request is not None and request.device_code is not None,
        "signing_up": situation.standing is not None,
        "tenant": situation.tenant,
        "login": situation.facts.login,
        "typed": None,
        "switch_url": None
        if redeeming or (situation.facts.login is None and situation.facts.provider_id is None)
        else f"/{situation.tenant.id}/signin?ctx={situation.interaction.id}&other=1",
        "errors": [],
    }


def _accounts(situation: Situation, words: Words = ENGLISH) -> list[Model]:
    entries = situation.session.accounts if situation.session else ()
    return [
        {
            "user_id": entry.user_id,
            "name": entry.display_name,
            "detail": f"{entry.sign_in_name} \u00b7 {say(words, 'Signed out') if entry.signed_out_at else say(words, 'Signed in')}",
            "initials": "".join(part[0] for part in entry.display_name.split()[:2]).upper(),
        }
        for entry in entries
    ]


def _identify(ports: Ports, situation: Situation, words: Words) -> Model:
    hint = situation.interaction.authorize.login_hint if situation.interaction.authorize else None
    with ports.store.read(situation.tenant.id) as tx:
        providers = [{"id": entry.id, "name": entry.display_name} for entry in offered_providers(tx)]
        offers_sign_up = is_open_to_sign_up(tx, situation)
    return {
        "hint": hint or "",
        "accounts": _accounts(situation, words),
        "providers": providers,
        "offers_sign_up": offers_sign_up,
    }


def _pick(ports: Ports, situation: Situation, words: Words) -> Model:
    del ports
    return {"accounts": _accounts(situation, words)}


def _passcode(ports: Ports, situation: Situation, words: Words) -> Model:
    del words
    address = situation.facts.login or ""
    status = passcode_status(ports, situation.tenant.id, situation.interaction.id, address)
    now: datetime = ports.clock.now()
    seconds = max(0, round((status.resend_at - now).total_seconds())) if status.resend_at else 0
    return {
        "address": masked(address) if situation.interaction.redeem else address,
        "sent_at": status.sent_at,
        "code_sent": status.sent_at is not None,
        "resend_seconds": seconds,
        "sender": ports.server.mail_from,
    }


def _password(ports: Ports, situation: Situation, words: Words) -> Model:
    del ports, situation, words
    return {}


def _redeem(ports: Ports, situation: Situation, words: Words) -> Model:
    del ports, words
    tenant = situation.tenant
    invitation = situation.invitation
    return {
        "domain": tenant.default_domain,
        "inviter": invitation.inviter_name if invitation else None,
        "privacy_url": tenant.privacy_statement_url,
        "terms_url": tenant.terms_url,
        "contact": tenant.privacy_contact or tenant.technical_contact,
    }


def _enrol(ports: Ports, situation: Situation, words: Words) -> Model:
    del words
    return {"enrolment": pending_enrolment(ports, situation)}


def _second_factor(ports: Ports, situation: Situation, words: Words) -> Model:
    del ports, words
    return {"contact": situation.tenant.technical_contact}


def _consent(ports: Ports, situation: Situation, words: Words) -> Model:
    del ports
    need, client = situation.consent, situation.client
    shown = [_said(item, words) for item in need.shown(everything=situation.demands.force_consent)]
    return {
        "items": [item for item in shown if item.role_id is None],
        "app_permissions": [item for item in shown if item.role_id is not None],
        "admin_only": need.admin_only,
        "for_organization": need.for_organization,
        "may_request": situation.may_request_consent,
        "requested": situation.facts.consent_requested,
        "longest_justification": LONGEST_JUSTIFICATION,
        "may_grant_for_all": need.may_grant_for_all,
        "publisher": need.publisher,
        "logo": logo_path(client),
        "mixes_alphabets": mixes_alphabets(client.display_name),
        "privacy_url": client.privacy_statement_url,
        "terms_url": client.terms_of_service_url,
    }


def _said(item: ConsentItem, words: Words) -> ConsentItem:
    """A permission that has our own words, in the reader's language; never what a publisher happened to write alike."""
    ours = COMMON_PERMISSIONS.get(item.value)
    if ours is None or ours != (item.title, item.description):
        return item
    title, description = (words.pattern(text) for text in ours)
    return replace(item, title=title, description=description)


def _stay(ports: Ports, situation: Situation, words: Words) -> Model:
    del ports, situation, words
    return {}


_VIEWS: dict[Step, tuple[str, Callable[[Ports, Situation, Words], Model]]] = {
    Step.IDENTIFY: ("identify", _identify),
    Step.PICK: ("pick", _pick),
    Step.PASSCODE: ("passcode", _passcode),
    Step.PASSWORD: ("password", _password),
    Step.REDEEM: ("review_permissions", _redeem),
    Step.ENROL: ("enrol", _enrol),
    Step.SECOND_FACTOR: ("second_factor", _second_factor),
    Step.NEW_PASSWORD: ("new_password", _password),
    Step.CONSENT: ("consent", _consent),
    Step.STAY: ("stay", _stay),
}
