"""What would be done at a vendor's, shown to a person before it is done."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from provisioning.models.run import Step
from tenants.tenancy import TenantOwned


def proposal_path(proposal, filename: str) -> str:
    """Where what is to be carried out is kept: it may hold secrets, and no page shows it."""
    return f"proposals/{proposal.tenant_id}/{proposal.public_id}"


class Proposal(TenantOwned):
    """A plan of Terraform: `text` is read, `file` is what is carried out once somebody has agreed to it. The
    latest of a step counts; those before are out of date."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="proposals")
    text = models.TextField()
    file = models.FileField(upload_to=proposal_path)
    made_at = models.DateTimeField()
    agreed_at = models.DateTimeField(null=True)
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta(TenantOwned.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(agreed_at__isnull=True, agreed_by__isnull=True)
                | Q(agreed_at__isnull=False, agreed_by__isnull=False),
                name="proposal_agreed_to_by_somebody",
            ),
        ]

    def __str__(self):
        return f"plan du {self.made_at:%d/%m/%Y %H:%M:%S}"
