"""Who pays for a subscription beside its subscriber; the database keeps all their shares within the whole."""

import django.contrib.postgres.constraints
import django.db.models.deletion
import subscriptions.models.payer
import tenants.models.ranges
import uuid
from django.conf import settings
from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity

# Parts are fractions of different wholes (a rate, inhabitants): they are added exactly, never rounded.
WITHIN_THE_WHOLE = """
CREATE FUNCTION subscriptions_payers_within_the_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paid subscriptions_subscription;
    day date;
    one record;
    part numeric;
    whole numeric;
    common numeric;
    cents numeric;
BEGIN
    -- Two proposals at once are judged one after the other.
    SELECT * INTO paid FROM subscriptions_subscription WHERE id = NEW.subscription_id FOR NO KEY UPDATE;
    IF paid.tenant_id IS DISTINCT FROM NEW.tenant_id THEN
        RAISE EXCEPTION 'a share belongs to the subscriber'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payer_share_of_its_subscriber';
    END IF;
    FOR day IN
        SELECT DISTINCT greatest(share.starts, NEW.starts) FROM subscriptions_payershare AS share
        WHERE share.subscription_id = paid.id AND share.state IN ('proposed', 'agreed', 'ended')
        AND daterange(share.starts, share.ends) && daterange(NEW.starts, NEW.ends)
    LOOP
        part := 0; whole := 1; cents := 0;
        FOR one IN
            SELECT share.part, share.whole, share.yearly_cents FROM subscriptions_payershare AS share
            WHERE share.subscription_id = paid.id AND share.state IN ('proposed', 'agreed', 'ended')
            AND share.starts <= day AND (share.ends IS NULL OR share.ends > day)
        LOOP
            IF one.yearly_cents IS NOT NULL THEN
                cents := cents + one.yearly_cents;
            ELSE
                part := part * one.whole + one.part * whole;
                whole := whole * one.whole;
                common := gcd(part, whole);
                part := div(part, common);
                whole := div(whole, common);
            END IF;
        END LOOP;
        IF part > whole OR (cents > 0 AND cents * whole > paid.yearly_cents * (whole - part)) THEN
            RAISE EXCEPTION 'all shares of a day are within the whole'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payer_shares_within_the_whole';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER payers_within_the_whole AFTER INSERT OR UPDATE OF starts, ends, part, whole, yearly_cents
    ON subscriptions_payershare FOR EACH ROW WHEN (NEW.state IN ('proposed', 'agreed', 'ended'))
    EXECUTE FUNCTION subscriptions_payers_within_the_whole();
"""

UNDO = """
DROP TRIGGER payers_within_the_whole ON subscriptions_payershare;
DROP FUNCTION subscriptions_payers_within_the_whole();
"""

# What was proposed is what is agreed: only its state, its end and the payer's own references move.
SETTLED = (
    "tenant_id", "public_id", "subscription_id", "payer_id", "kind", "part", "whole", "yearly_cents", "starts",
    "key_id", "reference_on", "basis", "convention_number", "convention_date", "convention_file",
    "proposed_by_id", "proposed_at",
)  # fmt: skip
SAME = " AND ".join(
    [
        "TG_OP = 'UPDATE'",
        "(OLD.ends IS NULL OR NEW.ends <= OLD.ends)",
        *(f"NEW.{name} IS NOT DISTINCT FROM OLD.{name}" for name in SETTLED),
    ]
)


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0022_reminders_and_delays'),
        ('tenants', '0007_register_statistics'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CostKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('method', models.CharField(choices=[('inhabitants', 'au nombre d’habitants'), ('equal', 'à parts égales'), ('fixed', 'par pourcentages convenus')], max_length=11, verbose_name='clé')),
                ('population_kind', models.CharField(blank=True, choices=[('municipale', 'population municipale'), ('totale', 'population totale'), ('dgf', 'population DGF')], max_length=12, verbose_name='population')),
                ('kept', models.PositiveSmallIntegerField(default=0)),
                ('made_at', models.DateTimeField()),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cost_keys', to='subscriptions.subscription')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'clé de répartition',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='PayerShare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('kind', models.CharField(choices=[('cost_key', 'clé de répartition'), ('sponsorship', 'prise en charge'), ('cofinancing', 'cofinancement')], max_length=11, verbose_name='nature')),
                ('part', models.PositiveBigIntegerField(null=True)),
                ('whole', models.PositiveBigIntegerField(null=True)),
                ('yearly_cents', models.PositiveBigIntegerField(null=True)),
                ('starts', models.DateField(verbose_name='à partir du')),
                ('ends', models.DateField(null=True)),
                ('reference_on', models.DateField(null=True)),
                ('basis', models.CharField(blank=True, max_length=200)),
                ('convention_number', models.CharField(max_length=60, verbose_name='référence de la convention')),
                ('convention_date', models.DateField(verbose_name='date de la convention')),
                ('convention_file', models.FileField(max_length=200, upload_to=subscriptions.models.payer.convention_path, verbose_name='convention signée')),
                ('state', models.CharField(choices=[('proposed', 'proposée'), ('agreed', 'acceptée'), ('refused', 'refusée'), ('withdrawn', 'retirée'), ('ended', 'arrêtée')], default='proposed', max_length=9)),
                ('proposed_at', models.DateTimeField()),
                ('answered_at', models.DateTimeField(null=True)),
                ('commitment_number', models.CharField(blank=True, max_length=50, verbose_name='numéro d’engagement')),
                ('service_code', models.CharField(blank=True, max_length=100, verbose_name='code service')),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('key', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='shares', to='subscriptions.costkey')),
                ('payer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation')),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='payer_shares', to='subscriptions.subscription')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'part d’un payeur',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='PayerAccess',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subscriber', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
                ('share', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='payer_access', to='subscriptions.payershare')),
            ],
            options={
                'verbose_name': 'accès du payeur',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='PayerShareMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', models.CharField(blank=True, choices=[('proposed', 'proposée'), ('agreed', 'acceptée'), ('refused', 'refusée'), ('withdrawn', 'retirée'), ('ended', 'arrêtée')], max_length=9)),
                ('after', models.CharField(choices=[('proposed', 'proposée'), ('agreed', 'acceptée'), ('refused', 'refusée'), ('withdrawn', 'retirée'), ('ended', 'arrêtée')], max_length=9)),
                ('side', models.CharField(choices=[('member', 'l’abonné'), ('operator', 'l’opérateur'), ('payer', 'le payeur')], max_length=8, verbose_name='de')),
                ('at', models.DateTimeField()),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('share', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='subscriptions.payershare')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation')),
            ],
            options={
                'verbose_name': 'décision sur une part',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddConstraint(
            model_name='costkey',
            constraint=models.CheckConstraint(condition=models.Q(('kept__lt', 10000)), name='cost_key_shares_something_out'),
        ),
        migrations.AddConstraint(
            model_name='costkey',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('method', 'inhabitants'), models.Q(('population_kind', ''), _negated=True)), models.Q(models.Q(('method', 'inhabitants'), _negated=True), ('population_kind', '')), _connector='OR'), name='cost_key_counts_a_population'),
        ),
        migrations.AddIndex(
            model_name='payershare',
            index=models.Index(fields=['subscription', 'starts'], name='payer_share_subscription'),
        ),
        migrations.AddConstraint(
            model_name='payershare',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('part__gt', 0), ('part__isnull', False), ('part__lte', models.F('whole')), ('whole__isnull', False), ('yearly_cents__isnull', True)), models.Q(('part__isnull', True), ('whole__isnull', True), ('yearly_cents__gt', 0), ('yearly_cents__isnull', False)), _connector='OR'), name='payer_share_is_a_part_or_an_amount'),
        ),
        migrations.AddConstraint(
            model_name='payershare',
            constraint=models.CheckConstraint(condition=models.Q(('payer', models.F('tenant')), _negated=True), name='payer_share_is_of_another'),
        ),
        migrations.AddConstraint(
            model_name='payershare',
            constraint=models.CheckConstraint(condition=models.Q(('starts__day', 1), models.Q(('ends__isnull', True), models.Q(('ends__day', 1), ('ends__gte', models.F('starts'))), _connector='OR')), name='payer_share_of_whole_months'),
        ),
        migrations.AddConstraint(
            model_name='payershare',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'ended'), ('ends__isnull', True), ('ends__gt', models.F('starts')), _connector='OR'), name='payer_share_lasts'),
        ),
        migrations.AddConstraint(
            model_name='payershare',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'ended'), _negated=True), ('ends__isnull', False), _connector='OR'), name='payer_share_ended_on_a_day'),
        ),
        migrations.AddConstraint(
            model_name='payershare',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('convention_number', ''), _negated=True), models.Q(('convention_file', ''), _negated=True)), name='payer_share_rests_on_a_convention'),
        ),
        migrations.AddConstraint(
            model_name='payershare',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('key__isnull', False), ('kind', 'cost_key')), models.Q(models.Q(('kind', 'cost_key'), _negated=True), ('key__isnull', True)), _connector='OR'), name='payer_share_of_a_key_has_it'),
        ),
        migrations.AddConstraint(
            model_name='payershare',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answered_by__isnull', True), ('state__in', ['proposed', 'withdrawn'])), models.Q(('answered_at__isnull', False), ('answered_by__isnull', False), ('state__in', ['agreed', 'refused', 'ended'])), _connector='OR'), name='payer_share_answered_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='payershare',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('state__in', ['proposed', 'agreed', 'ended'])), expressions=[('subscription', '='), ('payer', '='), (tenants.models.ranges.DateRange('starts', 'ends', models.Value('[)')), '&&')], name='payer_share_one_at_a_time'),
        ),
        EnableRowSecurity("subscriptions_costkey"),
        EnableRowSecurity("subscriptions_payershare"),
        EnableRowSecurity("subscriptions_payersharemove"),
        EnableRowSecurity("subscriptions_payeraccess"),
        AppendOnly("subscriptions_costkey"),
        AppendOnly("subscriptions_payershare", unless=SAME),
        AppendOnly("subscriptions_payersharemove"),
        AppendOnly("subscriptions_payeraccess"),
        migrations.RunSQL(sql=WITHIN_THE_WHOLE, reverse_sql=UNDO),
    ]
