"""The list of an operator's members."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils.timezone import localdate

from tenants.models import Adhesion, Role
from tests.factories import (
    AdhesionFactory,
    CollegeFactory,
    EpciFactory,
    OperatorFactory,
    OrganisationFactory,
    TerritoryFactory,
)
from tests.factories.base import IN_FORCE_FROM
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

TODAY = localdate()


@pytest.fixture
def curator(operator, sign_in):
    return sign_in(Role.CURATOR, operator)


def commune(operator, name, *, departement="35", **adhesion):
    organisation = OrganisationFactory(
        name=f"Commune de {name}", territory__name=name, territory__departement=departement
    )
    AdhesionFactory(operator=operator, organisation=organisation, **adhesion)
    return organisation


def listed(client, operator, **query):
    return client.get(reverse("operator_members", args=[operator.slug]), query)


def names(client, operator, **query) -> list[str]:
    rows = listed(client, operator, **query).context["rows"]
    return [row["name"].removeprefix("Commune de ") for row in rows]


def test_members_are_in_french_order(operator, curator):
    for name in ("Zuydcoote", "Évran", "Eu", "Étel", "Ercé"):
        commune(operator, name)
    commune(OperatorFactory(), "Ailleurs")
    assert names(curator, operator) == ["Ercé", "Étel", "Eu", "Évran", "Zuydcoote"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("evran", ["Évran"]),
        ("ÉVRAN", ["Évran"]),
        ("ste colombe", ["Sainte-Colombe"]),
        ("Sainte-Colombe", ["Sainte-Colombe"]),
        ("l'ile", ["L’Île-d’Yeu"]),
        ("commune", ["Évran", "L’Île-d’Yeu", "Sainte-Colombe"]),
        ("%", []),
        ("zzz", []),
        ("\0", ["Évran", "L’Île-d’Yeu", "Sainte-Colombe"]),
    ],
)
def test_one_searches_as_one_types(operator, curator, typed, found):
    for name in ("Évran", "Sainte-Colombe", "L’Île-d’Yeu"):
        commune(operator, name)
    assert names(curator, operator, q=typed) == found


def test_one_searches_by_siren_and_siret(operator, curator):
    wanted = commune(operator, "Évran")
    commune(operator, "Eu")
    siren = wanted.siren
    for typed in (siren, f"{siren[:3]} {siren[3:6]} {siren[6:]}", wanted.siret):
        assert names(curator, operator, q=typed) == ["Évran"]


def test_filters_keep_each_other(operator, curator):
    college = CollegeFactory(operator=operator)
    commune(operator, "Saint-Un", college=college)
    commune(operator, "Saint-Deux", college=college, departement="22")
    commune(operator, "Saint-Trois")
    epci = OrganisationFactory(epci=True, name="CC de Saint-Quatre", territory__departement="35")
    AdhesionFactory(operator=operator, organisation=epci, college=college)
    query = {"q": "saint", "departement": "35", "college": college.pk, "kind": "commune"}
    answer = listed(curator, operator, **query)
    assert [row["name"] for row in answer.context["rows"]] == ["Commune de Saint-Un"]
    assert names(curator, operator, college="aucun") == ["Saint-Trois"]
    assert names(curator, operator, departement="22") == ["Saint-Deux"]
    form = answer.context["form"]
    assert {name: form[name].value() for name in form.fields} == {
        "q": "saint",
        "etat": "en-cours",
        "college": str(college.pk),
        "kind": "commune",
        "departement": "35",
    }
    assert answer.context["rest"] == f"q=saint&college={college.pk}&kind=commune&departement=35&"
    assert answer.context["csv_url"].endswith(f"?q=saint&college={college.pk}&kind=commune&departement=35")


def test_a_body_without_territory_is_where_its_letters_go(operator, curator):
    syndicat = OrganisationFactory(name="SIVU", kind="syndicat", territory=None, postcode="22100")
    corsican = OrganisationFactory(name="SIVU corse", kind="syndicat", territory=None, postcode="20200")
    for organisation in (syndicat, corsican):
        AdhesionFactory(operator=operator, organisation=organisation)
    assert names(curator, operator, departement="22") == ["SIVU"]
    assert names(curator, operator, departement="2b") == ["SIVU corse"]
    assert names(curator, operator, departement="1") == []


def test_each_state_has_its_members(operator, curator):
    today = localdate()  # asked for here: a run of all tests may go on past midnight
    yesterday, tomorrow = today - timedelta(days=1), today + timedelta(days=1)
    commune(operator, "Présente")
    commune(operator, "Future", since=tomorrow)
    commune(operator, "Partante", until=tomorrow, withdrawal_on=yesterday)
    commune(operator, "Partie", until=today, withdrawal_on=date(2025, 6, 1))
    back = commune(operator, "Revenue", until=date(2026, 1, 1))
    AdhesionFactory(operator=operator, organisation=back, since=date(2026, 1, 1))
    assert names(curator, operator) == ["Partante", "Présente", "Revenue"]
    assert names(curator, operator, etat="a-venir") == ["Future"]
    assert names(curator, operator, etat="retraits") == ["Partante"]
    assert names(curator, operator, etat="anciens") == ["Partie"]
    badges = {row["name"]: row["badge"]["label"] for row in listed(curator, operator).context["rows"]}
    assert badges == {
        "Commune de Partante": "Retrait demandé",
        "Commune de Présente": "En cours",
        "Commune de Revenue": "En cours",
    }


def test_a_member_that_left_twice_is_shown_once_with_the_last_time(operator, curator):
    twice = commune(operator, "Deux-Fois", until=date(2026, 1, 1))
    AdhesionFactory(operator=operator, organisation=twice, since=date(2026, 2, 1), until=date(2026, 3, 1))
    (row,) = listed(curator, operator, etat="anciens").context["rows"]
    assert row["since"] == "Du 1er février 2026 au 28 février 2026"


def test_communes_covered_are_shown_with_their_intercommunality(operator, curator):
    territory = EpciFactory()
    epci = OrganisationFactory(epci=True, territory=territory, name="CC du Pays")
    AdhesionFactory(operator=operator, organisation=epci, covers_communes=True)
    covered = OrganisationFactory(name="Commune de Couverte", territory__epci=territory)
    both = OrganisationFactory(name="Commune de Propre", territory__epci=territory)
    AdhesionFactory(operator=operator, organisation=both)
    OrganisationFactory(territory__epci=EpciFactory())
    rows = listed(curator, operator).context["rows"]
    assert [(row["name"], row["since"], row["badge"]["label"]) for row in rows] == [
        ("CC du Pays", "Depuis le 1er janvier 2025", "En cours"),
        (covered.name, "Par CC du Pays", "Couverte"),
        (both.name, "Depuis le 1er janvier 2025", "En cours"),
    ]
    assert names(curator, operator, etat="couvertes") == ["Couverte"]
    assert names(curator, operator, etat="couvertes", q="propre") == []
    with as_worker():
        Adhesion.objects.filter(organisation=epci).update(until=TODAY)
    assert names(curator, operator) == ["Propre"]


def test_a_strange_address_shows_the_list(operator, curator):
    commune(operator, "Évran")
    for query in (
        {"page": "0"},
        {"page": "-1"},
        {"page": "x"},
        {"page": "²"},
        {"page": "9" * 30},
        {"etat": "nimporte"},
        {"college": "x"},
        {"college": "999999"},
        {"kind": "'"},
        {"departement": "--"},
    ):
        assert names(curator, operator, **query) == ["Évran"], query


def test_nothing_yet_and_nothing_found(operator, curator, sign_in):
    assert "Aucun adhérent pour le moment" in listed(curator, operator).content.decode()
    text = listed(curator, operator, q="zzz").content.decode()
    assert "Aucun adhérent ne correspond" in text
    assert "Tout afficher" in text


def test_who_may_add_sees_the_button(operator, sign_in):
    for role, sees in (
        (Role.CURATOR, True),
        (Role.OPERATOR_ADMIN, True),
        (Role.OPERATOR_FINANCE, False),
        (Role.AUDITOR, False),
    ):
        text = listed(sign_in(role, operator), operator).content.decode()
        assert ("Ajouter un adhérent" in text) == sees, role


@pytest.fixture
def three_hundred(operator):
    """Members of the operator, "Saint-Essai-000" to "Saint-Essai-299"."""
    with as_worker():
        made = [
            OrganisationFactory(
                name=f"Commune de Saint-Essai-{number:03d}", territory=None, seat=False, postcode="35000"
            )
            for number in range(300)
        ]
        Adhesion.objects.bulk_create(
            Adhesion(operator=operator, organisation=organisation, since=IN_FORCE_FROM)
            for organisation in made
        )


def test_three_hundred_members_are_leafed_through(operator, curator, three_hundred):
    first = listed(curator, operator)
    assert len(first.context["rows"]) == 25
    assert first.context["total"] == "300 organisations"
    assert "Page 1 sur 12" in first.content.decode()
    seen = [name for page in range(1, 13) for name in names(curator, operator, page=page)]
    assert seen == [f"Saint-Essai-{number:03d}" for number in range(300)]
    assert names(curator, operator, page=99) == seen[275:]
    last = listed(curator, operator, page=2, q="essai").content.decode()
    assert "?q=essai&amp;page=3" in last


@pytest.mark.parametrize(
    "query",
    [{}, {"q": "essai", "departement": "35", "kind": "commune", "page": 3}, {"page": 99}, {"q": "zzz"}],
)
def test_at_most_eight_queries(operator, curator, three_hundred, query):
    CollegeFactory(operator=operator)
    sent = []

    def count(execute, sql, params, many, context):
        if "SAVEPOINT" not in sql:  # the test's own transaction makes them of the request's
            sent.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        assert listed(curator, operator, **query).status_code == 200
    assert len(sent) <= 8, "\n".join(sent)


@pytest.mark.parametrize("name", ["operator_members", "operator_members_csv"])
@pytest.mark.parametrize("count", [1, 9])
def test_queries_of_the_list(name, count, operator, curator, snapshot):
    for number in range(count):
        commune(operator, f"Essai-{number}", college=CollegeFactory(operator=operator))
    with snapshot_queries(snapshot(name=name)):
        curator.get(reverse(name, args=[operator.slug]))


def exported(client, operator, **query) -> list[list[str]]:
    answer = client.get(reverse("operator_members_csv", args=[operator.slug]), query)
    assert answer.status_code == 200
    assert not answer.streaming
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


def test_the_export_is_the_list_filtered(operator, curator):
    college = CollegeFactory(operator=operator, name="Communes")
    kept = commune(
        operator,
        "Évran",
        college=college,
        until=date(2027, 1, 1),
        deliberation_number="2024-9",
        deliberation_date=date(2024, 12, 3),
    )
    commune(operator, "Eu")
    header, row = exported(curator, operator, q="evran")
    assert header[:3] == ["Nom", "SIREN", "Nature"]
    assert row == [
        "Commune de Évran",
        kept.siren,
        "commune",
        "Ille-et-Vilaine (35)",
        "Communes",
        "01/01/2025",
        "31/12/2026",
        "",
        "2024-9",
        "03/12/2024",
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_the_export_holds_no_formula(operator, curator, start):
    organisation = OrganisationFactory(name=f"{start}1+1")
    AdhesionFactory(operator=operator, organisation=organisation, deliberation_number=f"{start}2")
    (row,) = exported(curator, operator)[1:]
    assert (row[0], row[8]) == (f"'{start}1+1", f"'{start}2")


def test_the_register_s_commune_without_organisation_is_no_member(operator, curator):
    epci = OrganisationFactory(epci=True)
    AdhesionFactory(operator=operator, organisation=epci, covers_communes=True)
    TerritoryFactory(epci=epci.territory)
    assert len(names(curator, operator)) == 1
