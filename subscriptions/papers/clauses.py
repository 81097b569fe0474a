"""What several conventions say in the same words."""

from subscriptions.models import GroupPopulation
from subscriptions.papers.matter import OPEN, Matter
from tenants.days import in_words
from tenants.models.operator import IssuerKind


def parties(matter: Matter, *, other: str, other_siren: str, role: str) -> list[str]:
    """Who signs, and in what quality. Nobody is named: the names are written in by hand."""
    return [
        f"{matter.tenant.name} (SIREN {matter.siren}), représentée par son {matter.who[3:]}, {OPEN}, "
        f"autorisé par l’acte n° {OPEN} du {OPEN}, ci-après « le membre » ;",
        f"{other} (SIREN {other_siren}), représenté par {OPEN}, ci-après « {role} ».",
    ]


def payment(matter: Matter) -> list[str]:
    """The chain of public spending, and how the biller collects (CGCT L1611-7: public money is collected by a
    public accountant)."""
    days = matter.subscription.operator.payment_days
    bills = (
        f"{matter.operator} émet un titre de recettes, que son comptable public recouvre ; l’avis des sommes "
        "à payer est déposé sur Chorus Pro."
        if matter.subscription.operator.issuer_kind == IssuerKind.PUBLIC
        else f"{matter.operator} dépose sa facture sur Chorus Pro, adressée au SIRET du membre."
    )
    number = matter.subscription.commitment_number
    engaged = f" sous le numéro d’engagement {number}" if number else ""
    return [
        f"Le membre engage la dépense{engaged}, constate le service fait, puis mandate ; son comptable paie "
        "par virement (décret n° 2012-1246 du 7 novembre 2012, articles 20 et 33). Rien n’est payé avant le "
        "service fait.",
        f"{bills} Le paiement intervient dans les {days} jours ; au-delà, des intérêts moratoires et une "
        "indemnité forfaitaire de 40 € sont dus (code de la commande publique, articles L2192-13 et "
        "D2192-35).",
    ]


def revision(matter: Matter) -> str:
    formula = matter.lot.revision_formula if matter.lot else ""
    if formula:
        return f"Le prix est révisé selon la formule de l’accord-cadre : {formula}."
    return (
        f"Le prix de la première année est figé par la demande du {matter.asked}. Il n’est révisé que dans "
        f"les conditions que voici : {OPEN}"
    )


def leaving(matter: Matter) -> list[str]:
    """What the Data Act promises to the customer of a data processing service: it holds whatever the term
    (regulation (EU) 2023/2854, articles 23 and 25)."""
    return [
        "Le membre peut changer de fournisseur ou reprendre ses données, même en cours d’engagement : "
        "préavis de deux mois au plus, transition de trente jours au plus, données à disposition trente "
        "jours au moins, puis effacement attesté (règlement (UE) 2023/2854, article 25).",
        "Il reste tenu de ce qu’il a commandé et de ce que prévoit la présente convention pour un départ "
        f"avant son terme : {OPEN}",
    ]


def personal_data() -> str:
    return (
        "Chaque membre est responsable des traitements de données personnelles qu’il fait avec le service ; "
        "l’éditeur agit comme sous-traitant, par un contrat conforme à l’article 28 du règlement (UE) "
        "2016/679."
    )


def group_known(matter: Matter) -> str:
    """How many buy together, when it has been counted; "" otherwise."""
    rows = GroupPopulation.objects.filter(listing=matter.subscription.listing, on__lte=matter.on)
    last = rows.order_by("-on").first()
    if last is None or last.members < 2:
        return ""
    return f" Le {in_words(last.on)}, {last.members} membres ont déjà ce service."
