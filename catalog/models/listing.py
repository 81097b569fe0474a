"""What stands on an operator's shelf, and on which terms."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q


class ListingState(models.TextChoices):
    DRAFT = "draft", "en préparation"
    LISTED = "listed", "au catalogue"
    SUSPENDED = "suspended", "suspendu"
    REFUSED = "refused", "refusé"
    WITHDRAWN = "withdrawn", "retiré"


# The one table of moves of a listing; catalog.curation moves along it.
LISTING_MOVES = frozenset(
    {
        (ListingState.DRAFT, ListingState.LISTED),
        (ListingState.DRAFT, ListingState.REFUSED),
        (ListingState.DRAFT, ListingState.WITHDRAWN),
        (ListingState.REFUSED, ListingState.DRAFT),
        (ListingState.LISTED, ListingState.SUSPENDED),
        (ListingState.LISTED, ListingState.WITHDRAWN),
        (ListingState.SUSPENDED, ListingState.LISTED),
        (ListingState.SUSPENDED, ListingState.WITHDRAWN),
        (ListingState.WITHDRAWN, ListingState.DRAFT),
    }
)


class ListingQuerySet(models.QuerySet):
    def on_shelf_of(self, operator):
        """Listings a visitor of this operator's storefront may see."""
        return self.filter(
            operator=operator, state=ListingState.LISTED, offer__partner__vendor__state="active"
        )

    def for_cards(self):
        """With all that a service card shows."""
        return self.select_related(
            "offer__product__sheet__vendor__organisation", "operator", "approved_revision"
        ).prefetch_related("grids")


class Listing(models.Model):
    """One vendor's explicit offer (Oscar's stock record) on one operator's shelf.

    The buyer always chooses a listing; Oscar's strategy, which takes the first vendor it finds, is
    never asked for a price.
    """

    operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="listings")
    offer = models.ForeignKey("partner.StockRecord", on_delete=models.PROTECT, related_name="listings")
    state = models.CharField(max_length=12, choices=ListingState.choices, default=ListingState.DRAFT)
    # What this operator's members see, whatever the vendor has published since.
    approved_revision = models.ForeignKey(
        "wagtailcore.Revision", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    position = models.PositiveSmallIntegerField("ordre en rayon", default=100)
    own_text = models.TextField("le mot de l’opérateur", blank=True, max_length=2000)
    terms = models.TextField("conditions", blank=True)
    # Whether the negotiated price may be read by anybody, the public API included.
    price_is_public = models.BooleanField("prix publié", default=False)
    # Another operator's listing that was offered to this one's members, and accepted.
    shared_from = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="shared_to"
    )

    objects = ListingQuerySet.as_manager()

    class Meta:
        verbose_name = "référencement"
        constraints = [
            models.UniqueConstraint(fields=["operator", "offer"], name="listing_once_per_operator"),
            models.CheckConstraint(
                condition=~Q(state__in=["listed", "suspended"]) | Q(approved_revision__isnull=False),
                name="listing_on_shelf_is_approved",
            ),
        ]

    def __str__(self):
        return f"{self.sheet} chez {self.operator}"

    @property
    def sheet(self):
        """The service as its vendor published it last."""
        return self.offer.product.sheet

    @property
    def shown(self):
        """The service as this operator's members see it: the approved revision, as a ServiceSheet that is
        not to be saved. The vendor's own row when nothing was approved yet."""
        if self.approved_revision is None:
            return self.sheet
        return self.sheet.with_content_json(self.approved_revision.content)

    @property
    def vendor(self):
        return self.sheet.vendor

    def grid_on(self, day: date, option: str = ""):
        """The published price grid in force that day, or None; that of an option if its code is given.
        Uses prefetched grids when there are some."""
        in_force = [grid for grid in self.grids.all() if grid.option == option and grid.is_in_force(day)]
        return in_force[0] if in_force else None


class ListingMove(models.Model):
    """One move of a listing: the log beside the state. Rows are only ever added."""

    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="moves")
    before = models.CharField(max_length=12, choices=ListingState.choices, blank=True)
    after = models.CharField(max_length=12, choices=ListingState.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=2000, blank=True)

    class Meta:
        verbose_name = "changement d’état d’un référencement"

    def __str__(self):
        return f"{self.before} → {self.after}"


class ShelfRules(models.Model):
    """What an operator asks of its own shelf; the defaults when it has no row."""

    operator = models.OneToOneField("tenants.Operator", on_delete=models.PROTECT, related_name="shelf_rules")
    grids_from_january = models.BooleanField("tarifs applicables au 1er janvier seulement", default=False)
    visa_required = models.BooleanField(
        "visa du comité d’éthique pour les services qui traitent des données personnelles", default=False
    )

    class Meta:
        verbose_name = "règles du catalogue"

    def __str__(self):
        return f"règles de {self.operator}"


class ShareState(models.TextChoices):
    OFFERED = "offered", "proposé"
    ACCEPTED = "accepted", "accepté"
    REFUSED = "refused", "refusé"
    CANCELLED = "cancelled", "annulé"


class ListingShare(models.Model):
    """An operator offers one of its listings to another operator's members, who accept or refuse it."""

    listing = models.ForeignKey(Listing, on_delete=models.PROTECT, related_name="shares")
    to_operator = models.ForeignKey("tenants.Operator", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=ShareState.choices, default=ShareState.OFFERED)
    message = models.CharField("message", max_length=1000, blank=True)
    offered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    offered_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField("motif", max_length=1000, blank=True)

    class Meta:
        verbose_name = "partage d’un référencement"
        constraints = [
            models.UniqueConstraint(
                fields=["listing", "to_operator"],
                condition=Q(state="offered"),
                name="listing_share_one_offer",
            ),
            models.CheckConstraint(
                condition=Q(state="offered") | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="listing_share_decided_by_somebody",
            ),
        ]

    def __str__(self):
        return f"{self.listing} → {self.to_operator}"
