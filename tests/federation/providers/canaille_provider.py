"""PyPI canaille with one person and one client, in memory. Usage: canaille_provider.py CONFIG.json; says when it listens."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from canaille import create_app
from canaille.app import models
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server


def main() -> None:
    config: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    key = RSAKey.generate_key(2048, parameters={"kid": "first", "alg": "RS256", "use": "sig"})
    host = f"localhost:{config['port']}"
    app = create_app(
        {
            "SECRET_KEY": "a key of the tests",
            "SERVER_NAME": host,
            "PREFERRED_URL_SCHEME": "http",
            "SESSION_COOKIE_SECURE": False,
            "CANAILLE": {"DATABASE": "memory", "LOGGING": None, "SMTP": None},
            "CANAILLE_OIDC": {"ACTIVE_JWKS": [key.as_dict(private=True)]},
        }
    )
    with app.app_context():
        backend = app.backend
        backend.save(
            models.User(
                user_name=config["user"],
                password=config["password"],
                emails=[config["email"]],
                formatted_name="Pia Partner",
                given_name="Pia",
                family_name="Partner",
            )
        )
        client = models.Client(
            client_id=config["client_id"],
            client_secret=config["client_secret"],
            client_name="Contoso",
            client_uri="https://login.test",
            redirect_uris=config["redirect_uris"],
            grant_types=["authorization_code"],
            response_types=["code"],
            scope=["openid", "profile", "email"],
            token_endpoint_auth_method="client_secret_post",
        )
        backend.save(client)
        client.audience = [client]
        backend.save(client)
    server = make_server("127.0.0.1", config["port"], app, threaded=True)
    print("listening", flush=True)
    server.serve_forever()


main()
