"""The end of an authorization request: who signed in, and what goes back to the app."""

from __future__ import annotations

from datetime import datetime

from xenia.core.directory.application import Application, ServicePrincipal
from xenia.core.directory.tenant import Tenant
from xenia.core.directory.user import User
from xenia.core.signin.facts import Factor, Proof
from xenia.record import Record


class SignedIn(Record):
    """Everything proven at the end of an interaction; the only thing tokens are issued from."""

    tenant: Tenant
    user: User
    client: Application
    principal: ServicePrincipal
    proofs: tuple[Proof, ...]
    sid: str
    is_persistent: bool
    base_url: str
    """Origin at which the app talked to us: issuer and endpoints follow it."""
    ip_address: str
    directory_roles: frozenset[str] = frozenset()

    @property
    def auth_time(self) -> datetime:
        """When the person last proved the first factor (``auth_time``)."""
        first = next(proof for proof in self.proofs if proof.factor is Factor.FIRST)
        return first.at

    @property
    def identity_provider(self) -> str | None:
        """The ``idp`` claim: where a guest authenticated; None when that is the tenant itself."""
        first = next(proof for proof in self.proofs if proof.factor is Factor.FIRST)
        return None if first.issuer == self.tenant.initial_domain else first.issuer


class Answer(Record):
    """An authorization response (or error) for the app, not yet rendered in its response mode."""

    redirect_uri: str
    response_mode: str
    """``query``, ``fragment`` or ``form_post``."""
    params: tuple[tuple[str, str], ...]
    app_name: str = ""
