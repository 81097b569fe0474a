"""Reads about claims, for pages and for the verbs."""

from catalog.claims.checks import Rule, Rules
from catalog.models import ClaimRule


def rules() -> Rules:
    """Every version of every limit. One query; few rows."""
    return Rules(
        Rule(**row) for row in ClaimRule.objects.values("topic", "code", "value", "in_force_from", "source")
    )
