"""How a token request names and proves its client: in the body, by HTTP Basic, or by an assertion.

Reading only; ``usecases.tokens.authenticate_client`` decides. RFC 6749 section 2.3, RFC 7523 section 2.2.
"""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_plus

from xenia.core.errors import InvalidRequest, MissingParameter, WrongClientSecret
from xenia.core.ids import fold
from xenia.usecases.tokens.authenticate_client import PresentedClient
from xenia.web.http import HttpRequest, Params

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def presented_client(request: HttpRequest, form: Params) -> PresentedClient:
    """What the request says about its client.

    Raises MissingParameter without any client, InvalidRequest for contradictions and for two methods at
    once, WrongClientSecret for a Basic header that cannot be read.
    """
    client_id, secret, assertion = (
        form.find("client_id"),
        form.find("client_secret"),
        form.find("client_assertion"),
    )
    authorization = request.header("authorization")
    if authorization.lower().startswith("basic "):
        basic_id, basic_secret = _basic(authorization[6:])
        if secret is not None or assertion is not None:
            raise InvalidRequest("client_secret", "The client authenticated in more than one way.")
        if client_id is not None and fold(client_id) != fold(basic_id):
            raise InvalidRequest(
                "client_id", "The client_id differs from the one in the Authorization header."
            )
        client_id, secret = basic_id, basic_secret
    if assertion is not None and form.get("client_assertion_type") != ASSERTION_TYPE:
        raise InvalidRequest(
            "client_assertion_type", f"The client_assertion_type must be '{ASSERTION_TYPE}'."
        )
    if not client_id:
        raise MissingParameter("client_id")
    # An empty secret is what some libraries send for a public client.
    return PresentedClient(client_id, secret or None, assertion, request.client_address)


def _basic(encoded: str) -> tuple[str, str]:
    """Both halves are form-encoded before base64 (RFC 6749 section 2.3.1); client libraries do encode."""
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise WrongClientSecret("") from None
    client_id, colon, secret = text.partition(":")
    if not colon:
        raise WrongClientSecret("")
    return unquote_plus(client_id), unquote_plus(secret)
