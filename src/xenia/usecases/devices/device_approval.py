"""What a person decides about a waiting device (RFC 8628 section 3.3), once; it stands whatever comes later."""

from __future__ import annotations

from datetime import datetime

from xenia.core import errors
from xenia.core.device_code import DeviceApproval
from xenia.core.ids import TenantId
from xenia.core.signin.answer import SignedIn
from xenia.ports import Ports, Transaction
from xenia.record import replace


def decline_device(ports: Ports, tenant_id: TenantId, code_hash: str, now: datetime) -> None:
    """The person said no; a decision made before stands."""

    def work(tx: Transaction) -> None:
        code = tx.sign_ins.find_device_code(code_hash)
        if code is not None:
            tx.sign_ins.decide_device_code(replace(code, approval=None), now)

    ports.store.write(tenant_id, work)


def approve_device(ports: Ports, tx: Transaction, signed_in: SignedIn, code_hash: str, now: datetime) -> None:
    """The person said yes and is signed in: part of the transaction that finishes their sign-in.

    Raises UserCodeExpired, UserCodeDecided.
    """
    code = tx.sign_ins.find_device_code(code_hash)
    if code is None or code.expires_at <= now:
        raise errors.UserCodeExpired
    approval = DeviceApproval(
        user_id=signed_in.user.id,
        sid=signed_in.sid,
        proofs=signed_in.proofs,
        family_id=ports.entropy.token(16),
        is_persistent=signed_in.is_persistent,
    )
    if not tx.sign_ins.decide_device_code(replace(code, approval=approval), now):
        raise errors.UserCodeDecided
