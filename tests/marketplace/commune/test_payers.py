"""The pages of those who pay: the subscriber's, and that of whoever pays a part of another's."""

import uuid
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from subscriptions.models import PayerShare, ShareState, State
from tenants.models import Role
from tests.factories import (
    AdhesionFactory,
    CoverFactory,
    ListingFactory,
    MembershipFactory,
    OrganisationFactory,
    PayerShareFactory,
    SubscriptionFactory,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def held():
    return SubscriptionFactory(state=State.ACTIVE, tenant__name="Évran")


@pytest.fixture
def region(held):
    found = OrganisationFactory(name="Région Bretagne")
    AdhesionFactory(operator=held.operator, organisation=found)
    return found


def signed_in(organisation, role=Role.SIGNATORY) -> Client:
    client = Client()
    client.force_login(MembershipFactory(organisation=organisation, role=role).user)
    return client


def at(name, held, *more) -> str:
    return reverse(name, args=[held.tenant.siren, held.public_id, *more])


def typed(**values) -> dict:
    return {
        "public_id": str(uuid.uuid4()),
        "payer": "region bretagne",
        "kind": "cofinancing",
        "percent": "33,5 %",
        "starts": "2030-01-01",
        "last_day": "2030-12-31",
        "convention_number": "C-7",
        "convention_date": "2026-01-05",
        "convention_file": SimpleUploadedFile("convention.pdf", b"%PDF-1.7\n%%EOF"),
    } | values


def the_share() -> PayerShare:
    with as_worker():
        return PayerShare.objects.get()


def test_from_the_proposal_to_the_answer_and_the_end(held, region):
    subscriber, payer = signed_in(held.tenant), signed_in(region)
    page = subscriber.get(at("member_payers", held)).content.decode()
    assert "Vous payez tout" in page
    assert at("member_payers", held) in subscriber.get(at("member_subscription", held)).content.decode()
    assert subscriber.post(at("member_payer_new", held), typed()).status_code == 302
    share = the_share()
    assert (share.part, share.whole, share.payer_id, share.ends) == (
        3350, 10_000, region.pk, date(2031, 1, 1),
    )  # fmt: skip
    page = subscriber.get(at("member_payers", held)).content.decode()
    assert "33,5\xa0%" in page
    assert "Proposée" in page
    home = payer.get(reverse("member_home", args=[region.siren])).content.decode()
    assert "Une part à accepter" in home
    agree = reverse("member_share_agree", args=[region.siren, share.public_id])
    assert agree in home
    assert "À accepter" in payer.get(reverse("member_financed", args=[region.siren])).content.decode()
    assert "33,5\xa0%, du 1er janvier 2030 au 31 décembre 2030" in payer.get(agree).content.decode()
    assert payer.post(agree, {"commitment_number": "E-1"}).status_code == 302
    assert the_share().state == ShareState.AGREED
    stop = reverse("member_share_stop", args=[region.siren, share.public_id])
    assert payer.post(stop, {"last_day": "2030-06-30", "reason": "Fin."}).status_code == 302
    assert (the_share().state, the_share().ends) == (ShareState.ENDED, date(2030, 7, 1))


def test_a_refusal_needs_a_reason(held, region):
    share = PayerShareFactory(subscription=held, payer=region, state=ShareState.PROPOSED)
    client = signed_in(region)
    url = reverse("member_share_refuse", args=[region.siren, share.public_id])
    answer = client.post(url, {"reason": " "})
    assert "Dites pourquoi" in answer.content.decode()
    assert client.post(url, {"reason": "Hors budget."}).status_code == 302
    again = client.post(url, {"reason": "Hors budget."})
    assert "vient de répondre" in again.content.decode()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"payer": "Nulle-Part"}, "n’a ce nom ni ce SIREN"),
        ({"payer": "x\x00"}, "nul"),
        ({"percent": ""}, "un taux, ou un montant"),
        ({"percent": "beaucoup"}, "par exemple 40 ou 33,5"),
        ({"percent": "120"}, "entre 0,01 et 100"),
        ({"percent": "", "yearly_cents": "-3"}, "négatif"),
        ({"starts": "2030-01-02"}, "premier jour d’un mois"),
        ({"starts": "2030-02-30"}, "n’existe pas"),
        ({"last_day": "2030-12-30"}, "dernier jour du mois"),
        ({"last_day": "9999-12-31"}, "trop loin"),
        ({"kind": "cost_key"}, "Sélectionnez un choix valide"),
        ({"convention_date": "2090-01-01"}, "dans le futur"),
        ({"convention_file": SimpleUploadedFile("c.pdf", b"PK")}, "pas un PDF"),
    ],
)
def test_what_is_typed_wrong_is_said_and_kept(held, region, values, words):
    page = signed_in(held.tenant).post(at("member_payer_new", held), typed(**values))
    assert page.status_code == 200
    text = page.content.decode()
    assert words in text
    assert 'value="C-7"' in text
    with as_worker():
        assert not PayerShare.objects.exists()


def test_more_than_the_whole_is_said_beside_the_rate(held, region):
    PayerShareFactory(subscription=held, part=8000)
    page = signed_in(held.tenant).post(at("member_payer_new", held), typed()).content.decode()
    assert "dépasserait le prix" in page


def test_a_proposal_is_withdrawn_and_its_convention_read(held, region):
    share = PayerShareFactory(subscription=held, payer=region, state=ShareState.PROPOSED)
    client = signed_in(held.tenant)
    file = client.get(at("member_payer_convention", held, share.public_id))
    assert file["Content-Type"] == "application/pdf"
    assert client.post(at("member_payer_withdraw", held, share.public_id)).status_code == 302
    assert the_share().state == ShareState.WITHDRAWN
    page = signed_in(region).get(reverse("member_financed", args=[region.siren])).content.decode()
    assert "Vous ne financez rien" in page


def test_the_parts_of_today_are_shown(held, region):
    PayerShareFactory(subscription=held, payer=region)
    page = signed_in(held.tenant, Role.AGENT).get(at("member_payers", held)).content.decode()
    assert "103,20" in page
    assert "154,80" in page
    assert "Arrêter" not in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_queries_of_both_lists_do_not_grow(held, region, snapshot, count):
    for year in range(count):
        PayerShareFactory(
            subscription=held, payer=region, starts=date(2030 + year, 1, 1), ends=date(2031 + year, 1, 1)
        )
    subscriber, payer = signed_in(held.tenant, Role.AGENT), signed_in(region, Role.AGENT)
    with snapshot_queries(snapshot(name="payers")):
        assert subscriber.get(at("member_payers", held)).status_code == 200
    with snapshot_queries(snapshot(name="financed")):
        assert payer.get(reverse("member_financed", args=[region.siren])).status_code == 200


def test_nobody_else_finds_it(held, region):
    share = PayerShareFactory(subscription=held, payer=region, state=ShareState.PROPOSED)
    stranger = OrganisationFactory()
    client = signed_in(stranger)
    assert (
        client.get(reverse("member_share_agree", args=[stranger.siren, share.public_id])).status_code == 404
    )
    subscriber = signed_in(held.tenant)
    own_door = reverse("member_share_agree", args=[held.tenant.siren, share.public_id])
    assert subscriber.get(own_door).status_code == 404


@pytest.fixture
def shared():
    """The subscription of an intercommunality, which covers two of its communes."""
    epci = OrganisationFactory(epci=True, name="Dinan Agglomération")
    listing = ListingFactory()
    AdhesionFactory(operator=listing.operator, organisation=epci, covers_communes=True)
    held = SubscriptionFactory(tenant=epci, listing=listing, state=State.ACTIVE)
    for name, people in (("Évran", 1_000), ("Plouër", 3_000)):
        commune = OrganisationFactory(name=name, territory__epci=epci.territory, territory__population=people)
        CoverFactory(subscription=held, tenant=commune)
    return held


def a_key(**values) -> dict:
    return {
        "public_id": str(uuid.uuid4()),
        "method": "inhabitants",
        "population_kind": "municipale",
        "kept_percent": "20",
        "reference_on": "2026-01-01",
        "starts": "2030-01-01",
        "convention_number": "C-7",
        "convention_date": "2026-01-05",
        "convention_file": SimpleUploadedFile("convention.pdf", b"%PDF-1.7\n%%EOF"),
    } | values


def test_an_intercommunality_shares_the_cost_by_a_key(shared):
    client = signed_in(shared.tenant)
    new = at("member_cost_key_new", shared)
    assert new in client.get(at("member_payers", shared)).content.decode()
    assert "communes couvertes (2)" in client.get(new).content.decode()
    assert client.post(new, a_key()).status_code == 302
    page = client.get(at("member_payers", shared)).content.decode()
    assert "80\xa0% × 1\u202f000 habitants sur 4\u202f000" in page
    with as_worker():
        share = PayerShare.objects.select_related("payer", "key").get(payer__name="Évran")
    answer = reverse("member_share_agree", args=[share.payer.siren, share.public_id])
    assert "Elle suit chaque année" in signed_in(share.payer).get(answer).content.decode()
    assert signed_in(share.payer).post(answer).status_code == 302
    again = at("member_cost_key_again", shared, share.key.public_id)
    assert again in client.get(at("member_payers", shared)).content.decode()
    counted = {"reference_on": "2026-06-01", "starts": "2031-01-01"}
    assert client.post(again, counted).status_code == 302
    with as_worker():
        assert PayerShare.objects.filter(payer=share.payer, state=ShareState.AGREED).count() == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"method": "fixed", "population_kind": ""}, "doivent faire 100"),
        ({"population_kind": ""}, "Choisissez la population"),
        ({"kept_percent": "100"}, "entre 0 et 99,99"),
        ({"reference_on": "1999-01-01"}, "Population inconnue"),
        ({"convention_file": SimpleUploadedFile("c.pdf", b"PK")}, "pas un PDF"),
    ],
)
def test_a_key_that_cannot_be_is_said_in_place(shared, values, words):
    page = signed_in(shared.tenant).post(at("member_cost_key_new", shared), a_key(**values))
    assert page.status_code == 200
    assert words in page.content.decode()


def test_a_commune_has_nobody_to_share_with(held):
    assert signed_in(held.tenant).get(at("member_cost_key_new", held)).status_code == 404
