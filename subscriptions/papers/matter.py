"""What the papers of one subscription are made of: whose they are, its price, its term, what applies.

All of it was frozen by the request, but for the thresholds and the running total of the need: those are of
the day the paper is drawn up.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.utils.timezone import localdate

from catalog.pricing import Quote, format_cents, format_euros, format_number, format_percent
from catalog.vat import Regime
from subscriptions.deciding import head
from subscriptions.models import RENEWED, FrameworkLot, LegalBasis, Renewal, Subscription
from subscriptions.ordering import direct_total, lot_for
from subscriptions.papers.references import what_applies
from subscriptions.thresholds import in_force
from subscriptions.vat import vat_asked, vat_cents_asked
from subscriptions.wanted_covers import wanted_of
from tenants.days import in_words, years_in_words
from tenants.documents.paper import Paragraph, Table
from tenants.identifiers import grouped
from tenants.models import Organisation

DRAFT = "Projet préparé par Halle, à relire et à compléter\u00a0: il n’a pas valeur d’acte."
OPEN = "……………………"


@dataclass(frozen=True)
class Matter:
    """One subscription, as its papers read it on the day `on`. The tenant scope holds its tenant."""

    subscription: Subscription
    on: date

    @cached_property
    def basis(self) -> LegalBasis:
        return LegalBasis(self.subscription.vehicle.legal_basis)

    @cached_property
    def tenant(self) -> Organisation:
        return self.subscription.tenant

    @cached_property
    def operator(self) -> str:
        return self.subscription.operator.organisation.name

    @cached_property
    def coordinator(self) -> str:
        found = self.subscription.vehicle.coordinator
        return found.name if found else self.operator

    @cached_property
    def vehicle(self) -> str:
        """The name of the purchasing vehicle, to stand between « »: its own become “ ”."""
        return re.sub(r"«\s*", "“", re.sub(r"\s*»", "”", self.subscription.vehicle.name))

    @cached_property
    def vendor(self) -> str:
        return self.subscription.listing.sheet.vendor.organisation.name

    @cached_property
    def service(self) -> str:
        return f"« {self.subscription.service_name} », édité par {self.vendor}"

    @cached_property
    def who(self) -> str:
        return f"Le {head(self.tenant)}"

    @cached_property
    def siren(self) -> str:
        return grouped(self.tenant.siren)

    @cached_property
    def quote(self) -> Quote:
        return Quote.from_dict(self.subscription.quote)

    @cached_property
    def vat_cents(self) -> int:
        return vat_cents_asked(self.subscription, self.quote)

    @cached_property
    def vat(self) -> Regime:
        return vat_asked(self.subscription)

    @cached_property
    def taxed(self) -> bool:
        return self.vat.taxed and not self.vat.undecided

    @cached_property
    def years(self) -> int:
        return self.subscription.term_years

    @cached_property
    def amount_cents(self) -> int:
        """Over the whole term, net of tax (CCP R2121-1)."""
        return self.subscription.yearly_cents * self.years

    @cached_property
    def lot(self) -> FrameworkLot | None:
        if self.basis != LegalBasis.FRAMEWORK:
            return None
        return lot_for(vehicle=self.subscription.vehicle, listing=self.subscription.listing)

    @cached_property
    def covers(self) -> list[str]:
        """The communes that the request covers."""
        return [one.commune_name for one in wanted_of(self.subscription)]

    @cached_property
    def asked(self) -> str:
        return in_words(localdate(self.subscription.requested_at))

    def applies(self) -> list[str]:
        """What the amount calls for: French sentences."""
        ordered = hasattr(self.subscription, "order")  # then the running total holds it already
        return what_applies(
            basis=self.basis,
            amount_cents=self.amount_cents,
            thresholds=in_force(on=self.on),
            already_cents=0 if ordered else self._already(),
            ceiling_cents=self.lot.terms_on(self.on).ceiling_cents if self.lot else None,
        )

    def _already(self) -> int:
        if self.basis != LegalBasis.DIRECT:
            return 0
        return direct_total(organisation=self.tenant, family=self.subscription.listing.sheet.family)

    def term(self) -> str:
        """ "un an, reconduit tacitement 3 fois au plus (préavis de 60 jours)"."""
        one = self.subscription
        if one.renewal not in RENEWED:
            open_ended = one.renewal == Renewal.OPEN
            return years_in_words(self.years) + (
                " au moins, sans terme fixé" if open_ended else ", sans reconduction"
            )
        how = "tacitement" if one.renewal == Renewal.TACIT else "par décision expresse"
        return (
            f"{years_in_words(one.period_years)}, reconduit {how} {one.renewals} fois au plus, soit "
            f"{years_in_words(self.years)} (préavis de {one.notice_days} jours)"
        )

    def price(self) -> str:
        """ "258,00 € HT par an, soit 309,60 € TTC (TVA à 20 %)"."""
        net = self.subscription.yearly_cents
        if not self.taxed:
            return f"{format_cents(net)} par an ({self.vat.note})"
        return (
            f"{format_cents(net)} HT par an, soit {format_cents(net + self.vat_cents)} TTC "
            f"(TVA à {format_percent(self.subscription.vat_rate)})"
        )

    def price_blocks(self) -> list[Table | Paragraph]:
        """What is bought, line by line, and how each amount comes about."""
        rows = [
            (
                line.label,
                format_number(line.quantity),
                f"{format_euros(line.unit_price)} par {line.unit}",
                format_cents(line.amount_cents),
            )
            for line in self.quote.lines
        ]
        rows.append(("Total HT" if self.taxed else "Total", "", "", format_cents(self.quote.total_cents)))
        if self.taxed:
            rate = format_percent(self.subscription.vat_rate)
            rows.append((f"TVA à {rate}", "", "", format_cents(self.vat_cents)))
            gross = self.quote.total_cents + self.vat_cents
            rows.append(("Total TTC", "", "", format_cents(gross)))
        caption = f"Le prix d’une année, figé par la demande du {self.asked}"
        steps = " ; ".join(step for line in self.quote.lines for step in line.steps)
        return [
            Table(
                caption, ("Désignation", "Quantité", "Prix unitaire HT", "Montant"), tuple(rows), figures=3
            ),
            Paragraph(f"Calcul : {steps}."),
        ]


def the(noun: str) -> str:
    return f"L’{noun}" if noun[0] in "aeiouh" else f"Le {noun}"
