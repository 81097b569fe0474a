"""The identity provider that a member has of its own, its domains, and what became of both."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class ProviderKind(models.TextChoices):
    OIDC = "oidc", "OpenID Connect"
    SAML = "saml", "SAML 2.0"


class ProviderState(models.TextChoices):
    DRAFT = "draft", "à essayer"
    TRYING = "trying", "essai en cours"
    FAILED = "failed", "essai échoué"
    TRIED = "tried", "essai réussi"
    STARTING = "starting", "mise en service en cours"
    ON = "on", "en service"
    STOPPING = "stopping", "arrêt en cours"
    RETIRED = "retired", "retiré"


class MemberProvider(TenantOwned):
    """By which the agents of an organisation sign in, once their domain is proven. One at a time.

    `typed` is what a person wrote, without secret; `sealed` the client's secret (tenants.sealing);
    `described` what the last trial read: addresses, certificates. `to_apply_since`: Keycloak is to be told
    something, by a worker; `attempts` of that, or of the trial under way, and `problem` what the last one
    said. `apply_after`: no earlier than that.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=4, choices=ProviderKind.choices)
    name = models.CharField(max_length=100)
    typed = models.JSONField(default=dict)
    sealed = models.TextField(blank=True)
    described = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=ProviderState.choices, default=ProviderState.DRAFT)
    created_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)  # the trial under way
    tried_at = models.DateTimeField(null=True)
    to_apply_since = models.DateTimeField(null=True)
    apply_after = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "fournisseur d’identité d’un adhérent"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"], condition=~Q(state="retired"), name="member_provider_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state="trying", asked_at__isnull=False)
                | (~Q(state="trying") & Q(asked_at__isnull=True)),
                name="member_provider_trying_since",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["starting", "stopping"]) | Q(to_apply_since__isnull=False),
                name="member_provider_moving_is_to_apply",
            ),
        ]
        indexes = [
            models.Index(
                fields=["to_apply_since"],
                condition=Q(to_apply_since__isnull=False),
                name="member_provider_to_apply",
            ),
        ]

    def __str__(self):
        return f"{self.name} ({self.get_kind_display()})"

    @property
    def alias(self) -> str:
        """Its name at Keycloak, for ever: those of its people begin with it."""
        return f"own-{self.public_id.hex}"


class MemberProviderMove(TenantOwned):
    """One change of a provider's state. `by` None: Halle itself."""

    provider = models.ForeignKey(MemberProvider, on_delete=models.CASCADE, related_name="moves")
    before = models.CharField(max_length=8, choices=ProviderState.choices)
    after = models.CharField(max_length=8, choices=ProviderState.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "changement d’état d’un fournisseur d’identité"

    def __str__(self):
        return f"{self.before} → {self.after}"


class MemberDomain(TenantOwned):
    """A domain of e-mail addresses that the provider is for, in ASCII. It is proven while a TXT record says
    `token`; at one organisation at most. `confirmed_at`: when the record was seen last; `missing_since`: it
    was not, the last time."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = models.ForeignKey(MemberProvider, on_delete=models.CASCADE, related_name="domains")
    domain = models.CharField(max_length=253)
    token = models.CharField(max_length=64)
    added_at = models.DateTimeField()
    proven_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    missing_since = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)  # a check is under way
    lost_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "domaine d’un fournisseur d’identité"
        constraints = [
            models.UniqueConstraint(fields=["provider", "domain"], name="member_domain_once"),
            models.UniqueConstraint(
                fields=["domain"],
                condition=Q(proven_at__isnull=False),
                name="member_domain_of_one_organisation",
            ),
            models.CheckConstraint(
                condition=Q(proven_at__isnull=True) | Q(confirmed_at__isnull=False, lost_at__isnull=True),
                name="member_domain_proven_was_seen",
            ),
        ]

    def __str__(self):
        return self.domain
