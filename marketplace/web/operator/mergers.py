"""Communes that merged: what waits to be handed over to the commune nouvelle, and doing it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_safe

from billing.exceptions import BillingRefused
from billing.handover import draft_lines_waiting
from marketplace.web.access import operator_view
from marketplace.web.commune.words import is_taxed, yearly_price
from marketplace.web.formats import day, net
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import counted, crumbs
from marketplace.web.operator.roles import TASK_ROLES
from marketplace.web.price_views import breakdown
from subscriptions.exceptions import SubscriptionRefused
from subscriptions.handover import hand_over
from subscriptions.handover_plan import Fate, Item, Plan, mergers_of, waiting_for
from subscriptions.vat import vat_asked
from tenants.members.operations import AdhesionRefused

PAGE_SIZE = 25
TITLE = "Fusions de communes"
PART, PARTS = "part payée pour d’autres", "parts payées pour d’autres"
LINE, LINES = "ligne de projet de facture", "lignes de projets de factures"
FATES = {
    Fate.FOLLOWED: ("success", "Continue"),
    Fate.ENDED: ("neutral", "S’arrête"),
    Fate.CANCELLED: ("neutral", "Demande annulée"),
    Fate.BLOCKED: ("warning", "Bloque la reprise"),
}


@operator_view(*TASK_ROLES)
@require_safe
def merger_list(request, operator):
    """Mergers of this operator's members, with what waits for each."""
    page = Paginator(mergers_of(operator=operator), PAGE_SIZE).get_page(request.GET.get("page"))
    lines = draft_lines_waiting(
        operator=operator,
        merged=[(change.territory.organisation, change.effective_on) for change in page],
    )
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, (TITLE, "")),
        "page": page,
        "mergers": [
            {
                "id": change.pk,
                "old": change.territory.name,
                "new": change.successor.name,
                "on": day(change.effective_on),
                "waits": _waiting(change, lines[change.territory.organisation.pk]),
            }
            for change in page
        ],
    }
    return render(request, "operator/mergers.html", context)


@operator_view(*TASK_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def merger(request, operator, change):
    """What handing one merger over will do, and the button that does it."""
    found = get_object_or_404(mergers_of(operator=operator), pk=change)
    refused = ""
    if request.method == "POST":
        try:
            done = hand_over(change=found, operator=operator, by=request.user, now=timezone.now())
        except (SubscriptionRefused, BillingRefused, AdhesionRefused) as refusal:
            refused = str(refusal)
        else:
            messages.success(request, _done(done))
            return redirect("operator_merger", operator.slug, found.pk)
    plan = waiting_for(change=found, operator=operator, today=localdate(timezone.now()))
    lines = draft_lines_waiting(operator=operator, merged=[(plan.old, found.effective_on)])[plan.old.pk]
    return render(request, "operator/merger.html", _page(request, operator, plan, lines, refused))


def _page(request, operator, plan: Plan, lines: int, refused: str) -> dict:
    old, new, on = plan.change.territory.name, plan.change.successor.name, day(plan.change.effective_on)
    list_url = reverse("operator_mergers", args=[operator.slug])
    return {
        "operator": operator,
        "crumbs": crumbs(operator, (TITLE, list_url), (old, "")),
        "list_url": list_url,
        "lead": f"A fusionné dans {new} le {on}.",
        "nothing_text": _nothing(plan),
        "old": old,
        "nothing": plan.nothing,
        "refused": refused,
        "obstacles": [] if refused else plan.obstacles,
        "items": [_item(item) for item in plan.items],
        "consequences": _consequences(plan, lines),
        "confirm_title": f"Reprendre pour {new}",
        "may_act": bool(request.roles & TASK_ROLES) and not plan.obstacles and not plan.nothing,
    }


def _nothing(plan: Plan) -> str:
    if plan.change.handed_over_at:
        return f"Tout est repris depuis le {day(plan.change.handed_over_at)}."
    return "Tout ce que cette commune avait chez vous est repris."


def _item(item: Item) -> dict:
    subscription = item.subscription
    state, label = FATES[item.fate]
    shown = {
        "service": subscription.service_name,
        "state": state,
        "label": label,
        "reason": capitalised(item.reason),
        "before": yearly_price(subscription),
    }
    if item.quote:
        shown["after"] = f"{net(item.quote.total_cents, taxed=is_taxed(subscription))} par an"
        shown["price"] = breakdown(
            quote=item.quote,
            vat=vat_asked(subscription),
            vat_cents=item.vat_cents,
            caption="Prix d’une année, avec la population réunie",
        )
    return shown


def _consequences(plan: Plan, lines: int) -> list[str]:
    on = day(plan.change.effective_on)
    followed = sum(item.fate == Fate.FOLLOWED for item in plan.items)
    ended = sum(item.fate == Fate.ENDED for item in plan.items)
    cancelled = sum(item.fate == Fate.CANCELLED for item in plan.items)
    sentences = []
    if followed:
        sentences.append(
            f"{counted(followed, 'abonnement continue', 'abonnements continuent')} au nom de la commune "
            f"nouvelle à partir du {on}, chez le même éditeur et à la même adresse."
        )
    if any(item.fate == Fate.FOLLOWED and item.subscription.commitment_number for item in plan.items):
        sentences.append("Les numéros d’engagement ne passent pas : la commune nouvelle donne les siens.")
    if ended:
        sentences.append(
            f"{counted(ended, 'abonnement s’arrête', 'abonnements s’arrêtent')} : la commune nouvelle a déjà "
            "le service. Les données de la commune fusionnée restent à récupérer, puis l’éditeur les efface."
        )
    if cancelled:
        sentences.append(
            f"{counted(cancelled, 'demande est annulée', 'demandes sont annulées')} : "
            "à la commune nouvelle de décider."
        )
    if plan.adhesions:
        joins = "celle de la commune nouvelle commence" if plan.joins else "la commune nouvelle adhère déjà"
        sentences.append(f"L’adhésion de la commune fusionnée se termine le {on} ; {joins}.")
    if plan.shares:
        sentences.append(
            f"{counted(len(plan.shares), PART, PARTS)} : la commune nouvelle prend sa suite, par les mêmes "
            "conventions, dès le premier mois qui n’est pas facturé."
        )
    if lines:
        sentences.append(
            f"{counted(lines, LINE, LINES)} à recalculer : chacune des deux communes paie sa part. "
            "Les factures déjà émises ne changent pas : ce qui l’est en trop est rendu par un avoir."
        )
    if plan.readers:
        sentences.append(
            f"{counted(plan.readers, 'personne garde', 'personnes gardent')} la lecture des dossiers de la "
            "commune fusionnée. Leurs droits ne passent pas à la commune nouvelle : invitez-les."
        )
    sentences.append("Les administrateurs et les secrétaires des deux communes reçoivent un courriel.")
    return sentences


def _done(plan: Plan) -> str:
    old, new = plan.change.territory.name, plan.change.successor.name
    if plan.nothing:
        return f"Rien n’attendait plus pour {old}."
    return f"C’est fait : {new} a repris ce que {old} avait chez {plan.operator.short_name}."


def _waiting(change, lines: int) -> str:
    """ "2 abonnements, 1 adhésion, 3 lignes de projets de factures"; "" when nothing waits."""
    counts = [
        (change.waiting_subscriptions, "abonnement", ""),
        (change.waiting_adhesions, "adhésion", ""),
        (change.waiting_shares, PART, PARTS),
        (lines, LINE, LINES),
    ]
    return ", ".join(counted(number, *words) for number, *words in counts if number)
