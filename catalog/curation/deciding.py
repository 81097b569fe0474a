"""An operator's curators decide on what vendors submit. One decision each: the second curator is told."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate

from catalog.curation.errors import (
    AlreadyDecided,
    ChecksMissing,
    CurationRefused,
    ListingClosed,
    MessageMissing,
)
from catalog.curation.letters import address, write_to
from catalog.curation.moves import locked, move
from catalog.curation.shelf import is_priced
from catalog.curation.visas import check_visa
from catalog.finding.indexing import refresh
from catalog.models import ChecklistItem, Listing, ListingState, Submission, SubmissionState
from tenants import audit
from tenants.days import in_words
from tenants.models import Operator, Role, User

VENDORS = (Role.VENDOR_ADMIN, Role.VENDOR_EDITOR)
MAX_MESSAGE = 4000


def checklist(*, operator: Operator, family: str) -> list[ChecklistItem]:
    """What this operator looks at for a service of this family, in its order."""
    items = ChecklistItem.objects.filter(Q(family="") | Q(family=family), operator=operator)
    return list(items.order_by("family", "position", "pk"))


@transaction.atomic
def accept(
    *,
    submission: Submission,
    ticked: Collection[int] | None,
    by: User,
    now: datetime,
    message: str = "",
) -> Listing:
    """The operator's members read this revision from now on, and the service is listed if it was not and has
    a published price grid. Without one it stays in preparation: `shelf.put_on_shelf` lists it later.

    `ticked` are the ids of the points of the checklist found good; None says that all of them are.
    Returns the listing as it is now. Raises AlreadyDecided, ListingClosed, ChecksMissing, VisaMissing.
    """
    listing = locked(submission.listing)
    content = submission.revision.content
    points = checklist(operator=listing.operator, family=content["family"])
    checks = [
        {"label": point.label, "compulsory": point.compulsory, "ok": ticked is None or point.pk in ticked}
        for point in points
    ]
    _decide(submission, SubmissionState.ACCEPTED, by=by, now=now, message=message.strip(), checks=checks)
    if listing.state == ListingState.WITHDRAWN:
        raise ListingClosed("Ce service est retiré de votre rayon. Rouvrez-le d’abord.")
    missing = [check["label"] for check in checks if check["compulsory"] and not check["ok"]]
    if missing:
        raise ChecksMissing(f"Points obligatoires à cocher : {' ; '.join(missing)}.")
    check_visa(listing=listing, revision=submission.revision, on=localdate(now))
    Listing.objects.filter(pk=listing.pk).update(approved_revision=submission.revision, approved_at=now)
    listing.approved_revision, listing.approved_at = submission.revision, now
    if listing.state == ListingState.REFUSED:
        move(listing=listing, to=ListingState.DRAFT, by=by, now=now)
    if listing.state == ListingState.DRAFT and is_priced(listing, on=localdate(now)):
        move(listing=listing, to=ListingState.LISTED, by=by, now=now)
    refresh(listings=[listing.pk])
    _tell(submission, listing, by=by, now=now)
    return listing


@transaction.atomic
def ask_for_changes(*, submission: Submission, message: str, by: User, now: datetime) -> None:
    """Sends the revision back to its vendor with what to change. Raises MessageMissing, AlreadyDecided."""
    listing = locked(submission.listing)
    _decide(submission, SubmissionState.CHANGES, by=by, now=now, message=_message(message))
    _tell(submission, listing, by=by, now=now)


@transaction.atomic
def refuse(*, submission: Submission, reason: str, by: User, now: datetime) -> None:
    """The operator does not want this. What its members read already stays as it is; a service that never
    was on its shelf is refused. Raises MessageMissing, AlreadyDecided."""
    listing = locked(submission.listing)
    _decide(submission, SubmissionState.REFUSED, by=by, now=now, message=_message(reason))
    if listing.state == ListingState.DRAFT and listing.approved_revision_id is None:
        move(listing=listing, to=ListingState.REFUSED, by=by, now=now, reason=submission.message[:2000])
    _tell(submission, listing, by=by, now=now)


def accept_many(
    *, submissions: Iterable[Submission], checked: bool, by: User, now: datetime
) -> tuple[list[Listing], list[tuple[Submission, CurationRefused]]]:
    """Accepts each that may be: the listings, and which were refused and why. `checked` says that the points
    of the checklist were all found good, for all of them; else only what has no compulsory point passes."""
    ticked = None if checked else frozenset()
    accepted, refused = [], []
    # In one order for everybody: two batches at once wait for each other, and never both.
    for submission in sorted(submissions, key=lambda one: one.listing_id):
        try:
            accepted.append(accept(submission=submission, ticked=ticked, by=by, now=now))
        except CurationRefused as refusal:
            refused.append((submission, refusal))
    return accepted, refused


def _message(text: str) -> str:
    if not text.strip():
        raise MessageMissing("Écrivez à l’éditeur ce qu’il doit savoir.")
    return text.strip()[:MAX_MESSAGE]


def _decide(
    submission: Submission,
    state: SubmissionState,
    *,
    by: User,
    now: datetime,
    message: str,
    checks: list[dict] | None = None,
) -> None:
    decision = {"state": state, "decided_by": by, "decided_at": now, "message": message}
    pending = Submission.objects.filter(pk=submission.pk, state=SubmissionState.PENDING)
    if pending.update(**decision, checks=checks or []) != 1:
        raise AlreadyDecided(_who_decided(submission))
    for name, value in decision.items():
        setattr(submission, name, value)


def _who_decided(submission: Submission) -> str:
    now = Submission.objects.select_related("decided_by").get(pk=submission.pk)
    if now.state == SubmissionState.REPLACED:
        return "L’éditeur vient d’envoyer une version plus récente : c’est elle qu’il faut examiner."
    if now.state == SubmissionState.CANCELLED:
        return "L’éditeur vient de retirer cette version : il n’y a plus rien à décider."
    decision = {
        SubmissionState.ACCEPTED: "accepté cette version",
        SubmissionState.CHANGES: "demandé des modifications",
        SubmissionState.REFUSED: "refusé cette version",
    }[SubmissionState(now.state)]
    return f"{now.decided_by} a déjà {decision} le {in_words(localdate(now.decided_at))}."


SENTENCES = {
    SubmissionState.ACCEPTED: "{{actor}} a accepté la fiche « {service} » de {vendor}.",
    SubmissionState.CHANGES: "{{actor}} a demandé à {vendor} de modifier la fiche « {service} ».",
    SubmissionState.REFUSED: "{{actor}} a refusé la fiche « {service} » de {vendor}.",
}
SUBJECTS = {
    SubmissionState.ACCEPTED: "{operator} a accepté votre fiche « {service} »",
    SubmissionState.CHANGES: "{operator} vous demande de modifier « {service} »",
    SubmissionState.REFUSED: "{operator} a refusé votre fiche « {service} »",
}
TEXTS = {
    SubmissionState.ACCEPTED: "{operator} a accepté la version que vous lui avez soumise.{shelf}",
    SubmissionState.CHANGES: "{operator} a lu votre fiche et vous demande de la modifier.",
    SubmissionState.REFUSED: "{operator} a refusé la version que vous lui avez soumise.",
}
UNPRICED = " Elle entrera en rayon quand l’opérateur aura publié son tarif."


def _tell(submission: Submission, listing: Listing, *, by: User, now: datetime) -> None:
    """The operator's log, and the vendor's people."""
    state, vendor = SubmissionState(submission.state), listing.vendor
    words = {
        "operator": listing.operator.short_name,
        "service": submission.revision.content["name"],
        "vendor": vendor,
        "shelf": UNPRICED if listing.state == ListingState.DRAFT else "",
    }
    audit.record(
        tenant=listing.operator.organisation,
        actor=by,
        what=f"submission.{state}",
        sentence=SENTENCES[state].format(**words),
        subject_id=submission.public_id,
        now=now,
        details={"revision": submission.revision_id},
    )
    quoted = f"\n\nSon message :\n\n{submission.message}" if submission.message else ""
    write_to(
        organisation=vendor.organisation,
        roles=VENDORS,
        tenant=listing.operator.organisation,
        key=f"submission:{submission.pk}:decided",
        subject=SUBJECTS[state].format(**words),
        body=f"Bonjour,\n\n{TEXTS[state].format(**words)}{quoted}\n\nVotre fiche sur Halle :\n"
        f"{address('vendor_service', vendor.organisation.siren, listing.sheet.slug)}\n",
        now=now,
    )
