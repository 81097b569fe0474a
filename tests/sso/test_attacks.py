"""The attack table: what a hostile provider, a stranger or another person's browser may try.

Each line fails when its check is taken away; what must be true after each is said once, at the end.
"""

import hmac
import json
import time
from base64 import urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives import serialization
from django.contrib.auth import get_user
from django.core.checks import run_checks
from django.test import Client, RequestFactory
from django.urls import reverse

from tenants.models import User
from tests.factories import OrganisationFactory
from tests.fakes import openid
from tests.fakes.openid import OTHER_KEY, PERSON, RSA_KEY
from tests.sso.conftest import go, is_signed_in, sign_in, start

pytestmark = pytest.mark.django_db

PUBLIC_PEM = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def unsigned(claims):
    """alg=none, written by hand: no library would sign it."""
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    return ".".join([*(_part(json.dumps(part).encode()) for part in parts), ""])


def signed_with_the_public_key(claims):
    """HS256, the public key of the provider for a secret (no library would take it either)."""
    said = ".".join(
        _part(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT", "kid": "key-1"}, claims)
    )
    return f"{said}.{_part(hmac.digest(PUBLIC_PEM, said.encode(), 'sha256'))}"


def _part(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def _with(**claims):
    def attack(provider):
        now = int(time.time())
        provider.id_token = {name: value(now) if callable(value) else value for name, value in claims.items()}

    return attack


def _none(provider):
    provider.make_id_token = unsigned


def _confusion(provider):
    provider.make_id_token = signed_with_the_public_key


def _another_key(provider):
    provider.signs_with = (OTHER_KEY, "RS256", "key-1")


def _key_in_the_token(provider):
    """The token brings the key that it is signed with."""
    jwk = openid.public_jwk(OTHER_KEY, "mine")
    provider.make_id_token = lambda claims: provider.sign(claims, OTHER_KEY, "RS256", "mine", jwk=jwk)


def _userinfo_of_another(provider):
    provider.userinfo = {"sub": "somebody-else"}


def _userinfo_by_another(provider):
    provider.signs_userinfo = (OTHER_KEY, "RS256", "key-1")


def _userinfo_unsigned(provider):
    body = unsigned(provider.claims()).encode()
    provider.pages["/userinfo"] = (200, "application/jwt", body)


def _userinfo_for_another(provider):
    provider.signs_userinfo = (RSA_KEY, "RS256", "key-1")
    provider.userinfo = {"aud": "another-client"}


def _userinfo_of_another_issuer(provider):
    provider.signs_userinfo = (RSA_KEY, "RS256", "key-1")
    provider.userinfo = {"iss": "https://evil.example"}


FORGED = {
    "alg none": _none,
    "key confusion": _confusion,
    "another key under the same name": _another_key,
    "its own key with it": _key_in_the_token,
    "wrong issuer": _with(iss="https://evil.example"),
    "no issuer": _with(iss=None),
    "wrong audience": _with(aud="another-client"),
    "wrong audiences": _with(aud=["another-client", "a-third"], azp="another-client"),
    "no audience": _with(aud=None),
    "authorized party is another": _with(azp="another-client"),
    "several audiences and no authorized party": _with(aud=["halle", "another-client"]),
    "expired": _with(exp=lambda now: now - 45),
    "without end": _with(exp=None),
    "not yet issued": _with(iat=lambda now: now + 45),
    "without date": _with(iat=None),
    "not yet valid": _with(nbf=lambda now: now + 45),
    "nonce of another request": _with(nonce="n" * 43),
    "no nonce": _with(nonce=None),
    "no subject": _with(sub=None),
    "userinfo of somebody else": _userinfo_of_another,
    "userinfo signed by another": _userinfo_by_another,
    "userinfo not signed": _userinfo_unsigned,
    "userinfo for another client": _userinfo_for_another,
    "userinfo of another issuer": _userinfo_of_another_issuer,
}


@pytest.mark.parametrize("attack", FORGED.values(), ids=FORGED)
def test_what_is_forged_signs_nobody_in(client, provider, attack):
    attack(provider)
    answer = sign_in(client)
    assert answer.status_code in (302, 400)
    if answer.status_code == 302:
        assert answer["Location"] == "/"
    assert not is_signed_in(client)
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["HS256", "none"])
def test_no_symmetric_algorithm_may_be_set(settings, name):
    settings.OIDC_ALGORITHMS = ["RS256", name]
    assert "sso.E002" in {problem.id for problem in run_checks(tags=["security"])}


# --- What comes back by the browser -----------------------------------------------------------------------


def test_a_way_back_serves_once(client, provider):
    path, parameters = go(start(client))
    assert client.get(path, parameters).status_code == 302
    again = client.get(path, parameters)
    assert again.status_code == 400
    assert len(provider.asked_for("/token")) == 1  # stopped here, before the provider


def test_a_code_used_before_is_refused_by_the_provider_and_here(client, provider):
    _, first = go(start(client))
    client.get(reverse("oidc_authentication_callback"), first)
    client.logout()
    _, second = go(start(client))
    answer = client.get(reverse("oidc_authentication_callback"), {**second, "code": first["code"]})
    assert answer.status_code == 400
    assert not is_signed_in(client)


def test_the_code_of_another_browser_is_of_no_use(client, provider):
    """PKCE: whoever has seen a code has not seen the secret that goes with it."""
    _, stolen = go(start(Client()))
    _, mine = go(start(client))
    answer = client.get(reverse("oidc_authentication_callback"), {**mine, "code": stolen["code"]})
    assert answer.status_code == 400
    assert not is_signed_in(client)


def test_the_state_of_another_session_is_refused(client, provider):
    """A stranger's way back, sent to somebody: she would act under his name without knowing."""
    path, his = go(start(Client()))
    start(client)
    answer = client.get(path, his)
    assert answer.status_code == 400
    assert not is_signed_in(client)
    assert provider.asked_for("/token") == []


@pytest.mark.parametrize("said", [{"iss": "https://evil.example"}, {"iss": None}], ids=["another", "none"])
@pytest.mark.parametrize("parameters", [{}, {"code": None, "error": "access_denied"}], ids=["code", "error"])
def test_an_answer_of_another_provider_is_refused(client, provider, said, parameters):
    """RFC 9207: the code would go to a provider that did not give it."""
    provider.document = {"authorization_response_iss_parameter_supported": True}
    provider.answer = said | parameters
    answer = sign_in(client)
    assert answer.status_code == 400
    assert provider.asked_for("/token") == []


def test_an_answer_that_says_its_provider_is_taken(client, provider):
    provider.document = {"authorization_response_iss_parameter_supported": True}
    provider.answer = {"iss": provider.url}
    sign_in(client)
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
        "https:evil.example", "https:///evil.example", "http:/\\evil.example", "javascript:alert(1)",
        "https://testserver@evil.example/", "https://testserver.evil.example/", " //evil.example",
        "\t//evil.example", "/\t/evil.example", "data:text/html,x",
    ],
)  # fmt: skip
def test_one_is_never_led_elsewhere(client, provider, elsewhere):
    assert sign_in(client, next=elsewhere)["Location"] == reverse("places")


def test_a_session_prepared_by_another_is_not_the_one_that_is_signed_in(client, provider):
    """Session fixation: the stranger keeps the key that he gave her."""
    start(client)
    given = client.session.session_key
    stranger = Client()
    stranger.cookies["sessionid"] = given
    sign_in(client)
    assert is_signed_in(client)
    assert not is_signed_in(stranger)


def test_signing_in_again_changes_the_key_too(client, provider):
    sign_in(client)
    before = client.session.session_key
    sign_in(client)
    assert client.session.session_key != before


def test_nothing_of_another_person_s_session_is_kept(client, provider):
    sign_in(client)
    session = client.session
    session["of_the_first"] = True
    session.save()
    provider.person = {**PERSON, "sub": "somebody-else"}
    sign_in(client)
    assert "of_the_first" not in client.session
    assert get_user(_request_of(client)).sub == "somebody-else"


def _request_of(client):
    request = RequestFactory().get("/")
    request.session = client.session
    return request


@pytest.mark.parametrize("state", [{}, {"state": "x" * 43}])
def test_an_error_that_anybody_may_send_signs_nobody_out(client, provider, state):
    """A picture whose address is our callback would do."""
    sign_in(client)
    client.get(reverse("oidc_authentication_callback"), {"error": "login_required", **state})
    assert is_signed_in(client)


# --- What the provider says of the person ------------------------------------------------------------


@pytest.mark.parametrize("said", [False, None, "true", 1])
def test_an_e_mail_that_is_not_verified_is_nobody_s(client, provider, said):
    provider.userinfo = {"email_verified": said}
    sign_in(client)
    assert User.objects.get().email == ""
    assert "n’a pas confirmé votre courriel" in client.get(reverse("places")).content.decode()


def test_an_e_mail_that_is_not_verified_replaces_none(client, provider):
    sign_in(client)
    provider.userinfo = {"email": "maire@autre-commune.example", "email_verified": False}
    sign_in(client)
    assert User.objects.get().email == PERSON["email"]


def test_a_provider_may_be_known_to_verify_every_e_mail(client, provider, settings):
    settings.OIDC_VERIFIES_EMAIL = True
    provider.userinfo = {"email_verified": None}
    sign_in(client)
    assert User.objects.get().email == PERSON["email"]
    provider.userinfo = {"email": "autre@mairie.example", "email_verified": False}
    sign_in(client)
    assert User.objects.get().email == PERSON["email"]


def test_the_siret_of_an_organisation_gives_no_right_there(client, provider):
    commune = OrganisationFactory()
    provider.userinfo = {"siret": f"{commune.siren}00012", "roles": ["agent_public_territorial"]}
    sign_in(client)
    assert not User.objects.get().memberships.exists()
    assert client.get(reverse("member_home", args=[commune.siren])).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"given_name": ["x"], "email": {"a": 1}},
        {"given_name": "x" * 9000, "email": "y" * 300},
        {"given_name": "a\0b"},
    ],
)
def test_claims_of_another_kind_break_nothing(client, provider, wrong):
    provider.userinfo = wrong
    assert sign_in(client).status_code == 302
    assert is_signed_in(client)
