"""A member's subscriptions: the list, one with its progress, the act that approved it."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from marketplace.web.access import member_view
from marketplace.web.commune.detail import detail_page, entering_in, follow
from marketplace.web.commune.home import storefront_url
from marketplace.web.commune.words import plural, price_in_list, state_badge
from marketplace.web.formats import day
from marketplace.web.pdf import FileMissing, pdf_response
from subscriptions.queries import GROUPS, group_counts, subscription_for_member, subscriptions_of_member
from subscriptions.sharing import covers_for
from tenants.members.adhesions import operators_of
from tenants.models import Role
from tenants.models.organisation import OrganisationKind

PAGE_SIZE = 25
TABS = {
    "": "Tous",
    "a-approuver": "À approuver",
    "en-cours": "Ouverture en cours",
    "ouverts": "Ouverts",
    "termines": "Terminés, refusés ou annulés",
}


@member_view()
@require_safe
def subscription_list(request, organisation):
    """Every request and subscription, newest first, one group of states at a time if wanted."""
    group = request.GET.get("etat", "")
    group = group if group in GROUPS else ""
    counts = group_counts(organisation=organisation)
    today = localdate(timezone.now())
    rows = subscriptions_of_member(organisation=organisation, on=today, group=group)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    shown = counts[group] if group else sum(counts.values())
    operators = operators_of(organisation=organisation, on=today).order_by("short_name", "pk")
    context = {
        "organisation": organisation,
        "rows": [
            {
                "name": row.service_name,
                "url": reverse("member_subscription", args=[organisation.siren, row.public_id]),
                "operator": row.operator.short_name,
                "badge": state_badge(row),
                "by": str(row.requested_by),
                "at": day(row.requested_at),
                "yearly": price_in_list(row),
            }
            for row in page
        ],
        "page": page,
        "query": urlencode({"etat": group}) + "&" if group else "",
        "caption": plural(shown, "abonnement") + (f" : {TABS[group].lower()}" if group else ""),
        "tabs": [
            {
                "label": label,
                "url": f"{request.path}?{urlencode({'etat': name})}" if name else request.path,
                "active": name == group,
                "count": str(counts[name] if name else sum(counts.values())),
            }
            for name, label in TABS.items()
        ],
        "filtered": bool(group),
        "storefront_url": storefront_url(operators[0], organisation) if operators else reverse("home"),
        "may_request": Role.SECRETARY in request.roles,
        "covers": [
            {
                "name": row.service_name,
                "by": row.covering.name,
                "since": day(row.since),
                "operator": row.operator.short_name,
            }
            for row in covers_for(organisation=organisation, on=localdate(timezone.now()))
        ],
        "is_epci": organisation.kind == OrganisationKind.EPCI,
        "bulks_url": reverse("member_bulks", args=[organisation.siren]),
    }
    return render(request, "commune/subscriptions.html", context)


@member_view()
@require_safe
def detail(request, organisation, public_id):
    """One subscription: price, steps, who did what, and what this person may do about it."""
    subscription = get_object_or_404(subscription_for_member(organisation=organisation), public_id=public_id)
    return detail_page(request, organisation, subscription)


@member_view()
@require_safe
def progress(request, organisation, public_id):
    """The part of the page that follows the opening: asked for again until nothing changes by itself."""
    subscription = get_object_or_404(subscription_for_member(organisation=organisation), public_id=public_id)
    entering = entering_in(subscription)
    context = {"follow": follow(organisation, subscription, entering=entering), "subscription": subscription}
    return render(request, "commune/_progress.html", context)


@member_view()
@require_safe
def decision_file(request, organisation, public_id):
    """The deliberation or decision that approved a subscription."""
    subscription = get_object_or_404(subscription_for_member(organisation=organisation), public_id=public_id)
    decision = getattr(subscription, "decision", None)
    if decision is None:
        raise Http404
    try:
        return pdf_response(path=decision.file.name, filename=f"acte-{decision.number}.pdf")
    except FileMissing as error:
        messages.error(request, str(error))
        return redirect("member_subscription", siren=organisation.siren, public_id=public_id)
