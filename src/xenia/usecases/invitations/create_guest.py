"""A guest made by an administrator or a program from an identity that was proven elsewhere.

The last step of approval by an external system (API connectors: custom approval workflow): the connector was
told the identity, the system decides, and the guest is made without an invitation. Accounts of other
organizations are invited instead, because the connector is never told their subject.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from xenia.core import audit
from xenia.core.actor import Actor
from xenia.core.addresses import address_key
from xenia.core.audit import audit_record
from xenia.core.directory.identity_provider import HIDDEN_SUBJECTS, ProviderKind
from xenia.core.directory.roles import USER_WRITING_ROLES
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import MAIL_ISSUER, CreationType, Identity, User, UserType, upn_identity
from xenia.core.directory.user_rules import checked_changes, invalid
from xenia.core.errors import Conflict, DomainNotAllowed, InvalidValue, InviteeIsMember
from xenia.core.ids import fold
from xenia.core.signin.foreign_claims import idp_of
from xenia.ports import Ports, Transaction
from xenia.record import Record, field, replace
from xenia.usecases.invitations.invited_user import free_upn
from xenia.usecases.self_service.provider_rules import all_providers
from xenia.usecases.users.manage_users import WRITE_USERS
from xenia.usecases.users.user_extensions import changed_extensions
from xenia.usecases.users.user_protection import user_target

_EXTERNAL_NAME = re.compile(r"([A-Za-z0-9._'+\-]{1,100})#EXT#?@(.+)", re.IGNORECASE)
_LONGEST_SUBJECT = 256


class ProvenGuest(Record):
    """Who becomes a guest, by which identity."""

    identities: tuple[Identity, ...]
    mail: str
    user_principal_name: str = ""
    """``{address with _}#EXT#@{initial domain}``; made of the address when blank."""
    display_name: str = ""
    account_enabled: bool = True
    properties: Mapping[str, object] = field(default_factory=dict)
    """Further attributes of ``User`` by their snake_case names; ``extensions`` by attribute name."""


def create_guest(ports: Ports, actor: Actor, order: ProvenGuest) -> User:
    """Make the guest; the identity signs in from now on (Microsoft Graph: create user, ``userType`` Guest).

    Raises NotPermitted, InvalidValue, DomainNotAllowed, InviteeIsMember, and Conflict when the identity, the
    address or the name is somebody's already.
    """
    actor.require(USER_WRITING_ROLES, *WRITE_USERS)
    now, user_id, record_id = ports.clock.now(), ports.entropy.guid(), ports.entropy.guid()
    given: dict[str, object] = {**order.properties, "mail": order.mail}
    extensions = given.pop("extensions", {})
    given |= {"account_enabled": order.account_enabled}
    if order.display_name:
        given["display_name"] = order.display_name
    properties = checked_changes(given)

    def work(tx: Transaction) -> User:
        tenant = tx.tenants.find(actor.tenant_id)
        assert tenant is not None
        mail = _checked_mail(tx, tenant, properties["mail"])
        identities = _checked_identities(tx, tenant, order.identities, mail)
        upn = _name(tx, tenant, order.user_principal_name, mail)
        blank = User(user_id, tenant.id, upn, mail.partition("@")[0], UserType.GUEST, now)
        user = replace(
            blank,
            **{  # type: ignore[arg-type]  # checked_changes gave the record's own types
                "mail_nickname": upn.rpartition("@")[0],
                "other_mails": (mail,),
                "proxy_addresses": (f"SMTP:{mail}",),
                **properties,
            },
            identities=(upn_identity(upn, tenant.initial_domain), *identities),
            creation_type=CreationType.SELF_SERVICE_SIGN_UP,
            extensions=changed_extensions(tx, (), extensions),
        )
        tx.users.add(user)
        details = (("IdentityProvider", identities[0].issuer),)
        record = audit_record(
            record_id, audit.ADD_USER, actor, now, targets=(user_target(user),), details=details
        )
        tx.logs.audit(record)
        return user

    return ports.store.write(actor.tenant_id, work)


def _checked_mail(tx: Transaction, tenant: Tenant, value: object) -> str:
    if not isinstance(value, str):
        raise invalid("mail", "Guests have an e-mail address.")
    if tenant.owns(value):
        raise InviteeIsMember
    restrictions = tx.tenants.policies(tenant.id).domain_restrictions
    if not restrictions.permits(value):
        raise DomainNotAllowed(value.rpartition("@")[2], restrictions.rule.value)
    if tx.users.find_by_address(value):
        raise Conflict("proxy_addresses", f"{value} belongs to another user.")
    return value


def _checked_identities(
    tx: Transaction, tenant: Tenant, identities: tuple[Identity, ...], mail: str
) -> tuple[Identity, ...]:
    """Identities that can sign in here, each nobody's yet. Raises InvalidValue, Conflict."""
    if not identities:
        raise InvalidValue(
            "identities",
            "A value is required for property 'identities' of resource 'User': guests sign in with an identity they "
            "have. Invite people without one (POST /invitations).",
        )
    known = {
        fold(idp_of(provider)): idp_of(provider)
        for provider in all_providers(tx, tenant.id)
        if provider.kind is not ProviderKind.ENTRA_TENANT and not provider.is_built_in
    } | {MAIL_ISSUER: MAIL_ISSUER}
    return tuple(_checked_identity(tx, known, identity, mail) for identity in identities)


def _checked_identity(tx: Transaction, known: Mapping[str, str], identity: Identity, mail: str) -> Identity:
    if fold(identity.issuer) in {fold(issuer) for issuer in HIDDEN_SUBJECTS}:
        raise InvalidValue("identities", f"Invite people of {identity.issuer} (POST /invitations).")
    issuer = known.get(fold(identity.issuer))
    if fold(identity.sign_in_type) != "federated" or issuer is None:
        names = ", ".join(sorted(known.values()))
        raise InvalidValue(
            "identities", f"An identity has the signInType 'federated' and one of these issuers: {names}."
        )
    subject = (identity.subject or "").strip()
    if issuer == MAIL_ISSUER:
        # A passcode proves the mailbox it goes to, and it goes to the guest's own address.
        if address_key(subject) != address_key(mail):
            raise InvalidValue("identities", "The identity of issuer 'mail' is the guest's own address.")
        subject = address_key(mail)
    if not subject or len(subject) > _LONGEST_SUBJECT or not subject.isprintable():
        raise InvalidValue("identities", "An identity has an issuerAssignedId.")
    if tx.users.find_by_identity(issuer, subject) is not None:
        raise Conflict("identities", f"This account of {issuer} belongs to another user.")
    return Identity("federated", issuer, subject)


def _name(tx: Transaction, tenant: Tenant, text: str, mail: str) -> str:
    """The name asked for; published samples leave the second ``#`` out. Raises InvalidValue."""
    if not text.strip():
        return free_upn(tx, mail, tenant.initial_domain)
    found = _EXTERNAL_NAME.fullmatch(text.strip())
    if found is None or fold(found[2]) != tenant.initial_domain:
        raise invalid("user_principal_name", f"The name of a guest ends with #EXT#@{tenant.initial_domain}.")
    return f"{found[1]}#EXT#@{tenant.initial_domain}"
