"""The codes that a public accountant gave an operator, from a day on: what a titre in PES V2 needs."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from billing.collecting.codes import CodesStatement, codes_of, codes_on, missing_codes, set_codes
from billing.models import TitreCodes
from marketplace.web.access import operator_view
from marketplace.web.fields import TYPED_DATE
from marketplace.web.formats import day, moment
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import MONEY_ROLES
from marketplace.web.operator.settings_forms import show_mistakes
from tenants.identifiers import grouped
from tenants.models.operator import IssuerKind
from tenants.operators.settings import SettingsInvalid


def _code(label: str, help_text: str, *, missing: str = "", digits: bool = False) -> forms.CharField:
    """A code that the public accountant gave; `missing` is said when it is needed and empty."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=bool(missing),
        widget=forms.TextInput(attrs={"autocomplete": "off", **({"inputmode": "numeric"} if digits else {})}),
        error_messages={"required": missing},
    )


class CodesForm(forms.Form):
    """The fields bear the names of `CodesStatement`. What a code must be is checked by the room."""

    since = forms.DateField(
        label="À partir du",
        widget=TYPED_DATE,
        help_text="Le jour à partir duquel ces codes s’appliquent, passé ou à venir.",
        error_messages={
            "required": "Indiquez depuis quel jour ces codes s’appliquent.",
            "invalid": "Cette date n’existe pas : vérifiez le jour et le mois.",
        },
    )
    post = _code(
        "Codique du poste comptable",
        "Le numéro de votre trésorerie : 6 ou 7 chiffres (IdPost).",
        missing="Indiquez le codique du poste comptable.",
    )
    budget_siret = _code(
        "SIRET du budget",
        "Celui du budget qui encaisse : 14 chiffres (IdColl). Un budget annexe a le sien.",
        missing="Indiquez le SIRET du budget.",
        digits=True,
    )
    collectivity = _code(
        "Code collectivité", "Trois signes au plus (CodCol).", missing="Indiquez le code collectivité."
    )
    budget = _code(
        "Code budget", "Deux signes au plus (CodBud). Laissez vide si votre comptable n’en a pas donné."
    )
    product = _code(
        "Code produit local",
        "Quatre signes au plus (CodProdLoc), convenu avec votre comptable.",
        missing="Indiquez le code produit local.",
    )
    account = _code(
        "Compte par nature",
        "L’imputation du titre, par exemple 7068 (Nature).",
        missing="Indiquez le compte par nature.",
        digits=True,
    )
    function = _code("Fonction", "Seulement si votre budget est voté par fonction (Fonction).", digits=True)

    @classmethod
    def of(cls, codes: TitreCodes | None, operator):
        """Those in force, to be corrected; the operator's own SIRET for a start."""
        if codes is None:
            return cls(initial={"budget_siret": operator.organisation.siret, "since": localdate()})
        known = {name: getattr(codes, name) for name in cls.base_fields}
        return cls(initial=known | {"since": localdate()})


@operator_view(*MONEY_ROLES, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def codes(request, operator):
    """The codes in force, a form for the next ones, and all that was ever said."""
    if operator.issuer_kind != IssuerKind.PUBLIC:
        raise Http404
    now = timezone.now()
    current = codes_on(operator=operator, day=localdate(now))
    form = CodesForm.of(current, operator)
    if request.method == "POST":
        form = CodesForm(request.POST)
        if form.is_valid():
            try:
                kept = set_codes(
                    operator=operator, statement=CodesStatement(**form.cleaned_data), by=request.user, now=now
                )
            except SettingsInvalid as invalid:
                show_mistakes(form, invalid)
            else:
                messages.success(request, f"Codes enregistrés à partir du {day(kept.since)}.")
                return redirect("operator_titre_codes", operator=operator.slug)
    missing = missing_codes(current)
    context = {
        "operator": operator,
        "crumbs": crumbs(
            operator,
            ("Titres de recettes", reverse("operator_titres", args=[operator.slug])),
            ("Codes du comptable public", ""),
        ),
        "form": form,
        "missing": f"Il manque {', '.join(missing)}. Votre comptable public les donne." if missing else "",
        "rows": [_row(one, current) for one in codes_of(operator=operator)],
    }
    return render(request, "operator/titre_codes.html", context)


def _row(one: TitreCodes, current: TitreCodes | None) -> dict:
    return {
        "since": day(one.since),
        "recorded": f"Enregistrés le {moment(one.recorded_at)} par {one.recorded_by}.",
        "badge": {"state": "success", "label": "En vigueur"}
        if one == current
        else {"state": "neutral", "label": "À venir" if one.since > localdate() else "Remplacés"},
        "post": one.post,
        "siret": grouped(one.budget_siret),
        "budget": one.collectivity + (f", budget {one.budget}" if one.budget else ""),
        "account": f"Nature {one.account}, produit {one.product}"
        + (f", fonction {one.function}" if one.function else ""),
    }
