"""The journal and the accounts on which a private issuer's sales are written, from a day on."""

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from billing.accounting.codes import AccountsStatement, accounts_of, accounts_on, set_accounts
from billing.models import AccountCodes
from catalog.pricing.money import MONTHS
from marketplace.web.access import operator_view
from marketplace.web.fields import TYPED_DATE
from marketplace.web.formats import day, moment
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import MONEY_ROLES
from marketplace.web.operator.settings_forms import show_mistakes
from tenants.models.operator import IssuerKind
from tenants.operators.settings import SettingsInvalid

CLOSINGS = [(place, capitalised(name)) for place, name in enumerate(MONTHS, start=1)]


def _account(label: str, help_text: str, *, missing: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=bool(missing),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": missing},
    )


class AccountsForm(forms.Form):
    """The fields bear the names of `AccountsStatement`. What an account must be is checked by the room."""

    since = forms.DateField(
        label="À partir du",
        widget=TYPED_DATE,
        error_messages={
            "required": "Indiquez depuis quel jour ces comptes s’appliquent.",
            "invalid": "Cette date n’existe pas : vérifiez le jour et le mois.",
        },
    )
    journal = _account(
        "Code du journal", "Celui de vos ventes, par exemple VE.", missing="Indiquez le code du journal."
    )
    journal_label = _account("Nom du journal", "Par exemple Ventes.", missing="Indiquez le nom du journal.")
    customer = _account(
        "Compte des clients",
        "Il commence par 4, par exemple 411000. Chaque adhérent a son SIREN pour compte auxiliaire.",
        missing="Indiquez le compte des clients.",
    )
    product = _account(
        "Compte de produits",
        "Il commence par 7, par exemple 706000.",
        missing="Indiquez le compte de produits.",
    )
    vat = _account(
        "Compte de TVA collectée", "Il commence par 4, par exemple 445710. Vide si vous n’en facturez pas."
    )
    closing_month = forms.TypedChoiceField(
        label="Dernier mois de l’exercice",
        choices=CLOSINGS,
        coerce=int,
        error_messages={
            "required": "Choisissez le dernier mois de votre exercice.",
            "invalid_choice": "Choisissez un mois de la liste.",
        },
    )

    @classmethod
    def of(cls, accounts: AccountCodes | None):
        """Those in force, to be corrected; nothing is guessed where there are none."""
        known = {name: getattr(accounts, name) for name in cls.base_fields} if accounts else {}
        return cls(initial={"closing_month": 12, **known, "since": localdate()})


@operator_view(*MONEY_ROLES, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def accounts(request, operator):
    """The accounts in force, a form for the next ones, and all that was ever said; for a public issuer, why
    there are none."""
    trail = crumbs(
        operator,
        ("Comptabilité", reverse("operator_accounting", args=[operator.slug])),
        ("Comptes des ventes", ""),
    )
    if operator.issuer_kind != IssuerKind.PRIVATE:
        return render(request, "operator/accounts_none.html", {"operator": operator, "crumbs": trail})
    now = timezone.now()
    current = accounts_on(operator=operator, day=localdate(now))
    form = AccountsForm.of(current)
    if request.method == "POST":
        form = AccountsForm(request.POST)
        if form.is_valid():
            try:
                kept = set_accounts(
                    operator=operator,
                    statement=AccountsStatement(**form.cleaned_data),
                    by=request.user,
                    now=now,
                )
            except SettingsInvalid as invalid:
                show_mistakes(form, invalid)
            else:
                messages.success(request, f"Comptes enregistrés à partir du {day(kept.since)}.")
                return redirect("operator_accounts", operator=operator.slug)
    context = {
        "operator": operator,
        "crumbs": trail,
        "form": form,
        "rows": [_row(one, current) for one in accounts_of(operator=operator)],
    }
    return render(request, "operator/accounts.html", context)


def _row(one: AccountCodes, current: AccountCodes | None) -> dict:
    return {
        "since": day(one.since),
        "recorded": f"Enregistrés le {moment(one.recorded_at)} par {one.recorded_by}.",
        "badge": {"state": "success", "label": "En vigueur"}
        if one == current
        else {"state": "neutral", "label": "À venir" if one.since > localdate() else "Remplacés"},
        "journal": f"{one.journal} – {one.journal_label}",
        "customer": one.customer,
        "product": one.product,
        "vat": one.vat or "aucun",
        "closing": capitalised(MONTHS[one.closing_month - 1]),
    }
