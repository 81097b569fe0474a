"""The messages sent to vendors' systems: read by the vendor and by the operator, and sent again on demand."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from catalog.models import Vendor
from provisioning import operations
from provisioning.models import Call, Callback, Delivery, Step, StepState
from subscriptions.exceptions import WrongState
from tenants import audit
from tenants.models import Operator, User

MAX_CALLS = 50


def messages_of(owner: Operator | Vendor) -> QuerySet[Step]:
    """The steps of which a message was sent to a vendor, those of one vendor or of one operator's
    subscriptions, latest first. Needs a tenant scope."""
    sent = Delivery.objects.filter(call__step=OuterRef("pk"))
    vendor = "run__subscription__listing__offer__product__sheet__vendor"
    owned = {vendor if isinstance(owner, Vendor) else "run__subscription__operator": owner}
    return (
        Step.objects.filter(Exists(sent), **owned)
        .select_related("run__subscription__tenant", f"{vendor}__organisation")
        .order_by("-run__created_at", "-pk")
    )


def with_exchanges(steps: QuerySet[Step]) -> QuerySet[Step]:
    """The same, each with `exchanged` (calls with their delivery, latest first) and `called_back`: two
    queries more."""
    calls = Call.objects.select_related("delivery").order_by("-started_at", "-pk")
    said = Callback.objects.order_by("-received_at", "-pk")
    return steps.prefetch_related(
        Prefetch("calls", calls, to_attr="exchanged"), Prefetch("callbacks", said, to_attr="called_back")
    )


@transaction.atomic
def send_again(*, step: Step, by: User, now: datetime) -> None:
    """The same message once more, under the same identifier: as the next attempt of what is not finished, as
    it was sent the last time of what is. Raises WrongState while it is being sent, or has no purpose."""
    from provisioning import tasks

    match step.state:
        case StepState.NEEDS_PERSON:
            operations.try_again(step=step, by=by, now=now)
        case StepState.PENDING | StepState.WAITING:
            waiting = Step.objects.filter(pk=step.pk, state=step.state)
            changed = waiting.update(
                state=StepState.PENDING, run_after=now, operation="", attempts=0, first_tried_at=None
            )
            if changed != 1:
                raise WrongState("Ce message vient de changer d’état. Rechargez la page.")
        case StepState.DONE:
            tasks.send_again.defer(step_id=step.pk)
        case _:
            raise WrongState("Ce message est en train de partir, ou n’a plus d’objet. Rechargez la page.")
    subscription = step.run.subscription
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what="provisioning.sent_again",
        sentence=f"{{actor}} a fait envoyer de nouveau à l’éditeur le message "
        f"« {step.run.get_event_display()} » de {subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
    )
