"""Our own checks of an invoice's content, where the official rules see nothing (or say it in no plain words).

The official EN 16931 and French rules let pass a SIREN or a VAT number with a wrong key, an empty mention,
a line whose amount is not its quantity times its price.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass

from stdnum import bic, iban
from stdnum.eu import vat as eu_vat

from billing.documents import french
from billing.documents.amounts import amount_problems
from billing.documents.document import CORRECTIVE, CREDIT_NOTE, INVOICE, InvoiceDocument, Party
from billing.documents.identifiers import is_siren, is_siret

_NUMBER = re.compile(r"[A-Za-z0-9+\-_/]{1,35}")  # BR-FR-01, BR-FR-02
_ADDRESS = re.compile(r"[A-Za-z0-9\-_.]{1,125}")  # BR-FR-23, BR-FR-25
# What XML 1.0 cannot carry at all.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_PROCESS = re.compile("[BSM][12489]|S[356]|[BS]7")  # BR-FR-08
_TREATMENTS = frozenset(("B2B", "B2BINT", "B2C", "B2CINT", "OUTOFSCOPE", "ARCHIVEONLY"))  # BR-FR-20
_MENTIONS = {  # BR-FR-05, and C. com. L441-9
    "PMT": "l’indemnité forfaitaire pour frais de recouvrement",
    "PMD": "les pénalités de retard",
    "AAB": "l’escompte, ou son absence",
}
SHARED_COSTS = "VATEX-FR-CGI261B"
EXACT_SHARE = "part exacte des dépenses communes"
_CREDIT_TRANSFERS = ("30", "58")  # BR-61: a transfer needs an account


def content_problems(document: InvoiceDocument) -> list[str]:
    """What is wrong in the invoice, one French sentence each; an empty list when nothing is.

    Covers identifiers and their keys, numbering, dates, mentions, VAT and totals. It completes the official
    rules and does not replace them.
    """
    return [
        *_head(document),
        *_party(document.seller, "du vendeur"),
        *_party(document.buyer, "de l’acheteur"),
        *_tax_numbers(document),
        *amount_problems(document),
        *_payment(document),
        *_notes(document),
        *_characters(document),
    ]


def _head(document: InvoiceDocument) -> Iterator[str]:
    if not _NUMBER.fullmatch(document.number):
        yield (
            f"Numéro de facture « {document.number} »{french.NARROW}: 1 à 35 caractères attendus, "
            "lettres sans accent, chiffres et + - _ / seulement."
        )
    if document.type_code not in (INVOICE, CREDIT_NOTE, CORRECTIVE):
        yield f"Type de document « {document.type_code} » inconnu."
    elif document.type_code != INVOICE and not (document.preceding_number and document.preceding_date):
        yield "Un avoir ou une facture rectificative cite le numéro et la date de la facture d’origine."
    if document.currency != "EUR":
        yield "La facture doit être en euros."
    if not _PROCESS.fullmatch(document.business_process):
        yield f"Cadre de facturation « {document.business_process} » inconnu."
    if document.due_date < document.issue_date:
        yield "L’échéance est avant la date de la facture."
    if document.period_end <= document.period_start:
        yield "La période facturée est vide."
    for day in (document.issue_date, document.due_date, document.period_start, document.last_day):
        if not 2000 <= day.year <= 2099:
            yield f"Date hors du siècle{french.NARROW}: {french.long_date(day)}."


def _party(party: Party, role: str) -> Iterator[str]:
    if not party.name.strip():
        yield f"Le nom {role} manque."
    if not is_siren(party.legal_id):
        yield f"Le SIREN {role} « {party.legal_id} » est faux (clé de contrôle)."
    if not is_siret(party.siret):
        yield f"Le SIRET {role} « {party.siret} » est faux (clé de contrôle)."
    elif not party.siret.startswith(party.legal_id):
        yield f"Le SIRET {role} n’est pas un établissement de son SIREN."
    if party.vat_number is not None:
        if not eu_vat.is_valid(party.vat_number):
            yield f"Le numéro de TVA {role} « {party.vat_number} » est faux (clé de contrôle)."
        elif party.vat_number.startswith("FR") and not party.vat_number.endswith(party.legal_id):
            yield f"Le numéro de TVA {role} n’est pas celui de son SIREN."
    if not _ADDRESS.fullmatch(party.electronic_address):
        yield f"L’adresse électronique de facturation {role} manque ou contient des signes interdits."
    elif party.electronic_scheme == "0225" and not party.electronic_address.startswith(party.legal_id):
        yield f"L’adresse électronique de facturation {role} ne commence pas par son SIREN."
    if not any(line.strip() for line in party.address_lines) or not party.city.strip():
        yield f"L’adresse {role} est incomplète."
    if party.country == "FR" and not re.fullmatch(r"\d{5}", party.postcode):
        yield f"Le code postal {role} « {party.postcode} » n’a pas cinq chiffres."


def _tax_numbers(document: InvoiceDocument) -> Iterator[str]:
    taxed = any(subtotal.category == "S" for subtotal in document.vat)
    if taxed and not document.seller.vat_number:
        yield "Le vendeur facture de la TVA mais n’a pas de numéro de TVA."
    for subtotal in document.vat:
        # CGI, article 261 B: the sums claimed are exactly each member's share of the common expenses.
        if subtotal.reason_code == SHARED_COSTS and EXACT_SHARE not in subtotal.reason:
            yield f"L’exonération de l’article 261 B porte la mention «\u202f{EXACT_SHARE}\u202f»."
    if document.on_debits and not taxed:
        yield "L’option pour les débits est mentionnée, mais aucune ligne n’est taxée."


def _payment(document: InvoiceDocument) -> Iterator[str]:
    payment = document.payment
    if payment.iban:
        if not iban.is_valid(payment.iban):
            yield f"L’IBAN « {payment.iban} » est faux (clé de contrôle)."
    elif payment.means in _CREDIT_TRANSFERS:
        yield "Le paiement se fait par virement mais l’IBAN manque."
    if payment.bic and not bic.is_valid(payment.bic):
        yield f"Le BIC « {payment.bic} » est mal formé."


def _notes(document: InvoiceDocument) -> Iterator[str]:
    for code, subject in _MENTIONS.items():
        if not document.notes.get(code, "").strip():
            yield f"La mention obligatoire sur {subject} ({code}) manque ou est vide."
    treatment = document.notes.get("BAR")
    if treatment is not None and treatment not in _TREATMENTS:
        yield f"Le traitement attendu de la plateforme (BAR) « {treatment} » est inconnu."


def _characters(document: InvoiceDocument) -> Iterator[str]:
    for text in _texts(document):
        if _FORBIDDEN.search(text):
            shown = _FORBIDDEN.sub("▯", text)
            yield f"Un signe invisible interdit se trouve dans « {shown} »."


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))
    elif isinstance(value, Mapping):
        yield from _texts(tuple(value.values()))
    elif isinstance(value, Sequence):
        for item in value:
            yield from _texts(item)
