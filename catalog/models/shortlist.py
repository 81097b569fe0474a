"""What an organisation keeps of its searches: favourites, alerts, and the file of a choice."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned


class Favourite(TenantOwned):
    """A listing that an organisation keeps at hand."""

    listing = models.ForeignKey("catalog.Listing", on_delete=models.CASCADE, related_name="+")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "favori"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "listing"], name="favourite_once_per_listing"),
        ]

    def __str__(self):
        return f"{self.listing}"


class SavedSearch(TenantOwned):
    """A search somebody wants to hear of: a letter tells its new matches (catalog.shortlists.alerts)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    operator = models.ForeignKey("tenants.Operator", on_delete=models.CASCADE, related_name="+")
    name = models.CharField("nom", max_length=80)
    query = models.CharField(max_length=1000)  # the query string of the shelf
    alert = models.BooleanField("prévenir des nouveautés", default=True)
    created_at = models.DateTimeField()
    seen_until = models.DateTimeField()  # what was listed before it is no news

    class Meta(TenantOwned.Meta):
        verbose_name = "recherche enregistrée"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user", "name"], name="saved_search_name_unique"),
        ]

    def __str__(self):
        return self.name


class ShortlistState(models.TextChoices):
    OPEN = "open", "en cours"
    FROZEN = "frozen", "figée"
    DECIDED = "decided", "choix motivé"


# The one table of moves of a shortlist.
SHORTLIST_MOVES = frozenset(
    {
        (ShortlistState.OPEN, ShortlistState.FROZEN),
        (ShortlistState.FROZEN, ShortlistState.DECIDED),
    }
)


class Criterion(models.TextChoices):
    """What may be weighed in a choice. Where a vendor comes from is none: it would favour the local ones."""

    FIT = "fit", "la réponse au besoin"
    PRICE = "price", "le prix"
    LIFE_CYCLE = "life_cycle", "le coût sur toute la durée d’usage : prise en main, assistance, sortie"
    ENVIRONMENT = "environment", "l’environnement : hébergement, écoconception, matériel conservé"
    ACCESSIBILITY = "accessibility", "l’accessibilité"
    DATA = "data", "la protection des données et la sécurité"
    REVERSIBILITY = "reversibility", "la réversibilité et le logiciel libre"
    INTEROPERABILITY = "interoperability", "le lien avec nos autres logiciels"
    SUPPORT = "support", "l’assistance et l’engagement de service"
    EXPERIENCE = "experience", "l’avis des collectivités qui l’utilisent"


def choice_path(shortlist, filename: str) -> str:
    """Where the file of a choice is kept."""
    return f"choices/{shortlist.tenant_id}/{shortlist.public_id}.pdf"


class Shortlist(TenantOwned):
    """Search → frozen shortlist → reasoned choice, kept. Help to choose: never an award decision
    (CCP L2152-7: price is no longer a criterion by itself)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    title = models.CharField("objet", max_length=160)
    need = models.TextField("besoin", max_length=4000, blank=True)
    query = models.CharField("recherche", max_length=1000, blank=True)  # the query string of the shelf
    search = models.CharField("recherche en toutes lettres", max_length=600, blank=True)
    state = models.CharField(max_length=10, choices=ShortlistState.choices, default=ShortlistState.OPEN)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    chosen = models.ForeignKey(
        "catalog.Listing", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    criteria = ArrayField(
        models.CharField(max_length=20, choices=Criterion.choices),
        verbose_name="critères considérés",
        default=list,
        blank=True,
    )
    reasons = models.TextField("motifs du choix", max_length=4000, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    file = models.FileField(upload_to=choice_path, max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta(TenantOwned.Meta):
        verbose_name = "présélection"
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open") | Q(frozen_at__isnull=False, frozen_by__isnull=False),
                name="shortlist_frozen_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="decided")
                | (Q(decided_at__isnull=False, decided_by__isnull=False) & ~Q(reasons="")),
                name="shortlist_decided_with_reasons",
            ),
            models.CheckConstraint(
                condition=~Q(state="decided") | ~Q(criteria__in=[[], ["price"]]),
                name="shortlist_decided_on_more_than_price",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "state"], name="shortlist_tenant_state")]

    def __str__(self):
        return self.title


class ShortlistItem(TenantOwned):
    """One service of a shortlist. `snapshot` is written when the list is frozen, and says all that was
    compared that day: name, vendor, price with its calculation, claims with their levels."""

    shortlist = models.ForeignKey(Shortlist, on_delete=models.CASCADE, related_name="items")
    listing = models.ForeignKey("catalog.Listing", on_delete=models.PROTECT, related_name="+")
    note = models.TextField("observations", max_length=2000, blank=True)
    snapshot = models.JSONField(null=True)
    added_at = models.DateTimeField()

    class Meta(TenantOwned.Meta):
        verbose_name = "service présélectionné"
        constraints = [
            models.UniqueConstraint(fields=["shortlist", "listing"], name="shortlist_item_once"),
        ]

    def __str__(self):
        return f"{self.listing}"
