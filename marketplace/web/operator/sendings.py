"""Invoices sent to Chorus Pro: what is ready, what lacks and who can give it, what became of each."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from billing.anomalies.words import TO_DO, sentence
from billing.models import AnomalyKind, Deposit, DepositState, SendingAccount
from billing.sending import depositing
from billing.sending.accounts import AccountStatement, account_of, set_account
from billing.sending.queries import SHOWN, deposits_of, sendings_of, waiting
from billing.sending.readiness import OF_DRAFTS, drafts_lacking
from billing.sending.statuses import meaning_of
from marketplace.web.access import operator_view
from marketplace.web.formats import day, format_number, moment
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import MONEY_ROLES
from marketplace.web.operator.sending_forms import AccountForm, NumberForm
from marketplace.web.operator.settings_forms import show_mistakes
from sso.stepping_up import strongly
from tenants.models import Role
from tenants.operators.settings import SettingsInvalid

BADGES = {
    DepositState.PENDING: "neutral",
    DepositState.STARTED: "info",
    DepositState.DOUBTFUL: "warning",
    DepositState.SENT: "info",
    DepositState.INTEGRATED: "success",
    DepositState.REFUSED: "danger",
    DepositState.NEEDS_PERSON: "warning",
}
may_read_and_send = require_http_methods(["GET", "HEAD", "POST"])


@operator_view(*MONEY_ROLES)
@may_read_and_send
def sending_list(request, operator):
    """What is to be deposited, what keeps the rest, and the deposits made; a POST deposits what is ready."""
    here = reverse("operator_sendings", args=[operator.slug])
    if request.method == "POST":
        return _deposited(request, operator, here)
    account = account_of(operator)
    found = waiting(account) if account else None
    drafts = drafts_lacking(operator)
    page = deposits_of(operator=operator, page=request.GET.get("page"))
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Envois à Chorus Pro", "")),
        "account_url": reverse("operator_sending_account", args=[operator.slug]),
        "since": day(account.since) if account else "",
        "silent": _silent(account),
        "found": found,
        "figures": found
        and [
            {"label": "Prêtes à déposer", "value": format_number(found.ready)},
            {"label": "Il manque quelque chose", "value": format_number(found.lacking)},
            {"label": "Rejetées au dépôt", "value": format_number(found.refused)},
        ],
        "lacking": [
            {
                "number": invoice.number,
                "url": reverse("operator_invoice", args=[operator.slug, invoice.public_id]),
                "member": invoice.buyer["name"],
                "missing": missing,
            }
            for invoice, missing in (found.shown if found else ())
        ],
        "drafts": [_draft(operator, anomaly) for anomaly in drafts[:SHOWN]],
        "drafts_count": format_number(drafts.count()),
        "shown": SHOWN,
        "deposits": [_row(operator, deposit) for deposit in page],
        "page": page,
    }
    return render(request, "operator/sendings.html", context)


def _deposited(request, operator, here: str):
    try:
        deposits = depositing.deposit_ready(
            operator=operator,
            by=request.user,
            now=timezone.now(),
            refused=request.POST.get("action") == "rejetees",
        )
    except depositing.NothingToDeposit:
        messages.info(request, "Rien n’est prêt à déposer : ces factures le sont peut-être déjà.")
    else:
        count = sum(deposit.sendings.count() for deposit in deposits)
        what = f"{count} factures vont être déposées" if count > 1 else "Une facture va être déposée"
        messages.success(request, f"{what} sur Chorus Pro. Revenez dans quelques minutes.")
    return redirect(here)


@operator_view(*MONEY_ROLES)
@may_read_and_send
def deposit(request, operator, public_id):
    """One deposit, with its invoices; a POST says what a person saw at the portal, or has it made again."""
    deposits = Deposit.objects.filter(operator=operator).select_related("asked_by", "operator__organisation")
    one = get_object_or_404(deposits, public_id=public_id)
    form = NumberForm()
    if request.method == "POST":
        form = NumberForm(request.POST) if "number" in request.POST else form
        if not form.is_bound or form.is_valid():
            return _said(request, operator, one, form)
    page = sendings_of(deposit=one, page=request.GET.get("page"))
    title = f"Dépôt du {day(localdate(one.asked_at))}"
    context = {
        "operator": operator,
        "crumbs": crumbs(
            operator,
            ("Envois à Chorus Pro", reverse("operator_sendings", args=[operator.slug])),
            (title, ""),
        ),
        "title": title,
        "deposit": one,
        "row": _row(operator, one),
        "facts": [
            {"label": "Demandé par", "value": str(one.asked_by), "note": moment(one.asked_at)},
            {"label": "Fichier", "value": one.file_name},
            {"label": "Numéro de flux", "value": one.number or "pas encore donné"},
            {"label": "État depuis le", "value": moment(one.changed_at)},
        ],
        "doubtful": one.state == DepositState.DOUBTFUL,
        "may_retry": one.state in (DepositState.DOUBTFUL, DepositState.NEEDS_PERSON),
        "form": form,
        "rows": [_sending(operator, sending) for sending in page],
        "page": page,
    }
    return render(request, "operator/deposit.html", context)


def _said(request, operator, one: Deposit, form: NumberForm):
    now = timezone.now()
    try:
        if form.is_bound:
            number = form.cleaned_data["number"]
            depositing.say_number(deposit=one, number=number, by=request.user, now=now)
            messages.success(request, "C’est noté : Halle suit ce dépôt.")
        else:
            depositing.try_again(deposit=one, by=request.user, now=now)
            messages.success(request, "Le dépôt est relancé. Revenez dans quelques minutes.")
    except depositing.WrongDepositState:
        messages.error(request, "Ce dépôt n’attend plus personne : rien n’a été changé.")
    return redirect("operator_deposit", operator=operator.slug, public_id=one.public_id)


@operator_view(Role.OPERATOR_ADMIN, with_members=False)
@may_read_and_send
@strongly("Enregistrer le compte Chorus Pro")
def account(request, operator):
    """The operator's account at Chorus Pro; its secrets are never shown again."""
    known = account_of(operator)
    names = ("login", "client_id", "since")
    form = AccountForm(
        known=known is not None,
        initial={name: getattr(known, name) for name in names} if known else {"since": localdate()},
    )
    if request.method == "POST":
        form = AccountForm(request.POST, known=known is not None)
        if form.is_valid():
            try:
                set_account(
                    operator=operator,
                    statement=AccountStatement(**form.cleaned_data),
                    by=request.user,
                    now=timezone.now(),
                )
            except SettingsInvalid as invalid:
                show_mistakes(form, invalid)
            else:
                messages.success(request, "Le compte Chorus Pro est enregistré.")
                return redirect("operator_sendings", operator=operator.slug)
    context = {
        "operator": operator,
        "crumbs": crumbs(
            operator,
            ("Envois à Chorus Pro", reverse("operator_sendings", args=[operator.slug])),
            ("Compte Chorus Pro", ""),
        ),
        "form": form,
        "known": known and f"Enregistré le {moment(known.set_at)} par {known.set_by}.",
        "silent": _silent(known),
    }
    return render(request, "operator/sending_account.html", context)


def _silent(account: SendingAccount | None) -> str:
    """Since when nothing is had from the portal, and what to do; "" while it answers."""
    if account is None or account.silent_since is None:
        return ""
    return (
        f"Halle n’obtient rien de Chorus Pro depuis le {moment(account.silent_since)}. Rien n’est perdu : il "
        "redemande toutes les heures. Si cela dure, vérifiez le compte technique et l’application PISTE."
    )


def _row(operator, deposit: Deposit) -> dict:
    return {
        "url": reverse("operator_deposit", args=[operator.slug, deposit.public_id]),
        "asked": day(localdate(deposit.asked_at)),
        "by": str(deposit.asked_by),
        "count": format_number(getattr(deposit, "count", 0)),
        "badge": {"state": BADGES[deposit.state], "label": capitalised(deposit.get_state_display())},
        "problem": deposit.problem,
    }


def _sending(operator, sending) -> dict:
    meaning = meaning_of(sending.code, sending.lifecycle)
    return {
        "number": sending.invoice.number,
        "url": reverse("operator_invoice", args=[operator.slug, sending.invoice.public_id]),
        "member": sending.invoice.buyer["name"],
        "badge": {"state": meaning.badge, "label": meaning.label} if sending.code else None,
        "reason": sending.reason,
        "to_do": meaning.to_do,
    }


def _draft(operator, anomaly) -> dict:
    kind = AnomalyKind(anomaly.kind)
    return {
        "member": anomaly.invoice.tenant.name,
        "url": reverse("operator_run", args=[operator.slug, anomaly.run.public_id]),
        "what": sentence(anomaly),
        "who": OF_DRAFTS[kind],
        "how": TO_DO[kind],
    }
