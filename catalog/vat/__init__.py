"""VAT: which regime applies to a line, from dated rows, with its reason.

`regimes` picks it (pure); `books` reads the rows; `deciding` writes them. Prices shown, subscriptions and
invoices all ask the same function.
"""

from catalog.vat.books import RuleBook
from catalog.vat.regimes import Member, Regime, Rules, Terms
from catalog.vat.zones import zone_of

__all__ = ["Member", "Regime", "RuleBook", "Rules", "Terms", "zone_of"]
