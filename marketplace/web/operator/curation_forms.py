"""Forms of an operator's curators."""

from django import forms

from catalog.curation.deciding import MAX_MESSAGE
from catalog.curation.queue import CHANGED, NEW, WITH, WITHOUT, Queue, QueueFilters
from catalog.models import ChecklistItem, Family, VisaOpinion
from marketplace.web.fields import text_field

ACCEPT, CHANGES, REFUSE = "accepter", "modifier", "refuser"


class QueueFilterForm(forms.Form):
    """The filters of the queue, as they are drawn; the address is read by `filters_of`."""

    famille = forms.ChoiceField(label="Famille", required=False)
    editeur = forms.ChoiceField(label="Éditeur", required=False)
    genre = forms.ChoiceField(
        label="Nouveauté",
        required=False,
        choices=[("", "Toutes"), (NEW, "Nouveaux services"), (CHANGED, "Fiches modifiées")],
    )
    donnees = forms.ChoiceField(
        label="Données personnelles",
        required=False,
        choices=[("", "Avec ou sans"), (WITH, "Avec"), (WITHOUT, "Sans")],
    )
    retard = forms.ChoiceField(
        label="Attente", required=False, choices=[("", "Toutes"), ("oui", "Plus de 7 jours")]
    )

    def __init__(self, filters: QueueFilters, queue: Queue):
        super().__init__(
            initial={
                "famille": filters.family,
                "editeur": filters.vendor,
                "genre": filters.kind,
                "donnees": filters.personal,
                "retard": "oui" if filters.late else "",
            }
        )
        for name, everything, options in (
            ("famille", "Toutes", queue.families),
            ("editeur", "Tous", queue.vendors),
        ):
            self.fields[name].choices = [
                ("", everything),
                *((value, f"{label} ({count})") for value, label, count in options),
            ]


def filters_of(parameters) -> QueueFilters:
    """The filters that an address names. What means nothing filters nothing."""

    def one(name: str) -> str:
        return parameters.get(name, "").replace("\0", "")[:40]

    return QueueFilters(
        family=one("famille"),
        vendor=one("editeur"),
        kind=one("genre"),
        personal=one("donnees"),
        late=one("retard") == "oui",
    )


def address_of(filters: QueueFilters) -> dict[str, str]:
    """The filters as parameters of an address."""
    named = {
        "famille": filters.family,
        "editeur": filters.vendor,
        "genre": filters.kind,
        "donnees": filters.personal,
        "retard": "oui" if filters.late else "",
    }
    return {name: value for name, value in named.items() if value}


class FilterNameForm(forms.Form):
    name = forms.CharField(
        label="Garder ce filtre sous le nom",
        max_length=80,
        error_messages={"required": "Donnez un nom à ce filtre."},
    )


class PointsField(forms.TypedMultipleChoiceField):
    """Asked for, and wanted only to accept: catalog.curation.deciding is the judge."""

    def validate(self, value):
        pass


class DecisionForm(forms.Form):
    """What a curator decides. The points are those of the checklist; the message goes to the vendor."""

    checks = PointsField(label="Points de contrôle", coerce=int, widget=forms.CheckboxSelectMultiple)
    message = text_field(
        "Message à l’éditeur",
        longest=MAX_MESSAGE,
        too_long="Le message est trop long",
        required=False,
        help_text="Il est obligatoire pour demander des modifications ou refuser.",
        rows=4,
    )
    decision = forms.ChoiceField(
        choices=[(ACCEPT, ""), (CHANGES, ""), (REFUSE, "")],
        widget=forms.HiddenInput,
        error_messages={
            "required": "Choisissez une décision.",
            "invalid_choice": "Choisissez une décision.",
        },
    )

    def __init__(self, *args, points: list[ChecklistItem], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["checks"].choices = [
            (point.pk, f"{point.label}{'' if point.compulsory else ' (facultatif)'}") for point in points
        ]
        # A point removed meanwhile is forgotten, not an error.
        known = {str(point.pk) for point in points}
        if self.is_bound and hasattr(self.data, "setlist"):
            self.data = self.data.copy()
            self.data.setlist("checks", [pk for pk in self.data.getlist("checks") if pk in known])


class VisaForm(forms.Form):
    """The opinion of the ethics committee."""

    opinion = forms.ChoiceField(label="Avis", choices=VisaOpinion.choices, widget=forms.RadioSelect)
    given_on = forms.DateField(
        label="Rendu le",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Donnez la date de l’avis.", "invalid": "Donnez une date."},
    )
    valid_until = forms.DateField(
        label="Valable jusqu’au",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Dernier jour compris. Vide : sans limite.",
        error_messages={"invalid": "Donnez une date."},
    )
    text = forms.CharField(
        label="Texte de l’avis",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Obligatoire avec des réserves.",
    )


class WordsForm(forms.Form):
    """What the operator itself says of a service on its shelf."""

    own_text = forms.CharField(
        label="Le mot de l’opérateur",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Ce que vous conseillez à vos adhérents, en haut de la fiche.",
    )
    terms = forms.CharField(
        label="Conditions",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Durée, préavis, ce qui est compris.",
    )
    price_is_public = forms.BooleanField(
        label="Publier le prix négocié dans les données ouvertes",
        required=False,
    )


class ReasonForm(forms.Form):
    """Why a service leaves the shelf, for a while or for good."""

    reason = text_field(
        "Message",
        longest=2000,
        too_long="Le message est trop long",
        missing="Écrivez pourquoi.",
    )


class PlaceForm(forms.Form):
    """Where a service goes on the shelf: up or down by one, or a rank from 1."""

    move = forms.ChoiceField(choices=[("haut", ""), ("bas", ""), ("rang", "")])
    position = forms.IntegerField(required=False, min_value=1, max_value=32_000)

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("move") == "rang" and cleaned.get("position") is None:
            self.add_error("position", "Donnez un rang.")
        return cleaned

    def wanted(self, now: int) -> int:
        """The rank asked for, from the present one."""
        return {"haut": now - 1, "bas": now + 1, "rang": self.cleaned_data["position"]}[
            self.cleaned_data["move"]
        ]


class ShareForm(forms.Form):
    """To whom a listing is offered."""

    to_operator = forms.ModelChoiceField(
        label="À quel opérateur ?",
        queryset=None,
        empty_label="Choisir un opérateur",
        error_messages={
            "required": "Choisissez un opérateur.",
            "invalid_choice": "Cet opérateur a déjà ce service, ou a déjà reçu votre proposition.",
        },
    )
    message = forms.CharField(
        label="Message",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args, operators, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to_operator"].queryset = operators
        self.fields["to_operator"].label_from_instance = lambda operator: operator.short_name


class RefusalForm(forms.Form):
    """Why an offer of another operator is refused."""

    reason = forms.CharField(
        label="Pourquoi refusez-vous ?", max_length=1000, error_messages={"required": "Écrivez pourquoi."}
    )


class RulesForm(forms.Form):
    """What an operator asks of its own shelf."""

    visa_required = forms.BooleanField(
        label="Demander le visa du comité d’éthique pour les services qui traitent des données personnelles",
        required=False,
    )
    grids_from_january = forms.BooleanField(
        label="N’appliquer les nouveaux tarifs qu’au 1er janvier", required=False
    )


class PointForm(forms.Form):
    """One thing to look at before accepting."""

    family = forms.ChoiceField(
        label="Pour quelle famille ?",
        required=False,
        choices=[("", "Toutes les familles"), *Family.choices],
    )
    label = forms.CharField(
        label="Ce qu’il faut vérifier",
        max_length=200,
        error_messages={
            "required": "Écrivez ce qu’il faut vérifier.",
            "max_length": "C’est trop long : 200 caractères au plus.",
        },
    )
    compulsory = forms.BooleanField(label="Obligatoire pour accepter", required=False, initial=True)


class VehicleForm(forms.Form):
    """Under which of the operator's purchasing vehicles a service is subscribed to."""

    vehicle = forms.TypedChoiceField(
        label="Cadre d’achat",
        coerce=int,
        error_messages={
            "required": "Choisissez un cadre d’achat.",
            "invalid_choice": "Choisissez un cadre d’achat de la liste.",
        },
    )

    def __init__(self, *args, vehicles: list, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["vehicle"].choices = [
            ("", "Choisir un cadre d’achat"),
            *((vehicle.pk, vehicle.name) for vehicle in vehicles),
        ]
