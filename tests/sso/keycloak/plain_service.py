"""A service without any framework that agents enter through Halle: what a vendor writes with `http.server`,
`requests` and PyJWT. It runs in a thread of the tests, and has no line of Halle in it."""

import base64
import hashlib
import http.server
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import requests

NAME = "Registre sans cadriciel"
COOKIE = "registre"


class PlainService(http.server.ThreadingHTTPServer):
    """Its sessions, by cookie; `given` is what its vendor was given: fournisseur, identifiant, secret."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Pages)
        self.given: dict[str, str] = {}
        self.sessions: dict[str, dict] = {}

    @property
    def home(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def at(self, name: str) -> str:
        """An endpoint of its provider."""
        return f"{self.given['fournisseur']}/protocol/openid-connect/{name}"

    def read(self, token: str) -> dict:
        """The claims of a token, whose signature, issuer and audience are checked."""
        key = jwt.PyJWKClient(self.at("certs")).get_signing_key_from_jwt(token)
        return jwt.decode(
            token, key, algorithms=["RS256"], audience=self.given["identifiant"],
            issuer=self.given["fournisseur"],
        )  # fmt: skip


class _Pages(http.server.BaseHTTPRequestHandler):
    server: PlainService

    def do_GET(self):
        path, session = urlsplit(self.path).path, self._session()
        if path == "/retour":
            self._come_back(session)
        elif path == "/au-revoir":
            self._say("<h1>Au revoir</h1>")
        elif path == "/sortir":
            self.server.sessions.pop(session["key"], None)
            back = {
                "id_token_hint": session["token"],
                "post_logout_redirect_uri": f"{self.server.home}au-revoir",
            }
            self._lead(f"{self.server.at('logout')}?{urlencode(back)}")
        elif path != "/":
            self._say("", status=404)
        elif "claims" in session:
            claims = session["claims"]
            self._say(
                f"<h1>{NAME}</h1><p>{claims['given_name']} pour {claims['organization_siret']}</p>"
                '<a href="/sortir">Sortir</a>'
            )
        else:
            self._ask()

    def do_POST(self):
        """Back-Channel Logout 1.0."""
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        sid = self.server.read(sent["logout_token"][0])["sid"]
        for key, session in list(self.server.sessions.items()):
            if session.get("claims", {}).get("sid") == sid:
                del self.server.sessions[key]
        self._say("")

    def _ask(self):
        key, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        session = {"state": secrets.token_urlsafe(32), "nonce": secrets.token_urlsafe(32)}
        self.server.sessions[key] = session | {"verifier": verifier}
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "scope": "openid",
            "client_id": self.server.given["identifiant"],
            "redirect_uri": f"{self.server.home}retour",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **session,
        }
        self._lead(f"{self.server.at('auth')}?{urlencode(asked)}", cookie=key)

    def _come_back(self, session):
        sent = {name: value for name, [value] in parse_qs(urlsplit(self.path).query).items()}
        if sent.get("state") != session.get("state", ""):
            self._say("<h1>Accès refusé</h1>", status=403)
            return
        answer = requests.post(
            self.server.at("token"),
            data={
                "grant_type": "authorization_code",
                "code": sent["code"],
                "redirect_uri": f"{self.server.home}retour",
                "code_verifier": session["verifier"],
                "client_id": self.server.given["identifiant"],
                "client_secret": self.server.given["secret"],
            },
            timeout=30,
        )
        token = answer.json()["id_token"]
        claims = self.server.read(token)
        if claims["nonce"] != session["nonce"] or "agent" not in claims.get("service_roles", []):
            self._say("<h1>Accès refusé</h1>", status=403)
            return
        self.server.sessions[session["key"]] = {"claims": claims, "token": token}
        self._lead("/")

    def _session(self) -> dict:
        held = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        key = held.value if held else ""
        return self.server.sessions.get(key, {}) | {"key": key}

    def _say(self, page: str, *, status: int = 200):
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.encode())

    def _lead(self, url: str, *, cookie: str = ""):
        self.send_response(302)
        if cookie:
            self.send_header("Set-Cookie", f"{COOKIE}={cookie}; HttpOnly; Path=/")
        self.send_header("Location", url)
        self.end_headers()

    def log_message(self, *args):
        pass


@contextmanager
def plain_service() -> Iterator[PlainService]:
    """Running; it knows its provider once `given` is set."""
    with PlainService() as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        yield service
        service.shutdown()
