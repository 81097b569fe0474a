"""Proposals of titres as PES V2 Recette: judged by the structure of the DGFiP's schemas, and read back."""

from decimal import Decimal

import pytest
from lxml import etree

from billing.collecting.codes import CodesStatement, codes_on, set_codes
from billing.collecting.pes import Bordereau, Debtor, Header, Line, Piece, render_pes
from billing.collecting.proposing import NOTHING, Numbers, export_pes, proposal_of
from billing.latin import latin, parts_of
from billing.models import TitreCodes
from tenants.models import AuditEvent
from tenants.operators.settings import SettingsInvalid
from tenants.refusals import Refused
from tests.billing.collecting.structure import schema
from tests.factories import (
    OperatorFactory,
    TitreCodesFactory,
    TitreNumberFactory,
    UserFactory,
    issued_credit_note,
    issued_invoice,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

GIVEN = CodesStatement(
    since=NOW.date(),
    post="035 012",
    budget_siret="732 829 320 00074",
    collectivity="400",
    budget="",
    product="70",
    account="7068",
    function="",
)


def read(content: bytes) -> etree._Element:
    """The file, once it was found right."""
    root = etree.fromstring(content)
    schema().assertValid(root)
    return root


def values(root, path: str) -> list[str]:
    return [found.get("V") for found in root.findall(f".//{path}")]


def test_names_that_nobody_expected_make_a_sound_file():
    """A name of two hundred characters, with what XML or ISO-8859-15 cannot say as it is."""
    debtor = Debtor(
        siret="73282932000074",
        name="Communauté d’agglomération « Œuvre & Cœur » <du> Val 🌳 Ștefan – " + "très longue " * 12,
        category="24",
        legal_nature="09",
        address="12 bis, place de l’Hôtel-de-Ville",
        postcode="35000",
        city="Saint-Jean-de-la-Rivière-aux-Longues-Herbes-Folles",
    )
    line = Line(product="70", account="7068", function="", rate=Decimal("20"), net_cents=1, vat_cents=0)
    header = Header(
        file_name="essai.xml", sender="Opérateur", post="035012", siret="73282932000074",
        collectivity="400", budget="", on=NOW.date(),
    )  # fmt: skip
    piece = Piece(number=1, purpose="F2026-00001 – Services", debtor=debtor, lines=[line])
    pieces = Bordereau(exercice=2026, number=1, reduces=False, pieces=[piece])
    content = render_pes(header=header, bordereaux=[pieces])
    assert content.startswith(b"<?xml version='1.0' encoding='ISO-8859-15'?>")
    root = read(content)
    [name] = values(root, "Nom")
    assert name.startswith("Communauté d'agglomération")
    assert values(root, "ComplNom")[0].startswith("Cœur » <du> Val Stefan - très")
    assert values(root, "MtHT") == ["0.01"]
    assert values(root, "TxTva") == values(root, "MtTVA") == values(root, "MtBordTVA") == []


def test_texts_are_made_plain_and_cut_between_words():
    assert latin("L’été\u202f: 3 × 0,33\u00a0€\n🌳 ok", 40) == "L'été : 3 x 0,33 € ok"
    assert parts_of("a" * 40 + " b", 38) == ("a" * 38, "aa b")
    assert parts_of("Mairie", 38) == ("Mairie", "")


@pytest.mark.django_db
def test_invoices_and_credit_notes_become_titres_and_reductions():
    operator = OperatorFactory()
    invoice = issued_invoice(operator=operator)
    with as_worker():
        TitreCodesFactory(operator=operator)
        other = Numbers(exercice=2026, bordereau=14, first=123)
        by = UserFactory()
        name, content = export_pes(operator=operator, run=None, numbers=other, by=by, now=NOW)
        root = read(content)
        assert name.startswith("PESALR1_73282932000074_")
        assert values(root, "NomFic") == [name]
        assert values(root, "TypBord") + values(root, "TypPce") + values(root, "NatPce") == ["01"] * 3
        assert (values(root, "IdBord"), values(root, "IdPce")) == (["14"], ["123"])
        assert values(root, "MtHT") == values(root, "MtBordHt") == ["258.00"]
        assert values(root, "MtTVA") == values(root, "MtBordTVA") == ["51.60"]
        assert values(root, "TxTva") == ["20.00"]
        assert values(root, "IdTiers") == [invoice.buyer["siret"]]
        assert invoice.number in values(root, "ObjPce")[0]
        assert AuditEvent.objects.filter(what="titre.pes_made").get().details["titres"] == 1
        TitreNumberFactory(settlement=invoice.settlement, number=123)
    note = issued_credit_note(invoice)
    with as_worker():
        found = Numbers(exercice=2026, bordereau=0, first=0, reduction_bordereau=3, first_reduction=7)
        _, content = export_pes(operator=operator, run=None, numbers=found, by=by, now=NOW)
        root = read(content)
        assert (values(root, "TypBord"), values(root, "TypPce"), values(root, "NatPce")) == (
            ["02"], ["02"], ["06"],
        )  # fmt: skip
        assert (values(root, "IdBord"), values(root, "IdPce")) == (["3"], ["7"])
        assert (values(root, "IdPceOrig"), values(root, "ExerRat"), values(root, "IdLigneOrig")) == (
            ["123"], ["2026"], ["1"],
        )  # fmt: skip
        assert values(root, "MtHT") == [f"{note.net_cents / 100:.2f}"]
        [why] = proposal_of(operator=operator, run=None, exercice=2027).left_out
        assert "se réduit par un mandat" in why


@pytest.mark.django_db
def test_what_is_missing_is_said_before_a_file_is_made():
    operator = OperatorFactory()
    invoice = issued_invoice(operator=operator)
    by = UserFactory()
    with as_worker():
        numbers = Numbers(exercice=2026, bordereau=14, first=123)
        with pytest.raises(Refused, match="codes"):
            export_pes(operator=operator, run=None, numbers=numbers, by=by, now=NOW)
        TitreCodesFactory(operator=operator)
        wrong = Numbers(exercice=2020, bordereau=0, first=123)
        with pytest.raises(SettingsInvalid) as refused:
            export_pes(operator=operator, run=None, numbers=wrong, by=by, now=NOW)
        assert refused.value.errors.keys() == {"exercice", "bordereau"}
        TitreNumberFactory(settlement=invoice.settlement)
        with pytest.raises(Refused, match=NOTHING):
            export_pes(operator=operator, run=None, numbers=numbers, by=by, now=NOW)
    note = issued_credit_note(issued_invoice(operator=OperatorFactory()))
    with as_worker():
        found = proposal_of(operator=note.operator, run=None, exercice=2026)
        assert [settlement.invoice.number for settlement in found.titres] == [note.corrects.number]
        assert "importez d’abord son numéro" in found.left_out[0]


@pytest.mark.django_db
def test_codes_are_dated_and_never_changed():
    operator = OperatorFactory()
    by = UserFactory()
    with as_worker():
        codes = set_codes(operator=operator, statement=GIVEN, by=by, now=NOW)
        assert (codes.post, codes.budget_siret) == ("035012", "73282932000074")
        later = {**GIVEN.__dict__, "since": NOW.date().replace(year=2027), "account": "70688"}
        set_codes(operator=operator, statement=CodesStatement(**later), by=by, now=NOW)
        assert codes_on(operator=operator, day=NOW.date()) == codes
        assert codes_on(operator=operator, day=NOW.date().replace(year=2028)).account == "70688"
        wrong = CodesStatement(None, "35", "73282932000079", "000", "123", "", "70.68", "x")
        with pytest.raises(SettingsInvalid) as refused:
            set_codes(operator=operator, statement=wrong, by=by, now=NOW)
        assert refused.value.errors.keys() == {
            "since", "post", "budget_siret", "collectivity", "budget", "product", "account", "function",
        }  # fmt: skip
        assert TitreCodes.objects.count() == 2
        event = AuditEvent.objects.filter(what="titre.codes_set").order_by("pk").last()
        assert event.changes["account"] == ["7068", "70688"]
