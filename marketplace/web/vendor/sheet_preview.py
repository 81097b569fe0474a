"""The draft as the members of one operator would read it: its colours, words, terms and price."""

from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from catalog.sheets.drafts import draft_of
from catalog.sheets.queries import preview_shelf
from marketplace.web.access import vendor_view
from marketplace.web.public.commune_choice import chosen_commune
from marketplace.web.public.service import service_context
from marketplace.web.vendor.services import sheet_or_404
from tenants.models import Operator


@vendor_view()
@require_safe
def preview(request, vendor, slug):
    """`?operateur=` chooses the operator (the first one otherwise), and the commune as anywhere."""
    sheet = sheet_or_404(vendor, slug)
    operators = list(Operator.objects.select_related("organisation").order_by("short_name", "pk"))
    if not operators:
        raise Http404
    wanted = request.GET.get("operateur", "")
    operator = next((one for one in operators if one.slug == wanted), operators[0])
    choice = chosen_commune(request, on=localdate(timezone.now()), keep=("operateur",))
    if choice.redirect_to:
        return redirect(choice.redirect_to)
    draft = draft_of(sheet)
    context = service_context(
        operator=operator,
        listing=preview_shelf(sheet=sheet, operator=operator),
        sheet=draft.sheet,
        vendor=vendor,
        choice=choice,
    )
    context["back_url"] = reverse("vendor_service", args=[vendor.organisation.siren, slug])
    context["preview"] = {
        "operators": [
            {"slug": one.slug, "name": one.short_name, "chosen": one == operator} for one in operators
        ],
        "insee": choice.commune.code if choice.commune else "",
        "back_label": sheet.name,
    }
    context["picker_hidden"] = [{"name": "operateur", "value": operator.slug}]
    # Its colours and its logo: the page is to look as its members will see it.
    request.current_operator = operator
    return render(request, "public/service.html", context)
