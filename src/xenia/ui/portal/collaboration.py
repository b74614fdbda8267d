"""**External Identities**: the overview, and **External collaboration settings**.

The settings are one form. What it would do to pending guests is said before it is saved, and a save that somebody
else's has overtaken is shown beside it.
"""

from __future__ import annotations

from collections.abc import Iterable

from xenia.core.actor import Actor
from xenia.core.addresses import domain_key
from xenia.core.directory.policies import PolicyBlock, marks_text, may_change, merged, read_marks
from xenia.core.directory.tenant import (
    DomainRestrictions,
    DomainRule,
    GuestAccess,
    InvitesFrom,
    TenantPolicies,
)
from xenia.core.errors import Conflict, InvalidValue
from xenia.ports import Ports
from xenia.record import replace
from xenia.ui.portal.changed_meanwhile import saved_by
from xenia.ui.portal.collaboration_words import (
    GUEST_ACCESS,
    INVITES_FROM,
    RESTRICTIONS,
    YES_NO,
    choices,
    names_of,
    settings_findings,
)
from xenia.ui.portal.desk import Desk, Visit
from xenia.ui.portal.graph_calls import call
from xenia.ui.portal.roles import Standing
from xenia.usecases.invitations.invitation_forecast import preflight
from xenia.usecases.invitations.invitation_order import InvitationOrder
from xenia.usecases.tenants import manage_tenant
from xenia.usecases.tenants.collaboration_impact import RefusedGuests, passcode_reliance, refused_guests
from xenia.usecases.users import read_directory
from xenia.web.http import HttpResponse
from xenia.web.routing import Route

HOME = "external-identities"
SETTINGS = f"{HOME}/collaboration-settings"
READ_POLICIES = ("Policy.Read.All",)
_TRAIL = (("External Identities", HOME), ("External collaboration settings", SETTINGS))
_ACTIVITIES = ("Update authorization policy", "Update policy")
_LABELS = {
    "access": "Guest user access",
    "invites": "Guest invite settings",
    "sign_up": "Enable guest self-service sign up via user flows",
    "rule": "Collaboration restrictions",
    "denied": "Domains to deny",
    "allowed": "Domains to allow",
}
_BLOCKS = {
    "access": PolicyBlock.AUTHORIZATION,
    "invites": PolicyBlock.AUTHORIZATION,
    "sign_up": PolicyBlock.SIGN_UP,
    "rule": PolicyBlock.RESTRICTIONS,
    "denied": PolicyBlock.RESTRICTIONS,
    "allowed": PolicyBlock.RESTRICTIONS,
}


class Collaboration:
    """Overview and settings."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> tuple[Route, ...]:
        """Their addresses."""
        desk = self._desk
        return (
            Route("GET", f"/admin/{{tenant}}/{HOME}", desk.shown(self.overview)),
            Route("GET", f"/admin/{{tenant}}/{SETTINGS}", desk.shown(self.show)),
            Route("POST", f"/admin/{{tenant}}/{SETTINGS}", desk.posted(self.save)),
        )

    def overview(self, visit: Visit) -> HttpResponse:
        """The state of collaboration, and *Can this address be invited?*"""
        ports, actor = self._desk.ports, visit.actor
        policies = read_directory.get_policies(ports, actor, *READ_POLICIES)
        address = visit.request.query.get("address").strip()[:254]
        # The forecast judges the whole order; the redirect is our own, so only the address can be refused.
        url = f"{visit.request.base_url}/myapps?tenantId={visit.tenant.id}"
        order = InvitationOrder(address, url, send_message=True)
        found = preflight(ports, actor, order) if address else ()
        return self._desk.page(
            visit,
            "external_identities.html",
            "external_identities",
            _TRAIL[:1],
            address=address,
            answer=[
                {"kind": each.kind, "text": each.text, "url": visit.url(each.setting_link), "action": "Open"}
                if each.setting_link
                else {"kind": each.kind, "text": each.text}
                for each in found
            ],
            refused=any(each.kind == "bad" for each in found),
            reliance=passcode_reliance(ports, actor),
            state=settings_findings(visit, policies),
            api=call(visit, "GET", "/v1.0/policies/authorizationPolicy", permission="Policy.Read.All"),
        )

    def show(self, visit: Visit) -> HttpResponse:
        """The settings as they are stored."""
        stored = read_directory.get_policies(self._desk.ports, visit.actor, *READ_POLICIES)
        return self._draw(visit, stored, _values(stored))

    def save(self, visit: Visit) -> HttpResponse:
        """**Save**: at once, or after a look at the pending guests whom it would refuse."""
        ports, actor = self._desk.ports, visit.actor
        stored = read_directory.get_policies(ports, actor, *READ_POLICIES)
        typed = self._typed(visit, stored)
        errors = _errors(typed)
        if errors:
            return self._draw(visit, stored, typed, status=422, errors=errors, version=visit.form("version"))
        seen = read_marks(visit.form("version"))
        try:
            wanted = merged(stored, _wanted(stored, typed), seen)
            if self._needs_review(visit, stored, wanted):
                return self._draw(visit, stored, typed, review=wanted, version=visit.form("version"))
            manage_tenant.update_policies(ports, actor, _wanted(stored, typed), seen=seen)
        except InvalidValue as error:
            field = "denied" if typed["rule"] == DomainRule.DENY else "allowed"
            problems = [{"field": field, "text": str(error)}]
            return self._draw(
                visit, stored, typed, status=422, errors=problems, version=visit.form("version")
            )
        except Conflict:
            stored = read_directory.get_policies(ports, actor, *READ_POLICIES)
            return self._draw(visit, stored, typed, status=409, stale=self._stale(visit, stored, typed))
        return self._desk.back(visit, SETTINGS, "saved")

    def _typed(self, visit: Visit, stored: TenantPolicies) -> dict[str, str]:
        """What the form says. Browsers leave out what somebody may only read: that stays as it is stored."""
        typed = {name: visit.form(name).replace("\r\n", "\n").strip() for name in _LABELS}
        now_stored, standings = _values(stored), self._standings(visit)
        return {
            name: typed[name] if standings[block].may else now_stored[name] for name, block in _BLOCKS.items()
        }

    def _standings(self, visit: Visit) -> dict[PolicyBlock, Standing]:
        """The person's standing towards each block of the form."""
        return {
            block: self._desk.standing(visit, may_change(block)) for block in dict.fromkeys(_BLOCKS.values())
        }

    def _needs_review(self, visit: Visit, stored: TenantPolicies, wanted: TenantPolicies) -> bool:
        rules = wanted.domain_restrictions
        if visit.form("reviewed") == self._mark(visit, rules):
            return False
        return _newly_refused(self._desk.ports, visit.actor, stored, wanted).count > 0

    def _stale(self, visit: Visit, stored: TenantPolicies, typed: dict[str, str]) -> list[dict[str, str]]:
        """Who saved what meanwhile, where it differs from what is in the form."""
        now_stored = _values(stored)
        words = dict(GUEST_ACCESS) | dict(INVITES_FROM) | dict(RESTRICTIONS) | dict(YES_NO)
        differing = [
            {"label": _LABELS[name], "value": words.get(value, value.replace("\n", ", "))}
            for name, value in now_stored.items()
            if value != typed[name]
        ]
        return saved_by(self._desk.ports, visit, _ACTIVITIES) + differing

    def _mark(self, visit: Visit, rules: DomainRestrictions) -> str:
        """Names exactly these rules: editing the form after the review asks for another one."""
        words = (rules.rule, "\n".join(rules.denied), "\n".join(rules.allowed))
        return self._desk.ports.sealer.mac("collaboration-review", visit.tenant.id, *words)

    def _draw(
        self,
        visit: Visit,
        stored: TenantPolicies,
        typed: dict[str, str],
        *,
        status: int = 200,
        errors: list[dict[str, str]] | None = None,
        stale: list[dict[str, str]] | None = None,
        review: TenantPolicies | None = None,
        version: str = "",
    ) -> HttpResponse:
        ports, actor = self._desk.ports, visit.actor
        standings = self._standings(visit)
        standing, switch = standings[PolicyBlock.AUTHORIZATION], standings[PolicyBlock.SIGN_UP]
        return self._desk.page(
            visit,
            "collaboration_settings.html",
            "collaboration_settings",
            _TRAIL,
            status=status,
            typed=typed,
            version=version or marks_text(stored),
            access_choices=choices(GUEST_ACCESS),
            invites_choices=choices(INVITES_FROM),
            rule_choices=choices(RESTRICTIONS),
            sign_up_choices=choices(YES_NO),
            standing=standing,
            sign_up_standing=switch,
            rule_standing=standings[PolicyBlock.RESTRICTIONS],
            partly=any(each.may for each in standings.values()),
            stored=stale or [],
            refused=_impact(refused_guests(ports, actor, stored.domain_restrictions)),
            review=_impact(_newly_refused(ports, actor, stored, review)) if review else None,
            reviewed=self._mark(visit, review.domain_restrictions) if review else None,
            errors=errors or [],
            api=call(
                visit,
                "PATCH" if standing.may else "GET",
                "/v1.0/policies/authorizationPolicy",
                body={"allowInvitesFrom": stored.allow_invites_from, "guestUserRoleId": stored.guest_access}
                if standing.may
                else None,
                permission="Policy.ReadWrite.Authorization" if standing.may else "Policy.Read.All",
            ),
            sign_up_api=call(
                visit,
                "PATCH" if switch.may else "GET",
                "/v1.0/policies/authenticationFlowsPolicy",
                body={"selfServiceSignUp": {"isEnabled": stored.self_service_sign_up}}
                if switch.may
                else None,
                permission="Policy.ReadWrite.AuthenticationFlows" if switch.may else "Policy.Read.All",
            ),
        )


def _newly_refused(
    ports: Ports, actor: Actor, stored: TenantPolicies, wanted: TenantPolicies
) -> RefusedGuests:
    return refused_guests(ports, actor, wanted.domain_restrictions, stored.domain_restrictions)


def _impact(refused: RefusedGuests) -> dict[str, object] | None:
    if not refused.count:
        return None
    return {"count": refused.count, "is_whole": refused.is_whole, "names": names_of(refused)}


def _values(policies: TenantPolicies) -> dict[str, str]:
    """The stored settings as the form spells them."""
    rules = policies.domain_restrictions
    return {
        "access": policies.guest_access.value,
        "invites": policies.allow_invites_from.value,
        "sign_up": "yes" if policies.self_service_sign_up else "no",
        "rule": rules.rule.value,
        "denied": "\n".join(rules.denied),
        "allowed": "\n".join(rules.allowed),
    }


def _wanted(stored: TenantPolicies, typed: dict[str, str]) -> TenantPolicies:
    """The policies with what the form says, once it has no errors."""
    rules = DomainRestrictions(
        DomainRule(typed["rule"]), _domains(typed["denied"])[0], _domains(typed["allowed"])[0]
    )
    return replace(
        stored,
        guest_access=GuestAccess(typed["access"]),
        allow_invites_from=InvitesFrom(typed["invites"]),
        domain_restrictions=rules,
        self_service_sign_up=typed["sign_up"] == "yes",
    )


def _errors(typed: dict[str, str]) -> list[dict[str, str]]:
    found = []
    known: tuple[tuple[str, Iterable[str]], ...] = (
        ("access", GuestAccess),
        ("invites", InvitesFrom),
        ("sign_up", dict(YES_NO)),
        ("rule", DomainRule),
    )
    for name, values in known:
        if typed[name] not in set(values):
            found.append({"field": name, "text": f"Choose one of the {_LABELS[name]} options."})
    for name, rule in (("denied", DomainRule.DENY), ("allowed", DomainRule.ALLOW)):
        good, bad = _domains(typed[name])
        if bad:
            listed = ", ".join(f"\u201c{line[:60]}\u201d" for line in bad[:5])
            text = f"Not a domain: {listed}. Enter names like example.com, one a line, without wildcards."
            found.append({"field": name, "text": text})
        elif typed["rule"] == rule and not good:
            found.append({"field": name, "text": "Enter at least one domain, or choose another restriction."})
    return found


def _domains(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines as comparable domains, and the lines that are none."""
    good: list[str] = []
    bad: list[str] = []
    for line in (each.strip() for each in text.splitlines()):
        key = domain_key(line.removeprefix("@"))
        if key is not None and "." in key:
            good.append(key)
        elif line:
            bad.append(line)
    return tuple(dict.fromkeys(good)), tuple(bad)
