"""What was sent to remind somebody that a request waits for her."""

from django.db import models
from django.db.models import Q

from tenants.tenancy import TenantOwned

MOST_REMINDERS = 3


class Reminder(TenantOwned):
    """One reminder of a step that waits: its rank, and how many people were written to. Rows are only ever
    added; `tenant` is the subscriber."""

    approval = models.ForeignKey("subscriptions.Approval", on_delete=models.PROTECT, related_name="reminders")
    rank = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    people = models.PositiveSmallIntegerField()

    class Meta(TenantOwned.Meta):
        verbose_name = "rappel"
        constraints = [
            models.UniqueConstraint(fields=["approval", "rank"], name="reminder_once_by_rank"),
            models.CheckConstraint(
                condition=Q(rank__gte=1, rank__lte=MOST_REMINDERS), name="reminder_of_a_known_rank"
            ),
            models.CheckConstraint(condition=Q(people__gte=1), name="reminder_to_somebody"),
        ]

    def __str__(self):
        return f"rappel n° {self.rank}, le {self.at:%d/%m/%Y}"
