"""What a vendor types of its sign-in by SAML, and what is refused of it."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.utils import timezone

from provisioning.sign_in_typed import Typed, judged
from tenants.refusals import Refused
from tests.sso.keycloak.saml_service import make_key

BACK = "https://service.example/acs"
ENTITY = "https://service.example/saml/{siren}"


@pytest.fixture(scope="module")
def pem() -> str:
    return make_key().certificate


def der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


def kept(**typed) -> dict:
    whole = {"protocol": "saml", "redirect_uris": [BACK], "entity_id": ENTITY} | typed
    return judged(Typed(**whole), now=timezone.now())


@pytest.mark.parametrize(
    "entity_id",
    [
        ENTITY,
        "https://{siren}.service.example",
        "urn:service:{abonnement}",
        "http://a/{siren}?de={abonnement}",
    ],
)
def test_a_name_that_is_another_for_each_subscription_is_kept(entity_id):
    assert kept(entity_id=f" {entity_id} ")["entity_id"] == entity_id


@pytest.mark.parametrize(
    ("entity_id", "words"),
    [
        ("", "Écrivez l’identifiant d’entité"),
        ("https://service.example/saml", "Chaque abonnement a son propre client"),
        ("https://service.example/{SIREN}", "ne remplace que {siren} et {abonnement}"),
        ("https://service.example/{siren.__class__}", "ne remplace que {siren} et {abonnement}"),
        ("https://service.example/{siren", "ne remplace que {siren} et {abonnement}"),
        ("service-{siren}", "Écrivez une adresse"),
        ("halle-{abonnement}", "Écrivez une adresse"),
        ("javascript:{siren}", "Écrivez une adresse"),
        ("https://[{siren}", "Écrivez une adresse"),
        ("https:///{siren}", "Écrivez une adresse"),
        ("https://a b/{siren}", "Écrivez une adresse"),
        ("https://service.example/é/{siren}", "Écrivez une adresse"),
        ("https://a/\0{siren}", "Écrivez une adresse"),
        (f"https://service.example/{'a' * 200}{{siren}}", "200 caractères au plus"),
    ],
)
def test_another_name_is_refused_with_what_to_do(entity_id, words):
    with pytest.raises(Refused, match=words) as refusal:
        kept(entity_id=entity_id)
    assert refusal.value.field == "entity_id"


# By name: each process of the tests makes keys of its own.
PASTED = {
    "as it is": lambda pem: pem,
    "with spaces": lambda pem: f"  {pem}\n",
    "from Windows": lambda pem: pem.replace("\n", "\r\n"),
    "base64": lambda pem: base64.b64encode(der(pem)).decode(),
    "base64 in lines": lambda pem: base64.encodebytes(der(pem)).decode(),
}
REFUSED = {
    "words": (lambda pem: "certificat", "illisible"),
    "accents": (lambda pem: "é", "illisible"),
    "cut": (lambda pem: pem[:200], "illisible"),
    "changed": (lambda pem: pem.replace("M", "N"), "illisible"),
    "with its key": (lambda pem: f"{pem}-----BEGIN RSA PRIVATE KEY-----", "clé privée"),
    "over": (lambda pem: make_key(days=-1).certificate, "périmé"),
    "weak": (lambda pem: make_key(bits=1024).certificate, "2048 bits"),
}


@pytest.mark.parametrize("how", PASTED)
def test_a_certificate_is_kept_in_one_form_however_it_is_pasted(how, pem):
    assert kept(certificate=PASTED[how](pem))["certificate"] == pem


@pytest.mark.parametrize("how", REFUSED)
def test_another_certificate_is_refused_with_what_to_do(how, pem):
    pasted, words = REFUSED[how]
    with pytest.raises(Refused, match=words) as refusal:
        kept(certificate=pasted(pem))
    assert refusal.value.field == "certificate"


def test_what_the_chosen_protocol_does_not_use_is_left_out(pem):
    every = {"signed_out_uri": "not an address", "certificate": pem}
    assert kept(**every)["signed_out_uri"] == ""
    openid = kept(protocol="openid", **every | {"signed_out_uri": BACK})
    assert (openid["entity_id"], openid["certificate"], openid["signed_out_uri"]) == ("", "", BACK)
    gone = kept(redirect_uris=[" "], entity_id="", **every)
    assert not any(value for name, value in gone.items() if name != "protocol")
    with pytest.raises(Refused, match="Choisissez") as refusal:
        kept(protocol="ldap")
    assert refusal.value.field == "protocol"
