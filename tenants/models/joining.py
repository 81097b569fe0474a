"""Somebody who has signed in asks to join an organisation, and what says that she may be of it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from tenants.models.people import Role
from tenants.tenancy import TenantOwned


class KnownDomain(models.Model):
    """A domain of e-mail addresses that an organisation has proven to be its own: whoever signs in with a
    verified address there may ask to join it, and is given nothing by it.

    Not under row-level security: at her first sign-in nobody knows yet whose row to look for. Kept equal to
    the proven domains of the members' providers (`provisioning.own_providers`).
    """

    domain = models.CharField("domaine", max_length=253, unique=True)  # ASCII, lower case
    organisation = models.ForeignKey("tenants.Organisation", on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField("prouvé depuis le")

    class Meta:
        verbose_name = "domaine connu"

    def __str__(self):
        return self.domain


class JoinSource(models.TextChoices):
    """What named the organisation."""

    DOMAIN = "domain", "le domaine de son courriel"
    SIRET = "siret", "le SIRET que donne son fournisseur d’identité"


class JoinOutcome(models.TextChoices):
    APPROVED = "approved", "acceptée"
    REFUSED = "refused", "refusée"
    MOOT = "moot", "sans objet : un rôle est venu autrement"


class JoinRefusal(models.TextChoices):
    """Why, in the words that the person reads."""

    UNKNOWN = "unknown", "vous n’y êtes pas connu"
    LEFT = "left", "vous n’y travaillez plus"
    NO_NEED = "no_need", "votre travail ne demande pas d’accès à Halle"
    OTHER = "other", "voyez-le directement avec votre organisation"


class JoinRequest(TenantOwned):
    """A person without a role there asks to join the organisation `tenant`. Opens nothing until somebody who
    administers it has approved it; `role` is what was given then.

    `domain`: of her address when it was what named the organisation.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    source = models.CharField(max_length=10, choices=JoinSource.choices)
    domain = models.CharField(max_length=253, blank=True)
    asked_at = models.DateTimeField("demandé le")
    settled_at = models.DateTimeField("répondu le", null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    outcome = models.CharField(max_length=10, choices=JoinOutcome.choices, blank=True)
    role = models.CharField(max_length=20, choices=Role.choices, blank=True)
    refused_because = models.CharField(max_length=10, choices=JoinRefusal.choices, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "demande d’entrée"
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "person"],
                condition=Q(settled_at__isnull=True),
                name="join_request_one_open_per_person",
            ),
            models.CheckConstraint(
                condition=Q(source="domain") & ~Q(domain="") | Q(source="siret", domain=""),
                name="join_request_named_by_its_source",
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, settled_by__isnull=True, outcome="")
                | Q(settled_at__isnull=False, settled_by__isnull=True, outcome="moot")
                | Q(settled_at__isnull=False, settled_by__isnull=False, outcome__in=["approved", "refused"]),
                name="join_request_settled_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(outcome="approved") & ~Q(role="") | ~Q(outcome="approved") & Q(role=""),
                name="join_request_approved_with_a_role",
            ),
            models.CheckConstraint(
                condition=Q(outcome="refused") & ~Q(refused_because="")
                | ~Q(outcome="refused") & Q(refused_because=""),
                name="join_request_refused_for_a_reason",
            ),
        ]

    def __str__(self):
        return f"demande d’entrée {self.public_id}"
