"""The communes that an intercommunality chooses to cover with its request; covered when the service opens.

Between both, a commune may ask for the service by itself, leave or merge: it is then left out, with the
reason on record, and the others are covered all the same.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from catalog.models import Listing
from catalog.pricing.counted import COVERED_COMMUNES, COVERED_INHABITANTS
from subscriptions.choosing import Choices, Offer
from subscriptions.cover_letters import tell_covered, tell_left_out
from subscriptions.exceptions import CoverRefused
from subscriptions.models import Cover, Subscription, WantedCover
from subscriptions.places import hold_places
from subscriptions.sharing import both_sides, candidates_at, new_cover, record
from subscriptions.signals import covers_changed
from tenants import audit
from tenants.models import Organisation, Population
from tenants.models.organisation import OrganisationKind

COUNTED = frozenset({COVERED_COMMUNES, COVERED_INHABITANTS})


def counts_covered(offer: Offer) -> bool:
    """Whether a price of this offer depends on what is covered."""
    return bool(_names(offer))


def with_covered(
    choices: Choices, *, offer: Offer, organisation: Organisation, communes: Collection[Organisation]
) -> Choices:
    """The same choices, with the communes covered and their inhabitants where a price counts them; whoever is
    no intercommunality counts for itself. No query, one where it counts the inhabitants."""
    names = _names(offer)
    if not names:
        return choices
    if organisation.kind != OrganisationKind.EPCI:
        communes = [organisation]
    counts = {**choices.counts, COVERED_COMMUNES: len(communes)}
    if COVERED_INHABITANTS in names:
        counts[COVERED_INHABITANTS] = _inhabitants(
            communes, kind=offer.listing.operator.population_kind, on=offer.facts.on
        )
    return replace(choices, counts={name: n for name, n in counts.items() if name not in COUNTED - names})


def _names(offer: Offer) -> frozenset[str]:
    return COUNTED & {one.name for part in (offer, *offer.options) for one in part.counted}


def _inhabitants(communes: Collection[Organisation], *, kind: str, on: date) -> int:
    rows = Population.objects.filter(
        territory__in=[one.territory_id for one in communes if one.territory_id], kind=kind
    )
    return sum(row.value or 0 for row in rows.in_force(on=on))


def check_wanted(
    *, organisation: Organisation, listing: Listing, communes: Collection[Organisation], on: date
) -> list[Organisation]:
    """These communes, by name. Raises CoverRefused, with the names, where one cannot be covered today."""
    if not communes:
        return []
    asked = {one.pk for one in communes}
    found = candidates_at(organisation=organisation, listing=listing, on=on)
    here = [one for one in found if one.organisation.pk in asked]
    if len(here) < len(asked):
        raise CoverRefused("Une des communes choisies ne fait pas partie de votre intercommunalité.")
    if taken := [one for one in here if one.why_not]:
        names = " ; ".join(f"{one.organisation.name} {one.why_not}" for one in taken)
        untick = "Décochez-la" if len(taken) == 1 else "Décochez-les"
        raise CoverRefused(f"{names}. {untick} ou choisissez-en d’autres.")
    return [one.organisation for one in here]


def write_wanted(*, subscription: Subscription, communes: Sequence[Organisation]) -> None:
    """Keeps what was chosen with a request, in the caller's transaction."""
    WantedCover.objects.bulk_create(
        WantedCover(tenant=subscription.tenant, subscription=subscription, commune=one, commune_name=one.name)
        for one in communes
    )


def wanted_of(subscription: Subscription) -> list[WantedCover]:
    """By name. One query."""
    rows = WantedCover.objects.filter(subscription=subscription, tenant_id=subscription.tenant_id)
    return list(rows.order_by("commune__plain_name", "pk"))


def cover_wanted(*, subscription: Subscription, now: datetime) -> int:
    """Covers from today on what was asked for with the request, in the caller's transaction, which opens the
    service. How many. One that is taken meanwhile is left out and told, its reason kept; the others are
    covered."""
    if subscription.tenant.kind != OrganisationKind.EPCI:  # it alone may cover: no query for the others
        return 0
    rows = WantedCover.objects.filter(subscription=subscription, settled_at__isnull=True)
    wanted = list(rows.select_related("commune__territory").order_by("commune__plain_name", "pk"))
    if not wanted:
        return 0
    communes, today = [one.commune for one in wanted], localdate(now)
    hold_places(organisations=communes, listing_id=subscription.listing_id)
    with both_sides(subscription, communes):
        left = {
            one.organisation.pk: one.why_not
            for one in candidates_at(organisation=subscription.tenant, listing=subscription.listing, on=today)
        }
        made = []
        for one in wanted:
            why = left.get(one.commune_id, f"ne fait plus partie de {subscription.tenant.name}")
            cover = None if why else _written(new_cover(subscription, one.commune, today))
            if cover:
                made.append(cover)
                record(cover, f"a couvert {cover.tenant.name}", "subscription.covered", by=None, now=now)
            one.settled_at = now
            one.refused_because = "" if cover else (why or "vient d’être couverte autrement")[:200]
        WantedCover.objects.bulk_update(wanted, ["settled_at", "refused_because"])
        tell_covered(covers=made, now=now)
        covers_changed.send(sender=Cover, subscription=subscription, now=now)
        if out := [one for one in wanted if one.refused_because]:
            _tell_left_out(subscription, out, now=now)
    return len(made)


def _written(cover: Cover) -> Cover | None:
    """None when the database says that the commune has the service already."""
    try:
        with transaction.atomic():
            cover.save(force_insert=True)
    except IntegrityError:
        return None
    return cover


def _tell_left_out(subscription: Subscription, out: list[WantedCover], *, now: datetime) -> None:
    tell_left_out(subscription=subscription, wanted=out, now=now)
    audit.record(
        tenant=subscription.tenant,
        actor=None,
        what="subscription.not_covered",
        sentence=f"{subscription.service_name} s’ouvre sans couvrir "
        f"{', '.join(one.commune_name for one in out)}.",
        subject_id=subscription.public_id,
        now=now,
        details={one.commune_name: one.refused_because for one in out},
    )
