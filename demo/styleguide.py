"""The style guide: every component and two example pages, on invented content.

Only for development: include this module's addresses from the development settings' URLs, never elsewhere.
"""

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from demo.styleguide_content import COMMUNES, CONTENT

TEMPLATES = {
    "": "styleguide.html",
    "vitrine": "styleguide/storefront.html",
    "revue": "styleguide/review.html",
}


class SampleForm(forms.Form):
    number = forms.CharField(
        label="Numéro de la délibération", help_text="Par exemple 2026-014", max_length=20
    )
    date = forms.DateField(
        label="Date de la séance",
        help_text="Au format jour/mois/année, par exemple 03/03/2026",
        error_messages={"invalid": "Écrivez la date sous la forme jour/mois/année, par exemple 03/03/2026."},
    )
    vote = forms.ChoiceField(
        label="Résultat du vote",
        choices=[("oui", "Adoptée"), ("non", "Rejetée")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choisissez le résultat du vote."},
    )
    budget = forms.ChoiceField(
        label="Budget", choices=[("p", "Budget principal"), ("c", "Budget annexe de la cantine")]
    )
    note = forms.CharField(label="Remarque", widget=forms.Textarea, required=False)
    copy = forms.FileField(
        label="Délibération signée",
        help_text="Un seul fichier PDF, 10 Mo au plus.",
        error_messages={"required": "Joignez la délibération signée."},
    )
    sure = forms.BooleanField(label="La délibération est exécutoire", required=False)


@login_not_required
@require_safe
def styleguide(request, page=""):
    """One page of the style guide. 404 for an unknown page."""
    if page not in TEMPLATES:
        raise Http404
    context = {
        **CONTENT,
        "form": SampleForm(),
        "form_with_errors": SampleForm(
            {"number": "2026-014", "date": "hier", "budget": "p"}, auto_id="err_%s"
        ),
        "page_of_list": Paginator(range(250), 25).page(3),
    }
    return render(request, TEMPLATES[page], context)


@login_not_required
@require_safe
def communes(request):
    """Suggestions for the pickers of the style guide, from a handful of communes."""
    query = request.GET.get("commune", "").strip()
    found = [c for c in COMMUNES if query and query.casefold() in c["name"].casefold()]
    return render(request, "components/commune_options.html", {"options": found, "query": query})


urlpatterns = [
    path("", styleguide, name="styleguide"),
    path("communes/", communes, name="styleguide_communes"),
    path("<slug:page>/", styleguide, name="styleguide_page"),
]
