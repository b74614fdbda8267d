"""Redeeming a provider's code: who came back is what its ID token (or profile) says, after every check.

Blocks on other people's servers: an errand. Its last act is one write transaction with the proof.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote_plus, urlencode

from xenia.core.directory.identity_provider import (
    ClientAuthentication,
    ExternalAccount,
    IdentityProvider,
    ProviderKind,
)
from xenia.core.signin.federation import Federation
from xenia.core.signin.foreign_claims import AccountRefused, account_of, claim
from xenia.core.signin.foreign_id_token import (
    ALGORITHMS,
    Expected,
    IdTokenRefused,
    check_id_token,
)
from xenia.ports import Fetched, FetchFailed, FetchRefused, FetchRequest, Ports
from xenia.record import Record
from xenia.usecases.federation.begin import SEALED_FOR, failure_of
from xenia.usecases.federation.discovered import Endpoints, EndpointsRefused, endpoints_of
from xenia.usecases.federation.partner import idp_claim
from xenia.usecases.federation.recognise import recognise
from xenia.usecases.federation.trouble import HandOverFailed, with_trouble
from xenia.usecases.sign_in.errands import Waiting, settle

SECRET_SEALED_FOR = "identity-provider"  # noqa: S105  (a purpose)
_ASSERTION_LIFETIME = timedelta(minutes=5)
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

Claims = Mapping[str, object]


class Returned(Record):
    """An answer of a provider, and the hand-over it answers."""

    partner: IdentityProvider
    federation: Federation
    code: str
    iss: str | None
    """The parameter by which the provider names itself (RFC 9207)."""
    login: str | None
    fresh_since: datetime | None


def redeem_answer(ports: Ports, waiting: Waiting, returned: Returned) -> None:
    """The errand: ask the provider, then put proof or trouble into the interaction."""
    record_id, name = ports.entropy.guid(), returned.partner.display_name
    try:
        account = _account(ports, returned)
    except (
        HandOverFailed,
        FetchFailed,
        FetchRefused,
        EndpointsRefused,
        IdTokenRefused,
        AccountRefused,
    ) as error:
        failed = _failed(error)
        settle(
            ports,
            waiting,
            lambda tx, situation, now: with_trouble(
                tx, situation, failed, name, waiting.browser, record_id, now
            ),
        )
        return
    settle(ports, waiting, lambda tx, situation, now: recognise(tx, situation, account, now))


def _failed(error: Exception) -> HandOverFailed:
    if isinstance(error, HandOverFailed):
        return error
    if isinstance(error, (IdTokenRefused, AccountRefused)):
        return HandOverFailed(*error.args)
    return failure_of(error)


def _account(ports: Ports, returned: Returned) -> ExternalAccount:
    """Who came back. Raises whatever is wrong."""
    partner = returned.partner
    endpoints = endpoints_of(ports, partner)
    _check_who_answers(endpoints, returned)
    answer = _redeem(ports, endpoints, returned)
    if partner.kind is ProviderKind.FACEBOOK:
        claims = _profile(ports, partner, endpoints, answer)
    else:
        claims = _id_token_claims(ports, endpoints, returned, answer)
        claims = _completed(ports, partner, endpoints, answer, claims)
    return account_of(partner, idp_claim(partner), claims, login=returned.login)


def _check_who_answers(endpoints: Endpoints, returned: Returned) -> None:
    """Before the code goes anywhere: a code of one provider must not be sent to another (RFC 9207 section 2.4)."""
    if returned.iss is None and not endpoints.names_itself:
        return
    if returned.iss != endpoints.issuer:
        raise HandOverFailed("issuer", f"iss is {ascii(returned.iss)[:200]}, expected {endpoints.issuer}")


def _redeem(ports: Ports, endpoints: Endpoints, returned: Returned) -> Claims:
    """The token request (OpenID Connect Core section 3.1.3.1) with PKCE (RFC 7636 section 4.5)."""
    verifier = ports.sealer.open(returned.federation.sealed_verifier, SEALED_FOR).decode()
    form = {
        "grant_type": "authorization_code",
        "code": returned.code,
        "redirect_uri": returned.federation.redirect_uri,
        "code_verifier": verifier,
    }
    fetched = ports.fetcher.fetch(token_request(ports, returned.partner, endpoints.token, form))
    answer = json_object(fetched)
    if fetched.status != 200 or answer is None:
        said = answer.get("error") if answer else None
        key = "down" if fetched.status >= 500 else "code"
        raise HandOverFailed(key, f"the token endpoint answered {fetched.status} {ascii(said)[:80]}")
    return answer


def token_request(ports: Ports, partner: IdentityProvider, url: str, form: Mapping[str, str]) -> FetchRequest:
    """A request to the token endpoint in our name (OpenID Connect Core section 9)."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    body = dict(form)
    method = partner.client_authentication
    if method is ClientAuthentication.SECRET_BASIC:
        # RFC 6749 section 2.3.1: both are form-encoded before they are joined.
        joined = f"{quote_plus(partner.client_id)}:{quote_plus(_secret(ports, partner))}"
        headers["Authorization"] = f"Basic {base64.b64encode(joined.encode()).decode()}"
    else:
        body["client_id"] = partner.client_id
    if method is ClientAuthentication.SECRET_POST:
        body["client_secret"] = _secret(ports, partner)
    elif method is ClientAuthentication.PRIVATE_KEY_JWT:
        body |= {
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": _assertion(ports, partner, url),
        }
    return FetchRequest("POST", url, headers, urlencode(body).encode(), tenant_id=partner.tenant_id)


def _secret(ports: Ports, partner: IdentityProvider) -> str:
    return (
        ports.sealer.open(partner.sealed_secret, SECRET_SEALED_FOR).decode() if partner.sealed_secret else ""
    )


def _assertion(ports: Ports, partner: IdentityProvider, url: str) -> str:
    """``private_key_jwt`` (RFC 7523 section 3), signed with the key that our own key set publishes."""
    if "://" in partner.client_id:
        # Our tokens are known by an issuer that is a URL: an assertion must never look like one of them.
        raise HandOverFailed("code", "a client id that is an address cannot be used with private_key_jwt")
    now = ports.clock.now()
    return ports.keys.sign(
        {
            "iss": partner.client_id,
            "sub": partner.client_id,
            "aud": url,
            "jti": ports.entropy.guid(),
            "iat": int(now.timestamp()),
            "exp": int((now + _ASSERTION_LIFETIME).timestamp()),
        }
    )


def _id_token_claims(ports: Ports, endpoints: Endpoints, returned: Returned, answer: Claims) -> Claims:
    """Claims of the ID token: signed by a key of the provider, and made for this hand-over."""
    token = answer.get("id_token")
    header = ports.foreign_tokens.header(token) if isinstance(token, str) else None
    if not isinstance(token, str) or header is None:
        raise HandOverFailed("signature", "the token endpoint sent no signed ID token")
    kid, partner = header.get("kid"), returned.partner
    keys = ports.provider_documents.keys(
        endpoints.keys, partner.tenant_id, kid if isinstance(kid, str) else None
    )
    claims = ports.foreign_tokens.claims(token, keys, ALGORITHMS)
    if claims is None:
        raise HandOverFailed(
            "signature", f"no key of the provider signed the ID token (alg {ascii(header.get('alg'))[:40]})"
        )
    expected = Expected(partner.issuer, partner.client_id, returned.federation.nonce, returned.fresh_since)
    check_id_token(claims, expected, ports.clock.now())
    return claims


def _completed(
    ports: Ports, partner: IdentityProvider, endpoints: Endpoints, answer: Claims, claims: Claims
) -> Claims:
    """With what only the userinfo endpoint says. The ID token's word comes first.

    OpenID Connect Core section 5.3.2: the answer counts for the same ``sub`` only (token substitution).
    """
    names = partner.claims
    known = claim(claims, names.email) and (
        claim(claims, names.display_name) or claim(claims, names.given_name)
    )
    if known or not endpoints.userinfo or not isinstance(answer.get("access_token"), str):
        return claims
    try:
        profile = _profile(ports, partner, endpoints, answer)
    except (HandOverFailed, FetchFailed, FetchRefused):
        return claims  # who it is, is proven; the rest can be typed
    if profile.get("sub") != claims.get("sub"):
        raise HandOverFailed("profile", "the userinfo endpoint speaks of another sub")
    return _merged(partner, claims, profile)


def _merged(partner: IdentityProvider, claims: Claims, profile: Claims) -> Claims:
    """Both answers as one. An address and its confirmation come from the same: one must not vouch for the other's."""
    flag = partner.claims.email_verified
    if claim(claims, partner.claims.email):
        profile = {name: value for name, value in profile.items() if name != flag}
    else:
        claims = {name: value for name, value in claims.items() if name != flag}
    return {**profile, **claims}


def _profile(ports: Ports, partner: IdentityProvider, endpoints: Endpoints, answer: Claims) -> Claims:
    """The profile behind the access token that was just issued to us."""
    token = answer.get("access_token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not endpoints.userinfo:
        raise HandOverFailed("profile", "no access token for the profile")
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    request = FetchRequest("GET", endpoints.userinfo, headers, tenant_id=partner.tenant_id)
    fetched = ports.fetcher.fetch(request)
    profile = json_object(fetched)
    if fetched.status != 200 or profile is None:
        raise HandOverFailed("profile", f"the profile answered {fetched.status}")
    return profile


def json_object(fetched: Fetched) -> dict[str, object] | None:
    """The body as a JSON object, or None."""
    try:
        found = json.loads(fetched.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
