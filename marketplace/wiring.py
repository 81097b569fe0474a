"""Where rooms that must not know each other are joined.

Subscriptions does not import provisioning, nor billing its settlement of another room's events: each
says what happened through a signal, inside the transaction, and this module connects who listens. A
receiver that raises rolls the whole transaction back.
"""

from django.utils.timezone import localdate

from billing import credits, handover, repricing, sharing_again, vat_changes
from catalog import signals as catalog
from catalog.grids import signals as grids
from catalog.vat.signals import vat_decided
from marketplace.pages.editors import forget_who_left
from marketplace.pages.storefronts import keep_storefront
from provisioning import agents, client_people, clients, departures
from provisioning import operations as provisioning
from provisioning.at_keycloak import telling as at_keycloak
from subscriptions import leaving, sharing, signals, signing, suspension_letters, trials, vehicles
from subscriptions.agents import giving
from subscriptions.agents.imports import operations as agent_imports
from subscriptions.models import Subscription
from tenants.models import Kept
from tenants.operators import signals as operators
from tenants.people import join_answers
from tenants.people import signals as people
from tenants.personal_data import erasure, retention
from tenants.signals import organisation_closed


def connect() -> None:
    """Connect every signal once, at start."""
    signals.subscription_approved.connect(_provision, dispatch_uid="provision")
    signals.term_over.connect(_stop, dispatch_uid="last term")
    signals.erasure_due.connect(_close, dispatch_uid="close")
    signals.subscription_handed_over.connect(_share_drafts, dispatch_uid="share drafts")
    signals.subscription_handed_over.connect(_note_handover, dispatch_uid="hand-over")
    signals.subscriptions_opened.connect(_note_openings, dispatch_uid="openings")
    signals.subscription_repriced.connect(_note_repricing, dispatch_uid="repricing")
    vat_decided.connect(_note_vat, dispatch_uid="vat_decided")
    signals.subscription_amended.connect(_change, dispatch_uid="change")
    signals.subscription_suspended.connect(_suspend, dispatch_uid="suspend")
    signals.subscription_resumed.connect(_resume, dispatch_uid="resume")
    signals.subscription_closed.connect(_note_closing, dispatch_uid="closing")
    signals.subscription_closed.connect(_end_covers, dispatch_uid="covers")
    signals.covers_changed.connect(_tell_of_covers, dispatch_uid="covered agents")
    signals.payers_changed.connect(_share_again, dispatch_uid="payers")
    catalog.listing_listed.connect(_ensure_vehicle, dispatch_uid="purchasing vehicle")
    catalog.listing_suspended.connect(_tell_subscribers, dispatch_uid="suspension letters")
    grids.subscribers_asked.connect(_subscribers, dispatch_uid="subscribers")
    for told in (operators.operator_opened, operators.operator_settings_changed):
        told.connect(_keep_storefront, dispatch_uid="storefront")
    people.roles_given.connect(_tell_new_signatory, dispatch_uid="new signatory")
    people.roles_given.connect(_settle_request, dispatch_uid="request to join")
    people.roles_given.connect(_take_up, dispatch_uid="offered accesses")
    people.access_ended.connect(_close_accesses, dispatch_uid="accesses")
    people.access_ended.connect(_note_departure, dispatch_uid="departure")
    people.access_ended.connect(_forget_editor, dispatch_uid="editors")
    for told in (people.roles_given, people.access_restored, people.access_ended):
        told.connect(_tell_agents, dispatch_uid="agents")
        told.connect(_tell_keycloak, dispatch_uid="members at Keycloak")
    people.identity_attached.connect(_tell_of_account, dispatch_uid="account at Keycloak")
    organisation_closed.connect(_tell_keycloak, dispatch_uid="organisation at Keycloak")
    signals.accesses_changed.connect(_tell_of_accesses, dispatch_uid="accesses of agents")
    retention.keep(Kept.AGENT_IMPORTS, agent_imports.forget)
    erasure.clear_elsewhere(agent_imports.forget_address)


def _forget_editor(*, organisation, person, by, now, **_):
    forget_who_left(organisation=organisation, person=person, by=by, now=now)


def _settle_request(*, organisation, person, now, **_):
    join_answers.note_roles_given(organisation=organisation, person=person, now=now)


def _take_up(*, organisation, person, now, **_):
    giving.take_up(organisation=organisation, person=person, now=now)


def _close_accesses(*, organisation, person, by, now, **_):
    giving.close_of_leaver(organisation=organisation, person=person, by=by, now=now)


def _note_departure(*, organisation, person, by, now, **_):
    departures.note_departure(organisation=organisation, person=person, by=by, now=now)


def _tell_of_accesses(*, organisation, sheets, now, **_):
    agents.plan_agents(organisation=organisation, sheets=sheets, now=now)
    client_people.plan_people(organisation=organisation, sheets=sheets, now=now)


def _tell_agents(*, organisation, now, **_):
    agents.plan_agents(organisation=organisation, now=now)
    client_people.plan_people(organisation=organisation, now=now)


def _tell_keycloak(*, organisation, now, **_):
    at_keycloak.note_change(organisation=organisation, now=now)


def _tell_of_account(*, person, now, **_):
    at_keycloak.note_account(person=person, now=now)


def _tell_of_covers(*, subscription, now, **_):
    agents.plan_covers(subscription=subscription, now=now)
    clients.plan_client(subscription=subscription, label=clients.CHANGES, now=now)


def _tell_new_signatory(*, organisation, person, roles, now, **_):
    signing.pass_steps(organisation=organisation, person=person, roles=roles, now=now)


def _provision(*, subscription, now, **_):
    if trials.go_on(subscription=subscription, now=now):
        # Open already: its vendor learns that the trial is kept, and what was chosen with the subscription.
        provisioning.plan_change(
            subscription=subscription, on=localdate(now), in_words="l’abonnement suit l’essai", now=now
        )
        return
    provisioning.plan_activation(subscription=subscription, now=now)


def _change(*, subscription, amendment, now, **_):
    provisioning.plan_change(
        subscription=subscription, on=amendment.effective_on, in_words=amendment.after, now=now
    )


def _suspend(*, subscription, now, **_):
    provisioning.plan_suspending(subscription=subscription, now=now)


def _resume(*, subscription, now, **_):
    provisioning.plan_resuming(subscription=subscription, now=now)


def _stop(*, subscription, term, now, **_):
    leaving.stop_at_term(subscription=subscription, on=term.ends, now=now)


def _close(*, subscription, now, **_):
    provisioning.plan_closing(subscription=subscription, now=now)


def _subscribers(*, listing, organisations, **_):
    open_ones = Subscription.objects.open().paid().filter(listing=listing, tenant__in=organisations)
    return set(open_ones.values_list("tenant", flat=True))


def _share_drafts(*, old, new, on, now, **_):
    handover.share_drafts(old=old, new=new, on=on, now=now)


def _note_closing(*, subscription, on, now, **_):
    credits.note_closing(subscription=subscription, on=on, now=now)


def _note_vat(*, operator, since, now, **_):
    vat_changes.note_decision(operator=operator, since=since, now=now)


def _note_repricing(*, subscription, on, now, **_):
    repricing.note_repricing(subscription=subscription, on=on, now=now)


def _note_openings(*, subscriptions, now, **_):
    repricing.note_openings(subscriptions=subscriptions, now=now)


def _note_handover(*, old, new, on, now, **_):
    credits.note_closing(subscription=old, on=on, now=now)
    if new is not None:
        # Its client says another organisation from now on.
        clients.plan_client(subscription=new, label=clients.CHANGES, now=now)
        repricing.note_repricing(subscription=new, on=on, now=now)


def _end_covers(*, subscription, on, now, **_):
    sharing.end_covers(subscription=subscription, on=on, now=now)


def _share_again(*, subscription, **_):
    sharing_again.note_payers_changed(subscription=subscription)


def _ensure_vehicle(*, listing, **_):
    vehicles.ensure_vehicle(listing=listing)


def _tell_subscribers(*, move, **_):
    suspension_letters.tell_subscribers(move=move)


def _keep_storefront(*, operator, **_):
    keep_storefront(operator=operator)
