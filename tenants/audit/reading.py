"""Reading an organisation's audit log: filtered, page by page, or whole for an export."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Q, QuerySet
from django.utils.timezone import make_aware

from tenants.models import AuditEvent, Organisation, User

# What a person may look for: a group of codes of events (`what` begins with one of them).
SUBJECTS = {
    "abonnements": (
        "Abonnements et ouvertures",
        (
            "subscription.", "trial.", "exit.", "provisioning.", "vehicle.", "lot.", "bulk.", "transfer.",
            "endpoint.", "agent_directory.", "service_key.", "sign_in.",
        ),
    ),
    "facturation": (
        "Facturation",
        (
            "billing.", "invoice.", "settlement.", "payer_share.", "envelope.", "index.", "value_file.",
            "titre.", "titre_import.", "accounting.",
        ),
    ),
    "catalogue": (
        "Catalogue",
        (
            "listing.", "submission.", "share.", "shelf.", "price_grid.", "vendor.", "sheet.", "claim.",
            "review.", "experience.", "need.", "shortlist.", "search.", "favourite.", "feed.",
        ),
    ),
    "personnes": (
        "Personnes et rôles",
        (
            "people.", "invitation.", "membership.", "personal_data.", "join_request.", "relink.",
            "agent_group.", "agent_import.", "access_review.",
        ),
    ),
    "assistance": ("Aide de l’opérateur", ("assistance.",)),
    "adhesions": ("Adhésions", ("adhesion.", "member_import.")),
    "organisation": (
        "Organisation et réglages",
        ("organisation.", "operator.", "territory.", "member_provider.", "member_domain."),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """Which events: of a subject, by a person, between two days (both included), done by an operator's agent
    at the organisation's request. What is empty or None filters nothing."""

    subject: str = ""
    person: int | None = None
    since: date | None = None
    until: date | None = None
    on_behalf: bool = False


def events_of(*, organisation: Organisation, filters: Filters) -> QuerySet[AuditEvent]:
    """The organisation's events, last first, with what a sentence needs."""
    found = AuditEvent.objects.filter(tenant=organisation).select_related("actor", "person", "via", "seal")
    if filters.subject:
        _, prefixes = SUBJECTS[filters.subject]
        codes = Q()
        for prefix in prefixes:
            codes |= Q(what__startswith=prefix)
        found = found.filter(codes)
    if filters.person is not None:
        found = found.filter(Q(actor=filters.person) | Q(person=filters.person))
    if filters.since:
        found = found.filter(at__gte=_midnight(filters.since))
    if filters.until:
        found = found.filter(at__lt=_midnight(filters.until + timedelta(days=1)))
    if filters.on_behalf:
        found = found.filter(via__isnull=False)
    return found.order_by("-at", "-pk")


def people_in(*, organisation: Organisation) -> list[User]:
    """Everybody the organisation's log speaks of, by name."""
    events = AuditEvent.objects.filter(tenant=organisation).order_by()
    people = User.objects.filter(Q(pk__in=events.values("actor")) | Q(pk__in=events.values("person")))
    return list(people.order_by("last_name", "first_name", "pk"))


def _midnight(day: date) -> datetime:
    """The beginning of that day in Paris."""
    return make_aware(datetime.combine(day, time.min))
