from django.db import migrations

from tenants.rls import AppendOnly, EnableRowSecurity

# A line may be written, changed or removed only while its invoice is a draft.
INVOICE_LINES_ONLY_IN_DRAFTS = migrations.RunSQL(
    sql="""
    CREATE FUNCTION billing_invoiceline_only_in_drafts() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (
            SELECT 1 FROM billing_invoice
            WHERE id = CASE TG_OP WHEN 'INSERT' THEN NEW.invoice_id ELSE OLD.invoice_id END
            AND state = 'draft'
        ) THEN
            RAISE EXCEPTION 'billing_invoiceline: the invoice is issued'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'billing_invoiceline_only_in_drafts';
        END IF;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END $$;
    CREATE TRIGGER billing_invoiceline_only_in_drafts
    BEFORE INSERT OR UPDATE OR DELETE ON billing_invoiceline
    FOR EACH ROW EXECUTE FUNCTION billing_invoiceline_only_in_drafts();
    """,
    reverse_sql="""
    DROP TRIGGER billing_invoiceline_only_in_drafts ON billing_invoiceline;
    DROP FUNCTION billing_invoiceline_only_in_drafts();
    """,
)


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_initial")]

    operations = [
        EnableRowSecurity("billing_billingrun"),
        EnableRowSecurity("billing_ledgerentry"),
        AppendOnly("billing_ledgerentry"),
        EnableRowSecurity("billing_invoice"),
        AppendOnly("billing_invoice", unless="OLD.state = 'draft'"),
        EnableRowSecurity("billing_invoiceline"),
        INVOICE_LINES_ONLY_IN_DRAFTS,
        EnableRowSecurity("billing_invoicefile"),
        AppendOnly("billing_invoicefile"),
        EnableRowSecurity("billing_settlement"),
    ]
