"""What the database itself refuses: another tenant's rows, a shelf without approval, a published grid edited."""

from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity

# Once published, only its end may be written: the version that succeeds it says when.
PUBLISHED_FOR_GOOD = """
CREATE FUNCTION catalog_pricegrid_published_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'draft' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND to_jsonb(OLD) - 'effective_until' = to_jsonb(NEW) - 'effective_until' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'catalog_pricegrid: a published grid can no longer be changed'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'catalog_pricegrid_published_for_good';
END $$
"""
TRIGGER = """
CREATE TRIGGER catalog_pricegrid_published_for_good BEFORE UPDATE OR DELETE ON catalog_pricegrid
FOR EACH ROW EXECUTE FUNCTION catalog_pricegrid_published_for_good()
"""
UNDONE = [
    "DROP TRIGGER catalog_pricegrid_published_for_good ON catalog_pricegrid",
    "DROP FUNCTION catalog_pricegrid_published_for_good()",
]


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_what_was_there"), ("tenants", "0006_policy_asked_once")]

    operations = [
        migrations.AddConstraint(
            model_name="listing",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["listed", "suspended"]), _negated=True),
                    ("approved_revision__isnull", False),
                    _connector="OR",
                ),
                name="listing_on_shelf_is_approved",
            ),
        ),
        EnableRowSecurity("catalog_curationfilter"),
        EnableRowSecurity("catalog_gridsimulation"),
        EnableRowSecurity("catalog_simulationrow"),
        EnableRowSecurity("catalog_favourite"),
        EnableRowSecurity("catalog_savedsearch"),
        EnableRowSecurity("catalog_shortlist"),
        EnableRowSecurity("catalog_shortlistitem"),
        AppendOnly("catalog_listingmove"),
        AppendOnly("catalog_termsagreement"),
        migrations.RunSQL([PUBLISHED_FOR_GOOD, TRIGGER], UNDONE),
    ]
