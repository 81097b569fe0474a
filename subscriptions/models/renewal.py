"""How long a subscription binds, and whether it goes on afterwards: said by the vehicle, copied on the
subscription."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Mod
from django.db.models.lookups import Exact

MOST_NOTICE_DAYS = 180


class Renewal(models.TextChoices):
    """Tacit unless the contract says otherwise (CCP R2112-4)."""

    OPEN = "open", "sans terme : dure jusqu’à ce que l’on y mette fin"
    NONE = "none", "un seul terme, sans reconduction"
    TACIT = "tacit", "reconduction tacite : continue, sauf avis contraire"
    EXPRESS = "express", "reconduction expresse : s’arrête, sauf décision de continuer"


RENEWED = (Renewal.TACIT, Renewal.EXPRESS)


class RenewalRules(models.Model):
    """`term_years`: for how long a subscription commits its member, renewals included: the need is estimated
    over all of them (CCP R2121-1), so that no renewal commits more than what was ordered. Four years of which
    three are renewals: one year, renewed three times."""

    term_years = models.PositiveSmallIntegerField("durée d’engagement, en années", default=1)
    renewal = models.CharField("reconduction", max_length=8, choices=Renewal.choices, default=Renewal.OPEN)
    renewals = models.PositiveSmallIntegerField("reconductions au plus", default=0)
    notice_days = models.PositiveSmallIntegerField("préavis, en jours", default=60)

    class Meta:
        abstract = True

    @property
    def period_years(self) -> int:
        """How long one term lasts."""
        return self.term_years // (self.renewals + 1)


def renewal_constraints(prefix: str) -> list[models.CheckConstraint]:
    """What holds of the rules, on whatever table they are."""
    return [
        models.CheckConstraint(
            condition=Q(renewal__in=RENEWED, renewals__gte=1) | (~Q(renewal__in=RENEWED) & Q(renewals=0)),
            name=f"{prefix}_renewals_if_renewed",
        ),
        models.CheckConstraint(
            condition=Exact(Mod(F("term_years"), F("renewals") + 1), 0), name=f"{prefix}_terms_of_whole_years"
        ),
        models.CheckConstraint(
            condition=Q(notice_days__lte=MOST_NOTICE_DAYS), name=f"{prefix}_notice_of_months"
        ),
    ]
