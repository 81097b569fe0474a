"""The audit log: who did what, for whom. Rows are only ever added (a trigger refuses the rest)."""

from django.conf import settings
from django.db import models

from tenants.tenancy import TenantOwned


class AuditEvent(TenantOwned):
    """One fact. `what` is a stable code ("subscription.approved"), `sentence` what a person reads.

    A sentence names nobody: `{actor}` and `{person}` stand for the two people, so that erasing a person's
    name leaves the log whole. `changes` holds {field: [before, after]}, JSON-safe, without personal data.
    """

    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    # The operator whose agent acted for the organisation, at its request.
    via = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    what = models.CharField(max_length=60)
    sentence = models.CharField(max_length=500)
    subject_id = models.CharField(max_length=64)
    changes = models.JSONField(default=dict)
    details = models.JSONField(default=dict)

    class Meta(TenantOwned.Meta):
        indexes = [
            models.Index(fields=["tenant", "-at"], name="audit_tenant_at"),
            models.Index(fields=["tenant", "what"], name="audit_tenant_what"),
        ]

    def __str__(self):
        """The sentence with the names of today. Needs `actor` and `person` selected in lists."""
        actor = str(self.actor) if self.actor_id else "Halle"
        person = str(self.person) if self.person_id else "une personne"
        text = self.sentence.replace("{actor}", actor).replace("{person}", person)
        return f"{text[:1].upper()}{text[1:]}"


class AuditSeal(models.Model):
    """An event's place in its organisation's chain, written by the database at commit (migration 0004).

    `digest` is the SHA-256 of the digest before it and of the whole event: changing, removing or inserting an
    event breaks every seal after it. `manage.py verify_audit` checks them all. Tells nothing of the event, so
    it needs no row-level security.
    """

    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, primary_key=True, related_name="seal")
    chain = models.BigIntegerField()  # the organisation's id
    position = models.BigIntegerField()  # 1, 2, 3… without a gap
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = "sceau"
        constraints = [
            models.UniqueConstraint(fields=["chain", "position"], name="audit_seal_position_unique"),
        ]

    def __str__(self):
        return f"{self.chain}/{self.position} {self.digest[:12]}"
