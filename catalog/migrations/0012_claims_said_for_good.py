"""What was said and checked is never written again: a claim only ends, and remembers its reminders."""

from django.db import migrations

# The columns that change: who was the last word until when, and which reminder was sent.
SAID_FOR_GOOD = """
CREATE FUNCTION catalog_claim_said_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) - '{replaced_at,withdrawn_at,reminded}'::text[]
            = to_jsonb(NEW) - '{replaced_at,withdrawn_at,reminded}'::text[]
        AND (OLD.replaced_at IS NULL OR OLD.replaced_at IS NOT DISTINCT FROM NEW.replaced_at)
        AND (OLD.withdrawn_at IS NULL OR OLD.withdrawn_at IS NOT DISTINCT FROM NEW.withdrawn_at) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'catalog_claim: what was said can no longer be changed'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'catalog_claim_said_for_good';
END $$
"""
TRIGGER = """
CREATE TRIGGER catalog_claim_said_for_good BEFORE UPDATE ON catalog_claim
FOR EACH ROW EXECUTE FUNCTION catalog_claim_said_for_good()
"""
UNDONE = [
    "DROP TRIGGER catalog_claim_said_for_good ON catalog_claim",
    "DROP FUNCTION catalog_claim_said_for_good()",
]


class Migration(migrations.Migration):
    dependencies = [("catalog", "0011_choices")]

    operations = [migrations.RunSQL([SAID_FOR_GOOD, TRIGGER], UNDONE)]
