"""A published version may be withdrawn whole, as long as its first day has not come."""

from django.db import migrations, models

WITHDRAWABLE = """
CREATE OR REPLACE FUNCTION catalog_pricegrid_published_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'draft' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.state = 'published' THEN
        IF to_jsonb(OLD) - 'effective_until' = to_jsonb(NEW) - 'effective_until' THEN
            RETURN NEW;
        END IF;
        IF NEW.state = 'withdrawn' AND to_jsonb(OLD) - 'state' = to_jsonb(NEW) - 'state'
           AND OLD.effective_from > (now() AT TIME ZONE 'Europe/Paris')::date THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'catalog_pricegrid: a published grid can no longer be changed'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'catalog_pricegrid_published_for_good';
END $$
"""
AS_BEFORE = """
CREATE OR REPLACE FUNCTION catalog_pricegrid_published_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
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


class Migration(migrations.Migration):
    dependencies = [("catalog", "0008_claim_rules")]

    operations = [
        migrations.AlterField(
            model_name="pricegrid",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "en préparation"),
                    ("published", "publié"),
                    ("withdrawn", "retiré avant son entrée en vigueur"),
                ],
                default="draft",
                max_length=10,
            ),
        ),
        migrations.RunSQL(WITHDRAWABLE, AS_BEFORE),
    ]
