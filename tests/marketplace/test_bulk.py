"""The pages of a request for many, behind the door of an intercommunality and of an operator."""

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from subscriptions import bulk
from subscriptions.bulk_queries import yearly_total
from subscriptions.models import BulkRequest, BulkState, State, Subscription
from tenants.models import Role
from tests.factories import (
    AdhesionFactory,
    ListingFactory,
    MembershipFactory,
    OrganisationFactory,
    SubscriptionFactory,
)
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries
from tests.tools.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing():
    return ListingFactory(vehicle__legal_basis="centrale", vehicle__deliberation_required=False)


@pytest.fixture
def epci(listing):
    body = OrganisationFactory(epci=True)
    AdhesionFactory(operator=listing.operator, organisation=body, covers_communes=True)
    return body


@pytest.fixture
def communes(epci):
    return [OrganisationFactory(territory__epci=epci.territory, territory__population=860) for _ in range(3)]


@pytest.fixture
def secretary(epci):
    return signed_in(epci, Role.SECRETARY)


def address(name, organisation, *rest):
    return reverse(f"member_{name}", args=[organisation.siren, *rest])


def form_of(client, url) -> dict:
    page = BeautifulSoup(client.get(url).content, "html.parser")
    key = page.select_one("main input[name=request_key]")["value"]
    return {"request_key": key, "decision": "chacune"}


def work() -> BulkRequest:
    with as_worker():
        found = BulkRequest.objects.get()
        bulk.run(bulk_id=found.pk, now=timezone.now())
        return BulkRequest.objects.get()


def test_an_intercommunality_asks_for_all_its_communes(listing, epci, communes, secretary, snapshot):
    subscribe = secretary.get(address("subscribe", epci, listing.pk)).content.decode()
    new = address("bulk_new", epci, listing.pk)
    assert new in subscribe
    shown = secretary.post(new, {**form_of(secretary, new), "everybody": "on"}, follow=True)
    text = shown.content.decode()
    assert "Rien n’est encore demandé" in text
    assert "774,00\u00a0€ HT" in text
    with as_worker():
        found = BulkRequest.objects.get()
        assert not Subscription.objects.exists()
    secretary.post(address("bulk_confirm", epci, found.public_id))
    progress = secretary.get(address("bulk_progress", epci, found.public_id)).content.decode()
    assert "0 sur 3" in progress
    assert "hx-trigger" in progress
    work()
    assert "hx-trigger" not in secretary.get(address("bulk_progress", epci, found.public_id)).content.decode()
    with snapshot_queries(snapshot(name="report")):
        page = secretary.get(address("bulk", epci, found.public_id))
    assert {row["badge"]["label"] for row in page.context["rows"]} == {"Demandé"}
    assert f'href="{new}"' in page.content.decode()
    lines = secretary.get(address("bulk_csv", epci, found.public_id)).content.decode("utf-8-sig").splitlines()
    assert len(lines) == 4
    assert lines[1].endswith(";258,00;demandé;")
    assert communes[0].siren in "".join(lines)
    with snapshot_queries(snapshot(name="list")):
        listed = secretary.get(address("bulks", epci)).content.decode()
    assert "Demandes faites" in listed


def test_the_total_of_a_list_to_confirm_leaves_out_who_has_the_service(listing, epci, communes, secretary):
    SubscriptionFactory(state=State.ACTIVE, tenant=communes[0], listing=listing)
    new = address("bulk_new", epci, listing.pk)
    secretary.post(new, {**form_of(secretary, new), "everybody": "on"})
    with as_worker():  # an operator reads its members' subscriptions, an intercommunality does not
        assert yearly_total(BulkRequest.objects.get()) == 51_600


@pytest.mark.parametrize(("vat", "unit"), [("S", "EUR HT"), ("O", "EUR")])
def test_the_report_says_before_tax_only_where_there_is_one(epci, communes, secretary, vat, unit):
    rate = {"grid__vat_rate": 0, "grid__vat_reason": "Hors champ."} if vat == "O" else {}
    vehicle = {"vehicle__legal_basis": "centrale", "vehicle__deliberation_required": False}
    listing = ListingFactory(grid__vat_category=vat, **vehicle, **rate)
    AdhesionFactory(operator=listing.operator, organisation=epci, covers_communes=True)
    new = address("bulk_new", epci, listing.pk)
    secretary.post(new, {**form_of(secretary, new), "everybody": "on"})
    with as_worker():
        found = BulkRequest.objects.get()
    report = secretary.get(address("bulk_csv", epci, found.public_id)).content.decode("utf-8-sig")
    assert f"Prix ({unit} par an)" in report.splitlines()[0]


def test_a_file_names_them_and_every_line_is_reported(listing, epci, communes, secretary):
    new = address("bulk_new", epci, listing.pk)
    content = f"Code INSEE;Engagement\n{communes[0].territory.code};E-7\n{communes[1].siren};\n99999;\n"
    file = SimpleUploadedFile("liste.csv", content.encode("cp1252"))
    shown = secretary.post(new, {**form_of(secretary, new), "file": file}, follow=True)
    rows = [(row["name"], row["badge"]["label"]) for row in shown.context["rows"]]
    assert rows == [(communes[0].name, "À faire"), (communes[1].name, "À faire"), ("99999", "Refusé")]
    with as_worker():
        lines = BulkRequest.objects.get().lines.order_by("position")
        assert [line.commitment_number for line in lines] == ["E-7", "", ""]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Choisissez au moins une collectivité"),
        ({"chosen": "0"}, "n’est plus dans cette liste"),
        ({"everybody": "on", "file": b"x"}, "pas les deux"),
        ({"file": b"Nom\nQuimper\n"}, "Code INSEE ou SIREN"),
        ({"everybody": "on", "decision": "convention"}, "Joignez la convention signée"),
        ({"everybody": "on", "decision": "x"}, "Choisissez une réponse."),
        ({"everybody": "on", "decision": "convention", "convention": PDF}, "Joignez le fichier de nouveau"),
    ],
)
def test_what_is_wrong_is_said_in_its_place(listing, epci, communes, secretary, typed, said):
    new = address("bulk_new", epci, listing.pk)
    files = {name: SimpleUploadedFile("f", typed[name]) for name in ("file", "convention") if name in typed}
    typed = {**typed, **files}
    page = secretary.post(new, {**form_of(secretary, new), **typed})
    assert said in page.content.decode()
    with as_worker():
        assert not BulkRequest.objects.exists()


def test_one_act_decides_for_all(listing, epci, communes, secretary):
    new = address("bulk_new", epci, listing.pk)
    convention = {
        "decision": "convention",
        "number": "C-2026-1",
        "date": "2026-01-05",
        "convention": SimpleUploadedFile("convention.pdf", PDF),
    }
    secretary.post(new, {**form_of(secretary, new), "everybody": "on", **convention})
    with as_worker():
        found = BulkRequest.objects.get()
    secretary.post(address("bulk_confirm", epci, found.public_id))
    work()
    assert "Un acte doit décider" in secretary.get(address("bulk", epci, found.public_id)).content.decode()
    MembershipFactory(organisation=epci, role=Role.SIGNATORY, user=found.requested_by)
    own = secretary.get(address("bulk", epci, found.public_id))
    assert "Une autre personne doit approuver" in own.content.decode()
    assert own.context["approve_form"] is None
    president = signed_in(epci, Role.SIGNATORY)
    wrong = {"number": "2026-9", "date": "2026-02-01", "file": SimpleUploadedFile("acte.pdf", b"<html>")}
    page = president.post(address("bulk_approve", epci, found.public_id), wrong)
    assert "n’est pas un PDF" in page.content.decode()
    right = {**wrong, "file": SimpleUploadedFile("acte.pdf", PDF)}
    president.post(address("bulk_approve", epci, found.public_id), right)
    assert work().state == BulkState.DONE
    with as_worker():
        assert set(Subscription.objects.values_list("state", flat=True)) == {State.PROVISIONING}


def test_a_list_can_be_thrown_away(listing, epci, communes, secretary):
    new = address("bulk_new", epci, listing.pk)
    secretary.post(new, {**form_of(secretary, new), "everybody": "on"})
    with as_worker():
        found = BulkRequest.objects.get()
    page = secretary.post(address("bulk_discard", epci, found.public_id), follow=True)
    assert "rien n’a été demandé" in page.content.decode()
    assert secretary.get(address("bulk", epci, found.public_id)).status_code == 404


def test_another_door_shows_nothing_of_it(listing, epci, communes, secretary):
    new = address("bulk_new", epci, listing.pk)
    secretary.post(new, {**form_of(secretary, new), "everybody": "on"})
    with as_worker():
        found = BulkRequest.objects.get()
    curator = signed_in(listing.operator.organisation, Role.CURATOR)
    assert (
        curator.get(reverse("operator_bulk", args=[listing.operator.slug, found.public_id])).status_code
        == 404
    )
    commune = signed_in(communes[0], Role.SECRETARY)
    assert commune.get(address("bulks", communes[0])).status_code == 404
    agent = signed_in(epci, Role.AGENT)
    assert agent.get(address("bulk", epci, found.public_id)).status_code == 200
    assert agent.post(address("bulk_confirm", epci, found.public_id)).status_code == 404


def test_an_operator_asks_for_any_of_its_members(listing, communes):
    client = signed_in(listing.operator.organisation, Role.CURATOR)
    new = reverse("operator_bulk_new", args=[listing.operator.slug, listing.pk])
    page = client.get(new)
    assert page.context["count"] == "4"  # its intercommunality and three communes
    SubscriptionFactory(tenant=communes[0], listing=listing, state=State.ACTIVE)
    chosen = {"chosen": [str(commune.pk) for commune in communes[:2]]}
    shown = client.post(new, {**form_of(client, new), **chosen}, follow=True)
    assert {row["name"]: row["reason"] for row in shown.context["rows"]} == {
        communes[0].name: "A déjà ce service, ou l’a demandé : ouvert.",
        communes[1].name: "",
    }
    with as_worker():
        found = BulkRequest.objects.get()
        assert {line.organisation_id for line in found.lines.all()} == {one.pk for one in communes[:2]}
