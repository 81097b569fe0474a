"""Planted faults: each is found by the official rules or, where these are blind, by our own checks."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.documents import PaymentTerms, VatSubtotal, content_problems, render_cii, written_problems
from billing.documents.document import NOTE_DEBITS
from tests.billing.documents import samples
from tests.tools.einvoice_rules import judge

DAY = date(2026, 1, 1)


def three_thirds_taxed_line_by_line():
    lines = [samples.line(n, quantity=Decimal(1), unit_price=Decimal("0.33")) for n in (1, 2, 3)]
    vat = (VatSubtotal(category="S", rate=Decimal(20), base_cents=99, vat_cents=21),)
    return samples.invoice(*lines, vat=vat, vat_cents=21, gross_cents=120)


def unexplained(line):
    return (
        VatSubtotal(category=line.vat_category, rate=line.vat_rate, base_cents=line.net_cents, vat_cents=0),
    )


def shared_costs(reason):
    line = samples.exempt_line()
    return (replace(unexplained(line)[0], reason=reason, reason_code="VATEX-FR-CGI261B"),)


# What is planted, the official rule that sees it, a part of our own sentence.
SEEN_BY_BOTH = {
    "gross": (lambda: samples.invoice(gross_cents=1), "BR-CO-15", "total TTC"),
    "no PMT": (
        lambda: samples.invoice(notes={k: v for k, v in samples.NOTES.items() if k != "PMT"}),
        "BR-FR-05_BT-22_PMT", "PMT",
    ),
    "space in number": (lambda: samples.invoice(number="F 2026"), "BR-FR-02_BT-1", "Numéro de facture"),
    "long number": (lambda: samples.invoice(number="F" * 36), "BR-FR-01_BT-1", "Numéro de facture"),
    "O mixed": (
        lambda: samples.invoice(samples.line(1), samples.out_of_scope_line(2)), "BR-O-11", "hors champ",
    ),
    "SIRET of another": (
        lambda: samples.invoice(seller=samples.seller(siret=samples.buyer().siret)),
        "BR-FR-09_BT-29", "n’est pas un établissement",
    ),
    "BAR": (lambda: samples.invoice(notes=samples.NOTES | {"BAR": "X"}), "BR-FR-20_BT-21", "(BAR)"),
    "due before issue": (lambda: samples.invoice(due_date=DAY), "BR-FR-CO-07_BT-9", "échéance"),
    "no IBAN": (lambda: samples.invoice(payment=PaymentTerms()), "CII-SR-470", "l’IBAN manque"),
    "no address of the buyer": (
        lambda: samples.invoice(buyer=samples.buyer(electronic_address="")),
        "BR-FR-12_BT-49", "adresse électronique de facturation de l’acheteur",
    ),
    "address of another": (
        lambda: samples.invoice(buyer=samples.buyer(electronic_address=samples.seller().legal_id)),
        "BR-FR-21_BT-49", "ne commence pas par son SIREN",
    ),
    "exemption unexplained": (
        lambda: samples.invoice(samples.exempt_line(), vat=unexplained(samples.exempt_line())),
        "BR-E-10", "raison de l’absence de TVA",
    ),
    "credit note of nothing": (
        lambda: samples.invoice(type_code="381"), "BR-FR-CO-05_BT-3", "facture d’origine",
    ),
    "process": (lambda: samples.invoice(business_process="Z9"), "BR-FR-08_BT-23", "Cadre de facturation"),
    "rate": (
        lambda: samples.invoice(samples.line(vat_rate=Decimal("19.9"))),
        "BR-FR-16_BT-119", "taux de TVA français",
    ),
    "quantity of five decimals": (
        lambda: samples.invoice(samples.line(quantity=Decimal("1.23456"))),
        "BR-FR-DEC-02_BT-129", "quatre décimales",
    ),
    "taxed without VAT number": (
        lambda: samples.invoice(seller=samples.seller(vat_number=None, legal_id="")),
        "BR-S-02", "pas de numéro de TVA",
    ),
    "net": (lambda: samples.invoice(net_cents=1), "BR-CO-10", "somme des lignes"),
}  # fmt: skip

OFFICIAL_RULES_ARE_BLIND = {
    "SIREN key": (
        lambda: samples.invoice(
            seller=samples.seller(
                legal_id="123456789", siret="12345678900000", electronic_address="123456789"
            )
        ),
        "SIREN du vendeur « 123456789 » est faux",
    ),
    "SIRET key": (
        lambda: samples.invoice(buyer=samples.buyer(siret=samples.buyer().legal_id + "00000")),
        "SIRET de l’acheteur",
    ),
    "VAT key": (
        lambda: samples.invoice(seller=samples.seller(vat_number=f"FR99{samples.seller().legal_id}")),
        "numéro de TVA du vendeur",
    ),
    "VAT number of another": (
        lambda: samples.invoice(seller=samples.seller(vat_number=samples.identifiers("73282932")[2])),
        "n’est pas celui de son SIREN",
    ),
    "line amount": (
        lambda: samples.invoice(samples.line(net_cents=64501)), "font 645,00\u202f€ et non 645,01\u202f€",
    ),
    "VAT line by line": (three_thirds_taxed_line_by_line, "0,20\u202f€ de TVA attendus et non 0,21\u202f€"),
    "IBAN key": (
        lambda: samples.invoice(payment=PaymentTerms(iban="FR7630001007941234567890186")), "IBAN",
    ),
    "blank late payment note": (lambda: samples.invoice(notes=samples.NOTES | {"PMD": " "}), "PMD"),
    "empty PMT": (lambda: samples.invoice(notes=samples.NOTES | {"PMT": " "}), "PMT"),
    "SIREN of nobody": (
        lambda: samples.invoice(
            buyer=samples.buyer(legal_id="0" * 9, siret="0" * 14, electronic_address="0" * 9)
        ),
        "SIREN de l’acheteur « 000000000 » est faux",
    ),
    "article 261 B without the exact share": (
        lambda: samples.invoice(samples.exempt_line(), vat=shared_costs("Exonération, article 261 B du CGI")),
        "part exacte des dépenses communes",
    ),
    "debits without tax": (
        lambda: samples.invoice(samples.exempt_line(), notes=samples.NOTES | {"AAI": NOTE_DEBITS}),
        "option pour les débits",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", SEEN_BY_BOTH)
def test_planted_fault_is_found_by_the_official_rules_and_by_ours(fault):
    plant, rule, sentence = SEEN_BY_BOTH[fault]
    document = plant()

    assert rule in judge(render_cii(document)).ids
    assert any(sentence in problem for problem in content_problems(document))


@pytest.mark.parametrize("fault", OFFICIAL_RULES_ARE_BLIND)
def test_fault_that_no_official_rule_forbids_is_found_by_ours(fault):
    plant, sentence = OFFICIAL_RULES_ARE_BLIND[fault]
    document = plant()

    assert [f for f in judge(render_cii(document)).failures if f.flag == "fatal"] == []
    assert any(sentence in problem for problem in content_problems(document))


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (samples.invoice(samples.line(1), samples.line(1)), "même identifiant"),
        (samples.invoice(period_end=DAY), "période facturée est vide"),
        (samples.invoice(buyer=samples.buyer(name="a\x00b")), "signe invisible interdit"),
        (samples.invoice(buyer=samples.buyer(postcode="3899")), "code postal de l’acheteur"),
        (samples.invoice(buyer=samples.buyer(address_lines=())), "adresse de l’acheteur est incomplète"),
        (samples.invoice(issue_date=date(1926, 11, 21)), "Date hors du siècle"),
        (samples.invoice(samples.line(vat_category="Z", vat_rate=Decimal(20)), vat=()), "catégorie de TVA"),
        (samples.invoice(samples.line(quantity=Decimal(-1), unit_price=Decimal(-1))), "prix unitaire est"),
        (samples.invoice(currency="GBP"), "en euros"),
        (samples.invoice(vat=()), "une ligne par catégorie et par taux"),
    ],
)  # fmt: skip
def test_other_faults_are_told(document, sentence):
    assert any(sentence in problem for problem in content_problems(document))


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        (b">20261121<", b">20260231<", "La date « 20260231 » n’existe pas."),
        (samples.seller().legal_id.encode(), b"123456789", "Le SIREN « 123456789 » est faux"),
        (b"FR", b"FR0", "Le numéro de TVA"),
        (samples.NOTES["PMT"].encode(), b" ", "La mention obligatoire PMT manque ou est vide."),
    ],
)
def test_fault_planted_in_the_file_itself_is_found(right, wrong, sentence):
    xml = render_cii(samples.invoice())

    assert written_problems(xml) == []
    assert any(problem.startswith(sentence) for problem in written_problems(xml.replace(right, wrong)))


def test_a_31st_of_february_is_seen_by_the_french_rules_of_1_4_too():
    xml = render_cii(samples.invoice()).replace(b">20261221<", b">20270231<")

    assert judge(xml).ids == {"BR-FR-03_BT-9"}
    assert written_problems(xml) == ["La date « 20270231 » n’existe pas."]


def test_invoice_without_line_is_told_once_and_breaks_nothing():
    document = samples.invoice(lines=(), vat=(), net_cents=0, vat_cents=0, gross_cents=0)

    assert content_problems(document) == ["La facture n’a aucune ligne."]


def test_judge_says_when_no_rule_could_judge():
    verdict = judge(b"<facture/>")

    assert not verdict.judged
    assert "XSD" in verdict.ids
