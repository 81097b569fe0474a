"""The pages where claims are checked: the same for an operator's curators and for the platform's staff."""

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate

from catalog.claims import operations, queries
from catalog.models import Claim, ClaimTopic
from marketplace.web.claim_words import (
    badge_of,
    checked_in_words,
    ends_soon,
    evidence_of,
    findings_in_words,
    past_claim,
)
from marketplace.web.fields import TYPED_DATE
from marketplace.web.formats import day
from marketplace.web.operator.lists import chosen, counted, rest_of_address, tabs, typed
from marketplace.web.public.shelf_words import TOPICS
from tenants.models import Operator

STATES = {
    queries.TO_CHECK: "À vérifier",
    queries.EXPIRING: "Bientôt finis",
    queries.EXPIRED: "Finis",
    queries.VERIFIED: "Vérifiés",
    queries.CONTESTED: "Contestés",
    queries.DECLARED: "Sans preuve",
}


@dataclass(frozen=True)
class Desk:
    """Who checks, and where her pages are. `operator` None is the platform."""

    operator: Operator | None
    crumbs: Callable[..., list[dict]]
    list_name: str
    claim_name: str

    def arguments(self, *more) -> list:
        return [*([self.operator.slug] if self.operator else []), *more]

    def list_url(self) -> str:
        return reverse(self.list_name, args=self.arguments())


class VerifyForm(forms.Form):
    """What was checked, and until when."""

    note = forms.CharField(
        label="Ce que vous avez vérifié",
        help_text="Une phrase, lue par les acheteurs. N’y nommez personne.",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Dites en une phrase ce que vous avez vérifié."},
    )
    valid_until = forms.DateField(
        label="Valable jusqu’au",
        required=False,
        help_text="Sans date : aussi longtemps que les règles le permettent.",
        widget=TYPED_DATE,
        error_messages={"invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2027."},
    )


class ContestForm(forms.Form):
    """Why the checker does not agree, and what the claim becomes."""

    note = forms.CharField(
        label="Ce qui ne va pas",
        help_text="Une phrase, lue par l’éditeur et par les acheteurs. N’y nommez personne.",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Dites en une phrase ce qui ne va pas."},
    )
    level = forms.ChoiceField(
        label="L’engagement devient",
        error_messages={"invalid_choice": "Choisissez un niveau de la liste.", "required": "Choisissez."},
    )

    def __init__(self, *args, claim: Claim, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["level"].choices = [(level.value, level.label) for level in operations.ways_down(claim)]


def list_page(request, desk: Desk):
    """Claims by state, topic and words; what ends first comes first."""
    today, filters = localdate(timezone.now()), _filters(request)
    found = queries.claims_to_check(
        operator=desk.operator, filters=filters, on=today, number=request.GET.get("page", "")
    )
    kept = rest_of_address(q=filters.search, sujet=filters.topic)
    context = {
        "crumbs": desk.crumbs(("Engagements à vérifier", "")),
        "filters": filters,
        "filtered": bool(filters.search or filters.topic),
        "topics": [{"value": one.value, "label": one.label} for one in ClaimTopic],
        "tabs": [
            {**tab, "url": f"{request.path}?{kept}etat={name}"}
            for name, tab in zip(
                STATES,
                tabs(request, labels=STATES, counts=found.counts, active=filters.state, search=""),
                strict=True,
            )
        ],
        "page": found.page,
        "rest": _rest(filters),
        "total": counted(found.counts[filters.state], "engagement"),
        "rows": [_row(desk, claim, filters, today) for claim in found.page],
    }
    return render(request, "claims/list.html", context)


def claim_page(request, desk: Desk, public_id):
    """One claim, its evidence, and the two answers: it holds, or it does not."""
    claim = queries.claim_before(operator=desk.operator, public_id=public_id)
    if claim is None:
        if queries.was_before(operator=desk.operator, public_id=public_id):
            messages.error(request, str(operations.ClaimChanged()))
            return redirect(desk.list_url())
        raise Http404
    contests = request.POST.get("decision") == "contest"
    sent = request.POST if request.method == "POST" else None
    verify = VerifyForm(None if contests else sent, prefix="verify")
    contest = ContestForm(sent if contests else None, claim=claim, prefix="contest")
    form = contest if contests else verify
    if sent is not None and form.is_valid():
        try:
            _decide(desk, claim, form.cleaned_data, by=request.user, contests=contests)
        except operations.ClaimInvalid as invalid:
            for field, sentence in invalid.errors.items():
                form.add_error(field or None, sentence)
        except operations.CheckRefused as refusal:
            form.add_error(None, str(refusal))
        except operations.ClaimChanged as changed:
            messages.error(request, str(changed))
            return redirect(desk.list_url())
        else:
            done = "contesté : l’éditeur est prévenu" if contests else "vérifié"
            messages.success(request, f"« {claim.get_topic_display()} » de {claim.sheet.name} est {done}.")
            return redirect(_next(request, desk))
    today = localdate(timezone.now())
    read, verdict = queries.read(claim), queries.verdict_on(claim, on=today)
    context = {
        "crumbs": desk.crumbs(
            ("Engagements à vérifier", f"{desk.list_url()}?{_rest(_filters(request))}".rstrip("&")),
            (claim.sheet.name, ""),
        ),
        "name": f"{claim.sheet.name}, {claim.sheet.vendor.organisation.name}",
        "topic": claim.get_topic_display(),
        "current": {
            "badge": badge_of(claim, on=today),
            "headline": read.headline,
            "until": day(claim.valid_until),
            "checked": checked_in_words(claim),
            "note": claim.check_note,
            "evidence": evidence_of(claim),
            "findings": findings_in_words(verdict),
        },
        "made": day(claim.made_at),
        "words": [{"label": label, "value": text} for label, text in read.words],
        "has_evidence": bool(claim.evidence_url) or claim.evidence_file_id is not None,
        "latest": day(verdict.until) if verdict else "",
        "verify": verify,
        "contest": contest,
        "history": [past_claim(past) for past in queries.history_of(sheet=claim.sheet, topic=claim.topic)],
    }
    return render(request, "claims/check.html", context)


def _filters(request) -> queries.ClaimFilters:
    """Those of the list, which the page of one claim carries in its address."""
    topic = request.GET.get("sujet", "")
    return queries.ClaimFilters(
        search=typed(request),
        topic=topic if topic in ClaimTopic.values else "",
        state=chosen(request, STATES),
    )


def _rest(filters: queries.ClaimFilters) -> str:
    return rest_of_address(q=filters.search, sujet=filters.topic, etat=filters.state)


def _address(desk: Desk, claim: Claim, filters: queries.ClaimFilters) -> str:
    url = reverse(desk.claim_name, args=desk.arguments(claim.public_id))
    return f"{url}?{_rest(filters)}".rstrip("&")


def _next(request, desk: Desk) -> str:
    """Where a decision leads: the next claim of the same list, or the list when it is empty."""
    filters = _filters(request)
    if filters.state == queries.TO_CHECK:
        found = queries.claims_to_check(
            operator=desk.operator, filters=filters, on=localdate(timezone.now()), number=1
        )
        for claim in found.page:
            return _address(desk, claim, filters)
    return f"{desk.list_url()}?{_rest(filters)}".rstrip("&")


def _decide(desk: Desk, claim: Claim, sent: dict, *, by, contests: bool) -> None:
    who = {"operator": desk.operator, "by": by, "now": timezone.now()}
    if contests:
        operations.contest_claim(claim=claim, level=sent["level"], reason=sent["note"], **who)
    else:
        operations.verify_claim(claim=claim, note=sent["note"], valid_until=sent["valid_until"], **who)


def _row(desk: Desk, claim: Claim, filters, today) -> dict:
    return {
        "service": claim.sheet.name,
        "vendor": claim.sheet.vendor.organisation.name,
        "topic": TOPICS[claim.topic],
        "headline": queries.read(claim).headline,
        "url": _address(desk, claim, filters),
        "badge": badge_of(claim, on=today),
        "made": day(claim.made_at),
        "until": day(claim.valid_until),
        "soon": ends_soon(claim, on=today),
        "checked": checked_in_words(claim),
    }
