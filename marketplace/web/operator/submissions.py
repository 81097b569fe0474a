"""The curators' queue: what vendors submitted, filtered, accepted in a batch."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from catalog.curation.deciding import accept_many
from catalog.curation.filters import FilterRefused, forget_filter, keep_filter
from catalog.curation.filters import filters_of as kept_filters
from catalog.curation.queue import Waiting, pending, queue
from catalog.models import ListingState
from marketplace.web.access import operator_view
from marketplace.web.formats import day
from marketplace.web.operator.catalogue import frame
from marketplace.web.operator.curation_forms import (
    FilterNameForm,
    QueueFilterForm,
    address_of,
    filters_of,
)
from marketplace.web.operator.lists import counted
from marketplace.web.operator.roles import TASK_ROLES

MAX_NAMED = 3  # changes named in a row, before "et 4 autres"

curators = operator_view(*TASK_ROLES, with_members=False)


@curators
@require_safe
def submission_list(request, operator):
    """What waits, the oldest first."""
    return _page(request, operator)


@curators
@require_POST
def accept_ticked(request, operator):
    """Accepts the ticked ones that may be; says of each other one why it was not."""
    wanted = [found for text in request.POST.getlist("fiches") if (found := _uuid(text))]
    submissions = list(
        pending(operator=operator).filter(public_id__in=wanted).select_related("listing", "revision")
    )
    accepted, refused = accept_many(
        submissions=submissions,
        checked=request.POST.get("verifies") == "oui",
        by=request.user,
        now=timezone.now(),
    )
    if accepted:
        unpriced = sum(listing.state == ListingState.DRAFT for listing in accepted)
        rest = f", dont {unpriced} à mettre en rayon une fois leur tarif publié" if unpriced else ""
        messages.success(request, f"{counted(len(accepted), 'fiche acceptée', 'fiches acceptées')}{rest}.")
    for submission, refusal in refused:
        messages.error(request, f"{submission.revision.content['name']} : {refusal}")
    if len(submissions) < len(wanted):
        messages.warning(request, "Certaines fiches cochées n’étaient plus à examiner.")
    if not wanted:
        messages.warning(request, "Cochez d’abord les fiches à accepter.")
    return redirect(_back(request, operator))


@curators
@require_POST
def keep(request, operator):
    """Keeps the filters of the queue under a name."""
    form = FilterNameForm(request.POST)
    if form.is_valid():
        query = urlencode(address_of(filters_of(request.POST)))
        try:
            kept = keep_filter(operator=operator, user=request.user, query=query, **form.cleaned_data)
        except FilterRefused as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, f"Le filtre « {kept.name} » est gardé.")
            return redirect(_back(request, operator))
    return _page(request, operator, name_form=form)


@curators
@require_POST
def forget(request, operator, kept):
    """Forgets one of the person's own filters."""
    if not forget_filter(operator=operator, user=request.user, pk=kept):
        raise Http404
    messages.success(request, "Le filtre est retiré.")
    return redirect("operator_submissions", operator=operator.slug)


def _page(request, operator, *, name_form=None):
    filters = filters_of(request.POST if name_form else request.GET)
    found = queue(operator=operator, filters=filters, page=request.GET.get("page"), now=timezone.now())
    parameters = address_of(filters)
    query = urlencode(parameters)
    context = frame(
        request,
        operator,
        "operator_submissions",
        form=QueueFilterForm(filters, found),
        filtered=bool(parameters),
        hidden=[{"name": name, "value": value} for name, value in parameters.items()],
        rest=f"{query}&" if query else "",
        page=found.page,
        total=found.total,
        caption=counted(found.page.paginator.count, "fiche à examiner", "fiches à examiner"),
        rows=[_row(operator, item, query) for item in found.items],
        kept=[
            {
                "pk": kept.pk,
                "name": kept.name,
                "url": f"{reverse('operator_submissions', args=[operator.slug])}?{kept.query}",
                "active": kept.query == query,
            }
            for kept in kept_filters(operator=operator, user=request.user)
        ],
        name_form=name_form or FilterNameForm(),
    )
    return render(request, "operator/submissions.html", context)


def _row(operator, item: Waiting, query: str) -> dict:
    submission = item.submission
    url = reverse("operator_submission", args=[operator.slug, submission.public_id])
    return {
        "id": submission.public_id,
        "name": item.name,
        "url": f"{url}?{query}" if query else url,
        "vendor": item.vendor,
        "family": item.family.label,
        "what": "Nouveau service" if item.new else _changes(item.changed),
        "new": item.new,
        "note": submission.note,
        "personal": item.personal_data,
        "age": "aujourd’hui" if item.days < 1 else f"depuis {counted(item.days, 'jour')}",
        "since": day(submission.submitted_at),
        "late": item.late,
    }


def _changes(labels: list[str]) -> str:
    """ "3 champs : résumé, hébergement, captures"."""
    if not labels:
        return "Aucun champ changé"
    named = [label[:1].lower() + label[1:] for label in labels]
    rest = len(named) - MAX_NAMED
    more = f" et {counted(rest, 'autre')}" if rest > 0 else ""
    return f"{counted(len(named), 'champ')} : {', '.join(named[:MAX_NAMED])}{more}"


def _back(request, operator) -> str:
    query = urlencode(address_of(filters_of(request.POST)))
    url = reverse("operator_submissions", args=[operator.slug])
    return f"{url}?{query}" if query else url


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
