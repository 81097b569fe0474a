"""Proposals of titres as a PES V2 file: which invoices go into it, which cannot and why."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.timezone import localdate

from billing.collecting.codes import codes_on
from billing.collecting.pes import Bordereau, Debtor, Header, Line, Piece, render_pes
from billing.models import BillingRun, Channel, Invoice, Settlement, SettlementState, TitreCodes
from billing.titres import purpose_of
from tenants import audit
from tenants.models import Operator, User
from tenants.models.organisation import OrganisationKind
from tenants.operators.settings import SettingsInvalid
from tenants.refusals import Refused

NO_CODES = "Enregistrez d’abord les codes que votre comptable public vous a donnés."
NOTHING = "Aucune facture de cette période n’attend son titre."
# CatTiers and NatJur of each kind of debtor, by their labels in CommunPES.xsd.
TERRITORIAL, SOCIETY, ASSOCIATION = "09", "03", "06"
DEBTORS = {
    OrganisationKind.COMMUNE: ("23", TERRITORIAL),
    OrganisationKind.EPCI: ("24", TERRITORIAL),
    OrganisationKind.SYNDICAT: ("24", TERRITORIAL),
    OrganisationKind.CCAS: ("26", TERRITORIAL),
    OrganisationKind.DEPARTEMENT: ("22", TERRITORIAL),
    OrganisationKind.REGION: ("21", TERRITORIAL),
    OrganisationKind.SDIS: ("29", TERRITORIAL),
    OrganisationKind.CDG: ("29", TERRITORIAL),
    OrganisationKind.GIP: ("29", TERRITORIAL),
    OrganisationKind.OTHER: ("29", TERRITORIAL),
    OrganisationKind.ASSOCIATION: ("60", ASSOCIATION),
    OrganisationKind.COMPANY: ("60", SOCIETY),
    OrganisationKind.PUBLIC_COMPANY: ("60", SOCIETY),
}
_MOST = 9_999_999, 99_999_999  # a bordereau has 7 digits, a titre 8


@dataclass(frozen=True)
class Numbers:
    """Where the finance software is: it numbers titres, Halle does not. The two series are apart; those of
    reductions may be None where there is none to propose."""

    exercice: int
    bordereau: int
    first: int
    reduction_bordereau: int | None = None
    first_reduction: int | None = None


@dataclass(frozen=True)
class Proposal:
    """What a file would hold: invoices and credit notes, and in French what is left out and why."""

    titres: list[Settlement] = field(default_factory=list)
    reductions: list[Settlement] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def proposal_of(*, operator: Operator, run: BillingRun | None, exercice: int) -> Proposal:
    """What waits for its titre in an exercice, of one run or of all, in the order of their numbers. One
    query."""
    found = Settlement.objects.filter(
        channel=Channel.TITRE,
        state=SettlementState.PROPOSED,
        invoice__operator=operator,
        titre_number__isnull=True,
    )
    if run is not None:
        found = found.filter(invoice__run=run)
    proposal = Proposal()
    for settlement in found.select_related(
        "invoice__tenant", "invoice__corrects__settlement__titre_number"
    ).order_by("invoice__year", "invoice__sequence", "pk"):
        invoice = settlement.invoice
        if why := _why_not(invoice, exercice):
            proposal.left_out.append(f"{invoice.number}, {invoice.buyer['name']} : {why}")
        else:
            (proposal.reductions if invoice.is_credit_note else proposal.titres).append(settlement)
    return proposal


@transaction.atomic
def export_pes(
    *, operator: Operator, run: BillingRun | None, numbers: Numbers, by: User, now: datetime
) -> tuple[str, bytes]:
    """The name and the content of a PES V2 file of all that can be proposed.

    Raises SettingsInvalid for a number that cannot be one, by field; Refused without codes, or with nothing
    to propose. Nothing is numbered here: the numbers come back with the import (billing.collecting.imports).
    """
    today = localdate(now)
    codes = codes_on(operator=operator, day=today)
    if codes is None:
        raise Refused(NO_CODES)
    proposal = proposal_of(operator=operator, run=run, exercice=numbers.exercice)
    _check(numbers, proposal, today)
    if not proposal.titres and not proposal.reductions:
        raise Refused(NOTHING)
    bordereaux = []
    if proposal.titres:
        bordereaux.append(_bordereau(proposal.titres, numbers, codes, reduces=False))
    if proposal.reductions:
        bordereaux.append(_bordereau(proposal.reductions, numbers, codes, reduces=True))
    name = f"PESALR1_{codes.budget_siret}_{today:%Y%m%d}_{numbers.bordereau}.xml"
    content = render_pes(
        header=Header(
            file_name=name,
            sender=operator.short_name,
            post=codes.post,
            siret=codes.budget_siret,
            collectivity=codes.collectivity,
            budget=codes.budget,
            on=today,
        ),
        bordereaux=bordereaux,
    )
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what="titre.pes_made",
        sentence="{actor} a fait un fichier PES V2 de propositions de titres.",
        subject_id=codes.pk,
        now=now,
        details={
            "titres": len(proposal.titres),
            "reductions": len(proposal.reductions),
            "left_out": len(proposal.left_out),
            "exercice": numbers.exercice,
        },
    )
    return name, content


def _check(numbers: Numbers, proposal: Proposal, today: date) -> None:
    errors = {}
    if not today.year - 1 <= numbers.exercice <= today.year + 1:
        errors["exercice"] = f"Vérifiez l’exercice : de {today.year - 1} à {today.year + 1}."
    wanted = {}
    if proposal.titres:
        wanted |= {"bordereau": _MOST[0], "first": _MOST[1]}
    if proposal.reductions:
        wanted |= {"reduction_bordereau": _MOST[0], "first_reduction": _MOST[1]}
    for name, most in wanted.items():
        value = getattr(numbers, name)
        if value is None or not 0 < value <= most:
            errors[name] = "Indiquez le prochain numéro de votre logiciel financier, en chiffres."
    if errors:
        raise SettingsInvalid(errors)


def _why_not(invoice: Invoice, exercice: int) -> str:
    """Why an invoice cannot be in the file, "" when it can."""
    if not invoice.buyer["siret"] or not invoice.buyer["address"] or not invoice.buyer["postcode"]:
        return "le SIRET ou l’adresse du débiteur manque sur la facture."
    if any(row["base_cents"] <= 0 for row in invoice.vat):
        return "un montant est nul ou négatif, le protocole ne le permet pas."
    if not invoice.is_credit_note:
        return ""
    titre = getattr(invoice.corrects.settlement, "titre_number", None)
    if titre is None:
        return f"le titre de {invoice.corrects.number} n’est pas connu, importez d’abord son numéro."
    if titre.exercice != exercice:
        return (
            f"le titre {titre.exercice}-{titre.number} n’est pas de cet exercice : après sa clôture, il "
            "se réduit par un mandat."
        )
    if not all(_place(row, invoice.corrects) for row in invoice.vat):
        return f"{invoice.corrects.number} n’a pas de ligne à ce taux de TVA."
    return ""


def _bordereau(
    settlements: list[Settlement], numbers: Numbers, codes: TitreCodes, *, reduces: bool
) -> Bordereau:
    first = numbers.first_reduction if reduces else numbers.first
    return Bordereau(
        exercice=numbers.exercice,
        number=numbers.reduction_bordereau if reduces else numbers.bordereau,
        reduces=reduces,
        pieces=[
            _piece(settlement.invoice, first + place, codes) for place, settlement in enumerate(settlements)
        ],
    )


def _piece(invoice: Invoice, number: int, codes: TitreCodes) -> Piece:
    buyer = invoice.buyer
    category, nature = DEBTORS[OrganisationKind(invoice.tenant.kind)]
    return Piece(
        number=number,
        purpose=f"{invoice.number} - {purpose_of(invoice)}",
        debtor=Debtor(
            siret=buyer["siret"],
            name=buyer["name"],
            category=category,
            legal_nature=nature,
            address=buyer["address"],
            postcode=buyer["postcode"],
            city=buyer["city"],
        ),
        lines=[
            Line(
                product=codes.product,
                account=codes.account,
                function=codes.function,
                rate=Decimal(row["rate"]),
                net_cents=row["base_cents"],
                vat_cents=row["vat_cents"],
                of_line=_place(row, invoice.corrects) if invoice.corrects else 0,
            )
            for row in invoice.vat
        ],
        of_number=invoice.corrects.settlement.titre_number.number if invoice.corrects else 0,
    )


def _place(row: dict, corrected: Invoice) -> int:
    """The line of the titre of the corrected invoice that has the same VAT, 0 for none."""
    for place, other in enumerate(corrected.vat, start=1):
        if (other["category"], other["rate"]) == (row["category"], row["rate"]):
            return place
    return 0
