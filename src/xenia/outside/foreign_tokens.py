"""Signatures of ID tokens that other identity providers issued.

Owns the cryptography only, by way of joserfc: asymmetric algorithms, keys from the provider's own set.
Issuer, audience, nonce and times are the caller's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

_LONGEST = 64 * 1024
_ASYMMETRIC = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
_JsonObject = dict[str, object]


class JoserfcTokens:
    """``ForeignTokens`` over joserfc."""

    def header(self, token: str) -> dict[str, object] | None:
        """The unverified JOSE header, or None when it is no signed JWT."""
        from joserfc import jws  # noqa: PLC0415  (start-up time)
        from joserfc.errors import JoseError  # noqa: PLC0415

        if len(token) > _LONGEST:
            return None
        try:
            return dict(jws.extract_compact(token.encode()).headers())
        except (JoseError, ValueError, TypeError, RecursionError):
            return None

    def claims(
        self, token: str, keys: Sequence[Mapping[str, object]], algorithms: Sequence[str]
    ) -> dict[str, object] | None:
        """Claims when one of *keys* signed it with one of *algorithms*, else None.

        Only asymmetric algorithms are ever used: a public key taken for a shared secret is the classic
        confusion (RFC 8725 section 3.1).
        """
        from joserfc import jws  # noqa: PLC0415  (start-up time)
        from joserfc.errors import JoseError  # noqa: PLC0415

        header = self.header(token)
        allowed = [name for name in algorithms if name in _ASYMMETRIC]
        if header is None or header.get("alg") not in allowed:
            return None
        for key in _candidates(keys, header):
            try:
                payload = jws.deserialize_compact(token, key, algorithms=allowed).payload
                return msgspec.json.decode(payload, type=_JsonObject)
            except (JoseError, ValueError, TypeError, msgspec.MsgspecError, RecursionError):
                continue
        return None


def _candidates(keys: Sequence[Mapping[str, object]], header: Mapping[str, object]) -> list[Any]:
    """The keys that may have signed: the one named by ``kid``, or all signing keys when none is named."""
    from joserfc import jwk  # noqa: PLC0415  (start-up time)
    from joserfc.errors import JoseError  # noqa: PLC0415

    kid = header.get("kid")
    found: list[Any] = []
    for entry in keys:
        if (kid is not None and entry.get("kid") != kid) or entry.get("use", "sig") != "sig":
            continue
        try:
            found.append(jwk.import_key(cast("dict[str, Any]", dict(entry))))
        except (JoseError, ValueError, TypeError):
            continue
    return found
