"""One member as its operator sees it, and what may be changed there."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import localdate

from subscriptions.models import State
from tenants.models import Adhesion, Organisation, Role
from tests.factories import (
    AdhesionFactory,
    ChorusServiceFactory,
    CollegeFactory,
    EpciFactory,
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
    SubscriptionFactory,
    TerritoryFactory,
    issued_invoice,
)
from tests.factories.tenants import siren, siret
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db
TODAY = localdate()


@pytest.fixture
def curator(operator, sign_in):
    return sign_in(Role.CURATOR, operator)


@pytest.fixture
def commune():
    return OrganisationFactory(name="Commune d’Évran", territory__population=860)


@pytest.fixture
def adhesion(operator, commune):
    return AdhesionFactory(operator=operator, organisation=commune)


def url(name, operator, organisation=None, adhesion=None):
    found = [operator.slug]
    if organisation is not None:
        found.append(organisation.siren)
    if adhesion is not None:
        found.append(adhesion.pk)
    return reverse(name, args=found)


def page(client, operator, organisation) -> str:
    answer = client.get(url("operator_member", operator, organisation))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_tells_who_the_member_is(operator, commune, curator):
    college = CollegeFactory(operator=operator, name="Petites communes")
    AdhesionFactory(
        operator=operator,
        organisation=commune,
        college=college,
        deliberation_number="2024-12",
        deliberation_date=date(2024, 12, 3),
    )
    seat = commune.establishments.get()
    with as_worker():
        type(seat).objects.filter(pk=seat.pk).update(commitment_required=True)
    ChorusServiceFactory(establishment=seat, code="FIN", name="Finances", is_default=True)
    mayor = MembershipFactory(organisation=commune, role=Role.SIGNATORY).user
    gone = MembershipFactory(organisation=commune, role=Role.SECRETARY, ended_at="2026-01-01T00:00Z").user
    text = page(curator, operator, commune)
    for words in (
        commune.name,
        "Petites communes",
        "n° 2024-12 du 3 décembre 2024",
        "Depuis le 1er janvier 2025",
        "un numéro d’engagement",
        "FIN – Finances (par défaut)",
        "Population municipale",
        "860",
        str(mayor),
    ):
        assert words in text, words
    assert str(gone) not in text
    assert mayor.email not in text


def test_only_what_it_does_with_this_operator_is_shown(operator, commune, adhesion, curator):
    other = OperatorFactory()
    AdhesionFactory(operator=other, organisation=commune, deliberation_number="AILLEURS-1")
    ours = SubscriptionFactory(tenant=commune, listing=ListingFactory(operator=operator), state=State.ACTIVE)
    ended = SubscriptionFactory(tenant=commune, listing=ListingFactory(operator=operator), state=State.ENDED)
    theirs = SubscriptionFactory(tenant=commune, listing=ListingFactory(operator=other), state=State.ACTIVE)
    answer = curator.get(url("operator_member", operator, commune))
    assert [row["service"] for row in answer.context["subscriptions"]] == [ours.service_name]
    text = answer.content.decode()
    assert ended.service_name not in text
    assert theirs.service_name not in text
    assert "AILLEURS-1" not in text
    assert "Aucune facture émise" in text


def test_invoices_are_counted_and_lead_to_those_who_read_them(operator, sign_in, curator):
    buyer = issued_invoice(operator=operator).tenant
    assert "1 facture émise" in page(curator, operator, buyer)
    link = f"{reverse('operator_invoices', args=[operator.slug])}?q={buyer.siren}"
    assert link not in page(curator, operator, buyer)
    assert link in page(sign_in(Role.OPERATOR_FINANCE, operator), operator, buyer)


def test_a_stranger_is_not_found(operator, curator):
    AdhesionFactory(organisation=(theirs := OrganisationFactory()))
    for organisation in (theirs, OrganisationFactory()):
        assert curator.get(url("operator_member", operator, organisation)).status_code == 404
    assert curator.get(reverse("operator_member", args=[operator.slug, "000000000"])).status_code == 404


def test_a_covered_commune_is_found_and_changed_only_at_its_intercommunality(operator, curator):
    epci = OrganisationFactory(epci=True, name="CC du Pays")
    adhesion = AdhesionFactory(operator=operator, organisation=epci, covers_communes=True)
    commune = OrganisationFactory(territory__epci=epci.territory)
    text = page(curator, operator, commune)
    assert "par CC du Pays" in text
    assert "Enregistrer un retrait" not in text
    assert curator.get(url("operator_member_amend", operator, commune, adhesion)).status_code == 404
    text = page(curator, operator, epci)
    assert "1 commune" in text


@pytest.mark.parametrize("role", [Role.OPERATOR_FINANCE, Role.AUDITOR])
def test_finance_and_auditors_read_only(operator, commune, adhesion, sign_in, role):
    client = sign_in(role, operator)
    text = page(client, operator, commune)
    assert "<form" not in text.split("<main")[1].split("</main>")[0]
    assert "Enregistrer un retrait" not in text
    for name in ("operator_member_amend", "operator_member_withdraw", "operator_member_stay"):
        assert client.post(url(name, operator, commune, adhesion)).status_code == 404


def test_an_auditor_reads_why_she_has_no_form(operator, commune, adhesion, sign_in):
    client = sign_in(Role.AUDITOR, operator)
    for name in ("operator_member_amend", "operator_member_withdraw"):
        text = client.get(url(name, operator, commune, adhesion)).content.decode()
        assert "Lecture seule" in text
    assert "Lecture seule" in client.get(url("operator_member_new", operator)).content.decode()


def test_another_operator_s_adhesion_is_not_changed(operator, commune, adhesion, curator):
    foreign = AdhesionFactory(organisation=commune)
    for name in ("operator_member_amend", "operator_member_withdraw", "operator_member_stay"):
        assert curator.post(url(name, operator, commune, foreign)).status_code == 404


def test_an_adhesion_is_amended(operator, commune, adhesion, curator):
    college = CollegeFactory(operator=operator)
    answer = curator.post(
        url("operator_member_amend", operator, commune, adhesion),
        {"college": college.pk, "deliberation_number": "2024-1", "deliberation_date": "2024-01-31"},
        follow=True,
    )
    assert "L’adhésion est modifiée" in answer.content.decode()
    adhesion.refresh_from_db()
    assert (adhesion.college, adhesion.deliberation_number) == (college, "2024-1")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"college": "999999"}, "college"),
        ({"deliberation_date": "2026-02-30"}, "deliberation_date"),
        ({"deliberation_date": "9999-01-01"}, "deliberation_date"),
        ({"deliberation_date": "0202-01-01"}, "deliberation_date"),
        ({"deliberation_number": "9" * 61}, "deliberation_number"),
    ],
)
def test_a_mistake_is_told_and_what_was_typed_kept(operator, commune, adhesion, curator, typed, field):
    sent = {"deliberation_number": "GARDÉ"} | typed
    answer = curator.post(url("operator_member_amend", operator, commune, adhesion), sent)
    assert list(answer.context["form"].errors) == [field]
    assert "<title>Erreur" in answer.content.decode()
    assert sent["deliberation_number"] in answer.content.decode()
    adhesion.refresh_from_db()
    assert adhesion.deliberation_number == ""


def test_a_withdrawal_is_shown_then_confirmed(sign_in, commune):
    operator = OperatorFactory(withdrawal_months=6, withdrawal_rule="year_end")
    adhesion = AdhesionFactory(operator=operator, organisation=commune)
    client = sign_in(Role.OPERATOR_ADMIN, operator)
    lasting = SubscriptionFactory(
        tenant=commune, listing=ListingFactory(operator=operator), state=State.ACTIVE
    )
    address = url("operator_member_withdraw", operator, commune, adhesion)
    assert "préavis de 6 mois" in client.get(address).content.decode()
    typed = {"asked_on": "2026-06-30", "deliberation_number": "R-9"}
    answer = client.post(address, typed)
    text = answer.content.decode()
    assert "L’adhésion prendra fin le 31 décembre 2026" in text
    assert lasting.service_name in text
    adhesion.refresh_from_db()
    assert adhesion.until is None
    hidden = {field["name"]: field["value"] for field in answer.context["confirm"]["hidden"]}
    answer = client.post(address, hidden, follow=True)
    assert "Retrait enregistré" in answer.content.decode()
    adhesion.refresh_from_db()
    assert (adhesion.until, adhesion.withdrawal_number) == (date(2027, 1, 1), "R-9")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("year_end", "Vos statuts prévoient un départ au 31 décembre qui suit."),
        ("notice_end", "Vos statuts prévoient un départ sans préavis."),
    ],
)
def test_statutes_without_notice_are_said_without_a_figure(sign_in, commune, rule, words):
    operator = OperatorFactory(withdrawal_months=0, withdrawal_rule=rule)
    adhesion = AdhesionFactory(operator=operator, organisation=commune)
    client = sign_in(Role.OPERATOR_ADMIN, operator)
    text = client.get(url("operator_member_withdraw", operator, commune, adhesion)).content.decode()
    assert words in text


def test_subscriptions_that_end_before_are_no_warning(operator, commune, adhesion, curator):
    SubscriptionFactory(
        tenant=commune,
        listing=ListingFactory(operator=operator),
        state=State.TERMINATING,
        ended_on=date(2026, 2, 1),
    )
    answer = curator.post(
        url("operator_member_withdraw", operator, commune, adhesion), {"asked_on": "2026-06-30"}
    )
    assert answer.context["lasting"] == []


@pytest.mark.parametrize("asked_on", ["", "2026-02-30", "2099-01-01", "2024-12-31"])
def test_a_withdrawal_on_a_wrong_day(operator, commune, adhesion, curator, asked_on):
    for confirmed in ({}, {"confirmed": "oui"}):
        answer = curator.post(
            url("operator_member_withdraw", operator, commune, adhesion), {"asked_on": asked_on} | confirmed
        )
        assert list(answer.context["form"].errors) == ["asked_on"]
    adhesion.refresh_from_db()
    assert adhesion.until is None


def test_a_withdrawal_confirmed_twice_is_told(operator, commune, adhesion, curator):
    address = url("operator_member_withdraw", operator, commune, adhesion)
    typed = {"asked_on": "2026-06-30", "confirmed": "oui"}
    curator.post(address, typed)
    assert "a déjà une date de fin" in curator.post(address, typed).content.decode()


def test_a_withdrawal_is_taken_back(operator, commune, curator):
    adhesion = AdhesionFactory(
        operator=operator,
        organisation=commune,
        until=TODAY + timedelta(days=40),
        withdrawal_on=TODAY - timedelta(days=1),
    )
    address = url("operator_member_stay", operator, commune, adhesion)
    assert address in page(curator, operator, commune)
    assert "Le retrait est annulé" in curator.post(address, follow=True).content.decode()
    assert "Aucun retrait" in curator.post(address, follow=True).content.decode()
    adhesion.refresh_from_db()
    assert adhesion.until is None


def search(client, operator, query):
    return client.get(url("operator_member_new", operator), {"q": query})


def test_a_body_is_found_by_name_siren_and_siret(operator, commune, adhesion, curator):
    register = TerritoryFactory(name="Pleudihen", siren=siren(900_001))
    EpciFactory(name="CC de Pleudihen")
    by_name = [body["name"] for body in search(curator, operator, "pleudihen").context["found"]]
    assert by_name == ["Commune de Pleudihen", "CC de Pleudihen"]
    for typed in (register.siren, siret(register.siren)):
        (body,) = search(curator, operator, typed).context["found"]
        assert body["name"] == "Commune de Pleudihen"
    (body,) = search(curator, operator, commune.siren).context["found"]
    assert body["label"] == "Déjà adhérente\u202f: voir sa fiche"
    assert body["url"] == url("operator_member", operator, commune)


@pytest.mark.parametrize(
    ("typed", "words"),
    [("213500011", "clé de contrôle"), ("21350001100014", "clé de contrôle"), ("12345678", "8 chiffres")],
)
def test_a_wrong_number_is_told(operator, curator, typed, words):
    answer = search(curator, operator, typed)
    assert words in answer.content.decode()
    assert f'value="{typed}"' in answer.content.decode()


def test_nothing_found_says_what_to_do(operator, curator):
    assert "tapez son SIREN" in search(curator, operator, "zzzzqq").content.decode()


def joined(client, operator, number, **typed):
    address = f"{url('operator_member_new', operator)}?siren={number}"
    assert client.get(address).status_code == 200
    sent = {"siren": number, "since": "2026-01-01"} | typed
    return client.post(url("operator_member_new", operator), sent, follow=True)


def test_a_commune_of_the_register_joins(operator, curator):
    territory = TerritoryFactory(name="Pleudihen", siren=siren(900_002))
    college = CollegeFactory(operator=operator)
    answer = joined(curator, operator, territory.siren, college=college.pk, siret=siret(territory.siren))
    assert answer.redirect_chain[0][0] == reverse("operator_member", args=[operator.slug, territory.siren])
    assert "Commune de Pleudihen est inscrite" in answer.content.decode()
    organisation = Organisation.objects.get(siren=territory.siren)
    assert (organisation.territory, organisation.siret) == (territory, siret(territory.siren))
    assert organisation.adhesions.get().college == college


def test_a_ccas_that_nobody_knows_joins(operator, curator):
    number = siren(900_003)
    typed = {"name": "CCAS de Pleudihen", "kind": "ccas", "legal_category": "7361", "postcode": "22690"}
    joined(curator, operator, number, **typed)
    organisation = Organisation.objects.get(siren=number)
    assert (organisation.kind, organisation.legal_category, organisation.territory) == ("ccas", "7361", None)


def test_an_intercommunality_joins_for_its_communes(operator, curator):
    epci = EpciFactory()
    commune = OrganisationFactory(territory__epci=epci)
    joined(curator, operator, epci.siren, covers_communes="on")
    assert "par " in page(curator, operator, commune)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": ""}, "name"),
        ({"kind": "x"}, "kind"),
        ({"legal_category": "73"}, "legal_category"),
        ({"siret": "1234"}, "siret"),
        ({"siret": siret(siren(900_009))}, "siret"),
        ({"postcode": "2269"}, "postcode"),
    ],
)
def test_a_mistake_about_the_body_is_told_in_its_field(operator, curator, typed, field):
    number = siren(900_004)
    answer = joined(curator, operator, number, **{"name": "CCAS", "kind": "ccas"} | typed)
    assert list(answer.context["identity_form"].errors) == [field]
    assert not Organisation.objects.filter(siren=number).exists()
    assert 'value="2026-01-01"' in answer.content.decode()


@pytest.mark.parametrize("since", ["", "2026-13-01", "0026-01-01", "2126-01-01"])
def test_a_mistake_about_the_day_is_told_in_its_field(operator, curator, since):
    answer = joined(curator, operator, OrganisationFactory().siren, since=since)
    assert list(answer.context["form"].errors) == ["since"]
    assert not Adhesion.objects.filter(operator=operator).exists()


def test_who_adheres_already_is_told(operator, commune, adhesion, curator):
    answer = joined(curator, operator, commune.siren)
    assert "adhère déjà" in answer.content.decode()
    assert list(answer.context["form"].errors) == ["since"]


def test_a_siren_that_is_none_leads_back_to_the_search(operator, curator):
    answer = curator.get(url("operator_member_new", operator), {"siren": "123"})
    assert "3 chiffres" in answer.content.decode()
    assert curator.post(url("operator_member_new", operator)).status_code == 302


def test_queries_of_a_member(operator, commune, adhesion, curator, snapshot):
    AdhesionFactory(operator=operator, organisation=commune, since=date(2020, 1, 1), until=date(2021, 1, 1))
    for _ in range(3):
        SubscriptionFactory(tenant=commune, listing=ListingFactory(operator=operator))
        MembershipFactory(organisation=commune)
    with snapshot_queries(snapshot):
        page(curator, operator, commune)


def test_queries_of_a_search(operator, curator, snapshot):
    for number in range(4):
        TerritoryFactory(name=f"Pleudihen {number}")
    with snapshot_queries(snapshot):
        assert len(search(curator, operator, "pleudihen").context["found"]) == 4
