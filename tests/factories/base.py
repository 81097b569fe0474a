"""What all factories share."""

from datetime import UTC, date, datetime

from factory.django import DjangoModelFactory

from tests.tools.database import as_worker

# The story of the test data: in force, requested, approved, opened, and the day of the test.
IN_FORCE_FROM = date(2025, 1, 1)
REQUESTED_AT = datetime(2025, 12, 1, 9, tzinfo=UTC)
APPROVED_AT = datetime(2025, 12, 8, 14, tzinfo=UTC)
ACTIVE_FROM = date(2026, 1, 1)
OPENED_AT = datetime(2026, 1, 1, 8, tzinfo=UTC)
NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)


class Factory(DjangoModelFactory):
    """Writes each row as a worker, whatever the role and the tenant scope of the test."""

    class Meta:
        abstract = True
        skip_postgeneration_save = True

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        with as_worker():
            return super()._create(model_class, *args, **kwargs)
