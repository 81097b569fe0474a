"""How a member's agents sign in: its own provider, connected, tried and put in service by its operator."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from marketplace.web.access import operator_view
from marketplace.web.operator.member import member_crumbs, member_of
from marketplace.web.operator.member_sign_in_forms import DomainForm, ProviderForm
from marketplace.web.operator.member_sign_in_words import domain_rows, moves, state_of
from provisioning.own_providers import domains, operations
from tenants.models import Role, User
from tenants.refusals import Refused
from tenants.tenancy import tenant_scope

TITLE = "Connexion des agents"


@operator_view(Role.OPERATOR_ADMIN, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request, operator, siren):
    """Its provider, its domains, and what may be done with them. POST does `do` (of FORMS or VERBS)."""
    organisation = member_of(operator, siren)
    with tenant_scope([operator.organisation_id, organisation.pk]):
        provider = operations.provider_of(organisation)
        form, domain_form = ProviderForm(provider=provider), DomainForm()
        if request.method == "POST":
            done = ""
            if request.POST.get("do") == "domaine":
                domain_form = DomainForm(request.POST)
                done = _sent(domain_form, lambda: _add(domain_form, organisation, request.user))
            elif request.POST.get("do") in VERBS:
                done = _carried_out(request, organisation)
                if not done:
                    return redirect(request.path)
            else:
                form = ProviderForm(request.POST, request.FILES, provider=provider)
                done = _sent(form, lambda: _keep(form, organisation, request.user))
            if done:
                messages.success(request, done)
                return redirect(request.path)
        shown = domains.domains_of(provider) if provider else []
        context = {
            "state": state_of(provider, shown) if provider else None,
            "domains": domain_rows(shown),
            "moves": moves(provider) if provider else [],
        }
    home = reverse("operator_member", args=[operator.slug, organisation.siren])
    context |= {
        "operator": operator,
        "organisation": organisation,
        "crumbs": member_crumbs(operator, (organisation.name, home), (TITLE, "")),
        "form": form,
        "domain_form": domain_form,
        "may_change": not request.reads_only,
        "settings_url": reverse("operator_settings_sign_in", args=[operator.slug]),
    }
    return render(request, "operator/member_sign_in.html", context)


def _sent(form, keep: Callable[[], str]) -> str:
    """What was done with a form, in words; "" when it says what is wrong."""
    if not form.is_valid():
        return ""
    try:
        return keep()
    except Refused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return ""


def _keep(form: ProviderForm, organisation, by: User) -> str:
    operations.keep(organisation=organisation, typed=form.typed(), by=by, now=timezone.now())
    return "Le fournisseur est enregistré. Essayez-le maintenant."


def _add(form: DomainForm, organisation, by: User) -> str:
    domain = form.cleaned_data["domain"]
    domains.add_domain(organisation=organisation, domain=domain, by=by, now=timezone.now())
    return "Le domaine est ajouté. Placez l’enregistrement dans son DNS, puis vérifiez."


def _carried_out(request, organisation) -> str:
    """What was asked for by a button, in words; "" when it was refused, which is told."""
    verb, done = VERBS[request.POST["do"]]
    try:
        verb(request, organisation)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return ""
    return done


def _of_provider(operation) -> Callable:
    def verb(request, organisation) -> None:
        operation(organisation=organisation, by=request.user, now=timezone.now())

    return verb


def _check(request, organisation) -> None:
    domains.ask_check(organisation=organisation, public_id=_domain(request), now=timezone.now())


def _remove(request, organisation) -> None:
    domains.remove_domain(
        organisation=organisation, public_id=_domain(request), by=request.user, now=timezone.now()
    )


def _domain(request) -> UUID:
    try:
        return UUID(request.POST.get("domain", ""))
    except ValueError:
        raise Refused("Ce domaine n’est plus là : relisez la page.") from None


VERBS: dict[str, tuple[Callable, str]] = {
    "essayer": (
        _of_provider(operations.ask_trial),
        "L’essai est lancé. Rechargez cette page dans un instant.",
    ),
    "demarrer": (_of_provider(operations.turn_on), "La mise en service est lancée."),
    "arreter": (_of_provider(operations.turn_off), "L’arrêt est lancé."),
    "retirer": (_of_provider(operations.retire), "Le fournisseur est retiré."),
    "verifier": (_check, "Halle regarde le DNS. Rechargez cette page dans un instant."),
    "oublier": (_remove, "Le domaine est retiré."),
}
