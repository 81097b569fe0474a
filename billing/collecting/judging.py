"""Whether a line of the finance software's file can be taken over, against what Halle knows. Pure.

Asked twice: when the file is read, and again row by row when it is taken over, since both may be days apart.
"""

from dataclasses import dataclass, field
from datetime import date

from billing.collecting.rows import TitreRow
from catalog.pricing.money import format_cents as euros

Numbered = tuple[bool, int, int]  # reduces, exercice, number


@dataclass
class KnownInvoice:
    """An issued invoice or credit note of a public issuer. `owed_cents`: once its credit notes are deducted.
    `titre`: exercice, bordereau, number. `payments`: the days and amounts that were taken over already."""

    number: str
    is_credit_note: bool
    gross_cents: int
    owed_cents: int
    issued_on: date
    is_paid: bool
    titre: tuple[int, int, int] | None = None
    payments: list[tuple[date, int]] = field(default_factory=list)

    @property
    def left_cents(self) -> int:
        """What is still to be paid."""
        return self.owed_cents - sum(cents for _, cents in self.payments)


@dataclass(frozen=True)
class Judgement:
    """What becomes of a row. `reasons` it is refused for; `doubt`: what somebody must have seen first."""

    reasons: tuple[str, ...] = ()
    doubt: str = ""


def judge(row: TitreRow, *, known: KnownInvoice | None, holder: str | None, today: date) -> Judgement:
    """Judge a row. `known` is the invoice that it names, None when it is none of the operator's; `holder`:
    the invoice that has the row's number already, None for nobody."""
    if known is None:
        return _refused(
            f"Référence : aucune facture émise ne porte le numéro « {row.reference[:40]} ». Vérifiez-le, ou "
            "retirez la ligne si ce titre ne nous concerne pas."
        )
    reasons = [*_of_titre(row, known, holder), *_of_payment(row, known, today)]
    if reasons:
        return Judgement(tuple(reasons))
    if row.paid_cents and row.paid_cents < known.left_cents:
        left = known.left_cents - row.paid_cents
        return Judgement(
            doubt=f"Paiement partiel : {euros(row.paid_cents)} reçus sur {euros(known.left_cents)}, "
            f"il resterait {euros(left)} à payer."
        )
    return Judgement()


def take_note(row: TitreRow, known: KnownInvoice) -> None:
    """`known` as it is once the row is taken over."""
    if row.number:
        known.titre = (row.exercice, row.bordereau, row.number)
    if row.paid_cents:
        known.payments.append((row.paid_on, row.paid_cents))
        known.is_paid = known.left_cents <= 0
    elif known.is_credit_note:
        known.is_paid = True


def _of_titre(row: TitreRow, known: KnownInvoice, holder: str | None):
    if row.amount_cents != known.gross_cents:
        yield (
            f"Montant : le fichier dit {euros(row.amount_cents)}, {known.number} est de "
            f"{euros(known.gross_cents)}. Voyez lequel des deux est juste."
        )
    if not row.number:
        if known.titre is None:
            yield f"Titre : celui de {known.number} n’est pas connu, indiquez exercice, bordereau et titre."
        return
    named = (row.exercice, row.bordereau, row.number)
    if known.titre == named:
        if not row.paid_cents:
            yield f"Déjà connu : {known.number} porte déjà ce titre et ce bordereau. Rien à reprendre."
    elif known.titre is not None:
        exercice, bordereau, number = known.titre
        yield (
            f"Titre : {known.number} porte déjà le titre {exercice}-{number}, bordereau {bordereau}. Un "
            "titre ne change pas de numéro."
        )
    elif holder is not None:
        yield f"Titre en double : le {row.exercice}-{row.number} est déjà celui de {holder}."
    if row.exercice < known.issued_on.year:
        yield f"Exercice : {row.exercice} est avant la facture, émise en {known.issued_on.year}."


def _of_payment(row: TitreRow, known: KnownInvoice, today: date):
    if not row.paid_cents:
        return
    if known.is_credit_note:
        yield f"Paiement : {known.number} est un avoir, il ne se paie pas. Videz les cellules du paiement."
        return
    if (row.paid_on, row.paid_cents) in known.payments:
        yield f"Déjà connu : ce paiement de {euros(row.paid_cents)} est déjà repris sur {known.number}."
    elif known.is_paid:
        yield f"Paiement : {known.number} est déjà payée en entier."
    elif row.paid_cents > known.left_cents:
        yield (
            f"Payé en trop : {euros(row.paid_cents)} alors qu’il reste {euros(known.left_cents)} à payer sur "
            f"{known.number}. Voyez-le avec votre comptable."
        )
    if row.paid_on > today:
        yield f"Payé le : le {row.paid_on:%d/%m/%Y} n’est pas encore là."
    elif row.paid_on < known.issued_on:
        yield (
            f"Payé le : le {row.paid_on:%d/%m/%Y} est avant la facture, émise le {known.issued_on:%d/%m/%Y}."
        )


def _refused(reason: str) -> Judgement:
    return Judgement((reason,))
