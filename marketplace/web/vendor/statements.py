"""What operators owe a vendor: its statements, the commissions it agrees to."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_safe

from billing.models import CommissionTerms, StatementState
from billing.vendors import answers
from billing.vendors import terms as agreements
from billing.vendors.queries import lines_of, statements_of_vendor, terms_with, with_history
from marketplace.web import statement_words as words
from marketplace.web.access import READING, vendor_view
from marketplace.web.csv import csv_response
from marketplace.web.fields import text_field
from marketplace.web.formats import day, format_cents
from marketplace.web.operator.vendor_statements import LINES_A_PAGE, statement_context
from marketplace.web.operator.vendor_terms import terms_badge
from marketplace.web.vendor.words import crumbs
from tenants.models import Role
from tenants.refusals import Refused
from tenants.spreadsheets.writing import csv_bytes

PAGE_SIZE = 25
TITLE = "Relevés"
AGREE, CONTEST = "accepter", "contester"


class ContestForm(forms.Form):
    """Why the statement is wrong."""

    reason = text_field(
        "Ce qui ne va pas",
        longest=answers.MAX_TEXT,
        missing="Dites ce qui ne va pas : l’opérateur le lira.",
        help_text="Dites quelle ligne, et ce que vous attendiez.",
    )


@vendor_view()
@require_http_methods(["GET", "HEAD", "POST"])
def statement_list(request, vendor):
    """Its statements and its commissions; POST agrees to what an operator proposes."""
    known = list(terms_with(vendor=vendor))
    siren = vendor.organisation.siren
    may_agree = Role.VENDOR_ADMIN in request.roles
    if request.method == "POST":
        if not may_agree:
            return HttpResponseNotAllowed(READING)
        _agree_to_terms(request, known)
        return redirect("vendor_statements", siren=siren)
    page = Paginator(statements_of_vendor(vendor=vendor), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "vendor": vendor,
        "title": TITLE,
        "crumbs": crumbs(vendor, (TITLE, "")),
        "page": page,
        "may_agree": may_agree,
        "terms": _terms(known),
        "rows": [
            {
                "operator": one.operator.short_name,
                "url": reverse("vendor_statement", args=[siren, one.public_id]),
                "label": words.label_of(one),
                "badge": words.badge_of(one),
                "due": format_cents(one.to_pay_cents),
                "left": format_cents(one.to_pay_cents - one.paid_cents),
            }
            for one in page
        ],
    }
    return render(request, "vendor/statements.html", context)


@vendor_view()
@require_http_methods(["GET", "HEAD", "POST"])
def statement(request, vendor, public_id):
    """One statement with its lines; POST agrees to it, or says what is wrong."""
    found = get_object_or_404(with_history(statements_of_vendor(vendor=vendor)), public_id=public_id)
    form = ContestForm()
    may_answer = Role.VENDOR_ADMIN in request.roles
    if request.method == "POST":
        if not may_answer:
            return HttpResponseNotAllowed(READING)
        if request.POST.get("action") == CONTEST:
            form = ContestForm(request.POST)
        if not form.is_bound or form.is_valid():
            _answer(request, found, form)
            return redirect(request.path)
    siren = vendor.organisation.siren
    list_url = reverse("vendor_statements", args=[siren])
    page = Paginator(lines_of(statement=found), LINES_A_PAGE).get_page(request.GET.get("page"))
    waits = found.state in (StatementState.DRAWN, StatementState.CONTESTED)
    context = {
        "vendor": vendor,
        "crumbs": crumbs(vendor, (TITLE, list_url), (words.label_of(found), "")),
        "operator": found.operator.short_name,
        **statement_context(found, page),
        "may_agree": waits and may_answer,
        "form": form if found.state == StatementState.DRAWN else None,
        "only_admin": waits and not may_answer,
        "csv_url": reverse("vendor_statement_csv", args=[siren, public_id]),
        "list_url": list_url,
    }
    return render(request, "vendor/statement.html", context)


@vendor_view()
@require_safe
def lines_csv(request, vendor, public_id):
    """The lines, for a spreadsheet."""
    found = get_object_or_404(statements_of_vendor(vendor=vendor), public_id=public_id)
    rows = lines_of(statement=found).iterator(chunk_size=2000)
    content = csv_bytes(words.COLUMNS, (words.csv_row(one) for one in rows))
    last = found.period_end
    return csv_response(content=content, filename=f"releve-{found.operator.slug}-{last:%Y-%m-%d}.csv")


def _agree_to_terms(request, known: list[CommissionTerms]) -> None:
    chosen = next((one for one in known if str(one.public_id) == request.POST.get("terms")), None)
    if chosen is None:
        messages.error(request, agreements.NO_SUCH_TERMS)
        return
    try:
        agreements.agree(terms=chosen, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Conditions de {chosen.operator.short_name} acceptées.")


def _answer(request, found, form: ContestForm) -> None:
    now = timezone.now()
    try:
        if form.is_bound:
            answers.contest(statement=found, reason=form.cleaned_data["reason"], by=request.user, now=now)
            said = "Contestation envoyée. L’opérateur est prévenu par courriel."
        else:
            answers.agree(statement=found, by=request.user, now=now)
            said = "Relevé accepté. L’opérateur est prévenu par courriel."
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)


def _terms(known: list[CommissionTerms]) -> list[dict]:
    rows = []
    for one in known:
        of_operator = [other for other in known if other.operator_id == one.operator_id]
        agreed = [other for other in of_operator if other.agreed_at]
        current = agreements.in_force(agreed, localdate())
        latest = max(other.pk for other in of_operator)
        rows.append(
            {
                "operator": one.operator.short_name,
                "since": day(one.since),
                "commission": agreements.in_words(one),
                "vat": agreements.vat_in_words(one),
                "badge": terms_badge(one, current, latest),
                "id": one.public_id if one.agreed_at is None and one.pk == latest else "",
            }
        )
    return rows
