"""What a member types while she chooses."""

from collections.abc import Sequence

from django import forms

from catalog.models import Criterion, Shortlist
from catalog.shortlists.preparing import MOST
from catalog.shortlists.queries import Compared

NEW, NONE = "nouvelle", "aucun"


class SaveSearchForm(forms.Form):
    name = forms.CharField(
        label="Nom de la recherche",
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Donnez un nom à cette recherche.",
            "max_length": "Ce nom est trop long : 80 caractères au plus.",
        },
    )
    alert = forms.BooleanField(
        label="Me prévenir par courriel quand un nouveau service y répond",
        required=False,
        help_text="Un courriel par jour au plus, et seulement s’il y a du nouveau.",
    )


class AddForm(forms.Form):
    """To a shortlist that is open, or to a new one. Title and need count for a new one only."""

    shortlist = forms.ChoiceField(label="À quelle présélection ?", widget=forms.RadioSelect)
    title = forms.CharField(
        label="Objet de la nouvelle présélection",
        required=False,
        max_length=160,
        help_text="Par exemple : un logiciel pour la cantine.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"max_length": "Cet objet est trop long : 160 caractères au plus."},
    )
    need = forms.CharField(
        label="Votre besoin, en quelques phrases",
        required=False,
        max_length=4000,
        help_text="Qui s’en servira, pour quoi faire, ce qui est indispensable.",
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"max_length": "C’est trop long : 4 000 caractères au plus."},
    )

    def __init__(self, *args, existing: Sequence[Shortlist], **kwargs):
        super().__init__(*args, **kwargs)
        choices = [
            (str(one.public_id), f"{one.title} ({one.services}\u00a0/\u00a0{MOST})") for one in existing
        ]
        self.fields["shortlist"].choices = [*choices, (NEW, "Une nouvelle présélection")]
        self.fields["shortlist"].initial = choices[0][0] if choices else NEW
        self.fields["shortlist"].error_messages = {
            "required": "Choisissez une présélection.",
            "invalid_choice": "Cette présélection n’est plus en cours. Choisissez-en une autre.",
        }
        if not choices:
            self.fields["shortlist"].widget = forms.HiddenInput()

    def clean(self):
        found = super().clean()
        if found.get("shortlist") == NEW and not found.get("title") and "title" not in self.errors:
            self.add_error("title", "Dites en quelques mots ce que vous cherchez.")
        return found


class NoteForm(forms.Form):
    note = forms.CharField(
        label="Vos observations",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"max_length": "C’est trop long : 2 000 caractères au plus."},
    )


class DecideForm(forms.Form):
    chosen = forms.ChoiceField(
        label="Le service retenu",
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choisissez un service, ou dites qu’aucun ne convient.",
            "invalid_choice": "Choisissez un service de la présélection.",
        },
    )
    criteria = forms.MultipleChoiceField(
        label="Ce que vous avez considéré",
        choices=[(value, label[:1].upper() + label[1:]) for value, label in Criterion.choices],
        widget=forms.CheckboxSelectMultiple,
        help_text="Le prix seul ne suffit pas : depuis août 2026, un marché tient compte de l’environnement, "
        "par un critère ou par un coût sur toute la durée d’usage.",
        error_messages={
            "required": "Cochez les critères que vous avez considérés.",
            "invalid_choice": "Cochez des critères de la liste.",
        },
    )
    reasons = forms.CharField(
        label="Pourquoi ce choix",
        max_length=4000,
        help_text="Une ou deux phrases qu’un élu comprend. Elles figurent dans le document.",
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={
            "required": "Dites en une ou deux phrases pourquoi vous faites ce choix.",
            "max_length": "C’est trop long : 4 000 caractères au plus.",
        },
    )

    def __init__(self, *args, services: Sequence[Compared], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["chosen"].choices = [
            *((str(one.item.listing_id), one.snapshot["name"]) for one in services),
            (NONE, "Aucun : ces services ne répondent pas au besoin"),
        ]
