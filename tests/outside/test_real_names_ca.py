"""The second CA: it speaks for the real service's names that were asked for, and for nothing and nobody else."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.outside.test_local_ca import handshake
from tests.support.inviting import SetClock
from xenia.core.real_names import NEEDED_NAMES, REAL_NAMES
from xenia.outside.ambient import SystemClock
from xenia.outside.certificate_authority import ServerCertificate, key_pem, pem
from xenia.outside.local_ca import LocalCa
from xenia.outside.real_names_ca import RealNamesCa


def test_clients_that_trust_it_accept_the_names_and_no_other(tmp_path: Path) -> None:
    issued = RealNamesCa(tmp_path, SystemClock()).server_certificate(NEEDED_NAMES)
    for name in NEEDED_NAMES:
        handshake(issued, name)
    for name in ("localhost", "login.windows.net", "a.graph.microsoft.com"):
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake(issued, name)


def test_it_has_nothing_in_common_with_the_local_ca(tmp_path: Path) -> None:
    local = LocalCa(tmp_path, SystemClock()).server_certificate(("localhost",))
    second = RealNamesCa(tmp_path / "stand-in", SystemClock()).server_certificate(NEEDED_NAMES)
    keys = [x509.load_pem_x509_certificate(one.ca_file.read_bytes()).public_key() for one in (local, second)]
    assert keys[0] != keys[1]
    crossed = ServerCertificate(second.certificate_file, second.key_file, local.ca_file, "")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(crossed, NEEDED_NAMES[0])


@pytest.mark.parametrize("name", ["accounts.google.com", "localhost", "microsoftonline.com", "127.0.0.1"])
def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="issues no certificate for"):
        RealNamesCa(tmp_path, SystemClock()).server_certificate((*NEEDED_NAMES, name))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "why"),
    [("login.windows.net", "permitted subtree"), ("bank.example", "permitted"), ("127.0.0.1", "excluded")],
)
def test_a_stolen_key_reaches_no_further(tmp_path: Path, name: str, why: str) -> None:
    """Addresses are excluded too: a kind of name that no constraint mentions would be free."""
    ca = RealNamesCa(tmp_path, SystemClock())
    ca.server_certificate(NEEDED_NAMES)
    authority = x509.load_pem_x509_certificate(ca.ca_file.read_bytes())
    assert authority.extensions.get_extension_for_class(x509.NameConstraints).critical
    stolen = load_pem_private_key((tmp_path / "ca-key.pem").read_bytes(), None)
    certificate, key = ca._issue([name], authority, stolen)  # type: ignore[arg-type]
    (tmp_path / "forged.pem").write_bytes(pem(certificate))
    (tmp_path / "forged-key.pem").write_bytes(key_pem(key))
    forged = ServerCertificate(tmp_path / "forged.pem", tmp_path / "forged-key.pem", ca.ca_file, "")
    with pytest.raises(ssl.SSLCertVerificationError, match=why):
        handshake(forged, name)


def test_other_names_mean_another_ca_and_another_trust(tmp_path: Path) -> None:
    ca = RealNamesCa(tmp_path, SystemClock())
    first = ca.server_certificate(NEEDED_NAMES)
    assert ca.server_certificate(tuple(reversed(NEEDED_NAMES))) == first
    wider = ca.server_certificate(REAL_NAMES)
    assert wider.fingerprint != first.fingerprint
    narrower = ca.server_certificate(NEEDED_NAMES)
    assert narrower.fingerprint not in {first.fingerprint, wider.fingerprint}


def test_it_ends_after_weeks(tmp_path: Path) -> None:
    clock = SetClock()
    ca = RealNamesCa(tmp_path, clock)
    first = ca.server_certificate(NEEDED_NAMES)
    clock.advance(timedelta(days=29))
    assert ca.server_certificate(NEEDED_NAMES).fingerprint == first.fingerprint
    clock.advance(timedelta(days=2))
    assert ca.server_certificate(NEEDED_NAMES).fingerprint != first.fingerprint
