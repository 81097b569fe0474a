"""Why an operation on a subscription was refused. `str()` is a French sentence for the person."""

from datetime import date


class SubscriptionRefused(Exception):
    """Base of all refusals."""


class AlreadySubscribed(SubscriptionRefused):
    def __init__(self, existing):
        self.existing = existing
        super().__init__("Une demande ou un abonnement est déjà en cours pour ce service.")


class NotAvailable(SubscriptionRefused):
    """The listing left the shelf, or has no grid or vehicle."""


class AlreadyCovered(NotAvailable):
    """The organisation has this service by the subscription of its intercommunality (`cover`)."""

    def __init__(self, cover):
        self.cover = cover
        super().__init__(
            f"Votre collectivité est déjà couverte par {cover.covering.name} depuis le "
            f"{cover.since:%d/%m/%Y} : elle n’a rien à demander ni à payer. Pour utiliser le service, ou "
            f"pour prendre le vôtre à la place, écrivez à {cover.covering.name}."
        )


class TrialRefused(SubscriptionRefused):
    """The service cannot be tried, or tried again."""


class CoverRefused(SubscriptionRefused):
    """Communes cannot be covered so."""


class NotAMember(SubscriptionRefused):
    """The organisation has no adhesion to the operator on that day."""


class PriceChanged(SubscriptionRefused):
    """What the person saw is not what would be frozen: she is told and chooses again."""

    def __init__(self, *, shown_cents, current_cents):
        self.shown_cents, self.current_cents = shown_cents, current_cents
        super().__init__("Le prix a changé depuis l’affichage de la page. Relisez-le avant de confirmer.")


class CountsMissing(SubscriptionRefused):
    """The grid counts something that the person did not say. `missing`: what to ask for
    (`catalog.pricing.Counted`)."""

    def __init__(self, missing):
        self.missing = missing
        asked = " et ".join(f"le {one.question}" for one in missing)
        super().__init__(f"Indiquez {asked} : le prix en dépend.")


class OptionGone(SubscriptionRefused):
    """Options were chosen that are no longer offered. `codes`: theirs."""

    def __init__(self, codes):
        self.codes = codes
        super().__init__("Une option choisie n’est plus proposée. Relisez le prix sans elle, puis confirmez.")


class OptionsApart(SubscriptionRefused):
    """Options were chosen that do not go together."""


class PrerequisiteMissing(SubscriptionRefused):
    """The service needs another one, that the organisation has not. `names`: those missing."""

    def __init__(self, names):
        self.names = names
        super().__init__(f"Il faut d’abord, ou en même temps : {', '.join(names)}.")


class CommitmentMissing(SubscriptionRefused):
    def __init__(self):
        super().__init__("Indiquez le numéro d’engagement : il est obligatoire sur vos factures.")


class ServiceCodeMissing(SubscriptionRefused):
    def __init__(self):
        super().__init__("Indiquez le code service : Chorus Pro le demande sur vos factures.")


class StartInvalid(SubscriptionRefused):
    """The service is wanted in the past, or too far away."""


class WrongState(SubscriptionRefused):
    """The subscription moved meanwhile, or this move does not exist."""


class NotYourTurn(SubscriptionRefused):
    """Somebody else must agree before."""

    def __init__(self):
        super().__init__("Une autre approbation vient avant la vôtre : attendez qu’elle soit donnée.")


class EvidenceInvalid(SubscriptionRefused):
    """What says that something was done at a vendor's, or why it was given up, cannot be kept."""


class SuspensionRefused(SubscriptionRefused):
    """A suspension, or its end, that lacks words."""


class SamePerson(SubscriptionRefused):
    def __init__(self):
        super().__init__(
            "La personne qui a fait la demande, ou qui l’a déjà approuvée, ne peut pas l’approuver : "
            "une autre personne habilitée doit le faire."
        )


class OrganisationClosed(SubscriptionRefused):
    """The organisation no longer exists: nobody commits it any more."""

    def __init__(self):
        super().__init__(
            "Cette collectivité a fusionné ou n’existe plus : rien ne s’approuve plus pour elle. "
            "La collectivité qui la remplace peut demander ce service."
        )


class HandOverBlocked(SubscriptionRefused):
    """A merged commune cannot be handed over now. `obstacles`: one French sentence each."""

    def __init__(self, obstacles):
        self.obstacles = obstacles
        super().__init__(" ".join(obstacles))


class DecisionInvalid(SubscriptionRefused):
    """`field` names what to mend: number, date, file, authority or transmitted_on."""

    def __init__(self, field, message):
        self.field = field
        super().__init__(message)


class RenewalRefused(SubscriptionRefused):
    """A term cannot be renewed, or kept from being renewed, now."""


class AmendmentRefused(SubscriptionRefused):
    """An amendment cannot be proposed or decided now."""


class AmendmentInvalid(SubscriptionRefused):
    """`errors` holds {field: French sentence}; nothing was written."""

    def __init__(self, errors):
        self.errors = errors
        super().__init__(" ".join(errors.values()))


class OrderRefused(SubscriptionRefused):
    """The purchasing vehicle has no room for this order. `routes`: the vehicles that have."""

    message = ""

    def __init__(self):
        self.routes = []
        super().__init__(self.message)


class CeilingReached(OrderRefused):
    message = (
        "Cette commande dépasserait le montant maximum de l’accord-cadre : il ne peut plus servir pour ce "
        "service. Écrivez à votre opérateur, ou choisissez un autre cadre d’achat."
    )


class OutOfForce(OrderRefused):
    message = (
        "Ce cadre d’achat n’est pas ouvert aujourd’hui : pas encore commencé, terminé, ou non publié. "
        "Écrivez à votre opérateur, ou choisissez un autre cadre d’achat."
    )


class BuyerNotNamed(OrderRefused):
    message = (
        "Votre collectivité n’est pas nommée dans l’avis de cet accord-cadre : elle ne peut pas y "
        "commander. Choisissez un autre cadre d’achat, ou demandez à votre opérateur lequel vous est ouvert."
    )


class ThresholdReached(OrderRefused):
    message = (
        "Avec ce service, vos achats de même nature atteindraient le seuil au-delà duquel une mise en "
        "concurrence est obligatoire. Choisissez un cadre d’achat mutualisé, ou écrivez à votre opérateur."
    )


class EnvelopeInvalid(SubscriptionRefused):
    """An envelope cannot be opened so: `errors` holds {field: French sentence}; nothing was written."""

    def __init__(self, errors):
        self.errors = errors
        super().__init__(" ".join(errors.values()))


class TermsInvalid(SubscriptionRefused):
    """A purchasing vehicle or a lot cannot be kept so: `errors` holds {field: French sentence}; nothing was
    written."""

    def __init__(self, errors):
        self.errors = errors
        super().__init__(" ".join(errors.values()))


class LotPublished(SubscriptionRefused):
    def __init__(self):
        super().__init__("L’avis de ce lot est publié : il ne se modifie plus que par avenant.")


class LotIncomplete(SubscriptionRefused):
    """A lot that may not be published yet. `missing`: one French sentence each."""

    def __init__(self, missing):
        self.missing = missing
        super().__init__(" ".join(missing))


class ExitRefused(SubscriptionRefused):
    """A departure that cannot be so. `field` names what to mend: leaves_on, until, reason, on, file or ""."""

    def __init__(self, field, message):
        self.field = field
        super().__init__(message)


class BulkRefused(SubscriptionRefused):
    """A list that cannot be asked for, or decided, so."""


class MessageRefused(SubscriptionRefused):
    """A message that is not kept so. `field` names what to mend: text or file."""

    def __init__(self, field, message):
        self.field = field
        super().__init__(message)


class ShareRefused(SubscriptionRefused):
    """What a payer is to pay cannot be proposed, answered or ended so. `field` names what to mend, "" when
    nothing typed is wrong. `not_before` is the first day that is not invoiced yet, where that is why."""

    def __init__(self, message, field="", *, not_before: date | None = None):
        self.field = field
        self.not_before = not_before
        super().__init__(message)
