"""Who pays a part of another's subscription: what it is asked for, its answer, and the end of it."""

from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from marketplace.web.access import member_view
from marketplace.web.formats import day
from marketplace.web.payers.forms import AgreeForm, WhyForm
from marketplace.web.payers.pages import convention_page, done, form_page, may_read_and_send, stop_page
from marketplace.web.payers.words import said, yearly_of
from subscriptions import paying
from subscriptions.models import KeyMethod, PayerShare, ShareSide, ShareState
from subscriptions.payer_queries import asked_of
from tenants.models import Role


@member_view()
@require_safe
def financed(request, organisation):
    """ "Ce que nous finançons": what waits for an answer, then all the rest."""
    signs = Role.SIGNATORY in request.roles
    with asked_of(organisation) as shares:
        rows = [_row(organisation, share, signs=signs) for share in shares]
    context = {
        "organisation": organisation,
        "waiting": [row for row in rows if row["waits"]],
        "rows": [row for row in rows if not row["waits"]],
        "signs": signs,
    }
    return render(request, "commune/financed.html", context)


@member_view(Role.SIGNATORY)
@may_read_and_send
def agree(request, organisation, share):
    """The payer's signatory accepts."""
    form = AgreeForm(request.POST if request.method == "POST" else None)
    with asked_of(organisation) as shares:
        found = get_object_or_404(shares, public_id=share)

        def accept() -> str:
            paying.agree(share=found, by=request.user, now=timezone.now(), **form.cleaned_data)
            return "Vous avez accepté. Votre part aura sa propre facture."

        row = _row(organisation, found, signs=True)
        return done(request, form, accept, back=_list(organisation)) or form_page(
            request,
            form,
            crumbs=_crumbs(organisation, found),
            service=found.subscription.service_name,
            title=f"Payer une part pour {row['subscriber']} ?",
            consequences=[
                f"Votre part : {row['words']}, {row['when']}.",
                f"Cela fait environ {row['yearly']} par an, au prix de l’abonnement à sa demande.",
                *_each_year(found),
                f"Elle repose sur la convention {found.convention_number} du {day(found.convention_date)}.",
                "Elle vous est facturée à part, avec son calcul. Chaque côté peut l’arrêter pour la suite, à "
                "la fin d’un mois qui n’est pas encore facturé.",
            ],
            label="Accepter",
            back=_list(organisation),
        )


@member_view(Role.SIGNATORY)
@may_read_and_send
def refuse(request, organisation, share):
    """The payer's signatory says no, and why."""
    form = WhyForm(request.POST if request.method == "POST" else None)
    with asked_of(organisation) as shares:
        found = get_object_or_404(shares, public_id=share)

        def decline() -> str:
            paying.refuse(share=found, by=request.user, now=timezone.now(), **form.cleaned_data)
            return "Vous avez refusé. La collectivité abonnée est prévenue."

        return done(request, form, decline, back=_list(organisation)) or form_page(
            request,
            form,
            crumbs=_crumbs(organisation, found),
            service=found.subscription.service_name,
            title=f"Refuser de payer une part pour {found.subscription.tenant.name} ?",
            consequences=["La collectivité abonnée paie cette part elle-même. Elle lit votre réponse."],
            label="Refuser",
            back=_list(organisation),
            danger=True,
        )


@member_view(Role.SIGNATORY)
@may_read_and_send
def stop(request, organisation, share):
    """The payer ends its part before its term."""
    with asked_of(organisation) as shares:
        found = get_object_or_404(shares, public_id=share)
        return stop_page(
            request,
            found,
            side=ShareSide.PAYER,
            crumbs=_crumbs(organisation, found),
            back=_list(organisation),
        )


@member_view()
@require_safe
def convention(request, organisation, share):
    """The convention, for the payer."""
    with asked_of(organisation) as shares:
        found = get_object_or_404(shares, public_id=share)
    return convention_page(request, found, back=_list(organisation))


def _row(organisation, share: PayerShare, *, signs: bool) -> dict:
    address = [organisation.siren, share.public_id]
    waits = share.state == ShareState.PROPOSED
    agreed = share.state == ShareState.AGREED and not share.is_over(on=localdate(timezone.now()))
    return {
        **said(share),
        "subscriber": share.subscription.tenant.name,
        "service": share.subscription.service_name,
        "operator": share.subscription.operator.short_name,
        "yearly": yearly_of(share),
        "waits": waits,
        "convention_url": reverse("member_financed_convention", args=address),
        "agree_url": reverse("member_share_agree", args=address) if signs and waits else "",
        "refuse_url": reverse("member_share_refuse", args=address) if signs and waits else "",
        "stop_url": reverse("member_share_stop", args=address) if signs and agreed else "",
    }


def _each_year(share: PayerShare) -> list[str]:
    """What one agrees to with a key: the formula, not the figure."""
    if share.key is None or share.key.method != KeyMethod.INHABITANTS:
        return []
    return ["Elle suit chaque année les populations en vigueur le 1er janvier. Vous en êtes prévenus."]


def _list(organisation) -> str:
    return reverse("member_financed", args=[organisation.siren])


def _crumbs(organisation, share: PayerShare) -> list[dict]:
    return [
        {"label": "Mes services", "url": reverse("member_home", args=[organisation.siren])},
        {"label": "Ce que nous finançons", "url": _list(organisation)},
        {"label": share.subscription.service_name, "url": ""},
    ]
