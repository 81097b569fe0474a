"""What is sent to the vendor: the bon de commande of a framework agreement, the lettre de commande of a
direct purchase."""

from datetime import timedelta

from django.db.models import prefetch_related_objects

from catalog.pricing import format_cents
from subscriptions.models import LotAmendment
from subscriptions.papers import clauses
from subscriptions.papers.matter import DRAFT, OPEN, Matter
from subscriptions.transfers.queries import holder_words
from tenants.days import in_words
from tenants.documents.paper import Blanks, Block, Bullets, Heading, Paper, Paragraph


def order_form(matter: Matter) -> Paper:
    """A bon de commande: in writing, with the quantities, during the validity of the lot (CCP R2162-13)."""
    return _order(matter, "Bon de commande", f"Accord-cadre « {matter.vehicle} »", _lot(matter))


def order_letter(matter: Matter) -> Paper:
    """A lettre de commande, beneath the threshold (CCP R2122-8)."""
    return _order(matter, "Lettre de commande", f"Service numérique {matter.service}", [])


def _lot(matter: Matter) -> list[str]:
    lot = matter.lot
    if lot is None:
        return [f"Lot : {OPEN}"]
    prefetch_related_objects([lot], "successions__successor__organisation")
    holders = [
        holder_words(lot, holder)
        for holder in lot.holders.select_related("vendor__organisation").order_by("rank")
    ]
    terms = lot.terms_on(matter.on)
    amended = f", avenant n° {terms.number}" if isinstance(terms, LotAmendment) else ""
    return [
        f"{lot}, avis {lot.notice_reference or OPEN}{amended}.",
        f"Titulaire, par rang : {' ; '.join(holders) or OPEN}",
        f"Validité : du {in_words(lot.starts_on)} au {in_words(terms.ends_on - timedelta(days=1))} inclus.",
        f"Maximum du lot : {format_cents(terms.ceiling_cents)} HT (article R2162-4), dont "
        f"{format_cents(lot.left_cents(on=matter.on))} HT encore disponibles à ce jour.",
    ]


def _order(matter: Matter, kind: str, subject: str, about: list[str]) -> Paper:
    number = matter.subscription.commitment_number
    seat = matter.tenant.seat_on(matter.on)
    blocks: list[Block] = [
        Blanks(("Numéro", "Date", *(() if number else ("Engagement n°",))), abreast=True),
        Paragraph(f"À l’attention de {matter.vendor}", strong=True),
    ]
    if about:
        blocks += [Heading("L’accord-cadre"), Bullets(tuple(about))]
    blocks += [
        Heading("Ce qui est commandé"),
        Paragraph(f"Le service {matter.service}. Durée : {matter.term()}."),
        *matter.price_blocks(),
        Paragraph(f"Sur toute la durée : {format_cents(matter.amount_cents)} HT."),
        Paragraph(clauses.revision(matter)),
        Heading("Ce qui s’applique"),
        Bullets(tuple(matter.applies())),
        Heading("Facturation et paiement"),
        Paragraph(
            f"SIRET à facturer : {seat.siret if seat else OPEN}. "
            + (f"Numéro d’engagement : {number}." if number else f"Code service : {OPEN}")
        ),
        *(Paragraph(said) for said in clauses.payment(matter)),
        Blanks(("Fait à", "Le", matter.who), abreast=True),
    ]
    return Paper(
        title=f"{kind} – {matter.subscription.service_name}",
        kind=f"Projet de {kind.lower()}",
        body=matter.tenant.name,
        siren=matter.siren,
        subject=subject,
        blocks=tuple(blocks),
        footer=DRAFT,
    )
