"""A member's own provider, over real HTTP and a real DNS: tried, proven, lost. Keycloak is in tests/sso."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from provisioning.connectors.identity import proof, saml
from provisioning.connectors.identity.fetching import Unfit
from provisioning.models import MemberDomain, MemberProvider, MemberProviderMove, ProviderKind, ProviderState
from provisioning.own_providers import applying, domains, operations, proving
from provisioning.own_providers.typed import Typed
from tenants.models import AuditEvent, KnownDomain, Letter, Role
from tenants.people.domains import organisation_of
from tenants.refusals import Refused
from tests.factories import (
    AdhesionFactory,
    MemberDomainFactory,
    MemberProviderFactory,
    MembershipFactory,
    OrganisationFactory,
    UserFactory,
)
from tests.fakes import dns, openid
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
S = ProviderState


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def names(settings):
    with dns.serving() as names:
        settings.DNS_RESOLVER = names.address
        yield names


@pytest.fixture
def server():
    with openid.serving() as server:
        yield server


@pytest.fixture
def person():
    return UserFactory()


def typed(server, **changed) -> Typed:
    said = {"kind": "oidc", "name": "Annuaire", "issuer": server.url, "client_id": "halle", "secret": "demo"}
    return Typed(**said | changed)


def keep(server, organisation, person, now, **changed) -> MemberProvider:
    with as_worker():
        return operations.keep(organisation=organisation, typed=typed(server, **changed), by=person, now=now)


def tried(found, person, now) -> MemberProvider:
    with as_worker():
        operations.ask_trial(organisation=found.tenant, by=person, now=now)
    assert jobs.run_jobs() == ["provisioning.tasks.try_own_provider"]
    return fresh(found)


def fresh(one):
    with as_worker():
        return type(one)._base_manager.get(pk=one.pk)


def test_a_provider_is_tried_and_what_it_says_is_kept(server, person, now):
    found = keep(server, OrganisationFactory(), person, now)
    assert "demo" not in f"{found.typed}{found.sealed}"
    found = tried(found, person, now)
    assert (found.state, found.problem, found.asked_at) == (S.TRIED, "", None)
    assert found.described["addresses"]["tokenUrl"] == f"{server.url}/token"
    with as_worker():
        moves = MemberProviderMove.objects.order_by("pk").values_list("before", "after", "by")
        assert list(moves) == [("draft", "trying", person.pk), ("trying", "tried", None)]
        told = list(AuditEvent.objects.order_by("pk").values_list("what", flat=True))
    assert told == ["member_provider.changed", "member_provider.tried"]
    # Set otherwise, it is to be tried again; its secret stays when none is typed.
    found = keep(server, found.tenant, person, now, secret="", name="Autre nom")
    assert found.state == S.DRAFT
    assert tried(found, person, now).state == S.TRIED


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"document": {"issuer": "https://autre.example"}}, "dit s’appeler « https://autre.example »"),
        ({"document": {"token_endpoint": None}}, "ne dit pas « token_endpoint »"),
        ({"document": {"code_challenge_methods_supported": ["plain"]}}, "PKCE"),
        ({"document": {"id_token_signing_alg_values_supported": ["HS256", "none"]}}, "clé publique"),
        ({"document": {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}}, "client_secret_basic"),
        ({"document": {"response_types_supported": ["id_token"]}}, "parcours par code"),
        ({"document": {"jwks_uri": "ftp://annuaire.example/keys"}}, "doit commencer par https://"),
        ({"document": {"userinfo_endpoint": "https://moi:secret@annuaire.example/"}}, "aucun mot de passe"),
        ({"pages": {"/keys": (200, "application/json", b'{"keys": []}')}}, "Aucune clé publique"),
        (
            {"pages": {"/.well-known/openid-configuration": (200, "text/html", b"<html>")}},
            "vérifiez l’émetteur",
        ),
        ({"pages": {"/token": (404, "text/html", b"<html>")}}, "(réponse 404)"),
    ],
)
def test_what_does_not_fit_is_said(server, person, now, made, said):
    for name, value in made.items():
        setattr(server, name, value)
    found = tried(keep(server, OrganisationFactory(), person, now), person, now)
    assert found.state == S.FAILED
    assert said in found.problem


def test_a_wrong_secret_is_found_out_and_never_said(server, person, now):
    found = tried(keep(server, OrganisationFactory(), person, now, secret="hidden-one"), person, now)
    assert "ne reconnaît pas" in found.problem
    assert "hidden-one" not in found.problem


def test_no_private_machine_is_asked(server, person, now, settings):
    organisation = OrganisationFactory()
    found = keep(server, organisation, person, now)
    settings.ALLOW_PRIVATE_ADDRESSES = False
    with as_worker():
        MemberProvider.objects.filter(pk=found.pk).update(
            typed={"issuer": server.url.replace("http", "https"), "client_id": "halle"}
        )
    assert "réseau privé" in tried(found, person, now).problem
    assert server.asked == []
    with pytest.raises(Refused, match="https://"):
        keep(server, organisation, person, now)


def test_a_trial_that_kills_each_worker_ends(server, person, now):
    found = keep(server, OrganisationFactory(), person, now)
    with as_worker():
        operations.ask_trial(organisation=found.tenant, by=person, now=now)
        MemberProvider.objects.update(attempts=3)
    jobs.forget()
    with as_worker():
        applying.sweep(now=now + timedelta(minutes=2))
    jobs.run_jobs()
    assert (fresh(found).state, server.asked) == (S.FAILED, [])


# --- The domains -------------------------------------------------------------------------------


def add(provider, domain, person, now) -> MemberDomain:
    with as_worker():
        return domains.add_domain(organisation=provider.tenant, domain=domain, by=person, now=now)


def check(domain, now) -> MemberDomain:
    with as_worker():
        domains.ask_check(organisation=domain.tenant, public_id=domain.public_id, now=now)
        jobs.forget()
        proving.carry_out(domain_id=domain.pk, now=now)
    return fresh(domain)


def test_a_domain_is_proven_by_its_dns_alone(names, person, now):
    domain = add(MemberProviderFactory(), " @Mairie-Évry.example. ", person, now)
    assert domain.domain == "xn--mairie-vry-h7a.example"
    name = f"_halle-verification.{domain.domain}"
    assert "pas encore visible" in check(domain, now).problem
    names.records[name] = ["v=spf1 -all"]
    assert "autre chose" in check(domain, now).problem
    names.broken = {name}
    assert "ne répond pas" in check(domain, now).problem
    names.broken = set()
    names.records[name] = ["v=spf1 -all", f"halle-verification={domain.token}"]
    found = check(domain, now)
    assert found.proven_at is not None
    assert (found.problem, found.asked_at) == ("", None)


def test_a_name_server_that_says_nothing_is_waited_for_a_moment_only(names, monkeypatch, now):
    monkeypatch.setattr(proof, "SECONDS", 0.3)
    names.silent = {"_halle-verification.mairie.example"}
    domain = MemberDomainFactory(domain="mairie.example", proven_at=None)
    assert "ne répond pas" in check(domain, now).problem


@pytest.mark.parametrize(
    "typed", ["", "mairie", "http://mairie.fr", "a..fr", "-a.fr", "192.168.1.1", "a b.fr", "é" * 80 + ".fr"]
)
def test_what_is_no_domain_is_refused(typed, person, now):
    with pytest.raises(Refused, match="arobase"):
        add(MemberProviderFactory(), typed, person, now)


def test_a_domain_is_of_one_organisation_until_its_proof_is_lost(names, person, now):
    first = MemberDomainFactory(domain="mairie.example")
    second = add(MemberProviderFactory(), "mairie.example", person, now)
    assert second.token != first.token
    names.records["_halle-verification.mairie.example"] = [f"halle-verification={second.token}"]
    found = check(second, now)
    assert (found.proven_at, "autre organisation" in found.problem) == (None, True)
    with pytest.raises(IntegrityError, match="member_domain_of_one_organisation"), transaction.atomic():
        MemberDomainFactory(domain="mairie.example")
    check(first, now)
    assert check(first, now + timedelta(days=4)).proven_at is None
    assert check(second, now + timedelta(days=4)).proven_at is not None


def test_only_the_proven_domain_of_an_organisation_names_it_to_those_who_sign_in(names, person, now):
    def named():
        return organisation_of("odile@mairie.example", now=now)

    domain = add(MemberProviderFactory(), "mairie.example", person, now)
    check(domain, now)
    assert named() is None
    names.records["_halle-verification.mairie.example"] = [f"halle-verification={domain.token}"]
    check(domain, now)
    assert named() == domain.tenant
    KnownDomain.objects.all().delete()  # proven before anybody could ask to join by it
    check(domain, now)
    assert named() == domain.tenant
    names.records.clear()
    check(domain, now)
    check(domain, now + timedelta(days=4))
    assert named() is None
    for taken_away in ("domain", "provider"):
        held = MemberDomainFactory(tenant=domain.tenant, provider=domain.provider)
        with as_worker():
            operations.know_domains(domain.provider, now=now)
        assert KnownDomain.objects.get().domain == held.domain
        with as_worker():
            if taken_away == "domain":
                domains.remove_domain(
                    organisation=domain.tenant, public_id=held.public_id, by=person, now=now
                )
            else:
                operations.retire(organisation=domain.tenant, by=person, now=now)
        assert not KnownDomain.objects.exists()


@pytest.mark.parametrize("typed", ["gmail.com", "@Orange.fr", "wanadoo.fr", "laposte.net"])
def test_a_mail_service_for_everybody_is_no_domain_of_one(typed, person, now):
    with pytest.raises(Refused, match="messagerie grand public"):
        add(MemberProviderFactory(), typed, person, now)


def test_a_proof_that_disappears_is_told_then_lost_and_the_provider_stopped(names, now):
    adhesion = AdhesionFactory()
    MembershipFactory(organisation=adhesion.organisation, role=Role.ORG_ADMIN)
    MembershipFactory(organisation=adhesion.operator.organisation, role=Role.OPERATOR_ADMIN)
    provider = MemberProviderFactory(tenant=adhesion.organisation, state=S.ON)
    domain = MemberDomainFactory(provider=provider, confirmed_at=now)
    check(domain, now)
    check(domain, now + timedelta(hours=1))
    with as_worker():
        subjects = list(Letter.objects.values_list("subject", flat=True))
    assert subjects == [f"Preuve de domaine à remettre : {domain.domain}"] * 2
    assert fresh(provider).state == S.ON
    names.records[f"_halle-verification.{domain.domain}"] = [f"halle-verification={domain.token}"]
    assert check(domain, now + timedelta(hours=2)).missing_since is None  # put back in time
    names.records.clear()
    check(domain, now + timedelta(days=10))
    found = check(domain, now + timedelta(days=14))
    assert (found.proven_at, found.lost_at is not None) == (None, True)
    assert fresh(provider).state == S.STOPPING
    with as_worker():
        assert Letter.objects.filter(subject__startswith="Preuve de domaine perdue").count() == 2
        assert MemberProviderMove.objects.get().reason == "aucun domaine n’est plus prouvé"


def test_a_silent_dns_takes_no_proof_away_for_a_week(names, now):
    domain = MemberDomainFactory(confirmed_at=now)
    names.broken = {f"_halle-verification.{domain.domain}"}
    assert check(domain, now + timedelta(days=6)).proven_at is not None
    assert check(domain, now + timedelta(days=8)).proven_at is None


def test_every_night_each_domain_that_matters_is_looked_at(names, now):
    MemberDomainFactory(confirmed_at=now)
    MemberDomainFactory(proven_at=None, added_at=now)
    MemberDomainFactory(proven_at=None, added_at=now - timedelta(days=40))
    MemberDomainFactory(provider=MemberProviderFactory(state=S.RETIRED))
    with as_worker():
        assert proving.ask_all(now=now) == 2
    jobs.run_jobs()
    assert len(names.asked) == 2


# --- In service --------------------------------------------------------------------------------


@pytest.fixture
def broker(settings):
    settings.KEYCLOAK = settings.KEYCLOAK | {"url": "http://127.0.0.1:1", "timeout_seconds": 1}
    settings.OIDC_ISSUER = "http://127.0.0.1:1/realms/halle"


def test_it_is_put_in_service_only_tried_proven_and_behind_keycloak(broker, settings, person, now):
    provider = MemberProviderFactory(state=S.DRAFT)
    asked = {"organisation": provider.tenant, "by": person, "now": now}
    with as_worker():
        with pytest.raises(Refused, match="Prouvez d’abord"):
            operations.turn_on(**asked)
        MemberDomainFactory(provider=provider)
        with pytest.raises(Refused, match="à essayer"):
            operations.turn_on(**asked)
        MemberProvider.objects.update(state=S.TRIED)
        settings.OIDC_ISSUER = "https://proconnect.example"
        with pytest.raises(Refused, match="ne se connecte pas par Keycloak"):
            operations.turn_on(**asked)


def test_a_keycloak_that_is_silent_is_asked_again_and_somebody_told(broker, person, now):
    adhesion = AdhesionFactory()
    MembershipFactory(organisation=adhesion.operator.organisation, role=Role.OPERATOR_ADMIN)
    provider = MemberProviderFactory(
        tenant=adhesion.organisation,
        described={"identity": "https://a.example", "addresses": {}, "by_basic": False},
    )
    MemberDomainFactory(provider=provider)
    with as_worker():
        operations.turn_on(organisation=provider.tenant, by=person, now=now)
        jobs.forget()
        for attempt in range(1, 7):
            applying.carry_out(provider_id=provider.pk, now=now)
            assert fresh(provider).attempts == attempt
    found = fresh(provider)
    assert (found.state, found.problem) == (S.STARTING, "Keycloak ne répond pas.")
    with as_worker():
        assert Letter.objects.get().subject == f"Connexion à reprendre : {adhesion.organisation.name}"
        applying.sweep(now=now + timedelta(minutes=2))
        assert jobs.waiting() == [("tenants.tasks.send_letter", {"letter_id": Letter.objects.get().pk})]
        applying.sweep(now=now + timedelta(hours=2))
    assert ("provisioning.tasks.apply_own_provider", {"provider_id": provider.pk}) in jobs.waiting()
    assert mail.outbox == []


def test_another_one_is_connected_once_the_first_is_retired(server, person, now):
    first = MemberProviderFactory()
    MemberDomainFactory(provider=first)
    with pytest.raises(Refused, match="retirez ce fournisseur"):
        keep(server, first.tenant, person, now, kind="saml", metadata_url=server.url, attributes="oid")
    with as_worker():
        operations.retire(organisation=first.tenant, by=person, now=now)
        assert not MemberDomain.objects.exists()
    assert keep(server, first.tenant, person, now).pk != first.pk
    assert fresh(first).sealed == ""


# --- SAML metadata -----------------------------------------------------------------------------


def certificate(*, days: int = 30) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "annuaire")])
    start = datetime.now(UTC) - timedelta(days=60)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(openid.RSA_KEY.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=60 + days))
        .sign(openid.RSA_KEY, hashes.SHA256())
    )
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


def metadata(*, before: str = "", root: str = "", body: str | None = None, key: str | None = None) -> bytes:
    key = certificate() if key is None else key
    binding = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
    inside = (
        f'<md:SingleSignOnService Binding="{binding}" Location="https://127.0.0.1/sso"/>'
        if body is None
        else body
    )
    return f"""{before}<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"
      xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="https://annuaire.example" {root}>
      <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
      <md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{key}
      </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>{inside}
      </md:IDPSSODescriptor></md:EntityDescriptor>""".encode()


def test_metadata_say_who_it_is_where_and_by_which_key(now):
    read = saml.read(metadata(), now=now)
    assert (read["entity_id"], read["sign_on_url"]) == ("https://annuaire.example", "https://127.0.0.1/sso")
    assert (read["by_post"], len(read["certificates"]), read["logout_url"]) == (False, 1, "")


BOMB = '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]>'
FILE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7", "XML bien formé"),
        (b"<md", "XML bien formé"),
        (metadata(before=BOMB), "DOCTYPE"),
        (metadata(before=FILE, root='ID="&x;"'), "XML bien formé|DOCTYPE"),
        (metadata(root='validUntil="2020-01-01T00:00:00Z"'), "plus valables"),
        (metadata(root='validUntil="demain"'), "illisible"),
        (metadata(body=""), "où se connecter"),
        (metadata(key=certificate(days=-1)), "périmé"),
        (metadata(key="AAAA"), "illisible"),
        (b"<a/>", "un seul"),
        (metadata().replace(b"SAML:2.0:protocol", b"SAML:1.1:protocol"), "SAML 2.0"),
        (metadata().replace(b"https://127.0.0.1/sso", b"javascript:alert(1)"), "https://"),
        (b"<a>" + b"x" * saml.MAX_BYTES + b"</a>", "1 Mo"),
    ],
)
def test_metadata_that_cannot_be_believed_are_refused(content, said, now):
    with pytest.raises(Unfit, match=said):
        saml.read(content, now=now)


def test_a_saml_provider_is_read_from_a_file_or_an_address(server, person, now):
    server.pages = {"/metadata": (200, "application/samlmetadata+xml", metadata())}
    saml_one = {"kind": ProviderKind.SAML, "attributes": "oid"}
    by_url = keep(
        server, OrganisationFactory(), person, now, metadata_url=f"{server.url}/metadata", **saml_one
    )
    assert tried(by_url, person, now).described["entity_id"] == "https://annuaire.example"
    by_file = keep(server, OrganisationFactory(), person, now, metadata=metadata(), **saml_one)
    assert tried(by_file, person, now).state == S.TRIED
    with pytest.raises(Refused, match="DOCTYPE") as refusal:
        keep(server, OrganisationFactory(), person, now, metadata=metadata(before=BOMB), **saml_one)
    assert refusal.value.field == "metadata"


def test_where_a_file_sends_people_is_looked_up_by_the_worker(server, person, now, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    saml_one = {"kind": ProviderKind.SAML, "attributes": "oid", "metadata": metadata()}
    found = keep(server, OrganisationFactory(), person, now, **saml_one)
    assert "réseau privé" in tried(found, person, now).problem
