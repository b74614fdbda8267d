"""Optional claims and group claims as an app owner configures them (Microsoft Graph: optionalClaims).

Which of them a token then carries is decided where tokens are made.
"""

from __future__ import annotations

from collections.abc import Mapping

from xenia.core.errors import InvalidValue
from xenia.record import Record

ID_TOKEN, ACCESS_TOKEN, SAML_TOKEN = "idToken", "accessToken", "saml2Token"
TOKEN_KINDS = (ID_TOKEN, ACCESS_TOKEN, SAML_TOKEN)
GROUP_CLAIMS = ("None", "SecurityGroup", "ApplicationGroup", "DirectoryRole", "All")
MOST_CLAIMS = 50
_JSON_WEB_TOKENS = (ID_TOKEN, ACCESS_TOKEN)


class OptionalClaim(Record):
    """A claim the portal offers: in which tokens, what it says, and its switches (``additionalProperties``)."""

    name: str
    description: str
    tokens: tuple[str, ...] = _JSON_WEB_TOKENS
    properties: tuple[str, ...] = ()


OFFERED_CLAIMS = (
    OptionalClaim("acct", "Whether the person is a guest (1) or a member (0)", TOKEN_KINDS),
    OptionalClaim("aud", "Audience: always the client ID of the API", (ACCESS_TOKEN,), ("use_guid",)),
    OptionalClaim("auth_time", "When the person last proved who they are"),
    OptionalClaim("ctry", "Country of the person"),
    OptionalClaim("email", "Mail address; guests show theirs anyway", TOKEN_KINDS),
    OptionalClaim("email_verified", "Whether the address was proven or belongs to this organization"),
    OptionalClaim("family_name", "Last name", TOKEN_KINDS),
    OptionalClaim("given_name", "First name", TOKEN_KINDS),
    OptionalClaim(
        "groups",
        "Groups, in the form chosen by the group claim",
        TOKEN_KINDS,
        (
            "sam_account_name",
            "dns_domain_and_sam_account_name",
            "netbios_domain_and_sam_account_name",
            "cloud_displayname",
            "emit_as_roles",
        ),
    ),
    OptionalClaim(
        "idtyp", "Whether a person or an app is the subject", (ACCESS_TOKEN,), ("include_user_token",)
    ),
    OptionalClaim("ipaddr", "Network address the person signed in from"),
    OptionalClaim("login_hint", "Opaque hint that finds this account again", (ID_TOKEN,)),
    OptionalClaim("preferred_username", "User name shown to people"),
    OptionalClaim("sid", "Session, for signing out of it"),
    OptionalClaim("signin_state", "Whether the person chose to stay signed in"),
    OptionalClaim("tenant_ctry", "Country of the organization"),
    OptionalClaim(
        "upn",
        "User principal name; guests need an additional property",
        TOKEN_KINDS,
        ("include_externally_authenticated_upn", "include_externally_authenticated_upn_without_hash"),
    ),
    OptionalClaim("verified_primary_email", "Mail address in a verified domain"),
    OptionalClaim("xms_cc", "Capabilities the client declared", (ACCESS_TOKEN,)),
    OptionalClaim("xms_edov", "Whether the mail address is in a domain its owner verified"),
    OptionalClaim("xms_pl", "Preferred language of the person"),
)
_BY_NAME = {claim.name: claim for claim in OFFERED_CLAIMS}

OptionalClaims = dict[str, list[dict[str, object]]]


def claim_offered(name: str) -> OptionalClaim | None:
    """What the portal knows about the claim of this name."""
    return _BY_NAME.get(name)


def checked_optional_claims(wanted: Mapping[str, object] | None) -> None:
    """Raises InvalidValue (field ``optional_claims``) naming what is wrong.

    Names beyond those offered are let pass: others issue them, and a token without one says nothing false.
    """
    for kind, claims in (wanted or {}).items():
        if kind not in TOKEN_KINDS or not isinstance(claims, list):
            raise _refused(f"'{kind}' is no list of claims: use {', '.join(TOKEN_KINDS)}.")
        if len(claims) > MOST_CLAIMS:
            raise _refused(f"{kind} has at most {MOST_CLAIMS} claims.")
        names = [_checked_claim(kind, claim) for claim in claims]
        double = next((name for name in names if names.count(name) > 1), None)
        if double is not None:
            raise _refused(f"{kind}: '{double}' is there twice.")


def _checked_claim(kind: str, claim: object) -> str:
    if not isinstance(claim, dict) or not set(claim) <= {
        "name",
        "source",
        "essential",
        "additionalProperties",
    }:
        raise _refused(f"{kind}: a claim has name, source, essential and additionalProperties.")
    name, source = claim.get("name"), claim.get("source")
    properties = claim.get("additionalProperties")
    if not isinstance(name, str) or not 0 < len(name) <= 256 or not name.isprintable():
        raise _refused(f"{kind}: a claim needs a name.")
    if source not in (None, "user"):
        raise _refused(f"{kind}: the source of '{name}' is null, or \"user\" for a directory extension.")
    if not isinstance(claim.get("essential", False), bool):
        raise _refused(f"{kind}: essential of '{name}' is true or false.")
    if properties is not None and not (
        isinstance(properties, list) and all(isinstance(item, str) for item in properties)
    ):
        raise _refused(f"{kind}: additionalProperties of '{name}' is a list of texts.")
    offered = _BY_NAME.get(name)
    if offered is not None and kind not in offered.tokens:
        raise _refused(f"{kind}: '{name}' is a claim of {' and '.join(offered.tokens)} alone.")
    unknown = next((item for item in properties or () if offered and item not in offered.properties), None)
    if unknown is not None:
        raise _refused(f"{kind}: '{name}' has no additional property '{unknown}'.")
    return name


def checked_group_claims(wanted: str | None) -> None:
    """``groupMembershipClaims``, one or several separated by commas. Raises InvalidValue."""
    kinds = [kind.strip() for kind in (wanted or "").split(",")] if wanted else []
    if any(kind not in GROUP_CLAIMS for kind in kinds) or len(set(kinds)) < len(kinds):
        raise InvalidValue(
            "group_membership_claims",
            f"groupMembershipClaims is one of {', '.join(GROUP_CLAIMS)}, or several with commas.",
        )
    if len(kinds) > 1 and "None" in kinds:
        raise InvalidValue("group_membership_claims", "None stands alone.")


def _refused(text: str) -> InvalidValue:
    return InvalidValue("optional_claims", text)
