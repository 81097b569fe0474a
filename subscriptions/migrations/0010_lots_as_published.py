"""A published lot is what its notice says: its terms, holders, listings and buyers no longer change; the total
ordered moves with its orders."""

from django.db import migrations

PARTS = {
    "subscriptions_eligiblebuyer": "lot_id",
    "subscriptions_lotholder": "lot_id",
    "subscriptions_frameworklot_listings": "frameworklot_id",
}

AS_PUBLISHED = """
DROP TRIGGER buyers_as_published ON subscriptions_eligiblebuyer;
DROP FUNCTION subscriptions_buyers_as_published();

CREATE FUNCTION subscriptions_lot_as_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) - 'ordered_cents' = to_jsonb(OLD) - 'ordered_cents' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a published lot is what its notice says'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'framework_lot_as_published';
END $$;
CREATE TRIGGER lot_as_published BEFORE UPDATE OR DELETE ON subscriptions_frameworklot
    FOR EACH ROW WHEN (OLD.published_on IS NOT NULL) EXECUTE FUNCTION subscriptions_lot_as_published();

CREATE FUNCTION subscriptions_parts_as_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    part jsonb := to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END);
BEGIN
    -- Locked, so that nobody is added while the notice is being published.
    PERFORM FROM subscriptions_frameworklot
    WHERE id = (part ->> TG_ARGV[0])::bigint AND published_on IS NOT NULL FOR KEY SHARE;
    IF FOUND THEN
        RAISE EXCEPTION 'what a published lot holds is what its notice says'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'framework_lot_parts_as_published';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
""" + "".join(
    f"""
CREATE TRIGGER part_as_published BEFORE INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION subscriptions_parts_as_published('{column}');
"""
    for table, column in PARTS.items()
)

UNDO = (
    "".join(f"DROP TRIGGER part_as_published ON {table};\n" for table in PARTS)
    + """
DROP FUNCTION subscriptions_parts_as_published();
DROP TRIGGER lot_as_published ON subscriptions_frameworklot;
DROP FUNCTION subscriptions_lot_as_published();
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
)


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0009_coverage")]

    operations = [migrations.RunSQL(sql=AS_PUBLISHED, reverse_sql=UNDO)]
