"""What the public API and the open data read: all shelves together, and whether anything is new."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0009_grids_withdrawn")]

    operations = [
        migrations.AddIndex(
            model_name="shelfentry",
            index=models.Index(
                condition=models.Q(("listed", True)), fields=["slug"], name="shelf_entry_listed_slug"
            ),
        ),
        migrations.AddIndex(
            model_name="shelfentry", index=models.Index(fields=["version"], name="shelf_entry_version")
        ),
    ]
