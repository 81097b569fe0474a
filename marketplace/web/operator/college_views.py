"""The colleges of an operator's members, in its settings."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from marketplace.web.formats import format_number
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.settings import frame, may_read_and_send, settings_view
from marketplace.web.operator.settings_forms import CollegeForm, show_mistakes
from tenants.operators import colleges
from tenants.operators.settings import SettingsInvalid


@settings_view
@may_read_and_send
def college_list(request, operator):
    """The colleges with their votes and members, and a form to add one."""
    form = CollegeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            colleges.add_college(operator=operator, **form.cleaned_data, by=request.user, now=timezone.now())
        except SettingsInvalid as invalid:
            show_mistakes(form, invalid)
        else:
            messages.success(request, "Le collège est ajouté.")
            return redirect("operator_colleges", operator=operator.slug)
    found = colleges.colleges_of(operator=operator, on=timezone.localdate())
    rows = [
        {
            "pk": college.pk,
            "name": college.name,
            "votes": format_number(college.votes),
            "members": format_number(college.members),
        }
        for college in found
    ]
    context = frame(request, operator, "operator_colleges", form=form, rows=rows)
    return render(request, "operator/settings_colleges.html", context)


@settings_view
@may_read_and_send
def college(request, operator, college):
    """Another name or other votes for one college."""
    found = get_object_or_404(operator.colleges, pk=college)
    form = CollegeForm(request.POST or None, initial={"name": found.name, "votes": found.votes})
    if request.method == "POST" and form.is_valid():
        try:
            colleges.rename_college(college=found, **form.cleaned_data, by=request.user, now=timezone.now())
        except SettingsInvalid as invalid:
            show_mistakes(form, invalid)
        else:
            messages.success(request, "Le collège est modifié.")
            return redirect("operator_colleges", operator=operator.slug)
    context = frame(request, operator, "operator_colleges", form=form, college=found) | {
        "crumbs": crumbs(operator, ("Réglages", ""), (found.name, ""))
    }
    return render(request, "operator/settings_college.html", context)


@settings_view
@require_POST
def remove(request, operator, college):
    """Removes a college that no adhesion names."""
    found = get_object_or_404(operator.colleges, pk=college)
    try:
        colleges.remove_college(college=found, by=request.user, now=timezone.now())
    except colleges.CollegeInUse as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Le collège « {found.name} » est retiré.")
    return redirect("operator_colleges", operator=operator.slug)
