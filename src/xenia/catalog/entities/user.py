"""Users: ``/users``, ``/me`` and ``/directory/deletedItems`` (Microsoft Graph: user)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xenia.catalog.edm import (
    Action,
    Complex,
    Edm,
    Entity,
    Nav,
    Op,
    Prop,
    Resource,
    Returned,
    Sort,
    Values,
    Write,
)
from xenia.core.actor import Actor
from xenia.core.directory.user import Identity, UserType
from xenia.core.directory.user_rules import TEXT_LIMITS, invalid
from xenia.core.errors import InvalidValue, NotFound, NotPermitted
from xenia.core.guest_access import EVERYTHING
from xenia.core.ids import fold, parse_guid
from xenia.core.query import Page
from xenia.core.user_attributes import DataType, UserAttribute
from xenia.ports import Ports
from xenia.record import replace
from xenia.usecases.invitations.create_guest import ProvenGuest, create_guest
from xenia.usecases.users import manage_users, read_directory, user_extensions
from xenia.usecases.users.read_directory import SeenUser

_ALL = Op.EQ | Op.NE | Op.NOT | Op.GE | Op.LE | Op.IN | Op.STARTS | Op.NULL
_KIND = Op.EQ | Op.NE | Op.NOT | Op.IN
_EXACT = Op.EQ | Op.IN
_RANGE = _EXACT | Op.GE | Op.LE
_FULL = _RANGE | Op.STARTS
_SELECT = Returned.SELECT
_OF_MEMBERS = ("mailNickname", "passwordProfile")
"""Needed of somebody who signs in here; a guest of a proven identity has neither."""


def _text(name: str, plain: Op = Op.NONE, ops: Op = _ALL, **more: Any) -> Prop:
    field = more.get("attribute") or Prop(name).field
    given = {"returned": _SELECT, "write": Write.BOTH, "max_length": TEXT_LIMITS.get(field), **more}
    return Prop(name, filter=ops, plain=plain, **given)


def _identities(seen: SeenUser) -> object:
    if not seen.shows("identities"):
        return None
    return [
        {"signInType": item.sign_in_type, "issuer": item.issuer, "issuerAssignedId": item.subject}
        for item in seen.user.identities
    ]


def _sign_in_activity(seen: SeenUser) -> object:
    moment = seen.user.last_sign_in_at
    if moment is None or not seen.shows("last_sign_in_at"):
        return None
    return {
        "lastSignInDateTime": moment,
        "lastSignInRequestId": None,
        "lastNonInteractiveSignInDateTime": None,
        "lastNonInteractiveSignInRequestId": None,
        "lastSuccessfulSignInDateTime": moment,
        "lastSuccessfulSignInRequestId": None,
    }


OBJECT_IDENTITY = Complex(
    "objectIdentity",
    (
        Prop("signInType", attribute="sign_in_type", write=Write.CREATE),
        Prop("issuer", attribute="issuer", filter=Op.EQ, plain=Op.EQ, max_length=512, write=Write.CREATE),
        Prop(
            *("issuerAssignedId", Edm.STRING, "subject"),
            filter=Op.EQ,
            plain=Op.EQ,
            max_length=64,
            write=Write.CREATE,
        ),
    ),
    filter_by="issuer",
)
_ACTIVITY_OPS = Op.GE | Op.LE | Op.EQ
SIGN_IN_ACTIVITY = Complex(
    "signInActivity",
    (
        Prop("lastSignInDateTime", Edm.DATE, "last_sign_in_at", filter=_ACTIVITY_OPS, plain=_ACTIVITY_OPS),
        Prop("lastSignInRequestId"),
        Prop("lastNonInteractiveSignInDateTime", Edm.DATE),
        Prop("lastNonInteractiveSignInRequestId"),
        Prop("lastSuccessfulSignInDateTime", Edm.DATE),
        Prop("lastSuccessfulSignInRequestId"),
    ),
)
PASSWORD_PROFILE = Complex(
    "passwordProfile",
    (
        Prop("password", write=Write.BOTH),
        Prop("forceChangePasswordNextSignIn", Edm.BOOLEAN, write=Write.BOTH),
        Prop("forceChangePasswordNextSignInWithMfa", Edm.BOOLEAN, write=Write.BOTH),
    ),
)

_PROPS = (
    Prop("id", nullable=False, filter=_EXACT | Op.NE | Op.NOT, plain=_EXACT),
    _text("businessPhones", Op.EQ, Op.EQ | Op.NOT | Op.STARTS, many=True, returned=Returned.DEFAULT),
    _text("displayName", _FULL, returned=Returned.DEFAULT, sort=Sort.PLAIN, search=True, required=True),
    _text("givenName", _EXACT | Op.GE | Op.STARTS, returned=Returned.DEFAULT, search=True),
    _text("jobTitle", _RANGE, returned=Returned.DEFAULT),
    _text("mail", _FULL, _ALL | Op.ENDS, returned=Returned.DEFAULT, search=True),
    _text("mobilePhone", returned=Returned.DEFAULT, search=True),
    _text("officeLocation", returned=Returned.DEFAULT),
    _text("preferredLanguage", returned=Returned.DEFAULT),
    _text("surname", _FULL, returned=Returned.DEFAULT, search=True),
    _text(
        *("userPrincipalName", _EXACT | Op.LE, (_ALL & ~Op.NULL) | Op.ENDS),
        returned=Returned.DEFAULT,
        sort=Sort.PLAIN,
        search=True,
        required=True,
        nullable=False,
    ),
    Prop(
        *("accountEnabled", Edm.BOOLEAN),
        returned=_SELECT,
        filter=_KIND,
        plain=_EXACT,
        write=Write.BOTH,
        required=True,
    ),
    _text("ageGroup", _EXACT, _KIND),
    _text("city", _EXACT | Op.GE | Op.STARTS),
    _text("companyName"),
    _text("consentProvidedForMinor", _EXACT, _KIND),
    _text("country", _FULL),
    Prop(
        *("createdDateTime", Edm.DATE, "created_at"),
        returned=_SELECT,
        filter=_KIND | Op.GE | Op.LE,
        plain=_RANGE,
        sort=Sort.ADVANCED,
    ),
    Prop("creationType", returned=_SELECT, filter=_KIND, plain=_EXACT),
    Prop(
        *("deletedDateTime", Edm.DATE, "deleted_at"),
        returned=_SELECT,
        filter=_RANGE,
        plain=_RANGE,
        sort=Sort.ADVANCED,
    ),
    _text("department", _FULL),
    _text("employeeId", _EXACT | Op.STARTS),
    _text("employeeType", ops=_ALL & ~Op.NULL),
    Prop("externalUserState", returned=_SELECT, filter=_KIND, plain=_EXACT),
    Prop(
        *("externalUserStateChangeDateTime", Edm.DATE, "external_user_state_changed_at"),
        returned=_SELECT,
        filter=_KIND | Op.GE | Op.LE,
        plain=_RANGE,
    ),
    _text("faxNumber"),
    Prop(
        *("identities", OBJECT_IDENTITY),
        many=True,
        returned=_SELECT,
        filter=Op.EQ,
        plain=Op.EQ,
        write=Write.CREATE,
        read=_identities,
    ),
    _text("mailNickname", _FULL),
    _text("otherMails", Op.EQ | Op.STARTS, Op.EQ | Op.NOT | Op.STARTS | Op.ENDS | Op.COUNT, many=True),
    Prop(
        *("passwordProfile", PASSWORD_PROFILE),
        returned=_SELECT,
        write=Write.BOTH,
        read=lambda _seen: None,
    ),
    _text("postalCode"),
    _text("proxyAddresses", Op.EQ | Op.STARTS, Op.EQ | Op.NOT | Op.STARTS | Op.ENDS | Op.COUNT, many=True),
    Prop(
        *("signInActivity", SIGN_IN_ACTIVITY),
        returned=_SELECT,
        read=_sign_in_activity,
        needs="AuditLog.Read.All",
    ),
    Prop("signInSessionsValidFromDateTime", Edm.DATE, "sessions_valid_from", returned=_SELECT),
    _text("state", _FULL),
    _text("streetAddress"),
    _text("usageLocation", _FULL),
    _text("userType", _EXACT, _KIND | Op.NULL),
)


def _attribute(seen: SeenUser, name: str) -> object:
    return getattr(seen.user, name) if seen.shows(name) else None


# --- relations ------------------------------------------------------------------------------------


def _manager(ports: Ports, actor: Actor, key: str) -> tuple[SeenUser, ...]:
    return (read_directory.get_manager(ports, actor, key),)


def _set_manager(ports: Ports, actor: Actor, key: str, target: str) -> None:
    manage_users.set_manager(ports, actor, _id(ports, actor, key), target)


def _remove_manager(ports: Ports, actor: Actor, key: str, _target: str | None) -> None:
    manage_users.set_manager(ports, actor, _id(ports, actor, key), None)


def _add_sponsor(ports: Ports, actor: Actor, key: str, target: str) -> None:
    present = _sponsor_ids(ports, actor, key)
    if target in present:
        raise InvalidValue(
            "sponsors",
            "One or more added object references already exist for the following modified properties: 'sponsors'.",
        )
    manage_users.set_sponsors(ports, actor, _id(ports, actor, key), (*present, target))


def _remove_sponsor(ports: Ports, actor: Actor, key: str, target: str | None) -> None:
    present = _sponsor_ids(ports, actor, key)
    if target not in present:
        raise NotFound("Resource", target or "sponsors")
    left = tuple(sponsor for sponsor in present if sponsor != target)
    manage_users.set_sponsors(ports, actor, _id(ports, actor, key), left)


def _sponsor_ids(ports: Ports, actor: Actor, key: str) -> tuple[str, ...]:
    return tuple(seen.user.id for seen in read_directory.get_sponsors(ports, actor, key))


def _id(ports: Ports, actor: Actor, key: str) -> str:
    """The object id of a user addressed by id or user principal name."""
    return parse_guid(key) or read_directory.get_user(ports, actor, key).user.id


# --- verbs ------------------------------------------------------------------------------------------


def _create(ports: Ports, actor: Actor, values: Values) -> SeenUser:
    if values.get("identities") is not None:
        return _create_guest(ports, actor, values)
    missing = next((name for name in _OF_MEMBERS if values.get(name) is None), None)
    if missing is not None:
        raise InvalidValue(missing, f"A value is required for property '{missing}' of resource 'User'.")
    profile = values["passwordProfile"]
    changes = _changes({name: value for name, value in values.items() if name != "passwordProfile"})
    order = manage_users.NewMember(
        user_principal_name=changes.pop("user_principal_name"),
        display_name=changes.pop("display_name"),
        mail_nickname=changes.pop("mail_nickname"),
        account_enabled=changes.pop("account_enabled"),
        password=profile.get("password") or "",
        must_change_password=profile.get("forceChangePasswordNextSignIn") is not False,
        properties=changes,
    )
    created = manage_users.create_member(ports, actor, order).user
    return SeenUser(created, EVERYTHING)


def _create_guest(ports: Ports, actor: Actor, values: Values) -> SeenUser:
    """Of an identity proven elsewhere: without a password, which guests never have."""
    changes = _changes(values)
    if fold(changes.pop("user_type", None) or "") != fold(UserType.GUEST):
        raise invalid("identities", "Identities are given to guests alone: userType Guest.")
    if changes.pop("password_profile", None) is not None:
        raise invalid("passwordProfile", "Guests never get a password.")
    identities = tuple(
        Identity(item.get("signInType") or "", item.get("issuer") or "", item.get("issuerAssignedId"))
        for item in changes.pop("identities")
    )
    order = ProvenGuest(
        identities,
        mail=changes.pop("mail", None) or "",
        user_principal_name=changes.pop("user_principal_name"),
        display_name=changes.pop("display_name"),
        account_enabled=changes.pop("account_enabled"),
        properties=changes,
    )
    return SeenUser(create_guest(ports, actor, order), EVERYTHING)


def _update(ports: Ports, actor: Actor, key: str, values: Values) -> None:
    user_id = _id(ports, actor, key)
    profile = values.get("passwordProfile")
    changes = _changes({name: value for name, value in values.items() if name != "passwordProfile"})
    password = None
    if profile is not None:
        if profile.get("password") is None:
            raise invalid("passwordProfile", "A password is needed.")
        must_change = profile.get("forceChangePasswordNextSignIn") is not False
        password = manage_users.NewPassword(profile["password"], must_change)
    if changes or password is not None:
        manage_users.change_user(ports, actor, user_id, manage_users.UserChange(changes, password=password))


def _update_me(ports: Ports, actor: Actor, _key: str, values: Values) -> None:
    _update(ports, actor, _me_id(actor), values)


def _delete(ports: Ports, actor: Actor, key: str) -> None:
    manage_users.delete_user(ports, actor, _id(ports, actor, key))


def _changes(values: Values) -> dict[str, Any]:
    found = {USER.prop(name): value for name, value in values.items()}
    changes = {prop.field: value for prop, value in found.items() if prop is not None}
    # What the type itself does not have was let in as a property of this tenant's users.
    extensions = {name: value for name, value in values.items() if USER.prop(name) is None}
    return changes | ({"extensions": extensions} if extensions else {})


# --- properties of one tenant -----------------------------------------------------------------------

_EXTENSION_TYPES = {
    DataType.STRING: Edm.STRING,
    DataType.BOOLEAN: Edm.BOOLEAN,
    DataType.INTEGER: Edm.INT64,
}


def with_extensions(resource: Resource, ports: Ports, actor: Actor) -> Resource:
    """The resource with the custom attributes of this tenant where it tells of users (directory extensions)."""
    if resource.entity.name != USER.name:
        return resource
    own = tuple(map(_extension, user_extensions.extension_attributes(ports, actor)))
    return replace(resource, entity=replace(resource.entity, props=(*resource.entity.props, *own)))


def _extension(attribute: UserAttribute) -> Prop:
    def read(seen: SeenUser) -> object:
        return dict(seen.user.extensions).get(attribute.id) if seen.shows("extensions") else None

    starts = Op.STARTS if attribute.data_type is DataType.STRING else Op.NONE
    return Prop(
        attribute.id,
        _EXTENSION_TYPES[attribute.data_type],
        attribute.id,
        returned=_SELECT,
        filter=_KIND | Op.NULL | starts,
        plain=_EXACT | starts,
        write=Write.BOTH,
        max_length=attribute.max_length if attribute.data_type is DataType.STRING else None,
        read=read,
    )


def _revoke(ports: Ports, actor: Actor, key: str, _values: Values) -> object:
    manage_users.revoke_sessions(ports, actor, _id(ports, actor, key))
    return True


def _restore(ports: Ports, actor: Actor, key: str, _values: Values) -> SeenUser:
    return SeenUser(manage_users.restore_user(ports, actor, key), EVERYTHING)


def _me_id(actor: Actor) -> str:
    if actor.user_id is None:
        raise NotPermitted("delegated", "/me request is only valid with delegated authentication flow.")
    return actor.user_id


def _get_me(ports: Ports, actor: Actor, _key: str) -> SeenUser:
    _me_id(actor)
    return read_directory.get_me(ports, actor)


def _of_me(
    run: Callable[[Ports, Actor, str], tuple[SeenUser, ...]],
) -> Callable[[Ports, Actor, str], tuple[SeenUser, ...]]:
    return lambda ports, actor, _key: run(ports, actor, _me_id(actor))


USER = Entity(
    "user",
    "A member or guest of the tenant.",
    _PROPS,
    navs=(
        Nav("manager", False, _manager, _set_manager, _remove_manager),
        Nav("sponsors", True, read_directory.get_sponsors, _add_sponsor, _remove_sponsor),
    ),
    attribute_of=_attribute,
    base="directoryObject",
)
_REVOKE = Action(
    "revokeSignInSessions", _revoke, "Edm.Boolean", manage_users.REVOKE_PERMITS, context="Edm.Boolean"
)
USERS = Resource(
    "users",
    USER,
    list=read_directory.list_users,
    get=read_directory.get_user,
    create=_create,
    update=_update,
    delete=_delete,
    alternate_keys={"userPrincipalName": read_directory.get_user},
    actions=(_REVOKE,),
    is_advanced=True,
    read_permits=(*read_directory.READ_USERS_BASIC, *read_directory.READ_USERS),
    write_permits=manage_users.WRITE_USERS,
    delete_permits=manage_users.DELETE_PERMITS,
    note="Guests see of others what the guest access level grants; see External collaboration settings. Custom attributes "
    "(`extension_{app id}_{name}`) are further properties: told with `$select`, written like others, null takes them "
    "away; filters: eq, in, ne\\*, not\\*, null\\*, and startsWith for texts.",
)
ME = Resource(
    "me",
    replace(
        USER,
        navs=tuple(Nav(nav.name, nav.many, _of_me(nav.read), nav.add, nav.remove) for nav in USER.navs),
    ),
    context="users",
    is_single=True,
    get=_get_me,
    update=_update_me,
    actions=(
        replace(_REVOKE, run=lambda ports, actor, _key, values: _revoke(ports, actor, _me_id(actor), values)),
    ),
    read_permits=read_directory.READ_SELF,
    write_permits=manage_users.WRITE_USERS,
    note="The signed-in person. App-only tokens are refused.",
)
DELETED_USERS = Resource(
    "directory/deletedItems/microsoft.graph.user",
    USER,
    context="users",
    list=read_directory.list_deleted_users,
    get=read_directory.get_deleted_user,
    is_advanced=True,
    read_permits=read_directory.READ_USERS,
)


def _no_cast(_ports: Ports, _actor: Actor, _query: object) -> Page[Any]:
    raise InvalidValue(
        "deletedItems", "A type cast such as microsoft.graph.user is required to list deleted items."
    )


DELETED_USER_ITEMS = Resource(
    "directory/deletedItems",
    USER,
    context="directoryObjects",
    list=_no_cast,
    get=read_directory.get_deleted_user,
    delete=manage_users.purge_user,
    actions=(
        Action(
            "restore",
            _restore,
            "graph.directoryObject",
            manage_users.DELETE_PERMITS,
            entity=USER,
            context="directoryObjects/$entity",
        ),
    ),
    typed_items=True,
    read_permits=read_directory.READ_USERS,
    write_permits=manage_users.DELETE_PERMITS,
    note="Deleted users stay for 30 days.",
)


def with_older_revoke(resource: Resource) -> Resource:
    """Users as under ``/beta``, which alone knows the older name of revoking sessions."""
    revoke = next(action for action in resource.actions if action.name == _REVOKE.name)
    return replace(resource, actions=(*resource.actions, replace(revoke, name="invalidateAllRefreshTokens")))
