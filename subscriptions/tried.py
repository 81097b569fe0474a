"""The free trials that an organisation has or had of a service. Reads, and what they refuse."""

from datetime import date

from catalog.models import Listing
from subscriptions.exceptions import AlreadySubscribed, StartInvalid
from subscriptions.models import RUNNING, State, Subscription
from tenants.days import in_words
from tenants.models import Organisation

OPENING = (State.REQUESTED, State.APPROVED, State.PROVISIONING)


def trial_of(*, organisation: Organisation, listing: Listing) -> Subscription | None:
    """The only trial that an organisation may ever have of a listing, asked for, under way or over; None
    when it has none. One query."""
    found = Subscription.objects.trials().filter(tenant=organisation, listing=listing)
    return found.exclude(state__in=(State.REFUSED, State.CANCELLED)).first()


def check_after_trial(*, organisation: Organisation, listing: Listing, wanted_from: date | None) -> None:
    """Whether a subscription may be asked for beside a trial, which it is then to go on with.

    Raises AlreadySubscribed (the trial) while that is being opened: there would be two instances;
    StartInvalid for a day after its last, when the service would have been cut."""
    trial = trial_of(organisation=organisation, listing=listing)
    if trial is None:
        return
    if trial.state in OPENING:
        raise AlreadySubscribed(trial)
    if wanted_from and trial.state in RUNNING and wanted_from > trial.trial_until:
        raise StartInvalid(
            f"Votre essai gratuit va jusqu’au {in_words(trial.last_trial_day)} : pour que le service ne soit "
            "pas coupé, choisissez le lendemain ou avant, ou rien."
        )
