"""What is said of a service that a person opens, changes or closes."""

from django import forms

from marketplace.web.fields import pdf_field, text_field
from marketplace.web.operator.forms import ServiceAddressForm
from tenants.models import User


class DoneForm(ServiceAddressForm):
    """What was done, and how one knows. `checklist`: the points to tick ({"text", "ticked"})."""

    evidence = text_field(
        "Ce qui a été fait",
        longest=500,
        missing="Dites en une phrase ce qui a été fait.",
        help_text="Une phrase : par qui, comment on le sait.",
        rows=2,
    )
    file = pdf_field("Preuve", what="la preuve", required=False)

    def __init__(self, *args, opens: bool, checklist: list[dict], **kwargs):
        super().__init__(*args, **kwargs)
        if not opens:
            del self.fields["service_url"]
        if checklist:
            self.fields["points"] = forms.MultipleChoiceField(
                label="À cocher",
                choices=[(str(place), point["text"]) for place, point in enumerate(checklist)],
                initial=[str(place) for place, point in enumerate(checklist) if point["ticked"]],
                widget=forms.CheckboxSelectMultiple,
                error_messages={
                    "required": "Cochez chaque point, ou enregistrez sans terminer.",
                    "invalid_choice": "La liste a changé. Relisez-la.",
                },
            )
            self.order_fields(["points", "service_url", "evidence", "file"])

    def clean_points(self) -> list[int]:
        """Every point."""
        ticked = self.cleaned_data["points"]
        if len(ticked) != len(self.fields["points"].choices):
            raise forms.ValidationError("Cochez chaque point, ou enregistrez sans terminer.")
        return [int(place) for place in ticked]

    @property
    def ticked(self) -> list[int]:
        """The points that were sent, whether or not the rest is as it must be."""
        sent = self["points"].data if "points" in self.fields else []
        known = {value for value, _ in self.fields["points"].choices} if sent else set()
        return [int(value) for value in sent or [] if value in known]


class GiveUpForm(forms.Form):
    reason = text_field(
        "Pourquoi",
        longest=400,
        missing="Dites pourquoi en une phrase : l’adhérent la lira.",
        help_text="Une phrase. L’adhérent la lira.",
        rows=2,
    )


class AssignForm(forms.Form):
    """Who of `staff` is to act."""

    person = forms.TypedChoiceField(
        label="Confier à",
        coerce=int,
        error_messages={
            "required": "Choisissez une personne.",
            "invalid_choice": "Cette personne n’a plus le rôle qu’il faut. Choisissez-en une autre.",
        },
    )

    def __init__(self, *args, staff: list[User], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = [("", "Choisir une personne"), *((one.pk, str(one)) for one in staff)]
