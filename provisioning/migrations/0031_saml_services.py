"""Services that people enter through Halle by SAML 2.0."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0030_keycloak_sync'),
    ]

    operations = [
        migrations.AddField(
            model_name='signin',
            name='protocol',
            field=models.CharField(choices=[('openid', 'OpenID Connect'), ('saml', 'SAML 2.0')], default='openid', max_length=6),
        ),
        migrations.AddField(
            model_name='signin',
            name='entity_id',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='signin',
            name='certificate',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='binding',
            name='by_saml',
            field=models.BooleanField(default=False),
        ),
        migrations.AddConstraint(
            model_name='signin',
            constraint=models.UniqueConstraint(condition=Q(('entity_id', ''), _negated=True), fields=('entity_id',), name='sign_in_one_entity_id'),
        ),
        migrations.AddConstraint(
            model_name='signin',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(models.Q(('entity_id', ''), _negated=True), ('protocol', 'saml')), models.Q(('certificate', ''), ('entity_id', ''), ('protocol', 'openid')), _connector='OR'), name='sign_in_saml_has_an_entity_id'),
        ),
        migrations.AddConstraint(
            model_name='binding',
            constraint=models.CheckConstraint(condition=models.Q(('by_saml', False), models.Q(('kind', 'client'), ('sealed', '')), _connector='OR'), name='binding_by_saml_holds_no_secret'),
        ),
    ]
