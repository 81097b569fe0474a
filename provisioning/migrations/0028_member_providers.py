"""Members' own identity providers, their states and their domains."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0027_entitlement_lists'),
        ('tenants', '0010_operator_shows_applications'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MemberProvider',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('oidc', 'OpenID Connect'), ('saml', 'SAML 2.0')], max_length=4)),
                ('name', models.CharField(max_length=100)),
                ('typed', models.JSONField(default=dict)),
                ('sealed', models.TextField(blank=True)),
                ('described', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('draft', 'à essayer'), ('trying', 'essai en cours'), ('failed', 'essai échoué'), ('tried', 'essai réussi'), ('starting', 'mise en service en cours'), ('on', 'en service'), ('stopping', 'arrêt en cours'), ('retired', 'retiré')], default='draft', max_length=8)),
                ('created_at', models.DateTimeField()),
                ('asked_at', models.DateTimeField(null=True)),
                ('tried_at', models.DateTimeField(null=True)),
                ('to_apply_since', models.DateTimeField(null=True)),
                ('apply_after', models.DateTimeField(null=True)),
                ('applied_at', models.DateTimeField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('problem', models.CharField(blank=True, max_length=500)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'fournisseur d’identité d’un adhérent',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='MemberDomain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('domain', models.CharField(max_length=253)),
                ('token', models.CharField(max_length=64)),
                ('added_at', models.DateTimeField()),
                ('proven_at', models.DateTimeField(null=True)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('missing_since', models.DateTimeField(null=True)),
                ('checked_at', models.DateTimeField(null=True)),
                ('asked_at', models.DateTimeField(null=True)),
                ('lost_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, max_length=300)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='domains', to='provisioning.memberprovider')),
            ],
            options={
                'verbose_name': 'domaine d’un fournisseur d’identité',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='MemberProviderMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', models.CharField(choices=[('draft', 'à essayer'), ('trying', 'essai en cours'), ('failed', 'essai échoué'), ('tried', 'essai réussi'), ('starting', 'mise en service en cours'), ('on', 'en service'), ('stopping', 'arrêt en cours'), ('retired', 'retiré')], max_length=8)),
                ('after', models.CharField(choices=[('draft', 'à essayer'), ('trying', 'essai en cours'), ('failed', 'essai échoué'), ('tried', 'essai réussi'), ('starting', 'mise en service en cours'), ('on', 'en service'), ('stopping', 'arrêt en cours'), ('retired', 'retiré')], max_length=8)),
                ('at', models.DateTimeField()),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='moves', to='provisioning.memberprovider')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'changement d’état d’un fournisseur d’identité',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddIndex(
            model_name='memberprovider',
            index=models.Index(condition=models.Q(('to_apply_since__isnull', False)), fields=['to_apply_since'], name='member_provider_to_apply'),
        ),
        migrations.AddConstraint(
            model_name='memberprovider',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'retired'), _negated=True), fields=('tenant',), name='member_provider_one_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='memberprovider',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('asked_at__isnull', False), ('state', 'trying')), models.Q(models.Q(('state', 'trying'), _negated=True), ('asked_at__isnull', True)), _connector='OR'), name='member_provider_trying_since'),
        ),
        migrations.AddConstraint(
            model_name='memberprovider',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['starting', 'stopping']), _negated=True), ('to_apply_since__isnull', False), _connector='OR'), name='member_provider_moving_is_to_apply'),
        ),
        migrations.AddConstraint(
            model_name='memberdomain',
            constraint=models.UniqueConstraint(fields=('provider', 'domain'), name='member_domain_once'),
        ),
        migrations.AddConstraint(
            model_name='memberdomain',
            constraint=models.UniqueConstraint(condition=models.Q(('proven_at__isnull', False)), fields=('domain',), name='member_domain_of_one_organisation'),
        ),
        migrations.AddConstraint(
            model_name='memberdomain',
            constraint=models.CheckConstraint(condition=models.Q(('proven_at__isnull', True), models.Q(('confirmed_at__isnull', False), ('lost_at__isnull', True)), _connector='OR'), name='member_domain_proven_was_seen'),
        ),
        EnableRowSecurity("provisioning_memberprovider"),
        EnableRowSecurity("provisioning_memberdomain"),
        EnableRowSecurity("provisioning_memberprovidermove"),
        AppendOnly("provisioning_memberprovidermove"),
    ]
