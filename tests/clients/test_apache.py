"""mod_auth_openidc, as Debian ships it, in an Apache of the test: a web server that protects a folder by this server."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.clients.conftest import MIA, PASSWORD, SECRET, SITE, TENANT
from tests.support.person_at import browser_at, sent_to, sign_in_with
from tests.support.readme import documented
from tests.support.running import RunningXenia

APACHE = shutil.which("apache2") or shutil.which("apache2", path="/usr/sbin")
MODULES = Path("/usr/lib/apache2/modules")
NEEDED = ("mpm_event", "authn_core", "authz_core", "authz_user", "headers", "auth_openidc")

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(
        APACHE is None or not (MODULES / "mod_auth_openidc.so").exists(),
        reason="Apache with mod_auth_openidc is not installed (scripts/provision.sh apache)",
    ),
]


def _configuration(folder: Path, port: int, server: RunningXenia) -> str:
    issuer, _ = documented("openid-client", server.base, TENANT)
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in NEEDED)
    return f"""
ServerName localhost
ServerRoot {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
Listen 127.0.0.1:{port}
{modules}
DocumentRoot {folder}/pages
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCCABundlePath {folder}/ca.pem
OIDCClientID {SITE}
OIDCClientSecret {SECRET}
OIDCRedirectURI http://localhost:{port}/private/back
OIDCDefaultLoggedOutURL http://localhost:{port}/public.html
OIDCCryptoPassphrase only-for-this-test
OIDCScope "openid profile offline_access User.Read"
OIDCPKCEMethod S256
OIDCRemoteUserClaim preferred_username
User nobody
Group nogroup
<Directory {folder}/pages>
  Require all granted
</Directory>
<Location /private>
  AuthType openid-connect
  Require valid-user
  OIDCRefreshAccessTokenBeforeExpiry 7200
  Header set X-Who expr=%{{REMOTE_USER}}
  Header set X-Token "%{{OIDC_access_token}}e"
</Location>
<Location /private/nobody.html>
  Require claim preferred_username:nobody@contoso.example
</Location>
"""


@pytest.fixture(scope="module")
def apache(server: RunningXenia) -> Iterator[str]:
    """Its origin. Started by root it serves as nobody, who must be able to read its files."""
    with tempfile.TemporaryDirectory(prefix="xenia-apache-") as made:
        yield from _running(Path(made), server)


def _running(folder: Path, server: RunningXenia) -> Iterator[str]:
    folder.chmod(0o755)
    shutil.copy(server.ca_file, folder / "ca.pem")
    for name in ("public.html", "private/page.html", "private/nobody.html"):
        page = folder / "pages" / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(name)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    configuration = folder / "apache.conf"
    configuration.write_text(_configuration(folder, port, server))
    assert APACHE is not None
    with subprocess.Popen([APACHE, "-X", "-f", str(configuration)], stderr=subprocess.PIPE, text=True) as web:
        origin = f"http://localhost:{port}"
        waiting = threading.Event()
        while web.poll() is None:
            try:
                requests.get(f"{origin}/public.html", timeout=30)
                break
            except requests.ConnectionError:
                waiting.wait(0.05)
        assert web.poll() is None, web.stderr and web.stderr.read()
        yield origin
        web.terminate()


def test_a_protected_folder(server: RunningXenia, apache: str) -> None:
    web, walker = requests.Session(), browser_at(server)
    web.trust_env = False

    def get(path: str) -> requests.Response:
        return web.get(apache + path, allow_redirects=False, timeout=60)

    asked = get("/private/page.html")
    assert asked.status_code == 302
    back = sent_to(sign_in_with(walker, asked.headers["Location"], MIA, PASSWORD))
    assert get(back.removeprefix(apache)).headers["Location"] == f"{apache}/private/page.html"

    page = get("/private/page.html")
    assert (page.status_code, page.headers["X-Who"]) == (200, MIA)
    token = page.headers["X-Token"]
    # It renews before each request, as it was told to.
    renewed = get("/private/page.html").headers["X-Token"]
    assert renewed not in ("", token)
    status, me = server.call("GET", "/v1.0/me", headers={"Authorization": f"Bearer {renewed}"})
    assert (status, me["userPrincipalName"]) == (200, MIA)

    # Signed in, and not the one who may: the web server's refusal.
    assert get("/private/nobody.html").status_code == 401
    # An answer to a request that it never made: refused before anything is redeemed.
    assert requests.get(back, allow_redirects=False, timeout=60).status_code >= 400

    leaving = get(f"/private/back?logout={apache}/public.html").headers["Location"]
    assert urlsplit(leaving).path == f"/{TENANT}/oauth2/v2.0/logout"
    assert sent_to(walker.open(leaving)).startswith(f"{apache}/public.html")
    again = get("/private/page.html").headers["Location"]
    refused = parse_qs(urlsplit(sent_to(walker.open(f"{again}&prompt=none"))).query)
    assert refused["error"] == ["login_required"]
