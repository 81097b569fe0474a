"""The socle of fundamental services, and an operator's letters to those of its members that lack a service."""

import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from datetime import date
from django.conf import settings
from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity


SOURCE = "Suite territoriale de l’ANCT, page d’accueil (dépôt public st-home)"
# (code, title, explanation, families of the catalogue that answer it)
SOCLE = [
    (
        "site",
        "Nom de domaine et site internet",
        "Un nom de domaine à votre nom, et un site en HTTPS déclaré sur Service-Public.",
        ["website"],
    ),
    (
        "messagerie",
        "Messagerie professionnelle",
        "Des adresses à votre nom de domaine, à la place d’une boîte générique.",
        ["email"],
    ),
    (
        "fichiers",
        "Stockage de fichiers",
        "Un espace où ranger et partager les documents de la collectivité.",
        [],
    ),
]


def fill(apps, schema_editor):
    Fundamental = apps.get_model("subscriptions", "Fundamental")
    for position, (code, title, text, families) in enumerate(SOCLE):
        Fundamental.objects.create(
            code=code, title=title, text=text, families=families, position=position,
            in_force_from=date(2026, 1, 1), source=SOURCE,
        )  # fmt: skip


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0013_withdrawn_off_shelves'),
        ('subscriptions', '0007_group_populations'),
        ('tenants', '0007_register_statistics'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Fundamental',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=20)),
                ('title', models.CharField(max_length=80, verbose_name='intitulé')),
                ('text', models.CharField(max_length=300, verbose_name='explication')),
                ('families', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None)),
                ('position', models.PositiveSmallIntegerField()),
                ('in_force_from', models.DateField()),
                ('source', models.CharField(max_length=200)),
            ],
            options={
                'verbose_name': 'service du socle',
                'constraints': [models.UniqueConstraint(fields=('code', 'in_force_from'), name='fundamental_once_a_day')],
            },
        ),
        migrations.CreateModel(
            name='CoverageCampaign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('request_key', models.UUIDField(default=uuid.uuid4)),
                ('stratum', models.CharField(blank=True, max_length=20, verbose_name='strate')),
                ('message', models.TextField(blank=True, max_length=1000, verbose_name='message')),
                ('people', models.PositiveIntegerField(verbose_name='personnes')),
                ('asked_at', models.DateTimeField()),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('listing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.listing')),
                ('operator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.operator')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'courrier aux adhérents sans le service',
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('tenant', 'request_key'), name='coverage_campaign_once'), models.CheckConstraint(condition=models.Q(('people__gt', 0)), name='coverage_campaign_writes_to_somebody')],
            },
        ),
        EnableRowSecurity("subscriptions_coveragecampaign"),
        AppendOnly("subscriptions_coveragecampaign"),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
