"""Sign-in at Halle through the real Keycloak, brokered to the realm that plays ProConnect."""

import hmac
import struct
import time
from urllib.parse import parse_qs, urljoin, urlsplit

import jwt
import pytest
import requests
from bs4 import BeautifulSoup
from django.urls import reverse

from tenants.models import User
from tests.sso.keycloak.visitor import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def door(keycloak, known, settings):
    """Halle's settings pointed at the broker's realm."""
    settings.OIDC_ISSUER = f"{known['url']}/realms/{known['realm']}"
    return settings.OIDC_ISSUER


def sign_in(client, name: str, visitor: Visitor):
    """By ProConnect, and back. Returns the answer to the callback."""
    page = visitor.open(client.get(reverse("oidc_authentication_init"))["Location"])
    link = BeautifulSoup(page.content, "html.parser").find(id="social-proconnect")
    page = visitor.open(urljoin(page.url, link["href"]))
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
