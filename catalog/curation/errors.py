"""What curation refuses, in words for the person who asked."""

from tenants.refusals import Refused


class CurationRefused(Refused):
    """Base of all refusals here. `str()` is a French sentence for the person."""


class ForeignRevision(CurationRefused):
    """The revision is not one of this sheet."""


class AlreadyApproved(CurationRefused):
    """The operator's members read this very revision."""


class ListingClosed(CurationRefused):
    """The operator took the service off its shelf for good."""


class AlreadyDecided(CurationRefused):
    """Somebody decided first, or the vendor sent another version or took it back."""


class MessageMissing(CurationRefused):
    """Nothing is sent back to a vendor without saying why."""

    field = "message"


class ChecksMissing(CurationRefused):
    """A compulsory point of the checklist is not ticked."""

    field = "checks"


class VisaMissing(CurationRefused):
    """The operator wants its ethics committee's visa, and none in force is favourable."""


class NotPriced(CurationRefused):
    """Nothing stands on a shelf without a published price grid."""


class NotApproved(CurationRefused):
    """Nothing stands on a shelf that was not reviewed."""


class ListingMoved(CurationRefused):
    """The listing is not in a state from which this can be done (any more)."""


class ShareRefused(CurationRefused):
    """The listing cannot be offered to that operator, or accepted from it (any more)."""


class VisaInvalid(CurationRefused):
    """What was said of an opinion does not hold together."""


class ChecklistInvalid(CurationRefused):
    """A point of the checklist is empty, or there already."""

    field = "label"
