"""A person under several identities: hers changes when her organisation changes provider."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Identity(models.Model):
    """One more (issuer, sub) of a person, beside the first one, which is on her own row."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField("fournisseur d’identité", max_length=255)
    sub = models.CharField("identifiant chez lui", max_length=255)
    attached_at = models.DateTimeField("rattachée le")

    class Meta:
        verbose_name = "autre identité"
        constraints = [models.UniqueConstraint(fields=["issuer", "sub"], name="identity_issuer_sub_unique")]

    def __str__(self):
        return f"identité de {self.user}"


class Relink(models.Model):
    """Somebody met under a new identity says that she is a person known already, who has the same verified
    e-mail. It gives nothing until somebody who administers that person has confirmed it.

    Like a mandate, not under row-level security: it is about people, whatever organisations they work for.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    newcomer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    asked_at = models.DateTimeField("demandé le")
    settled_at = models.DateTimeField("répondu le", null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed = models.BooleanField("confirmé", default=False)

    class Meta:
        verbose_name = "demande de rattachement"
        constraints = [
            models.UniqueConstraint(
                fields=["newcomer"], condition=Q(settled_at__isnull=True), name="relink_one_open_per_newcomer"
            ),
            models.CheckConstraint(condition=~Q(newcomer=F("person")), name="relink_of_two_people"),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, settled_by__isnull=True, confirmed=False)
                | Q(settled_at__isnull=False, settled_by__isnull=False),
                name="relink_settled_by_somebody",
            ),
        ]

    def __str__(self):
        return f"rattachement {self.public_id}"
