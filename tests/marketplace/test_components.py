# ruff: noqa: E501 — one line a component
"""Each component is drawn with its required parameters alone, and every variable it reads is defined."""

import django.template
import pytest
from bs4 import BeautifulSoup
from django import forms
from django.core.paginator import Paginator
from django.template.loader import render_to_string

from marketplace.web.moulds import Fixed


class Sample(forms.Form):
    number = forms.CharField(label="Numéro", help_text="Par exemple 12")
    vote = forms.ChoiceField(label="Vote", choices=[("o", "Oui")], widget=forms.RadioSelect)
    sure = forms.BooleanField(label="Certain")
    copy = forms.FileField(label="Copie")


BAD = Sample({"number": ""})
PRICED = {"state": "priced", "ttc": "9 €", "per_inhabitant": "1 €", "commune": "Lourmais", "population": "9"}
UNPRICED = {"state": "unpriced", "commune": "Lourmais", "reason": "Population inconnue."}
CARD = {
    "name": "Agenda", "url": "/s/1/", "vendor": "Tablée", "family": "Site", "family_icon": "website",
    "summary": "Un agenda.", "price": PRICED,
}  # fmt: skip
COMMUNE = {"name": "Lourmais", "department": "Ille-et-Vilaine", "department_code": "35", "population": ""}

MINIMAL = [
    ("alert", {"level": "danger", "text": "Refusé"}, "Refusé"),
    ("badge", {"state": "danger", "label": "Bloquée"}, "Bloquée"),
    ("breadcrumb", {"items": [{"label": "Accueil", "url": "/"}, {"label": "Ici", "url": ""}]}, "Ici"),
    ("button", {"label": "Envoyer"}, "Envoyer"),
    ("button_link", {"label": "Voir", "url": "/"}, "Voir"),
    ("commune_choices", {"id": "c", "title": "Laquelle ?", "choices": [{**COMMUNE, "url": "?i"}]}, "population inconnue"),
    ("commune_options", {"options": [{**COMMUNE, "insee": "35159"}], "query": "lou"}, "(Ille-et-Vilaine, 35)"),
    ("commune_options", {"options": [], "query": "zz"}, "Aucune commune"),
    ("commune_picker", {"id": "c", "action": "/", "suggest_url": "/c/"}, "Votre commune"),
    ("confirm", {"title": "Émettre", "text": "Sûr ?", "action": "/", "confirm_label": "Oui", "cancel_url": "/",
                 "csrf_token": "t"}, "Annuler"),
    ("empty_state", {"title": "Rien", "text": "Cherchez autre chose"}, "Cherchez autre chose"),
    ("error_summary", {"form": BAD}, "4 corrections à faire"),
    ("error_summary", {"form": Sample()}, ""),
    (
        "file_columns",
        {"columns": [{"name": "Courriel", "meaning": "Où écrire.", "needed": "Oui"}]},
        "Courriel Où écrire. Oui",
    ),
    ("import_aside", {"title": "2 lignes écartées", "url": "/a/", "label": "Télécharger"}, "2 lignes écartées"),
    (
        "import_rows",
        {
            "tabs": [], "total": "1 ligne", "what": "Agent", "why": "Pourquoi", "page": Paginator([1], 1).page(1),
            "rest": "",
            "rows": [{
                "line": 2, "name": "Camille", "under": "", "badge": {"state": "info", "label": "À inviter"},
                "problems": [], "facts": [], "changes": [{"label": "Collège", "before": "rien", "after": "Villes"}],
            }],
        },
        "Collège : rien → devient Villes",
    ),
    (
        "past_imports",
        {"imports": [{"file_name": "a.csv", "url": "/a/", "sent": "Hier.", "state": "Fini", "badge": "success"}]},
        "a.csv Hier.",
    ),
    ("facts", {"facts": [{"label": "Éditeur", "value": "Tablée"}]}, "Tablée"),
    ("families", {"families": [{"label": "Archives", "icon": "archives", "url": "/"}]}, "Archives"),
    ("field", {"field": BAD["number"]}, "Ce champ est obligatoire"),
    ("field", {"field": BAD["vote"]}, "Vote"),
    ("field", {"field": BAD["sure"]}, "Certain"),
    ("file_field", {"field": BAD["copy"]}, "Copie"),
    ("filters", {"action": "/", "groups": [{"legend": "Famille", "name": "f", "kind": "radio", "options": [
        {"value": Fixed("a"), "label": "Archives", "checked": True}]}]}, "Archives"),
    ("footer", {}, "Halle"),
    ("header", {}, "Halle"),
    ("header", {"user": {"email": "a@b.example"}, "current_operator": None, "current_organisation": None,
                "nav_items": []}, "a@b.example"),
    ("key_figures", {"figures": [{"label": "Total", "value": "9 €"}]}, "9 €"),
    ("messages", {}, ""),
    ("page_title", {"title": "Bonjour"}, "Bonjour"),
    ("page_title", {"title": "Bonjour", "actions": [{"label": "Voir", "url": "/"}]}, "Voir"),
    ("pagination", {"page": Paginator(range(9), 4).page(1)}, "Page 1 sur 3"),
    ("pagination", {"page": Paginator(range(3), 4).page(1)}, ""),
    ("price", {"price": PRICED}, "pour Lourmais (9 habitants)"),
    ("price", {"price": UNPRICED}, "Population inconnue."),
    ("price", {"price": {"state": "choose", "url": "/"}}, "Choisissez votre commune"),
    ("price_breakdown", {"caption": "Calcul", "lines": [{"label": "Abonnement", "steps": ["9 × 1 €"], "amount": "9 €"}],
                         "total_ht": "9 €", "vat_lines": [], "total_ttc": "9 €"}, "9 × 1 €"),
    ("progress", {"id": "p", "label": "Émission", "value": 1200, "max": 4000, "text": "1 200 sur 4 000"}, "1 200 sur 4 000"),
    ("search_form", {"id": "q", "action": "/"}, "Chercher un service"),
    ("service_card", {"card": CARD}, "Agenda"),
    ("steps", {"label": "Étapes", "steps": [{"label": "Demande", "state": "todo", "when": ""}]}, "À venir"),
    ("steps", {"label": "Étapes", "steps": [{"label": "Demande", "state": "stopped", "when": ""}]}, "Arrêté"),
    ("steps", {"label": "Étapes", "steps": [{"label": "Accord", "state": "stopped", "word": "Refusé", "when": "hier"}]}, "Accord Refusé hier"),
    ("table", {"id": "t", "caption": "Factures", "columns": [{"label": "N°", "numeric": False}],
               "rows": [[{"text": "F-1"}]]}, "F-1"),
    ("tabs", {"label": "Vues", "tabs": [{"label": "Toutes", "url": "/", "active": True}]}, "Toutes"),
    ("todo", {"tasks": [{"label": "Signer", "detail": "Une fois par an.", "url": "/"}]}, "Une fois par an."),
]  # fmt: skip


class _Undefined(str):
    def __contains__(self, part: str) -> bool:
        return part == "%s"

    def __mod__(self, name: object) -> str:
        raise AssertionError(f"undefined template variable: {name}")


@pytest.fixture(autouse=True)
def _undefined_variables_fail(monkeypatch):
    """As strict as can be: even `{% if %}` refuses a variable nobody defined."""
    monkeypatch.setattr(
        django.template.engines["django"].engine, "string_if_invalid", _Undefined("undefined")
    )
    monkeypatch.setattr(
        "django.template.defaulttags.TemplateLiteral.eval",
        lambda self, context: self.value.resolve(context, ignore_failures=False),
    )


@pytest.mark.parametrize(("name", "context", "expected"), MINIMAL)
def test_component_with_its_required_parameters(name, context, expected):
    html = render_to_string(f"components/{name}.html", context)
    text = " ".join(BeautifulSoup(html, "html.parser").get_text(" ").replace("\u202f", " ").split())
    assert expected.replace("  ", " ") in text
    if not expected:
        assert text == ""


def test_strictness_itself():
    with pytest.raises(AssertionError, match="undefined template variable"):
        django.template.engines["django"].from_string("{% if nobody %}{% endif %}").render({})


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "500"])
def test_error_pages_need_nothing_and_say_what_to_do(code):
    page = BeautifulSoup(render_to_string(f"{code}.html"), "html.parser")
    assert page.html["lang"] == "fr"
    assert len(page.find_all("h1")) == 1
    assert page.find("a", class_="btn")["href"] == "/"


def test_operator_brings_its_name_colours_and_contact():
    operator = {"name": "SIEA", "stylesheet_url": "/o/siea.css", "contact_email": "a@siea.example"}
    page = BeautifulSoup(render_to_string("base.html", {"current_operator": operator}), "html.parser")
    assert page.find("link", href="/o/siea.css")
    assert page.find(class_="halle-brand__name").string == "SIEA"
    assert page.find("a", href="mailto:a@siea.example")


def test_switcher_marks_the_organisation_one_acts_for():
    choices = [
        {"label": "Lourmais", "url": "/a/", "active": True},
        {"label": "Combourg", "url": "/b/", "active": False},
    ]
    html = render_to_string(
        "components/header.html",
        {"organisation_choices": choices, "current_organisation": {"name": "Lourmais"}},
    )
    assert BeautifulSoup(html, "html.parser").find("a", href="/a/")["aria-current"] == "true"
