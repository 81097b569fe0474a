"""What a vendor claims of one service: topic by topic, with evidence, an end, and who checked."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.claims import operations, queries
from catalog.models import ClaimTopic, ServiceSheet
from marketplace.web.access import vendor_view
from marketplace.web.claim_words import (
    NOTHING,
    badge_of,
    checked_in_words,
    ends_soon,
    evidence_of,
    findings_in_words,
    past_claim,
)
from marketplace.web.commune.forms import ask_files_again
from marketplace.web.formats import day
from marketplace.web.vendor.claim_forms import ClaimForm
from marketplace.web.vendor.words import crumbs

may_read_and_send = require_http_methods(["GET", "HEAD", "POST"])


@vendor_view()
@require_safe
def claim_list(request, vendor, slug):
    """One row a topic, said or not."""
    sheet, today = _sheet(vendor, slug), localdate(timezone.now())
    context = {
        **_frame(vendor, sheet),
        "rows": [_row(vendor, sheet, state, today) for state in queries.topics_of(sheet=sheet, on=today)],
    }
    return render(request, "vendor/claims.html", context)


@vendor_view()
@may_read_and_send
def claim(request, vendor, slug, topic):
    """Say something on a topic, or correct what was said."""
    sheet, topic, today = _sheet(vendor, slug), _topic(topic), localdate(timezone.now())
    state = queries.topic_of(sheet=sheet, topic=topic, on=today)
    last = state.read.claim if state.read else None
    form = _form(request, topic, state)
    if form.asks_for_more_rows:
        form.errors.clear()
    elif request.method == "POST" and form.is_valid():
        sent = form.cleaned_data
        try:
            if sent["replaces"] != (str(last.public_id) if last else ""):
                raise operations.ClaimChanged
            made = operations.make_claim(
                sheet=sheet,
                topic=topic,
                data=form.data_typed(),
                evidence_url=sent["evidence_url"],
                evidence_file=last.evidence_file if last and sent.get("keep_file") else None,
                evidence_upload=sent["evidence_file"],
                replaces=last,
                by=request.user,
                now=timezone.now(),
            )
        except operations.ClaimInvalid as invalid:
            form.show(invalid.errors)
        except operations.ClaimChanged as changed:
            form.add_error(None, str(changed))
        else:
            until = f", jusqu’au {day(made.valid_until)}" if made.valid_until else ""
            messages.success(request, f"« {topic.label} » est {made.get_level_display()}{until}.")
            return redirect("vendor_claims", siren=vendor.organisation.siren, slug=sheet.slug)
    ask_files_again(form)
    context = {
        **_frame(vendor, sheet, (topic.label, "")),
        "topic": topic.label,
        "form": form,
        "has_file": "keep_file" in form.fields,
        "replaces": str(last.public_id) if last else "",
        "current": _row(vendor, sheet, state, today),
        "history": [past_claim(past) for past in queries.history_of(sheet=sheet, topic=topic)],
    }
    return render(request, "vendor/claim.html", context)


@vendor_view()
@may_read_and_send
def renew(request, vendor, slug, topic):
    """ "Reconduire": read again what was said, and say that it still holds."""
    sheet, topic, today = _sheet(vendor, slug), _topic(topic), localdate(timezone.now())
    state = queries.topic_of(sheet=sheet, topic=topic, on=today)
    if state.read is None:
        raise Http404
    error, last = "", state.read.claim
    if request.method == "POST":
        try:
            if request.POST.get("replaces") != str(last.public_id):
                raise operations.ClaimChanged
            made = operations.renew_claim(claim=last, by=request.user, now=timezone.now())
        except operations.ClaimInvalid as invalid:
            error = " ".join(invalid.errors.values())
        except operations.ClaimChanged as changed:
            error = str(changed)
        else:
            until = f" jusqu’au {day(made.valid_until)}" if made.valid_until else ""
            messages.success(request, f"« {topic.label} » est reconduit{until}.")
            return redirect("vendor_claims", siren=vendor.organisation.siren, slug=sheet.slug)
    context = {
        **_frame(vendor, sheet, ("Reconduire", "")),
        "topic": topic.label,
        "error": error,
        "replaces": str(last.public_id),
        "words": [{"label": label, "value": text} for label, text in state.read.words],
        "current": _row(vendor, sheet, state, today),
    }
    return render(request, "vendor/claim_renew.html", context)


@vendor_view()
@require_POST
def withdraw(request, vendor, slug, topic):
    """The vendor no longer says it."""
    sheet, topic = _sheet(vendor, slug), _topic(topic)
    state = queries.topic_of(sheet=sheet, topic=topic, on=localdate(timezone.now()))
    try:
        if state.read is None:
            raise operations.ClaimChanged
        operations.withdraw_claim(claim=state.read.claim, by=request.user, now=timezone.now())
    except operations.ClaimChanged as changed:
        messages.error(request, str(changed))
    else:
        messages.success(request, f"« {topic.label} » n’est plus déclaré.")
    return redirect("vendor_claims", siren=vendor.organisation.siren, slug=sheet.slug)


def _sheet(vendor, slug: str) -> ServiceSheet:
    return get_object_or_404(
        ServiceSheet.objects.select_related("vendor__organisation"), vendor=vendor, slug=slug
    )


def _topic(value: str) -> ClaimTopic:
    try:
        return ClaimTopic(value)
    except ValueError:
        raise Http404 from None


def _form(request, topic: ClaimTopic, state) -> ClaimForm:
    value = state.read.value if state.read else None
    last = state.read.claim if state.read else None
    initial = {"evidence_url": last.evidence_url} if last else {}
    has_file = last is not None and last.evidence_file is not None
    return ClaimForm(
        request.POST or None,
        request.FILES or None,
        topic=topic,
        value=value,
        has_file=has_file,
        initial=initial,
    )


def _frame(vendor, sheet: ServiceSheet, *items: tuple[str, str]) -> dict:
    here = [vendor.organisation.siren, sheet.slug]
    address = reverse("vendor_claims", args=here)
    service = (sheet.name, reverse("vendor_service", args=here))
    return {
        "vendor": vendor,
        "name": sheet.name,
        "list_url": address,
        "crumbs": crumbs(vendor, service, ("Engagements et preuves", address if items else ""), *items),
    }


def _row(vendor, sheet: ServiceSheet, state, today) -> dict:
    """One topic, for the list and above its form."""
    arguments = [vendor.organisation.siren, sheet.slug, state.topic.value]
    row = {
        "topic": state.topic.label,
        "url": reverse("vendor_claim", args=arguments),
        "said": state.read is not None,
        "badge": NOTHING,
        "headline": "",
        "until": "",
        "soon": False,
        "checked": "",
        "note": "",
        "evidence": [],
        "findings": [],
        "renew_url": reverse("vendor_claim_renew", args=arguments),
        "withdraw_url": reverse("vendor_claim_withdraw", args=arguments),
    }
    if state.read is None:
        return row
    claim = state.read.claim
    return row | {
        "badge": badge_of(claim, on=today),
        "headline": state.read.headline,
        "until": day(claim.valid_until),
        "soon": ends_soon(claim, on=today),
        "checked": checked_in_words(claim),
        "note": claim.check_note,
        "evidence": evidence_of(claim),
        "findings": findings_in_words(state.verdict),
    }
