"""Reviews and experience sheets: written by subscribers, read over by the operator, answered by the vendor.

Whether an organisation subscribes is judged by `subscriptions.experience`, which calls `keep_review` and
`keep_experience`.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from catalog.finding import indexing
from catalog.models import ExperienceSheet, ModerationState, Review, ServiceSheet
from tenants import audit, letters
from tenants.models import Operator, Organisation, User
from tenants.refusals import Refused
from tenants.tenancy import tenant_scope

RATINGS = range(1, 6)
MAX_TEXT = 2000
MAX_ANSWER = 2000


class OpinionRefused(Refused):
    """What was typed cannot be kept; `field` says which part."""


class Moderated(Refused):
    """Somebody read it over before."""

    def __init__(self):
        super().__init__("Ce texte vient d’être relu par quelqu’un d’autre. Rechargez la page.")


@dataclass(frozen=True)
class Experience:
    """How a service was set up. `cost_cents` None: not told."""

    what_we_did: str
    weeks: int
    cost_cents: int | None
    advice: str


@transaction.atomic
def keep_review(
    *,
    sheet: ServiceSheet,
    operator: Operator,
    organisation: Organisation,
    rating: int,
    text: str,
    by: User,
    now: datetime,
) -> Review:
    """The organisation's one opinion of a service, to be read over; a new text replaces the former and its
    answer. The same again changes nothing. Raises OpinionRefused."""
    text = text.strip()
    if rating not in RATINGS:
        raise OpinionRefused("Donnez une note de 1 à 5.", "rating")
    _check_text(text, "text", MAX_TEXT)
    existing = (
        Review.objects.select_for_update(no_key=True).filter(sheet=sheet, organisation=organisation).first()
    )
    if existing and (existing.rating, existing.text) == (rating, text):
        return existing
    fields = {
        "operator": operator,
        "rating": rating,
        "text": text,
        "written_by": by,
        "written_at": now,
        **_to_read_over(),
        "answer": "",
        "answered_by": None,
        "answered_at": None,
    }
    review, _ = Review.objects.update_or_create(sheet=sheet, organisation=organisation, defaults=fields)
    _record(review, organisation, by, now, "review.written", f"{{actor}} a donné un avis sur {sheet.name}.")
    if existing:
        indexing.refresh_sheet(sheet_id=sheet.pk)
    return review


@transaction.atomic
def keep_experience(
    *,
    sheet: ServiceSheet,
    operator: Operator,
    organisation: Organisation,
    experience: Experience,
    by: User,
    now: datetime,
) -> ExperienceSheet:
    """The organisation's one account of how it set the service up, to be read over. Raises OpinionRefused."""
    for field in ("what_we_did", "advice"):
        _check_text(getattr(experience, field).strip(), field, 4000)
    if not 0 <= experience.weeks <= 520:
        raise OpinionRefused("Donnez la durée en semaines, de 0 à 520.", "weeks")
    if experience.cost_cents is not None and not 0 <= experience.cost_cents <= 10**11:
        raise OpinionRefused("Donnez un coût positif, ou laissez vide.", "cost")
    fields = {
        **vars(experience),
        "operator": operator,
        "written_by": by,
        "written_at": now,
        **_to_read_over(),
    }
    sheet_kept, _ = ExperienceSheet.objects.update_or_create(
        sheet=sheet, organisation=organisation, defaults=fields
    )
    _record(
        sheet_kept,
        organisation,
        by,
        now,
        "experience.written",
        f"{{actor}} a raconté la mise en place de {sheet.name}.",
    )
    return sheet_kept


@transaction.atomic
def publish(*, opinion: Review | ExperienceSheet, by: User, now: datetime) -> None:
    """Everybody may read it. Raises Moderated."""
    _moderate(opinion, ModerationState.PUBLISHED, "", by, now)


@transaction.atomic
def refuse(*, opinion: Review | ExperienceSheet, reason: str, by: User, now: datetime) -> None:
    """Nobody else reads it; whoever wrote it is told why. Raises OpinionRefused and Moderated."""
    reason = reason.strip()[:500]
    if not reason:
        raise OpinionRefused("Dites pourquoi : la personne qui l’a écrit reçoit ce motif.", "reason")
    _moderate(opinion, ModerationState.REFUSED, reason, by, now)
    author = opinion.written_by
    if author.email:
        with tenant_scope([opinion.organisation_id]):
            letters.write(
                tenant=opinion.organisation,
                key=f"{opinion._meta.model_name}:{opinion.pk}:{now:%Y%m%d%H%M%S}",
                to=author.email,
                subject=f"Votre texte sur {opinion.sheet.name} n’est pas publié",
                body=(
                    f"Bonjour,\n\n{opinion.operator.short_name} n’a pas publié votre texte sur "
                    f"{opinion.sheet.name}.\n\nMotif : {reason}\n\nVous pouvez le corriger depuis la page de "
                    "votre abonnement.\n"
                ),
                now=now,
            )


@transaction.atomic
def answer(*, review: Review, text: str, by: User, now: datetime) -> None:
    """The vendor answers a published review; a new answer replaces the former. Raises OpinionRefused."""
    text = text.strip()
    _check_text(text, "answer", MAX_ANSWER)
    published = Review.objects.filter(pk=review.pk, state=ModerationState.PUBLISHED)
    if published.update(answer=text, answered_by=by, answered_at=now) != 1:
        raise OpinionRefused("Cet avis n’est plus publié : rechargez la page.", "answer")
    _record(
        review,
        review.sheet.vendor.organisation,
        by,
        now,
        "review.answered",
        f"{{actor}} a répondu à un avis sur {review.sheet.name}.",
    )


def _moderate(opinion, to: ModerationState, reason: str, by: User, now: datetime) -> None:
    # A published text may still be taken down; a refused one comes back only when it is written again.
    before = [ModerationState.PENDING]
    if to == ModerationState.REFUSED:
        before.append(ModerationState.PUBLISHED)
    rows = type(opinion).objects.filter(pk=opinion.pk, state__in=before, written_at=opinion.written_at)
    if rows.update(state=to, moderated_by=by, moderated_at=now, reason=reason) != 1:
        raise Moderated
    verb = "a publié" if to == ModerationState.PUBLISHED else "n’a pas publié"
    _record(
        opinion,
        opinion.operator.organisation,
        by,
        now,
        f"{opinion._meta.model_name}.{to}",
        f"{{actor}} {verb} un texte de {opinion.organisation.name} sur {opinion.sheet.name}.",
    )
    indexing.refresh_sheet(sheet_id=opinion.sheet_id)


def _to_read_over() -> dict:
    return {"state": ModerationState.PENDING, "moderated_by": None, "moderated_at": None, "reason": ""}


def _check_text(text: str, field: str, longest: int) -> None:
    if not text:
        raise OpinionRefused("Écrivez quelques mots.", field)
    if len(text) > longest:
        raise OpinionRefused(f"{longest} caractères au plus.", field)


def _record(subject, tenant: Organisation, by: User, now: datetime, what: str, sentence: str) -> None:
    audit.record(tenant=tenant, actor=by, what=what, sentence=sentence, subject_id=subject.public_id, now=now)
