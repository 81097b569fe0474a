"""Billing runs: start one, follow it, review it by exception, approve, confirm."""

from datetime import timedelta

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_safe

from billing import approving, operations, review
from billing.anomalies.queries import DraftTotals, draft_totals
from billing.anomalies.words import sentence
from billing.exceptions import BillingRefused, DraftsUnsound, PeriodAlreadyBilled, WrongRunState
from billing.issuing import missing_mentions
from billing.models import BillingRun, RunState
from billing.models.run import UNDER_REVIEW
from marketplace.web.access import operator_view
from marketplace.web.archives import ARCHIVE_NOTE, downloads_of_run
from marketplace.web.formats import day, format_cents, format_number, moment
from marketplace.web.operator import run_review
from marketplace.web.operator.forms import RunPeriodForm, capitalised
from marketplace.web.operator.invoice_views import invoice_breakdown, settlement_badge
from marketplace.web.operator.lists import counted, crumbs, rest_of_address, typed
from marketplace.web.operator.roles import MONEY_ROLES
from sso.stepping_up import strongly
from tenants.identifiers import grouped

BADGES = {
    RunState.DRAFTING: "info",
    RunState.REVIEW: "warning",
    RunState.CONFIRMING: "warning",
    RunState.ISSUING: "info",
    RunState.PARTLY: "warning",
    RunState.ISSUED: "success",
}
UNDER_WAY = (RunState.DRAFTING, RunState.ISSUING)
MAX_PROBLEMS = 50


@operator_view(*MONEY_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def run_list(request, operator):
    """The runs, and the form that starts one."""
    now = timezone.now()
    today = localdate(now)
    periods = {
        "periods": review.all_periods(today=today),
        "free": review.billable_periods(operator=operator, today=today),
    }
    form, existing = RunPeriodForm(**periods), None
    if request.method == "POST":
        form = RunPeriodForm(request.POST, **periods)
        if form.is_valid():
            try:
                run = operations.start_run(
                    operator=operator, period=form.cleaned_data["period"], started_by=request.user, now=now
                )
            except PeriodAlreadyBilled as refusal:
                form.add_error("period", str(refusal))
                existing = refusal.run and _link(operator, refusal.run)
            else:
                return redirect("operator_run", operator=operator.slug, public_id=run.public_id)
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Facturation", "")),
        "form": form,
        "existing": existing,
        "can_start": bool(periods["free"]),
        "runs": [
            {
                **_link(operator, summary.run),
                "dates": _dates(summary.run),
                "state": capitalised(summary.run.get_state_display()),
                "badge": BADGES[summary.run.state],
                "invoices": format_number(summary.invoices),
                "net": format_cents(summary.net_cents),
                "gross": format_cents(summary.gross_cents),
            }
            for summary in review.runs_of(operator=operator)
        ],
    }
    return render(request, "operator/runs.html", context)


@operator_view(*MONEY_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def run(request, operator, public_id):
    """One run: its progress, then its drafts to review, then the issued invoices. POST is what a person does
    about remarks and drafts."""
    found = _run(operator, public_id)
    refusal = None
    if request.method == "POST":
        refusal = run_review.act(request, found)
        url = reverse("operator_run", args=[operator.slug, found.public_id])
        if isinstance(refusal, WrongRunState):
            messages.error(request, str(refusal))
        if refusal is None or isinstance(refusal, WrongRunState):
            return run_review.to_same_tab(request, url)
    context = _run_context(operator, found)
    if found.state in UNDER_WAY:
        return render(request, "operator/run_under_way.html", {**context, **_progress(operator, found)})
    if found.state == RunState.ISSUED:
        context |= _issued_context(request, operator, found)
        return render(request, "operator/run_issued.html", context)
    context |= run_review.review_context(request, operator, found, refusal)
    totals = context["totals"]
    if context["tab"] == run_review.ISSUED:
        context |= _issued_context(request, operator, found)
    elif context["tab"] == run_review.ALL:
        search = typed(request)
        page = review.run_drafts(run=found, search=search, page=request.GET.get("page"), drafts=totals.drafts)
        context |= {
            "search": search,
            "page": page,
            "rest": rest_of_address(etat=run_review.ALL, q=search),
            "drafts": [_draft(invoice) for invoice in page],
        }
    context |= {
        "empty": totals.drafts == 0,
        "confirming": run_review.confirming(request, operator, found),
        "problems": found.problems[:MAX_PROBLEMS],
        "more_problems": max(len(found.problems) - MAX_PROBLEMS, 0),
        "problem_count": len(found.problems),
        "problem_title": _not_billed(found),
        "missing": missing_mentions(operator),
        "approve_label": _approve_label(totals),
        "to_do": run_review.left_to_do(context["standing"]),
    }
    return render(request, "operator/run_review.html", context)


@operator_view(*MONEY_ROLES)
@require_safe
def run_progress(request, operator, public_id):
    """The part that refreshes itself; without its trigger once there is nothing to wait for."""
    found = _run(operator, public_id)
    return render(request, "operator/_run_progress.html", _progress(operator, found))


@operator_view(*MONEY_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
@strongly("Émettre les factures")
def approve(request, operator, public_id):
    """The last question before numbers are given: GET asks it, POST is the answer; where a second person
    confirms, hers too."""
    found = _run(operator, public_id)
    run_url = reverse("operator_run", args=[operator.slug, found.public_id])
    refused, problems = "", []
    confirming = found.state == RunState.CONFIRMING
    if request.method == "POST":
        try:
            if confirming:
                approving.confirm_run(run=found, confirmed_by=request.user, now=timezone.now())
            else:
                approving.approve_run(run=found, approved_by=request.user, now=timezone.now())
        except WrongRunState as refusal:
            messages.error(request, str(refusal))
            return redirect(run_url)
        except DraftsUnsound as refusal:
            refused = "Des projets de factures seraient refusés. Rien n’a été émis."
            problems = refusal.problems[:MAX_PROBLEMS]
        except BillingRefused as refusal:
            refused = str(refusal)
        else:
            messages.success(
                request,
                "Facturation approuvée. Une deuxième personne doit maintenant confirmer."
                if found.state == RunState.CONFIRMING
                else "Facturation approuvée. L’émission commence.",
            )
            return redirect(run_url)
    if found.state not in UNDER_REVIEW:
        return redirect(run_url)
    second = run_review.confirming(request, operator, found)
    if second and not second["may"] and not refused:
        return redirect(run_url)
    totals = draft_totals(run=found)
    if not totals.to_issue:
        messages.error(request, "Cette campagne n’a aucune facture à émettre.")
        return redirect(run_url)
    context = {
        **_run_context(operator, found),
        "crumbs": crumbs(
            operator,
            ("Facturation", reverse("operator_runs", args=[operator.slug])),
            (capitalised(review.period_of(found).label), run_url),
            ("Confirmer" if confirming else "Approuver", ""),
        ),
        "run_url": run_url,
        "refused": refused,
        "problems": problems,
        "title": "Confirmer et émettre" if confirming else "Approuver et émettre",
        "confirming": second,
        "confirm_title": f"Émettre {counted(totals.to_issue, 'facture')}\u202f?",
        "confirm_text": f"Total : {format_cents(totals.gross_cents)} TTC, dont "
        f"{format_cents(totals.vat_cents)} de TVA.",
        "confirm_label": _approve_label(totals, verb="Confirmer" if confirming else "Approuver"),
        "consequences": [
            "Chaque facture reçoit son numéro définitif, sans trou dans la suite.",
            "Une facture émise ne se modifie plus : une erreur se corrige par un avoir.",
            *([run_review.not_issued(totals.aside)] if totals.aside else []),
            *([_not_billed(found)] if found.problems else []),
        ],
    }
    return render(request, "operator/run_approve.html", context)


def _run(operator, public_id) -> BillingRun:
    runs = BillingRun.objects.select_related("operator__organisation", "started_by", "approved_by")
    return get_object_or_404(runs, operator=operator, public_id=public_id)


def _run_context(operator, found: BillingRun) -> dict:
    label = capitalised(review.period_of(found).label)
    return {
        "operator": operator,
        "run": found,
        "crumbs": crumbs(
            operator, ("Facturation", reverse("operator_runs", args=[operator.slug])), (label, "")
        ),
        "label": label,
        "dates": _dates(found),
        "history": _history(found),
    }


def _link(operator, found: BillingRun) -> dict:
    url = reverse("operator_run", args=[operator.slug, found.public_id])
    return {"label": capitalised(review.period_of(found).label), "url": url}


def _dates(found: BillingRun) -> str:
    """ "du 1er janvier 2026 au 30 juin 2026": people count the last day in."""
    return f"du {day(found.period_start)} au {day(found.period_end - timedelta(days=1))}"


def _history(found: BillingRun) -> str:
    """Who started, who approved, when: one line."""
    lines = [f"Lancée le {moment(found.started_at)} par {found.started_by}."]
    if found.approved_at:
        lines.append(f"Approuvée le {moment(found.approved_at)} par {found.approved_by}.")
    if found.issued_at:
        lines.append(f"Émise le {moment(found.issued_at)}.")
    return " ".join(lines)


def _figures(totals: review.RunTotals) -> list[dict]:
    return [
        {"label": "Factures émises", "value": format_number(totals.invoices)},
        {"label": "Total HT", "value": format_cents(totals.net_cents)},
        {"label": "TVA", "value": format_cents(totals.vat_cents)},
        {"label": "Total TTC", "value": format_cents(totals.gross_cents)},
    ]


def _approve_label(totals: DraftTotals, *, verb: str = "Approuver") -> str:
    return f"{verb} et émettre {counted(totals.to_issue, 'facture')} ({format_cents(totals.gross_cents)} TTC)"


def _issued_context(request, operator, found: BillingRun) -> dict:
    totals, search = review.run_totals(run=found), typed(request)
    page = review.run_issued(run=found, search=search, page=request.GET.get("page"), issued=totals.invoices)
    etat = request.GET.get("etat", "")
    return {
        "search": search,
        "hidden": [{"name": "etat", "value": etat}] if etat else [],
        "page": page,
        "rest": rest_of_address(etat=etat, q=search),
        "figures": _figures(totals),
        "empty": totals.invoices == 0,
        "downloads": downloads_of_run(found, totals.documents),
        "archive_note": ARCHIVE_NOTE,
        "invoices": [_issued(operator, invoice) for invoice in page],
    }


def _not_billed(found: BillingRun) -> str:
    count = len(found.problems)
    verb = "ne sera pas facturé" if count < 2 else "ne seront pas facturés"
    return f"{counted(count, 'abonnement')} {verb} : le prix n’a pas pu être calculé."


def _draft(invoice) -> dict:
    populations = [population.in_words() for population in review.populations_used(invoice)]
    return {
        "id": invoice.pk,
        "member": invoice.tenant.name,
        "siren": grouped(invoice.tenant.siren),
        "populations": populations,
        "remarks": [sentence(remark) for remark in invoice.anomalies.all()],
        "breakdown": invoice_breakdown(invoice),
    }


def _issued(operator, invoice) -> dict:
    return {
        "number": invoice.number,
        "url": reverse("operator_invoice", args=[operator.slug, invoice.public_id]),
        "member": invoice.buyer["name"],
        "badge": settlement_badge(invoice.settlement),
        "net": format_cents(invoice.net_cents),
        "vat": format_cents(invoice.vat_cents),
        "gross": format_cents(invoice.gross_cents),
    }


def _progress(operator, found: BillingRun) -> dict:
    """For operator/_run_progress.html: members whose drafts are made, then invoices issued. Before the first
    batch nobody knows how many, and the page claims no share."""
    running = found.state in UNDER_WAY
    done, total = found.progress_done, found.progress_total
    unit = "adhérent" if found.state == RunState.DRAFTING else "facture"
    words = {
        RunState.DRAFTING: ("Calcul des projets de factures en cours", "Calcul en cours."),
        RunState.REVIEW: ("Les projets de factures sont prêts", "Les projets de factures sont prêts."),
        RunState.CONFIRMING: ("Les projets sont approuvés", "Une deuxième personne doit confirmer."),
        RunState.PARTLY: ("Les factures approuvées sont émises", "Les factures approuvées sont émises."),
        RunState.ISSUING: ("Émission des factures", "Émission en cours."),
        RunState.ISSUED: ("Toutes les factures sont émises", "Toutes les factures sont émises."),
    }[found.state]
    return {
        "running": running,
        "measured": running and total > 0,
        "done": done,
        "total": total,
        "progress_text": f"{format_number(done)} sur {counted(total, unit)}",
        "progress_label": words[0],
        "announced": words[1],
        "progress_url": reverse("operator_run_progress", args=[operator.slug, found.public_id]),
        "run_url": reverse("operator_run", args=[operator.slug, found.public_id]),
        "next_label": "Voir les factures" if found.state == RunState.ISSUED else "Relire les projets",
    }
