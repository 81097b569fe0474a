"""The vendor's side of curation: put a revision before an operator, and take it back."""

from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from catalog.curation.errors import AlreadyApproved, AlreadyDecided, ForeignRevision, ListingClosed
from catalog.curation.letters import CURATORS, address, write_to
from catalog.models import Listing, ListingState, ServiceSheet, Submission, SubmissionState
from catalog.sheets.offers import offer_of
from catalog.vendors.terms import may_submit
from tenants import audit
from tenants.models import Operator, User

MAX_NOTE = 1000


@transaction.atomic
def submit(
    *, sheet: ServiceSheet, operator: Operator, revision, by: User, now: datetime, note: str = ""
) -> Submission:
    """Puts one revision of a sheet before an operator; a submission that waited there is replaced by it.
    The same revision sent twice is one submission. The caller's scope holds the vendor's organisation.

    Raises catalog.vendors.terms.MayNotSubmit, ForeignRevision, ListingClosed, AlreadyApproved.
    """
    may_submit(vendor=sheet.vendor, on=localdate(now))
    if not sheet.revisions.filter(pk=revision.pk).exists():
        raise ForeignRevision("Cette version n’est pas une version de cette fiche.")
    listing = _listing(sheet, operator)
    if listing.state == ListingState.WITHDRAWN:
        raise ListingClosed(
            f"{operator.short_name} a retiré ce service de son rayon. Écrivez à cet opérateur pour qu’il "
            "le rouvre."
        )
    if listing.approved_revision_id == revision.pk:
        raise AlreadyApproved(f"{operator.short_name} a déjà accepté cette version.")
    waiting = listing.submissions.filter(state=SubmissionState.PENDING)
    if same := waiting.filter(revision=revision).first():
        return same
    waiting.update(state=SubmissionState.REPLACED)
    submission = Submission.objects.create(
        listing=listing, revision=revision, note=note.strip()[:MAX_NOTE], submitted_by=by, submitted_at=now
    )
    audit.record(
        tenant=sheet.vendor.organisation,
        actor=by,
        what="submission.sent",
        sentence=f"{{actor}} a soumis la fiche « {sheet.name} » à {operator.short_name}.",
        subject_id=submission.public_id,
        now=now,
        details={"operator": operator.slug, "revision": revision.pk},
    )
    write_to(
        organisation=operator.organisation,
        roles=CURATORS,
        tenant=sheet.vendor.organisation,
        key=f"submission:{submission.pk}:sent",
        subject=f"À examiner : {sheet.name}",
        body=SENT.format(
            vendor=sheet.vendor,
            service=sheet.name,
            note=_quoted(submission.note),
            link=address("operator_submission", operator.slug, submission.public_id),
        ),
        now=now,
    )
    return submission


@transaction.atomic
def cancel(*, submission: Submission, by: User, now: datetime) -> None:
    """The vendor takes back what nobody has decided yet. The caller's scope holds its organisation.

    Raises AlreadyDecided.
    """
    taken_back = Submission.objects.filter(pk=submission.pk, state=SubmissionState.PENDING).update(
        state=SubmissionState.CANCELLED
    )
    if taken_back != 1:
        raise AlreadyDecided("Cette version n’est plus à l’examen : il n’y a rien à retirer.")
    submission.state = SubmissionState.CANCELLED
    listing = submission.listing
    audit.record(
        tenant=listing.vendor.organisation,
        actor=by,
        what="submission.cancelled",
        sentence=f"{{actor}} a retiré la fiche « {listing.sheet.name} » de l’examen de "
        f"{listing.operator.short_name}.",
        subject_id=submission.public_id,
        now=now,
    )


def _listing(sheet: ServiceSheet, operator: Operator) -> Listing:
    """The operator's listing of this service, made if it has none, locked: one vendor submits at a time."""
    listing, _ = Listing.objects.get_or_create(operator=operator, offer=offer_of(sheet))
    return Listing.objects.select_for_update(of=("self",), no_key=True).get(pk=listing.pk)


def _quoted(note: str) -> str:
    return f"\nLe mot de l’éditeur : « {note} »\n" if note else ""


SENT = """\
Bonjour,

{vendor} vous soumet une version de sa fiche « {service} ».
{note}
Vos adhérents continuent de lire la version que vous avez acceptée, jusqu’à votre décision :
{link}
"""
