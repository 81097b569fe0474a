"""A payer's share is made by a key of its own subscription, never of another."""

from django.db import migrations

OF_ITS_KEY = """
CREATE FUNCTION subscriptions_payer_of_its_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM subscriptions_costkey AS cost_key
        WHERE cost_key.id = NEW.key_id AND cost_key.subscription_id = NEW.subscription_id
        AND cost_key.tenant_id = NEW.tenant_id
    ) THEN
        RAISE EXCEPTION 'a share is of a key of its subscription'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payer_share_of_its_key';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER payer_of_its_key AFTER INSERT ON subscriptions_payershare
    FOR EACH ROW WHEN (NEW.key_id IS NOT NULL) EXECUTE FUNCTION subscriptions_payer_of_its_key();
"""

UNDO = """
DROP TRIGGER payer_of_its_key ON subscriptions_payershare;
DROP FUNCTION subscriptions_payer_of_its_key();
"""


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0024_envelopes")]

    operations = [migrations.RunSQL(sql=OF_ITS_KEY, reverse_sql=UNDO)]
