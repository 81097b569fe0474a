"""What is shown to a person before it is done: proposed by a worker, agreed to, carried out by a worker."""

from collections.abc import Iterable
from datetime import datetime

from django.core.files.base import ContentFile
from django.db import transaction

from provisioning.connectors.outcomes import Proposed
from provisioning.models import Proposal, Step
from provisioning.models.endpoint import ConnectorKind
from subscriptions.exceptions import WrongState
from tenants import audit
from tenants.models import User


def propose(step: Step, proposed: Proposed, *, now: datetime) -> Proposal:
    """Keeps what a person is to agree to, in the caller's transaction."""
    proposal = Proposal(tenant_id=step.tenant_id, step=step, text=proposed.text, made_at=now)
    proposal.file.save("", ContentFile(proposed.content), save=False)
    proposal.save()
    return proposal


def agreed_plans(steps: Iterable[Step]) -> dict[int, str]:
    """By step, the name in the storage of the plan that was agreed to, where it is the latest. One query,
    none when no step is Terraform's."""
    ids = [step.pk for step in steps if _is_terraform(step)]
    if not ids:
        return {}
    latest = {one.step_id: one for one in Proposal.objects.filter(step__in=ids).order_by("pk")}
    return {step_id: one.file.name for step_id, one in latest.items() if one.agreed_at}


def _is_terraform(step: Step) -> bool:
    endpoint = getattr(step.run.subscription.listing.offer, "endpoint", None)
    return endpoint is not None and endpoint.connector == ConnectorKind.TERRAFORM


@transaction.atomic
def agree(*, step: Step, public_id: str, by: User, now: datetime) -> None:
    """A person has read a plan and agrees that it be carried out, exactly. Raises WrongState when another was
    made since, or nothing waits for her any more."""
    from provisioning import operations

    latest = Proposal.objects.filter(step=step).order_by("-pk").first()
    if latest is None or str(latest.public_id) != public_id:
        raise WrongState("Ce plan n’est plus le dernier. Rechargez la page et lisez le nouveau.")
    if Proposal.objects.filter(pk=latest.pk, agreed_at=None).update(agreed_at=now, agreed_by=by) != 1:
        raise WrongState("Ce plan est déjà accepté. Rechargez la page.")
    operations.try_again(step=step, by=by, now=now)
    subscription = step.run.subscription
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what="provisioning.plan_agreed",
        sentence=f"{{actor}} a accepté le plan de Terraform pour le service {subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
    )
