"""What members of all operators look for, and a vendor's answer."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from catalog.experience import needs as board
from catalog.experience.queries import needs, with_answers
from catalog.models import Family
from marketplace.web.access import vendor_view
from marketplace.web.operator.lists import rest_of_address
from marketplace.web.opinion_views import need_page, need_row
from marketplace.web.vendor.duties import crumbs
from tenants.refusals import Refused

PAGE = 20


class AnswerForm(forms.Form):
    sheet = forms.ModelChoiceField(
        label="Votre service qui y répond", queryset=None, required=False, empty_label="Aucun pour l’instant"
    )
    text = forms.CharField(
        label="Votre réponse",
        max_length=board.MAX_ANSWER,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": "Écrivez votre réponse."},
    )

    def __init__(self, *args, vendor, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["sheet"].queryset = vendor.sheets.order_by("name")


@vendor_view()
@require_safe
def need_list(request, vendor):
    """Open needs, most wanted first."""
    family = request.GET.get("famille", "")
    family = family if family in Family.values else ""
    page = Paginator(needs(family=family), PAGE).get_page(request.GET.get("page"))
    siren = vendor.organisation.siren
    context = {
        "name": vendor.organisation.name,
        "crumbs": crumbs(vendor, "Besoins des collectivités"),
        "page": page,
        "rest": rest_of_address(famille=family),
        "family": family,
        "families": [{"value": value, "label": label} for value, label in Family.choices],
        "rows": [need_row(need, url=reverse("vendor_need", args=[siren, need.public_id])) for need in page],
    }
    return render(request, "vendor/needs.html", context)


@vendor_view()
@require_http_methods(["GET", "HEAD", "POST"])
def need(request, vendor, public_id):
    """One need, and the form that answers it."""
    found = with_answers(needs()).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    form = AnswerForm(request.POST or None, vendor=vendor)
    if request.method == "POST" and form.is_valid():
        try:
            board.answer(
                need=found,
                organisation=vendor.organisation,
                **form.cleaned_data,
                by=request.user,
                now=timezone.now(),
            )
        except Refused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, "Votre réponse est au tableau, la collectivité est prévenue.")
            return redirect("vendor_need", siren=vendor.organisation.siren, public_id=public_id)
    siren = vendor.organisation.siren
    context = {
        "crumbs": [
            *crumbs(vendor, "")[:1],
            {"label": "Besoins des collectivités", "url": reverse("vendor_needs", args=[siren])},
            {"label": found.title, "url": ""},
        ],
        "need": need_page(found),
        "form": form,
    }
    return render(request, "vendor/need.html", context)
