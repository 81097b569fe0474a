"""Only those who use a service speak of it: the door between subscriptions and the catalogue's opinions."""

from datetime import datetime

from django.db import transaction

from catalog.experience import opinions
from catalog.models import ExperienceSheet, Review
from subscriptions.models import Subscription
from tenants.models import User
from tenants.refusals import Refused


class NotASubscriber(Refused):
    """The service was never open for this organisation."""

    def __init__(self):
        super().__init__("Votre collectivité donnera son avis une fois le service ouvert.")


@transaction.atomic
def write_review(*, subscription: Subscription, rating: int, text: str, by: User, now: datetime) -> Review:
    """The subscriber's opinion of the service. Raises NotASubscriber and opinions.OpinionRefused."""
    return opinions.keep_review(**_of(subscription), rating=rating, text=text, by=by, now=now)


@transaction.atomic
def write_experience(
    *, subscription: Subscription, experience: opinions.Experience, by: User, now: datetime
) -> ExperienceSheet:
    """How the subscriber set the service up. Raises NotASubscriber and opinions.OpinionRefused."""
    return opinions.keep_experience(**_of(subscription), experience=experience, by=by, now=now)


def may_speak(subscription: Subscription) -> bool:
    """Whether its organisation may give an opinion: the service was opened, whatever it is now."""
    return subscription.active_from is not None


def _of(subscription: Subscription) -> dict:
    if not may_speak(subscription):
        raise NotASubscriber
    return {
        "sheet": subscription.listing.sheet,
        "operator": subscription.operator,
        "organisation": subscription.tenant,
    }
