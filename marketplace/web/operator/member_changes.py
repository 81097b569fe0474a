"""What an operator's staff changes of an adhesion: what it says, a withdrawal, a withdrawal taken back."""

from datetime import timedelta

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.web.access import operator_view
from marketplace.web.formats import day
from marketplace.web.operator.lists import counted
from marketplace.web.operator.member import member_crumbs, member_of
from marketplace.web.operator.member_forms import AdhesionForm, WithdrawalForm, is_epci
from marketplace.web.operator.roles import TASK_ROLES
from subscriptions.operator_queries import open_subscriptions
from tenants.members import operations
from tenants.members.card import covered_count
from tenants.models import Adhesion, Organisation
from tenants.models.operator import WithdrawalRule
from tenants.tenancy import tenant_scope


@operator_view(*TASK_ROLES, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def amend(request, operator, siren, adhesion):
    """Correct the college, the deliberation, or whether the adhesion covers the communes."""
    adhesion, organisation = _adhesion(operator, siren, adhesion)
    kind = {"operator": operator, "is_epci": is_epci(organisation)}
    initial = {
        "college": adhesion.college_id,
        "deliberation_number": adhesion.deliberation_number,
        "deliberation_date": adhesion.deliberation_date,
        "covers_communes": adhesion.covers_communes,
    }
    form = AdhesionForm(request.POST or None, initial=initial, **kind)
    if request.method == "POST" and form.is_valid():
        try:
            with tenant_scope([operator.organisation_id, organisation.pk]):
                operations.amend(adhesion=adhesion, by=request.user, now=timezone.now(), **form.terms())
        except operations.AdhesionRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, "L’adhésion est modifiée.")
            return redirect("operator_member", operator=operator.slug, siren=organisation.siren)
    context = {
        **_frame(operator, organisation, "Modifier l’adhésion"),
        "form": form,
        "since": day(adhesion.since),
    }
    return render(request, "operator/member_amend.html", context)


@operator_view(*TASK_ROLES, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request, operator, siren, adhesion):
    """Record a withdrawal: first the day it was received, then what will follow, with a button to confirm."""
    adhesion, organisation = _adhesion(operator, siren, adhesion)
    now = timezone.now()
    form = WithdrawalForm(request.POST or None)
    context = {**_frame(operator, organisation, "Enregistrer un retrait"), "rule": _rule(operator)}
    if request.method == "POST" and form.is_valid():
        with tenant_scope([operator.organisation_id, organisation.pk]):
            try:
                operations.check_withdrawal(
                    adhesion=adhesion, asked_on=form.cleaned_data["asked_on"], now=now
                )
                if "confirmed" in request.POST:
                    ended = operations.withdraw(
                        adhesion=adhesion, by=request.user, now=now, **form.cleaned_data
                    )
                    messages.success(
                        request, f"Retrait enregistré : l’adhésion prend fin le {_last_day(ended.until)}."
                    )
                    return redirect("operator_member", operator=operator.slug, siren=organisation.siren)
                context |= _consequences(operator, organisation, adhesion, form.cleaned_data)
            except operations.AdhesionRefused as refusal:
                form.add_error(refusal.field or None, str(refusal))
    return render(request, "operator/member_withdraw.html", {**context, "form": form})


@operator_view(*TASK_ROLES, with_members=False)
@require_POST
def stay(request, operator, siren, adhesion):
    """Take a withdrawal back before it takes effect."""
    adhesion, organisation = _adhesion(operator, siren, adhesion)
    try:
        with tenant_scope([operator.organisation_id, organisation.pk]):
            operations.cancel_withdrawal(adhesion=adhesion, by=request.user, now=timezone.now())
    except operations.AdhesionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Le retrait est annulé : {organisation.name} reste adhérente.")
    return redirect("operator_member", operator=operator.slug, siren=organisation.siren)


def _adhesion(operator, siren: str, pk: int) -> tuple[Adhesion, Organisation]:
    """The organisation's own adhesion to this operator. 404 for any other, a covering one included."""
    organisation = member_of(operator, siren)
    adhesion = (
        Adhesion.objects.filter(pk=pk, operator=operator, organisation=organisation)
        .select_related("operator", "organisation")
        .first()
    )
    if adhesion is None:
        raise Http404
    return adhesion, organisation


def _frame(operator, organisation: Organisation, title: str) -> dict:
    url = reverse("operator_member", args=[operator.slug, organisation.siren])
    return {
        "operator": operator,
        "organisation": organisation,
        "title": title,
        "member_url": url,
        "crumbs": member_crumbs(operator, (organisation.name, url), (title, "")),
        "confirm": None,
    }


def _rule(operator) -> str:
    """The statutes' rule as a sentence."""
    months = operator.withdrawal_months
    if operator.withdrawal_rule == WithdrawalRule.YEAR_END:
        notice = f"un préavis de {months} mois, et un" if months else "un"
        return f"Vos statuts prévoient {notice} départ au 31 décembre qui suit."
    if not months:
        return "Vos statuts prévoient un départ sans préavis."
    return f"Vos statuts prévoient un départ à la fin d’un préavis de {months} mois."


def _consequences(operator, organisation, adhesion: Adhesion, typed: dict) -> dict:
    """For components/confirm.html: what will follow, and the subscriptions that last longer."""
    until = operations.end_of_adhesion(adhesion=adhesion, asked_on=typed["asked_on"])
    sentences = [f"{organisation.name} ne peut plus s’abonner à vos services à partir du {day(until)}."]
    if until > localdate(timezone.now()):
        sentences.append("Vous pourrez annuler ce retrait jusqu’à la veille.")
    else:
        sentences.append("Cette date est passée : le retrait prend effet tout de suite et ne s’annule pas.")
    if covered := covered_count(adhesion=adhesion):
        which = "la commune couverte" if covered == 1 else f"les {covered} communes couvertes"
        sentences.append(f"Ce retrait vaut aussi pour {which}, sauf adhésion de leur propre chef.")
    lasting = open_subscriptions(
        operator=operator, organisation=organisation, on=localdate(timezone.now()), beyond=until
    )
    return {
        "confirm": {
            "title": f"L’adhésion prendra fin le {_last_day(until)}",
            "text": f"Retrait reçu le {day(typed['asked_on'])}.",
            "consequences": sentences,
            "hidden": [
                {"name": "asked_on", "value": typed["asked_on"].isoformat()},
                {"name": "deliberation_number", "value": typed["deliberation_number"]},
                {"name": "confirmed", "value": "oui"},
            ],
        },
        "lasting": [subscription.service_name for subscription in lasting],
        "lasting_title": f"{counted(len(lasting), 'abonnement')} en cours au-delà de cette date",
    }


def _last_day(until) -> str:
    """People count the last day in."""
    return day(until - timedelta(days=1))
