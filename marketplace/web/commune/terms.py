"""A signatory renews a subscription, or says that it is not to be renewed. One call into the room each."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.web.access import member_view
from marketplace.web.commune.forms import ask_files_again
from marketplace.web.commune.life_forms import ActForm, ReasonForm
from marketplace.web.formats import day
from marketplace.web.pdf import FileMissing, pdf_response
from subscriptions import renewing
from subscriptions.deciding import assembly, head
from subscriptions.exceptions import DecisionInvalid, OrganisationClosed, RenewalRefused
from subscriptions.models import Side
from subscriptions.queries import subscription_for_member
from subscriptions.terms import Outlook, outlook
from tenants.days import years_in_words
from tenants.models import Role

may_read_and_send = require_http_methods(["GET", "HEAD", "POST"])


@member_view(Role.SIGNATORY)
@may_read_and_send
def notice(request, organisation, public_id):
    """That the term in progress is not renewed tacitly, with what follows from it."""
    subscription = _subscription(organisation, public_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            renewing.give_notice(
                subscription=subscription,
                side=Side.MEMBER,
                by=request.user,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except RenewalRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request, "C’est noté : l’abonnement ne sera pas reconduit. L’opérateur est prévenu."
            )
        return _back(organisation, subscription)
    found = outlook(subscription)
    if request.method != "POST" and not (found and found.may_give_notice(on=timezone.localdate())):
        messages.info(request, "Il n’y a pas de reconduction tacite à refuser aujourd’hui.")
        return _back(organisation, subscription)
    return form_page(
        request,
        organisation,
        subscription,
        form,
        title="Ne pas reconduire cet abonnement ?",
        consequences=_ends(found),
        label="Ne pas reconduire",
        danger=True,
    )


@member_view(Role.SIGNATORY)
@may_read_and_send
def take_back(request, organisation, public_id):
    """The signatory changes her mind in time."""
    subscription = _subscription(organisation, public_id)
    if request.method == "POST":
        try:
            renewing.take_back(
                subscription=subscription, side=Side.MEMBER, by=request.user, now=timezone.now()
            )
        except RenewalRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "L’abonnement sera reconduit. L’opérateur est prévenu.")
        return _back(organisation, subscription)
    found = outlook(subscription)
    if not (found and found.may_take_back(on=timezone.localdate()) and found.non_renewal.side == Side.MEMBER):
        messages.info(request, "Il n’y a pas de refus de reconduction à retirer aujourd’hui.")
        return _back(organisation, subscription)
    return form_page(
        request,
        organisation,
        subscription,
        None,
        title="Reconduire finalement cet abonnement ?",
        consequences=[
            f"Il continue après le {day(found.term.last_day)}, pour "
            f"{years_in_words(subscription.period_years)}.",
            f"Vous pouvez encore changer d’avis jusqu’au {day(found.notice_until)}.",
        ],
        label="Reconduire",
    )


@member_view(Role.SIGNATORY)
@may_read_and_send
def renew(request, organisation, public_id):
    """The signatory renews expressly, with the act that decides where one is needed."""
    subscription = _subscription(organisation, public_id)
    deliberation = subscription.deliberation_required
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ActForm(*sent, required=deliberation)
    if request.method == "POST" and form.is_valid():
        try:
            renewing.renew(subscription=subscription, by=request.user, act=form.act(), now=timezone.now())
        except DecisionInvalid as error:
            form.add_error(error.field, str(error))
        except (RenewalRefused, OrganisationClosed) as refusal:
            messages.error(request, str(refusal))
            return _back(organisation, subscription)
        else:
            messages.success(request, "L’abonnement est reconduit. L’opérateur est prévenu.")
            return _back(organisation, subscription)
    found = outlook(subscription)
    if not (found and found.may_renew(on=timezone.localdate())):
        messages.info(request, "Cet abonnement ne se reconduit pas aujourd’hui.")
        return _back(organisation, subscription)
    ask_files_again(form)
    decides = (
        f"Joignez l’acte qui le décide : la délibération de votre {assembly(organisation)}, ou une décision "
        f"du {head(organisation)} s’il en a reçu la délégation."
        if deliberation
        else f"Joignez l’acte s’il y en a un ; une décision du {head(organisation)} suffit."
    )
    return form_page(
        request,
        organisation,
        subscription,
        form,
        title="Reconduire cet abonnement",
        consequences=[
            f"Il continue le {day(found.term.ends)}, pour {years_in_words(subscription.period_years)}.",
            "Le prix reste celui de votre contrat, avec ses avenants.",
            decides,
        ],
        label="Reconduire l’abonnement",
    )


@member_view()
@require_safe
def act(request, organisation, public_id, rank):
    """The act that decided a renewal."""
    subscription = _subscription(organisation, public_id)
    term = get_object_or_404(subscription.terms, rank=rank)
    if not term.act_file:
        raise Http404
    try:
        return pdf_response(path=term.act_file.name, filename=f"acte-{term.act_number}.pdf")
    except FileMissing as error:
        messages.error(request, str(error))
        return _back(organisation, subscription)


def form_page(
    request, organisation, subscription, form, *, title: str, consequences, label: str, danger=False
):
    """One thing to decide about a contract, alone on its page: what follows from it, then the form."""
    context = {
        "organisation": organisation,
        "subscription": subscription,
        "form": form,
        "title": title,
        "consequences": consequences,
        "label": label,
        "style": "danger" if danger else "primary",
        "has_file": form is not None and form.is_multipart(),
        "back": reverse("member_subscription", args=[organisation.siren, subscription.public_id]),
    }
    return render(request, "commune/life_form.html", context)


def _ends(found: Outlook) -> list[str]:
    return [
        f"Le service s’arrête le {day(found.term.last_day)}, au soir. Rien n’est facturé après ce jour.",
        "D’ici là, récupérez vos données : la page du service dit sous quelles formes.",
        f"Vous pouvez changer d’avis jusqu’au {day(found.notice_until)}. L’opérateur est prévenu.",
    ]


def _subscription(organisation, public_id):
    return get_object_or_404(subscription_for_member(organisation=organisation), public_id=public_id)


def _back(organisation, subscription):
    return redirect("member_subscription", siren=organisation.siren, public_id=subscription.public_id)
