"""The act that a request needs, drafted: a deliberation or a decision, ready to be read, changed and voted.

A draft is not kept: it says what the request has frozen. It names no person and bears no number: those are
written by whoever signs.
"""

from datetime import date
from functools import cache
from importlib.resources import files

from django.utils.timezone import localdate

from catalog.prices import vat_of
from catalog.pricing import Quote, format_cents, format_percent
from subscriptions.deciding import Decider, assembly, head
from subscriptions.models import LegalBasis, Subscription
from tenants.days import in_words
from tenants.documents.fonts import FAMILY, printable
from tenants.documents.typesetting import typeset
from tenants.models.organisation import OrganisationKind

DRAFT = "Projet préparé par Halle, à relire et à compléter\u00a0: il n’a pas valeur d’acte."
CCP = "Vu le code de la commande publique,"
BASES = {
    LegalBasis.GROUPEMENT: f"{CCP} articles L2113-6 à L2113-8 (groupements de commandes) ;",
    LegalBasis.CENTRALE: f"{CCP} articles L2113-2 à L2113-5 (centrales d’achat) ;",
    LegalBasis.FRAMEWORK: f"{CCP} articles L2125-1 et R2162-1 à R2162-14 (accords-cadres) ;",
    LegalBasis.IN_HOUSE: f"{CCP} articles L2511-1 à L2511-5 (quasi-régie) ;",
    LegalBasis.STATUTORY: "Vu les statuts de l’organisme « {operator} » ;",
    LegalBasis.DIRECT: f"{CCP} article R2122-8 (achat sous le seuil) ;",
}
JOINS = {
    LegalBasis.GROUPEMENT: "d’approuver la convention constitutive de « {vehicle} », et d’y adhérer",
    LegalBasis.CENTRALE: "de recourir à la centrale d’achat « {vehicle} » ({operator})",
    LegalBasis.FRAMEWORK: "de commander par l’accord-cadre « {vehicle} » ({operator})",
    LegalBasis.IN_HOUSE: "de confier ce service à l’organisme « {operator} » ({vehicle})",
    LegalBasis.STATUTORY: "de prendre ce service de l’organisme « {operator} » ({vehicle})",
    LegalBasis.DIRECT: "d’acheter ce service par l’organisme « {operator} » ({vehicle})",
}
MEETING = ("Séance du", "Membres en exercice", "Présents", "Votants", "Secrétaire de séance")


def render(*, subscription: Subscription, decider: Decider, dated: date) -> bytes:
    """The PDF (PDF/A-3a, PDF/UA-1) of the draft, dated."""
    words = printable({**content(subscription=subscription, decider=decider), "family": FAMILY})
    return typeset(template=_template(), content=words, dated=dated)


def content(*, subscription: Subscription, decider: Decider) -> dict:
    """What act.typ shows, all texts in French."""
    tenant, operator, vehicle = subscription.tenant, subscription.operator, subscription.vehicle
    who = f"Le {head(tenant)}"
    by_head = decider == Decider.HEAD
    names = {"operator": operator.organisation.name, "vehicle": vehicle.name}
    basis = LegalBasis(vehicle.legal_basis)
    vendor = subscription.listing.sheet.vendor.organisation.name
    service = f"« {subscription.service_name} », édité par {vendor}"
    return {
        "title": f"{'Décision' if by_head else 'Délibération'} – {subscription.service_name}",
        "kind": f"Projet de {'décision' if by_head else 'délibération'}",
        "body": tenant.name,
        "siren": " ".join(tenant.siren[start : start + 3] for start in range(0, 9, 3)),
        "subject": f"Service numérique {service}",
        "meeting": [] if by_head else list(MEETING),
        "speaker": f"{who if by_head else _the(assembly(tenant))},",
        "sights": _sights(tenant, basis, names, by_head),
        "facts": _facts(subscription, service, names),
        "verb": "Décide" if by_head else "Après en avoir délibéré, décide",
        "articles": _articles(subscription, basis, names, by_head),
        "votes": [] if by_head else ["Pour", "Contre", "Abstentions"],
        "signature": ["Fait à", "Le", who],
        "footer": DRAFT,
    }


def _sights(tenant, basis: LegalBasis, names: dict, by_head: bool) -> list[str]:
    if tenant.kind == OrganisationKind.COMMUNE:
        code = (
            "Vu le code général des collectivités territoriales, articles L2122-22, 4° et L2122-23 ;"
            if by_head
            else "Vu le code général des collectivités territoriales, article L2121-29 ;"
        )
    elif tenant.kind == OrganisationKind.EPCI:
        code = (
            "Vu le code général des collectivités territoriales, article L5211-10 ;"
            if by_head
            else ("Vu le code général des collectivités territoriales, articles L5211-1 et L2121-29 ;")
        )
    else:
        code = "Vu les textes et les statuts qui régissent l’organisme ;"
    found = [code, BASES[basis].format(**names)]
    if by_head:
        found.append("Vu la délibération du …………………… donnant délégation ;")
    return [*found, "Considérant ce qui suit :"]


def _facts(subscription: Subscription, service: str, names: dict) -> list[str]:
    quote = Quote.from_dict(subscription.quote)
    vat = vat_of(quote=quote, category=subscription.vat_category, rate=subscription.vat_rate)
    net = subscription.yearly_cents
    if subscription.vat_category == "S":
        price = (
            f"{format_cents(net)} HT par an, soit {format_cents(net + vat)} TTC "
            f"(TVA à {format_percent(subscription.vat_rate)})"
        )
    else:
        price = f"{format_cents(net)} par an ({subscription.vat_reason})"
    asked = in_words(localdate(subscription.requested_at))
    years = subscription.vehicle.term_years
    facts = [
        f"{names['operator']} propose le service {service}.",
        f"Son prix pour la collectivité, figé par la demande du {asked}, est de {price}.",
        "Il est calculé ainsi : " + " ; ".join(step for line in quote.lines for step in line.steps) + ".",
    ]
    if years > 1:
        facts.append(
            f"L’engagement est de {years} ans : le besoin s’estime à {format_cents(net * years)} HT sur "
            "toute sa durée (code de la commande publique, article R2121-1)."
        )
    return facts


def _articles(subscription: Subscription, basis: LegalBasis, names: dict, by_head: bool) -> list[str]:
    found = [f"{JOINS[basis].format(**names)}, et de s’abonner au service « {subscription.service_name} » ;"]
    if by_head:
        found.append("d’inscrire la dépense sur les crédits ouverts au budget ;")
        return [*found, "de rendre compte de la présente décision à la prochaine séance."]
    found.append(
        f"d’autoriser le {head(subscription.tenant)} à signer tout acte qu’exige la présente délibération ;"
    )
    return [*found, "d’inscrire au budget les crédits correspondants."]


def _the(noun: str) -> str:
    return f"L’{noun}" if noun[0] in "aeiouh" else f"Le {noun}"


@cache
def _template() -> bytes:
    return files("subscriptions").joinpath("act.typ").read_bytes()
