"""What keeps an invoice from being deposited, and who can put it right: said before anything is sent.

A draft is stopped by its anomalies before it is issued (billing.anomalies); what is issued can only lack what
was asked for since, or a file that is still being made.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.fields.json import KT

from billing.models import Anomaly, AnomalyKind, Invoice, InvoiceState, RunState, Sending, SendingAccount
from tenants.models import Establishment, Operator

MEMBER, OPERATOR, HALLE = "l’adhérent", "vous", "Halle"
FILE, SIRET, SERVICE, COMMITMENT = "file", "siret", "service_code", "commitment"


@dataclass(frozen=True)
class Missing:
    """One thing that lacks: what, who can put it right, and how, in French."""

    what: str
    who: str
    how: str


LACKS = {
    FILE: Missing(
        "Son fichier Factur-X se prépare.", HALLE, "Rien à faire : il sera prêt dans quelques minutes."
    ),
    SIRET: Missing(
        "Elle ne porte pas de SIRET connu de l’adhérent.",
        OPERATOR,
        "Donnez le SIRET du siège dans sa fiche d’adhérent, puis faites un avoir et une nouvelle facture.",
    ),
    SERVICE: Missing(
        "L’établissement demande un code service, et elle n’en porte pas.",
        MEMBER,
        "Il le donne dans « Mon organisation », « Établissements et Chorus Pro ». Une facture émise ne "
        "change plus : faites ensuite un avoir et une nouvelle facture.",
    ),
    COMMITMENT: Missing(
        "L’établissement demande un numéro d’engagement, et elle n’en porte pas.",
        MEMBER,
        "Il le donne sur son abonnement. Une facture émise ne change plus : faites ensuite un avoir et une "
        "nouvelle facture.",
    ),
}
# The anomalies of drafts that the portal would refuse: who can put each right.
OF_DRAFTS = {
    AnomalyKind.SIRET: OPERATOR,
    AnomalyKind.SERVICE_CODE: MEMBER,
    AnomalyKind.COMMITMENT: MEMBER,
}


def to_deposit(account: SendingAccount, *, refused: bool = False) -> QuerySet[Invoice]:
    """The issued invoices and credit notes of its operator, since its first day, that are in no live
    deposit: those that never were in one, or, `refused`, those that the portal did not take."""
    sendings = Sending.objects.filter(invoice=OuterRef("pk"))
    again = Exists(sendings.filter(live=False)) if refused else ~Exists(sendings.filter(live=False))
    return (
        Invoice.objects.issued()
        .filter(again, ~Exists(sendings.filter(live=True)))
        .filter(operator=account.operator_id, issue_date__gte=account.since)
    )


def ready_invoices(account: SendingAccount, *, refused: bool = False) -> QuerySet[Invoice]:
    """Those that lack nothing, in the order of their numbers."""
    place = Establishment.objects.filter(siret=OuterRef("buyer_siret"))
    return (
        to_deposit(account, refused=refused)
        .annotate(buyer_siret=KT("buyer__siret"))
        .filter(Exists(place), file__isnull=False)
        .exclude(Exists(place.filter(service_code_required=True)), buyer__service_code="")
        .exclude(Exists(place.filter(commitment_required=True)), buyer__order_reference="")
        .order_by("year", "series", "sequence", "pk")
    )


def lacking(account: SendingAccount) -> QuerySet[Invoice]:
    """Those that lack something, each with its file, oldest first, in the order of their numbers."""
    ready = ready_invoices(account).order_by().values("pk")
    lacking = to_deposit(account).exclude(pk__in=ready).select_related("file")
    return lacking.order_by("issue_date", "series", "sequence", "pk")


def missing(invoices: Iterable[Invoice]) -> dict[int, list[Missing]]:
    """What each of these lacks, by invoice id. One query."""
    invoices = list(invoices)
    known = Establishment.objects.in_bulk({one.buyer["siret"] for one in invoices}, field_name="siret")
    return {one.pk: list(_lacks(one, known.get(one.buyer["siret"]))) for one in invoices}


def _lacks(invoice: Invoice, place: Establishment | None):
    if not hasattr(invoice, "file"):
        yield LACKS[FILE]
    if place is None:
        yield LACKS[SIRET]
        return
    if place.service_code_required and not invoice.buyer["service_code"]:
        yield LACKS[SERVICE]
    if place.commitment_required and not invoice.buyer["order_reference"]:
        yield LACKS[COMMITMENT]


def drafts_lacking(operator: Operator) -> QuerySet[Anomaly]:
    """What the portal would refuse among the drafts under review, with the draft's run and member."""
    return (
        Anomaly.objects.filter(
            run__operator=operator,
            run__state__in=[RunState.REVIEW, RunState.PARTLY],
            invoice__state=InvoiceState.DRAFT,
            kind__in=list(OF_DRAFTS),
        )
        .select_related("run", "invoice__tenant")
        .order_by("kind", "invoice__tenant__name", "pk")
    )
