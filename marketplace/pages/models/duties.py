"""The two pages the law asks of every public site: who publishes it, and how accessible it is."""

from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.fields import RichTextField

from marketplace.pages.models.frame import FixedMixin, HallPage
from marketplace.web.formats import day, format_percent
from tenants.identifiers import grouped, phone

PLAIN = ["bold", "italic", "link", "ul"]


class LegalPage(FixedMixin, HallPage):
    """Who publishes and who hosts the storefront (law of 21 June 2004, art. 1-1). Prefilled by Halle."""

    publisher = models.CharField("éditeur du site", max_length=200)
    publisher_status = models.CharField("statut et SIREN", max_length=200, blank=True)
    publisher_address = models.TextField("adresse", max_length=300, blank=True)
    publisher_email = models.EmailField("courriel")
    publisher_phone = models.CharField("téléphone", max_length=20, blank=True)
    director = models.CharField(
        "directeur ou directrice de la publication",
        max_length=200,
        help_text="Nom et fonction ; le plus souvent, qui préside l’organisme.",
    )
    host = models.TextField("hébergeur", max_length=400, help_text="Nom, adresse et téléphone.")
    more = RichTextField("autres mentions", features=PLAIN, blank=True)

    address_name = "hall_legal"
    template = "public/legal.html"
    content_panels = [
        FieldPanel("title"),
        MultiFieldPanel(
            [
                FieldPanel("publisher"),
                FieldPanel("publisher_status"),
                FieldPanel("publisher_address"),
                FieldPanel("publisher_email"),
                FieldPanel("publisher_phone"),
                FieldPanel("director"),
            ],
            "Éditeur",
        ),
        FieldPanel("host"),
        FieldPanel("more"),
    ]
    promote_panels: list = []
    parent_page_types = ["pages.StorefrontPage"]
    subpage_types: list = []
    max_count_per_parent = 1

    class Meta:
        verbose_name = "mentions légales"

    @property
    def phone_in_words(self) -> str:
        return phone(self.publisher_phone)

    @classmethod
    def prefilled(cls, operator) -> "LegalPage":
        """Not saved: what Halle knows of the operator. Nobody but the operator knows who directs it."""
        body = operator.organisation
        return cls(
            title="Mentions légales",
            slug="mentions-legales",
            publisher=body.name,
            publisher_status=f"{operator.get_legal_kind_display().capitalize()}, SIREN {grouped(body.siren)}",
            publisher_address="\n".join(filter(None, [body.address, f"{body.postcode} {body.city}".strip()])),
            publisher_email=operator.contact_email,
            publisher_phone=operator.contact_phone,
            host=settings.HALLE_HOST,
        )


class Conformity(models.TextChoices):
    FULL = "full", "totalement conforme"
    PARTIAL = "partial", "partiellement conforme"
    NONE = "none", "non conforme"


class AccessibilityPage(FixedMixin, HallPage):
    """A storefront's accessibility declaration, after the model of the RGAA 4.1. Its place in the law and the
    ways to complain are the same for all: the template says them."""

    conformity = models.CharField("état de conformité", max_length=8, choices=Conformity.choices)
    rate = models.DecimalField(
        "taux de conformité (%)",
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Part des critères respectés, d’après l’audit.",
    )
    audited_on = models.DateField("date de l’audit", null=True, blank=True)
    auditor = models.CharField("audit mené par", max_length=200, blank=True)
    declared_on = models.DateField("déclaration établie le", default=timezone.localdate)
    failures = RichTextField("ce qui n’est pas conforme", features=PLAIN, blank=True)
    derogations = RichTextField("dérogations pour charge disproportionnée", features=PLAIN, blank=True)
    exempt = RichTextField("contenus non soumis à l’obligation", features=PLAIN, blank=True)
    contact_email = models.EmailField("courriel pour signaler une difficulté")
    plan_url = models.URLField("adresse du schéma pluriannuel", blank=True)

    address_name = "hall_accessibility"
    template = "public/hall_accessibility.html"
    content_panels = [
        FieldPanel("title"),
        MultiFieldPanel(
            [
                FieldPanel("conformity"),
                FieldPanel("rate"),
                FieldPanel("audited_on"),
                FieldPanel("auditor"),
                FieldPanel("declared_on"),
            ],
            "État de conformité",
        ),
        MultiFieldPanel(
            [FieldPanel("failures"), FieldPanel("derogations"), FieldPanel("exempt")],
            "Contenus non accessibles",
        ),
        FieldPanel("contact_email"),
        FieldPanel("plan_url"),
    ]
    promote_panels: list = []
    parent_page_types = ["pages.StorefrontPage"]
    subpage_types: list = []
    max_count_per_parent = 1

    class Meta:
        verbose_name = "déclaration d’accessibilité"
        constraints = [
            models.CheckConstraint(
                condition=Q(rate__isnull=True) | Q(rate__gte=0, rate__lte=100),
                name="accessibility_rate_is_a_percentage",
            ),
        ]

    def shown(self, request) -> dict:
        return {
            "audited_on": day(self.audited_on),
            "declared_on": day(self.declared_on),
            "rate": "" if self.rate is None else format_percent(self.rate),
        }

    def clean(self):
        """The state follows from the rate of an audit (decree 2019-768): all, at least half, less."""
        super().clean()
        if self.conformity == Conformity.NONE:
            if self.audited_on and self.rate is not None and self.rate >= Decimal(50):
                raise ValidationError({"rate": "À partir de 50 %, l’état est « partiellement conforme »."})
            return
        if self.rate is None or not self.audited_on:
            raise ValidationError(
                {"audited_on": "Sans la date et le taux d’un audit, l’état est « non conforme »."}
            )
        if self.conformity == Conformity.FULL and self.rate != Decimal(100):
            raise ValidationError({"rate": "« Totalement conforme » veut dire 100 % des critères."})
        if self.conformity == Conformity.PARTIAL and not Decimal(50) <= self.rate < Decimal(100):
            raise ValidationError({"rate": "« Partiellement conforme » va de 50 % à moins de 100 %."})
