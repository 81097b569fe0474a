from django.db import migrations


def forget_welcome_page(apps, schema_editor):
    """Wagtail makes a page of its own, in English, for sites that begin with it: nobody would ever see it."""
    Page, Site = apps.get_model("wagtailcore", "Page"), apps.get_model("wagtailcore", "Site")
    welcome = Page.objects.filter(depth=2, slug="home", numchild=0, content_type__model="page")
    Site.objects.filter(root_page__in=welcome).delete()
    welcome.delete()
    Page.objects.filter(depth=1).update(numchild=Page.objects.filter(depth=2).count())


class Migration(migrations.Migration):
    dependencies = [("pages", "0002_initial")]

    operations = [
        migrations.RunPython(forget_welcome_page, migrations.RunPython.noop, elidable=True),
    ]
