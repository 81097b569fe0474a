"""What the rules say of values, at the boundaries of figures and days."""

from datetime import date, timedelta

import pytest

from catalog.claims.checks import Rule, Rules, Severity, after_months, check, is_free
from catalog.claims.queries import rules as rules_in_database
from catalog.claims.reading import parse
from tests.catalog.claims.test_values import EXAMPLES

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 26)


@pytest.fixture
def judge():
    """A function: what the rules say of an example, changed."""
    found = rules_in_database()

    def judged(topic, on=DAY, **changes):
        return check(parse(topic, EXAMPLES[topic] | changes), rules=found, on=on)

    return judged


def blamed(verdict):
    return {finding.field for finding in verdict.contradictions}


def warned(verdict):
    return {finding.field for finding in verdict.warnings}


@pytest.mark.parametrize("topic", EXAMPLES)
def test_the_examples_are_good_and_end_some_day(topic, judge):
    verdict = judge(topic)
    assert verdict.contradictions == []
    assert verdict.until > DAY


@pytest.mark.parametrize(
    ("status", "rate", "blames"),
    [
        ("partial", "50", set()),
        ("partial", "49,9", {"status"}),
        ("partial", "99,9999", set()),
        ("partial", "100", set()),
        ("total", "100", set()),
        ("total", "99,9999", {"status"}),
        ("total", "12", {"status"}),
        ("none", "12", set()),
        ("none", "", set()),
        ("partial", "", {"rate_percent"}),
    ],
)
def test_the_status_follows_the_rate(status, rate, blames, judge):
    assert blamed(judge("rgaa", status=status, rate_percent=rate)) == blames


def test_an_audit_holds_three_years(judge):
    audit = "2023-11-26"
    last = date(2026, 11, 26)
    assert judge("rgaa", audit_date=audit, on=last).until == last
    assert blamed(judge("rgaa", audit_date=audit, on=last)) == set()
    assert blamed(judge("rgaa", audit_date=audit, on=last + timedelta(days=1))) == {"audit_date"}
    assert blamed(judge("rgaa", audit_date="")) == {"audit_date"}
    assert blamed(judge("rgaa", audit_date="2026-11-27")) == {"audit_date"}
    assert judge("rgaa", audit_date="2024-02-29").until == date(2027, 2, 28)


def test_a_service_that_does_not_conform_is_confirmed_each_year(judge):
    assert judge("rgaa", status="none", audit_date="").until == date(2027, 11, 26)


@pytest.mark.parametrize(
    ("changes", "blames"),
    [
        ({"exit_notice_days": "61"}, {"exit_notice_days"}),
        ({"exit_notice_days": "0"}, set()),
        ({"transition_days": "31"}, {"transition_days"}),
        ({"longer_transition_months": "7"}, set()),
        ({"longer_transition_months": "8"}, {"longer_transition_months"}),
        ({"retrieval_days": "29"}, {"retrieval_days"}),
        ({"switching_fee": "at_cost"}, set()),
        ({"switching_fee": "above_cost"}, {"switching_fee"}),
    ],
)
def test_limits_of_the_data_act(changes, blames, judge):
    assert blamed(judge("data_act", **changes)) == blames


def test_switching_fees_end_with_the_eleventh_of_january(judge):
    last, banned = date(2027, 1, 11), date(2027, 1, 12)
    before = judge("data_act", switching_fee="at_cost", on=last)
    assert (blamed(before), warned(before), before.until) == (set(), {"switching_fee"}, last)
    assert blamed(judge("data_act", switching_fee="at_cost", on=banned)) == {"switching_fee"}
    assert blamed(judge("data_act", switching_fee="none", on=banned)) == set()


def test_before_the_data_act_nothing_binds(judge):
    assert blamed(judge("data_act", exit_notice_days="365", on=date(2025, 9, 11))) == set()
    assert blamed(judge("data_act", exit_notice_days="365", on=date(2025, 9, 12))) == {"exit_notice_days"}


def test_a_newer_row_is_the_new_limit():
    newer = Rules(
        [
            Rule("data_act", "notice_days_max", 60, date(2025, 9, 12)),
            Rule("data_act", "notice_days_max", 30, date(2030, 1, 1)),
        ]
    )
    value = parse("data_act", EXAMPLES["data_act"])
    assert check(value, rules=newer, on=date(2029, 12, 31)).contradictions == []
    assert blamed(check(value, rules=newer, on=date(2030, 1, 1))) == {"exit_notice_days"}


def test_the_nearest_certificate_ends_the_hosting_claim(judge):
    verdict = judge("hosting", hds="oui", hds_until="2027-06-30", iso27001="oui", iso27001_until="2027-09-30")
    assert verdict.until == date(2027, 6, 30)
    assert judge("hosting", hds="oui", hds_until="2026-11-26").until == DAY
    assert blamed(judge("hosting", hds="oui", hds_until="2026-11-25")) == {"hds_until"}
    assert blamed(judge("hosting", hds="oui")) == {"hds_until"}
    assert blamed(judge("hosting", hds_until="2027-06-30")) == {"hds_until"}
    assert blamed(judge("hosting", secnumcloud_until="", secnumcloud_scope="")) == {
        "secnumcloud_until",
        "secnumcloud_scope",
    }
    assert blamed(judge("hosting", secnumcloud="in_progress")) == {"secnumcloud_until"}
    assert warned(judge("hosting", operator_law_country="États-Unis")) == {"operator_law_country"}


def test_an_homologation_ends_on_its_day(judge):
    last = date(2029, 1, 5)
    assert judge("homologation").until == last
    assert blamed(judge("homologation", on=last)) == set()
    assert blamed(judge("homologation", on=last + timedelta(days=1))) == {"valid_until"}
    assert blamed(judge("homologation", valid_until="2026-01-04")) == {"valid_until"}
    assert blamed(judge("homologation", indice_cyber="5,1")) == {"indice_cyber"}


@pytest.mark.parametrize(
    ("country", "blames"),
    [
        ("France", set()),
        ("Pays-Bas", set()),
        ("Irlande (Dublin)", set()),
        ("ÉTATS-UNIS", {"transfer_outside_eu"}),
        ("Inde", {"transfer_outside_eu"}),
        ("Nouvelle-Zélande", {"transfer_outside_eu"}),
    ],
)
def test_a_subprocessor_far_away_is_a_transfer(country, blames, judge):
    assert blamed(judge("rgpd", subprocessors=[{"name": "Loin", "country": country}])) == blames


def test_a_transfer_needs_its_basis_and_a_breach_its_delay(judge):
    assert blamed(judge("rgpd", transfer_outside_eu="oui")) == {"transfer_basis"}
    assert blamed(judge("rgpd", transfer_outside_eu="oui", transfer_basis="clauses")) == set()
    assert warned(judge("rgpd", breach_notice_hours="72")) == set()
    assert warned(judge("rgpd", breach_notice_hours="73")) == {"breach_notice_hours"}
    assert warned(judge("rgpd", dpa_signed="non")) == {"dpa_signed"}


@pytest.mark.parametrize(
    ("spdx", "free"),
    [
        ("EUPL-1.2", True),
        ("AGPL-3.0-or-later", True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("MIT OR BUSL-1.1", True),
        ("MIT AND BUSL-1.1", False),
        ("BUSL-1.1", False),
        ("SSPL-1.0", False),
        ("CC-BY-NC-4.0", False),
        ("Elastic-2.0", False),
    ],
)
def test_which_licences_are_free(spdx, free, judge):
    assert is_free(spdx) is free
    assert blamed(judge("licence", spdx_id=spdx)) == (set() if free else {"spdx_id"})


def test_a_free_licence_is_said_to_be_one(judge):
    assert [finding.severity for finding in judge("licence").findings] == [Severity.OK]
    assert warned(judge("licence", repository_url="")) == {"repository_url"}


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 1), 12, date(2027, 12, 1)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
    ],
)
def test_months_later(day, months, expected):
    assert after_months(day, months) == expected
