"""A copy of the shelf in memory forgets a withdrawn version too."""

from django.db import migrations

DROP = "DROP TRIGGER catalog_pricegrid_on_shelf ON catalog_pricegrid"
CREATE = (
    "CREATE TRIGGER catalog_pricegrid_on_shelf AFTER INSERT OR UPDATE ON catalog_pricegrid "
    "FOR EACH ROW WHEN (NEW.state {}) EXECUTE FUNCTION catalog_pricegrid_on_shelf()"
)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0012_claims_said_for_good")]

    operations = [
        migrations.RunSQL([DROP, CREATE.format("<> 'draft'")], [DROP, CREATE.format("= 'published'")])
    ]
