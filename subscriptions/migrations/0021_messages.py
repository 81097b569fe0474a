"""Messages and files on a request, which nobody changes afterwards."""

import django.db.models.deletion
import subscriptions.models.message
import uuid
from django.conf import settings
from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0020_covers'),
        ('tenants', '0007_register_statistics'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('party', models.CharField(choices=[('member', 'l’adhérent'), ('operator', 'l’opérateur'), ('vendor', 'l’éditeur')], max_length=8, verbose_name='de')),
                ('at', models.DateTimeField()),
                ('text', models.CharField(blank=True, max_length=2000, verbose_name='message')),
                ('file', models.FileField(blank=True, max_length=200, upload_to=subscriptions.models.message.message_path, verbose_name='fichier')),
                ('file_name', models.CharField(blank=True, max_length=120)),
                ('media_type', models.CharField(blank=True, max_length=60)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='subscriptions.subscription')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'message',
                'abstract': False,
                'base_manager_name': 'objects',
                'indexes': [models.Index(fields=['subscription', 'at'], name='message_by_subscription')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('text', ''), _negated=True), models.Q(('file', ''), _negated=True), _connector='OR'), name='message_says_something'), models.CheckConstraint(condition=models.Q(models.Q(('file', ''), ('file_name', ''), ('media_type', '')), models.Q(models.Q(('file', ''), _negated=True), models.Q(('file_name', ''), _negated=True), models.Q(('media_type', ''), _negated=True)), _connector='OR'), name='message_file_has_a_name_and_a_type')],
            },
        ),
        EnableRowSecurity("subscriptions_message"),
        AppendOnly("subscriptions_message"),
    ]
