"""Orders are refused by the database: beyond the maximum of a lot, outside its validity, by a buyer who is not
named in the notice, or from the threshold of direct purchase on."""

from datetime import date

from django.db import migrations

from tenants.rls import AppendOnly, EnableRowSecurity

DECREE = "Décret n° 2025-1386, CCP R2122-8"
# (code, cents, from, source): domain facts of procurement law, dated.
THRESHOLDS = [
    ("direct", 4_000_000, date(2020, 1, 1), "Décret n° 2019-1344 du 12 décembre 2019, CCP R2122-8"),
    ("direct", 6_000_000, date(2026, 4, 1), DECREE),
    ("documents", 4_000_000, date(2020, 1, 1), "CCP R2132-2"),
    ("documents", 6_000_000, date(2026, 4, 1), "CCP R2132-2"),
    ("advertising", 9_000_000, date(2019, 4, 1), "CCP R2131-12"),
    ("eu", 22_100_000, date(2024, 1, 1), "Avis relatif aux seuils de procédure, 2024-2025"),
    ("eu", 21_600_000, date(2026, 1, 1), "Avis relatif aux seuils de procédure, 2026-2027"),
    ("advance", 5_000_000, date(2019, 4, 1), "CCP R2191-3"),
    ("essential_data", 4_000_000, date(2019, 4, 1), "CCP R2196-1"),
]


def fill(apps, schema_editor):
    Threshold = apps.get_model("subscriptions", "Threshold")
    for code, cents, since, source in THRESHOLDS:
        Threshold.objects.create(code=code, amount_cents=cents, in_force_from=since, source=source)


# Four years (CCP L2125-1): an interval, which no check constraint of Django's writes.
FOUR_YEARS = """
ALTER TABLE subscriptions_frameworklot ADD CONSTRAINT framework_lot_lasts_four_years CHECK (
    ends_on <= starts_on + interval '4 years' OR duration_reason <> ''
)
"""

WITHIN_BOUNDS = """
CREATE FUNCTION subscriptions_order_within_bounds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lot subscriptions_frameworklot;
    total bigint;
    threshold bigint;
BEGIN
    IF NEW.lot_id IS NOT NULL THEN
        SELECT * INTO lot FROM subscriptions_frameworklot WHERE id = NEW.lot_id FOR NO KEY UPDATE;
        IF lot.published_on IS NULL OR NEW.placed_on < lot.starts_on OR NEW.placed_on >= lot.ends_on THEN
            RAISE EXCEPTION 'no order outside the validity of a framework agreement'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'order_while_in_force';
        END IF;
        IF NOT EXISTS (
            SELECT FROM subscriptions_eligiblebuyer AS buyer
            WHERE buyer.lot_id = lot.id AND buyer.organisation_id = NEW.tenant_id
        ) THEN
            RAISE EXCEPTION 'no order by a buyer who is not named in the notice'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'order_by_a_named_buyer';
        END IF;
        IF lot.ordered_cents + NEW.amount_cents > lot.ceiling_cents THEN
            RAISE EXCEPTION 'no order beyond the maximum of a framework agreement'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'order_below_the_ceiling';
        END IF;
        UPDATE subscriptions_frameworklot SET ordered_cents = ordered_cents + NEW.amount_cents
        WHERE id = lot.id;
        RETURN NEW;
    END IF;
    SELECT amount_cents INTO threshold FROM subscriptions_threshold
    WHERE code = 'direct' AND in_force_from <= NEW.placed_on ORDER BY in_force_from DESC LIMIT 1;
    INSERT INTO subscriptions_directneed AS need (tenant_id, family, total_cents)
    VALUES (NEW.tenant_id, NEW.family, NEW.amount_cents)
    ON CONFLICT (tenant_id, family) DO UPDATE SET total_cents = need.total_cents + excluded.total_cents
    RETURNING total_cents INTO total;
    IF threshold IS NULL OR total >= threshold THEN
        RAISE EXCEPTION 'no direct purchase from the threshold on'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_under_the_threshold';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER order_within_bounds AFTER INSERT ON subscriptions_order
    FOR EACH ROW EXECUTE FUNCTION subscriptions_order_within_bounds();

CREATE FUNCTION subscriptions_counted_by_orders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: only orders move this total', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'counted_by_orders';
END $$;
CREATE TRIGGER lot_counted_by_orders BEFORE UPDATE OF ordered_cents ON subscriptions_frameworklot
    FOR EACH ROW WHEN (pg_trigger_depth() = 0 AND OLD.ordered_cents <> NEW.ordered_cents)
    EXECUTE FUNCTION subscriptions_counted_by_orders();
CREATE TRIGGER need_counted_by_orders BEFORE UPDATE OF total_cents ON subscriptions_directneed
    FOR EACH ROW WHEN (pg_trigger_depth() = 0 AND OLD.total_cents <> NEW.total_cents)
    EXECUTE FUNCTION subscriptions_counted_by_orders();

CREATE FUNCTION subscriptions_buyers_as_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    published date;
BEGIN
    SELECT published_on INTO published FROM subscriptions_frameworklot
    WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.lot_id ELSE NEW.lot_id END FOR KEY SHARE;
    IF published IS NOT NULL THEN
        RAISE EXCEPTION 'the buyers of a published lot are those of its notice'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'eligible_buyers_as_published';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER buyers_as_published BEFORE INSERT OR UPDATE OR DELETE ON subscriptions_eligiblebuyer
    FOR EACH ROW EXECUTE FUNCTION subscriptions_buyers_as_published();
"""

UNDO = """
DROP TRIGGER buyers_as_published ON subscriptions_eligiblebuyer;
DROP FUNCTION subscriptions_buyers_as_published();
DROP TRIGGER need_counted_by_orders ON subscriptions_directneed;
DROP TRIGGER lot_counted_by_orders ON subscriptions_frameworklot;
DROP FUNCTION subscriptions_counted_by_orders();
DROP TRIGGER order_within_bounds ON subscriptions_order;
DROP FUNCTION subscriptions_order_within_bounds();
ALTER TABLE subscriptions_frameworklot DROP CONSTRAINT framework_lot_lasts_four_years;
"""


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0005_group_purchasing")]

    operations = [
        EnableRowSecurity("subscriptions_directneed"),
        EnableRowSecurity("subscriptions_order"),
        AppendOnly("subscriptions_order"),
        migrations.RunSQL(sql=FOUR_YEARS + ";" + WITHIN_BOUNDS, reverse_sql=UNDO),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
