"""Forms about an operator's members: what is looked for in the list, and what an adhesion says."""

from django import forms
from django.utils.timezone import localdate

from marketplace.web.formats import day
from tenants.members.listing import COVERED, FORMER, IN_FORCE, LEAVING, NO_COLLEGE, TO_COME, MemberFilters
from tenants.models import College, Organisation
from tenants.models.organisation import OrganisationKind

FIRST_YEAR, YEARS_AHEAD = 1950, 2
STATES = {
    IN_FORCE: "Adhérents aujourd’hui",
    COVERED: "Communes couvertes par leur intercommunalité",
    TO_COME: "Adhésions à venir",
    LEAVING: "Retraits demandés",
    FORMER: "Anciens adhérents",
}


class MemberFilterForm(forms.Form):
    """What `filters_of` has understood of the address, shown again. Nothing is validated: a strange address
    shows the list."""

    use_required_attribute = False
    q = forms.CharField(
        label="Nom, SIREN ou SIRET", widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"})
    )
    etat = forms.ChoiceField(label="État", choices=list(STATES.items()))
    college = forms.ChoiceField(label="Collège")
    kind = forms.ChoiceField(label="Nature", choices=[("", "Toutes"), *OrganisationKind.choices])
    departement = forms.CharField(
        label="Département",
        widget=forms.TextInput(attrs={"maxlength": 3, "autocomplete": "off", "placeholder": "35"}),
    )

    def __init__(self, filters: MemberFilters, colleges: list[College]):
        super().__init__(
            initial={
                "q": filters.search,
                "etat": filters.state,
                "college": filters.college,
                "kind": filters.kind,
                "departement": filters.departement,
            }
        )
        self.fields["college"].choices = [
            ("", "Tous"),
            *((str(college.pk), college.name) for college in colleges),
            (NO_COLLEGE, "Sans collège"),
        ]


class AdhesionForm(forms.Form):
    """College and deliberation. `covers_communes` is asked of an intercommunality only."""

    college = forms.ModelChoiceField(
        label="Collège",
        queryset=College.objects.none(),
        required=False,
        empty_label="Sans collège",
        error_messages={"invalid_choice": "Choisissez un collège de la liste."},
    )
    deliberation_number = forms.CharField(
        label="Numéro de la délibération",
        required=False,
        max_length=60,
        help_text="Celle par laquelle l’organisation demande à adhérer.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"max_length": "Ce numéro est trop long : 60 caractères au plus."},
    )
    deliberation_date = forms.DateField(
        label="Date de la délibération",
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2026."},
    )
    covers_communes = forms.BooleanField(
        label="Cette adhésion vaut aussi pour les communes de l’intercommunalité", required=False
    )

    def __init__(self, *args, operator, is_epci: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["college"].queryset = College.objects.filter(operator=operator).order_by("name", "pk")
        if not is_epci:
            del self.fields["covers_communes"]

    def clean_deliberation_date(self):
        """A deliberation was taken, or will not be known."""
        value = self.cleaned_data["deliberation_date"]
        if value and value > localdate():
            raise forms.ValidationError("Cette date est dans le futur. Vérifiez le jour et l’année.")
        return _sane_year(value)

    def terms(self) -> dict:
        """As the operations take them."""
        return {"covers_communes": False, **self.cleaned_data}


class JoinForm(AdhesionForm):
    """A new adhesion."""

    since = forms.DateField(
        label="Adhère à partir du",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={
            "required": "Indiquez le premier jour de l’adhésion.",
            "invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2026.",
        },
    )
    field_order = ["since", "college", "deliberation_number", "deliberation_date", "covers_communes"]

    def clean_since(self):
        """Not by mistake of a century."""
        value = self.cleaned_data["since"]
        if value.year > localdate().year + YEARS_AHEAD:
            raise forms.ValidationError("Cette date est trop lointaine. Vérifiez l’année.")
        return _sane_year(value)


class SeatForm(forms.Form):
    """Where a body sits: what its invoices need. `siret` is checked by the operation."""

    siret = forms.CharField(
        label="SIRET du siège",
        required=False,
        max_length=30,
        help_text="14 chiffres. Il est demandé pour facturer ; vous pourrez l’ajouter plus tard.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        error_messages={"max_length": "Ce numéro est trop long : un SIRET compte 14 chiffres."},
    )
    address = forms.CharField(
        label="Adresse",
        required=False,
        max_length=255,
        error_messages={"max_length": "Cette adresse est trop longue : 255 caractères au plus."},
    )
    postcode = forms.RegexField(
        label="Code postal",
        required=False,
        regex=r"^[0-9]{5}$",
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": "Un code postal compte 5 chiffres, par exemple 35360."},
    )
    city = forms.CharField(
        label="Ville",
        required=False,
        max_length=120,
        error_messages={"max_length": "Ce nom est trop long : 120 caractères au plus."},
    )


class IdentityForm(SeatForm):
    """A body that neither Halle nor the register of territories knows: CCAS, syndicat, company…"""

    name = forms.CharField(
        label="Nom",
        max_length=255,
        help_text="En entier, comme il doit figurer sur les factures.",
        error_messages={
            "required": "Indiquez le nom de l’organisation.",
            "max_length": "Ce nom est trop long : 255 caractères au plus.",
        },
    )
    kind = forms.ChoiceField(
        label="Nature",
        choices=[("", "Choisir"), *OrganisationKind.choices],
        error_messages={"required": "Choisissez la nature de l’organisation."},
    )
    legal_category = forms.RegexField(
        label="Catégorie juridique",
        required=False,
        regex=r"^[0-9]{4}$",
        help_text="4 chiffres, sur l’avis de situation Sirene : 7361 pour un CCAS, par exemple.",
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": "La catégorie juridique compte 4 chiffres, par exemple 7361."},
    )
    field_order = ["name", "kind", "legal_category", "siret", "address", "postcode", "city"]


class WithdrawalForm(forms.Form):
    """A withdrawal received. When it takes effect follows from the statutes."""

    asked_on = forms.DateField(
        label="Retrait reçu le",
        help_text="Le jour où vous avez reçu la délibération : le préavis court à partir de là.",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={
            "required": "Indiquez le jour où le retrait a été reçu.",
            "invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2026.",
        },
    )
    deliberation_number = forms.CharField(
        label="Numéro de la délibération de retrait",
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"max_length": "Ce numéro est trop long : 60 caractères au plus."},
    )


def filters_of(request, colleges: list[College], search: str) -> MemberFilters:
    """What the address asks of the list; what it does not know filters nothing."""
    college, kind, state = (request.GET.get(name, "") for name in ("college", "kind", "etat"))
    departement = "".join(filter(str.isalnum, request.GET.get("departement", "")))[:3].upper()
    return MemberFilters(
        search=search,
        college=college if college in {NO_COLLEGE, *(str(one.pk) for one in colleges)} else "",
        kind=kind if kind in OrganisationKind.values else "",
        departement=departement.zfill(2) if departement else "",
        state=state if state in STATES else IN_FORCE,
    )


def is_epci(organisation: Organisation) -> bool:
    """Whether its adhesion may be worth one for its communes."""
    return organisation.kind == OrganisationKind.EPCI and organisation.territory_id is not None


def _sane_year(value):
    if value and value.year < FIRST_YEAR:
        raise forms.ValidationError(f"Cette date est avant {FIRST_YEAR} ({day(value)}). Vérifiez l’année.")
    return value
