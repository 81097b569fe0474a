"""What a member looks for: its own needs, those of others it may join."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.experience import needs as board
from catalog.experience.queries import needs
from catalog.models import Family
from marketplace.web.access import member_view
from marketplace.web.opinion_views import need_row
from tenants.members.adhesions import operators_of
from tenants.models import Role
from tenants.refusals import Refused

PAGE = 20
needing_view = member_view(Role.SECRETARY, Role.SIGNATORY, Role.ORG_ADMIN)


class NeedForm(forms.Form):
    """Which operator is asked only when there are several."""

    operator = forms.ChoiceField(
        label="À quel opérateur", error_messages={"required": "Choisissez un opérateur."}
    )
    title = forms.CharField(
        label="De quoi avez-vous besoin ?",
        max_length=board.MAX_TITLE,
        help_text="En une ligne, par exemple : réserver la salle des fêtes en ligne.",
        error_messages={"required": "Dites-le en une ligne."},
    )
    family = forms.ChoiceField(
        label="Famille", required=False, choices=[("", "Je ne sais pas"), *Family.choices]
    )
    description = forms.CharField(
        label="Expliquez",
        max_length=board.MAX_DESCRIPTION,
        help_text="Comment vous faites aujourd’hui, ce qu’il faudrait. "
        "Aucun nom de personne : tout le monde lit.",
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": "Expliquez en quelques phrases."},
    )

    def __init__(self, *args, operators, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["operator"].choices = [(one.slug, one.short_name) for one in operators]


@needing_view
@require_safe
def need_list(request, organisation):
    """The boards of one's operators, most wanted first."""
    operators = _operators(organisation)
    found = needs(reader=organisation).filter(operator__in=operators)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "organisation": organisation,
        "crumbs": _crumbs(organisation, "Besoins"),
        "page": page,
        "may_express": bool(operators),
        "new_url": reverse("member_need_new", args=[organisation.siren]),
        "rows": [
            {
                **need_row(need, url=reverse("hall_need", args=[need.operator.slug, need.public_id])),
                "own": need.organisation_id == organisation.pk,
                "mine": need.mine,
                "join_url": reverse("member_need_join", args=[organisation.siren, need.public_id]),
                "leave_url": reverse("member_need_leave", args=[organisation.siren, need.public_id]),
                "close_url": reverse("member_need_close", args=[organisation.siren, need.public_id]),
            }
            for need in page
        ],
    }
    return render(request, "commune/needs.html", context)


@needing_view
@require_http_methods(["GET", "HEAD", "POST"])
def new(request, organisation):
    """Puts a need on an operator's board."""
    operators = _operators(organisation)
    form = NeedForm(
        request.POST or None,
        operators=operators,
        initial={"operator": operators[0].slug if operators else ""},
    )
    if request.method == "POST" and form.is_valid():
        typed = dict(form.cleaned_data)
        slug = typed.pop("operator")
        operator = next(one for one in operators if one.slug == slug)
        try:
            board.express(
                operator=operator, organisation=organisation, **typed, by=request.user, now=timezone.now()
            )
        except Refused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, "Votre besoin est au tableau : d’autres peuvent le rejoindre.")
            return redirect("member_needs", siren=organisation.siren)
    context = {
        "organisation": organisation,
        "form": form,
        "crumbs": _crumbs(organisation, "Exprimer un besoin"),
    }
    return render(request, "commune/need_new.html", context)


@needing_view
@require_POST
def join(request, organisation, public_id):
    """My organisation has it too."""
    return _act(request, organisation, public_id, board.join, "C’est noté : votre collectivité l’a aussi.")


@needing_view
@require_POST
def leave(request, organisation, public_id):
    """It no longer has it."""
    return _act(request, organisation, public_id, board.leave, "C’est retiré.")


@needing_view
@require_POST
def close(request, organisation, public_id):
    """Closes one's own need."""
    need = needs().filter(public_id=public_id, organisation=organisation).first()
    if need is None:
        raise Http404
    try:
        board.close(
            need=need,
            organisation=organisation,
            reason=request.POST.get("reason", ""),
            by=request.user,
            now=timezone.now(),
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Le besoin est clos.")
    return redirect("member_needs", siren=organisation.siren)


def _act(request, organisation, public_id, verb, done: str):
    need = needs().filter(public_id=public_id, operator__in=_operators(organisation)).first()
    if need is None:
        raise Http404
    try:
        verb(need=need, organisation=organisation, by=request.user, now=timezone.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("member_needs", siren=organisation.siren)


def _operators(organisation) -> list:
    found = operators_of(organisation=organisation, on=localdate(timezone.now()))
    return list(found.order_by("short_name", "pk"))


def _crumbs(organisation, label: str) -> list[dict]:
    return [
        {"label": organisation.name, "url": reverse("member_home", args=[organisation.siren])},
        {"label": label, "url": ""},
    ]
