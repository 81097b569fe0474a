"""The operator's storefront as its people see it: which pages are published, and who writes them."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from marketplace.pages import editors
from marketplace.pages.desks import editors_of
from marketplace.pages.models import AccessibilityPage, LegalPage
from marketplace.pages.queries import Section, sections_of
from marketplace.web.access import operator_view
from marketplace.web.formats import day
from marketplace.web.operator.lists import counted, crumbs
from tenants.models import Role, User
from tenants.people.queries import people_of

NOUNS = {"newspage": "actualité", "helppage": "article"}


class EditorForm(forms.Form):
    """Whom to name: `people` are those who may be."""

    person = forms.ChoiceField(
        label="Personne",
        help_text="Quelqu’un qui a un rôle chez vous : elle écrira et publiera les pages de la vitrine.",
        error_messages={
            "required": "Choisissez une personne.",
            "invalid_choice": "Cette personne n’a plus de rôle chez vous, ou écrit déjà vos pages.",
        },
    )

    def __init__(self, *args, people: list[User], **kwargs):
        super().__init__(*args, **kwargs)
        self.people = {str(person.pk): person for person in people}
        named = [(key, person.get_full_name()) for key, person in self.people.items()]
        self.fields["person"].choices = [("", "Choisir une personne"), *named]

    def clean_person(self) -> User:
        return self.people[self.cleaned_data["person"]]


@operator_view(with_members=False)
@require_safe
def storefront(request, operator):
    """The state of the pages, the door to Wagtail for whoever writes them, and who does."""
    return _page(request, operator)


@operator_view(Role.OPERATOR_ADMIN, with_members=False)
@require_POST
def add(request, operator):
    """Names an editor."""
    form = EditorForm(request.POST, people=_nameable(operator))
    if form.is_valid():
        person = form.cleaned_data["person"]
        try:
            editors.add_editor(operator=operator, person=person, by=request.user, now=timezone.now())
        except editors.NotOfTheHouse as refusal:
            form.add_error("person", str(refusal))
        else:
            messages.success(request, f"{person.get_full_name()} écrit désormais les pages de la vitrine.")
            return redirect("operator_editorial", operator=operator.slug)
    return _page(request, operator, form=form)


@operator_view(Role.OPERATOR_ADMIN, with_members=False)
@require_POST
def remove(request, operator, person):
    """Takes the pages back from an editor."""
    found = editors_of(operator).filter(pk=person).first()
    if found is None:
        raise Http404
    editors.remove_editor(operator=operator, person=found, by=request.user, now=timezone.now())
    messages.success(request, f"{found.get_full_name()} n’écrit plus les pages de la vitrine.")
    return redirect("operator_editorial", operator=operator.slug)


def _page(request, operator, *, form: EditorForm | None = None):
    page, sections = sections_of(operator)
    named = list(editors_of(operator).order_by("last_name", "first_name", "pk"))
    may_name = Role.OPERATOR_ADMIN in request.roles
    may_write = request.user in named
    if may_name and form is None:
        form = EditorForm(people=_nameable(operator))
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Vitrine", "")),
        "rows": [_row(operator, section, page, may_write) for section in sections],
        "actions": _actions(operator, page if may_write else None),
        "editors": named,
        "may_name": may_name,
        "form": form,
    }
    return render(request, "operator/editorial.html", context)


def _actions(operator, written) -> list[dict]:
    """For components/page_title.html; `written` is the storefront of who may write it."""
    see = {"label": "Voir la vitrine", "url": reverse("storefront", args=[operator.slug])}
    if written is None:
        return [see]
    write = {
        "label": "Écrire dans les pages",
        "url": reverse("wagtailadmin_explore", args=[written.pk]),
        "style": "primary",
    }
    return [see, write]


def _nameable(operator) -> list[User]:
    """People with a role in force at the operator, who do not write its pages yet."""
    people = people_of(organisation=operator.organisation).exclude(groups__desk__operator=operator)
    return [person for person in people if any(not held.suspended_at for held in person.mandates_here)]


def _row(operator, section: Section, storefront, may_write: bool) -> dict:
    page, kind = section.page, section.kind
    meta = kind._meta
    # The two that the law asks for are always there: see marketplace.web.public.editorial.
    readable = (page and page.live) or kind in (LegalPage, AccessibilityPage)
    row = {
        "label": meta.verbose_name.capitalize(),
        "state": "neutral",
        "word": "À écrire",
        "what": "",
        "since": day(section.last_at),
        "url": reverse(kind.address_name, args=[operator.slug]) if readable else "",
        "edit_url": "",
    }
    if may_write and storefront:
        row["edit_url"] = (
            reverse("wagtailadmin_pages:edit", args=[page.pk])
            if page
            else reverse("wagtailadmin_pages:add", args=[meta.app_label, meta.model_name, storefront.pk])
        )
    if page and page.live:
        row |= {"state": "success", "word": "Publiée"}
    elif page:
        row |= {"state": "warning", "word": "Brouillon"}
    if section.published is not None:
        row["what"] = counted(section.published, NOUNS[meta.model_name]) + " en ligne"
        if not section.published:
            row |= {"state": "neutral", "word": "Vide"}
    return row
