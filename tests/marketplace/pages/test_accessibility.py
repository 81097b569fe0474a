"""What a declaration of accessibility may say: the state follows from the rate of an audit."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from marketplace.pages.models import AccessibilityPage, StorefrontPage
from tests.factories import OperatorFactory
from tests.factories.pages import add_page
from tests.tools.database import as_worker

AUDIT = date(2026, 5, 4)


@pytest.mark.parametrize(
    ("conformity", "rate", "audited_on"),
    [("full", "100", AUDIT), ("partial", "50", AUDIT), ("partial", "99.99", AUDIT), ("none", "49.99", AUDIT),
     ("none", None, None), ("none", None, AUDIT), ("none", "80", None)],
)  # fmt: skip
def test_a_state_that_its_audit_proves(conformity, rate, audited_on):
    page(conformity, rate, audited_on).clean()


@pytest.mark.parametrize(
    ("conformity", "rate", "audited_on", "field"),
    [
        ("full", "99.99", AUDIT, "rate"),
        ("full", "100", None, "audited_on"),
        ("full", None, AUDIT, "audited_on"),
        ("partial", "49.99", AUDIT, "rate"),
        ("partial", "100", AUDIT, "rate"),
        ("partial", None, None, "audited_on"),
        ("none", "50", AUDIT, "rate"),
    ],
)
def test_a_state_that_its_audit_does_not_prove_is_refused(conformity, rate, audited_on, field):
    with pytest.raises(ValidationError) as refusal:
        page(conformity, rate, audited_on).clean()
    assert list(refusal.value.message_dict) == [field]


@pytest.mark.django_db
@pytest.mark.parametrize("rate", ["-0.01", "100.01"])
def test_the_database_keeps_a_percentage(rate):
    kept = add_page(OperatorFactory(), StorefrontPage, page("none", None, None))
    refused = pytest.raises(IntegrityError, match="accessibility_rate_is_a_percentage")
    with as_worker(), refused, transaction.atomic():
        AccessibilityPage.objects.filter(pk=kept.pk).update(rate=rate)


def page(conformity, rate, audited_on) -> AccessibilityPage:
    fields = AccessibilityPage._meta.get_field("rate")
    return AccessibilityPage(
        title="Déclaration",
        conformity=conformity,
        rate=fields.to_python(rate),
        audited_on=audited_on,
        contact_email="acces@hall.example",
    )
