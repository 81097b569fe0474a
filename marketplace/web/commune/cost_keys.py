"""An intercommunality shares the cost of its subscription among the communes it covers."""

from uuid import uuid4

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.timezone import localdate

from marketplace.web.access import member_view
from marketplace.web.commune.forms import ask_files_again
from marketplace.web.commune.payer_forms import CountForm, KeyForm
from marketplace.web.commune.payers import form_page, may_read_and_send, page_of, say, subscription_of
from subscriptions import cost_keys
from subscriptions.exceptions import ShareRefused
from subscriptions.models import CostKey, ShareSide
from tenants.models import Role


@member_view(Role.SIGNATORY)
@may_read_and_send
def new(request, organisation, public_id):
    """Each covered commune is asked to pay the part that the key gives it."""
    subscription = subscription_of(organisation, public_id)
    now = timezone.now()
    communes = cost_keys.covered_communes(subscription=subscription, on=localdate(now))
    if not communes:
        raise Http404
    if request.method == "POST":
        form = KeyForm(request.POST, request.FILES, communes=communes)
    else:
        form = KeyForm(initial={"public_id": uuid4()}, communes=communes)
    if request.method == "POST" and form.is_valid():
        try:
            cost_keys.propose_key(
                subscription=subscription,
                key=form.key(),
                reference_on=form.cleaned_data["reference_on"],
                starts=form.cleaned_data["starts"],
                convention=form.convention(),
                side=ShareSide.SUBSCRIBER,
                by=request.user,
                public_id=form.cleaned_data["public_id"],
                now=now,
            )
        except ShareRefused as refusal:
            say(form, refusal)
        else:
            messages.success(request, "Chaque commune est invitée à répondre. Rien ne change d’ici là.")
            return redirect(page_of(organisation, subscription, "member_payers"))
    ask_files_again(form)
    return form_page(
        request,
        organisation,
        subscription.service_name,
        form,
        title="Répartir le coût entre les communes couvertes",
        consequences=[
            f"{len(communes)} communes couvertes reçoivent chacune la part que la clé leur donne.",
            "Chacune répond pour elle-même. Vous payez la part de celles qui refusent.",
        ],
        label="Envoyer aux communes",
        back=page_of(organisation, subscription, "member_payers"),
    )


@member_view(Role.SIGNATORY)
@may_read_and_send
def again(request, organisation, public_id, key):
    """The same key, counted on another day."""
    subscription = subscription_of(organisation, public_id)
    keys = CostKey.objects.filter(subscription=subscription).select_related(
        "subscription__tenant", "subscription__operator"
    )
    found = get_object_or_404(keys, public_id=key)
    form = CountForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            cost_keys.count_again(
                key=found,
                side=ShareSide.SUBSCRIBER,
                by=request.user,
                now=timezone.now(),
                **form.cleaned_data,
            )
        except ShareRefused as refusal:
            say(form, refusal)
        else:
            messages.success(request, "Les parts sont recalculées.")
            return redirect(page_of(organisation, subscription, "member_payers"))
    return form_page(
        request,
        organisation,
        subscription.service_name,
        form,
        title="Recalculer les parts des communes",
        consequences=[
            "Les communes qui ont accepté la clé paient leur nouvelle part, sans répondre de nouveau.",
            "Ce qui est déjà facturé ne change pas.",
        ],
        label="Recalculer",
        back=page_of(organisation, subscription, "member_payers"),
    )
