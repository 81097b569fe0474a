"""A run may tell the vendor what an amendment changes; several may be on their way."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0004_closing'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='run',
            name='run_one_open_per_event',
        ),
        migrations.AlterField(
            model_name='run',
            name='event',
            field=models.CharField(choices=[('activate', 'ouverture'), ('change', 'modification'), ('close', 'fermeture')], max_length=20),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.UniqueConstraint(condition=models.Q(('finished_at__isnull', True), models.Q(('event', 'change'), _negated=True)), fields=('subscription', 'event'), name='run_one_open_per_event'),
        ),
    ]
