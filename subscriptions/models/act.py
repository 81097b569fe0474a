"""The act of a member that decides something of its contract after the first approval."""

from django.db import models


def act_path(row, filename: str) -> str:
    """Where the act is kept. The person's file name is not used: it may say anything."""
    return f"decisions/{row.tenant_id}/{row.act_name}.pdf"


class WithAct(models.Model):
    """Number, date and signed file of a deliberation or decision, where one was needed; else all empty."""

    act_number = models.CharField("numéro de l’acte", max_length=60, blank=True)
    act_date = models.DateField("date de l’acte", null=True, blank=True)
    act_file = models.FileField("acte signé", upload_to=act_path, max_length=200, blank=True)

    class Meta:
        abstract = True

    @property
    def act_name(self) -> str:
        """A name of its own for the file of this row's act."""
        raise NotImplementedError

    def attach(self, act) -> None:
        """Keeps `act` (subscriptions.acts.Act, or None) with this row."""
        if act is not None:
            self.act_number, self.act_date, self.act_file = act.number, act.date, act.file
