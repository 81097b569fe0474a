"""What stood on the shelves before revisions and drafts of grids: approved as it is, published as it is."""

import json

from django.core.serializers.json import DjangoJSONEncoder
from django.db import migrations
from django.utils import timezone


def approve(apps, schema_editor):
    """A revision of every sheet that stands on a shelf, and its approval there."""
    Sheet, Listing = apps.get_model("catalog", "ServiceSheet"), apps.get_model("catalog", "Listing")
    Revision = apps.get_model("wagtailcore", "Revision")
    ContentType = apps.get_model("contenttypes", "ContentType")
    apps.get_model("catalog", "PriceGrid").objects.update(state="published")
    on_shelves = Listing.objects.filter(state__in=["listed", "suspended"])
    sheets = Sheet.objects.filter(product__in=on_shelves.values("offer__product")).order_by("pk")
    if not sheets.exists():
        return
    kind, _ = ContentType.objects.get_or_create(app_label="catalog", model="servicesheet")
    now = timezone.now()
    for sheet in sheets.iterator():
        content = {"pk": sheet.pk}
        for field in sheet._meta.concrete_fields:
            content[field.name] = field.value_from_object(sheet)
        revision = Revision.objects.create(
            content_type=kind,
            base_content_type=kind,
            object_id=str(sheet.pk),
            object_str=sheet.name,
            created_at=now,
            content=json.loads(json.dumps(content, cls=DjangoJSONEncoder)),
        )
        Sheet.objects.filter(pk=sheet.pk).update(
            latest_revision=revision, live_revision=revision, first_published_at=now, last_published_at=now
        )
        on_shelves.filter(offer__product=sheet.product_id).update(
            approved_revision=revision, approved_at=now
        )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_catalogue_in_full")]
    operations = [migrations.RunPython(approve, migrations.RunPython.noop, elidable=True)]
