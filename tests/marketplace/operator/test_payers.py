"""An operator reads who pays what for whom, proposes a part, and ends one."""

import csv
import io
import uuid
from datetime import date

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from subscriptions.models import PayerShare, ShareSide, ShareState, State
from tenants.models import Letter, Role
from tests.factories import (
    AdhesionFactory,
    MembershipFactory,
    OrganisationFactory,
    PayerShareFactory,
    PayerShareMoveFactory,
    SubscriptionFactory,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(operator):
    return SubscriptionFactory(state=State.ACTIVE, tenant__name="Évran", listing__operator=operator)


@pytest.fixture
def region(operator):
    found = OrganisationFactory(name="Région Bretagne")
    AdhesionFactory(operator=operator, organisation=found)
    return found


@pytest.fixture
def finance(operator, sign_in):
    return sign_in(Role.OPERATOR_FINANCE, operator)


def at(name, operator, *more) -> str:
    return reverse(name, args=[operator.slug, *more])


def text(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def rows(answer) -> list[str]:
    found = BeautifulSoup(text(answer), "html.parser").select("tbody tr")
    return [" ".join(row.get_text(" ").split()) for row in found]


def typed(**values) -> dict:
    return {
        "public_id": str(uuid.uuid4()),
        "payer": "region bretagne",
        "kind": "cofinancing",
        "percent": "33,5 %",
        "starts": "2030-01-01",
        "convention_number": "C-7",
        "convention_date": "2026-01-05",
        "convention_file": SimpleUploadedFile("convention.pdf", b"%PDF-1.7\n%%EOF"),
    } | values


def the_share() -> PayerShare:
    with as_worker():
        return PayerShare.objects.get()


def test_it_proposes_the_signatory_of_the_payer_agrees_and_it_ends(operator, held, region, finance):
    told = MembershipFactory(organisation=held.tenant, role=Role.SECRETARY).user
    signatory = MembershipFactory(organisation=region, role=Role.SIGNATORY).user
    assert at("operator_subscription_payers", operator, held.public_id) in text(
        finance.get(at("operator_subscriptions", operator))
    )
    page = text(finance.get(at("operator_subscription_payers", operator, held.public_id)))
    assert "L’abonné paie tout" in page
    new = at("operator_payer_new", operator, held.public_id)
    assert new in page
    assert "L’abonné, Évran, en est prévenu" in text(finance.get(new))
    assert finance.post(new, typed()).status_code == 302
    share = the_share()
    assert (share.state, share.part, share.whole, share.payer_id) == ("proposed", 3350, 10_000, region.pk)
    with as_worker():
        assert share.moves.get().side == ShareSide.OPERATOR
        assert set(Letter.objects.values_list("to", flat=True)) == {told.email, signatory.email}
    payer = Client()
    payer.force_login(signatory)
    agree = reverse("member_share_agree", args=[region.siren, share.public_id])
    assert payer.post(agree).status_code == 302
    stop = at("operator_payer_stop", operator, share.public_id)
    assert stop in text(finance.get(at("operator_payer_share", operator, share.public_id)))
    assert finance.post(stop, {"last_day": "2030-06-30", "reason": "Fin du plan."}).status_code == 302
    assert (the_share().state, the_share().ends) == (ShareState.ENDED, date(2030, 7, 1))
    page = text(finance.get(at("operator_payer_share", operator, share.public_id)))
    for said in (
        "Proposée par l’opérateur",
        "Acceptée par le payeur",
        "Arrêtée par l’opérateur",
        "Fin du plan.",
    ):
        assert said in page


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"payer": "Nulle-Part"}, "n’a ce nom ni ce SIREN"),
        ({"payer": "Évran"}, "L’abonné paie déjà"),
        ({"percent": "120"}, "entre 0,01 et 100"),
        ({"convention_file": SimpleUploadedFile("c.pdf", b"PK")}, "pas un PDF"),
    ],
)
def test_what_is_typed_wrong_is_said_and_kept(operator, held, region, finance, values, words):
    page = text(finance.post(at("operator_payer_new", operator, held.public_id), typed(**values)))
    assert words in page
    assert 'value="C-7"' in page


def test_it_takes_back_its_own_proposals_only(operator, held, region, finance):
    own = PayerShareFactory(subscription=held, payer=region, state=ShareState.PROPOSED)
    PayerShareMoveFactory(share=own, side=ShareSide.OPERATOR)
    theirs = PayerShareFactory(subscription=held, state=ShareState.PROPOSED)
    PayerShareMoveFactory(share=theirs, side=ShareSide.SUBSCRIBER)
    withdraw = at("operator_payer_withdraw", operator, own.public_id)
    assert withdraw in text(finance.get(at("operator_payer_share", operator, own.public_id)))
    assert "La proposition est retirée." in text(finance.post(withdraw, follow=True))
    not_its_own = at("operator_payer_withdraw", operator, theirs.public_id)
    assert not_its_own not in text(finance.get(at("operator_payer_share", operator, theirs.public_id)))
    assert "lui seul la retire" in text(finance.post(not_its_own, follow=True))
    with as_worker():
        states = dict(PayerShare.objects.values_list("pk", "state"))
    assert states == {own.pk: "withdrawn", theirs.pk: "proposed"}


def test_the_list_says_who_pays_what_for_whom(operator, held, region, finance):
    PayerShareFactory(subscription=held, payer=region)
    waiting = PayerShareFactory(
        subscription=held, state=ShareState.PROPOSED, part=None, whole=None, yearly_cents=1_200
    )
    foreign = PayerShareFactory(payer=region)
    [first, second] = sorted(rows(finance.get(at("operator_payers", operator))), reverse=True)
    for said in ("Région Bretagne", "Évran", held.service_name, "40", "Acceptée", "103,20"):
        assert said in first
    for said in (waiting.payer.name, "12,00\xa0€ par an".replace("\xa0", " "), "Proposée", "–"):
        assert said in second
    assert foreign.tenant.name not in first + second


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=bretagne", 1),
        ("?q=evran", 2),
        ("?etat=a-repondre", 1),
        ("?etat=en-cours", 1),
        ("?etat=a-venir", 0),
        ("?etat=finies", 0),
        ("?q=%00", 2),
        ("?etat=nimporte&page=99999999999", 2),
    ],
)
def test_the_list_and_its_file_are_narrowed(operator, held, region, finance, query, found):
    PayerShareFactory(subscription=held, payer=region)
    PayerShareFactory(subscription=held, state=ShareState.PROPOSED)
    assert len(rows(finance.get(at("operator_payers", operator) + query))) == found
    content = finance.get(at("operator_payers_csv", operator) + query).content.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(content), delimiter=";"))) == found + 1


def test_the_file_is_for_a_spreadsheet(operator, held, region, finance):
    PayerShareFactory(subscription=held, payer=region, ends=date(2027, 1, 1))
    answer = finance.get(at("operator_payers_csv", operator))
    [header, row] = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    said = dict(zip(header, row, strict=True))
    assert (said["Abonné"], said["Payeur"], said["SIREN du payeur"]) == ("Évran", region.name, region.siren)
    assert (said["Taux (%)"], said["Par an, aux parts du jour (EUR, avant TVA s’il y en a)"]) == (
        "40",
        "103,20",
    )
    assert (said["À partir du"], said["Jusqu’au (inclus)"]) == ("01/01/2026", "31/12/2026")


def test_it_is_paged(operator, held, finance):
    for _ in range(26):
        PayerShareFactory(subscription=held, state=ShareState.REFUSED)
    assert len(rows(finance.get(at("operator_payers", operator)))) == 25
    assert len(rows(finance.get(at("operator_payers", operator) + "?page=2"))) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_the_queries_do_not_grow(operator, finance, snapshot, count):
    for _ in range(count):
        PayerShareFactory(subscription__listing__operator=operator)
    share = the_first()
    finance.get(at("operator_payers", operator))
    with snapshot_queries(snapshot(name="list")):
        assert len(rows(finance.get(at("operator_payers", operator)))) == count
    with snapshot_queries(snapshot(name="file")):
        assert finance.get(at("operator_payers_csv", operator)).status_code == 200
    with snapshot_queries(snapshot(name="share")):
        assert finance.get(at("operator_payer_share", operator, share.public_id)).status_code == 200


def the_first() -> PayerShare:
    with as_worker():
        return PayerShare.objects.order_by("pk")[0]


def test_a_curator_and_an_auditor_read_and_send_nothing(operator, held, region, sign_in):
    share = PayerShareFactory(subscription=held, payer=region)
    for role in (Role.CURATOR, Role.AUDITOR):
        client = sign_in(role, operator)
        assert "Région Bretagne" in text(client.get(at("operator_payers", operator)))
        page = text(client.get(at("operator_payer_share", operator, share.public_id)))
        assert at("operator_payer_stop", operator, share.public_id) not in page
        page = text(client.get(at("operator_subscription_payers", operator, held.public_id)))
        assert at("operator_payer_new", operator, held.public_id) not in page


def test_another_operators_part_is_not_found(operator, region, finance):
    foreign = PayerShareFactory(payer=region)
    for name in ("operator_payer_share", "operator_payer_stop", "operator_payer_convention"):
        assert finance.get(at(name, operator, foreign.public_id)).status_code == 404
    new = at("operator_payer_new", operator, foreign.subscription.public_id)
    assert finance.post(new, typed()).status_code == 404


def test_its_convention_is_read(operator, held, region, finance):
    share = PayerShareFactory(subscription=held, payer=region)
    answer = finance.get(at("operator_payer_convention", operator, share.public_id))
    assert answer["Content-Type"] == "application/pdf"


def test_nothing_is_proposed_for_a_subscription_that_is_over(operator, region, finance):
    over = SubscriptionFactory(state=State.ENDED, listing__operator=operator)
    page = text(finance.get(at("operator_subscription_payers", operator, over.public_id)))
    assert at("operator_payer_new", operator, over.public_id) not in page
    assert finance.get(at("operator_payer_new", operator, over.public_id)).status_code == 404
