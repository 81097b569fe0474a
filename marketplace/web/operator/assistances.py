"""The communes that asked this operator to act for them: the list, a request noted, its end."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.web.access import operator_view
from marketplace.web.commune.help import HelpForm
from marketplace.web.formats import day
from marketplace.web.operator.lists import counted, crumbs, searched_list, typed
from tenants.assistance import operations
from tenants.assistance.letters import last_day_of
from tenants.assistance.operations import ASSISTANT_ROLES, AssistanceRefused
from tenants.assistance.queries import assistances_of
from tenants.identifiers import grouped
from tenants.members.adhesions import members_of
from tenants.members.listing import MemberFilters, member_page
from tenants.models import Assistance, Organisation
from tenants.tenancy import tenant_scope

PAGE_SIZE = 50
SHOWN = 10  # members that answer a search
TABS = {"en-cours": "En cours", "passees": "Passées"}
WHO_ASKED = "Indiquez qui l’a demandé, et comment : « Mme le maire, par téléphone »."


class RequestForm(HelpForm):
    """What was asked outside Halle: by whom, how, for how long."""

    asked_by = forms.CharField(
        label="Qui l’a demandé, et comment ?",
        max_length=200,
        help_text="En toutes lettres, par exemple : « Mme le maire, par téléphone ». "
        "La collectivité le lira.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={
            "required": WHO_ASKED,
            "max_length": "Ce texte est trop long : 200 caractères au plus.",
        },
    )
    field_order = ["asked_by", "days"]


@dataclass(frozen=True)
class Found:
    """For lists.searched_list."""

    counts: dict[str, int]
    page: Page


def _found(*, operator, search: str, group: str, page: str | None) -> Found:
    now = timezone.now()
    lists = {
        name: assistances_of(operator=operator, lasting=name == "en-cours", search=search, now=now)
        for name in TABS
    }
    return Found(
        counts={name: rows.count() for name, rows in lists.items()},
        page=Paginator(lists[group], PAGE_SIZE).get_page(page),
    )


@operator_view(*ASSISTANT_ROLES)
@require_safe
def assistance_list(request, operator):
    """For whom one may act now, and for whom one could."""
    frame, found = searched_list(
        request,
        operator,
        _found,
        title="Aide aux adhérents",
        noun="demande",
        labels=TABS,
    )
    lasting = frame["group"] == "en-cours"
    context = frame | {
        "lasting": lasting,
        "rows": [_row(operator, one, lasting=lasting, reads_only=request.reads_only) for one in found.page],
        "actions": []
        if request.reads_only
        else [
            {
                "label": "Noter une demande",
                "url": reverse("operator_assistance_new", args=[operator.slug]),
                "style": "primary",
            }
        ],
    }
    return render(request, "operator/assistances.html", context)


@operator_view(*ASSISTANT_ROLES, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request, operator):
    """Find the member, then say who asked. The member stays in the form (`siren`), whatever is corrected."""
    now, search = timezone.now(), typed(request)
    members = members_of(operator=operator, on=localdate(now))
    siren = request.POST.get("siren") or request.GET.get("siren", "")
    # PostgreSQL knows no NUL character.
    organisation = get_object_or_404(members, siren=siren.replace("\0", "")) if siren else None
    form = None
    if organisation is not None:
        form = RequestForm(request.POST if request.method == "POST" else None, operator=operator)
        if form.is_valid() and _noted(request, operator, organisation, form, now):
            return _back(operator)
    context = {
        "operator": operator,
        "crumbs": crumbs(
            operator,
            ("Aide aux adhérents", reverse("operator_assistances", args=[operator.slug])),
            ("Noter une demande", ""),
        ),
        "organisation": organisation,
        "form": form,
        "search": search,
        "results": _results(operator, search, now) if search and organisation is None else None,
        "list_url": reverse("operator_assistances", args=[operator.slug]),
    }
    return render(request, "operator/assistance_new.html", context)


@operator_view(*ASSISTANT_ROLES)
@require_POST
def end(request, operator, assistance_id):
    """The operator's agents may no longer act for that organisation, from now on."""
    rows = Assistance.objects.select_related("tenant", "operator__organisation")
    found = get_object_or_404(rows, pk=assistance_id, operator=operator)
    try:
        operations.end(assistance=found, by=request.user, now=timezone.now())
    except operations.NotAllowed:
        raise Http404 from None
    except AssistanceRefused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, f"C’est terminé : vous n’agissez plus pour {found.tenant.name}.")
    return _back(operator)


def _noted(request, operator, organisation: Organisation, form: RequestForm, now) -> bool:
    """Whether it was; otherwise the form says why not."""
    try:
        with tenant_scope([operator.organisation_id, organisation.pk]):
            found = operations.record_request(
                organisation=organisation,
                operator=operator,
                asked_by=form.cleaned_data["asked_by"],
                by=request.user,
                days=form.cleaned_data["days"],
                now=now,
            )
    except operations.NotAllowed:
        raise Http404 from None
    except AssistanceRefused as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return False
    messages.success(
        request,
        f"C’est noté, et {organisation.name} en est prévenue : "
        f"vous pouvez agir pour elle jusqu’au {last_day_of(found)}.",
    )
    return True


def _results(operator, search: str, now) -> dict:
    found = member_page(operator=operator, filters=MemberFilters(search=search), on=localdate(now), number=1)
    url = reverse("operator_assistance_new", args=[operator.slug])
    return {
        "total": counted(found.count, "adhérent"),
        "more": found.count > SHOWN,
        "members": [
            {"name": one.name, "siren": grouped(one.siren), "url": f"{url}?siren={one.siren}"}
            for one in found.members[:SHOWN]
        ],
    }


def _row(operator, one: Assistance, *, lasting: bool, reads_only: bool) -> dict:
    may_act = lasting and not reads_only
    return {
        "name": one.tenant.name,
        "siren": grouped(one.tenant.siren),
        "asked_by": one.asked_by,
        "opened": f"{day(one.opened_at)}, {one.opened_by}",
        "until": day(one.closed_at) if one.closed_at else last_day_of(one),
        "ending": _ending(one) if not lasting else "",
        "done": counted(one.done, "action"),
        "act_url": reverse("member_home", args=[one.tenant.siren]) if may_act else "",
        "end_url": reverse("operator_assistance_end", args=[operator.slug, one.pk]) if may_act else "",
    }


def _ending(one: Assistance) -> str:
    if one.closed_by_id:
        return "Arrêtée"
    if one.closed_at or one.expires_at <= timezone.now():
        return "Arrivée à son terme"
    return "N’adhère plus"


def _back(operator):
    return redirect("operator_assistances", operator=operator.slug)
