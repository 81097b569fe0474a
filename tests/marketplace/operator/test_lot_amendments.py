"""The form that amends a published lot, and the table of what was amended."""

from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.timezone import localdate

from subscriptions.models import LotAmendment
from tenants.models import Role
from tests.factories import FrameworkLotFactory, LotAmendmentFactory
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def curator(operator, sign_in):
    return sign_in(Role.CURATOR, operator)


@pytest.fixture
def lot(operator):
    today = localdate()
    return FrameworkLotFactory(
        vehicle__operator=operator,
        vehicle__name="Accord-cadre cartes",
        number=1,
        starts_on=today - timedelta(days=100),
        ends_on=today + timedelta(days=700),
    )


def at(name, lot, *more) -> str:
    return reverse(
        f"operator_lot_{name}", args=[lot.vehicle.operator.slug, lot.vehicle_id, lot.number, *more]
    )


def vehicle_page(client, lot) -> BeautifulSoup:
    return page_of(client.get(reverse("operator_vehicle", args=[lot.vehicle.operator.slug, lot.vehicle_id])))


def page_of(answer) -> BeautifulSoup:
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html.parser")


def words(tag) -> str:
    return " ".join(tag.get_text(" ").split())


def errors(page) -> dict[str, str]:
    return {
        field.select_one("input, select, textarea")["name"]: words(field)
        for field in page.select(".halle-field--error")
    }


def sent(page: BeautifulSoup, **typed) -> dict:
    """The form as the page shows it, with what a person types; `paper` among it."""
    form = page.select_one("form[enctype]")
    found = {
        one["name"]: one.get("value", "")
        for one in form.select("input")
        if one["type"] not in ("file", "radio", "checkbox")
    }
    found |= {one["name"]: one.get_text().strip() for one in form.select("textarea")}
    chosen = form.select_one("input[type=radio][checked]")
    ground = chosen["value"] if chosen else "small"
    paper = SimpleUploadedFile("avenant.pdf", PDF)
    return {**found, "ground": ground, "reason": "Plus de communes", "paper": paper, **typed}


def test_from_the_form_to_the_table(curator, lot):
    address = vehicle_page(curator, lot).select_one("section[aria-labelledby=lot-1] a.btn")["href"]
    assert address == at("amend", lot)
    page = page_of(curator.get(address))
    assert page.select_one("[name=ceiling]")["value"].replace("\u202f", " ") == "100 000,00"
    assert "9 999,99 € HT en tout" in words(page.select_one("[aria-labelledby=limites]")).replace(
        "\u202f", " "
    )
    last = lot.ends_on - timedelta(days=31)
    answer = curator.post(address, sent(page, ceiling="105 000", last_day=last.isoformat()))
    assert answer.status_code == 302
    assert "L’avenant n° 1 au lot 1 est enregistré." in [
        str(one) for one in get_messages(answer.wsgi_request)
    ]
    section = vehicle_page(curator, lot).select_one("section[aria-labelledby=lot-1]")
    row = words(section.select_one("tbody tr")).replace("\u202f", " ")
    assert "Maximum : de 100 000,00 € HT à 105 000,00 € HT" in row
    assert "Dernier jour : de" in row
    assert "R2194-8" in row
    assert "Plus de communes" in row
    assert "105 000,00" in words(section.select_one("dl")).replace("\u202f", " ")
    paper = curator.get(section.select_one("tbody a")["href"])
    assert (paper.content, paper.headers["Content-Type"]) == (PDF, "application/pdf")


def test_what_is_to_come_is_said_so(curator, lot):
    page = page_of(curator.get(at("amend", lot)))
    coming = (localdate() + timedelta(days=10)).isoformat()
    curator.post(at("amend", lot), sent(page, renewals="2", effective_on=coming))
    section = vehicle_page(curator, lot).select_one("section[aria-labelledby=lot-1]")
    assert "à venir" in words(section.select_one("tbody th"))
    assert "Reconductions 0" in words(section.select_one("dl"))
    again = page_of(curator.get(at("amend", lot)))
    assert again.select_one("[name=renewals]")["value"] == "2"
    assert again.select_one("[name=effective_on]")["value"] == coming


@pytest.mark.parametrize(
    ("wrong", "field", "sentence"),
    [
        ({"ceiling": "115 000"}, "ceiling", "lancer une nouvelle consultation"),
        ({"ceiling": "beaucoup"}, "ceiling", "n’est pas un montant"),
        ({"effective_on": "2020-01-01"}, "effective_on", "avenir"),
        ({"effective_on": "demain"}, "effective_on", "n’existe pas"),
        ({"last_day": "2090-01-01"}, "duration_reason", "quatre ans"),
        ({"renewals": "1", "ground": ""}, "ground", "fondement"),
        ({"renewals": "1", "ground": "autre"}, "ground", "liste"),
        ({"renewals": "1", "reason": ""}, "reason", "pourquoi"),
        ({"renewals": "12"}, "renewals", "0 à 10"),
        ({}, "ceiling", "Rien ne change"),
    ],
)
def test_mistakes_are_told_at_their_field_and_what_was_typed_stays(curator, lot, wrong, field, sentence):
    typed = sent(page_of(curator.get(at("amend", lot))), revision_formula="P = P0", **wrong)
    if not wrong:
        typed["revision_formula"] = ""
    page = page_of(curator.post(at("amend", lot), typed))
    found = errors(page)
    assert set(found) == {field, "paper"}
    assert sentence in found[field]
    assert "de nouveau" in found["paper"], "a browser does not keep the file"
    assert page.title.string.startswith("Erreur : ")
    assert page.select_one("[name=revision_formula]").get("value", "") == typed["revision_formula"]
    assert not LotAmendment.objects.exists()


@pytest.mark.parametrize(
    ("paper", "sentence"), [(None, "Joignez l’avenant signé"), (b"PK", "n’est pas un PDF"), (b"", "vide")]
)
def test_the_paper_is_a_pdf(curator, lot, paper, sentence):
    typed = sent(page_of(curator.get(at("amend", lot))), renewals="1")
    del typed["paper"]
    if paper is not None:
        typed["paper"] = SimpleUploadedFile("avenant.pdf", paper)
    assert sentence in errors(page_of(curator.post(at("amend", lot), typed)))["paper"]


@pytest.mark.parametrize("broken", [{"seen": "x"}, {"request_key": ""}, {"seen": "-1"}])
def test_an_incomplete_page(curator, lot, broken):
    typed = sent(page_of(curator.get(at("amend", lot))), renewals="1", **broken)
    page = page_of(curator.post(at("amend", lot), typed))
    assert "rien n’a été enregistré" in words(page.main)
    assert not LotAmendment.objects.exists()


def test_somebody_else_amended_meanwhile(curator, lot):
    typed = sent(page_of(curator.get(at("amend", lot))), renewals="1")
    LotAmendmentFactory(lot=lot, made_on=localdate(), effective_on=localdate(), renewals=3)
    page = page_of(curator.post(at("amend", lot), typed))
    assert "Un autre avenant" in errors(page)["effective_on"]


@pytest.mark.parametrize("values", [{"published_on": None}, {"ends_on": date(2026, 1, 1)}])
def test_only_a_running_lot(operator, curator, values):
    lot = FrameworkLotFactory(vehicle__operator=operator, **values)
    answer = curator.get(at("amend", lot))
    assert answer.status_code == 302
    assert "par avenant" in str(next(iter(get_messages(answer.wsgi_request))))
    labels = [words(link) for link in vehicle_page(curator, lot).select("a.btn")]
    assert not [label for label in labels if "par avenant" in label]


def test_an_auditor_reads_the_table_and_the_paper(sign_in, operator, lot):
    LotAmendmentFactory(lot=lot, made_on=localdate(), effective_on=localdate(), renewals=3)
    auditor = sign_in(Role.AUDITOR, operator)
    page = page_of(auditor.get(at("amend", lot)))
    assert page.main.select("form[method=post], a.btn") == []
    assert "Reconductions : de 0 à 3" in words(page.main)
    assert auditor.get(at("paper", lot, 1)).status_code == 200
    assert auditor.get(at("paper", lot, 2)).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_page_queries(curator, lot, count, snapshot):
    with as_worker():
        for number in range(1, count + 1):
            LotAmendmentFactory(
                lot=lot, number=number, made_on=localdate(), effective_on=localdate(), renewals=number
            )
    curator.get(at("amend", lot))
    with snapshot_queries(snapshot(name="form")):
        curator.get(at("amend", lot))
