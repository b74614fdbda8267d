"""Sign-ins whose tokens are renewed: with consent to stay, and no second factor in the way."""

from __future__ import annotations

from typing import Any

from tests.support.federating import without_second_factor
from tests.support.protocol import NATIVE, SPA, Protocol, body_of
from xenia.core.directory.application import GRAPH_APP_ID, Platform

OIDC = ("openid", "profile", "offline_access")
SPA_ORIGIN = "https://spa.example"


def may_stay(idp: Protocol) -> Protocol:
    """Orders may have refresh tokens for everybody; the tenant demands no second factor."""
    without_second_factor(idp.server, idp.tenant_id)
    idp.grant(GRAPH_APP_ID, *OIDC)
    return idp


def signed_in(idp: Protocol, platform: Platform = Platform.WEB, **request: Any) -> dict[str, Any]:
    """The answer of a first redemption, refresh token included, of an app of this kind."""
    request = {"scopes": OIDC, **request}
    changes: dict[str, str | None] = {}
    if platform is not Platform.WEB:
        uri = SPA if platform is Platform.SPA else NATIVE
        request |= {"platform": platform, "redirect_uri": uri}
        changes = {"redirect_uri": uri, **as_(platform)}
    answer = body_of(idp.redeem(idp.sign_in(**request)["code"], **changes))
    assert "refresh_token" in answer, answer
    return answer


def as_(platform: Platform) -> dict[str, str | None]:
    """How a client of this kind proves itself."""
    if platform is Platform.WEB:
        return {}
    if platform is Platform.SPA:
        return {"client_secret": None, "origin": SPA_ORIGIN}
    return {"client_secret": None}
