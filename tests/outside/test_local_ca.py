"""The local CA: TLS that clients accept for our names, and for nobody else's."""

from __future__ import annotations

import ssl
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from tests.support.inviting import SetClock
from xenia.outside.ambient import SystemClock
from xenia.outside.certificate_authority import ServerCertificate, fingerprint
from xenia.outside.local_ca import LocalCa

HOSTS = ("localhost", "127.0.0.1", "::1", "contoso.localhost")


def handshake(issued: ServerCertificate, name: str) -> None:
    """A TLS handshake in memory. Raises ssl.SSLCertVerificationError when the client does not accept."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(issued.certificate_file, issued.key_file)
    trusting = ssl.create_default_context(cafile=str(issued.ca_file))
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server, server_hostname=name)
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(10):
        done = 0
        for side in (client, server):
            try:
                side.do_handshake()
                done += 1
            except ssl.SSLWantReadError:
                pass
        if done == 2:
            return
    raise AssertionError("no handshake")


def test_clients_that_trust_the_ca_accept_every_host(tmp_path: Path) -> None:
    issued = LocalCa(tmp_path, SystemClock()).server_certificate(HOSTS)
    for host in HOSTS:
        handshake(issued, host)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(issued, "other.localhost")


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    LocalCa(tmp_path / "tls", SystemClock()).server_certificate(HOSTS)
    for name in ("ca-key.pem", "server-key.pem"):
        assert stat.S_IMODE((tmp_path / "tls" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "tls").stat().st_mode) == 0o700


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    first = LocalCa(tmp_path, SystemClock()).server_certificate(HOSTS)
    served = first.certificate_file.read_bytes()
    assert LocalCa(tmp_path, SystemClock()).server_certificate(reversed(list(HOSTS))) == first  # type: ignore[arg-type]
    assert first.certificate_file.read_bytes() == served


def test_a_new_local_host_gets_a_new_certificate_from_the_same_ca(tmp_path: Path) -> None:
    ca = LocalCa(tmp_path, SystemClock())
    first = ca.server_certificate(HOSTS)
    second = ca.server_certificate((*HOSTS, "fabrikam.localhost", "192.168.1.20", "box.local"))
    assert second.fingerprint == first.fingerprint
    handshake(second, "192.168.1.20")
    handshake(second, "box.local")


def test_a_host_elsewhere_needs_a_new_ca_which_says_so_by_its_fingerprint(tmp_path: Path) -> None:
    ca = LocalCa(tmp_path, SystemClock())
    first = ca.server_certificate(HOSTS)
    second = ca.server_certificate((*HOSTS, "xenia.school.example"))
    assert second.fingerprint != first.fingerprint
    assert second.fingerprint == fingerprint(second.ca_file.read_bytes())
    handshake(second, "xenia.school.example")


@pytest.mark.parametrize("name", ["login.microsoftonline.com", "graph.microsoft.com", "MICROSOFTONLINE.COM."])
def test_names_of_sign_in_services_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="public sign-in service"):
        LocalCa(tmp_path, SystemClock()).server_certificate((name,))
    assert not list(tmp_path.iterdir())


def test_the_ca_itself_is_confined(tmp_path: Path) -> None:
    """Even with the CA's key in hand, nobody gets a certificate for another name accepted."""
    ca = LocalCa(tmp_path, SystemClock())
    ca.server_certificate(HOSTS)
    authority = x509.load_pem_x509_certificate(ca.ca_file.read_bytes())
    found = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert found.critical
    stolen = LocalCa(tmp_path, SystemClock())
    names = ["login.example.com", *HOSTS]
    certificate, key = stolen._issue(names, authority, _ca_key(tmp_path))
    from xenia.outside.certificate_authority import key_pem, pem

    (tmp_path / "forged.pem").write_bytes(pem(certificate))
    (tmp_path / "forged-key.pem").write_bytes(key_pem(key))
    forged = ServerCertificate(tmp_path / "forged.pem", tmp_path / "forged-key.pem", ca.ca_file, "")
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        handshake(forged, "login.example.com")


def test_certificates_are_renewed_before_they_end(tmp_path: Path) -> None:
    clock = SetClock()
    ca = LocalCa(tmp_path, clock)
    first = ca.server_certificate(HOSTS)
    served = first.certificate_file.read_bytes()
    clock.advance(timedelta(days=160))
    assert ca.server_certificate(HOSTS) == first
    assert first.certificate_file.read_bytes() == served
    clock.advance(timedelta(days=11))
    assert ca.server_certificate(HOSTS).fingerprint == first.fingerprint
    assert first.certificate_file.read_bytes() != served


def _ca_key(folder: Path) -> object:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key((folder / "ca-key.pem").read_bytes(), None)
