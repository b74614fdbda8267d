"""Facts: what one sign-in has proven so far, by whom and when. They only grow, or start over."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from xenia.core.directory.identity_provider import ExternalAccount
from xenia.core.ids import ObjectId
from xenia.core.sign_up import SignUpProgress
from xenia.record import Record, replace


class Realm(StrEnum):
    """Where an account proves itself. Decided from the address alone, whoever exists."""

    PASSWORD = "password"  # noqa: S105  (a realm's name)
    EMAIL_PASSCODE = "email_passcode"
    FEDERATED = "federated"
    """At another identity provider, named by ``Facts.provider_id``."""


class ErrandKind(StrEnum):
    """What an interaction may wait for at somebody else's server."""

    PROVIDER = "provider"
    CONNECTOR = "connector"


class Errand(Record):
    """A request to somebody else's server that is under way between two transactions."""

    id: str
    kind: ErrandKind
    host: str
    """Shown while waiting."""
    started_at: datetime


class Factor(StrEnum):
    """First factor (who are you) or second factor (prove it again, differently)."""

    FIRST = "first"
    SECOND = "second"


class Proof(Record):
    """A credential shown and checked: method, moment, ``amr`` values (RFC 8176) and whose it was."""

    method: str
    factor: Factor
    at: datetime
    amr: tuple[str, ...]
    issuer: str
    """Identity provider: ``mail`` for passcodes, the tenant's initial domain for passwords and apps."""
    subject: str
    """The account at that provider: folded address, user principal name, or what the provider calls it."""
    provider_id: str | None = None
    """The configured provider that was asked, when it was proven at one."""


class Facts(Record):
    """Everything known about the person in front of this browser, in this interaction."""

    login: str | None = None
    """The address or user name as typed, picked or invited."""
    realm: Realm | None = None
    user_id: ObjectId | None = None
    """The directory object; for guests known only after the proof, so that pages cannot tell."""
    chosen: bool = False
    """Whether the account was typed or picked in this interaction (satisfies ``select_account``)."""
    proofs: tuple[Proof, ...] = ()
    sid: str | None = None
    """Session the proofs come from, when single sign-on supplied them."""
    accepted: bool = False
    """Review permissions was accepted here."""
    declined: bool = False
    """Consent or permissions were declined here: the answer is an error to the app."""
    consented_scopes: tuple[str, ...] = ()
    consent_given: bool = False
    """The consent page was answered here (satisfies ``prompt=consent``)."""
    consent_requested: bool = False
    """An administrator was asked to agree; until one does there is nothing more to do here."""
    stay_signed_in: bool | None = None
    provider_id: str | None = None
    """Where a ``FEDERATED`` account proves itself."""
    account: ExternalAccount | None = None
    """What that provider said, once it was proven there."""
    hand_over: str | None = None
    """Address at the provider to continue to, sealed for the purpose ``federation``."""
    trouble: str | None = None
    """Why the last hand-over led to nothing: a key the page has a sentence for."""
    errand: Errand | None = None
    """Somebody else's server is being asked; nothing else happens meanwhile."""
    sign_up: SignUpProgress | None = None
    """*No account? Create one* was chosen, and how far that is."""

    def with_account(
        self,
        login: str | None,
        realm: Realm,
        user_id: ObjectId | None = None,
        *,
        provider_id: str | None = None,
    ) -> Facts:
        """Start over with another account: every fact about the previous one is dropped.

        Without *login* the provider alone was chosen: who it is, it will say.
        """
        return Facts(login=login, realm=realm, user_id=user_id, provider_id=provider_id, chosen=True)

    def with_proof(self, proof: Proof, user_id: ObjectId | None = None) -> Facts:
        """Add a proof; one per factor is kept, the newest."""
        kept = tuple(old for old in self.proofs if old.factor is not proof.factor)
        return replace(self, proofs=(*kept, proof), user_id=user_id or self.user_id)

    def proof(self, factor: Factor) -> Proof | None:
        """The proof of this factor, or None."""
        return next((proof for proof in self.proofs if proof.factor is factor), None)
