"""A line of a price may be several entries, one for each payer; what is invoiced stays shared out as it was."""

from django.db import migrations, models

# From which day on a move changes who pays: the start of a share, or its early end.
AFTER_WHAT_IS_INVOICED = """
CREATE FUNCTION billing_shares_after_what_is_invoiced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changes date := CASE WHEN NEW.state = 'ended' THEN NEW.ends ELSE NEW.starts END;
    invoiced date;
BEGIN
    SELECT max(entry.period_end) INTO invoiced
    FROM billing_ledgerentry AS entry
    JOIN billing_invoiceline AS line ON line.entry_id = entry.id
    JOIN billing_invoice AS invoice ON invoice.id = line.invoice_id
    WHERE entry.subscription_id = NEW.subscription_id AND entry.corrects_id IS NULL AND invoice.state = 'issued';
    IF invoiced > changes THEN
        RAISE EXCEPTION 'who pays what is invoiced no longer changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payer_share_after_what_is_invoiced',
            DETAIL = invoiced::text;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER shares_after_what_is_invoiced AFTER INSERT OR UPDATE OF state ON subscriptions_payershare
    FOR EACH ROW WHEN (NEW.state IN ('proposed', 'agreed', 'ended'))
    EXECUTE FUNCTION billing_shares_after_what_is_invoiced();
"""

UNDO = """
DROP TRIGGER shares_after_what_is_invoiced ON subscriptions_payershare;
DROP FUNCTION billing_shares_after_what_is_invoiced();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0006_true_ups'),
        ('subscriptions', '0023_payers'),
        ('tenants', '0007_register_statistics'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='ledgerentry',
            name='ledger_once_per_run_and_line',
        ),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.UniqueConstraint(fields=('run', 'subscription', 'tenant', 'code'), name='ledger_once_per_run_payer_and_line'),
        ),
        migrations.RunSQL(sql=AFTER_WHAT_IS_INVOICED, reverse_sql=UNDO),
    ]
