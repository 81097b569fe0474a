"""An intercommunality says which of its communes its subscription covers."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from marketplace.web.access import member_view
from marketplace.web.commune.words import plural
from marketplace.web.formats import day
from subscriptions import sharing
from subscriptions.exceptions import CoverRefused
from subscriptions.in_force import terms_on
from subscriptions.queries import subscription_for_member
from subscriptions.wanted_covers import COUNTED
from tenants.models import Organisation, Role

END = "fin"


@member_view()
@require_http_methods(["GET", "HEAD", "POST"])
def covers(request, organisation, public_id):
    """Every commune with what it has, for whoever reads; a signatory covers those that lack the service, all
    or some, and confirms before one is covered no longer."""
    acts = Role.SIGNATORY in request.roles
    if request.method == "POST" and not acts:
        raise Http404
    subscription = get_object_or_404(subscription_for_member(organisation=organisation), public_id=public_id)
    if not sharing.may_cover(subscription):
        raise Http404
    now = timezone.now()
    communes = sharing.candidates(subscription=subscription, on=localdate(now))
    refusal, chosen = "", set(request.POST.getlist("commune"))
    if request.method == "POST":
        try:
            _act(request, subscription, communes, now=now)
        except CoverRefused as error:
            refusal = str(error)
        else:
            return redirect(request.path)
    ending = _ending(communes, request.GET.get(END, "")) if acts else None
    free = [one.organisation for one in communes if one.cover is None and not one.has_own]
    context = {
        "organisation": organisation,
        "subscription": subscription,
        "refusal": refusal,
        "acts": acts,
        "ending": ending,
        "hidden": [{"name": END, "value": ending.siren}] if ending else [],
        "consequences": [
            f"{ending.name} n’a plus le service par votre abonnement, dès aujourd’hui. Elle est prévenue.",
            "Elle pourra le demander elle-même ; vous pourrez la couvrir de nouveau.",
        ]
        if ending
        else [],
        "covered": [
            {"name": one.organisation.name, "siren": one.organisation.siren, "since": day(one.cover.since)}
            for one in communes
            if one.cover
        ],
        "own": [one.organisation.name for one in communes if one.has_own],
        "free": [
            {
                "name": one.name,
                "siren": one.siren,
                "checked": one.siren in chosen or request.method != "POST",
            }
            for one in free
        ],
        "counted": bool(COUNTED & terms_on(subscription, localdate(now)).counts.keys()),
        "amend": reverse("member_amendment_new", args=[organisation.siren, public_id]),
        "back": reverse("member_subscription", args=[organisation.siren, public_id]),
    }
    return render(request, "commune/covers.html", context)


def _ending(communes: list[sharing.Candidate], siren: str) -> Organisation | None:
    """The covered commune of the address, to be confirmed."""
    return next((one.organisation for one in communes if one.cover and one.organisation.siren == siren), None)


def _act(request, subscription, communes, *, now) -> None:
    by_siren = {one.organisation.siren: one.organisation for one in communes}
    if ending := request.POST.get(END):
        if ending not in by_siren:
            raise CoverRefused("Cette commune ne fait plus partie de votre intercommunalité.")
        commune = by_siren[ending]
        sharing.uncover(subscription=subscription, organisation=commune, by=request.user, now=now)
        messages.success(request, f"{commune.name} n’est plus couverte. Elle est prévenue.")
        return
    chosen = [by_siren.get(siren) for siren in request.POST.getlist("commune")]
    if None in chosen:
        raise CoverRefused("Une des communes choisies ne fait pas partie de votre intercommunalité.")
    added = sharing.cover(subscription=subscription, organisations=chosen, by=request.user, now=now)
    messages.success(request, _said(added))


def _said(added: int) -> str:
    if not added:
        return "Ces communes étaient déjà couvertes : rien n’a changé."
    if added == 1:
        return "C’est fait : une commune de plus est couverte. Elle est prévenue."
    return f"C’est fait : {plural(added, 'commune')} de plus sont couvertes. Chacune est prévenue."
