"""The demo's words and numbers, without a database."""

import io
import json
from decimal import Decimal

import pytest
from pypdf import PdfReader
from stdnum import iban
from stdnum.eu import vat
from stdnum.fr import siren, siret

from catalog.models import Family
from catalog.pricing import parse_grid
from demo import constants
from demo.identity.__main__ import claims, read_people
from demo.seed import broker_catalog, people
from demo.seed.connections import BY_MESSAGE
from demo.seed.decisions import act_pdf
from demo.seed.identifiers import fictional_siren, seat_siret, vat_number
from demo.seed.identifiers import iban as make_iban
from demo.seed.members import commune_name
from demo.seed.moments import YEAR_START
from demo.seed.operators import BODIES
from demo.seed.price_grids import PATTERNS, definition
from demo.seed.shelves import services, shelves_of
from demo.seed.vendors import AUTOMATIC, MAKERS, vendor_siren
from devstack.supervisor.processes import BROKER_CATALOG, PEOPLE, WEBHOOK_ID

SERVICES = [text for family in Family for text in services(family)]


def test_six_services_in_each_of_ten_families():
    assert [len(services(family)) for family in Family] == [6] * 10
    assert len({text["slug"] for text in SERVICES}) == len({text["name"] for text in SERVICES}) == 60


@pytest.mark.parametrize("text", SERVICES, ids=lambda text: text["slug"])
def test_a_service_says_all_a_buyer_asks(text):
    assert 2 <= len(text["description"]) <= 4
    assert all(paragraph.endswith(".") for paragraph in text["description"])
    assert len(text["summary"]) <= 220
    assert all(text[name] for name in ("audience", "hosting", "licence"))
    written = json.dumps(text, ensure_ascii=False)
    assert not any(f" {sign}" in written.replace('": ', "") for sign in (";", "!", "?"))
    assert "'" not in written


def test_every_vendor_makes_five_services_and_no_other_one_does():
    made = [text["vendor"] for text in SERVICES]
    assert {slug: made.count(slug) for slug in made} == {maker.slug: 5 for maker in MAKERS}


def test_an_operator_lists_twenty_to_thirty_five_services():
    shelves = [
        slug for rank_of_family in range(10) for rank in range(6) for slug in shelves_of(rank, rank_of_family)
    ]
    counts = {body.slug: shelves.count(body.slug) for body in BODIES}
    assert all(20 <= count <= 35 for count in counts.values()), counts


@pytest.mark.parametrize("turn", range(20))
def test_every_grid_can_be_priced(turn):
    grid = parse_grid(definition(rate=Decimal("0.75"), turn=turn))
    assert grid.pattern == PATTERNS[turn % len(PATTERNS)].__name__


def test_the_brokers_catalogue_is_the_committed_one():
    assert BROKER_CATALOG == broker_catalog.FILE
    assert json.loads(BROKER_CATALOG.read_text(encoding="utf-8")) == broker_catalog.broker_catalog()
    # Five services a vendor, but for those that are told by messages.
    assert len(broker_catalog.broker_catalog()) == 5 * len(AUTOMATIC) - len(BY_MESSAGE)


def test_the_supervisor_and_the_seed_mean_the_same_webhook(monkeypatch):
    monkeypatch.delenv("STRIPE_WEBHOOK_ID", raising=False)
    assert constants.webhook_id() == WEBHOOK_ID


def test_people_have_sound_claims_and_known_mandates():
    found = read_people(PEOPLE)
    assert set(people.MANDATES) < {person["sub"] for person in found}
    for person in found:
        assert person["email"].endswith(".example")
        assert "role" not in claims(person)
        assert siret.is_valid(person.get("siret", "73282932000074"))


def test_people_claim_the_seat_of_where_their_mandate_is():
    by_sub = {person["sub"]: person for person in read_people(PEOPLE)}
    for body in BODIES:
        for sub, mandates in people.MANDATES.items():
            if mandates[0][0] == body.siren:
                assert by_sub[sub]["siret"] == seat_siret(body.siren)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.slug)
def test_an_operators_numbers_are_sound(body):
    assert siren.is_valid(body.siren)
    assert siret.is_valid(seat_siret(body.siren))
    assert vat.is_valid(vat_number(body.siren))
    bank, branch, account = body.account
    assert iban.is_valid(make_iban(bank=bank, branch=branch, account=account))


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.slug)
def test_an_operators_colour_can_be_read_on_white(body):
    assert (1.05) / (_luminance(body.accent) + 0.05) >= 4.5


def _luminance(colour: str) -> float:
    """WCAG 2: relative luminance."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_no_two_invented_bodies_share_a_number():
    numbers = [body.siren for body in BODIES] + [vendor_siren(maker.slug) for maker in MAKERS]
    assert len(set(numbers)) == 15
    assert all(number.startswith("001") and siren.is_valid(number) for number in numbers)
    assert fictional_siren(11) == BODIES[0].siren


def test_a_treasury_iban_with_letters_has_both_keys():
    # The published example of a French Treasury account.
    assert make_iban(bank="30001", branch="00064", account="R4240000000").startswith("FR46300010006")
    assert make_iban(bank="20041", branch="01005", account="0500013M026") == "FR1420041010050500013M02606"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Margerie-Chantagret", "Commune de Margerie-Chantagret"),
        ("Le Cheylard", "Commune du Cheylard"),
        ("Les Estables", "Commune des Estables"),
        ("La Chamba", "Commune de La Chamba"),
        ("L'Hôpital-le-Grand", "Commune de L’Hôpital-le-Grand"),
        ("Écotay-l'Olme", "Commune d’Écotay-l’Olme"),
    ],
)
def test_french_joins_the_article(name, expected):
    assert commune_name(name) == expected


def test_an_act_is_a_pdf_that_opens_and_says_what_it_is():
    act = act_pdf(organisation="Commune d’Ailleux", number="2026-01 (bis)", day=YEAR_START, subject="essai")
    text = PdfReader(io.BytesIO(act.read())).pages[0].extract_text()
    assert "Commune d’Ailleux" in text
    assert "n° 2026-01 (bis) du 1er janvier 2026" in text
    assert "sans valeur" in text
