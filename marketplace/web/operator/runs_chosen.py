"""The billing run that an address names (`?campagne=`)."""

from uuid import UUID

from django.http import Http404

from billing.models import BillingRun


def chosen_run(request, runs) -> BillingRun | None:
    """The run of `?campagne=`, None for all. 404 when it is not one of `runs`."""
    wanted = request.GET.get("campagne", "")
    if not wanted:
        return None
    try:
        public_id = UUID(wanted)
    except ValueError:
        raise Http404 from None
    for run in runs:
        if run.public_id == public_id:
            return run
    raise Http404
