"""Who is asked to act on a step that waits for a person: named, written to once, reminded, replaced."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils.timezone import localdate

from provisioning.connectors.manual.connector import ManualConnector
from provisioning.models import Errand, Event, Settled, Step, StepState
from provisioning.models.endpoint import ConnectorKind
from subscriptions.exceptions import WrongState
from tenants import audit, letters
from tenants.days import in_words, working_days_after
from tenants.models import Membership, Operator, Role, User
from tenants.people.telling import people_to_tell

STAFF = (Role.CURATOR, Role.OPERATOR_ADMIN)
REPAIR_DAYS = 2  # working days, where a system failed: an opening is late already
MOST_REMINDERS, REMIND_EVERY = 3, timedelta(days=3)
LISTED = 20  # in one letter
WHAT = {
    Event.ACTIVATE: "Ouvrir",
    Event.CHANGE: "Modifier",
    Event.SUSPEND: "Suspendre",
    Event.RESUME: "Rouvrir",
    Event.CLOSE: "Fermer",
    Event.UNDO: "Effacer",
    Event.ROTATE: "Renouveler les identifiants de",
    Event.AGENTS: "Tenir à jour les comptes des agents de",
    Event.CLIENT: "Régler la connexion par Halle de",
}


def ask_people(*, now: datetime) -> int:
    """Names somebody for each step that waits for a person and has nobody, and writes to her; what was asked
    and is settled otherwise is closed. How many were asked. May be called any number of times."""
    gone = Errand.objects.filter(settled_at__isnull=True).exclude(step__state=StepState.NEEDS_PERSON)
    gone.update(settled_at=now, settled_as=Settled.GONE)
    asked = Errand.objects.filter(step=OuterRef("pk"), settled_at__isnull=True)
    steps = (
        Step.objects.filter(~Exists(asked), state=StepState.NEEDS_PERSON)
        .select_related(
            "run__subscription__tenant",
            "run__subscription__operator__organisation",
            "run__subscription__listing__offer__endpoint",
        )
        .order_by("pk")
    )
    by_operator: dict[Operator, list[Step]] = defaultdict(list)
    for step in steps:
        by_operator[step.run.subscription.operator].append(step)
    return sum(_ask(operator, waiting, now=now) for operator, waiting in by_operator.items())


@transaction.atomic
def _ask(operator: Operator, steps: list[Step], *, now: datetime) -> int:
    staff = staff_of(operator)
    loads = dict(
        Errand.objects.filter(settled_at__isnull=True, assigned_to__in=[user.pk for user in staff])
        .values_list("assigned_to")
        .annotate(Count("pk"))
    )
    told: dict[User, list[Errand]] = defaultdict(list)
    for step in steps:
        person = _person_for(step, staff, loads)
        errand = _errand(step, person, now=now)
        if errand is None:
            continue
        if person:
            loads[person.pk] = loads.get(person.pk, 0) + 1
            told[person].append(errand)
    for person, errands in told.items():
        _write(operator, person, errands, key=f"errand:{errands[0].pk}", words=ASKED, now=now)
    return sum(len(errands) for errands in told.values())


def _errand(step: Step, person: User | None, *, now: datetime) -> Errand | None:
    """None where another worker was first."""
    days, checklist = _asked_of(step)
    try:
        with transaction.atomic():
            return Errand.objects.create(
                tenant_id=step.tenant_id,
                step=step,
                asked_at=now,
                assigned_to=person,
                due_on=working_days_after(localdate(now), days),
                checklist=[{"text": text, "ticked": False} for text in checklist],
            )
    except IntegrityError:
        return None


def _asked_of(step: Step) -> tuple[int, list[str]]:
    """In how many working days, and what is to be ticked."""
    endpoint = getattr(step.run.subscription.listing.offer, "endpoint", None)
    if endpoint is None or endpoint.connector != ConnectorKind.MANUAL:
        return REPAIR_DAYS, []
    config = ManualConnector.Config.model_validate(endpoint.config)
    return config.days, config.checklist if step.run.event == Event.ACTIVATE else []


def staff_of(operator: Operator) -> list[User]:
    """Who may be asked: those who act on openings, curators first."""
    mandates = Membership.objects.in_force().filter(
        organisation=operator.organisation, role__in=STAFF, user__is_active=True
    )
    found = mandates.select_related("user").order_by("role", "pk")
    curators_first = sorted(found, key=lambda one: one.role != Role.CURATOR)
    return list({one.user_id: one.user for one in curators_first}.values())


def _person_for(step: Step, staff: list[User], loads: dict[int, int]) -> User | None:
    """Who settled the last one of the same vendor, else whoever has least to do, curators first."""
    if not staff:
        return None
    last = (
        Errand.objects.filter(
            step__lane=step.lane_id,
            step__run__subscription__operator=step.run.subscription.operator_id,
            settled_by__in=[user.pk for user in staff],
        )
        .order_by("-settled_at", "-pk")
        .values_list("settled_by", flat=True)
        .first()
    )
    known = [user for user in staff if user.pk == last]
    return known[0] if known else min(staff, key=lambda user: loads.get(user.pk, 0))


@transaction.atomic
def assign(*, errand: Errand, to: User, by: User, now: datetime) -> None:
    """Asks another person of the staff instead, and writes to her. Raises WrongState when it is settled, or
    she may not act."""
    subscription = errand.step.run.subscription
    operator = subscription.operator
    if to not in staff_of(operator):
        raise WrongState("Cette personne n’a pas, ou n’a plus, le rôle qu’il faut. Choisissez-en une autre.")
    changed = Errand.objects.filter(pk=errand.pk, settled_at__isnull=True).update(assigned_to=to)
    if changed != 1:
        raise WrongState("Cette tâche n’attend plus personne. Rechargez la page.")
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        person=to,
        what="provisioning.assigned",
        sentence=f"{{actor}} a confié à {{person}} une tâche sur le service {subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
    )
    if to != by:
        key = f"errand:{errand.pk}:{now:%Y%m%d%H%M%S}"
        _write(operator, to, [errand], key=key, words=ASKED, now=now)


def tick(*, errand: Errand, ticked: Iterable[int]) -> None:
    """Keeps which points of the checklist are done: their positions. Raises WrongState when it is settled."""
    chosen = set(ticked)
    points = [{**point, "ticked": place in chosen} for place, point in enumerate(errand.checklist)]
    changed = Errand.objects.filter(pk=errand.pk, settled_at__isnull=True).update(checklist=points)
    if changed != 1:
        raise WrongState("Cette tâche n’attend plus personne. Rechargez la page.")


def settle(*, step: Step, how: Settled, by: User, now: datetime, evidence: str = "", file=None) -> Errand:
    """Writes how a person ended what was asked of a step, in the caller's transaction; she may have been
    before anybody was named."""
    errand = Errand.objects.select_for_update(no_key=True).filter(step=step, settled_at__isnull=True).first()
    if errand is None:
        errand = Errand(
            tenant_id=step.tenant_id, step=step, asked_at=now, assigned_to=by, due_on=localdate(now)
        )
    errand.settled_at, errand.settled_by, errand.settled_as = now, by, how
    errand.evidence = " ".join(evidence.split())[:500]
    if file is not None:
        errand.file = file
    errand.save()
    return errand


def remind_due(*, now: datetime) -> int:
    """Reminds of what was to be done by today or before, MOST_REMINDERS times, one letter a person; whoever
    left is replaced. How many errands were reminded of. Once a day at most."""
    today = localdate(now)
    due = (
        Errand.objects.filter(
            Q(reminded_on__isnull=True) | Q(reminded_on__lte=today - REMIND_EVERY),
            settled_at__isnull=True,
            due_on__lte=today,
            reminders__lt=MOST_REMINDERS,
        )
        .select_related("assigned_to", *_READ)
        .order_by("due_on", "pk")
    )
    by_operator: dict[Operator, list[Errand]] = defaultdict(list)
    for errand in due:
        by_operator[errand.step.run.subscription.operator].append(errand)
    return sum(_remind(operator, errands, today, now=now) for operator, errands in by_operator.items())


@transaction.atomic
def _remind(operator: Operator, errands: list[Errand], today: date, *, now: datetime) -> int:
    staff = staff_of(operator)
    told: dict[User, list[Errand]] = defaultdict(list)
    for errand in errands:
        if staff and errand.assigned_to not in staff:
            errand.assigned_to = staff[0]
            Errand.objects.filter(pk=errand.pk).update(assigned_to=staff[0])
        if errand.assigned_to in staff:
            told[errand.assigned_to].append(errand)
    for person, mine in told.items():
        reminded = Errand.objects.filter(pk__in=[errand.pk for errand in mine])
        reminded.update(reminders=F("reminders") + 1, reminded_on=today)
        _write(operator, person, mine, key=f"errands:{today:%Y%m%d}", words=LATE, now=now)
    return sum(len(mine) for mine in told.values())


_READ = (
    "step__run__subscription__tenant",
    "step__run__subscription__operator__organisation",
)


def people_with_address(operator: Operator) -> set[int]:
    """The ids of the staff who can be written to."""
    return {one.user_id for one in people_to_tell(organisations=[operator.organisation_id], roles=STAFF)}


def _write(operator: Operator, person: User, errands: list[Errand], *, key: str, words: str, now) -> None:
    if person.pk not in people_with_address(operator):
        return
    lines = [_line(errand) for errand in errands[:LISTED]]
    if len(errands) > LISTED:
        lines.append(f"… et {len(errands) - LISTED} autres")
    first = errands[0].step.run
    subject = (
        f"{WHAT[Event(first.event)]} {first.subscription.service_name} pour {first.subscription.tenant.name}"
        if len(errands) == 1
        else f"{len(errands)} ouvertures ou fermetures à terminer"
    )
    letters.write(
        tenant=operator.organisation,
        key=f"{key}:{person.pk}",
        to=person.email,
        subject=subject,
        body=BODY.format(words=words, lines="\n".join(lines)),
        now=now,
    )


def _line(errand: Errand) -> str:
    run = errand.step.run
    subscription = run.subscription
    return (
        f"- {WHAT[Event(run.event)]} {subscription.service_name} pour {subscription.tenant.name}, "
        f"avant le {in_words(errand.due_on)}"
    )


ASKED = "Vous êtes la personne chargée de ceci, que Halle ne peut pas faire toute seule :"
LATE = "Ceci attend encore, et la date prévue est passée ou tombe aujourd’hui :"
BODY = """\
Bonjour,

{words}

{lines}

Tout ce qu’il faut pour décider est dans Halle, page « Ouvertures et fermetures » : ce qui a été demandé à
l’éditeur, ses réponses, et comment réessayer, dire que c’est fait, abandonner ou confier la tâche.
"""
