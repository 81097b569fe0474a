"""Groups of agents: who is in each, and which services it gives."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from marketplace.web.commune.agents.forms import AccessForm, GroupForm, PeopleForm
from marketplace.web.commune.agents.frame import PAGE, changed_view, frame, number_of
from marketplace.web.formats import day
from marketplace.web.operator.lists import counted, rest_of_address, typed
from subscriptions.agents import groups
from subscriptions.agents.listing import services_of
from subscriptions.agents.queries import agents_of, groups_of, listed_since, services_of_groups
from subscriptions.models import AccessRole
from tenants.people.roles import NotAllowed, PeopleRefused
from tenants.refusals import Refused

PAGE_SIZE = 25
OFFERED = 25
TICK_ONE = "Cochez au moins un agent."


@changed_view
@require_http_methods(PAGE)
def group_list(request, organisation):
    """Each group, how many are in it, what it gives; one more is made here."""
    form = GroupForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = groups.make_group(
                organisation=organisation,
                name=form.cleaned_data["name"],
                by=request.user,
                now=timezone.now(),
            )
        except Refused as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, "Le groupe est créé : mettez-y des agents, donnez-lui des services.")
            return redirect("member_agent_group", organisation.siren, made.pk)
    names = services_of(organisation, on=localdate(timezone.now()))
    given = services_of_groups(organisation=organisation)
    context = {
        **frame(request, organisation, ("Groupes", ""), tab="member_agent_groups"),
        "form": form,
        "rows": [
            {
                "name": group.name,
                "url": reverse("member_agent_group", args=[organisation.siren, group.pk]),
                "size": counted(group.size, "agent"),
                "services": in_words(given.get(group.pk, {}), names),
            }
            for group in groups_of(organisation=organisation)
        ],
    }
    return render(request, "commune/agents/groups.html", context)


@changed_view
@require_http_methods(PAGE)
def group(request, organisation, group):
    """One group, all in one page: its name, its services, who is in it, who could be."""
    found = get_object_or_404(groups_of(organisation=organisation), pk=group)
    page = _Page(request, organisation, found)
    if request.method == "POST":
        answer = page.changed()
        if answer is not None:
            return answer
    elif "supprimer" in request.GET and request.administers:
        return render(request, "commune/agents/group_end.html", page.question())
    return render(request, "commune/agents/group.html", page.context())


def in_words(roles: dict[int, str], names: dict[int, str]) -> list[str]:
    """ "Cantinelle (gère)": what a group gives, of the services of the day, in their order."""
    return [
        f"{name} (gère)" if roles[sheet] == AccessRole.MANAGER else name
        for sheet, name in names.items()
        if sheet in roles
    ]


class _Page:
    """The page of a group, and the five things that it sends."""

    def __init__(self, request, organisation, group):
        self.request, self.organisation, self.group = request, organisation, group
        self.url = reverse("member_agent_group", args=[organisation.siren, group.pk])
        names = services_of(organisation, on=localdate(timezone.now()))
        lists = listed_since(organisation=organisation)
        self.listed = {sheet: name for sheet, name in names.items() if sheet in lists}
        self.held = services_of_groups(organisation=organisation).get(group.pk, {})
        self.name = GroupForm(initial={"name": group.name})
        self.services = AccessForm(services=self.listed, held=self.held)
        self.search = typed(request)
        inside = agents_of(organisation=organisation, group=group.pk)
        self.inside = Paginator(inside, PAGE_SIZE).get_page(request.GET.get("page"))
        everybody = agents_of(organisation=organisation, text=self.search)
        others = everybody.exclude(pk__in=inside.values("pk"))
        self.others = list(others[: OFFERED + 1])
        self.people = PeopleForm(people=self.others[:OFFERED])

    def changed(self):
        """What was sent is done: where to go then; None when the page says what to mend."""
        what = self.request.POST.get("what")
        verb = {
            "name": self._rename,
            "services": self._give,
            "put": self._put,
            "take": self._take,
            "end": self._end,
        }.get(what)
        if verb is None:
            return redirect(self.url)
        try:
            return verb()
        except NotAllowed:
            raise
        except (PeopleRefused, Refused) as refusal:
            if what == "name" and getattr(refusal, "field", ""):
                self.name.add_error("name", str(refusal))
                return None
            messages.error(self.request, str(refusal))
            return redirect(self.url)

    def _by(self) -> dict:
        return {
            "organisation": self.organisation,
            "group": self.group,
            "by": self.request.user,
            "now": timezone.now(),
        }

    def _rename(self):
        self.name = GroupForm(self.request.POST)
        if not self.name.is_valid():
            return None
        groups.rename_group(name=self.name.cleaned_data["name"], **self._by())
        return self._done("Le groupe est renommé.")

    def _give(self):
        self.services = AccessForm(self.request.POST, services=self.listed, held=self.held)
        if not self.services.is_valid():
            return None
        groups.set_services(wanted=self.services.roles(), **self._by())
        return self._done("Les accès du groupe sont enregistrés.")

    def _put(self):
        people = [number_of(one) for one in self.request.POST.getlist("people")]
        if not people:
            raise Refused(TICK_ONE)
        new = groups.put_in(people=people, **self._by())
        return self._done(f"{counted(new, 'agent mis', 'agents mis')} dans le groupe.")

    def _take(self):
        found = agents_of(organisation=self.organisation)
        person = get_object_or_404(found, pk=number_of(self.request.POST.get("person", "")))
        groups.take_out(person=person, **self._by())
        return self._done(f"{person} n’est plus dans le groupe.")

    def _end(self):
        groups.end_group(**self._by())
        messages.success(self.request, f"Le groupe est supprimé : {self.group}.")
        return redirect("member_agent_groups", self.organisation.siren)

    def _done(self, said: str):
        messages.success(self.request, said)
        return redirect(self.url)

    def context(self) -> dict:
        """For commune/agents/group.html."""
        return {
            **self._frame((self.group.name, "")),
            "group": self.group,
            "size": counted(self.group.size, "agent"),
            "made": f"Groupe n° {self.group.pk}, créé le {day(localdate(self.group.made_at))}.",
            "name_form": self.name,
            "services_form": self.services,
            "people_form": self.people,
            "given": in_words(self.held, self.listed),
            "page": self.inside,
            "rest": rest_of_address(q=self.search),
            "search": self.search,
            "more": len(self.others) > OFFERED,
            "end_url": f"{self.url}?supprimer=1",
            "services_url": reverse("member_agent_services", args=[self.organisation.siren]),
            "rows": [
                {
                    "pk": one.pk,
                    "name": str(one),
                    "url": reverse("member_agent", args=[self.organisation.siren, one.pk]),
                }
                for one in self.inside
            ],
        }

    def question(self) -> dict:
        """For commune/agents/group_end.html."""
        return {
            **self._frame((self.group.name, self.url), ("Supprimer", "")),
            "group": self.group,
            "url": self.url,
            "hidden": [{"name": "what", "value": "end"}],
            "consequences": [
                f"{counted(self.group.size, 'agent sort', 'agents sortent')} du groupe, sans quitter la "
                "collectivité.",
                "Les accès que ce groupe seul leur donnait se ferment tout de suite.",
                "Ce qui leur a été donné personnellement, ou par un autre groupe, reste.",
            ],
        }

    def _frame(self, *here) -> dict:
        first = ("Groupes", reverse("member_agent_groups", args=[self.organisation.siren]))
        return frame(self.request, self.organisation, first, *here)
