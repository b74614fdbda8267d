"""Claims that a tenant's administrators put into the tokens of an app (Microsoft Graph: claimsMappingPolicy). Pure.

A policy adds claims, and may leave out those that only describe the person. Nothing that says who somebody is, where
a token comes from or what it permits can be set by it: those names are restricted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from xenia.core.directory.application import Application, ServicePrincipal
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User
from xenia.core.errors import InvalidValue
from xenia.core.ids import fold
from xenia.record import Record

MOST_CLAIMS = 50
LONGEST_VALUE = 1024
RESTRICTED = frozenset(
    """. _claim_names _claim_sources aai access_token acct acr acrs actor act aio altsecid amr app_displayname appid
    appidacr at_hash aud auth_time azp azpacr c_hash client_id cnf code ctry deviceid e_exp email email_verified endpoint
    events exp family_name fwd given_name groups hasgroups home_oid home_puid home_tid iat identityprovider idp idtyp
    in_corp ipaddr iss jti jwk login_hint may_act name nbf nickname nonce oid onprem_sid platf preferred_username
    prov_data puid pwd_exp pwd_url refresh_token rh roles s_hash scope scp sid signature signin_state src1 sub tenant_ctry
    tenant_region_scope tid token_use unique_name upn uti ver verified_primary_email verified_secondary_email vnet wids
    ztdid""".split()  # noqa: SIM905  (read as prose)
)
"""Names that tokens use themselves, or that somebody reading one could take for proof. Compared without case."""
_RESTRICTED_BEGINNINGS = ("xms_", "extn.")
BASIC = frozenset(
    ("name", "preferred_username", "unique_name", "upn", "email", "given_name", "family_name", "ipaddr")
)
"""What ``IncludeBasicClaimSet: false`` leaves out: it describes the person, and no token depends on it."""

_USER: dict[str, Callable[[User], object]] = {
    "city": lambda user: user.city,
    "companyname": lambda user: user.company_name,
    "consentprovidedforminor": lambda user: user.consent_provided_for_minor,
    "country": lambda user: user.country,
    "department": lambda user: user.department,
    "displayname": lambda user: user.display_name,
    "employeeid": lambda user: user.employee_id,
    "facsimiletelephonenumber": lambda user: user.fax_number,
    "givenname": lambda user: user.given_name,
    "jobtitle": lambda user: user.job_title,
    "mail": lambda user: user.mail,
    "mailnickname": lambda user: user.mail_nickname,
    "mobilephone": lambda user: user.mobile_phone,
    "objectid": lambda user: user.id,
    "othermail": lambda user: next(iter(user.other_mails), None),
    "physicaldeliveryofficename": lambda user: user.office_location,
    "postalcode": lambda user: user.postal_code,
    "preferredlanguage": lambda user: user.preferred_language,
    "state": lambda user: user.state,
    "streetaddress": lambda user: user.street_address,
    "surname": lambda user: user.surname,
    "telephonenumber": lambda user: next(iter(user.business_phones), None),
    "userprincipalname": lambda user: user.user_principal_name,
    "usertype": lambda user: user.user_type.value,
}
_APP: dict[str, Callable[[Application, ServicePrincipal], object]] = {
    "displayname": lambda _app, principal: principal.display_name,
    "objectid": lambda _app, principal: principal.id,
    "tags": lambda app, _principal: list(app.tags) or None,
}
_COMPANY: dict[str, Callable[[Tenant], object]] = {"tenantcountry": lambda tenant: tenant.country}
_OFFERED = {
    "user": frozenset(_USER),
    "company": frozenset(_COMPANY),
    **dict.fromkeys(("application", "resource", "audience"), frozenset(_APP)),
}
_METHODS = {"Join": 2, "ExtractMailPrefix": 1, "ToLowercase": 1, "ToUppercase": 1}
"""Transformations, and how many claims go in."""
_EXAMPLE = (
    '{"ClaimsMappingPolicy":{"Version":1,"IncludeBasicClaimSet":"true","ClaimsSchema":'
    '[{"Source":"user","ID":"employeeid","JwtClaimType":"employee"}]}}'
)


class _Entry(Record):
    source: str | None
    id: str
    value: str | None
    extension: str | None
    transformation: str | None
    claim: str | None


class _Transformation(Record):
    method: str
    inputs: tuple[str, ...]
    separator: str


class ClaimsMapping(Record):
    """A definition, understood."""

    keeps_basic: bool
    entries: tuple[_Entry, ...]
    transformations: Mapping[str, _Transformation]


class Sources(Record):
    """Where values come from: the person, the tenant, the client, and the API the token is for."""

    user: User
    tenant: Tenant
    client: tuple[Application, ServicePrincipal]
    audience: tuple[Application, ServicePrincipal]


def is_restricted(name: str) -> bool:
    """Whether no mapping may set a claim of this name."""
    key = fold(name)
    return key in RESTRICTED or key.startswith(_RESTRICTED_BEGINNINGS)


def mapped(claims: Mapping[str, object], definition: str, sources: Sources) -> dict[str, object]:
    """*claims* as the definition wants them. A value nobody has is left out; what the token says itself stays."""
    mapping = understood(definition)
    kept = {name: value for name, value in claims.items() if mapping.keeps_basic or name not in BASIC}
    values: dict[str, object] = {}
    for entry in mapping.entries:
        if entry.transformation is None:
            values[entry.id] = _value(entry, sources)
    added: dict[str, object] = {}
    for entry in mapping.entries:
        value = values.get(entry.id)
        if entry.transformation is not None:
            value = _transformed(mapping.transformations[entry.transformation], values)
        if entry.claim is not None and value not in (None, "", []):
            added[entry.claim] = value[:LONGEST_VALUE] if isinstance(value, str) else value
    # Stored definitions were checked; whatever becomes restricted later stays the token's own.
    return kept | {name: value for name, value in added.items() if not is_restricted(name)}


def _value(entry: _Entry, sources: Sources) -> object:
    if entry.value is not None:
        return entry.value
    if entry.extension is not None:
        wanted = fold(entry.extension)
        return next((value for name, value in sources.user.extensions if fold(name) == wanted), None)
    if entry.source == "user":
        return _USER[entry.id](sources.user)
    if entry.source == "company":
        return _COMPANY[entry.id](sources.tenant)
    return _APP[entry.id](*(sources.client if entry.source == "application" else sources.audience))


def _transformed(how: _Transformation, values: Mapping[str, object]) -> str | None:
    given = [values.get(name) for name in how.inputs]
    texts = [value for value in given if isinstance(value, str) and value]
    if len(texts) < len(how.inputs):
        return None
    if how.method == "Join":
        return how.separator.join(texts)
    if how.method == "ExtractMailPrefix":
        return texts[0].partition("@")[0]
    return texts[0].lower() if how.method == "ToLowercase" else texts[0].upper()


# --- reading a definition ----------------------------------------------------------------------------


def understood(definition: str) -> ClaimsMapping:
    """The mapping a definition describes. Raises InvalidValue with what to write."""
    try:
        policy = json.loads(definition)["ClaimsMappingPolicy"]
        version, schema = policy["Version"], policy.get("ClaimsSchema", [])
        transformations = policy.get("ClaimsTransformation", policy.get("ClaimsTransformations")) or []
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _refused("Write the definition as " + _EXAMPLE) from None
    basic = str(policy.get("IncludeBasicClaimSet", "true")).lower()
    if version != 1 or isinstance(version, bool) or basic not in ("true", "false"):
        raise _refused("Write the definition as " + _EXAMPLE)
    if not isinstance(schema, list) or not isinstance(transformations, list):
        raise _refused("ClaimsSchema and ClaimsTransformation are lists.")
    if len(schema) > MOST_CLAIMS or len(transformations) > MOST_CLAIMS:
        raise _refused(f"A mapping has at most {MOST_CLAIMS} claims and transformations.")
    named = dict(map(_transformation, transformations))
    entries = tuple(_entry(item, named) for item in schema)
    claims = [fold(entry.claim) for entry in entries if entry.claim]
    if len(set(claims)) < len(claims):
        raise _refused("Each JwtClaimType stands in one entry of ClaimsSchema.")
    known = {entry.id for entry in entries if entry.transformation is None}
    for transformation in named.values():
        missing = next((name for name in transformation.inputs if name not in known), None)
        if missing is not None:
            raise _refused(f"The input claim '{missing}' is the ID of no entry of ClaimsSchema.")
    return ClaimsMapping(basic == "true", entries, named)


def _entry(item: object, transformations: Mapping[str, _Transformation]) -> _Entry:
    text = _texts(item, "ClaimsSchema")
    claim, source = text.get("JwtClaimType"), (text.get("Source") or "").lower() or None
    if claim is not None and (is_restricted(claim) or not 0 < len(claim) <= 256 or not claim.isprintable()):
        raise _refused(f"The claim '{claim}' is restricted: tokens use the name themselves.")
    own_id = text.get("ID") or ""
    if "Value" in text:
        return _Entry(None, own_id.lower(), text["Value"], None, None, claim)
    if source == "user" and text.get("ExtensionID"):
        return _Entry(source, (own_id or text["ExtensionID"]).lower(), None, text["ExtensionID"], None, claim)
    if source == "transformation":
        name = text.get("TransformationID") or ""
        if name not in transformations:
            raise _refused(f"TransformationID '{name}' names no entry of ClaimsTransformation.")
        return _Entry(source, own_id, None, None, name, claim)
    offered = _OFFERED.get(source or "", frozenset())
    if own_id.lower() not in offered:
        known = ", ".join(sorted(offered)) or "user, application, resource, audience, company, transformation"
        raise _refused(f"Source '{text.get('Source')}' has no '{own_id}' here. There are: {known}.")
    return _Entry(source, own_id.lower(), None, None, None, claim)


def _transformation(item: object) -> tuple[str, _Transformation]:
    if not isinstance(item, dict) or not isinstance(item.get("ID"), str):
        raise _refused("A claims transformation has ID, TransformationMethod, InputClaims and OutputClaims.")
    method, inputs = item.get("TransformationMethod"), item.get("InputClaims")
    if method not in _METHODS:
        raise _refused(f"TransformationMethod is one of {', '.join(_METHODS)}.")
    ordered = sorted(
        (_texts(each, "InputClaims") for each in (inputs if isinstance(inputs, list) else [])),
        key=lambda each: each.get("TransformationClaimType", ""),
    )
    names = tuple(each.get("ClaimTypeReferenceId", "").lower() for each in ordered)
    if len(names) != _METHODS[method] or not all(names):
        raise _refused(f"{method} has {_METHODS[method]} InputClaims, each with its ClaimTypeReferenceId.")
    parameters = item.get("InputParameters")
    given = [_texts(each, "InputParameters") for each in (parameters if isinstance(parameters, list) else [])]
    separator = next(
        (each.get("Value", "") for each in given if each.get("ID", "").lower() == "separator"), ""
    )
    return item["ID"], _Transformation(method, names, separator)


def _texts(item: object, where: str) -> dict[str, str]:
    if not isinstance(item, dict) or not all(
        isinstance(key, str) and isinstance(value, str) and len(value) <= LONGEST_VALUE
        for key, value in item.items()
    ):
        raise _refused(f"An entry of {where} holds texts of at most {LONGEST_VALUE} characters.")
    return item


def _refused(why: str) -> InvalidValue:
    return InvalidValue("definition", why)
