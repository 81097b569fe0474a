"""The demo identity provider, as the process it is, through the authorization-code flow of OpenID Connect."""

import json
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from bs4 import BeautifulSoup

from tests.fakes import identity

CLIENT = {"client_id": "halle", "client_secret": "secret-de-demonstration"}
CALLBACK = "http://127.0.0.1:8000/oidc/callback/"
STATE, NONCE = "s" * 32, "n" * 32
PEOPLE = [
    {
        "sub": "claire-moreau",
        "given_name": "Claire",
        "usual_name": "Moreau",
        "email": "c.moreau@sainte-rosalie.example",
        "siret": "21350238800019",
        "role": "Secrétaire de mairie",
        "organisation": "Commune de Sainte-Rosalie",
    },
    {
        "sub": "paul-d-aure",
        "given_name": "Paul",
        "usual_name": "D’Aure <maire>",
        "email": "p.daure@sainte-rosalie.example",
        "siret": "21350238800019",
        "role": "Maire",
        "organisation": "Commune de Sainte-Rosalie",
    },
]


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with identity.running(PEOPLE, tmp_path_factory.mktemp("identity")) as url:
        yield url


def authorize(provider, **choice):
    """Open the page and press a button, as a browser does; gives the parameters of the callback."""
    query = {
        "response_type": "code",
        "scope": "openid profile email",
        "client_id": CLIENT["client_id"],
        "redirect_uri": CALLBACK,
        "state": STATE,
        "nonce": NONCE,
    }
    answer = requests.post(
        f"{provider}/oauth2/authorize", params=query, data=choice, allow_redirects=False, timeout=10
    )
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(CALLBACK)
    return {name: value for name, [value] in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def exchange(provider, code):
    body = {**CLIENT, "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    return requests.post(f"{provider}/oauth2/token", data=body, timeout=10)


def test_the_page_lists_each_person_with_role_and_organisation(provider):
    query = {"response_type": "code", "scope": "openid", "client_id": "halle", "redirect_uri": CALLBACK}
    page = BeautifulSoup(
        requests.get(f"{provider}/oauth2/authorize", params=query, timeout=10).text, "html.parser"
    )
    buttons = page.select("button[name=sub]")
    assert [button.text for button in buttons] == ["Claire Moreau", "Paul D’Aure <maire>"]
    beside = [page.find(id=button["aria-describedby"]).get_text(" ") for button in buttons]
    assert beside == [
        "Secrétaire de mairie Commune de Sainte-Rosalie",
        "Maire Commune de Sainte-Rosalie",
    ]
    assert page.html["lang"] == "fr"
    assert "://" not in str(page.head)


def test_pressing_a_button_gives_a_signed_identity(provider):
    callback = authorize(provider, sub="claire-moreau")
    assert callback["state"] == STATE
    tokens = exchange(provider, callback["code"]).json()
    [key] = requests.get(f"{provider}/jwks", timeout=10).json()["keys"]
    identity = jwt.decode(
        tokens["id_token"], jwt.PyJWK(key, "RS256"), algorithms=["RS256"], audience="halle", issuer=provider
    )
    assert identity["acr"] == "eidas2"
    assert (identity["sub"], identity["nonce"]) == ("claire-moreau", NONCE)
    assert "kid" not in jwt.get_unverified_header(tokens["id_token"])

    userinfo = requests.get(
        f"{provider}/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}, timeout=10
    ).json()
    assert userinfo == {
        "sub": "claire-moreau",
        "given_name": "Claire",
        "usual_name": "Moreau",
        "family_name": "Moreau",
        "email": "c.moreau@sainte-rosalie.example",
        "email_verified": True,
        "siret": "21350238800019",
        "acr": "eidas2",
    }


def test_a_code_serves_once(provider):
    code = authorize(provider, sub="paul-d-aure")["code"]
    assert [exchange(provider, code).status_code for _ in range(2)] == [200, 400]


def test_declining_comes_back_with_an_error(provider):
    assert authorize(provider, action="deny")["error"] == "access_denied"


def test_the_endpoints_are_those_the_settings_name(provider):
    found = requests.get(f"{provider}/.well-known/openid-configuration", timeout=10).json()
    assert found["issuer"] == provider
    paths = [
        ("authorization_endpoint", "/oauth2/authorize"),
        ("token_endpoint", "/oauth2/token"),
        ("userinfo_endpoint", "/userinfo"),
        ("jwks_uri", "/jwks"),
        ("end_session_endpoint", "/oauth2/end_session"),
    ]
    assert [found[name] for name, _ in paths] == [provider + path for _, path in paths]


def test_signing_out_returns_to_the_marketplace(provider):
    home = "http://127.0.0.1:8000/"
    page = requests.get(f"{provider}/oauth2/end_session?post_logout_redirect_uri={home}", timeout=10)
    form = BeautifulSoup(page.text, "html.parser").form
    back = requests.post(
        provider + form["action"],
        data={"redirect_uri": form.input["value"]},
        allow_redirects=False,
        timeout=10,
    )
    assert (back.status_code, back.headers["Location"]) == (302, home)


def test_signing_out_of_a_client_that_knows_her_asks_nothing(provider):
    asked = {"id_token_hint": "x", "post_logout_redirect_uri": CALLBACK, "state": STATE}
    back = requests.get(f"{provider}/oauth2/end_session", params=asked, allow_redirects=False, timeout=10)
    assert (back.status_code, back.headers["Location"]) == (302, f"{CALLBACK}?state={STATE}")


@pytest.mark.parametrize("people", [[{"given_name": "Sans"}], [{"sub": "a"}, {"sub": "a"}]])
def test_a_faulty_list_of_people_is_refused_in_one_line(tmp_path, people):
    path = tmp_path / "people.json"
    path.write_text(json.dumps(people), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "demo.identity", "--port", "1", "--people", path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "needs a `sub`" in done.stderr.splitlines()[-1]
