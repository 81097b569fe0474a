"""What brokers offer, as it was read last, and what no longer fits."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0019_proposals'),
    ]

    operations = [
        migrations.AddField(
            model_name='endpoint',
            name='mismatch',
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name='endpoint',
            name='offered',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.CreateModel(
            name='BrokerCatalogue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=500)),
                ('username', models.CharField(max_length=200)),
                ('etag', models.CharField(blank=True, max_length=200)),
                ('services', models.JSONField(default=list)),
                ('read_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, max_length=500)),
            ],
            options={
                'verbose_name': 'catalogue d’un éditeur',
                'constraints': [models.UniqueConstraint(fields=('url', 'username'), name='broker_catalogue_once')],
            },
        ),
    ]
