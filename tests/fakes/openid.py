"""An identity provider that does as told: honest until a test makes it hostile, over real HTTP.

A judge, not a mock: it checks PKCE, the client and that a code serves once, as a real one does.
"""

import base64
import hashlib
import http.server
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PERSON = {
    "sub": "odile",
    "given_name": "Odile",
    "usual_name": "Brunerie",
    "email": "odile@mairie.example",
    "email_verified": True,
    "siret": "21420137800012",
}
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def public_jwk(key, kid: str) -> dict:
    curve = isinstance(key, ec.EllipticCurvePrivateKey)
    kind = jwt.algorithms.ECAlgorithm if curve else jwt.algorithms.RSAAlgorithm
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}


@dataclass
class Code:
    asked: dict
    used: bool = False


@dataclass
class Provider:
    """What it is and what it does; a test changes any of it, before or between two requests."""

    url: str = ""
    person: dict = field(default_factory=lambda: dict(PERSON))
    keys: dict = field(default_factory=lambda: {"key-1": RSA_KEY, "key-2": EC_KEY})
    signs_with: tuple = (RSA_KEY, "RS256", "key-1")
    id_token: dict = field(default_factory=dict)  # claims changed; None takes one away
    userinfo: dict = field(default_factory=dict)  # the same
    signs_userinfo: tuple | None = None  # key, algorithm, key identifier: then it is a token
    document: dict = field(default_factory=dict)  # the same, of the discovery document
    answer: dict = field(default_factory=dict)  # parameters of the way back, changed
    pages: dict = field(default_factory=dict)  # path → (status, type, body), instead of its own
    make_id_token: Callable[[dict], str] | None = None
    acr: str = ""  # what it has really checked
    codes: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)  # (method, path, parameters), as they came

    def asked_for(self, path: str) -> list[dict]:
        return [parameters for _, asked, parameters in self.asked if asked == path]

    def discovery(self) -> dict:
        return self._changed(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "jwks_uri": f"{self.url}/keys",
                "end_session_endpoint": f"{self.url}/logout",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            },
            self.document,
        )

    def authorize(self, asked: dict) -> str:
        """Where a browser is sent back to, as soon as it comes."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = Code(asked)
        back = self._changed({"code": code, "state": asked["state"]}, self.answer)
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def token(self, form: dict) -> tuple[int, dict]:
        found = self.codes.get(form.get("code"))
        challenge = base64.urlsafe_b64encode(
            hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        ).rstrip(b"=")
        proven = (form.get("client_id"), form.get("client_secret")) == ("halle", "demo")
        if not proven:
            return 401, {"error": "invalid_client"}
        if (
            found is None
            or found.used
            or found.asked.get("code_challenge_method") != "S256"
            or found.asked.get("code_challenge", "").encode() != challenge
            or found.asked["redirect_uri"] != form.get("redirect_uri")
        ):
            return 400, {"error": "invalid_grant"}
        found.used = True
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": found.asked["client_id"],
            "sub": self.person["sub"],
            "sid": "session-1",
            "nonce": found.asked["nonce"],
            "iat": now,
            "exp": now + 60,
            "auth_time": now,
        } | ({"acr": self.acr} if self.acr else {})
        claims = self._changed(claims, self.id_token)
        token = self.make_id_token(claims) if self.make_id_token else self.sign(claims, *self.signs_with)
        access = secrets.token_urlsafe(16)
        return 200, {"access_token": access, "token_type": "Bearer", "expires_in": 60, "id_token": token}

    def sign(self, claims: dict, key, algorithm: str, kid: str | None, **headers) -> str:
        named = {"kid": kid} if kid else {}
        return jwt.encode(claims, key, algorithm=algorithm, headers={**named, **headers})

    def claims(self) -> dict:
        return self._changed(dict(self.person), self.userinfo)

    @staticmethod
    def _changed(values: dict, changes: dict) -> dict:
        return {name: value for name, value in {**values, **changes}.items() if value is not None}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._answer(self._parameters(urlsplit(self.path).query))

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        form = self._parameters(self.rfile.read(length).decode())
        basic = self.headers.get("Authorization", "")
        if basic.startswith("Basic "):
            name, _, secret = base64.b64decode(basic[6:]).decode().partition(":")
            form |= {"client_id": name, "client_secret": secret, "by": "basic"}
        self._answer(form)

    def _answer(self, parameters: dict) -> None:
        provider, path = self.server.provider, urlsplit(self.path).path
        provider.asked.append((self.command, path, parameters))
        if path in provider.pages:
            return self._send(*provider.pages[path])
        if path == "/authorize":
            return self._send(302, "text/plain", b"", Location=provider.authorize(parameters))
        if path == "/logout":
            back = f"{parameters['post_logout_redirect_uri']}?{urlencode({'state': parameters['state']})}"
            return self._send(302, "text/plain", b"", Location=back)
        if path == "/userinfo" and provider.signs_userinfo:
            token = provider.sign(provider.claims(), *provider.signs_userinfo)
            return self._send(200, "application/jwt", token.encode())
        status, said = 404, {}
        if path == "/.well-known/openid-configuration":
            status, said = 200, provider.discovery()
        elif path == "/keys":
            status, said = 200, {"keys": [public_jwk(key, kid) for kid, key in provider.keys.items()]}
        elif path == "/token":
            status, said = provider.token(parameters)
        elif path == "/userinfo":
            status, said = 200, provider.claims()
        return self._send(status, "application/json", json.dumps(said).encode())

    def _send(self, status: int, kind: str, body: bytes, **headers) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    @staticmethod
    def _parameters(query: str) -> dict:
        return {name: value for name, [value, *_] in parse_qs(query, keep_blank_values=True).items()}

    def log_message(self, *args):
        """Nothing: a test reads `asked`."""


@contextmanager
def serving() -> Iterator[Provider]:
    """A provider on a port of this machine, until the end."""
    provider = Provider()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.provider = provider
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
