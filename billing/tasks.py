"""Thin: load, call one operation. Jobs carry ids only; the rows are the truth."""

from datetime import date

from django.utils import timezone
from django.utils.timezone import localdate
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from tenants.tenancy import every_tenant

AGAIN = RetryStrategy(max_attempts=5, exponential_wait=5)


@app.task(queue="billing", retry=AGAIN)
def draft_run(run_id: int) -> None:
    """Makes the drafts of a run."""
    from billing import operations

    with every_tenant():
        operations.draft_run(run_id=run_id, now=timezone.now())


@app.task(queue="billing", retry=AGAIN)
def issue_run(run_id: int) -> None:
    """Issues the drafts of an approved run."""
    from billing import operations

    with every_tenant():
        operations.issue_run(run_id=run_id, now=timezone.now())


@app.task(queue="billing", retry=AGAIN)
def settle_closing(closing_id: int) -> None:
    """Gives back what was billed beyond the end of a subscription."""
    from billing import credits

    with every_tenant():
        credits.settle_closing(closing_id=closing_id, now=timezone.now())


@app.task(queue="billing", retry=AGAIN)
def settle_repricing(repricing_id: int) -> None:
    """Takes a change of price to what was drafted or invoiced."""
    from billing import repricing

    with every_tenant():
        repricing.settle_repricing(repricing_id=repricing_id, now=timezone.now())


@app.task(queue="billing", retry=AGAIN)
def draw_vat_again(operator_id: int, since: str) -> None:
    """Takes a VAT decision to the drafts under review; `since` as ISO writes it."""
    from billing import vat_changes

    with every_tenant():
        vat_changes.draw_again(operator_id=operator_id, since=date.fromisoformat(since), now=timezone.now())


@app.task(queue="billing", retry=AGAIN)
def share_again(subscription_id: int) -> None:
    """Shares the drafts of a subscription out between those who now pay it."""
    from billing import sharing_again

    with every_tenant():
        sharing_again.share_again(subscription_id=subscription_id, now=timezone.now())


@app.task(queue="documents", retry=AGAIN)
def make_file(invoice_id: int) -> None:
    """Makes the Factur-X of an issued invoice."""
    from billing import files

    with every_tenant():
        files.make_file(invoice_id=invoice_id, now=timezone.now())


@app.task(queue="settlement")
def push_settlement(settlement_id: int) -> None:
    """Mirrors an issued invoice to the payment provider."""
    from billing.settlement import operations

    with every_tenant():
        operations.push(settlement_id=settlement_id, now=timezone.now())


@app.task(queue="settlement", retry=AGAIN)
def confirm_payment(external_id: str) -> None:
    """The provider says that an invoice was paid."""
    from billing.settlement import operations

    with every_tenant():
        operations.confirm_payment(external_id=external_id, now=timezone.now())


@app.periodic(cron="41 4 * * *")
@app.task(queue="settlement", queueing_lock="billing.reconcile", retry=AGAIN)
def reconcile(timestamp: int) -> None:
    """Every night: holds the payment provider's ledger against ours."""
    from billing.settlement import reconciling

    with every_tenant():
        reconciling.reconcile(now=timezone.now())


@app.task(queue="billing", retry=AGAIN)
def take_titre_import(import_id: int) -> None:
    """Takes over the rows of a file of titres and payments."""
    from billing.collecting import imports

    with every_tenant():
        imports.take(import_id=import_id, now=timezone.now())


@app.task(queue="billing", retry=AGAIN)
def draw_statements(run_id: int) -> None:
    """Draws up the vendors' statements of a period."""
    from billing.vendors import drawing

    with every_tenant():
        drawing.draw(run_id=run_id, now=timezone.now())


@app.task(queue="vendors")
def deposit(deposit_id: int) -> None:
    """Hands a deposit of invoices over to its portal."""
    from billing.sending import depositing

    with every_tenant():
        depositing.send(deposit_id=deposit_id, now=timezone.now())


@app.task(queue="vendors")
def find_deposit(deposit_id: int) -> None:
    """Looks for a deposit whose outcome is unknown."""
    from billing.sending import depositing

    with every_tenant():
        depositing.find_lost(deposit_id=deposit_id, now=timezone.now())


@app.task(queue="vendors", retry=AGAIN)
def follow_deposit(deposit_id: int) -> None:
    """Asks what became of a deposit and of its invoices."""
    from billing.sending import following

    with every_tenant():
        following.follow(deposit_id=deposit_id, now=timezone.now())


@app.periodic(cron="7 * * * *")
@app.task(queue="billing", queueing_lock="billing.follow_deposits", retry=AGAIN)
def follow_deposits(timestamp: int) -> None:
    """Every hour: has every deposit that is not at its end followed."""
    from billing.sending import following

    with every_tenant():
        following.follow_all()


@app.periodic(cron="29 4 * * *")
@app.task(queue="billing", queueing_lock="billing.true_up", retry=AGAIN)
def true_up(timestamp: int) -> None:
    """Every night: trues up the pooled prices of a year whose last invoices are issued."""
    from billing import truing_up

    now = timezone.now()
    with every_tenant():
        truing_up.true_up_due(on=localdate(now), now=now)


@app.periodic(cron="17 3 * * *")
@app.task(queue="billing", queueing_lock="billing.count_norms", retry=AGAIN)
def count_norms(timestamp: int) -> None:
    """Every night: counts what communes of each size spend."""
    from billing import spending

    with every_tenant():
        spending.count_norms(on=localdate(timezone.now()))


@app.periodic(cron="* * * * *")
@app.task(queue="billing", queueing_lock="billing.sweep")
def sweep(timestamp: int) -> None:
    """Every minute: enqueues again what a dead worker left behind."""
    from billing import recovery

    with every_tenant():
        recovery.sweep(now=timezone.now())
