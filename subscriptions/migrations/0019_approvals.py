"""The chain of approvals of a request, kept in order by the database; who took a member’s decision."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tenants.rls import AppendOnly, EnableRowSecurity

# What was asked for before: one approval, the member's; and its vendor may read it. The tables' owner is held
# by row-level security too.
BEFORE = """
ALTER TABLE subscriptions_subscription NO FORCE ROW LEVEL SECURITY;
INSERT INTO subscriptions_approval (tenant_id, subscription_id, position, party, state, reason)
SELECT tenant_id, id, 1, 'member', 'waiting', '' FROM subscriptions_subscription WHERE state = 'requested';
INSERT INTO subscriptions_vendoraccess (tenant_id, subscription_id, subscriber_id)
SELECT vendor.organisation_id, subscription.id, subscription.tenant_id
FROM subscriptions_subscription AS subscription
JOIN catalog_listing AS listing ON listing.id = subscription.listing_id
JOIN partner_stockrecord AS offer ON offer.id = listing.offer_id
JOIN catalog_servicesheet AS sheet ON sheet.product_id = offer.product_id
JOIN catalog_vendor AS vendor ON vendor.id = sheet.vendor_id;
ALTER TABLE subscriptions_subscription FORCE ROW LEVEL SECURITY;
SET CONSTRAINTS ALL IMMEDIATE;
"""

IN_ORDER = """
CREATE FUNCTION subscriptions_approval_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked subscriptions_subscription;
BEGIN
    SELECT * INTO asked FROM subscriptions_subscription WHERE id = NEW.subscription_id FOR NO KEY UPDATE;
    IF asked.state <> 'requested' THEN
        RAISE EXCEPTION 'no approval of what is not requested any more'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_of_a_request';
    END IF;
    IF EXISTS (
        SELECT FROM subscriptions_approval AS earlier
        WHERE earlier.subscription_id = asked.id AND earlier.position < NEW.position AND earlier.state <> 'given'
    ) THEN
        RAISE EXCEPTION 'an approval comes after those before it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_in_order';
    END IF;
    IF NEW.state = 'given' AND asked.separate_approver AND (NEW.by_id = asked.requested_by_id OR EXISTS (
        SELECT FROM subscriptions_approval AS other
        WHERE other.subscription_id = asked.id AND other.id <> NEW.id AND other.by_id = NEW.by_id
    )) THEN
        RAISE EXCEPTION 'another person must approve'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_by_another';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER approval_in_order BEFORE UPDATE ON subscriptions_approval
    FOR EACH ROW EXECUTE FUNCTION subscriptions_approval_in_order();

CREATE FUNCTION subscriptions_approved_by_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM subscriptions_approval WHERE subscription_id = NEW.id) OR EXISTS (
        SELECT FROM subscriptions_approval WHERE subscription_id = NEW.id AND state <> 'given'
    ) THEN
        RAISE EXCEPTION 'approved only once everybody concerned has agreed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'subscription_approved_by_all';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER approved_by_all AFTER UPDATE OF state ON subscriptions_subscription
    FOR EACH ROW WHEN (OLD.state = 'requested' AND NEW.state NOT IN ('requested', 'refused', 'cancelled'))
    EXECUTE FUNCTION subscriptions_approved_by_all();
"""

UNDO = """
DROP TRIGGER approved_by_all ON subscriptions_subscription;
DROP FUNCTION subscriptions_approved_by_all();
DROP TRIGGER approval_in_order ON subscriptions_approval;
DROP FUNCTION subscriptions_approval_in_order();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0018_amendments'),
        ('tenants', '0007_register_statistics'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('party', models.CharField(choices=[('member', 'l’adhérent'), ('operator', 'l’opérateur'), ('vendor', 'l’éditeur')], max_length=8, verbose_name='qui')),
                ('state', models.CharField(choices=[('waiting', 'attendue'), ('given', 'donnée'), ('refused', 'refusée')], default='waiting', max_length=7)),
                ('at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='motif')),
            ],
            options={
                'verbose_name': 'approbation',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='VendorAccess',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
            options={
                'verbose_name': 'accès de l’éditeur',
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddField(
            model_name='decision',
            name='authority',
            field=models.CharField(blank=True, choices=[('council', 'l’assemblée délibérante'), ('mayor_by_delegation', 'le maire, par délégation'), ('president_by_delegation', 'le président, par délégation')], max_length=24, verbose_name='prise par'),
        ),
        migrations.AddField(
            model_name='decision',
            name='transmitted_on',
            field=models.DateField(blank=True, null=True, verbose_name='transmise à la préfecture le'),
        ),
        migrations.AddField(
            model_name='purchasingvehicle',
            name='operator_approves',
            field=models.BooleanField(default=False, verbose_name='l’opérateur approuve'),
        ),
        migrations.AddField(
            model_name='purchasingvehicle',
            name='vendor_approves',
            field=models.BooleanField(default=False, verbose_name='l’éditeur approuve'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(('transmitted_on__isnull', True), ('transmitted_on__gte', models.F('date')), _connector='OR'), name='decision_transmitted_after_it_is_taken'),
        ),
        migrations.AddField(
            model_name='approval',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='approval',
            name='subscription',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='approvals', to='subscriptions.subscription'),
        ),
        migrations.AddField(
            model_name='approval',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation'),
        ),
        migrations.AddField(
            model_name='vendoraccess',
            name='subscriber',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation'),
        ),
        migrations.AddField(
            model_name='vendoraccess',
            name='subscription',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='vendor_access', to='subscriptions.subscription'),
        ),
        migrations.AddField(
            model_name='vendoraccess',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organisation', verbose_name='organisation'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.UniqueConstraint(fields=('subscription', 'position'), name='approval_one_a_position'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.UniqueConstraint(fields=('subscription', 'party'), name='approval_one_a_party'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('at__isnull', True), ('by__isnull', True), ('state', 'waiting')), models.Q(models.Q(('state', 'waiting'), _negated=True), ('at__isnull', False), ('by__isnull', False)), _connector='OR'), name='approval_decided_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'refused'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='approval_refused_for_a_reason'),
        ),
        migrations.RunSQL(sql=BEFORE, reverse_sql=migrations.RunSQL.noop),
        EnableRowSecurity("subscriptions_approval"),
        EnableRowSecurity("subscriptions_vendoraccess"),
        AppendOnly("subscriptions_approval", unless="TG_OP = 'UPDATE' AND OLD.state = 'waiting'"),
        AppendOnly("subscriptions_vendoraccess"),
        migrations.RunSQL(sql=IN_ORDER, reverse_sql=UNDO),
    ]
