"""Which key signs a token: the app's own where it has one, else the common one; and what an app's key set shows.

A token is signed for whoever reads it: an ID token for the client, an access token for the API. Reading, except that
a key for ES256 is made where one is due: that takes microseconds, so it may happen within a transaction.
"""

from __future__ import annotations

from datetime import datetime

from xenia.core.directory.application import Application, ServicePrincipal
from xenia.core.directory.signing_key import (
    ES256,
    USUAL_LIFETIME,
    AppSigningKey,
    es256_signer,
    outlived,
    wants_es256_key,
)
from xenia.core.ids import AppId, TenantId
from xenia.ports import Ports, PublicKey, Transaction


def access_token_key(tx: Transaction, principal: ServicePrincipal) -> AppSigningKey | None:
    """The API's own key, if it has one."""
    if principal.token_signing_key is None:
        return None
    held = tx.app_keys.of_principal(principal.id)
    return next((key for key in held if key.kid == principal.token_signing_key), None)


def id_token_key(
    ports: Ports, tx: Transaction, client: Application, principal: ServicePrincipal, now: datetime
) -> AppSigningKey | None:
    """The client's own key: for ES256 where it asks for that, else the certificate it was given. Within a write."""
    if client.id_token_signed_response_alg != ES256:
        return access_token_key(tx, principal)
    return es256_signer(_with_due(ports, tx, principal, now), now)


def logout_token_key(tx: Transaction, app_id: AppId, now: datetime) -> AppSigningKey | None:
    """As for its ID tokens (OpenID Connect Back-Channel Logout 1.0 section 2.4). Reads only."""
    client, principal = tx.applications.find_by_app_id(app_id), tx.applications.service_principal(app_id)
    if client is None or principal is None:
        return None
    if client.id_token_signed_response_alg == ES256:
        return es256_signer(tx.app_keys.of_principal(principal.id), now)
    return access_token_key(tx, principal)


def published_keys(ports: Ports, tenant_id: TenantId, app_id: AppId) -> tuple[tuple[PublicKey, ...], bool]:
    """The app's own keys in this tenant, those that do not sign yet or any more too; and whether it asks for ES256.

    Nothing for an app that the tenant does not know, or that has no key of its own.
    """
    now = ports.clock.now()
    with ports.store.read(tenant_id) as tx:
        client, principal = tx.applications.find_by_app_id(app_id), tx.applications.service_principal(app_id)
        if client is None or principal is None:
            return (), False
        keys = tx.app_keys.of_principal(principal.id)
    asks = client.id_token_signed_response_alg == ES256
    if asks and wants_es256_key(keys, now):
        # Whoever reads the key set before the first sign-in finds there what will sign it.
        keys = ports.store.write(tenant_id, lambda tx: _with_due(ports, tx, principal, now))
    return tuple(ports.keys.published(key) for key in keys if asks or key.algorithm != ES256), asks


def _with_due(
    ports: Ports, tx: Transaction, principal: ServicePrincipal, now: datetime
) -> tuple[AppSigningKey, ...]:
    """The principal's keys, a due one for ES256 among them, without those nobody needs any more."""
    keys = tx.app_keys.of_principal(principal.id)
    if not wants_es256_key(keys, now):
        return keys
    made = ports.keys.make_app_key(
        principal, ES256, "ID tokens with ES256", now, now + USUAL_LIFETIME, ports.entropy.guid()
    )
    tx.app_keys.add(made)
    gone = outlived(keys, now)
    for key in gone:
        tx.app_keys.remove(key.kid)
    return (*(key for key in keys if key not in gone), made)
