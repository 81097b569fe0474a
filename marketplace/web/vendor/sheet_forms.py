"""The forms of a sheet, section by section. What a value must be is checked by catalog.sheets.content: here,
only what cannot be read at all. Lists are repeated rows, with empty ones to add and a box to remove."""

import json
import re
from dataclasses import dataclass
from typing import Any

from django import forms

from catalog.models import Connector, Family, ServiceSheet
from catalog.sheets.content import MAX_ITEMS, empty_item
from catalog.sheets.errors import SheetInvalid
from catalog.sheets.parameters import read_schema
from tenants.models.organisation import OrganisationKind
from tenants.numbers import whole_number

EMPTY_ROWS = 1
_ADDRESS_OF_SERVICE = re.compile(r"/services/([-a-zA-Z0-9_]+)/?")


class WholeNumberField(forms.CharField):
    """A whole number, typed as people do: "3 500"."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})

    def clean(self, value) -> int | None:
        text = super().clean(value)
        try:
            return whole_number(text) if text else None
        except ValueError:
            raise forms.ValidationError("Écrivez un nombre entier, en chiffres, par exemple 3 500.") from None


class SchemaField(forms.CharField):
    """JSON text."""

    widget = forms.Textarea(attrs={"spellcheck": "false", "class": "halle-tall halle-code"})

    def prepare_value(self, value):
        if isinstance(value, dict):
            return json.dumps(value, ensure_ascii=False, indent=2) if value else ""
        return value

    def clean(self, value) -> dict:
        try:
            return read_schema(super().clean(value))
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None


class OtherServiceField(forms.CharField):
    """The address of a service's page in a hall, or its last part."""

    def clean(self, value) -> str:
        text = super().clean(value)
        found = _ADDRESS_OF_SERVICE.search(text)
        return found.group(1) if found else text


def _text(label: str, hint: str = "", **attributes) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=hint, required=False, widget=forms.TextInput(attrs=attributes)
    )


class PresentationForm(forms.Form):
    name = forms.CharField(label="Nom du service", error_messages={"required": "Donnez un nom au service."})
    family = forms.ChoiceField(label="Famille", choices=Family.choices)
    summary = forms.CharField(
        label="Résumé",
        required=False,
        help_text="Une ou deux phrases, 220 caractères au plus : on les lit sur la carte du service.",
        widget=forms.Textarea,
    )
    description = forms.CharField(
        label="Description",
        required=False,
        help_text="Texte simple, un paragraphe par ligne vide. Dites ce que la mairie fait avec le service.",
        widget=forms.Textarea(attrs={"class": "halle-tall"}),
    )
    website = _text("Page du service", "Sur votre site, si elle existe.", inputmode="url")


class EligibilityForm(forms.Form):
    audience = _text("Pour qui, en une phrase", "Par exemple : communes qui gèrent un restaurant scolaire.")
    body_types = forms.MultipleChoiceField(
        label="Collectivités concernées",
        required=False,
        choices=[(value, label[:1].upper() + label[1:]) for value, label in OrganisationKind.choices],
        help_text="Sans choix, le service convient à toutes.",
        widget=forms.CheckboxSelectMultiple,
    )
    population_min = WholeNumberField(
        label="À partir de (habitants)", required=False, help_text="Cette borne est comprise."
    )
    population_max = WholeNumberField(
        label="Jusqu’à (habitants)", required=False, help_text="Cette borne est comprise."
    )
    personal_data = forms.BooleanField(
        label="Le service traite des données personnelles",
        required=False,
        help_text="Certains opérateurs demandent alors l’avis de leur comité d’éthique.",
    )


class OpeningForm(forms.Form):
    connector = forms.ChoiceField(
        label="Comment le service s’ouvre",
        choices=[(value, label[:1].upper() + label[1:]) for value, label in Connector.choices],
    )
    parameters_schema = SchemaField(
        label="Paramètres demandés à l’ouverture (JSON Schema, Draft 2020-12)",
        required=False,
        help_text="Laissez vide si rien n’est demandé. Décrivez un objet et ses propriétés.",
    )
    hosting = _text("Hébergement", "Qui héberge les données, et où.")


class FreeSoftwareForm(forms.Form):
    licence = _text("Licence, en toutes lettres", "Par exemple : logiciel libre, licence EUPL.")
    licence_spdx = _text(
        "Identifiant SPDX de la licence",
        "Pour un logiciel libre, par exemple EUPL-1.2 ou AGPL-3.0-or-later.",
        autocomplete="off",
        spellcheck="false",
    )
    repository_url = _text("Dépôt du code", "L’adresse publique du code source.", inputmode="url")
    publiccode_url = _text("Adresse du publiccode.yml", inputmode="url")


class Row(forms.Form):
    """One item of a list. `said` names what an item must say: an empty row says nothing, and is no item."""

    use_required_attribute = False
    said: tuple[str, ...] = ()

    def say_what_is_required(self) -> None:
        """For the page, once it is read: these are not shown as optional."""
        for name in self.said:
            self.fields[name].required = True


class Rows(forms.BaseFormSet):
    """Several of them, in the order they were given."""

    def add_fields(self, form, index):
        super().add_fields(form, index)
        form.fields["DELETE"].label = "Supprimer"


class ContactRow(Row):
    said = ("label",)
    label = _text("À quoi sert ce contact", "Assistance technique, formation…")
    email = _text("Courriel", inputmode="email", autocomplete="off")
    phone = _text("Téléphone", inputmode="tel", autocomplete="off")
    hours = _text("Horaires", "Par exemple : du lundi au vendredi, de 9 h à 17 h.")


class ContractorRow(Row):
    said = ("name",)
    name = _text("Entreprise")
    until = forms.CharField(
        label="Sous contrat jusqu’au", required=False, widget=forms.TextInput(attrs={"type": "date"})
    )
    website = _text("Site internet", inputmode="url")


class ScreenshotRow(Row):
    said = ("upload", "alt")
    file = forms.CharField(required=False, widget=forms.HiddenInput)
    upload = forms.FileField(
        label="Image",
        required=False,
        help_text="PNG, JPEG ou WebP, 5 Mo au plus.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        error_messages={"empty": "Ce fichier est vide.", "invalid": "Choisissez une image."},
    )
    alt = _text("Ce que montre l’image", "Une phrase, lue aux personnes qui ne la voient pas.")


class DocumentRow(Row):
    said = ("upload", "title")
    file = forms.CharField(required=False, widget=forms.HiddenInput)
    upload = forms.FileField(
        label="Document PDF",
        required=False,
        help_text="PDF, 10 Mo au plus.",
        widget=forms.FileInput(attrs={"accept": "application/pdf"}),
        error_messages={"empty": "Ce fichier est vide.", "invalid": "Choisissez un PDF."},
    )
    title = _text("Titre du document")


class PrerequisiteRow(Row):
    text = _text("Ce qu’il faut déjà avoir", "Par exemple : un parapheur électronique.")
    sheet = OtherServiceField(
        label="Un service du catalogue",
        required=False,
        help_text="Collez l’adresse de sa page dans une halle : le nom mènera à lui.",
    )
    required = forms.BooleanField(
        label="Indispensable",
        required=False,
        help_text="Sans lui, le vôtre ne peut pas être demandé. Sinon, la collectivité est juste prévenue.",
    )


class OptionRow(Row):
    said = ("code", "name")
    code = _text(
        "Code", "Court et définitif : les tarifs le nomment. Par exemple sms-100.", autocomplete="off"
    )
    name = _text("Nom de l’option")
    summary = _text("Ce qu’elle apporte")
    needs = _text("Code de l’option qu’elle demande", "Vide : elle se choisit seule.", autocomplete="off")


@dataclass(frozen=True)
class ListOf:
    """A list of a section: what its rows are called."""

    name: str
    row: type[Row]
    title: str
    one: str
    hint: str = ""


@dataclass(frozen=True)
class Section:
    """One step of writing a sheet."""

    slug: str
    title: str
    form: type[forms.Form]
    lists: tuple[ListOf, ...] = ()

    @property
    def fields(self) -> list[str]:
        """The fields of the sheet that are written here."""
        return [*self.form.base_fields, *(one.name for one in self.lists)]


SECTIONS = {
    section.slug: section
    for section in (
        Section("presentation", "Présentation", PresentationForm),
        Section("pour-qui", "Pour qui", EligibilityForm),
        Section(
            "captures",
            "Captures et documents",
            forms.Form,
            (
                ListOf("screenshots", ScreenshotRow, "Captures d’écran", "Capture"),
                ListOf("documents", DocumentRow, "Documents", "Document"),
            ),
        ),
        Section(
            "assistance",
            "Assistance",
            forms.Form,
            (ListOf("contacts", ContactRow, "Contacts d’assistance", "Contact"),),
        ),
        Section(
            "options",
            "Prérequis et options",
            forms.Form,
            (
                ListOf("prerequisites", PrerequisiteRow, "Prérequis", "Prérequis"),
                ListOf(
                    "options",
                    OptionRow,
                    "Options",
                    "Option",
                    "La base est le service lui-même. Chaque option peut avoir son tarif.",
                ),
            ),
        ),
        Section("ouverture", "Ouverture", OpeningForm),
        Section(
            "logiciel-libre",
            "Licence et code source",
            FreeSoftwareForm,
            (ListOf("contractors", ContractorRow, "Entreprises qui le maintiennent", "Entreprise"),),
        ),
    )
}
SECTION_OF = {name: section for section in SECTIONS.values() for name in section.fields}


class SheetSection:
    """A section's form and its lists, of a sheet or as they were sent."""

    def __init__(self, section: Section, sheet: ServiceSheet, data=None, files=None):
        self.section = section
        initial = {name: getattr(sheet, name) for name in section.form.base_fields}
        self.form = section.form(data, initial=initial)
        # What was sent is compared with nothing: a row that looks like one of the sheet's is no empty row.
        self.lists = {
            one.name: _formset(one)(
                data,
                files,
                prefix=one.name,
                initial=_rows(getattr(sheet, one.name)) if data is None else None,
            )
            for one in section.lists
        }

    def is_readable(self) -> bool:
        """Whether everything sent can be read."""
        return all([self.form.is_valid(), *(formset.is_valid() for formset in self.lists.values())])

    def values(self) -> dict[str, Any]:
        """What was sent, by field of the sheet, without removed and empty rows."""
        values: dict[str, Any] = dict(self.form.cleaned_data)
        for name in self.lists:
            values[name] = [row.cleaned_data for row in self.rows_sent(name)]
        return values

    def rows_sent(self, name: str) -> list[Row]:
        """The rows of a list that say something and are not removed."""
        return [
            row
            for row in self.lists[name].forms
            if not row.cleaned_data.get("DELETE")
            and (row.cleaned_data.get("upload") or not empty_item(name, row.cleaned_data))
        ]

    def show(self, invalid: SheetInvalid) -> None:
        """Put each mistake on what it is about."""
        for name, sentence in invalid.errors.items():
            if name in self.lists:
                self.lists[name].non_form_errors().append(sentence)
            else:
                self.form.add_error(name, sentence)
        for name, rows in invalid.items.items():
            sent = self.rows_sent(name)
            for rank, mistakes in rows.items():
                for key, sentence in mistakes.items():
                    field = "upload" if key == "file" else key
                    # The form has read this value: what it says of it stays in the field.
                    sent[rank].add_error(field, sentence)

    def mistakes(self) -> list[dict[str, str]]:
        """For the summary on top: {url, text} of every mistake, in the order of the page."""
        found = _mistakes_of(self.form, "")
        for one in self.section.lists:
            formset = self.lists[one.name]
            found += [{"url": f"#{one.name}", "text": str(error)} for error in formset.non_form_errors()]
            for number, row in enumerate(formset.forms, start=1):
                found += _mistakes_of(row, f"{one.one} {number}, ")
        return found


def _mistakes_of(form: forms.Form, before: str) -> list[dict[str, str]]:
    found = [{"url": "", "text": str(error)} for error in form.non_field_errors()]
    for field in form:
        url = f"#{field.auto_id}{'_0' if field.use_fieldset else ''}"
        found += [{"url": url, "text": f"{before}{field.label} : {error}"} for error in field.errors]
    return found


def _formset(one: ListOf) -> type[Rows]:
    maximum = MAX_ITEMS[one.name]
    return forms.formset_factory(
        one.row,
        formset=Rows,
        extra=EMPTY_ROWS,
        can_delete=True,
        max_num=maximum + EMPTY_ROWS,
        absolute_max=maximum + 3 * EMPTY_ROWS,
    )


def _rows(items: list) -> list[dict]:
    """Only what a form can show: an old revision may hold anything."""
    return [item for item in items if isinstance(item, dict)]


class NewServiceForm(forms.Form):
    """What is asked first; the rest is written in the draft."""

    name = forms.CharField(
        label="Nom du service",
        help_text="L’adresse de sa page en sera tirée, une fois pour toutes.",
        error_messages={"required": "Donnez un nom au service."},
    )
    family = forms.ChoiceField(
        label="Famille",
        choices=[("", "Choisissez"), *Family.choices],
        error_messages={
            "required": "Choisissez une famille.",
            "invalid_choice": "Choisissez une famille de la liste.",
        },
    )
