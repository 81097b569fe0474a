"""The audit log: who did what, for whom. Rows are only ever added (a trigger refuses the rest)."""

from django.conf import settings
from django.db import models

from tenants.tenancy import TenantOwned


class AuditEvent(TenantOwned):
    """One fact. `what` is a stable code ("subscription.approved"), `sentence` what a person reads."""

    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    what = models.CharField(max_length=60)
    sentence = models.CharField(max_length=500)
    subject_id = models.CharField(max_length=64)
    details = models.JSONField(default=dict)

    class Meta(TenantOwned.Meta):
        indexes = [models.Index(fields=["tenant", "-at"], name="audit_tenant_at")]

    def __str__(self):
        return self.sentence
