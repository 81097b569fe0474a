"""Why a billing operation was refused. `str()` is a French sentence for the person."""

from catalog.pricing import format_cents


class BillingRefused(Exception):
    """Base of all refusals."""


class PeriodAlreadyBilled(BillingRefused):
    def __init__(self, run):
        self.run = run
        super().__init__("Cette période a déjà sa campagne de facturation, ou en recouvre une autre.")


class WrongRunState(BillingRefused):
    """The run moved meanwhile."""


class IssuerIncomplete(BillingRefused):
    """The operator lacks what an invoice must say. `missing` lists it in French."""

    def __init__(self, missing):
        self.missing = missing
        super().__init__("Complétez la fiche de l’opérateur avant d’émettre : " + ", ".join(missing) + ".")


class DraftsUnsound(BillingRefused):
    """Some drafts would be refused by their readers. `problems`: one French sentence each."""

    def __init__(self, problems):
        self.problems = problems
        super().__init__("Corrigez avant d’émettre : " + " ".join(problems[:5]))


class DraftsNotSeen(BillingRefused):
    """So many drafts have remarks that nobody has looked at."""

    def __init__(self, count):
        self.count = count
        told = "Un projet a une remarque" if count == 1 else f"{count} projets ont des remarques"
        super().__init__(f"{told} que personne n’a regardée : marquez-la comme vue, puis approuvez.")


class NothingToIssue(BillingRefused):
    def __init__(self):
        super().__init__("Aucun projet n’est à émettre : ils sont tous mis de côté.")


class NothingChosen(BillingRefused):
    def __init__(self):
        super().__init__("Cochez au moins une ligne. Si vous l’aviez fait, la liste a changé : relisez-la.")


class ReasonMissing(BillingRefused):
    def __init__(self):
        super().__init__("Dites pourquoi : la raison reste avec le projet mis de côté.")


class SecondPersonMissing(BillingRefused):
    """Whoever asks may not confirm."""

    def __init__(self):
        super().__init__(
            "Seule une autre personne des finances de l’opérateur peut confirmer cette approbation."
        )


class CreditNoteChanged(BillingRefused):
    """It is no longer as the person read it, or was issued meanwhile."""

    def __init__(self):
        super().__init__("Cet avoir a changé depuis que vous l’avez lu, ou il est déjà émis. Relisez-le.")


class NotContestable(BillingRefused):
    """This line cannot be contested, or not again for now."""


class ContestAnswered(BillingRefused):
    def __init__(self):
        super().__init__("Cette contestation a déjà reçu sa réponse, ou a été retirée. Relisez-la.")


class TooMuchGivenBack(BillingRefused):
    """More than what is left of the line. `left_cents`: what may be given back, net of tax."""

    def __init__(self, left_cents: int):
        self.left_cents = left_cents
        super().__init__(
            f"Cette ligne ne peut plus être rendue que de {format_cents(left_cents)} HT. Indiquez ce montant "
            "ou moins."
            if left_cents
            else "Cette ligne a déjà été rendue en entier par un avoir. Refusez la contestation en le disant."
        )


class DunningRefused(BillingRefused):
    """A reminder, a claim or a rate that is not to be written: says why, and what to do."""
