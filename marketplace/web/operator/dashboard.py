"""Dashboard of an operator, and the subscriptions of its members."""

from functools import partial

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from billing.contest_queries import contests_to_answer
from billing.credit_queries import credit_notes_to_issue
from billing.late_queries import count_to_decide
from billing.models import RunState
from billing.review import latest_run, period_of, settlements_for_person
from billing.settlement.difference_queries import open_differences
from catalog.curation.queue import curators_work
from marketplace.web.access import operator_view
from marketplace.web.commune.words import price_in_list
from marketplace.web.formats import day, format_number, moment
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import (
    counted,
    searched_list,
)
from marketplace.web.operator.roles import MONEY_ROLES, TASK_ROLES
from provisioning.todo import count_for_person
from subscriptions.approval_queries import count_to_approve
from subscriptions.models import Party, State
from subscriptions.operator_queries import ALL, operator_subscriptions, subscription_counts
from tenants.models.operator import IssuerKind
from tenants.operators.dashboard import latest_events, member_count

TABS = {
    ALL: "Tous",
    "demandes": "Demandes",
    "ouvertures": "Ouvertures en cours",
    "ouverts": "Ouverts",
    "clos": "Clos",
}
BADGES = {
    State.REQUESTED: "neutral",
    State.APPROVED: "info",
    State.PROVISIONING: "info",
    State.ACTIVE: "success",
    State.SUSPENDED: "warning",
    State.TERMINATING: "warning",
    State.REFUSED: "danger",
    State.CANCELLED: "neutral",
    State.ENDED: "neutral",
}


def subscription_state(subscription) -> dict:
    """`state` in words and `badge`, the colour of a badge; a free trial that is open says until when."""
    words = capitalised(subscription.get_state_display())
    if subscription.is_trial and subscription.state == State.ACTIVE:
        words = f"Essai jusqu’au {day(subscription.last_trial_day)}"
    elif subscription.is_trial:
        words = f"Essai {words.lower()}"
    return {"state": words, "badge": BADGES[subscription.state]}


@operator_view()
@require_safe
def home(request, operator):
    """Where things stand, what to do next, what happened lately."""
    counts = subscription_counts(operator=operator)
    openings = count_for_person(operator=operator)
    run = latest_run(operator=operator)
    context = {
        "operator": operator,
        "figures": [
            {
                "label": "Adhérents",
                "value": format_number(member_count(operator=operator, on=localdate(timezone.now()))),
            },
            {"label": "Abonnements ouverts", "value": format_number(counts["ouverts"])},
            {
                "label": "Demandes en attente",
                "value": format_number(counts["demandes"]),
                "note": "à approuver par les adhérents",
            },
            {
                "label": "Ouvertures et fermetures",
                "value": format_number(openings),
                "note": "demandent une personne",
            },
            _run(run),
        ],
        "todo": _todo(request, operator, openings=openings, run=run),
        "events": [
            {"sentence": str(event), "when": moment(event.at)}
            for event in latest_events(organisation=operator.organisation)
        ],
    }
    return render(request, "operator/home.html", context)


def _run(run) -> dict:
    """The billing run of the moment, as a key figure."""
    if run is None:
        return {"label": "Facturation", "value": "—", "note": "aucune pour le moment"}
    return {
        "label": "Facturation",
        "value": capitalised(run.get_state_display()),
        "note": period_of(run).label,
    }


def _todo(request, operator, *, openings: int, run) -> list[dict]:
    """What this person may do next: {label, detail, url}, most pressing first."""
    tasks = []
    if request.roles & TASK_ROLES and openings:
        tasks.append(
            {
                "label": f"Ouvrir ou fermer {counted(openings, 'service')} à la main",
                "detail": "Ces ouvertures et fermetures ne se font pas toutes seules.",
                "url": reverse("operator_tasks", args=[operator.slug]),
            }
        )
    if request.roles & TASK_ROLES and (asked := count_to_approve(owner=operator, party=Party.OPERATOR)):
        tasks.append(
            {
                "label": f"Répondre à {counted(asked, 'demande')} d’abonnement",
                "detail": "Des adhérents ont décidé : il leur faut votre accord.",
                "url": reverse("operator_requests", args=[operator.slug]),
            }
        )
    if request.roles & TASK_ROLES:
        tasks += _curation_todo(operator)
    if request.roles & MONEY_ROLES:
        tasks += _money_todo(operator, run)
    return tasks


def _curation_todo(operator) -> list[dict]:
    work = curators_work(operator=operator, now=timezone.now())
    tasks = []
    if work.submissions:
        late = f"{counted(work.late, 'attend', 'attendent')} depuis plus de 7 jours. " if work.late else ""
        tasks.append(
            {
                "label": f"Examiner {counted(work.submissions, 'fiche')}",
                "detail": f"{late}Les éditeurs attendent votre décision.",
                "url": reverse("operator_submissions", args=[operator.slug]),
            }
        )
    if work.off_shelf:
        tasks.append(
            {
                "label": f"Mettre {counted(work.off_shelf, 'service accepté', 'services acceptés')} en rayon",
                "detail": "Leur fiche est acceptée ; il manque un tarif publié, ou votre dernier mot.",
                "url": f"{reverse('operator_shelf', args=[operator.slug])}?etat=draft",
            }
        )
    if work.offers:
        tasks.append(
            {
                "label": f"Répondre à {counted(work.offers, 'proposition')}",
                "detail": "D’autres opérateurs vous proposent des services pour vos adhérents.",
                "url": reverse("operator_shares", args=[operator.slug]),
            }
        )
    return tasks


def _money_todo(operator, run) -> list[dict]:
    tasks = []
    if run is not None and run.state != RunState.ISSUED:
        label = period_of(run).label
        words = {
            RunState.DRAFTING: (f"Suivre le calcul : {label}", "Les projets de factures se préparent."),
            RunState.REVIEW: (
                f"Relire la facturation : {label}",
                "Les projets sont prêts. Rien ne part avant votre accord.",
            ),
            RunState.CONFIRMING: (
                f"Confirmer la facturation : {label}",
                "Une deuxième personne des finances donne son accord.",
            ),
            RunState.PARTLY: (
                f"Finir la facturation : {label}",
                "Des projets mis de côté restent à émettre.",
            ),
            RunState.ISSUING: (f"Suivre l’émission : {label}", "Les factures reçoivent leur numéro."),
        }[run.state]
        url = reverse("operator_run", args=[operator.slug, run.public_id])
        tasks.append({"label": words[0], "detail": words[1], "url": url})
    else:
        tasks.append(
            {
                "label": "Facturer une période",
                "detail": "Année, semestre ou trimestre : les projets se calculent, vous les relisez.",
                "url": reverse("operator_runs", args=[operator.slug]),
            }
        )
    if notes := credit_notes_to_issue(operator=operator).count():
        tasks.append(
            {
                "label": f"Émettre {counted(notes, 'avoir')}",
                "detail": "Facturé en trop : fin d’abonnement, prix changé, contestation acceptée.",
                "url": reverse("operator_credit_notes", args=[operator.slug]),
            }
        )
    if contested := contests_to_answer(operator=operator).count():
        tasks.append(
            {
                "label": f"Répondre à {counted(contested, 'contestation')}",
                "detail": "Des adhérents disent qu’une ligne de facture est fausse.",
                "url": reverse("operator_contests", args=[operator.slug]),
            }
        )
    if late := count_to_decide(operator=operator, today=localdate(timezone.now())):
        tasks.append(
            {
                "label": f"Regarder {counted(late, 'retard')} de paiement",
                "detail": "Des rappels à relire, ou des intérêts à réclamer. Rien ne part sans vous.",
                "url": reverse("operator_late_payments", args=[operator.slug]),
            }
        )
    if stuck := settlements_for_person(operator=operator):
        tasks.append(
            {
                "label": f"Regarder {counted(stuck, 'règlement bloqué', 'règlements bloqués')}",
                "detail": "Des factures refusées par le prestataire de paiement, ou des avoirs à rendre.",
                "url": f"{reverse('operator_invoices', args=[operator.slug])}?etat=regarder",
            }
        )
    if operator.issuer_kind != IssuerKind.PUBLIC and (differences := open_differences(operator=operator)):
        tasks.append(
            {
                "label": f"Regarder {counted(differences, 'écart')} avec le prestataire de paiement",
                "detail": "Ses comptes et les vôtres ne disent pas la même chose d’une facture.",
                "url": reverse("operator_ledger_differences", args=[operator.slug]),
            }
        )
    return tasks


@operator_view()
@require_safe
def subscriptions(request, operator):
    """Every subscription of the operator's members, by state."""
    frame, found = searched_list(
        request,
        operator,
        partial(operator_subscriptions, on=localdate(timezone.now())),
        title="Abonnements",
        noun="abonnement",
        labels=TABS,
    )
    context = frame | {
        "rows": [
            {
                "member": subscription.tenant.name,
                "service": subscription.service_name,
                "url": reverse("operator_subscription", args=[operator.slug, subscription.public_id]),
                "price": price_in_list(subscription),
                **subscription_state(subscription),
                "since": day(_since(subscription)),
                "payers_url": reverse(
                    "operator_subscription_payers", args=[operator.slug, subscription.public_id]
                )
                if subscription.is_open and not subscription.is_trial
                else "",
            }
            for subscription in found.page
        ],
    }
    return render(request, "operator/subscriptions.html", context)


def _since(subscription):
    """Since when the subscription is in its state: the day it opened, else its last move."""
    if subscription.state == State.ACTIVE:
        return subscription.active_from
    return subscription.state_since or subscription.requested_at
