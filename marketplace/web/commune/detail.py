"""What the page of one subscription shows, to whom. Shared by the page and by the forms on it."""

from datetime import timedelta

from django.db.models import prefetch_related_objects
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate

from billing.adjustment_queries import to_come
from marketplace.web.adjustment_words import announced
from marketplace.web.commune.credentials import credentials_block
from marketplace.web.commune.entering import entering_block
from marketplace.web.commune.forms import DecisionForm, RefuseForm
from marketplace.web.commune.home import may_approve
from marketplace.web.commune.leaving import leaving_block
from marketplace.web.commune.life import life_of
from marketplace.web.commune.opinion import opinion_url
from marketplace.web.commune.papers import papers_on_page
from marketplace.web.commune.timeline import OPENING, timeline
from marketplace.web.commune.trial import trial_block, trial_facts
from marketplace.web.commune.value import value_link
from marketplace.web.commune.words import act_word, plural, yearly_price
from marketplace.web.formats import day, moment
from marketplace.web.openings import usual_time
from marketplace.web.price_views import frozen_breakdown
from marketplace.web.requests.messages import MessageForm, message_block
from provisioning.clients import Entering, entering_of
from provisioning.connectors.outcomes import Way
from provisioning.history import way_for
from provisioning.models import Event, TrackRecord
from provisioning.queries import Opening, opening_of
from provisioning.track_records import track_record_of
from subscriptions.agents.seats import goes_by_agent, last_count
from subscriptions.chain import waits_for
from subscriptions.choosing import counted_in
from subscriptions.deciding import Rule, assembly, authorities, head, may_decide
from subscriptions.expecting import expected_opening
from subscriptions.in_force import approved_amendments, terms_on
from subscriptions.models import Party, State, Subscription
from subscriptions.queries import signatories
from subscriptions.sharing import may_cover
from subscriptions.transfers.queries import notices_about
from subscriptions.wanted_covers import COUNTED, wanted_of
from tenants.models import Organisation, Role
from tenants.models.organisation import OrganisationKind
from tenants.people.roles import SPEAKING_ROLES

ENTERED = (State.PROVISIONING, State.ACTIVE, State.SUSPENDED, State.TERMINATING)

_DEEDS = {
    State.REQUESTED: "a demandé l’abonnement",
    State.REFUSED: "a refusé la demande",
    State.CANCELLED: "a annulé la demande",
    State.APPROVED: "a approuvé la demande",
    State.PROVISIONING: "L’ouverture a été demandée à l’éditeur",
    State.ACTIVE: "Le service est ouvert",
    State.SUSPENDED: "Le service est suspendu",
    State.TERMINATING: "La fermeture du service est demandée",
    State.ENDED: "Le service est terminé",
}


_TRIAL_DEEDS = {
    State.REQUESTED: "a demandé l’essai gratuit",
    State.APPROVED: "L’essai gratuit est accordé",
    State.TERMINATING: "L’essai gratuit est terminé",
    State.ENDED: "L’essai gratuit est terminé",
}


def detail_page(
    request,
    organisation: Organisation,
    subscription: Subscription,
    *,
    approve_form: DecisionForm | None = None,
    refuse_form: RefuseForm | None = None,
    message_form: MessageForm | None = None,
):
    """The page; a form with errors comes back in its place."""
    prefetch_related_objects([subscription], approved_amendments())
    requested = subscription.state == State.REQUESTED
    own_turn = requested and waits_for(subscription, Party.MEMBER)
    signs = Role.SIGNATORY in request.roles
    mine = subscription.requested_by_id == request.user.pk
    approves = may_approve(request, subscription)
    cancels = requested and may_cancel(request, subscription)
    leaving = leaving_block(request, organisation, subscription)
    leaves = "steps" in leaving
    entering = entering_in(subscription)
    context = {
        "organisation": organisation,
        "subscription": subscription,
        "follow": follow(organisation, subscription, entering=entering),
        "life": life_of(request, organisation, subscription, leaving=leaves),
        "trial": trial_block(request, organisation, subscription),
        "entering": entering_block(request, organisation, subscription, entering),
        "access": credentials_block(request, organisation, subscription),
        "breakdown": frozen_breakdown(subscription),
        "adjustments": [
            announced(one) for one in to_come(organisation=organisation, subscription=subscription)
        ],
        "facts": _facts(subscription) + took_over(subscription),
        "over": "Essai gratuit" if subscription.is_trial else "Abonnement",
        "history": [_deed(subscription, move) for move in subscription.transitions.all()],
        "decision": _decision(organisation, subscription),
        "approve_form": ((approve_form or decision_form(subscription)) if approves else None),
        "refuse_form": (refuse_form or RefuseForm()) if approves else None,
        "refusing": refuse_form is not None,
        "has_errors": any(form and form.errors for form in (approve_form, refuse_form, message_form)),
        "message_block": message_block(
            subscription,
            writes=bool(request.roles & SPEAKING_ROLES),
            post_url=reverse("member_message", args=[organisation.siren, subscription.public_id]),
            file_url=lambda message: reverse(
                "member_message_file", args=[organisation.siren, subscription.public_id, message]
            ),
            form=message_form,
        ),
        "own_request": own_turn and signs and mine and not approves,
        "waits_for_another": own_turn and not signs,
        "may_cancel": cancels,
        "opinion_url": "" if leaves else opinion_url(request, subscription, organisation),
        "cancelling": cancels and "annuler" in request.GET,
        "assembly": assembly(organisation),
        "head": head(organisation),
        "price": yearly_price(subscription),
        "leaving": leaving,
        "value_link": value_link(request, organisation, subscription.listing_id),
        **papers_on_page(request, organisation, subscription, turn=own_turn),
        "payers_url": ""
        if subscription.is_trial
        else reverse("member_payers", args=[organisation.siren, subscription.public_id]),
        "wanted": _wanted(subscription),
        "covers_url": reverse("member_covers", args=[organisation.siren, subscription.public_id])
        if may_cover(subscription)
        else "",
        "bulk_url": reverse("member_bulk_new", args=[organisation.siren, subscription.listing_id])
        if organisation.kind == OrganisationKind.EPCI and Role.SECRETARY in request.roles
        else "",
        "who_decides": _rule(organisation, subscription).why if own_turn else "",
    }
    return render(request, "commune/subscription.html", context)


def _rule(organisation: Organisation, subscription: Subscription) -> Rule:
    return may_decide(
        basis=subscription.vehicle.legal_basis,
        kind=organisation.kind,
        deliberation_required=subscription.deliberation_required,
    )


def decision_form(subscription: Subscription, *data) -> DecisionForm:
    """What the signatory fills in; `data`: what was sent."""
    return DecisionForm(*data, authorities=authorities(subscription))


def may_cancel(request, subscription: Subscription) -> bool:
    """The person who asked, or the organisation's administrator."""
    return subscription.requested_by_id == request.user.pk or Role.ORG_ADMIN in request.roles


def entering_in(subscription: Subscription) -> Entering | None:
    """How its agents enter through Halle, while there is something to enter."""
    return entering_of(subscription) if subscription.state in ENTERED else None


def follow(organisation: Organisation, subscription: Subscription, *, entering: Entering | None) -> dict:
    """The region that follows the progress, with its timeline."""
    waiting = waits_for(subscription, Party.MEMBER)
    opening = None if subscription.state == State.REQUESTED else opening_of(subscription)
    under_way = opening is not None and subscription.state == State.PROVISIONING
    record = track_record_of(subscription.listing.sheet.vendor) if under_way else None
    return timeline(
        subscription=subscription,
        opening=opening,
        entering=entering,
        approvers=_approvers(organisation, subscription) if waiting else [],
        siren=organisation.siren,
        expected=expected_opening(subscription, on=localdate(timezone.now())),
        by_hand=bool(under_way and opening and opening.needs_person)
        and way_for(subscription, Event.ACTIVATE) == Way.PERSON,
    ) | {
        "pending": subscription.state in OPENING,
        "usual": usual_time(record),
        "late": bool(record and opening and _is_late(opening, record)),
    }


def _is_late(opening: Opening, record: TrackRecord) -> bool:
    """Nine openings in ten of this vendor's took less."""
    tried = [step.tried_at for step in opening.steps if step.tried_at]
    return bool(tried) and timezone.now() - min(tried) > timedelta(minutes=record.slow_minutes + 1)


def _approvers(organisation: Organisation, subscription: Subscription) -> list:
    """Without the person who asked, where another one must approve."""
    return [
        person
        for person in signatories(organisation=organisation)
        if not (subscription.separate_approver and person.pk == subscription.requested_by_id)
    ]


def took_over(subscription: Subscription) -> list[dict]:
    """The vendors that took the contract over, the last first. One query."""
    return [
        {
            "label": "Contrat transféré",
            "value": f"{notice.to_name} remplace {notice.from_name} depuis le {day(notice.since)}",
        }
        for notice in notices_about(subscription=subscription)
    ]


def _facts(subscription: Subscription) -> list[dict]:
    sheet = subscription.listing.sheet
    facts = [
        {"label": "Éditeur", "value": sheet.vendor.organisation.name},
        {
            "label": "Opérateur",
            "value": subscription.operator.short_name,
            "note": subscription.operator.contact_email,
        },
        {"label": "Cadre d’achat", "value": subscription.vehicle.name},
    ]
    return [*facts, *trial_facts(subscription), *chosen(subscription), *_seats(subscription)]


def _seats(subscription: Subscription) -> list[dict]:
    """How many agents were counted last, where the price goes by agent."""
    if subscription.is_trial or not goes_by_agent(subscription):
        return []
    found = last_count(subscription)
    if found is None:
        value, note = "pas encore comptés", "Ils le sont chaque mois, dès que le service est ouvert."
    else:
        value = f"{plural(found.agents, 'agent')} au {day(found.counted_at)}"
        note = "Le prix suit le nombre déclaré."
        if found.named:
            rest = "" if found.named == found.agents else ", les autres par leur rôle"
            note = f"{plural(found.named, 'agent')} par la liste du service{rest}. {note}"
    return [{"label": "Agents comptés", "value": value, "note": note}]


def chosen(subscription: Subscription) -> list[dict]:
    """What was said and chosen with the request, or what amendments have made of it by today."""
    terms = terms_on(subscription, localdate(timezone.now()))
    asked = {one.name: one for one in counted_in(subscription)}
    said = [asked[name].in_words(count) for name, count in terms.counts.items() if name in asked]
    facts = [
        ("Déclaré pour le prix", ", ".join(said)),
        ("Options", ", ".join(option["name"] for option in terms.options)),
        ("Ouverture souhaitée", day(subscription.wanted_from)),
        ("Numéro d’engagement", subscription.commitment_number),
        ("Code service", subscription.service_code),
    ]
    return [{"label": label, "value": value} for label, value in facts if value]


def _wanted(subscription: Subscription) -> dict | None:
    """The communes chosen with the request, and what became of them."""
    if subscription.tenant.kind != OrganisationKind.EPCI or not (rows := wanted_of(subscription)):
        return None
    count = plural(len(rows), "commune")
    settled = any(one.settled_at for one in rows)
    return {
        "title": "Communes choisies avec la demande" if settled else "Communes à couvrir",
        "summary": f"Voir les {count}" if len(rows) > 1 else "Voir la commune",
        "rows": [{"name": one.commune_name} for one in rows],
        "left_out": [one for one in rows if one.refused_because],
        "counted": settled and bool(COUNTED & subscription.counts.keys()),
    }


def _decision(organisation: Organisation, subscription: Subscription) -> dict | None:
    decision = getattr(subscription, "decision", None)
    if decision is None:
        return None
    return {
        "title": act_word(subscription),
        "number": decision.number,
        "date": day(decision.date),
        "url": reverse("member_decision_file", args=[organisation.siren, subscription.public_id]),
    }


def _deed(subscription: Subscription, move) -> dict:
    deed = _DEEDS[State(move.after)]
    if subscription.is_trial:
        deed = _TRIAL_DEEDS.get(State(move.after), deed)
    return {
        "at": moment(move.at),
        "sentence": f"{move.by} {deed}." if move.by and deed[0].islower() else f"{deed}.",
        "reason": move.reason,
    }
