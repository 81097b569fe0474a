"""What is said of a departure: a longer transition, the proof of erasure."""

from django import forms

from marketplace.web.fields import TYPED_DATE, pdf_field, text_field


class ExtendForm(forms.Form):
    """A longer transition, because a shorter one is technically impossible."""

    until = forms.DateField(
        label="Premier jour après la transition",
        widget=TYPED_DATE,
        error_messages={
            "required": "Indiquez une date.",
            "invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2027.",
        },
    )
    reason = text_field(
        "Pourquoi la transition ne peut pas être plus courte",
        longest=500,
        too_long="Ce texte est trop long",
        missing="Dites pourquoi la transition ne peut pas se faire dans les délais.",
        help_text="L’adhérent le lira.",
    )


class CertificateForm(forms.Form):
    """The vendor's proof that the data are erased."""

    on = forms.DateField(
        label="Date du certificat",
        widget=TYPED_DATE,
        error_messages={
            "required": "Indiquez la date du certificat.",
            "invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2027.",
        },
    )
    file = pdf_field(
        "Le certificat d’effacement",
        what="le certificat",
        help_text="Un fichier PDF de 10 Mo au plus, remis par l’éditeur.",
    )
