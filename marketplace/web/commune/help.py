"""Asking one's operator to act in one's stead, seeing what it did, ending it."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.web.access import organisation_view
from marketplace.web.operator.lists import counted
from tenants.assistance import operations
from tenants.assistance.letters import last_day_of
from tenants.assistance.operations import ASKING_ROLES, DEFAULT_DAYS, MAX_DAYS, AssistanceRefused
from tenants.members.adhesions import operators_of
from tenants.models import Assistance, Operator, Organisation, Role
from tenants.people.roles import MEMBER_ROLES

# Not member_view: whoever acts for the organisation may not prolong her own right to.
asking_view = organisation_view(*ASKING_ROLES)
WRONG_DAYS = f"Indiquez un nombre de jours entre 1 et {MAX_DAYS}."


class HelpForm(forms.Form):
    """For how long. One form for each operator, so its ids carry the operator's slug."""

    days = forms.IntegerField(
        label="Pendant combien de jours ?",
        min_value=1,
        max_value=MAX_DAYS,
        help_text=f"De 1 à {MAX_DAYS}.",
        error_messages={
            "required": WRONG_DAYS,
            "invalid": WRONG_DAYS,
            "min_value": WRONG_DAYS,
            "max_value": WRONG_DAYS,
        },
    )

    def __init__(self, data=None, *, operator: Operator):
        super().__init__(data, auto_id=f"id_{operator.slug}_%s", initial={"days": DEFAULT_DAYS})


@asking_view
@require_http_methods(["GET", "HEAD", "POST"])
def member_help(request, organisation):
    """Each operator of the organisation: may it act, until when, what did it do. A POST asks one of them."""
    operators = list(
        operators_of(organisation=organisation, on=localdate(timezone.now())).order_by("short_name", "pk")
    )
    refused = None
    if request.method == "POST":
        operator = next((one for one in operators if one.slug == request.POST.get("operator")), None)
        if operator is None:
            messages.error(request, "Votre collectivité n’adhère pas à cet opérateur aujourd’hui.")
            return _back(organisation)
        refused = HelpForm(request.POST, operator=operator)
        if refused.is_valid() and _ask(request, organisation, operator, refused):
            return _back(organisation)
    context = {
        "organisation": organisation,
        "crumbs": [
            {"label": organisation.name, "url": reverse("member_home", args=[organisation.siren])},
            {"label": "L’aide de mon opérateur", "url": ""},
        ],
        "helpers": helpers(request, organisation, operators, refused=refused, level="2"),
        "refused": refused,
    }
    return render(request, "commune/help.html", context)


@asking_view
@require_POST
def end(request, organisation, assistance_id):
    """The operator may no longer act for the organisation, from now on."""
    found = get_object_or_404(
        Assistance.objects.select_related("tenant", "operator__organisation"),
        pk=assistance_id,
        tenant=organisation,
    )
    try:
        operations.end(assistance=found, by=request.user, now=timezone.now())
    except operations.NotAllowed:
        raise Http404 from None
    except AssistanceRefused as refusal:
        messages.info(request, str(refusal))
    else:
        messages.success(request, f"C’est arrêté : {found.operator.short_name} ne peut plus agir pour vous.")
    return _back(organisation)


def helpers(
    request,
    organisation: Organisation,
    operators: list[Operator],
    *,
    refused: HelpForm | None = None,
    level: str = "3",
) -> list[dict]:
    """For commune/_help.html: each operator, the help it may give now, and what this person may do about it.

    Those that may act come first. `refused`: a form with errors, shown again in its place. Under a heading of
    level 3, on a page about other things, forms are folded.
    """
    lasting = {one.operator_id: one for one in request.assistances}
    may_change = bool(request.roles & ASKING_ROLES) and not request.acting_for
    may_read_log = bool(request.roles & (MEMBER_ROLES - {Role.AGENT})) and not request.acting_for
    found = []
    for operator in operators:
        one = lasting.get(operator.pk)
        form = HelpForm(operator=operator)
        if refused is not None and refused.data.get("operator") == operator.slug:
            form = refused
        found.append(
            {
                "name": operator.short_name,
                "slug": operator.slug,
                "level": level,
                "until": last_day_of(one) if one else "",
                "asked_by": one.asked_by if one else "",
                "done": counted(one.done, "action") if one and one.done else "",
                "log_url": _log(organisation) if one and may_read_log else "",
                "end_url": reverse("member_help_end", args=[organisation.siren, one.pk])
                if one and may_change
                else "",
                "form": form if may_change else None,
                "open": form.is_bound or (level == "2" and not one),
            }
        )
    return sorted(found, key=lambda helper: not helper["until"])


def _ask(request, organisation: Organisation, operator: Operator, form: HelpForm) -> bool:
    """Whether it was done; otherwise the form says why not."""
    try:
        found = operations.ask_for_help(
            organisation=organisation,
            operator=operator,
            by=request.user,
            days=form.cleaned_data["days"],
            now=timezone.now(),
        )
    except operations.NotAllowed:
        raise Http404 from None
    except AssistanceRefused as refusal:
        form.add_error(refusal.field or None, str(refusal))
        return False
    messages.success(
        request, f"C’est noté : {operator.short_name} peut agir pour vous jusqu’au {last_day_of(found)}."
    )
    return True


def _log(organisation: Organisation) -> str:
    return f"{reverse('organisation_audit', args=[organisation.siren])}?aide=on"


def _back(organisation: Organisation):
    return redirect("member_help", siren=organisation.siren)
