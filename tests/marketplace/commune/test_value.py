"""The pages of a value file."""

from datetime import date

import pytest
from bs4 import BeautifulSoup

from subscriptions.models import State, ValueFile, ValueReview
from tenants.models import Role
from tenants.tenancy import tenant_scope
from tests.factories import ListingFactory, SubscriptionFactory, ValueFileFactory, ValueReviewFactory
from tests.tools.queries import snapshot_queries

LISTS = ("costs", "gains", "qualities", "risks")


def sent(revision=0, **others) -> dict:
    """A form with two days of training and forty hours saved a year."""
    rows = {
        "costs": [{"label": "Formation", "quantity": "2", "unit_cents": "240", "every": "once"}],
        "gains": [{"label": "Saisie", "quantity": "40", "unit_cents": "27,50"}],
        "qualities": [{"label": "", "grade": ""}],
        "risks": [{"label": "Panne", "probability": "2", "impact": "3", "mitigation": "Une copie."}],
    } | others
    data = {"revision": revision, "years": "3", "rate": "3,2", "necessity": "2", "necessity_reason": ""}
    for name in LISTS:
        data |= {f"{name}-TOTAL_FORMS": len(rows[name]), f"{name}-INITIAL_FORMS": 0}
        for number, row in enumerate(rows[name]):
            data |= {f"{name}-{number}-{key}": value for key, value in row.items()}
    return data


def text(answer) -> str:
    page = BeautifulSoup(answer.content, "html.parser")
    return " ".join(page.main.get_text(" ").replace("\u202f", " ").replace("\xa0", " ").split())


def test_a_secretary_evaluates_what_she_considers(client, at, commune, listing, secretary):
    client.force_login(secretary)
    page = text(client.get(at("member_value_edit", listing.pk)))
    assert "Prix du service : 309,60 € TTC par an." in page
    assert "Taux public : 3,2 %" in page
    answer = client.post(at("member_value_edit", listing.pk), sent(), follow=True)
    found = text(answer)
    for told in (
        "Coût total 1 408,80 €", "Gains attendus 3 300,00 €", "Délai de retour 8 mois", "(3,2 % par an)",
        "Rentabilité 5 sur 5", "Nécessité 2 sur 5", "Bénéfices internes non noté", "2 × 3 = 6", "Une copie.",
        "Couverts au bout de 8 mois.",
    ):  # fmt: skip
        assert told in found, told
    assert "309,60" in text(client.get(at("member_value_edit", listing.pk)))


def test_what_was_typed_is_kept_with_its_mistakes(client, at, commune, listing, secretary):
    client.force_login(secretary)
    wrong = sent(costs=[{"label": "", "quantity": "2", "unit_cents": "240"}], gains=[{"label": "Temps"}])
    answer = client.post(at("member_value_edit", listing.pk), wrong | {"rate": "bof"})
    page = BeautifulSoup(answer.content, "html.parser")
    told = [one.text for one in page.select(".halle-error-summary a")]
    assert [one.split(" : ")[0] for one in told] == [
        "Taux d’actualisation, en % par an", "Coût 1, Intitulé", "Gain 1, Montant de chacun, en euros TTC",
    ]  # fmt: skip
    assert all(page.select_one(one["href"]) for one in page.select(".halle-error-summary a"))
    assert page.select_one("[name=costs-0-unit_cents]")["value"] == "240"
    with tenant_scope([commune.pk]):
        assert not ValueFile.objects.filter(tenant=commune).exists()


def test_two_people_at_once(client, at, commune, listing, secretary):
    ValueFileFactory(tenant=commune, listing=listing, revision=2)
    client.force_login(secretary)
    answer = client.post(at("member_value_edit", listing.pk), sent(revision=1))
    page = BeautifulSoup(answer.content, "html.parser")
    assert "Enregistré par quelqu’un d’autre" in page.main.text
    assert page.select_one("[name=gains-0-unit_cents]")["value"] == "27,50"
    again = sent(revision=page.select_one("[name=revision]")["value"])
    assert client.post(at("member_value_edit", listing.pk), again).status_code == 302


def test_the_form_shows_what_was_written_and_removes_a_row(client, at, commune, listing, secretary):
    client.force_login(secretary)
    client.post(at("member_value_edit", listing.pk), sent())
    page = BeautifulSoup(client.get(at("member_value_edit", listing.pk)).content, "html.parser")
    data = {
        field["name"]: field.get("value", "")
        for field in page.select("main input:not([type=checkbox])")
        if field.get("name")
    } | {
        field["name"]: (field.select_one("option[selected]") or {}).get("value", "")
        for field in page.select("main select")
    }
    assert (data["gains-0-quantity"], data["gains-0-unit_cents"]) == ("40", "27,50")
    data["gains-0-DELETE"] = "on"
    assert client.post(at("member_value_edit", listing.pk), data).status_code == 302
    with tenant_scope([commune.pk]):
        kept = ValueFile.objects.get(tenant=commune).assumptions
    assert (kept["gains"], len(kept["costs"])) == ([], 1)


def test_too_many_rows_are_refused(client, at, commune, listing, secretary):
    client.force_login(secretary)
    rows = [{"label": f"Coût {number}", "unit_cents": "1", "every": "once"} for number in range(21)]
    answer = client.post(at("member_value_edit", listing.pk), sent(costs=rows))
    assert "Pas plus de 20 lignes par liste" in text(answer)


def test_nobody_evaluates_what_no_operator_of_hers_offers(client, at, secretary):
    client.force_login(secretary)
    assert client.get(at("member_value_edit", ListingFactory().pk)).status_code == 404
    assert client.get(at("member_value", ListingFactory().pk)).status_code == 404


def test_after_a_year_she_writes_what_happened(client, at, commune, listing, secretary):
    SubscriptionFactory(tenant=commune, listing=listing, state=State.ACTIVE, active_from=date(2025, 1, 1))
    file = ValueFileFactory(tenant=commune, listing=listing)
    client.force_login(secretary)
    assert "Écrire le bilan de l’année 1" in text(client.get(at("member_value", listing.pk)))
    asked = text(client.get(at("member_value_review", listing.pk)))
    assert "Prix souscrit 600,00 €" in asked
    told = {"costs_cents": "350", "gains_cents": "800,50", "note": "Les familles <b>ont suivi</b>."}
    empty = client.post(at("member_value_review", listing.pk), told | {"note": ""})
    assert "Racontez l’année" in text(empty)
    found = text(client.post(at("member_value_review", listing.pk), told, follow=True))
    for line in (
        "Prix souscrit 600,00 € 600,00 € 0,00 €", "Autres coûts 300,00 € 350,00 € 50,00 €",
        "Gains 1 000,00 € 800,50 € -199,50 €", "Les familles <b>ont suivi</b>.",
    ):  # fmt: skip
        assert line in found.replace("−", "-"), line
    with tenant_scope([commune.pk]):
        assert ValueReview.objects.get(file=file).year == 1


def test_before_a_year_is_over_there_is_nothing_to_review(client, at, commune, listing, secretary):
    ValueFileFactory(tenant=commune, listing=listing)
    client.force_login(secretary)
    assert client.get(at("member_value_review", listing.pk)).url == at("member_value", listing.pk)


@pytest.mark.parametrize(("form", "start"), [("pdf", b"%PDF-"), ("odt", b"PK")])
def test_the_file_is_handed_over(client, at, commune, listing, person, form, start):
    file = ValueFileFactory(tenant=commune, listing=listing)
    ValueReviewFactory(file=file)
    client.force_login(person(Role.AGENT))
    answer = client.get(at("member_value_file", listing.pk, form))
    assert (answer.status_code, answer.content[: len(start)]) == (200, start)
    assert client.get(at("member_value_file", listing.pk, "doc")).status_code == 404


def test_an_agent_reads_and_does_not_write(client, at, commune, listing, person):
    ValueFileFactory(tenant=commune, listing=listing)
    client.force_login(person(Role.AGENT))
    page = BeautifulSoup(client.get(at("member_value", listing.pk)).content, "html.parser")
    assert not [link for link in page.select("main a") if "modifier" in link["href"]]


def test_queries(client, at, commune, secretary, snapshot):
    for _ in range(3):
        ValueFileFactory(tenant=commune)
    client.force_login(secretary)
    with snapshot_queries(snapshot):
        client.get(at("member_values"))


def test_without_a_price_the_page_says_so_in_its_place(client, at, commune, listing, secretary):
    unpriced = ListingFactory(operator=listing.operator, grid=None)
    client.force_login(secretary)
    page = client.get(at("member_value_edit", unpriced.pk))
    assert page.status_code == 200
    assert "Le prix n’est pas encore connu" in page.content.decode()
