"""Sign-in at Halle through the real Keycloak, brokered to the realm that plays ProConnect."""

import contextlib
import hmac
import http.server
import json
import queue
import struct
import threading
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urljoin, urlsplit

import jwt
import pytest
import requests
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from sso import assurance
from sso.keycloak import services
from tenants.models import User
from tests.sso.conftest import is_signed_in
from tests.sso.keycloak.visitor import Visitor

pytestmark = pytest.mark.django_db

STRONG = ["eidas0-mfa", "eidas2", "eidas3"]
ASKED = [{"since": "2026-01-01", "multi_factor": [*STRONG, "eidas1-mfa"], "strong": STRONG}]
# It refuses a request with anything else (Y000400).
TAKEN_BY_PROCONNECT = frozenset(
    [
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "claims",
        "prompt",
        "login_hint",
    ]
)


@pytest.fixture
def door(keycloak, known, settings):
    """Halle's settings pointed at the broker's realm."""
    settings.OIDC_ISSUER = f"{known['url']}/realms/{known['realm']}"
    return settings.OIDC_ISSUER


def at_proconnect(client, visitor: Visitor, **asked) -> requests.Response:
    """Its page, where one says who one is."""
    page = visitor.open(client.get(reverse("oidc_authentication_init"), asked)["Location"])
    link = BeautifulSoup(page.content, "html.parser").find(id="social-proconnect")
    return visitor.open(urljoin(page.url, link["href"]))


def sign_in(client, name: str, visitor: Visitor, **asked):
    """By ProConnect, and back. Returns the answer to the callback."""
    page = at_proconnect(client, visitor, **asked)
    back = visitor.known_as(page, name)
    return arrive(client, back)


def arrive(client, back: str | requests.Response):
    """The answer of Halle to whoever comes back."""
    assert isinstance(back, str), back.text
    parts = urlsplit(back)
    return client.get(parts.path, {name: value for name, [value] in parse_qs(parts.query).items()})


def said(client) -> dict:
    """The claims of the ID token that Halle has checked."""
    return jwt.decode(client.session["oidc_id_token"], options={"verify_signature": False})


def test_an_agent_signs_in_by_proconnect_and_is_recognised(client, door):
    answer = sign_in(client, "odile", Visitor())
    assert answer["Location"] == reverse("places")
    person = User.objects.get()
    assert (person.issuer, person.get_full_name()) == (door, "Odile Brunerie")
    assert person.email == "odile.brunerie@mairie-virelade.example"
    assert person.sub
    claims = said(client)
    assert (claims["siret"], claims["acr"]) == ("21330554800010", "eidas1")
    assert claims["idp_id"] == "71144ab3-ee1a-4401-b7b3-79b44f7daeeb"
    client.logout()
    sign_in(client, "odile", Visitor())
    assert User.objects.get() == person


@pytest.mark.parametrize(("name", "strong"), [("marcel", True), ("odile", False)])
def test_what_halle_asks_of_a_sign_in_reaches_proconnect_and_its_answer_comes_back(
    client, door, settings, name, strong
):
    settings.OIDC_ASSURANCE = ASKED
    visitor = Visitor()
    page = at_proconnect(client, visitor, oidc_level="strong")
    asked = {name: value for name, [value] in parse_qs(urlsplit(page.url).query).items()}
    assert json.loads(asked["claims"]) == {"id_token": {"acr": {"essential": True, "values": STRONG}}}
    assert asked["prompt"] == "login"
    assert set(asked) <= TAKEN_BY_PROCONNECT
    arrive(client, visitor.known_as(page, name))
    assert assurance.reached(client.session, assurance.Level.STRONG) is strong


@contextlib.contextmanager
def listening() -> Iterator[tuple[str, queue.Queue]]:
    """The address of something that Keycloak may tell of a logout, and the forms that it was sent."""
    said = queue.Queue()

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            said.put(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            """Not on the tests' page."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", said
        server.shutdown()


def test_a_session_that_keycloak_ends_ends_at_halle(client, door, keycloak):
    with listening() as (address, said):
        (halle,) = keycloak.get("/test/clients", clientId="halle")
        path = f"/test/clients/{halle['id']}"
        there = {"backchannel.logout.url": address}
        keycloak.put(path, halle | {"attributes": halle["attributes"] | there})
        try:
            sign_in(client, "odile", Visitor())
            assert is_signed_in(client)
            assert services.end_sessions(keycloak, "test", sub=User.objects.get().sub)
        finally:
            keycloak.put(path, halle)
    # One for each session of hers, of the other tests too; all are said before Keycloak answers.
    while not said.empty():
        told = Client().post(
            reverse("oidc_backchannel_logout"), {"logout_token": said.get()["logout_token"][0]}
        )
        assert told.status_code == 200
    assert client.get(reverse("places")).status_code == 302  # to sign in


def test_signing_out_of_halle_signs_out_of_keycloak_and_of_proconnect(client, door, keycloak):
    sign_in(client, "odile", Visitor())
    sub = User.objects.get().sub
    services.end_sessions(keycloak, "test", sub=sub)  # those of the other tests
    client.logout()
    visitor = Visitor()
    sign_in(client, "odile", visitor)
    leaving = BeautifulSoup(client.post(reverse("oidc_logout")).content, "html.parser")
    back = visitor.open(leaving.main.find("a", class_="btn")["href"])
    assert isinstance(back, str), back.text
    assert urlsplit(back).path == reverse("oidc_signed_out")
    assert keycloak.get(f"/test/users/{sub}/sessions") == []
    page = at_proconnect(client, visitor)
    assert BeautifulSoup(page.content, "html.parser").find("input", {"name": "password"})


def test_two_agents_of_one_address_are_two_people_each_with_her_assurance(client, door, keycloak, known):
    """An e-mail identifies nobody: nobody is linked for having it."""
    path = f"/{known['stand_in_realm']}/users"
    (marcel,) = keycloak.get(path, username="marcel", exact="true")
    same = {"email": "odile.brunerie@mairie-virelade.example"}
    keycloak.put(f"{path}/{marcel['id']}", marcel | same)
    sign_in(client, "odile", Visitor())
    client.logout()
    sign_in(client, "marcel", Visitor())
    keycloak.put(f"{path}/{marcel['id']}", marcel)
    assert said(client)["acr"] == "eidas2"
    assert sorted(User.objects.values_list("first_name", "email")) == [
        ("Marcel", same["email"]),
        ("Odile", same["email"]),
    ]


def test_a_private_vendor_signs_in_by_password_and_a_code_that_she_must_set_up(client, door, keycloak):
    made = keycloak.post("/test/users", {
        "username": "theo@tablee.example", "email": "theo@tablee.example", "emailVerified": True,
        "firstName": "Théo", "lastName": "Pellegarde", "enabled": True,
        "credentials": [{"type": "password", "value": "un mot de passe assez long", "temporary": False}],
    })  # fmt: skip
    try:
        visitor = Visitor()
        page = visitor.open(client.get(reverse("oidc_authentication_init"))["Location"])
        page = visitor.submit(page, username="theo@tablee.example", password="un mot de passe assez long")
        secret = BeautifulSoup(page.content, "html.parser").find(id="totpSecret")["value"]
        back = visitor.submit(page, totp=code(secret), userLabel="téléphone")
        arrive(client, back)
        assert User.objects.get().get_full_name() == "Théo Pellegarde"
        # The next time, the password alone opens nothing.
        visitor = Visitor()
        page = visitor.open(client.get(reverse("oidc_authentication_init"))["Location"])
        page = visitor.submit(page, username="theo@tablee.example", password="un mot de passe assez long")
        assert BeautifulSoup(page.content, "html.parser").find("input", {"name": "otp"})
    finally:
        keycloak.delete(f"/test/users/{made}")


def code(secret: str) -> str:
    """The six digits of this half minute (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(secret.encode(), counter, "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4]) & 0x7FFFFFFF) % 1_000_000:06d}"
