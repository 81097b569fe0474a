"""What is typed about a contract in progress."""

from django import forms

from marketplace.web.commune.forms import ApproveForm
from marketplace.web.fields import text_field
from subscriptions.acts import Act


class ReasonForm(forms.Form):
    reason = text_field(
        "Motif",
        longest=500,
        too_long="Ce motif est trop long",
        required=False,
        help_text="L’autre partie le lira.",
    )


class ActForm(ApproveForm):
    """The act that decides, all of it or, unless it is `required`, nothing."""

    def __init__(self, *args, required: bool, **kwargs):
        super().__init__(*args, deliberation=None, **kwargs)
        if not required:
            for name in ("number", "date", "file"):
                self.fields[name].required = False

    def clean(self):
        """Half an act is none: what is missing is said."""
        values = super().clean()
        given = {name for name in ("number", "date", "file") if values.get(name)}
        if given:
            for name in ("number", "date", "file"):
                if name not in given and name not in self.errors:
                    self.add_error(name, self.fields[name].error_messages["required"])
        return values

    def act(self) -> Act | None:
        """What was typed, for the room; None when nothing was."""
        values = self.cleaned_data
        return Act(values["number"], values["date"], values["file"]) if values.get("file") else None
