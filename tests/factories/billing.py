"""Billing runs, ledger, invoices. For real ones, made by the operations: `drafted_run`, `issued_invoice`."""

import hashlib
import uuid
from datetime import date
from decimal import Decimal

import factory

from billing import approving, credits, operations
from billing.models import (
    AccountCodes,
    Adjustment,
    AdjustmentKind,
    Anomaly,
    AnomalyKind,
    BillingRun,
    Channel,
    Closing,
    CommissionTerms,
    ContestReason,
    ContestState,
    Deposit,
    DifferenceKind,
    DraftBatch,
    Dunning,
    DunningKind,
    Invoice,
    InvoiceFile,
    InvoiceLine,
    InvoiceState,
    LateInterestRate,
    LedgerComparison,
    LedgerDifference,
    LedgerEntry,
    LineContest,
    LineContestMove,
    NumberCounter,
    Payment,
    PaymentInterruption,
    ProviderRefund,
    ReminderPace,
    Repricing,
    RunApproval,
    RunMove,
    RunState,
    SecondPersonRule,
    Sending,
    SendingAccount,
    SendingStatus,
    SetAside,
    Settlement,
    SettlementState,
    StatementLine,
    StatementMove,
    StatementPayment,
    StatementRun,
    StatementState,
    TitreCodes,
    TitreImport,
    TitreImportRow,
    TitreNumber,
    TitreRowState,
    TrueUp,
    VendorStatement,
)
from subscriptions.models import State, Subscription
from tenants.sealing import seal
from tests.factories.base import NOW, Factory
from tests.factories.catalog import VendorFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.tenants import OperatorFactory, OrganisationFactory, UserFactory
from tests.fakes import chorus_pro
from tests.tools.database import as_worker

YEAR = (date(2026, 1, 1), date(2027, 1, 1))


class BillingRunFactory(Factory):
    """A run of the year 2026, as it is when it has just been started."""

    class Meta:
        model = BillingRun

    operator = factory.SubFactory(OperatorFactory)
    tenant = factory.SelfAttribute("operator.organisation")
    period_start, period_end = YEAR
    started_by = factory.SubFactory(UserFactory)
    started_at = NOW


class DraftBatchFactory(Factory):
    """A batch of one member, to be made."""

    class Meta:
        model = DraftBatch

    run = factory.SubFactory(BillingRunFactory)
    tenant = factory.SelfAttribute("run.tenant")
    first_member = factory.Sequence(lambda n: n + 1)
    last_member = factory.SelfAttribute("first_member")
    members = 1


class ClosingFactory(Factory):
    """A subscription ended on 1 October 2026, still to settle."""

    class Meta:
        model = Closing

    subscription = factory.SubFactory(SubscriptionFactory, state=State.ENDED)
    tenant = factory.SelfAttribute("subscription.tenant")
    ended_on = date(2026, 10, 1)
    noted_at = NOW


class RepricingFactory(Factory):
    """A price that changes on 1 October 2026, still to take to what was billed."""

    class Meta:
        model = Repricing

    subscription = factory.SubFactory(SubscriptionFactory, state=State.ACTIVE)
    tenant = factory.SelfAttribute("subscription.tenant")
    since = date(2026, 10, 1)
    noted_at = NOW


class AdjustmentFactory(Factory):
    """20 € more for 2026, that wait for the next invoice."""

    class Meta:
        model = Adjustment

    kind = AdjustmentKind.REPRICED
    run = factory.SubFactory(BillingRunFactory)
    operator = factory.SelfAttribute("run.operator")
    subscription = factory.SubFactory(
        SubscriptionFactory, state=State.ACTIVE, listing__operator=factory.SelfAttribute("...operator")
    )
    tenant = factory.SelfAttribute("subscription.tenant")
    period_start = factory.SelfAttribute("run.period_start")
    period_end = factory.SelfAttribute("run.period_end")
    amount_cents = 2000
    label = "Cantine – Régularisation, année 2026"
    steps = factory.LazyFunction(lambda: ["140,00 € dus − 120,00 € facturés = 20,00 €"])
    noted_at = NOW


class TrueUpFactory(Factory):
    """That of 2026: nothing to put right."""

    class Meta:
        model = TrueUp

    subscription = factory.SubFactory(SubscriptionFactory, state=State.ACTIVE)
    tenant = factory.SelfAttribute("subscription.tenant")
    year = 2026
    counted_on = date(2026, 12, 31)
    inhabitants = 12_400
    billed_cents = due_cents = 25_800
    made_at = NOW


class LedgerEntryFactory(Factory):
    class Meta:
        model = LedgerEntry

    run = factory.SubFactory(BillingRunFactory)
    operator = factory.SelfAttribute("run.operator")
    subscription = factory.SubFactory(
        SubscriptionFactory, state=State.ACTIVE, listing__operator=factory.SelfAttribute("...operator")
    )
    tenant = factory.SelfAttribute("subscription.tenant")
    period_start = factory.SelfAttribute("run.period_start")
    period_end = factory.SelfAttribute("run.period_end")
    code = "habitants"
    label = "Cantine – Habitants"
    quantity = Decimal(860)
    unit = "habitant"
    unit_price = Decimal("0.30")
    amount_cents = 25800
    vat_category = "S"
    vat_rate = Decimal(20)
    steps = factory.LazyFunction(lambda: ["860 habitants × 0,30 € = 258,00 €"])
    facts = factory.LazyFunction(dict)
    recorded_at = NOW


class InvoiceFactory(Factory):
    """A draft of 258,00 € and VAT, without lines; `issued=True` for an issued one (number 1). A credit note
    when it `corrects` another."""

    class Meta:
        model = Invoice

    class Params:
        issued = factory.Trait(
            state=InvoiceState.ISSUED,
            year=2026,
            sequence=factory.Sequence(lambda n: n + 1),
            number=factory.LazyAttribute(lambda o: f"F2026-{o.sequence:05d}"),
            issue_date=date(2026, 10, 1),
            due_date=date(2026, 10, 31),
        )

    run = factory.SubFactory(BillingRunFactory)
    operator = factory.SelfAttribute("run.operator")
    tenant = factory.SubFactory(OrganisationFactory)
    corrects = None
    type_code = factory.LazyAttribute(lambda o: "381" if o.corrects else "380")
    out_of_scope = False
    period_start = factory.SelfAttribute("run.period_start")
    period_end = factory.SelfAttribute("run.period_end")
    net_cents = 25800
    vat_cents = 5160
    gross_cents = factory.LazyAttribute(lambda o: o.net_cents + o.vat_cents)


class InvoiceLineFactory(Factory):
    class Meta:
        model = InvoiceLine

    entry = factory.SubFactory(LedgerEntryFactory)
    invoice = factory.SubFactory(
        InvoiceFactory,
        run=factory.SelfAttribute("..entry.run"),
        tenant=factory.SelfAttribute("..entry.tenant"),
    )
    tenant = factory.SelfAttribute("invoice.tenant")
    position = 1
    name = factory.SelfAttribute("entry.label")
    steps = factory.SelfAttribute("entry.steps")
    quantity = factory.SelfAttribute("entry.quantity")
    unit = factory.SelfAttribute("entry.unit")
    unit_price = factory.SelfAttribute("entry.unit_price")
    net_cents = factory.SelfAttribute("entry.amount_cents")
    vat_category = factory.SelfAttribute("entry.vat_category")
    vat_rate = factory.SelfAttribute("entry.vat_rate")


class LineContestFactory(Factory):
    """Contested on 1 October 2026 for its population, still to answer; accepted with a `credit_note`."""

    class Meta:
        model = LineContest

    line = factory.SubFactory(InvoiceLineFactory)
    tenant = factory.SelfAttribute("line.tenant")
    operator = factory.SelfAttribute("line.invoice.operator")
    reason = ContestReason.POPULATION
    text = "Nous sommes 812 habitants depuis janvier."
    opened_by = factory.SubFactory(UserFactory)
    opened_at = NOW
    credit_note = None
    state = factory.LazyAttribute(lambda o: ContestState.ACCEPTED if o.credit_note else ContestState.OPEN)
    closed_at = factory.LazyAttribute(lambda o: NOW if o.credit_note else None)
    accepted_cents = factory.LazyAttribute(lambda o: 3000 if o.credit_note else None)


class LineContestMoveFactory(Factory):
    class Meta:
        model = LineContestMove

    contest = factory.SubFactory(LineContestFactory)
    tenant = factory.SelfAttribute("contest.tenant")
    before = ""
    after = ContestState.OPEN
    at = NOW
    by = factory.SelfAttribute("contest.opened_by")


class PaymentInterruptionFactory(Factory):
    """Since 10 October 2026, not over."""

    class Meta:
        model = PaymentInterruption

    contest = factory.SubFactory(LineContestFactory)
    invoice = factory.SelfAttribute("contest.line.invoice")
    tenant = factory.SelfAttribute("contest.tenant")
    starts_on = date(2026, 10, 10)


class LateInterestRateFactory(Factory):
    """That of the second half of 2026, as an operator typed it."""

    class Meta:
        model = LateInterestRate

    starts_on = date(2026, 7, 1)
    ecb_rate = Decimal("2.15")
    source = "Banque de France, page lue le 1er juillet 2026"
    operator = factory.SubFactory(OperatorFactory)


class ReminderPaceFactory(Factory):
    class Meta:
        model = ReminderPace

    operator = factory.SubFactory(OperatorFactory)
    tenant = factory.SelfAttribute("operator.organisation")
    days = 15


class DunningFactory(Factory):
    """A reminder, a day late."""

    class Meta:
        model = Dunning

    invoice = factory.SubFactory(InvoiceFactory, issued=True)
    tenant = factory.SelfAttribute("invoice.tenant")
    operator = factory.SelfAttribute("invoice.operator")
    kind = DunningKind.REMINDER
    at = NOW
    by = factory.SubFactory(UserFactory)
    days_late = 1
    base_cents = 30960
    indemnity_cents = 4000
    steps = factory.LazyFunction(list)
    text = "Bonjour, cette facture reste à payer."


class InvoiceFileFactory(Factory):
    class Meta:
        model = InvoiceFile

    class Params:
        content = b""  # what is stored there: its hash and its size

    invoice = factory.SubFactory(InvoiceFactory, issued=True)
    tenant = factory.SelfAttribute("invoice.tenant")
    path = factory.LazyAttribute(lambda o: f"invoices/test/{o.invoice.public_id}.pdf")
    sha256 = factory.LazyAttribute(lambda o: hashlib.sha256(o.content).hexdigest())
    size = factory.LazyAttribute(lambda o: len(o.content))
    made_at = NOW


class SettlementFactory(Factory):
    class Meta:
        model = Settlement

    invoice = factory.SubFactory(InvoiceFactory, issued=True)
    tenant = factory.SelfAttribute("invoice.tenant")
    channel = Channel.TITRE
    state = SettlementState.PROPOSED
    changed_at = NOW


class SendingAccountFactory(Factory):
    """An operator's account at Chorus Pro; it signs in nowhere but at `tests.fakes.chorus_pro`."""

    class Meta:
        model = SendingAccount

    operator = factory.SubFactory(OperatorFactory)
    tenant = factory.SelfAttribute("operator.organisation")
    public_id = factory.LazyFunction(uuid.uuid4)
    login, client_id = chorus_pro.LOGIN, chorus_pro.CLIENT_ID
    sealed = factory.LazyAttribute(
        lambda o: seal(
            {"password": chorus_pro.PASSWORD, "client_secret": chorus_pro.CLIENT_SECRET},
            owner=str(o.public_id),
        )
    )
    since = date(2026, 1, 1)
    set_by = factory.SubFactory(UserFactory)
    set_at = NOW


class DepositFactory(Factory):
    """Still to be made."""

    class Meta:
        model = Deposit

    operator = factory.SubFactory(OperatorFactory)
    tenant = factory.SelfAttribute("operator.organisation")
    asked_by = factory.SubFactory(UserFactory)
    asked_at = changed_at = run_after = NOW


class SendingFactory(Factory):
    class Meta:
        model = Sending

    invoice = factory.SubFactory(InvoiceFactory, issued=True)
    tenant = factory.SelfAttribute("invoice.tenant")
    deposit = factory.SubFactory(DepositFactory, operator=factory.SelfAttribute("..invoice.operator"))


class SendingStatusFactory(Factory):
    class Meta:
        model = SendingStatus

    sending = factory.SubFactory(SendingFactory)
    tenant = factory.SelfAttribute("sending.tenant")
    code, lifecycle = "MISE_A_DISPOSITION", 203
    at = noted_at = NOW


class TitreCodesFactory(Factory):
    """Those of a budget of the general account, in force since the beginning of 2026."""

    class Meta:
        model = TitreCodes

    operator = factory.SubFactory(OperatorFactory)
    tenant = factory.SelfAttribute("operator.organisation")
    since = date(2026, 1, 1)
    post = "035012"
    budget_siret = "73282932000074"
    collectivity = "400"
    product = "70"
    account = "7068"
    recorded_by = factory.SubFactory(UserFactory)
    recorded_at = NOW


class AccountCodesFactory(Factory):
    """Those of an association that closes its year in December, with VAT."""

    class Meta:
        model = AccountCodes

    operator = factory.SubFactory(OperatorFactory, private=True)
    tenant = factory.SelfAttribute("operator.organisation")
    since = date(2026, 1, 1)
    journal = "VE"
    journal_label = "Ventes"
    customer = "411000"
    product = "706000"
    vat = "445710"
    closing_month = 12
    recorded_by = factory.SubFactory(UserFactory)
    recorded_at = NOW


class TitreNumberFactory(Factory):
    class Meta:
        model = TitreNumber

    settlement = factory.SubFactory(SettlementFactory)
    tenant = factory.SelfAttribute("settlement.tenant")
    operator = factory.SelfAttribute("settlement.invoice.operator")
    exercice = 2026
    bordereau = 14
    number = factory.Sequence(lambda n: n + 1)
    reduces = False
    recorded_at = NOW


class TitreImportFactory(Factory):
    """A file that waits for an answer."""

    class Meta:
        model = TitreImport

    operator = factory.SubFactory(OperatorFactory)
    tenant = factory.SelfAttribute("operator.organisation")
    file_name = "titres.csv"
    sent_by = factory.SubFactory(UserFactory)
    sent_at = NOW
    notes = factory.LazyFunction(
        lambda: {"encoding": "UTF-8", "separator": "point-virgule", "ignored": [], "header": ["Référence"]}
    )


class TitreImportRowFactory(Factory):
    class Meta:
        model = TitreImportRow

    titre_import = factory.SubFactory(TitreImportFactory)
    tenant = factory.SelfAttribute("titre_import.tenant")
    line = factory.Sequence(lambda n: n + 2)
    raw = factory.LazyFunction(lambda: ["F2026-00001"])
    state = TitreRowState.REFUSED
    problems = factory.LazyFunction(lambda: ["Référence inconnue."])


class PaymentFactory(Factory):
    class Meta:
        model = Payment

    settlement = factory.SubFactory(SettlementFactory)
    tenant = factory.SelfAttribute("settlement.tenant")
    row = factory.SubFactory(TitreImportRowFactory)
    amount_cents = 10000
    paid_on = date(2026, 10, 20)
    recorded_at = NOW


class LedgerComparisonFactory(Factory):
    class Meta:
        model = LedgerComparison

    operator = factory.SubFactory(OperatorFactory, private=True)
    tenant = factory.SelfAttribute("operator.organisation")
    on = date(2026, 10, 1)
    started_at = NOW


class LedgerDifferenceFactory(Factory):
    """An invoice that nobody of ours knows, of 120 €."""

    class Meta:
        model = LedgerDifference

    operator = factory.SubFactory(OperatorFactory, private=True)
    tenant = factory.SelfAttribute("operator.organisation")
    kind = DifferenceKind.MISSING_HERE
    external_id = factory.Sequence(lambda n: f"in_{n}")
    number = "A-0001"
    theirs_cents = 12000
    found_at = NOW


class ProviderRefundFactory(Factory):
    class Meta:
        model = ProviderRefund

    settlement = factory.SubFactory(SettlementFactory)
    tenant = factory.SelfAttribute("settlement.tenant")
    external_id = factory.Sequence(lambda n: f"re_{n}")
    amount_cents = 5000
    refunded_at = NOW
    recorded_at = NOW


class NumberCounterFactory(Factory):
    class Meta:
        model = NumberCounter

    operator = factory.SubFactory(OperatorFactory)
    series = "F"
    year = 2026


class AnomalyFactory(Factory):
    """A first invoice, that nobody has looked at."""

    class Meta:
        model = Anomaly

    invoice = factory.SubFactory(InvoiceFactory)
    run = factory.SelfAttribute("invoice.run")
    tenant = factory.SelfAttribute("invoice.tenant")
    kind = AnomalyKind.FIRST
    blocking = False
    after_cents = factory.SelfAttribute("invoice.net_cents")
    weight = factory.SelfAttribute("invoice.gross_cents")
    found_at = NOW


class SetAsideFactory(Factory):
    class Meta:
        model = SetAside

    invoice = factory.SubFactory(InvoiceFactory)
    run = factory.SelfAttribute("invoice.run")
    tenant = factory.SelfAttribute("invoice.tenant")
    reason = "La commune conteste."
    by = factory.SubFactory(UserFactory)
    at = NOW


class RunMoveFactory(Factory):
    class Meta:
        model = RunMove

    run = factory.SubFactory(BillingRunFactory)
    tenant = factory.SelfAttribute("run.tenant")
    before, after = RunState.DRAFTING, RunState.REVIEW
    at = NOW


class RunApprovalFactory(Factory):
    """Of three drafts, which nobody else has to confirm."""

    class Meta:
        model = RunApproval

    run = factory.SubFactory(BillingRunFactory)
    tenant = factory.SelfAttribute("run.tenant")
    drafts, gross_cents, largest_cents = 3, 92_880, 30_960
    needs_second = False
    approved_by = factory.SubFactory(UserFactory)
    approved_at = NOW


class SecondPersonRuleFactory(Factory):
    """Above 300 €."""

    class Meta:
        model = SecondPersonRule

    tenant = factory.SubFactory(OrganisationFactory)
    above_cents = 30_000
    set_by = factory.SubFactory(UserFactory)
    set_at = NOW


class CommissionTermsFactory(Factory):
    """10 % from 2025 on, agreed; VAT at 20 %."""

    class Meta:
        model = CommissionTerms

    operator = factory.SubFactory(OperatorFactory)
    vendor = factory.SubFactory(VendorFactory)
    tenant = factory.SelfAttribute("vendor.organisation")
    since = date(2025, 1, 1)
    percent = Decimal(10)
    vat_rate = Decimal(20)
    proposed_by = factory.SubFactory(UserFactory)
    proposed_at = NOW
    agreed_by = factory.SubFactory(UserFactory)
    agreed_at = NOW

    class Params:
        proposed = factory.Trait(agreed_by=None, agreed_at=None)


class StatementRunFactory(Factory):
    """That of the third quarter of 2026, asked for and not begun."""

    class Meta:
        model = StatementRun

    operator = factory.SubFactory(OperatorFactory)
    tenant = factory.SelfAttribute("operator.organisation")
    period_start, period_end = date(2026, 7, 1), date(2026, 10, 1)
    asked_by = factory.SubFactory(UserFactory)
    asked_at = NOW


class VendorStatementFactory(Factory):
    """258 € billed, 10 % kept, VAT at 20 %."""

    class Meta:
        model = VendorStatement

    run = factory.SubFactory(StatementRunFactory)
    operator = factory.SelfAttribute("run.operator")
    vendor = factory.SubFactory(VendorFactory)
    tenant = factory.SelfAttribute("vendor.organisation")
    period_start = factory.SelfAttribute("run.period_start")
    period_end = factory.SelfAttribute("run.period_end")
    drawn_at = NOW
    lines_count = 1
    billed_cents, credited_cents, released_cents, withheld_cents, carried_cents = 25_800, 0, 0, 0, 0
    commission_cents, net_cents, vat_rate, vat_cents, gross_cents = 2_580, 23_220, Decimal(20), 4_644, 27_864


class StatementLineFactory(Factory):
    class Meta:
        model = StatementLine

    statement = factory.SubFactory(VendorStatementFactory)
    tenant = factory.SelfAttribute("statement.tenant")
    line = factory.SubFactory(InvoiceLineFactory)
    terms = factory.SubFactory(
        CommissionTermsFactory,
        operator=factory.SelfAttribute("..statement.operator"),
        vendor=factory.SelfAttribute("..statement.vendor"),
    )
    member_name = "Commune d’Essai"
    member_siren = "732829320"
    service_name = "Cantine"
    label = "Cantine – Abonnement"
    number = "F2026-00001"
    issue_date = date(2026, 9, 1)
    period_start, period_end = YEAR
    net_cents, commission_cents = 25_800, 2_580


class StatementMoveFactory(Factory):
    class Meta:
        model = StatementMove

    statement = factory.SubFactory(VendorStatementFactory)
    tenant = factory.SelfAttribute("statement.tenant")
    after = StatementState.DRAWN
    at = NOW


class StatementPaymentFactory(Factory):
    class Meta:
        model = StatementPayment

    statement = factory.SubFactory(VendorStatementFactory)
    tenant = factory.SelfAttribute("statement.tenant")
    amount_cents = 10_000
    paid_on = date(2026, 10, 20)
    recorded_by = factory.SubFactory(UserFactory)
    recorded_at = NOW


def read(run: BillingRun, *, now=NOW) -> None:
    """Whoever started the run has seen every remark that may be accepted."""
    with as_worker():
        left = Anomaly.objects.filter(run=run, blocking=False, seen_at__isnull=True)
        left.update(seen_by=run.started_by_id, seen_at=now)


def drafted_run(*, operator=None, members: int = 1, now=NOW, seen=True, **subscription) -> BillingRun:
    """A run whose drafts were made by the worker's operation, for `members` new active subscriptions; its
    remarks are seen already, unless told otherwise.

    `subscription` goes to each of them: `tenant__territory__population=…`, `listing__grid__exempt=True`…
    With `members=0`, only what the operator's members have already is billed.
    """
    operator = operator or OperatorFactory()
    for _ in range(members):
        SubscriptionFactory(state=State.ACTIVE, listing__operator=operator, **subscription)
    run = BillingRunFactory(operator=operator)
    with as_worker():
        operations.draft_run(run_id=run.pk, now=now)
        run.refresh_from_db()
    if seen:
        read(run, now=now)
    return run


def issued_invoice(*, operator=None, now=NOW, **subscription) -> Invoice:
    """One invoice, drafted, approved and issued by the operations."""
    run = drafted_run(operator=operator, now=now, **subscription)
    with as_worker():
        approving.approve_run(run=run, approved_by=run.started_by, now=now)
        operations.issue_run(run_id=run.pk, now=now)
        return Invoice.objects.select_related("operator", "tenant", "settlement").get(run=run)


def credit_note_on(invoice: Invoice, *, ended_on: date = date(2026, 10, 1)) -> Invoice:
    """The draft credit note of an issued invoice, its first subscription having ended that day."""
    with as_worker():
        subscription = Subscription.objects.filter(ledger_entries__line__invoice=invoice).first()
        Subscription.objects.filter(pk=subscription.pk).update(ended_on=ended_on, state=State.ENDED)
        subscription.refresh_from_db()
        credits.note_closing(subscription=subscription, on=ended_on, now=NOW)
        credits.settle_closing(closing_id=subscription.closing.pk, now=NOW)
        notes = Invoice.objects.select_related("operator__organisation", "corrects", "tenant")
        return notes.get(corrects=invoice, state=InvoiceState.DRAFT)


def issued_credit_note(invoice: Invoice, **ended) -> Invoice:
    """The same, issued by a person."""
    note = credit_note_on(invoice, **ended)
    with as_worker():
        credits.issue_credit_note(credit_note=note, shown_cents=note.gross_cents, by=UserFactory(), now=NOW)
        return Invoice.objects.select_related("operator", "corrects", "settlement").get(pk=note.pk)
