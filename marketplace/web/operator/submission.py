"""One submission: what changed, what is claimed, what to check; then the decision, and the next one."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_safe

from catalog.claims.queries import BEFORE_OPERATOR
from catalog.curation import deciding
from catalog.curation.errors import CurationRefused
from catalog.curation.queue import Review, next_pending, review, submission_of
from catalog.models import Listing, ListingState, Submission, SubmissionState
from marketplace.web.claim_words import public_claim
from marketplace.web.formats import day, moment
from marketplace.web.operator.catalogue import frame, listing_badge, submission_badge
from marketplace.web.operator.curation_forms import (
    ACCEPT,
    CHANGES,
    DecisionForm,
    address_of,
    filters_of,
)
from marketplace.web.operator.submissions import curators
from marketplace.web.public.commune_choice import chosen_commune
from marketplace.web.public.service import service_context


@curators
@require_http_methods(["GET", "HEAD", "POST"])
def submission(request, operator, public_id):
    """The review page; a decision sent opens the next submission of the same filtered queue."""
    now = timezone.now()
    found = review(operator=operator, public_id=public_id, now=now)
    if found is None:
        raise Http404
    form = DecisionForm(request.POST if request.method == "POST" else None, points=found.points)
    if request.method == "POST" and form.is_valid():
        try:
            done = _decide(found.submission, form.cleaned_data, by=request.user, now=now)
        except CurationRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, done)
            return redirect(_next(request, operator, found.submission, now))
    return render(request, "operator/submission.html", _context(request, operator, found, form))


@curators
@require_safe
def preview(request, operator, public_id):
    """The version submitted, as this operator's members would read it: its words, terms and price."""
    found = submission_of(operator=operator, public_id=public_id)
    if found is None:
        raise Http404
    choice = chosen_commune(request, on=localdate(timezone.now()))
    if choice.redirect_to:
        return redirect(choice.redirect_to)
    listing = found.listing
    sheet = listing.sheet.with_content_json(found.revision.content)
    context = service_context(
        operator=operator, listing=listing, sheet=sheet, vendor=listing.vendor, choice=choice
    )
    context["back_url"] = reverse("operator_submission", args=[operator.slug, public_id])
    context["preview"] = {"operators": [], "back_label": f"{sheet.name}, à examiner"}
    return render(request, "public/service.html", context)


def _decide(submission: Submission, sent: dict, *, by, now) -> str:
    """Makes the decision; what was done, in words."""
    name = submission.revision.content["name"]
    if sent["decision"] == ACCEPT:
        listing = deciding.accept(
            submission=submission, ticked=sent["checks"], message=sent["message"], by=by, now=now
        )
        return _accepted(listing, name)
    if sent["decision"] == CHANGES:
        deciding.ask_for_changes(submission=submission, message=sent["message"], by=by, now=now)
        return f"« {name} » : vos demandes sont parties chez l’éditeur."
    deciding.refuse(submission=submission, reason=sent["message"], by=by, now=now)
    return f"« {name} » est refusée ; l’éditeur en reçoit la raison."


def _accepted(listing: Listing, name: str) -> str:
    if listing.state == ListingState.LISTED:
        return f"« {name} » est acceptée : vos adhérents lisent cette version."
    if listing.state == ListingState.SUSPENDED:
        return f"« {name} » est acceptée ; le service reste suspendu."
    return f"« {name} » est acceptée, sans tarif : publiez-en un, puis mettez le service en rayon."


def _next(request, operator, decided: Submission, now) -> str:
    """The address of the next submission in the queue that was being read, else of the queue."""
    return _following(request, operator, decided, now) or reverse(
        "operator_submissions", args=[operator.slug]
    )


def _following(request, operator, after: Submission, now) -> str:
    """The next submission of the filtered queue, "" when there is no other."""
    filters = filters_of(request.GET)
    following = next_pending(operator=operator, filters=filters, after=after, now=now)
    if following is None:
        return ""
    url = reverse("operator_submission", args=[operator.slug, following.public_id])
    query = urlencode(address_of(filters))
    return f"{url}?{query}" if query else url


def _context(request, operator, found: Review, form: DecisionForm) -> dict:
    submission, listing, sheet = found.submission, found.listing, found.sheet
    query = urlencode(address_of(filters_of(request.GET)))
    today = localdate(timezone.now())
    queue_url = reverse("operator_submissions", args=[operator.slug])
    context = frame(
        request,
        operator,
        "operator_submissions",
        (sheet.name, ""),
        sheet=sheet,
        vendor=listing.vendor.organisation,
        form=form,
        action=request.get_full_path(),
        queue_url=f"{queue_url}?{query}" if query else queue_url,
        preview_url=reverse("operator_submission_preview", args=[operator.slug, submission.public_id]),
        listing_url=reverse("operator_listing", args=[operator.slug, listing.pk]),
        listing_badge=listing_badge(listing.state),
        badge=submission_badge(submission.state),
        submission=submission,
        sent=moment(submission.submitted_at),
        new=listing.approved_revision_id is None,
        approved_on=day(listing.approved_at),
        found=found.found,
        claims=[
            {
                **public_claim(one, on=today),
                "url": reverse("operator_claim", args=[operator.slug, one.claim.public_id])
                if listing.state in BEFORE_OPERATOR
                else "",
            }
            for one in found.claims
        ],
        warnings=_warnings(operator, found),
        following_url=_following(request, operator, submission, timezone.now()),
        history=[_past(operator, past, submission) for past in found.history],
    )
    context["may_decide"] = context["may_act"] and submission.state == SubmissionState.PENDING
    context["decided"] = _decided(submission)
    return context


def _warnings(operator, found: Review) -> list[dict]:
    """What would stop an acceptance, or the listing that follows, and where to mend it."""
    warnings, arguments = [], [operator.slug, found.listing.pk]
    if found.needs_visa and not found.visa_holds:
        warnings.append(
            {
                "title": "Visa du comité d’éthique",
                "text": "Ce service traite des données personnelles et n’a pas de visa favorable en cours de "
                "validité.",
                "url": f"{reverse('operator_listing', args=arguments)}#visa",
                "label": "Noter l’avis du comité",
            }
        )
    if not found.priced:
        warnings.append(
            {
                "title": "Sans tarif",
                "text": "Aucun tarif n’est publié : une fois acceptée, la fiche devra l’attendre.",
                "url": reverse("operator_listing_grids", args=arguments),
                "label": "Ouvrir les tarifs",
            }
        )
    return warnings


def _past(operator, past: Submission, shown: Submission) -> dict:
    return {
        "when": day(past.submitted_at),
        "url": ""
        if past.pk == shown.pk
        else reverse("operator_submission", args=[operator.slug, past.public_id]),
        "badge": submission_badge(past.state),
        "note": past.note,
        "decided": _decided(past),
        "message": past.message,
        "checks": past.checks,
    }


def _decided(submission: Submission) -> str:
    if submission.decided_by is None:
        return ""
    return f"Décidé par {submission.decided_by} le {moment(submission.decided_at)}"
