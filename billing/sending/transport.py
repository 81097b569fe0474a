"""How invoices leave: what any portal or platform does for us. Pure; `chorus_pro` is the one there is.

Nothing here reads the database: a parcel holds all that is needed, and what comes back is plain.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

MAX_INVOICES = 500  # in one flow (domain §4.6)
# External specifications of Chorus Pro's deposerFluxFacture: 30 MB once compressed. A PDF hardly shrinks.
MAX_BYTES = 30 * 1024 * 1024


class Refused(Exception):
    """The portal took nothing, and asking again changes nothing. `str()` in French, without a secret."""


class Unreached(Exception):
    """Nothing was asked, or surely not done: try again later. `str()` in French."""


class InDoubt(Exception):
    """Asked, and no answer came that can be believed: it may be done. `str()` in French."""


@dataclass(frozen=True)
class Parcel:
    """What is deposited at once: Factur-X files by invoice number. `name` is the same at each try, and
    another for each parcel."""

    name: str
    files: Mapping[str, bytes]


class Analysis(StrEnum):
    """How far the portal is with a deposit."""

    UNDER_WAY = "under way"
    INTEGRATED = "integrated"
    REFUSED = "refused"


@dataclass(frozen=True)
class Report:
    """What the portal says of a deposit: `refused` gives, by invoice number, why it was not taken; `problem`
    what is wrong with the whole."""

    analysis: Analysis
    problem: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Known:
    """An invoice as the portal has it now: its name there, and its status as written there."""

    external_id: str
    code: str


@dataclass(frozen=True)
class Happened:
    """A status that an invoice took, when, and why if that is said."""

    code: str
    at: datetime
    reason: str


class Transport(Protocol):
    """A portal. Each raises Refused or Unreached; `deposit` alone InDoubt too."""

    def deposit(self, parcel: Parcel) -> str:
        """Hands the parcel over; the number by which the portal knows it."""

    def find(self, invoice_number: str) -> str | None:
        """The number of the deposit in which the portal has this invoice; None when it has it in none yet."""

    def report(self, deposit_number: str) -> Report:
        """How far the analysis of a deposit is."""

    def invoices(self, deposit_number: str) -> dict[str, Known]:
        """The invoices of a deposit, by their numbers."""

    def history(self, external_id: str) -> list[Happened]:
        """All that happened to an invoice, oldest first."""
