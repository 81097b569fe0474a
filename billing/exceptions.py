"""Why a billing operation was refused. `str()` is a French sentence for the person."""


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
        super().__init__("Complétez la fiche de l’opérateur avant d’émettre : " + ", ".join(missing) + ".")


class DraftsUnsound(BillingRefused):
    """Some drafts would be refused by their readers. `problems`: one French sentence each."""

    def __init__(self, problems):
        self.problems = problems
        super().__init__("Corrigez avant d’émettre : " + " ".join(problems[:5]))


class CreditNoteChanged(BillingRefused):
    """It is no longer as the person read it, or was issued meanwhile."""

    def __init__(self):
        super().__init__("Cet avoir a changé depuis que vous l’avez lu, ou il est déjà émis. Relisez-le.")
