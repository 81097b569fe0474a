"""What a vendor gives so that software reaches an open service: credentials, sealed until they are shown."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from provisioning.models.run import Step
from tenants.tenancy import TenantOwned


class BindingKind(models.TextChoices):
    """Who gives them."""

    VENDOR = "vendor", "identifiants donnés par l’éditeur"
    CLIENT = "client", "client du service chez Keycloak"


class Binding(TenantOwned):
    """One set of credentials to an open service, written before the vendor is asked for it: whatever the
    vendor may hold has a row here.

    `made_by` asks for it and its key names it at the vendor's; `ended_by` takes it back. `sealed` holds the
    credentials (tenants.sealing), and nothing any more once they were shown or taken back. `replaces` is
    the one that a rotation takes the place of. Of a service's client at Keycloak, it is the same row all
    along, whatever steps change the client, until its secret is renewed.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscription = models.ForeignKey(
        "subscriptions.Subscription", on_delete=models.PROTECT, related_name="bindings"
    )
    kind = models.CharField(max_length=6, choices=BindingKind.choices, default=BindingKind.VENDOR)
    by_saml = models.BooleanField(default=False)
    made_by = models.OneToOneField(Step, on_delete=models.PROTECT, related_name="binding")
    ended_by = models.ForeignKey(Step, on_delete=models.PROTECT, null=True, related_name="ends")
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    bound_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)  # as the vendor says
    sealed = models.TextField(blank=True)
    shown_at = models.DateTimeField(null=True)
    shown_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantOwned.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(shown_at__isnull=True, shown_by__isnull=True)
                | Q(shown_at__isnull=False, shown_by__isnull=False),
                name="binding_shown_to_somebody",
            ),
            models.CheckConstraint(
                condition=Q(sealed="")
                | Q(bound_at__isnull=False, shown_at__isnull=True, ended_at__isnull=True),
                name="binding_holds_nothing_once_shown",
            ),
            models.CheckConstraint(
                condition=Q(by_saml=False) | Q(kind="client", sealed=""),
                name="binding_by_saml_holds_no_secret",
            ),
        ]

    def __str__(self):
        return f"identifiants {self.public_id}"
