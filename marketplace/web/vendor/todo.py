"""What waits for a vendor on its home page, each with the page where it is done."""

from datetime import date

from django.urls import reverse

from catalog.claims.queries import Ending, endings_of
from catalog.models import Vendor
from catalog.vendors.queries import Duties, duties
from marketplace.web.formats import day
from marketplace.web.operator.lists import counted
from provisioning.models import Endpoint
from provisioning.proofs import unproved_at
from subscriptions.approval_queries import count_to_approve
from subscriptions.models import Party


def todo(*, vendor: Vendor, may_sign: bool, on: date) -> list[dict]:
    """What the vendor owes that day: {label, detail, url}, what stops it first. The scope holds its
    subscribers."""
    papers = reverse("vendor_papers", args=[vendor.organisation.siren])
    return [
        *_papers(duties(vendor=vendor, on=on), papers, may_sign),
        *_requests(vendor, may_sign),
        *(_unproved(vendor, endpoint) for endpoint in unproved_at(vendor=vendor)),
        *(_renewal(vendor, ending) for ending in endings_of(vendor=vendor, on=on)),
    ]


def _papers(due: Duties, url: str, may_sign: bool) -> list[dict]:
    whose = "" if may_sign else " Une personne qui administre l’éditeur doit le faire."
    tasks = []
    if due.terms:
        tasks.append(
            {
                "label": "Accepter les conditions des éditeurs",
                "detail": f"La version {due.terms.version} est en vigueur depuis le "
                f"{day(due.terms.in_force_from)}. Sans votre accord, aucune fiche ne peut être "
                f"proposée à un opérateur.{whose}",
                "url": f"{url}#conditions",
            }
        )
    if due.declaration_year:
        tasks.append(
            {
                "label": f"Signer la déclaration {due.declaration_year}",
                "detail": "Sur l’honneur, une fois par an, la même pour tous les opérateurs. "
                f"Elle vaut jusqu’au 31 décembre.{whose}",
                "url": f"{url}#declaration",
            }
        )
    return tasks


def _requests(vendor: Vendor, may_sign: bool) -> list[dict]:
    asked = count_to_approve(owner=vendor, party=Party.VENDOR)
    if not asked:
        return []
    whose = "" if may_sign else " Une personne qui administre l’éditeur doit le donner."
    return [
        {
            "label": f"Répondre à {counted(asked, 'demande')} d’abonnement",
            "detail": f"Des collectivités attendent votre accord.{whose}",
            "url": reverse("vendor_requests", args=[vendor.organisation.siren]),
        }
    ]


def _unproved(vendor: Vendor, endpoint: Endpoint) -> dict:
    sheet = endpoint.offer.product.sheet
    return {
        "label": f"Réussir le banc d’essai : {sheet.name}",
        "detail": "Un courtier est déclaré, et aucun essai réussi ne vaut pour son réglage d’aujourd’hui : "
        "en attendant, ce service s’ouvre à la main.",
        "url": reverse("vendor_connection", args=[vendor.organisation.siren, sheet.slug]),
    }


def _renewal(vendor: Vendor, ending: Ending) -> dict:
    number = counted(ending.ended + ending.soon, "engagement")
    said = []
    if ending.ended:
        said.append(
            counted(ending.ended, "a pris fin et ne se lit plus", "ont pris fin et ne se lisent plus")
        )
    if ending.soon:
        first = "le premier le" if ending.soon > 1 else "le"
        said.append(f"{counted(ending.soon, 'finit', 'finissent')} bientôt, {first} {day(ending.next_end)}")
    return {
        "label": f"Reconduire {number} : {ending.name}",
        "detail": f"{' ; '.join(said)}.",
        "url": reverse("vendor_claims", args=[vendor.organisation.siren, ending.slug]),
    }
