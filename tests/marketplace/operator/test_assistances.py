"""The operator's list of communes that asked for help, and the request noted for one of them."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from django.utils import timezone

from tenants.models import Assistance, Letter, Role
from tests.factories import AdhesionFactory, AssistanceFactory, MembershipFactory, OperatorFactory
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def commune(operator):
    commune = AdhesionFactory(operator=operator, organisation__name="Commune de Fresné").organisation
    MembershipFactory(organisation=commune, role=Role.SIGNATORY, user__email="maire@fresne.example")
    return commune


@pytest.fixture
def lasting(operator, commune):
    return AssistanceFactory(tenant=commune, operator=operator, opened_at=timezone.now())


@pytest.fixture
def curator(sign_in, operator):
    return sign_in(Role.CURATOR, operator)


@pytest.fixture
def at(operator):
    return lambda name, *args: reverse(name, args=[operator.slug, *args])


def noted(commune, **typed):
    return {"siren": commune.siren, "asked_by": "Mme le maire, par téléphone", "days": "15", **typed}


def page_of(response):
    return BeautifulSoup(response.content, "html.parser")


def test_the_list_leads_to_the_commune(curator, at, commune, lasting):
    page = page_of(curator.get(at("operator_assistances")))
    assert "Commune de Fresné" in page.main.text
    assert page.main.find("a", href=reverse("member_home", args=[commune.siren]))
    answer = curator.post(at("operator_assistance_end", lasting.pk), follow=True)
    assert "vous n’agissez plus pour Commune de Fresné" in answer.content.decode()
    assert curator.get(reverse("member_home", args=[commune.siren])).status_code == 404
    past = page_of(curator.get(at("operator_assistances"), {"etat": "passees"}))
    assert "Arrêtée" in past.main.text
    assert past.main.find("a", href=reverse("member_home", args=[commune.siren])) is None


def test_how_it_came_to_its_end_is_said(curator, at, operator, commune):
    AssistanceFactory(tenant=commune, operator=operator, opened_at=timezone.now() - timedelta(days=40))
    left = AdhesionFactory(operator=operator, until=timezone.localdate()).organisation
    AssistanceFactory(tenant=left, operator=operator, opened_at=timezone.now())
    page = page_of(curator.get(at("operator_assistances"), {"etat": "passees"}))
    assert "Arrivée à son terme" in page.main.text
    assert "N’adhère plus" in page.main.text


def test_another_operators_are_not_listed_nor_ended(curator, at, commune):
    foreign = AssistanceFactory(
        tenant=commune, operator=OperatorFactory(), opened_at=timezone.now(), asked_by="Par pigeon"
    )
    for group in ("en-cours", "passees"):
        page = curator.get(at("operator_assistances"), {"etat": group})
        assert "Par pigeon" not in page.content.decode()
    assert curator.post(at("operator_assistance_end", foreign.pk)).status_code == 404
    with as_worker():
        foreign.refresh_from_db()
    assert foreign.closed_at is None


@pytest.mark.parametrize("search", ["fresne", "FRESNÉ", "{siren}", "{spaced}"])
def test_a_member_is_found_by_name_or_siren(curator, at, commune, search):
    spaced = f"{commune.siren[:3]} {commune.siren[3:6]} {commune.siren[6:]}"
    typed = search.format(siren=commune.siren, spaced=spaced)
    page = page_of(curator.get(at("operator_assistance_new"), {"q": typed}))
    link = page.main.find("a", string="Commune de Fresné")
    assert "Noter la demande" in curator.get(link["href"]).content.decode()


@pytest.mark.usefixtures("commune")
def test_only_members_of_today_are_found(curator, at, operator):
    left = AdhesionFactory(operator=operator, until=timezone.localdate()).organisation
    other = AdhesionFactory().organisation
    for organisation in (left, other):
        page = curator.get(at("operator_assistance_new"), {"q": organisation.siren})
        assert "Aucun adhérent ne correspond" in page.content.decode()
        address = at("operator_assistance_new")
        assert curator.get(address, {"siren": organisation.siren}).status_code == 404
        assert curator.post(address, noted(organisation)).status_code == 404


@pytest.mark.parametrize("siren", ["123", "a\0b", "é" * 500])
def test_a_strange_siren_does_not_exist(curator, at, siren):
    assert curator.get(at("operator_assistance_new"), {"siren": siren}).status_code == 404


def test_many_answers_ask_for_more_words(curator, at, operator):
    AdhesionFactory.create_batch(12, operator=operator)
    page = page_of(curator.get(at("operator_assistance_new"), {"q": "saint"}))
    assert len(page.main.select("li a[href*=siren]")) == 10
    assert "précisez le nom" in page.main.text


def test_a_request_is_noted_and_the_commune_told(curator, at, commune):
    answer = curator.post(at("operator_assistance_new"), noted(commune), follow=True)
    assert "C’est noté, et Commune de Fresné en est prévenue" in answer.content.decode()
    assert curator.get(reverse("member_home", args=[commune.siren])).status_code == 200
    with as_worker():
        assert Assistance.objects.get().asked_by == "Mme le maire, par téléphone"
        assert Letter.objects.filter(to="maire@fresne.example").count() == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"asked_by": ""}, "qui l’a demandé"),
        ({"asked_by": "   "}, "qui l’a demandé"),
        ({"asked_by": "x" * 201}, "trop long"),
        ({"days": "0"}, "entre 1 et 90"),
        ({"days": "beaucoup"}, "entre 1 et 90"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_kept(curator, at, commune, typed, said):
    page = page_of(curator.post(at("operator_assistance_new"), noted(commune, **typed)))
    assert page.title.string.strip().startswith("Erreur : ")
    assert said in page.select_one(".halle-error-summary").text
    assert page.find("input", {"name": "siren"})["value"] == commune.siren
    kept = noted(commune, **typed)
    assert page.find("input", {"name": "days"})["value"] == kept["days"]
    assert page.find("input", {"name": "asked_by"}).get("value", "").strip() == kept["asked_by"].strip()


def test_a_commune_that_cannot_be_told_is_refused(curator, at, operator):
    silent = AdhesionFactory(operator=operator).organisation
    page = curator.post(at("operator_assistance_new"), noted(silent))
    assert "inviter son secrétariat ou son maire" in page.content.decode()


@pytest.mark.usefixtures("lasting")
def test_an_auditor_reads_and_finance_does_not_come_in(sign_in, at, operator, commune):
    auditor, finance = sign_in(Role.AUDITOR, operator), sign_in(Role.OPERATOR_FINANCE, operator)
    page = page_of(auditor.get(at("operator_assistances")))
    assert "Commune de Fresné" in page.main.text
    assert page.main.select("form[method=post], a.btn") == []
    assert auditor.post(at("operator_assistance_new"), noted(commune)).status_code == 404
    assert finance.get(at("operator_assistances")).status_code == 404


@pytest.mark.parametrize("count", [1, 6])
def test_list_queries(curator, at, operator, count, snapshot):
    for _ in range(count):
        AssistanceFactory(
            operator=operator,
            tenant=AdhesionFactory(operator=operator).organisation,
            opened_at=timezone.now(),
        )
    curator.get(at("operator_assistances"))
    with snapshot_queries(snapshot(name="list")):
        curator.get(at("operator_assistances"))


def test_search_queries(curator, at, commune, snapshot):
    curator.get(at("operator_assistance_new"))
    with snapshot_queries(snapshot):
        curator.get(at("operator_assistance_new"), {"q": commune.siren})
