"""The journal of sales, the FEC, the aged balance and the forecast, from what was issued."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.accounting import aged, fec
from billing.accounting.codes import AccountsStatement, accounts_on, set_accounts
from billing.accounting.journal import sales
from billing.models import AccountCodes, Invoice, InvoiceType, SettlementState
from tenants.operators.settings import SettingsInvalid
from tenants.refusals import Refused
from tests.factories import (
    AccountCodesFactory,
    BillingRunFactory,
    InvoiceFactory,
    LineContestFactory,
    OperatorFactory,
    PaymentFactory,
    PaymentInterruptionFactory,
    SettlementFactory,
    UserFactory,
    issued_credit_note,
    issued_invoice,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

TODAY = NOW.date()
GIVEN = AccountsStatement(TODAY, "VE", "Ventes", "411000", "706000", "445710", 12)


def lines(content: bytes) -> list[dict[str, str]]:
    header, *rows = content.decode("iso-8859-15").removesuffix("\r\n").split("\r\n")
    assert header.split("\t") == list(fec.COLUMNS)
    return [dict(zip(fec.COLUMNS, row.split("\t"), strict=True)) for row in rows]


def cents(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


@pytest.mark.django_db
def test_an_invoice_and_its_credit_note_are_two_balanced_entries():
    operator = OperatorFactory(private=True)
    invoice = issued_invoice(operator=operator)
    note = issued_credit_note(invoice)
    with as_worker():
        accounts = AccountCodesFactory(operator=operator)
        by = UserFactory()
        name, content = fec.export_fec(operator=operator, year=2026, by=by, now=NOW)
        assert name == f"{operator.organisation.siren}FEC20261231.txt"
        rows = lines(content)
        assert [(row["EcritureNum"], row["CompteNum"], row["Debit"], row["Credit"]) for row in rows[:3]] == [
            ("1", "411000", "309,60", "0,00"),
            ("1", "706000", "0,00", "258,00"),
            ("1", "445710", "0,00", "51,60"),
        ]
        assert {row["EcritureNum"] for row in rows[3:]} == {"2"}
        assert cents(rows[3]["Credit"]) * 100 == note.gross_cents
        assert (rows[3]["CompteNum"], rows[3]["PieceRef"]) == ("411000", note.number)
        assert rows[0]["CompAuxNum"] == invoice.buyer["siren"]
        assert rows[0]["EcritureDate"] == rows[0]["ValidDate"] == f"{invoice.issue_date:%Y%m%d}"
        for number in ("1", "2"):
            entry = [row for row in rows if row["EcritureNum"] == number]
            assert sum(cents(row["Debit"]) for row in entry) == sum(cents(row["Credit"]) for row in entry)
        start, end = date(2026, 1, 1), date(2026, 12, 31)
        found = list(sales(operator=operator, start=start, end=end))
        assert [sale.gross_cents for sale in found] == [30960, -note.gross_cents]
        assert found[1].corrects == invoice.number
        AccountCodesFactory(operator=operator, vat="", since=accounts.since + timedelta(days=1))
        with pytest.raises(Refused, match="compte de TVA"):
            fec.export_fec(operator=operator, year=2026, by=by, now=NOW)
        with pytest.raises(Refused, match="Aucune facture"):
            fec.export_fec(operator=operator, year=2020, by=by, now=NOW)
        with pytest.raises(Refused, match="comptes que votre comptable"):
            fec.export_fec(operator=OperatorFactory(private=True), year=2026, by=by, now=NOW)
        with pytest.raises(Refused, match="public"):
            fec.export_fec(operator=OperatorFactory(), year=2026, by=by, now=NOW)


AMOUNTS = st.integers(0, 10**9)


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS, st.booleans(), st.text(max_size=200)), max_size=8))
def test_every_entry_is_balanced_and_numbers_have_no_gap(made):
    """Whatever the amounts, and whatever somebody is called."""
    accounts = AccountCodes(
        journal="VE", journal_label="Ventes", customer="411000", product="706000", vat="445710"
    )
    invoices = [
        Invoice(
            number=f"F{place}",
            type_code=InvoiceType.CREDIT_NOTE if credit else InvoiceType.INVOICE,
            net_cents=net,
            vat_cents=vat,
            gross_cents=net + vat,
            issue_date=TODAY,
            buyer={"name": name, "siren": "732829320"},
        )
        for place, (net, vat, credit, name) in enumerate(made)
    ]
    balance: dict[str, Decimal] = defaultdict(Decimal)
    rows = lines(fec.render_fec(invoices, accounts))
    for row in rows:
        assert cents(row["Debit"]) + cents(row["Credit"]) > 0
        balance[row["EcritureNum"]] += cents(row["Debit"]) - cents(row["Credit"])
    assert set(balance.values()) <= {Decimal(0)}
    wanted = sum(1 for net, vat, *_ in made if net + vat)
    assert list(balance) == [str(number) for number in range(1, wanted + 1)]


def test_a_financial_year_ends_when_the_issuer_says():
    assert fec.year_ending(2026, 12) == fec.Year(date(2026, 1, 1), date(2026, 12, 31))
    assert fec.year_ending(2026, 8) == fec.Year(date(2025, 9, 1), date(2026, 8, 31))
    assert fec.year_ending(2028, 2) == fec.Year(date(2027, 3, 1), date(2028, 2, 29))


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(-1, "not_due"), (0, "not_due"), (1, "to_30"), (30, "to_30"), (31, "to_60"), (60, "to_60"),
     (61, "to_90"), (90, "to_90"), (91, "over_90")],
)  # fmt: skip
def test_the_edges_of_the_buckets(days, bucket):
    assert aged.bucket_of(TODAY - timedelta(days=days), on=TODAY) == bucket


@pytest.mark.django_db
def test_who_owes_since_when_and_what_comes_in():
    operator = OperatorFactory()
    run = BillingRunFactory(operator=operator)
    with as_worker():

        def owed(due: date, **fields):
            return SettlementFactory(invoice=InvoiceFactory(run=run, issued=True, due_date=due, **fields))

        late = owed(TODAY - timedelta(days=45))
        owed(date(2027, 1, 10), tenant=late.tenant, out_of_scope=True)
        other = owed(TODAY + timedelta(days=1))
        PaymentFactory(settlement=other, amount_cents=10_000)
        settled = owed(TODAY - timedelta(days=100))
        settled.state, settled.paid_at = SettlementState.PAID, NOW
        settled.save()
        SettlementFactory()  # another operator's
        # What a credit note gives back is owed no more.
        InvoiceFactory(
            run=run, issued=True, corrects=late.invoice, tenant=late.tenant, number="A1", series="A",
            net_cents=800, vat_cents=160,
        )  # fmt: skip
        members = aged.aged_balance(operator=operator, on=TODAY)
        assert [(member.name, member.total) for member in members] == [
            (late.tenant.name, 30000 + 30960),
            (other.tenant.name, 20960),
        ]
        assert members[0].cents == {
            "not_due": 30960, "to_30": 0, "to_60": 30000, "to_90": 0, "over_90": 0,
        }  # fmt: skip
        assert aged.totals(members).total == 30000 + 30960 + 20960
        months = aged.cash_in(operator=operator, on=TODAY)
        due = (TODAY + timedelta(days=1)).replace(day=1)
        assert [(month.first, month.cents) for month in months] == [
            (None, 30000), (due, 20960), (date(2027, 1, 1), 30960),
        ]  # fmt: skip


@pytest.mark.django_db
def test_a_contest_moves_the_day_by_which_an_invoice_counts_as_late():
    operator = OperatorFactory()
    invoice = issued_invoice(operator=operator)
    after = invoice.due_date + timedelta(days=10)
    with as_worker():
        interruption = PaymentInterruptionFactory(
            contest=LineContestFactory(line=invoice.lines.first(), tenant=invoice.tenant),
            starts_on=invoice.issue_date,
        )

        def seen() -> tuple:
            [sale] = sales(operator=operator, start=invoice.issue_date, end=invoice.issue_date)
            months = [month.first for month in aged.cash_in(operator=operator, on=after)]
            return sale.due, aged.totals(aged.aged_balance(operator=operator, on=after)).cents, months

        nothing_late = dict.fromkeys(aged.BUCKETS, 0) | {"not_due": invoice.gross_cents}
        assert seen() == (None, nothing_late, [])
        interruption.ends_on, interruption.due_on = after - timedelta(days=29), after + timedelta(days=1)
        interruption.save()
        assert seen() == (interruption.due_on, nothing_late, [interruption.due_on.replace(day=1)])
        later = after + timedelta(days=2)
        late = aged.totals(aged.aged_balance(operator=operator, on=later)).cents
        assert late == dict.fromkeys(aged.BUCKETS, 0) | {"to_30": invoice.gross_cents}


@pytest.mark.django_db
def test_accounts_are_dated_and_never_changed():
    operator = OperatorFactory(private=True)
    with as_worker():
        accounts = set_accounts(operator=operator, statement=GIVEN, by=UserFactory(), now=NOW)
        assert accounts_on(operator=operator, day=TODAY) == accounts
        assert accounts_on(operator=operator, day=TODAY - timedelta(days=1)) is None
        wrong = AccountsStatement(None, "V-E", " ", "512000", "60", "x", 13)
        with pytest.raises(SettingsInvalid) as refused:
            set_accounts(operator=operator, statement=wrong, by=UserFactory(), now=NOW)
        assert refused.value.errors.keys() == {
            "since", "journal", "journal_label", "customer", "product", "vat", "closing_month",
        }  # fmt: skip
