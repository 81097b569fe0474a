"""A vendor's administrator says that agents enter her service through Halle; those who subscribe follow."""

import pytest
from bs4 import BeautifulSoup
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from django.urls import reverse
from django.utils import timezone

from provisioning.clients import plan_renewal, record_client, told_of
from provisioning.connectors.outcomes import Credentials
from provisioning.credentials import reveal
from provisioning.models import Binding, BindingKind, SignIn, Step, StepState
from subscriptions.exceptions import WrongState
from subscriptions.models import State
from tenants.models import AuditEvent, Role
from tests.factories import (
    ListingFactory,
    MembershipFactory,
    SignInFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.sso.keycloak.saml_service import make_key
from tests.tools.database import as_worker
from tests.tools.jobs import run_jobs
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

BACK = "https://service.example/retour"
OPENID = {"protocol": "openid", "redirect_uris": BACK}
SAML = OPENID | {"protocol": "saml", "entity_id": "https://service.example/saml/{siren}"}


@pytest.fixture
def listing():
    return ListingFactory()


@pytest.fixture
def page(listing):
    return reverse("vendor_sign_in", args=[listing.vendor.organisation.siren, listing.sheet.slug])


@pytest.fixture
def signed_in(listing, client):
    organisation = listing.vendor.organisation
    client.force_login(MembershipFactory(organisation=organisation, role=Role.VENDOR_ADMIN).user)
    return client


def events():
    with as_worker():
        return list(AuditEvent.objects.filter(what__startswith="sign_in").values_list("what", flat=True))


def test_those_who_subscribe_already_follow_what_is_said_and_taken_back(signed_in, page, listing):
    open_one = SubscriptionFactory(listing=listing, state=State.ACTIVE)
    SubscriptionFactory(listing=listing, state=State.REQUESTED)
    said = OPENID | {"redirect_uris": f" {BACK}\n\n{BACK} \n", "logout_uri": "https://service.example/fin"}
    for _ in range(2):
        assert "C’est enregistré" in signed_in.post(page, said, follow=True).content.decode()
    kept = SignIn.objects.get()
    assert (kept.redirect_uris, kept.told_at) == ([BACK], None)
    assert "sont en train de suivre" in signed_in.get(page).content.decode()
    assert run_jobs() == ["provisioning.tasks.tell_clients"]
    with as_worker():
        [step] = Step.objects.all()
        assert (step.run.subscription, step.state) == (open_one, StepState.PENDING)
        assert Binding.objects.get(kind=BindingKind.CLIENT).made_by == step
    assert "sont en train de suivre" not in signed_in.get(page).content.decode()

    answer = signed_in.post(page, OPENID | {"redirect_uris": "  "}, follow=True)
    assert "n’entrent pas dans ce service" in answer.content.decode()
    run_jobs()
    with as_worker():
        [same] = Step.objects.all()  # it had not begun
        assert (same.pk, same.label) == (step.pk, "Connexion des agents par Halle : retrait")
        assert Binding.objects.get(kind=BindingKind.CLIENT).ended_by == same
    assert events() == ["sign_in.declared", "sign_in.removed"]


def test_a_service_that_turns_to_saml_has_every_client_made_anew(signed_in, page, listing):
    subscription = SubscriptionFactory(listing=listing, state=State.ACTIVE)
    signed_in.post(page, OPENID)
    run_jobs()
    with as_worker():
        step = Step.objects.get()
        record_client(step=step, credentials=Credentials({"secret": "s3cret"}), now=timezone.now())
        step.state = StepState.DONE
        step.save()
        openid = Binding.objects.get()
    key = make_key()
    pasted = f"\n{key.certificate}"
    page_then = signed_in.post(page, SAML | {"certificate": pasted}, follow=True).content.decode()
    kept = SignIn.objects.get()
    assert (kept.by_saml, kept.certificate) == (True, key.certificate)
    certificate = x509.load_pem_x509_certificate(key.certificate.encode())
    assert certificate.fingerprint(hashes.SHA256()).hex(":") in page_then
    run_jobs()
    with as_worker():
        saml = Binding.objects.get(replaces=openid)
        assert (saml.by_saml, saml.made_by.state, saml.bound_at) == (True, StepState.PENDING, None)
        told = told_of(saml.made_by, subscription, people={})
        assert (told.anew, told.wanted.client_id) == (
            False, f"https://service.example/saml/{subscription.tenant.siren}",
        )  # fmt: skip
        assert told.wanted.saml.certificate in "".join(key.certificate.split())
        record_client(step=saml.made_by, credentials=None, now=timezone.now())
        Step.objects.filter(pk=saml.made_by_id).update(state=StepState.DONE)
        openid.refresh_from_db()
        assert (openid.sealed, openid.ended_at is None) == ("", False)  # nobody will see it any more
        with pytest.raises(WrongState, match="par SAML : il n’a pas de secret"):
            plan_renewal(subscription=subscription, by=UserFactory(), now=timezone.now())
        with pytest.raises(WrongState, match="par SAML : il n’a pas de secret"):
            reveal(subscription=subscription, by=UserFactory(), now=timezone.now(), kind=BindingKind.CLIENT)

    signed_in.post(page, OPENID)
    run_jobs()
    with as_worker():
        again = Binding.objects.latest("pk")
        assert (again.replaces, again.by_saml, told_of(again.made_by, subscription, people={}).anew) == (
            saml, False, False,
        )  # fmt: skip
    assert SignIn.objects.get().entity_id == ""


def test_two_services_are_not_called_the_same(signed_in, page):
    SignInFactory(protocol="saml", entity_id=SAML["entity_id"])
    answer = signed_in.post(page, SAML).content.decode()
    assert "Un autre service porte déjà cet identifiant" in answer
    assert SAML["entity_id"] in answer


def test_a_private_key_is_refused_and_shown_to_nobody(signed_in, page):
    for other in ({}, {"redirect_uris": "nowhere"}):
        pasted = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----"
        answer = signed_in.post(page, SAML | other | {"certificate": pasted})
        assert (answer.status_code, "c2VjcmV0" in answer.content.decode()) == (200, False)
    assert not SignIn.objects.exists()


@pytest.mark.parametrize("field", ["redirect_uris", "signed_out_uri", "logout_uri"])
@pytest.mark.parametrize(
    "wrong",
    ["service.example", "javascript:alert(1)", "https://", "https://*.service.example/", f"{BACK}#a",
     "https://a b/", "https://halle@evil.example/", "https://service.example:0/", f"{BACK}{'a' * 400}"],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_kept_in_the_form(signed_in, page, field, wrong):
    answer = signed_in.post(page, OPENID | {field: wrong})
    assert answer.status_code == 200
    assert not SignIn.objects.exists()
    found = BeautifulSoup(answer.content, "html.parser").find(attrs={"name": field})
    assert (found.get("value") or found.text.strip()) == wrong
    assert found["aria-invalid"] == "true"


def test_without_https_or_with_too_many_addresses(signed_in, page, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    assert signed_in.post(page, OPENID | {"redirect_uris": "http://service.example/"}).status_code == 200
    many = "\n".join(f"{BACK}/{n}" for n in range(11))
    answer = signed_in.post(page, OPENID | {"redirect_uris": many})
    assert "10 adresses de retour au plus" in answer.content.decode()
    assert not SignIn.objects.exists()


def test_without_a_keycloak_the_page_says_what_is_not_automatic(signed_in, page, settings):
    settings.KEYCLOAK = settings.KEYCLOAK | {"url": ""}
    assert "rien n’est automatique" in signed_in.get(page).content.decode()


def test_what_the_page_asks(signed_in, page, snapshot):
    signed_in.post(page, OPENID)
    signed_in.get(page)
    with snapshot_queries(snapshot):
        signed_in.get(page)
