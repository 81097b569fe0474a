"""A vendor's administrator says that agents enter her service through Halle; those who subscribe follow."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from provisioning.models import Binding, BindingKind, SignIn, Step, StepState
from subscriptions.models import State
from tenants.models import AuditEvent, Role
from tests.factories import ListingFactory, MembershipFactory, SubscriptionFactory
from tests.tools.database import as_worker
from tests.tools.jobs import run_jobs
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

BACK = "https://service.example/retour"


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
    said = {"redirect_uris": f" {BACK}\n\n{BACK} \n", "logout_uri": "https://service.example/fin"}
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

    answer = signed_in.post(page, {"redirect_uris": "  "}, follow=True)
    assert "n’entrent pas dans ce service" in answer.content.decode()
    run_jobs()
    with as_worker():
        [same] = Step.objects.all()  # it had not begun
        assert (same.pk, same.label) == (step.pk, "Connexion des agents par Halle : retrait")
        assert Binding.objects.get(kind=BindingKind.CLIENT).ended_by == same
    assert events() == ["sign_in.declared", "sign_in.removed"]


@pytest.mark.parametrize("field", ["redirect_uris", "signed_out_uri", "logout_uri"])
@pytest.mark.parametrize(
    "wrong",
    ["service.example", "javascript:alert(1)", "https://", "https://*.service.example/", f"{BACK}#a",
     "https://a b/", "https://halle@evil.example/", "https://service.example:0/", f"{BACK}{'a' * 400}"],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_kept_in_the_form(signed_in, page, field, wrong):
    answer = signed_in.post(page, {"redirect_uris": BACK} | {field: wrong})
    assert answer.status_code == 200
    assert not SignIn.objects.exists()
    found = BeautifulSoup(answer.content, "html.parser").find(attrs={"name": field})
    assert (found.get("value") or found.text.strip()) == wrong
    assert found["aria-invalid"] == "true"


def test_without_https_or_with_too_many_addresses(signed_in, page, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    assert signed_in.post(page, {"redirect_uris": "http://service.example/"}).status_code == 200
    many = "\n".join(f"{BACK}/{n}" for n in range(11))
    assert "10 adresses de retour au plus" in signed_in.post(page, {"redirect_uris": many}).content.decode()
    assert not SignIn.objects.exists()


def test_without_a_keycloak_the_page_says_what_is_not_automatic(signed_in, page, settings):
    settings.KEYCLOAK = settings.KEYCLOAK | {"url": ""}
    assert "rien n’est automatique" in signed_in.get(page).content.decode()


def test_what_the_page_asks(signed_in, page, snapshot):
    signed_in.post(page, {"redirect_uris": BACK})
    signed_in.get(page)
    with snapshot_queries(snapshot):
        signed_in.get(page)
