"""The life of a contract, on the page of its subscription: the term in progress, what comes after it, and
what this person may do about it."""

from datetime import date
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from marketplace.web.commune.words import is_taxed
from marketplace.web.formats import day, net
from subscriptions.in_force import terms_on
from subscriptions.models import RUNNING, Amendment, Subscription, Term, TermOrigin
from subscriptions.terms import Fate, Outlook, outlook
from tenants.days import years_in_words
from tenants.models import Organisation, Role

ASKING = {Role.SECRETARY, Role.SIGNATORY, Role.ORG_ADMIN}


def life_of(request, organisation: Organisation, subscription: Subscription, *, leaving: bool) -> dict | None:
    """What `commune/_life.html` shows; None before the service is open, and for a free trial. Whoever is
    `leaving` has nothing to change or renew any more. Approved amendments are at hand."""
    if subscription.active_from is None or subscription.is_trial:
        return None
    found = outlook(subscription)
    running = subscription.state in RUNNING and not leaving
    return {
        "facts": _facts(subscription, found, running=running),
        "events": [
            *(_event(organisation, term) for term in subscription.terms.order_by("rank")),
            *(_amendment(organisation, one) for one in _amendments(subscription)),
        ],
        "options": _options(request, organisation, subscription) if running else [],
        "actions": _actions(request, organisation, subscription, found) if running else [],
    }


def _options(request, organisation: Organisation, subscription: Subscription) -> list[dict]:
    """The options of the day and those to come; the address that withdraws one, unless it goes already."""
    today, last = (terms_on(subscription, on).options for on in (_today(), date.max))
    stay = {one["code"] for one in last}
    coming = [one for one in last if one["code"] not in {each["code"] for each in today}]
    change = reverse("member_amendment_new", args=[organisation.siren, subscription.public_id])
    asks = bool(request.roles & ASKING)
    return [
        {
            "name": one["name"],
            "note": note,
            "url": f"{change}?{urlencode({'retirer': one['code']})}" if asks and one["code"] in stay else "",
        }
        for one, note in [
            *((one, "" if one["code"] in stay else "son retrait est décidé") for one in today),
            *((one, "à venir") for one in coming),
        ]
    ]


def _facts(subscription: Subscription, found: Outlook | None, *, running: bool) -> list[dict]:
    if found is None:
        return [{"label": "Durée", "value": "Sans date de fin : jusqu’à ce que l’un de vous y mette fin"}]
    term = found.term
    facts = [{"label": "Période en cours" if running else "Dernière période", "value": _span(term)}]
    if running:
        facts.append({"label": "Ensuite", "value": _next(subscription, found)})
    if subscription.renewals:
        facts.append(
            {
                "label": "Reconductions",
                "value": f"{_made(term.rank)}, {subscription.renewals} au plus",
            }
        )
    return facts


def _made(count: int) -> str:
    """How many renewals were made, in words."""
    if not count:
        return "Aucune pour l’instant"
    return f"{count} faite{'s' if count > 1 else ''}"


def _next(subscription: Subscription, found: Outlook) -> str:
    ends, on = day(found.term.last_day), day(found.term.ends)
    match found.fate:
        case Fate.GOES_ON:
            return (
                f"Reconduit tacitement le {on} pour {years_in_words(subscription.period_years)}, sauf avis "
                f"contraire au plus tard le {day(found.notice_until)}"
            )
        case Fate.AWAITED:
            return f"S’arrête le {ends}, sauf si vous le reconduisez avant"
    if found.non_renewal:
        return f"S’arrête le {ends} : {found.non_renewal.get_side_display()} ne le reconduit pas"
    return f"S’arrête le {ends} : c’est la dernière période du contrat"


def _span(term: Term) -> str:
    return f"Du {day(term.starts)} au {day(term.last_day)}"


def _event(organisation: Organisation, term: Term) -> dict:
    label = {
        TermOrigin.OPENED: "Première période",
        TermOrigin.TACIT: "Reconduction tacite",
        TermOrigin.EXPRESS: "Reconduction décidée",
        TermOrigin.HANDED_OVER: "Reprise du contrat de la commune fusionnée",
    }[TermOrigin(term.origin)]
    event = {"label": label, "detail": f"{_span(term)}.", "url": "", "url_label": ""}
    if term.act_number:
        event["detail"] += f" Acte n° {term.act_number} du {day(term.act_date)}."
        event["url"] = reverse(
            "member_term_act", args=[organisation.siren, term.subscription.public_id, term.rank]
        )
        event["url_label"] = f"Lire l’acte n° {term.act_number} (PDF)"
    return event


def _amendments(subscription: Subscription) -> list[Amendment]:
    return list(subscription.amendments.order_by("number").select_related("subscription"))


def _amendment(organisation: Organisation, found: Amendment) -> dict:
    detail = (
        f"{found.get_kind_display().capitalize()}, {found.get_state_display()}, au {day(found.effective_on)}."
    )
    if found.extra_cents:
        taxed = is_taxed(found.subscription)
        before, after = net(found.cents_before, taxed=taxed), net(found.cents_after, taxed=taxed)
        detail += f" Une année : {before} avant, {after} après."
    return {
        "label": str(found),
        "detail": detail,
        "url": reverse(
            "member_amendment", args=[organisation.siren, found.subscription.public_id, found.number]
        ),
        "url_label": f"Lire l’avenant n° {found.number}",
    }


def _actions(
    request, organisation: Organisation, subscription: Subscription, found: Outlook | None
) -> list[dict]:
    """What this person may do: {label, url, style}."""
    address = [organisation.siren, subscription.public_id]
    actions = []
    if request.roles & ASKING:
        actions.append(
            {"label": "Modifier…", "url": reverse("member_amendment_new", args=address), "style": "secondary"}
        )
    if found is None or Role.SIGNATORY not in request.roles:
        return actions
    today = _today()
    if found.may_renew(on=today):
        actions.append(
            {"label": "Reconduire…", "url": reverse("member_term_renew", args=address), "style": "primary"}
        )
    if found.may_give_notice(on=today):
        actions.append(
            {
                "label": "Ne pas reconduire…",
                "url": reverse("member_term_notice", args=address),
                "style": "secondary",
            }
        )
    if found.may_take_back(on=today) and found.non_renewal.side == "member":
        actions.append(
            {
                "label": "Reconduire finalement…",
                "url": reverse("member_term_take_back", args=address),
                "style": "secondary",
            }
        )
    return actions


def _today() -> date:
    return timezone.localdate()
