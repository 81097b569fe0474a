"""What the demo's communes say of the services they use, and what they look for."""

from datetime import date, timedelta

from catalog.models import (
    ExperienceSheet,
    ModerationState,
    Need,
    NeedAnswer,
    NeedState,
    NeedSupport,
    Review,
)
from demo.seed.moments import at
from subscriptions.models import State, Subscription
from tenants.models import Adhesion, Membership, Operator, Role

FIRST_DAY = date(2026, 9, 7)
REVIEWS = (
    (5, "Installé en une matinée, les familles ont compris tout de suite.", "Merci, et bonne rentrée !"),
    (4, "Très bien au quotidien. Il manque l’export vers notre tableur.", "L’export arrive au printemps."),
    (4, "L’assistance répond le jour même.", ""),
    (2, "Deux pannes en septembre, un lundi matin. Depuis, plus rien.", "Une sauvegarde a été doublée."),
    (5, "Nous avons gagné une demi-journée par semaine.", ""),
    (3, "Utile, mais trop d’écrans pour une commune de notre taille.", ""),
)
ACCOUNTS = (
    (
        "Nous avons repris la liste des élèves, puis formé la cantinière un mercredi.",
        3,
        42000,
        "Prévenez les familles avant les vacances, pas à la rentrée.",
    ),
    ("Reprise de dix ans d’archives, service par service.", 8, None, "Commencez par un seul service."),
)
NEEDS = (
    (
        "Réserver la salle des fêtes",
        "",
        "Les habitants appellent, nous notons sur un cahier. Il faudrait un calendrier en ligne, la caution "
        "et l’état des lieux.",
        6,
    ),
    (
        "Gérer les clés et les badges",
        "",
        "Savoir qui a quelle clé de l’école, de la salle et de l’atelier.",
        2,
    ),
    (
        "Prévenir les habitants par SMS",
        "requests",
        "Coupure d’eau, route barrée : prévenir un quartier en deux minutes.",
        4,
    ),
)
KEPT = 30  # reviews in all


def make_opinions(*, operators: dict[str, Operator]) -> None:
    """After the subscriptions: reviews of services in use, two accounts, three needs for each operator."""
    _reviews()
    for operator in operators.values():
        _needs(operator)


def _reviews() -> None:
    # First which ones, then all that is said of them: of rows just written the planner knows nothing, and
    # joins them all before it sorts.
    first = Subscription.objects.filter(state=State.ACTIVE).order_by("requested_at", "pk")
    used = Subscription.objects.filter(pk__in=list(first.values_list("pk", flat=True)[: KEPT * 2 : 2]))
    used = used.select_related(
        "listing__offer__product__sheet__vendor", "operator", "tenant", "requested_by"
    ).order_by("requested_at", "pk")
    seen: set[tuple[int, int]] = set()
    for rank, subscription in enumerate(used):
        sheet, day = subscription.listing.sheet, FIRST_DAY + timedelta(days=rank)
        if (sheet.pk, subscription.tenant_id) in seen:
            continue
        seen.add((sheet.pk, subscription.tenant_id))
        rating, text, answer = REVIEWS[rank % len(REVIEWS)]
        waits = rank % 7 == 6
        common = {
            "sheet": sheet,
            "operator": subscription.operator,
            "organisation": subscription.tenant,
            "written_by": subscription.requested_by,
            "written_at": at(day),
            "state": ModerationState.PENDING if waits else ModerationState.PUBLISHED,
        }
        vendor_admin = Membership.objects.filter(
            organisation=sheet.vendor.organisation_id, role=Role.VENDOR_ADMIN
        ).first()
        answered = bool(answer and not waits and vendor_admin)
        Review.objects.create(
            **common,
            rating=rating,
            text=text,
            answer=answer if answered else "",
            answered_by=vendor_admin.user if answered else None,
            answered_at=at(day + timedelta(days=3)) if answered else None,
        )
        if rank % 9 == 0:
            done, weeks, cost, advice = ACCOUNTS[rank // 9 % len(ACCOUNTS)]
            ExperienceSheet.objects.create(
                **common, what_we_did=done, weeks=weeks, cost_cents=cost, advice=advice
            )


def _needs(operator: Operator) -> None:
    members = [
        adhesion.organisation
        for adhesion in Adhesion.objects.filter(operator=operator, until__isnull=True)
        .select_related("organisation")
        .order_by("organisation__siren")[:12]
    ]
    curator = Membership.objects.filter(organisation=operator.organisation, role=Role.CURATOR).first()
    for rank, (title, family, description, wanted) in enumerate(NEEDS):
        author, others = members[rank], members[rank + 1 : rank + 1 + wanted]
        writer = Membership.objects.filter(organisation=author, role=Role.SECRETARY).first().user
        need = Need.objects.create(
            operator=operator,
            organisation=author,
            title=title,
            description=description,
            family=family,
            written_by=writer,
            written_at=at(FIRST_DAY + timedelta(days=7 * rank)),
            state=NeedState.ANSWERED if rank == 0 else NeedState.OPEN,
        )
        NeedSupport.objects.bulk_create(
            NeedSupport(
                need=need,
                organisation=other,
                added_by=writer,
                added_at=at(FIRST_DAY + timedelta(days=7 * rank + 2)),
            )
            for other in others
        )
        if rank == 0:
            NeedAnswer.objects.create(
                need=need,
                organisation=operator.organisation,
                text="Nous rencontrons deux éditeurs en décembre. Un essai est possible au printemps.",
                written_by=curator.user,
                written_at=at(FIRST_DAY + timedelta(days=20)),
            )
