"""The papers of a subscription, drawn up on demand: as a PDF to read, as a text to change."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from marketplace.web.access import member_view
from subscriptions.models import Subscription
from subscriptions.papers import Offered, PaperKind, draw, offered
from subscriptions.queries import subscription_for_member
from tenants.documents import paper_odt, paper_pdf
from tenants.models import Organisation, Role

DRAFTING = (Role.SECRETARY, Role.SIGNATORY)
# By the end of the address: what it is called, its media type, who makes it.
FORMS = {
    "odt": ("texte à modifier, ODT", paper_odt.MEDIA_TYPE, paper_odt.as_odt),
    "pdf": ("PDF", paper_pdf.MEDIA_TYPE, paper_pdf.as_pdf),
}


@member_view(*DRAFTING)
@require_safe
def paper(request, organisation, public_id, kind, form):
    """One paper that this subscription needs, in one of two forms. Nothing of it is kept."""
    found = get_object_or_404(subscription_for_member(organisation=organisation), public_id=public_id)
    if form not in FORMS or kind not in {one.kind for one in offered(found)}:
        raise Http404
    today = localdate(timezone.now())
    _, media_type, write = FORMS[form]
    data = write(draw(subscription=found, kind=PaperKind(kind), on=today), dated=today)
    headers = {
        "Content-Disposition": f'attachment; filename="{kind}.{form}"',
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(data, content_type=media_type, headers=headers)


def papers_on_page(request, organisation: Organisation, subscription: Subscription, *, turn: bool) -> dict:
    """For the page of the subscription: the acts that may decide it, while it is the member's `turn`, and
    what is signed then, to whoever draws up the papers."""
    papers = offered(subscription) if request.roles & set(DRAFTING) else []
    return {
        "acts_to_take": [_links(organisation, subscription, one) for one in papers if one.decides and turn],
        "papers_to_sign": [_links(organisation, subscription, one) for one in papers if not one.decides],
    }


def _links(organisation: Organisation, subscription: Subscription, one: Offered) -> dict:
    return {
        "label": one.label,
        "files": [
            {
                "label": words,
                "url": reverse(
                    "member_paper", args=[organisation.siren, subscription.public_id, one.kind, form]
                ),
            }
            for form, (words, _, _) in FORMS.items()
        ],
    }
