"""Vintages of the register, and the mergers they bring."""

from datetime import date

import factory

from tenants.models import ChangeKind, TerritoryChange, VintageImport
from tests.factories.base import NOW, Factory
from tests.factories.tenants import OrganisationFactory, TerritoryFactory


class VintageImportFactory(Factory):
    class Meta:
        model = VintageImport

    cog_year = 2026
    sha256 = "0" * 64
    applied_at = NOW
    report = factory.LazyFunction(lambda: {"borders": {}})


class MergerFactory(Factory):
    """A merged commune and the commune nouvelle, both with their organisation, as an import leaves them.

    `old=`, `new=` for organisations of one's own; `new=None` when nobody knows the SIREN yet.
    """

    class Meta:
        model = TerritoryChange

    class Params:
        old = factory.SubFactory(OrganisationFactory)
        new = factory.SubFactory(OrganisationFactory, territory__population=1500)

    vintage = factory.SubFactory(VintageImportFactory)
    kind = ChangeKind.MERGER
    effective_on = date(2026, 3, 1)
    territory = factory.SelfAttribute("old.territory")
    successor = factory.LazyAttribute(lambda o: o.new.territory if o.new else TerritoryFactory(siren=""))
    before = factory.SelfAttribute("territory.name")
    after = factory.SelfAttribute("successor.name")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        change = super()._create(model_class, *args, **kwargs)
        from tests.tools.database import as_worker

        with as_worker():
            old, new = change.territory.organisation, getattr(change.successor, "organisation", None)
            change.territory.ended_on, change.territory.current = change.effective_on, change.successor
            change.territory.save()
            old.closed_on, old.successor = change.effective_on, new
            old.save()
        return change
