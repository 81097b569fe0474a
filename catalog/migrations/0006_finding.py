"""How the catalogue is found: French words without their accents, and rows that say when they were written."""

from django.db import migrations, models

WORDS = [
    "CREATE TEXT SEARCH CONFIGURATION public.halle_french (COPY = pg_catalog.french)",
    "ALTER TEXT SEARCH CONFIGURATION public.halle_french "
    "ALTER MAPPING FOR word, hword, hword_part WITH public.unaccent, pg_catalog.french_stem",
]
NO_WORDS = ["DROP TEXT SEARCH CONFIGURATION public.halle_french"]

# `version` tells two writings of a row apart. `written_in` tells which rows a reader has not seen: all that was
# written by transactions older than the oldest one still open is visible to everybody (catalog.finding.shelves).
VERSION = [
    "CREATE SEQUENCE public.catalog_shelf_version",
    """
    CREATE FUNCTION catalog_shelfentry_written() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.version := nextval('public.catalog_shelf_version');
        NEW.written_in := pg_current_xact_id()::text::bigint;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER catalog_shelfentry_written BEFORE INSERT OR UPDATE ON catalog_shelfentry "
    "FOR EACH ROW EXECUTE FUNCTION catalog_shelfentry_written()",
    # A grid is no column of the entry, but a copy of the shelf in memory holds its prices.
    """
    CREATE FUNCTION catalog_pricegrid_on_shelf() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE catalog_shelfentry SET version = 0 WHERE listing_id = NEW.listing_id;
        RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER catalog_pricegrid_on_shelf AFTER INSERT OR UPDATE ON catalog_pricegrid "
    "FOR EACH ROW WHEN (NEW.state = 'published') EXECUTE FUNCTION catalog_pricegrid_on_shelf()",
]
NO_VERSION = [
    "DROP TRIGGER catalog_pricegrid_on_shelf ON catalog_pricegrid",
    "DROP FUNCTION catalog_pricegrid_on_shelf()",
    "DROP TRIGGER catalog_shelfentry_written ON catalog_shelfentry",
    "DROP FUNCTION catalog_shelfentry_written()",
    "DROP SEQUENCE public.catalog_shelf_version",
]


class Migration(migrations.Migration):
    dependencies = [("catalog", "0005_fences")]

    operations = [
        migrations.RunSQL(WORDS, NO_WORDS),
        migrations.AddField("shelfentry", "written_in", models.BigIntegerField(default=0), preserve_default=False),
        migrations.AlterField("shelfentry", "version", models.BigIntegerField(default=0)),
        migrations.AlterField("shelfentry", "written_in", models.BigIntegerField(default=0)),
        migrations.AddIndex(
            "shelfentry", models.Index(fields=["operator", "written_in"], name="shelf_entry_written")
        ),
        migrations.RunSQL(VERSION, NO_VERSION),
    ]
