"""Pages anyone may read: the halls, and what leads to them."""

from django.contrib.auth.decorators import login_not_required, login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from marketplace.web.api.answers import not_found as api_not_found
from marketplace.web.api.answers import open_to_scripts, read_only
from marketplace.web.context import places_of
from marketplace.web.person.joining import to_join
from marketplace.web.public.commune_choice import option
from tenants.models import Operator
from tenants.people.relinking import open_request, person_alike
from tenants.territories.search import find_communes

API = "/api/"


@login_not_required
@require_safe
def home(request):
    """The halls. On an operator's own address, its storefront."""
    operator = Operator.objects.filter(hostname=request.get_host().split(":")[0]).exclude(hostname="").first()
    if operator:
        return redirect("storefront", operator=operator.slug)
    operators = Operator.objects.select_related("organisation", "storefront_page").order_by("short_name")
    return render(request, "public/home.html", {"operators": operators})


@login_required
@require_safe
def places(request):
    """Where a person who just signed in may go: straight there if there is only one place."""
    doors = places_of(request.user)
    if request.user.is_staff and not doors:
        return redirect("platform_home")
    if len(doors) == 1:
        return redirect(doors[0]["url"])
    alike = not doors and (open_request(request.user) or person_alike(request.user))
    context = {
        "places": doors,
        "known_before": bool(alike),
        "to_join": [] if doors else to_join(request),
    }
    return render(request, "public/places.html", context)


@login_not_required
@require_safe
def accessibility(request):
    """Accessibility statement (RGAA 4.1, law of 11 February 2005, art. 47)."""
    return render(request, "public/accessibility.html")


@login_not_required
@require_safe
def commune_suggestions(request):
    """Suggestions under a commune picker."""
    query = request.GET.get("commune", "").strip()[:100]
    matches = find_communes(query=query, on=_today()) if len(query) >= 2 else []
    context = {"options": [option(match) for match in matches], "query": query if len(query) >= 2 else ""}
    return render(request, "components/commune_options.html", context)


@login_not_required
@require_safe
@cache_control(max_age=3600, public=True)
def operator_stylesheet(request, operator):
    """The operator's colour, as a stylesheet: the policy allows no inline style."""
    accent = Operator.objects.filter(slug=operator).values_list("accent", flat=True).first()
    if accent is None:
        raise Http404
    return HttpResponse(f":root {{ --halle-accent: {accent}; }}\n", content_type="text/css")


def operator_or_404(request, slug: str, *, with_organisation: bool = False) -> Operator:
    """The operator whose hall this is; the page takes its name and colours."""
    operators = Operator.objects.select_related("organisation") if with_organisation else Operator.objects
    operator = operators.filter(slug=slug).first()
    if operator is None:
        raise Http404
    request.current_operator = operator
    return operator


def _today():
    return localdate(timezone.now())


def bad_request(request, exception=None):
    """400, in French."""
    return render(request, "errors/400.html", status=400)


def forbidden(request, exception=None):
    """403, in French."""
    return render(request, "errors/403.html", status=403)


def csrf_failure(request, reason=""):
    """A form sent after the session ended, or from elsewhere. Nothing may be sent to the API at all."""
    if request.path.startswith(API):
        return open_to_scripts(read_only())
    return render(request, "errors/403_csrf.html", status=403)


def not_found(request, exception=None):
    """404, in French: also the answer to whoever asks for another organisation's page."""
    if request.path.startswith(API):
        return open_to_scripts(api_not_found())
    return render(request, "errors/404.html", status=404)


def server_error(request):
    """500: no query, no context processor, nothing that may fail again."""
    from django.template.loader import render_to_string

    return HttpResponse(render_to_string("errors/500.html"), status=500)
