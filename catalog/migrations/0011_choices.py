"""The file of a choice: what it was searched with, on which criteria; and nothing of it changes once frozen."""

import django.contrib.postgres.fields
from django.db import migrations, models

# Frozen, a shortlist only takes its decision; decided, only its file, once.
KEPT = """
CREATE FUNCTION catalog_shortlist_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    decision CONSTANT text[] := ARRAY['state', 'chosen_id', 'criteria', 'reasons', 'decided_at', 'decided_by_id'];
    file CONSTANT text[] := ARRAY['file', 'sha256'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state = 'open' THEN
            RETURN OLD;
        END IF;
    ELSIF OLD.state = 'open' AND NEW.state IN ('open', 'frozen') THEN
        RETURN NEW;
    ELSIF OLD.state = 'frozen' AND NEW.state = 'decided' AND to_jsonb(OLD) - decision = to_jsonb(NEW) - decision THEN
        RETURN NEW;
    ELSIF OLD.state = 'decided' AND OLD.file = '' AND to_jsonb(OLD) - file = to_jsonb(NEW) - file THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'catalog_shortlist: a frozen shortlist can no longer be changed'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'catalog_shortlist_kept';
END $$
"""
# FOR SHARE: whoever writes an item waits for whoever freezes its list, and then sees it frozen.
ITEM_KEPT = """
CREATE FUNCTION catalog_shortlistitem_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    list bigint := CASE TG_OP WHEN 'INSERT' THEN NEW.shortlist_id ELSE OLD.shortlist_id END;
    held text;
BEGIN
    SELECT state INTO held FROM catalog_shortlist WHERE id = list FOR SHARE;
    IF held = 'open' AND (TG_OP <> 'UPDATE' OR NEW.shortlist_id = list) THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'catalog_shortlistitem: the services of a frozen shortlist can no longer be changed'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'catalog_shortlistitem_kept';
END $$
"""


def trigger(table: str, moments: str, function: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {function} BEFORE {moments} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()",
        f"DROP TRIGGER {function} ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0010_all_shelves_together")]

    operations = [
        migrations.AddField(
            model_name="shortlist",
            name="criteria",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("fit", "la réponse au besoin"),
                        ("price", "le prix"),
                        ("life_cycle", "le coût sur toute la durée d’usage : prise en main, assistance, sortie"),
                        ("environment", "l’environnement : hébergement, écoconception, matériel conservé"),
                        ("accessibility", "l’accessibilité"),
                        ("data", "la protection des données et la sécurité"),
                        ("reversibility", "la réversibilité et le logiciel libre"),
                        ("interoperability", "le lien avec nos autres logiciels"),
                        ("support", "l’assistance et l’engagement de service"),
                        ("experience", "l’avis des collectivités qui l’utilisent"),
                    ],
                    max_length=20,
                ),
                blank=True,
                default=list,
                size=None,
                verbose_name="critères considérés",
            ),
        ),
        migrations.AddField(
            model_name="shortlist",
            name="search",
            field=models.CharField(blank=True, max_length=600, verbose_name="recherche en toutes lettres"),
        ),
        migrations.AddConstraint(
            model_name="shortlist",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "decided"), _negated=True),
                    models.Q(("criteria__in", [[], ["price"]]), _negated=True),
                    _connector="OR",
                ),
                name="shortlist_decided_on_more_than_price",
            ),
        ),
        migrations.RunSQL(KEPT, "DROP FUNCTION catalog_shortlist_kept()"),
        trigger("catalog_shortlist", "UPDATE OR DELETE", "catalog_shortlist_kept"),
        migrations.RunSQL(ITEM_KEPT, "DROP FUNCTION catalog_shortlistitem_kept()"),
        trigger("catalog_shortlistitem", "INSERT OR UPDATE OR DELETE", "catalog_shortlistitem_kept"),
    ]
