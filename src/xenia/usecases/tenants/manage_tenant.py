"""Tenants: opening one, its properties and its tenant-wide policies.

Owns the checks of names, domains and contacts, who may change them, and their audit records. What a
policy *means* is decided where it is applied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from urllib.parse import urlsplit

from xenia.core import audit
from xenia.core.actor import Actor, system_actor
from xenia.core.addresses import domain_key, parse_address
from xenia.core.audit import Activity, Change, Target, audit_record
from xenia.core.claims_mapping_policy import ClaimsMappingPolicy
from xenia.core.directory.first_party import FIRST_PARTY_APP_IDS
from xenia.core.directory.policies import Marks, PolicyBlock, changed_blocks, may_change, merged
from xenia.core.directory.roles import GLOBAL_ADMINISTRATOR
from xenia.core.directory.tenant import (
    ConsentRequestPolicy,
    Domain,
    DomainRestrictions,
    Tenant,
    TenantPolicies,
)
from xenia.core.errors import Conflict, InvalidValue, NotFound, NotPermitted
from xenia.core.ids import TenantId, parse_guid
from xenia.core.token_lifetime import TokenLifetimePolicy
from xenia.ports import Ports, Transaction
from xenia.record import Record, replace
from xenia.usecases.sessions.first_party import service_principals_for
from xenia.usecases.users.manage_users import CreatedMember, NewMember, add_role, create_member

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,25}[a-z0-9])?")
LONGEST_CONSENT_REQUEST = 60
MOST_REVIEWERS = 50
_DOMAIN_LIST_CHARACTERS = 25_000
"""Most characters of all domain policies together (Microsoft Graph: b2bManagementPolicy)."""
_ADMINISTRATORS = frozenset({GLOBAL_ADMINISTRATOR.template_id})


class NewTenant(Record):
    """What somebody says who opens a tenant; only the name and the label are asked for."""

    display_name: str
    label: str
    """First label of the initial domain, the tenant's short name: ``contoso``."""
    id: TenantId | None = None
    domains: tuple[str, ...] = ()
    """Further verified domains; the operator vouches for them."""
    privacy_statement_url: str | None = None
    terms_url: str | None = None
    policies: TenantPolicies | None = None


class OpenedTenant(Record):
    """A tenant with the administrator who can sign in to it; the password is shown once."""

    tenant: Tenant
    administrator: CreatedMember


def create_tenant(ports: Ports, actor: Actor | None, order: NewTenant) -> Tenant:
    """Open a tenant with default policies and the service principals of everything that ships with Xenia.

    Without an actor it is the operator. A Global Administrator may do it where the workshop's tools are on.
    Raises NotPermitted, InvalidValue, and Conflict when id or a domain is taken.
    """
    _may_open(ports, actor)
    now = ports.clock.now()
    tenant = _checked(ports, order, now)
    principals = service_principals_for(ports, tenant.id, FIRST_PARTY_APP_IDS, now)
    record_id = ports.entropy.guid()
    opener = replace(actor, tenant_id=tenant.id) if actor else system_actor(tenant.id, ports.entropy.guid())
    target = Target(tenant.id, "Directory", tenant.display_name)

    def work(tx: Transaction) -> Tenant:
        tx.tenants.add(tenant, order.policies or TenantPolicies())
        for principal in principals:
            tx.applications.add_service_principal(principal)
        tx.logs.audit(audit_record(record_id, audit.CREATE_TENANT, opener, now, targets=(target,)))
        return tenant

    return ports.store.write(tenant.id, work)


def open_tenant(
    ports: Ports, actor: Actor | None, order: NewTenant, administrator_mail: str | None = None
) -> OpenedTenant:
    """Open a tenant and its first administrator, ``admin@`` its initial domain, with a made-up password.

    Raises as ``create_tenant``, and InvalidValue for a mail address that is none.
    """
    if administrator_mail and parse_address(administrator_mail) is None:
        raise InvalidValue("mail", "Enter one e-mail address.")
    tenant = create_tenant(ports, actor, order)
    operator = system_actor(tenant.id, actor.correlation_id if actor else ports.entropy.guid())
    properties = {"mail": administrator_mail} if administrator_mail else {}
    member = NewMember(f"admin@{tenant.initial_domain}", "Administrator", properties=properties)
    created = create_member(ports, operator, member)
    add_role(ports, operator, created.user.id, GLOBAL_ADMINISTRATOR.template_id)
    return OpenedTenant(tenant, created)


def update_tenant_properties(
    ports: Ports, actor: Actor, changes: Mapping[str, object], *, expected: Tenant | None = None
) -> Tenant:
    """Set properties named as in ``Tenant``: name, privacy and terms links, contacts, language, country.

    *expected*: the tenant as it was shown to the person who changes it. Raises NotPermitted, InvalidValue,
    and Conflict when it is not like that any more.
    """
    actor.require(_ADMINISTRATORS, "Organization.ReadWrite.All", "Directory.ReadWrite.All")
    checked = {name: _property(name, value) for name, value in changes.items()}
    now, record_id = ports.clock.now(), ports.entropy.guid()

    def work(tx: Transaction) -> Tenant:
        before = _tenant(tx, actor.tenant_id)
        if expected is not None and before != expected:
            raise Conflict("version", "Somebody else changed these properties meanwhile.")
        after = replace(before, **checked)  # type: ignore[arg-type]  # _property gave the record's types
        if after == before:
            return before
        tx.tenants.replace(after)
        changed = tuple(
            Change(_wire(name), _as_json(getattr(before, name)), _as_json(value))
            for name, value in checked.items()
            if getattr(before, name) != value
        )
        target = Target(after.id, "Directory", after.display_name, changes=changed)
        tx.logs.audit(audit_record(record_id, audit.UPDATE_COMPANY, actor, now, targets=(target,)))
        return after

    return ports.store.write(actor.tenant_id, work)


LONGEST_FREQUENCY_HOURS = 8760


def update_policies(
    ports: Ports,
    actor: Actor,
    policies: TenantPolicies,
    *,
    seen: Marks | None = None,
    permission: str = "Policy.ReadWrite.Authorization",
) -> TenantPolicies:
    """Change the tenant-wide policies; one audit record per policy of the field that changed.

    *seen*: the marks of what their author saw. Blocks that differ from it are taken, the others stay as they are
    stored. Without it ``policies.version`` has to be the stored one. *permission* is what a token needs; the API
    has one for each of the policies kept here. Raises NotPermitted unless the actor may change each block that
    changes, InvalidValue, and Conflict when somebody else changed such a block meanwhile.
    """
    actor.require(frozenset().union(*map(may_change, PolicyBlock)), permission)
    wanted = replace(policies, domain_restrictions=_checked_domains(policies.domain_restrictions))
    hours = policies.sign_in_frequency_hours
    if hours is not None and not 1 <= hours <= LONGEST_FREQUENCY_HOURS:
        raise InvalidValue(
            "sign_in_frequency_hours",
            f"The sign-in frequency is 1 to {LONGEST_FREQUENCY_HOURS} hours (a year).",
        )
    now = ports.clock.now()
    record_ids = tuple(ports.entropy.guid() for _ in range(8))

    def work(tx: Transaction) -> TenantPolicies:
        before = tx.tenants.policies(actor.tenant_id)
        after = wanted if seen is None else merged(before, wanted, seen)
        changed = changed_blocks(before, after)
        for block in changed:
            actor.require(may_change(block), permission)
        if not changed:
            return before
        if PolicyBlock.CONSENT_REQUESTS in changed:
            check_consent_requests(tx, after.consent_requests)
        tx.tenants.replace_policies(actor.tenant_id, after)
        for record_id, (activity, target) in zip(record_ids, _policy_changes(before, after), strict=False):
            tx.logs.audit(audit_record(record_id, activity, actor, now, targets=(target,)))
        return tx.tenants.policies(actor.tenant_id)

    return ports.store.write(actor.tenant_id, work)


def b2b_policy_definition(policies: TenantPolicies) -> str:
    """The domain list and the passcode switch as the definition text of a ``B2BManagementPolicy``."""
    rules = policies.domain_restrictions
    listed = {"AllowedDomains": list(rules.allowed)} if rules.rule == "allow" else {}
    if rules.rule == "deny":
        listed = {"AllowedDomains": [], "BlockedDomains": list(rules.denied)}
    features = [{"Name": "OneTimePasscode", "Enabled": policies.email_passcode_enabled}]
    body = {"InvitationsAllowedAndBlockedDomainsPolicy": listed, "PreviewPolicy": {"Features": features}}
    return json.dumps({"B2BManagementPolicy": body}, separators=(",", ":"))


def _may_open(ports: Ports, actor: Actor | None) -> None:
    if actor is None or actor.is_system:
        return
    if not ports.server.tools:
        raise NotPermitted(
            "operator", "New tenants are opened by the operator of this server: xenia tenant create."
        )
    actor.require(_ADMINISTRATORS, "Directory.ReadWrite.All")


def _checked(ports: Ports, order: NewTenant, now: datetime) -> Tenant:
    label = order.label.strip().lower()
    if not _LABEL.fullmatch(label):
        raise InvalidValue("label", "The short name has 1 to 27 letters, digits or inner hyphens.")
    tenant_id = parse_guid(order.id) if order.id else ports.entropy.guid()
    if tenant_id is None:
        raise InvalidValue("id", "The tenant id must be a GUID.")
    initial = f"{label}.{ports.server.initial_domain_suffix}"
    others = tuple(_domain(name) for name in order.domains)
    return Tenant(
        id=tenant_id,
        display_name=str(_property("display_name", order.display_name)),
        domains=(
            Domain(initial, is_initial=True, is_default=not others),
            *(Domain(name, is_default=name == others[0]) for name in others if name != initial),
        ),
        created_at=now,
        # Two GUIDs: 244 random bits, written as hex.
        subject_salt=(ports.entropy.guid() + ports.entropy.guid()).replace("-", ""),
        privacy_statement_url=_link("privacy_statement_url", order.privacy_statement_url),
        terms_url=_link("terms_url", order.terms_url),
    )


def _property(name: str, value: object) -> object:
    rule = _RULES.get(name)
    if rule is None:
        raise InvalidValue(name, f"Property '{_wire(name)}' is read-only and cannot be set.")
    return rule(name, value.strip() or None if isinstance(value, str) else value)


def _name(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > 256 or not value.isprintable():
        raise InvalidValue(name, "Enter a name of at most 256 characters.")
    return value


def _link(name: str, value: object) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value) if isinstance(value, str) and value.isprintable() and len(value) <= 2000 else None
    # Shown to guests as a link: any other scheme could run code in our pages.
    if (
        parts is None
        or parts.scheme not in ("https", "http")
        or not parts.hostname
        or parts.username is not None
    ):
        raise InvalidValue(name, "Enter an address that starts with https://.")
    return str(value)


def _contact(name: str, value: object) -> str | None:
    address = parse_address(value) if isinstance(value, str) else None
    if value is not None and address is None:
        raise InvalidValue(name, "Enter one e-mail address.")
    return address


def _language(name: str, value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        raise InvalidValue(name, "Enter a language such as en-US.")
    return value


def _country(name: str, value: object) -> str | None:
    if value is not None and not (isinstance(value, str) and re.fullmatch(r"[A-Za-z]{2}", value)):
        raise InvalidValue(name, "Enter a two-letter country code (ISO 3166).")
    return str(value).upper() if value else None


_RULES = {
    "display_name": _name,
    "privacy_statement_url": _link,
    "terms_url": _link,
    "technical_contact": _contact,
    "privacy_contact": _contact,
    "notification_language": _language,
    "country": _country,
}


def _domain(text: str) -> str:
    key = domain_key(text.strip().removeprefix("@"))
    if key is None or "." not in key:
        raise InvalidValue(
            "domains", f"'{text}' is no domain. Enter names such as example.com, without wildcards."
        )
    return key


def _checked_domains(rules: DomainRestrictions) -> DomainRestrictions:
    denied = tuple(dict.fromkeys(_domain(name) for name in rules.denied))
    allowed = tuple(dict.fromkeys(_domain(name) for name in rules.allowed))
    if sum(map(len, (*denied, *allowed))) > _DOMAIN_LIST_CHARACTERS:
        raise InvalidValue(
            "domains", f"The domain lists may have {_DOMAIN_LIST_CHARACTERS} characters in all."
        )
    return replace(rules, denied=denied, allowed=allowed)


def check_consent_requests(tx: Transaction, policy: ConsentRequestPolicy) -> None:
    """Raises InvalidValue: reviewers must be users of this tenant, and the days within reason."""
    if not 1 <= policy.duration_days <= LONGEST_CONSENT_REQUEST:
        raise InvalidValue("duration_days", f"Enter 1 to {LONGEST_CONSENT_REQUEST} days.")
    if policy.is_enabled and not policy.reviewers:
        raise InvalidValue("reviewers", "Name at least one reviewer: nobody else sees the requests.")
    if len(policy.reviewers) > MOST_REVIEWERS:
        raise InvalidValue("reviewers", f"Name at most {MOST_REVIEWERS} reviewers.")
    if any(tx.users.find(each) is None for each in policy.reviewers):
        raise InvalidValue("reviewers", "A reviewer is no user of this organization.")


_AUTHORIZATION = ("allow_invites_from", "guest_access", "members_may_register_apps", "user_consent")
_OTHER = (
    "security_defaults",
    "allow_plus_addresses",
    "offer_stay_signed_in",
    "password_grant",
    "sign_in_frequency_hours",
)


def _policy_changes(before: TenantPolicies, after: TenantPolicies) -> list[tuple[Activity, Target]]:
    found = []
    if changes := _changed(before, after, _AUTHORIZATION):
        target = Target("authorizationPolicy", "Policy", "Authorization Policy", changes=changes)
        found.append((audit.UPDATE_AUTHORIZATION_POLICY, target))
    old, new = b2b_policy_definition(before), b2b_policy_definition(after)
    if old != new:
        details = Change("PolicyDetails", json.dumps([old]), json.dumps([new]))
        target = Target("B2BManagementPolicy", "Policy", "B2BManagementPolicy", changes=(details,))
        found.append((audit.UPDATE_POLICY, target))
    if before.consent_requests != after.consent_requests:
        old, new = (json.dumps([asdict(each.consent_requests)]) for each in (before, after))
        changes = (Change("ConsentRequests", old, new),)
        target = Target("adminConsentRequestPolicy", "Policy", "Admin consent requests", changes=changes)
        found.append((audit.UPDATE_POLICY, target))
    if changes := _changed(before, after, ("self_service_sign_up",)):
        target = Target("authenticationFlowsPolicy", "Policy", "Authentication flows policy", changes=changes)
        found.append((audit.UPDATE_POLICY, target))
    found += [
        (audit.UPDATE_POLICY, target)
        for name, kind in (
            ("token_lifetimes", "TokenLifetimePolicy"),
            ("claims_mappings", "ClaimsMappingPolicy"),
        )
        for target in _sts_changes(getattr(before, name), getattr(after, name), kind)
    ]
    if changes := _changed(before, after, _OTHER):
        found.append(
            (audit.UPDATE_POLICY, Target("securityDefaults", "Policy", "Tenant settings", changes=changes))
        )
    return found


_StsPolicy = TokenLifetimePolicy | ClaimsMappingPolicy


def _sts_changes(before: Iterable[_StsPolicy], after: Iterable[_StsPolicy], kind: str) -> Iterator[Target]:
    """Each policy about tokens that is new, changed or gone."""
    old, new = ({each.id: each for each in of} for of in (before, after))
    for key in dict.fromkeys((*old, *new)):
        if old.get(key) != new.get(key):
            told = tuple(asdict(each) if each else None for each in (old.get(key), new.get(key)))
            change = Change(kind, _as_json(told[0]), _as_json(told[1]))
            named = new.get(key) or old[key]
            yield Target(key, "Policy", named.display_name, changes=(change,))


def _changed(before: TenantPolicies, after: TenantPolicies, names: tuple[str, ...]) -> tuple[Change, ...]:
    return tuple(
        Change(_wire(name), _as_json(getattr(before, name)), _as_json(getattr(after, name)))
        for name in names
        if getattr(before, name) != getattr(after, name)
    )


def _as_json(value: object) -> str:
    return json.dumps([] if value is None else [value], ensure_ascii=False)


def _wire(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _tenant(tx: Transaction, tenant_id: TenantId) -> Tenant:
    found = tx.tenants.find(tenant_id)
    if found is None:
        raise NotFound("Tenant", tenant_id)
    return found
