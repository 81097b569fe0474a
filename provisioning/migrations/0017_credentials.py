"""Credentials, sealed; steps that wait for one another; a name for each call."""

import datetime
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from tenants.rls import EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0016_errands'),
        ('subscriptions', '0032_envelope_listing'),
        ('tenants', '0008_seat_moves'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='call',
            name='identity',
            field=models.UUIDField(editable=False, null=True),
        ),
        # Calls of before have no name: a default would give them all the same.
        migrations.AlterField(
            model_name='call',
            name='identity',
            field=models.UUIDField(default=uuid.uuid4, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='step',
            name='pause',
            field=models.DurationField(default=datetime.timedelta(0)),
        ),
        migrations.AlterField(
            model_name='run',
            name='event',
            field=models.CharField(choices=[('activate', 'ouverture'), ('change', 'modification'), ('suspend', 'suspension'), ('resume', 'réouverture'), ('close', 'fermeture'), ('undo', 'effacement'), ('rotate', 'renouvellement des identifiants')], max_length=20),
        ),
        migrations.AlterField(
            model_name='step',
            name='state',
            field=models.CharField(choices=[('later', 'après l’étape d’avant'), ('pending', 'à faire'), ('running', 'en cours'), ('waiting', 'en attente de l’éditeur'), ('done', 'fait'), ('needs_person', 'demande une personne'), ('moot', 'sans objet')], default='pending', max_length=14),
        ),
        migrations.CreateModel(
            name='Binding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('bound_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(null=True)),
                ('sealed', models.TextField(blank=True)),
                ('shown_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='ends', to='provisioning.step')),
                ('made_by', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='binding', to='provisioning.step')),
                ('replaces', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='provisioning.binding')),
                ('shown_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bindings', to='subscriptions.subscription')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('shown_at__isnull', True), ('shown_by__isnull', True)), models.Q(('shown_at__isnull', False), ('shown_by__isnull', False)), _connector='OR'), name='binding_shown_to_somebody'), models.CheckConstraint(condition=models.Q(('sealed', ''), models.Q(('bound_at__isnull', False), ('ended_at__isnull', True), ('shown_at__isnull', True)), _connector='OR'), name='binding_holds_nothing_once_shown')],
            },
        ),
        EnableRowSecurity("provisioning_binding"),
    ]
