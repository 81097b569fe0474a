"""An intercommunality shares the cost of its subscription among the communes it covers."""

from uuid import uuid4

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.timezone import localdate

from marketplace.web.access import member_view
from marketplace.web.commune.payers import crumbs, page_of, subscription_of
from marketplace.web.payers.forms import CountForm, KeyForm
from marketplace.web.payers.pages import done, form_page, may_read_and_send
from subscriptions import cost_keys
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

    def propose() -> str:
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
        return "Chaque commune est invitée à répondre. Rien ne change d’ici là."

    back = page_of(organisation, subscription, "member_payers")
    return done(request, form, propose, back=back) or form_page(
        request,
        form,
        crumbs=crumbs(organisation, subscription),
        service=subscription.service_name,
        title="Répartir le coût entre les communes couvertes",
        consequences=[
            f"Chacune des communes couvertes ({len(communes)}) reçoit la part que la clé lui donne.",
            "Si la clé compte les habitants, les parts suivent chaque année les populations en vigueur le "
            "1er janvier : chacune en est prévenue, sans répondre de nouveau.",
            "Chacune répond pour elle-même. Vous payez la part de celles qui refusent.",
        ],
        label="Envoyer aux communes",
        back=back,
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

    def count() -> str:
        now, side = timezone.now(), ShareSide.SUBSCRIBER
        cost_keys.count_again(key=found, side=side, by=request.user, now=now, **form.cleaned_data)
        return "Les parts sont recalculées."

    back = page_of(organisation, subscription, "member_payers")
    return done(request, form, count, back=back) or form_page(
        request,
        form,
        crumbs=crumbs(organisation, subscription),
        service=subscription.service_name,
        title="Recalculer les parts des communes",
        consequences=[
            "Les communes qui ont accepté la clé paient leur nouvelle part, sans répondre de nouveau.",
            "Ce qui est déjà facturé ne change pas.",
        ],
        label="Recalculer",
        back=back,
    )
