"""Requests to join an organisation, and the domains by which they are made."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

from tenants.rls import EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0010_operator_shows_applications'),
    ]

    operations = [
        migrations.CreateModel(
            name='KnownDomain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(max_length=253, unique=True, verbose_name='domaine')),
                ('since', models.DateTimeField(verbose_name='prouvé depuis le')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.organisation')),
            ],
            options={
                'verbose_name': 'domaine connu',
            },
        ),
        migrations.CreateModel(
            name='JoinRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('source', models.CharField(choices=[('domain', 'le domaine de son courriel'), ('siret', 'le SIRET que donne son fournisseur d’identité')], max_length=10)),
                ('domain', models.CharField(blank=True, max_length=253)),
                ('asked_at', models.DateTimeField(verbose_name='demandé le')),
                ('settled_at', models.DateTimeField(null=True, verbose_name='répondu le')),
                ('outcome', models.CharField(blank=True, choices=[('approved', 'acceptée'), ('refused', 'refusée'), ('moot', 'sans objet : un rôle est venu autrement')], max_length=10)),
                ('role', models.CharField(blank=True, choices=[('agent', 'agent'), ('secretary', 'secrétaire'), ('signatory', 'signataire (maire ou président)'), ('finance', 'finances'), ('org_admin', 'administrateur de la collectivité'), ('vendor_editor', 'rédacteur de l’éditeur'), ('vendor_admin', 'administrateur de l’éditeur'), ('curator', 'responsable du catalogue'), ('operator_finance', 'finances de l’opérateur'), ('operator_admin', 'administrateur de l’opérateur'), ('auditor', 'auditeur (lit tout, ne change rien)')], max_length=20)),
                ('refused_because', models.CharField(blank=True, choices=[('unknown', 'vous n’y êtes pas connu'), ('left', 'vous n’y travaillez plus'), ('no_need', 'votre travail ne demande pas d’accès à Halle'), ('other', 'voyez-le directement avec votre organisation')], max_length=10)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('settled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'demande d’entrée',
                'abstract': False,
                'base_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(condition=models.Q(('settled_at__isnull', True)), fields=('tenant', 'person'), name='join_request_one_open_per_person'), models.CheckConstraint(condition=models.Q(models.Q(('source', 'domain'), models.Q(('domain', ''), _negated=True)), models.Q(('domain', ''), ('source', 'siret')), _connector='OR'), name='join_request_named_by_its_source'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', ''), ('settled_at__isnull', True), ('settled_by__isnull', True)), models.Q(('outcome', 'moot'), ('settled_at__isnull', False), ('settled_by__isnull', True)), models.Q(('outcome__in', ['approved', 'refused']), ('settled_at__isnull', False), ('settled_by__isnull', False)), _connector='OR'), name='join_request_settled_by_somebody'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'approved'), models.Q(('role', ''), _negated=True)), models.Q(models.Q(('outcome', 'approved'), _negated=True), ('role', '')), _connector='OR'), name='join_request_approved_with_a_role'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'refused'), models.Q(('refused_because', ''), _negated=True)), models.Q(models.Q(('outcome', 'refused'), _negated=True), ('refused_because', '')), _connector='OR'), name='join_request_refused_for_a_reason')],
            },
        ),
        EnableRowSecurity("tenants_joinrequest"),
    ]
