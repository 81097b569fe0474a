"""What the database refused, by the name it has there."""

from django.db import IntegrityError


def violated(error: IntegrityError) -> str:
    """The name of the constraint that refused what was written; "" when the database names none."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
